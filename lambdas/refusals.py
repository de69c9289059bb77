"""Permanent refusals: what no retry mends. The workflow catches them by name and shows their sentence to a person.

Touches nothing but the interpreter's traceback limit.
"""

import logging
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

LOG = logging.getLogger()
LOG.setLevel(logging.INFO)

P = ParamSpec("P")
R = TypeVar("R")


class Refusal(Exception):
    """A decision, not a fault: its message is a sentence for the person who uploaded the file."""


class SourceUnreadable(Refusal):
    """The upload is not a media file that the encoder can open."""


class SourceRefused(Refusal):
    """The upload is a media file that this platform does not turn into a title."""


class SourceTruncated(Refusal):
    """The upload ends before the length that it announces."""


class SourceMoved(Refusal):
    """The upload was replaced or deleted while it was being encoded: the newer upload's own run decides."""


class RenditionsIncomplete(Exception):
    """The encoder said that it was done, and something that it was to write is missing: our fault."""


def refusing(handle: Callable[P, R]) -> Callable[P, R]:
    """Wrap a handler: a refusal is one warning line in the log, without the traceback that Lambda's runtime adds."""

    @wraps(handle)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        sys.tracebacklimit = (
            1000  # Python's own default; a sandbox that refused before would otherwise hide a real fault
        )
        try:
            return handle(*args, **kwargs)
        except Refusal as refusal:
            LOG.warning("refused", extra={"refusal": type(refusal).__name__, "reason": str(refusal)})
            sys.tracebacklimit = 0
            raise

    return wrapped
