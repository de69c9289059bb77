"""Sidecars: when captions or posters beside a film are uploaded or deleted, the title gets a new edition."""

import pulumi

from components.blocks.policies import allow
from components.making.handlers import CAPTIONS, MakingArgs, handler_function
from components.making.sidecar_workflow import definition
from components.making.state_machine import state_machine
from components.making.upload_trigger import UploadTrigger
from lambdas.editions.sidecars import EXTENSIONS


class SidecarsArgs(MakingArgs):
    """The resources that the workflow reads and writes, and its topic."""

    dead_letters: UploadTrigger
    """The trigger of films. Its queue also keeps events that could not start this workflow."""


class Sidecars(pulumi.ComponentResource):
    """A separate state machine, since a caption file needs no encoder, and must not wait for one."""

    state_machine_arn: pulumi.Output[str]

    def __init__(self, name: str, args: SidecarsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("headend:sidecars:Sidecars", name, None, opts)
        child, region, account = pulumi.ResourceOptions(parent=self), args["region"], args["account_id"]
        function = handler_function(name, CAPTIONS, args, child)
        machine = state_machine(
            name,
            {
                "region": region,
                "account_id": account,
                "log_days": args["log_days"],
                "statements": [
                    allow("lambda:InvokeFunction", function.function_arn),
                    allow("dynamodb:UpdateItem", args["table_arn"]),
                    allow("sns:Publish", args["topic_arn"]),
                    allow(["kms:Decrypt", "kms:GenerateDataKey"], args["topic_key_arn"]),
                ],
                "definition": definition(
                    {
                        "table": args["table_name"],
                        "topic_arn": args["topic_arn"],
                        "captions_arn": function.function_arn,
                    }
                ),
            },
            self,
        )
        UploadTrigger(
            f"{name}-trigger",
            {
                "region": region,
                "account_id": account,
                "uploads_name": args["uploads_name"],
                "description": "A file beside a film came or went",
                "details": ["Object Created", "Object Deleted"],
                "keys": [{"suffix": {"equals-ignore-case": f".{extension}"}} for extension in sorted(EXTENSIONS)],
                "state_machine_arn": machine.arn,
                "dead_letters": args["dead_letters"],
            },
            child,
        )
        self.state_machine_arn = machine.arn
        self.register_outputs({"state_machine_arn": self.state_machine_arn})
