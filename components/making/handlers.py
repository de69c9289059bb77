"""The workflows' handlers, one record for each: its rights and its environment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypedDict

import pulumi

from components.blocks.lambda_function import LambdaFunction
from components.blocks.policies import Statement, allow


class MakingArgs(TypedDict):
    """What all of making reads and writes, its topic, and the config keys of its handlers."""

    region: str
    account_id: str
    log_days: int
    uploads_name: pulumi.Input[str]
    uploads_arn: pulumi.Input[str]
    media_name: pulumi.Input[str]
    media_arn: pulumi.Input[str]
    table_name: pulumi.Input[str]
    table_arn: pulumi.Input[str]
    queue_arn: pulumi.Input[str]
    job_role_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    topic_key_arn: pulumi.Input[str]
    ladder: str
    """The ladder as text of `lambdas.ladder.written`. Empty for the default."""
    surround: bool
    """5.1 is kept beside stereo."""
    max_title_usd: int
    """Whole US dollars that encoding one title may cost by list prices; 0 for any price."""


@dataclass(frozen=True)
class Handler:
    """A folder under lambdas/, and the state that calls it."""

    name: str
    rights: Callable[[MakingArgs], list[Statement]] = lambda _: []
    environment: Callable[[MakingArgs], Mapping[str, pulumi.Input[str]]] = lambda _: {}


TIMEOUT_SECONDS = 110
"""Verify lists some thousands of segments of a long title, and Probe reads the source's index. That takes a minute or
two at most. The other handlers answer within a second."""


def _prepare(args: MakingArgs) -> list[Statement]:
    return [
        # Probe reads the source as its caller. MediaConvert has no resource of its own for it.
        allow("mediaconvert:Probe", "*"),
        allow("mediaconvert:SearchJobs", args["queue_arn"]),
        *_reads_upload(args),
        _reads_versions(args),
        allow("s3:ListBucket", args["media_arn"], StringLike={"s3:prefix": "v/*"}),
    ]


def _verify(args: MakingArgs) -> list[Statement]:
    return [*_writes_editions(args), _reads_versions(args)]


def _reads_versions(args: MakingArgs) -> Statement:
    """It reads the index and the captions of one version of an upload."""
    return allow("s3:GetObjectVersion", pulumi.Output.concat(args["uploads_arn"], "/*"))


def _captions(args: MakingArgs) -> list[Statement]:
    return [*_writes_editions(args), allow("dynamodb:GetItem", args["table_arn"])]


def _writes_editions(args: MakingArgs) -> list[Statement]:
    """It reads an encode and the files beside its film. It writes manifests and captions beside the encode."""
    media = pulumi.Output.concat(args["media_arn"], "/v/*")
    return [
        *_reads_upload(args),
        allow("s3:ListBucket", args["media_arn"], StringLike={"s3:prefix": "v/*"}),
        allow("s3:GetObject", media),
        # S3 refuses a write that would replace an object. So no handler can change what was published.
        allow("s3:PutObject", media, Null={"s3:if-none-match": "false"}),
    ]


def _reads_upload(args: MakingArgs) -> list[Statement]:
    return [
        allow("s3:GetObject", pulumi.Output.concat(args["uploads_arn"], "/*")),
        allow("s3:ListBucket", args["uploads_arn"]),  # without this right S3 answers 403 for an object that is gone
    ]


IDENTIFY = Handler("identify")
PREPARE = Handler(
    "prepare",
    _prepare,
    lambda args: {
        "MEDIA_BUCKET": args["media_name"],
        "QUEUE_ARN": args["queue_arn"],
        "LADDER": args["ladder"],
        **({"SURROUND": "5.1"} if args["surround"] else {}),
        "MAX_TITLE_USD": str(args["max_title_usd"]),
    },
)
VERIFY = Handler("verify", _verify, lambda args: {"MEDIA_BUCKET": args["media_name"]})
HANDLERS = (IDENTIFY, PREPARE, VERIFY)
CAPTIONS = Handler(
    "captions", _captions, lambda args: {"MEDIA_BUCKET": args["media_name"], "TITLES_TABLE": args["table_name"]}
)
"""The handler of the workflow for sidecars."""


def handler_function(name: str, handler: Handler, args: MakingArgs, opts: pulumi.ResourceOptions) -> LambdaFunction:
    """The function of a handler, for the workflow `name`."""
    return LambdaFunction(
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
        opts,
    )
