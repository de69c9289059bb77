"""Replaces parts of libraries, and keeps a record of it.

Every replacement goes through `mend`, so a test can hold the source of each replaced part against the one that the
replacement was written for.
"""

import pkgutil
import re
from typing import Any

MENDED: dict[str, Any] = {}
"""The original part by its place."""


def mend(place: str, replacement: Any) -> Any:
    """Put `replacement` in `place`, such as "package.module:Class.name", and return the original.

    Raises AttributeError or ImportError where the library has no such place (any more).
    """
    owner, name = re.split(r"[.:](?=\w+$)", place)
    original = getattr(pkgutil.resolve_name(owner), name)
    MENDED.setdefault(place, original)
    setattr(pkgutil.resolve_name(owner), name, replacement)
    return original
