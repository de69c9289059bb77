"""The needs of a function that signs: a library, and the permission to read the private key. Pure."""

from pathlib import Path

import pulumi

from components.blocks.policies import Statement, allow


def signing_library() -> Path:
    """The folder of the one library that the runtime lacks: `cryptography`, built for Lambda's processor and Python.

    Raises:
        RunError: it is not installed.
    """
    folder = Path(__file__).parents[2] / ".vendor" / "playback"
    if not (folder / "cryptography").is_dir():
        raise pulumi.RunError(f"{folder} is missing, and signed playback needs it: run `make setup` first")
    return folder


def read_signing_key(region: str, account_id: str, parameter: str) -> list[Statement]:
    """Statements for the function's role: it may read one parameter, and use the key that encrypts it."""
    return [
        allow("ssm:GetParameter", f"arn:aws:ssm:{region}:{account_id}:parameter{parameter}"),
        # The id of the account's own SSM key is not known here. So the role may use any key, but only through SSM and
        # for this parameter.
        allow(
            "kms:Decrypt",
            f"arn:aws:kms:{region}:{account_id}:key/*",
            StringEquals={
                "kms:ViaService": f"ssm.{region}.amazonaws.com",
                "kms:EncryptionContext:PARAMETER_ARN": f"arn:aws:ssm:{region}:{account_id}:parameter{parameter}",
            },
        ),
    ]
