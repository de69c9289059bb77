"""Exceptions that the handlers of the workflow raise. The state machine catches or retries them by their class names.

This module changes nothing but the interpreter's traceback limit.
"""

import logging
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from botocore.exceptions import ClientError

LOG = logging.getLogger()
"""Lambda's own log handler writes one JSON object per line (log format JSON). The keys of `extra=` become its
fields."""
LOG.setLevel(logging.INFO)

P = ParamSpec("P")
R = TypeVar("R")


class Refusal(Exception):
    """A decision that no retry changes. The person who uploaded the file reads the message."""


class NotAFilm(Refusal):
    """The upload is not a film and was not meant as one, so nobody is told."""


class SourceUnreadable(Refusal):
    """The upload is not a media file that the encoder can open."""


class SourceRefused(Refusal):
    """The upload is a media file that this platform does not turn into a title."""


class SourceTruncated(Refusal):
    """The upload ends before the length that its header states."""


class SourceMoved(Refusal):
    """A newer upload replaced this one during the encode. The execution of the newer upload decides."""


class RenditionsIncomplete(Exception):
    """The encoder reported success, but a file that it had to write is missing or wrong. This is our fault."""


def step(handle: Callable[P, R]) -> Callable[P, R]:
    """Wrap a handler of the workflow.

    A refusal is one warning line in the log, without the traceback that Lambda's runtime adds. botocore calls most
    errors of AWS ClientError. Here each gets its code as its class name (`SlowDown`, `AccessDenied`), because the state
    machine decides by the class name what to try again.
    """

    @wraps(handle)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        sys.tracebacklimit = 1000  # Python's default. An earlier refusal in this sandbox set it to 0.
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
