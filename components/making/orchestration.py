"""Orchestration: the workflow from upload to title, its handlers, and what starts it."""

from typing import Literal

import pulumi
import pulumi_aws as aws

from components.blocks.lambda_function import LambdaFunction, handler_files
from components.blocks.policies import document, from_account, trust
from components.making.upload_trigger import UploadTrigger
from components.making.workflow import definition
from components.making.workflow_rights import HandlerName, WorkflowArns, handler_rights, workflow_rights


class OrchestrationArgs(WorkflowArns):
    """What the workflow reads, writes and tells."""

    encode: Literal["on_upload", "on_request"]
    log_days: int
    uploads_name: pulumi.Input[str]
    media_name: pulumi.Input[str]
    table_name: pulumi.Input[str]


class Orchestration(pulumi.ComponentResource):
    """The state machine, its handlers, and the trigger."""

    state_machine_arn: pulumi.Output[str]
    dead_letter_name: pulumi.Output[str]
    """Queue of the events that could not start the workflow."""

    def __init__(self, name: str, args: OrchestrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:orchestration:Orchestration", name, {"encode": args["encode"]}, opts)
        child, region, account = pulumi.ResourceOptions(parent=self), args["region"], args["account_id"]
        functions = _handlers(name, args, child)

        log_group = aws.cloudwatch.LogGroup(
            f"{name}-log",
            region=region,
            # Step Functions asks for this prefix: the resource policy for log delivery is shared and limited in size.
            name_prefix="/aws/vendedlogs/states/headend-",
            retention_in_days=args["log_days"],
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=trust(
                "states.amazonaws.com",
                StringEquals=from_account(account),
                ArnLike={"aws:SourceArn": f"arn:aws:states:{region}:{account}:stateMachine:*"},
            ),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=document(workflow_rights(args, [function.function_arn for function in functions.values()])),
            opts=child,
        )
        machine = aws.sfn.StateMachine(
            f"{name}-workflow",
            region=region,
            role_arn=role.arn,
            definition=pulumi.Output.json_dumps(
                definition(
                    {
                        "table": args["table_name"],
                        "topic_arn": args["topic_arn"],
                        "functions": {key: function.function_arn for key, function in functions.items()},
                        "encode": args["encode"],
                    }
                )
            ),
            logging_configuration={
                "level": "ERROR",
                "include_execution_data": True,
                "log_destination": log_group.arn.apply(lambda arn: f"{arn}:*"),
            },
            tracing_configuration={"enabled": True},
            # Step Functions checks on creation that it may deliver logs.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        trigger = UploadTrigger(
            f"{name}-trigger",
            {
                "region": region,
                "account_id": account,
                "uploads_name": args["uploads_name"],
                "state_machine_arn": machine.arn,
            },
            child,
        )

        self.state_machine_arn, self.dead_letter_name = machine.arn, trigger.dead_letter_name
        self.register_outputs({"state_machine_arn": self.state_machine_arn, "dead_letter_name": self.dead_letter_name})


def _handlers(name: str, args: OrchestrationArgs, child: pulumi.ResourceOptions) -> dict[HandlerName, LambdaFunction]:
    """The decisions of the workflow."""
    environment: dict[HandlerName, dict[str, pulumi.Input[str]]] = {
        "plan": {
            "MEDIA_BUCKET": args["media_name"],
            "JOB_ROLE_ARN": args["job_role_arn"],
            "QUEUE_ARN": args["queue_arn"],
        },
        "find_job": {"QUEUE_ARN": args["queue_arn"]},
        "verify": {"MEDIA_BUCKET": args["media_name"]},
    }
    return {
        handler: LambdaFunction(
            f"{name}-{handler.replace('_', '-')}",
            {
                "region": args["region"],
                "handler": handler,
                "files": handler_files(handler),
                "environment": environment.get(handler, {}),
                "statements": statements,
                # A long title has some thousands of segments to list, and a probe reads the source's index: a minute or
                # two at the worst. The rest answers within a second.
                "timeout": 110,
                "memory": 512,
                "log_days": args["log_days"],
            },
            child,
        )
        for handler, statements in handler_rights(args).items()
    }
