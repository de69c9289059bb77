"""How a handler of the workflow says no: by exceptions whose class names the state machine catches or retries.

Touches nothing but the interpreter's traceback limit.
"""

import logging
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from botocore.exceptions import ClientError

LOG = logging.getLogger()
"""Lambda's own handler writes one JSON object a line (log format JSON), with what `extra=` holds as fields."""
LOG.setLevel(logging.INFO)

P = ParamSpec("P")
R = TypeVar("R")


class Refusal(Exception):
    """A decision that no retry changes: its message is a sentence for the person who uploaded the file."""


class NotAFilm(Refusal):
    """The upload is no film and was not meant as one: nobody is told."""


class SourceUnreadable(Refusal):
    """The upload is not a media file that the encoder can open."""


class SourceRefused(Refusal):
    """The upload is a media file that this platform does not turn into a title."""


class SourceTruncated(Refusal):
    """The upload ends before the length that it announces."""


class SourceMoved(Refusal):
    """The upload was replaced while it was being encoded: the newer upload's own execution decides."""


class RenditionsIncomplete(Exception):
    """The encoder said that it was done, and something that it was to write is missing: our fault."""


def step(handle: Callable[P, R]) -> Callable[P, R]:
    """Wrap a handler of the workflow.

    A refusal is one warning line in the log, without the traceback that Lambda's runtime adds. An error of AWS gets its
    code as its class name (`SlowDown`, `AccessDenied`), where botocore calls most of them ClientError: by the name the
    state machine knows what to try again.
    """

    @wraps(handle)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        sys.tracebacklimit = 1000  # Python's default: a sandbox that refused before must not hide the next fault
        try:
            return handle(*args, **kwargs)
        except Refusal as refusal:
            LOG.warning("refused", extra={"refusal": type(refusal).__name__, "reason": str(refusal)})
            sys.tracebacklimit = 0
            raise
        except Exception as error:
            code = error_code(error)
            if code is None:
                raise
            raise type(code, (Exception,), {})(str(error)) from error

    return wrapped


def error_code(error: Exception) -> str | None:
    """AWS's code of a botocore ClientError; None for any other exception."""
    return error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
