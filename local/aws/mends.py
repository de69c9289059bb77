"""Replaces parts of libraries, and keeps a record of it.

Every replacement goes through `mend`. So a test can compare the source of each replaced part with the source for which
the replacement was written.
"""

import pkgutil
import re
from typing import Any

MENDED: dict[str, Any] = {}
"""The original part of the library, by its place."""


def mend(place: str, replacement: Any) -> Any:
    """Put `replacement` in `place`, such as "package.module:Class.name", and return the original.

    Raises AttributeError or ImportError if the library does not have this place (any more).
    """
    owner, name = re.split(r"[.:](?=\w+$)", place)
    original = getattr(pkgutil.resolve_name(owner), name)
    MENDED.setdefault(place, original)
    setattr(pkgutil.resolve_name(owner), name, replacement)
    return original
