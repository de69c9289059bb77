"""Orchestration: the workflow from upload to title, its handlers, and what starts it."""

from typing import Literal

import pulumi
import pulumi_aws as aws

from components.blocks.lambda_function import LambdaFunction
from components.blocks.policies import document, from_account, trust
from components.making.handlers import HANDLERS, TIMEOUT_SECONDS, MakingArns
from components.making.upload_trigger import UploadTrigger
from components.making.workflow import definition
from components.making.workflow_rights import workflow_rights


class OrchestrationArgs(MakingArns):
    """What the workflow reads, writes and tells."""

    encode: Literal["on_upload", "on_request"]
    log_days: int
    uploads_name: pulumi.Input[str]
    table_name: pulumi.Input[str]


class Orchestration(pulumi.ComponentResource):
    """The state machine, its handlers, and the trigger."""

    state_machine_arn: pulumi.Output[str]
    dead_letter_name: pulumi.Output[str]
    """Queue of the events that could not start the workflow."""

    def __init__(self, name: str, args: OrchestrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:orchestration:Orchestration", name, None, opts)
        child, region, account = pulumi.ResourceOptions(parent=self), args["region"], args["account_id"]
        machine_name = f"{name}-workflow"
        functions = _functions(name, args, child)

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
            policy=document(
                workflow_rights(args, [function.function_arn for function in functions.values()], machine_name)
            ),
            opts=child,
        )
        machine = aws.sfn.StateMachine(
            machine_name,
            region=region,
            role_arn=role.arn,
            definition=pulumi.Output.json_dumps(
                definition(
                    {
                        "table": args["table_name"],
                        "topic_arn": args["topic_arn"],
                        "functions": {key: function.function_arn for key, function in functions.items()},
                        "media": args["media_name"],
                        "queue_arn": args["queue_arn"],
                        "job_role_arn": args["job_role_arn"],
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


def _functions(name: str, args: OrchestrationArgs, child: pulumi.ResourceOptions) -> dict[str, LambdaFunction]:
    """The decisions of the workflow, by handler."""
    return {
        handler.name: LambdaFunction(
            f"{name}-{handler.name}",
            {
                "region": args["region"],
                "handler": handler.name,
                "environment": handler.environment(args),
                "statements": handler.rights(args),
                "timeout": TIMEOUT_SECONDS,
                "memory": 512,
                "log_days": args["log_days"],
            },
            child,
        )
        for handler in HANDLERS
    }
