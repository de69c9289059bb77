"""Lambda functions and the workflow that calls them."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from local.engine.model import Archive, Asset
from local.resources.making import Making, makes
from local.resources.s3 import contents


@makes(
    "aws:lambda/function:Function", {"reservedConcurrentExecutions": "a function runs here as often as it is called"}
)
def function(made: Making) -> tuple[str, dict[str, Any]]:
    """A function with its code."""
    code = {"ZipFile": zipped(made.take("code"))}
    made.call("lambda", "create_function", FunctionName=made.name, Code=code)
    return made.name, {}


@makes("aws:lambda/permission:Permission")
def permission(made: Making) -> tuple[str, dict[str, Any]]:
    """The right of a service to call a function."""
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
    """A zip whose bytes depend only on the files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for path, content in _files(archive, PurePosixPath()):
            file.writestr(zipfile.ZipInfo(str(path)), content)
    return buffer.getvalue()


def _files(item: Archive | Asset, path: PurePosixPath) -> Iterator[tuple[PurePosixPath, bytes]]:
    if isinstance(item, Asset):
        yield path, contents(item)
    elif item.assets is not None:
        for name, inner in sorted(item.assets.items()):
            yield from _files(inner, path / name)
    else:
        folder = Path(str(item.path))
        if not folder.is_dir():
            raise ValueError(f"{folder} is not a folder to take code from")
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            yield path / file.relative_to(folder), file.read_bytes()
