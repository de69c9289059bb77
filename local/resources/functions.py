"""Lambda functions and the workflow that calls them."""

import io
import zipfile
from typing import Any

from local.engine.model import Archive, Asset
from local.resources.making import Making, makes
from local.resources.s3 import contents


@makes("aws:lambda/function:Function")
def function(made: Making) -> tuple[str, dict[str, Any]]:
    """A function with its code."""
    code = {"ZipFile": zipped(made.take("code"))}
    made.call("lambda", "create_function", FunctionName=made.name, Code=code)
    return made.name, {}


@makes("aws:lambda/permission:Permission")
def permission(made: Making) -> tuple[str, dict[str, Any]]:
    """Who may call a function."""
    made.call("lambda", "add_permission", FunctionName=made.take("function"), StatementId=made.name)
    return made.name, {}


@makes("aws:sfn/stateMachine:StateMachine")
def state_machine(made: Making) -> tuple[str, dict[str, Any]]:
    """A workflow."""
    logging = made.take("loggingConfiguration")
    if logging:
        group = {"cloudWatchLogsLogGroup": {"logGroupArn": logging.pop("logDestination")}}
        logging = {**logging, "destinations": [group]}
    answer = made.call("stepfunctions", "create_state_machine", name=made.name, loggingConfiguration=logging)
    return answer["stateMachineArn"], {}


def zipped(archive: Archive) -> bytes:
    """A zip that is the same for the same files.

    Raises:
        ValueError: for an archive that is not a list of files: a folder would take caches along.
    """
    if archive.assets is None:
        raise ValueError("code must be an AssetArchive that lists its files")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for path, asset in sorted(archive.assets.items()):
            if not isinstance(asset, Asset):
                raise ValueError(f"code must list files, and {path} is an archive")
            file.writestr(zipfile.ZipInfo(path), contents(asset))
    return buffer.getvalue()
