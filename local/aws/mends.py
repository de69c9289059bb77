"""Replacing parts of libraries, on the record.

Every replacement goes through `mend`, so a test can hold the source of each replaced function against the one that
the replacement was written for.
"""

from typing import Any

MENDED: dict[str, Any] = {}
"""What stood in each place before: qualified name -> the library's own object."""


def mend(owner: Any, name: str, replacement: Any) -> Any:
    """Put `replacement` in place of `owner.name` and return what stood there.

    Raises AttributeError where the library has no such name (any more).
    """
    original = getattr(owner, name)
    place = owner.__name__ if not isinstance(owner, type) else f"{owner.__module__}.{owner.__qualname__}"
    MENDED.setdefault(f"{place}.{name}", original)
    setattr(owner, name, replacement)
    return original
