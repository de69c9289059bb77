"""Names of the encoded files, and where they are in the media bucket. Pure.

MediaConvert makes a file name from the destination of the output group, the output's modifier and an extension.
"""

import hashlib
import re

GROUP = "index"
"""Base name of all files of the CMAF group: its manifests, playlists and segments."""
STILLS = "poster"
"""Base name of the stills."""
CAPTIONS = "captions"
"""Base name of the captions that the encoder reads from the picture: `captions_cc1.vtt`."""

MASTER, MANIFEST = f"{GROUP}.m3u8", f"{GROUP}.mpd"
"""The multivariant playlist of HLS, and DASH's manifest."""
STILL = re.compile(rf"{STILLS}\.\d{{7}}\.jpg")
UNSEEN = re.compile(rf"{STILL.pattern}|{CAPTIONS}_cc\d\.vtt")
"""Files of an encode from which the title's own are made."""

FILL_LISTS = "v/fill/"
"""Prefix of the fill lists, one for each version: `v/fill/<xx>/<id>/<version>.json`. No title can have this path,
because "fill" is not two hex digits."""

GONE_LISTS = f"{FILL_LISTS}gone/"
"""Prefix of the lists of titles that were taken down: `v/fill/gone/<xx>/<id>/<time>.json`, with the time as
GONE_TIME."""
GONE_TIME = "%Y%m%dT%H%M%SZ"
ORDERS = f"{FILL_LISTS}order/"
"""Prefix of the orders from the forecast to the cache nodes: `v/fill/order/<digit>.json`."""

STILLS_PATH, PLAYLISTS_PATH = f"/v/*/{STILLS}.*.jpg", "/v/*.m3u8"
"""CloudFront's path patterns."""


def folder(title_id: str) -> str:
    """`v/<xx>/<id>`, the prefix of all versions of a title. The first hex digit of `xx` chooses the cache fleet."""
    return f"v/{hashlib.sha256(title_id.encode()).hexdigest()[:2]}/{title_id}"


FOLDER = "'v/' & $substring($hash($title.id, 'SHA-256'), 0, 2) & '/' & $title.id"
"""`folder` of the workflow's title, in JSONata. The workflow and not a handler decides where the encoder writes."""


def rung_modifier(rung: str) -> str:
    """Modifier of a rung's output: `_v720p` for the rung `720p`."""
    return f"_v{rung}"


def sound_modifier(number: int, kilobits: int) -> str:
    """Modifier of a sound's output. `number` counts from 1: `_a128` for the default sound, then `_a128_2`."""
    return f"_a{kilobits}" if number == 1 else f"_a{kilobits}_{number}"


def channel_modifier(number: int) -> str:
    """Modifier of the output for a channel of captions in the picture: `_cc1` for CC1."""
    return f"_cc{number}"


def playlist(modifier: str) -> str:
    """Name of the playlist of an output with this modifier."""
    return f"{GROUP}{modifier}.m3u8"


def fill_list(prefix: str) -> str:
    """Key of the fill list of the version under `prefix`."""
    return f"{FILL_LISTS}{prefix.removeprefix('v/')}.json"


def order_of(digit: str) -> str:
    """Key of the order for the nodes that own a hex digit."""
    return f"{ORDERS}{digit}.json"


def addresses(prefix: str) -> dict[str, str]:
    """`hls` and `dash`, each with the URL path of the version's manifest."""
    return {"hls": f"/{prefix}/{MASTER}", "dash": f"/{prefix}/{MANIFEST}"}
