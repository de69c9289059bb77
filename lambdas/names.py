"""Names of what is encoded: where a title's files lie in the media bucket, and what each is called. Pure.

MediaConvert puts a name together from its group's destination, the output's modifier and an extension.
"""

import hashlib
import re

GROUP = "index"
"""Base name of the CMAF group: of its manifests, playlists and segments."""
STILLS = "poster"
"""Base name of the stills."""

MASTER, MANIFEST = f"{GROUP}.m3u8", f"{GROUP}.mpd"
"""The multivariant playlist of HLS, and DASH's manifest."""
STILL = re.compile(rf"{STILLS}\.\d{{7}}\.jpg")

FILL_LISTS = "v/fill/"
"""Where each version's fill list lies: `v/fill/<xx>/<id>/<version>.json`. No viewer's path: "fill" is no hash."""

GONE_LISTS = f"{FILL_LISTS}gone/"
"""Where the list of each title that was taken down lies: `v/fill/gone/<xx>/<id>/<time>.json`, times as in GONE_TIME."""
GONE_TIME = "%Y%m%dT%H%M%SZ"
ORDERS = f"{FILL_LISTS}order/"
"""Where the orders lie that the forecast gives to the cache nodes: `v/fill/order/<digit>.json`."""

STILLS_PATH, PLAYLISTS_PATH = f"/v/*/{STILLS}.*.jpg", "/v/*.m3u8"
"""CloudFront's path patterns."""


def folder(title_id: str) -> str:
    """`v/<xx>/<id>`, where all versions of a title lie. The first hex digit of `xx` chooses the cache fleet."""
    return f"v/{hashlib.sha256(title_id.encode()).hexdigest()[:2]}/{title_id}"


FOLDER = "'v/' & $substring($hash($title.id, 'SHA-256'), 0, 2) & '/' & $title.id"
"""`folder` of the workflow's title, in JSONata: a place to write comes from the workflow and from no handler."""


def rung_modifier(rung: str) -> str:
    """Of the rung `720p`: `_v720p`."""
    return f"_v{rung}"


def sound_modifier(number: int) -> str:
    """Of the sound renditions, counted from 1: `_a128` of the default, then `_a128_2`."""
    return "_a128" if number == 1 else f"_a128_{number}"


def playlist(modifier: str) -> str:
    """Name of an output's own playlist."""
    return f"{GROUP}{modifier}.m3u8"


def fill_list(prefix: str) -> str:
    """Key of the fill list of the version under `prefix`."""
    return f"{FILL_LISTS}{prefix.removeprefix('v/')}.json"


def order_of(digit: str) -> str:
    """Key of the order for the nodes that own a hex digit."""
    return f"{ORDERS}{digit}.json"


def addresses(prefix: str) -> dict[str, str]:
    """URL paths of a version's two manifests."""
    return {"hls": f"/{prefix}/{MASTER}", "dash": f"/{prefix}/{MANIFEST}"}
