"""Orchestration: the workflow from upload to title, its handlers, and its trigger."""

from typing import Literal

import pulumi

from components.making.handlers import HANDLERS, MakingArgs, handler_function
from components.making.state_machine import state_machine
from components.making.upload_trigger import UploadTrigger
from components.making.workflow import definition
from components.making.workflow_rights import workflow_rights


class OrchestrationArgs(MakingArgs):
    """The resources that the workflow reads and writes, and its topic."""

    encode: Literal["on_upload", "on_request"]


class Orchestration(pulumi.ComponentResource):
    """The state machine, its handlers, and the trigger."""

    trigger: UploadTrigger
    state_machine_arn: pulumi.Output[str]
    workflow: str
    """Prefix of the state machine's name."""
    dead_letter_name: pulumi.Output[str]
    """Queue of the events that could not start the workflow."""

    def __init__(self, name: str, args: OrchestrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:orchestration:Orchestration", name, None, opts)
        child, region, account = pulumi.ResourceOptions(parent=self), args["region"], args["account_id"]
        functions = {handler.name: handler_function(name, handler, args, child) for handler in HANDLERS}

        arns = [function.function_arn for function in functions.values()]
        self.workflow = f"{name}-workflow"
        machine = state_machine(
            name,
            {
                "region": region,
                "account_id": account,
                "log_days": args["log_days"],
                "statements": workflow_rights(args, arns, self.workflow),
                "definition": definition(
                    {
                        "table": args["table_name"],
                        "topic_arn": args["topic_arn"],
                        "functions": {key: function.function_arn for key, function in functions.items()},
                        "media": args["media_name"],
                        "queue_arn": args["queue_arn"],
                        "job_role_arn": args["job_role_arn"],
                        "encode": args["encode"],
                    }
                ),
            },
            self,
        )
        self.trigger = trigger = UploadTrigger(
            f"{name}-trigger",
            {
                "region": region,
                "account_id": account,
                "uploads_name": args["uploads_name"],
                "description": "A film was uploaded",
                "details": ["Object Created"],
                # A key that ends in a slash is a folder that a console made.
                "keys": [{"anything-but": {"suffix": "/"}}],
                "state_machine_arn": machine.arn,
            },
            child,
        )

        self.state_machine_arn, self.dead_letter_name = machine.arn, trigger.dead_letter_name
        self.register_outputs({"state_machine_arn": self.state_machine_arn, "dead_letter_name": self.dead_letter_name})
