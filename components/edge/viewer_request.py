"""The code of the CloudFront Function that sees every request first, with the values that it needs filled in."""

import json
from collections.abc import Sequence
from pathlib import Path

from components.blocks import paths
from components.edge.inline import inline
from components.edge.nearest_pop import countries_by_region

LONGEST_CODE = 10 * 1024
"""Most bytes that a CloudFront Function may have (a quota that AWS does not raise)."""

NOT_FOUND = Path(__file__).with_name("not_found.html").read_text(encoding="utf-8")
"""What a person reads where nothing is."""


def viewer_request_code(*, home: str, regions: Sequence[str], failover_status: Sequence[int]) -> str:
    """JavaScript of a `cloudfront-js-2.0` viewer-request function. Origins must be named `pop-<region>` and `media`.

    Raises ValueError for a region without coordinates in facts/regions.py, and if the code is too long for CloudFront.
    """
    data = {
        "prefix": paths.MEDIA_PREFIX,
        "api": paths.API_PREFIX,
        "media": paths.MEDIA,
        "other": paths.OTHER,
        "page": NOT_FOUND,
        "style": inline("style", NOT_FOUND),
        "failover": list(failover_status),
        "countries": countries_by_region(home=home, regions=regions),
    }
    template = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    code = template.replace("__DATA__", json.dumps(data))
    if len(code.encode()) > LONGEST_CODE:
        raise ValueError(f"viewer_request: {len(code.encode())} bytes, CloudFront takes {LONGEST_CODE}")
    return code
