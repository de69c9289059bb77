"""Replacing parts of libraries, on the record.

Every replacement goes through `mend`, so a test can hold the source of each replaced part against the one that the
replacement was written for.
"""

import pkgutil
import re
from typing import Any

MENDED: dict[str, Any] = {}
"""What stood in each place before."""


def mend(place: str, replacement: Any) -> Any:
    """Put `replacement` in `place`, such as "package.module:Class.name", and return what stood there.

    Raises AttributeError or ImportError where the library has no such place (any more).
    """
    owner, name = re.split(r"[.:](?=\w+$)", place)
    original = getattr(pkgutil.resolve_name(owner), name)
    MENDED.setdefault(place, original)
    setattr(pkgutil.resolve_name(owner), name, replacement)
    return original
