"""Captions: the edition of a title, which is its manifests with the captions and the poster beside its film. Pure.

An encode is immutable, and so is an edition. It has a place of its own beside the encode, refers to the encode's
segments, and is named after what it holds. A caption that comes later makes another edition: nothing is encoded anew,
no cache holds anything stale, and whoever watches goes on with the edition that was there when they began.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import NamedTuple, TypedDict

from lambdas.editions.sidecars import Naming, Role, is_poster, naming
from lambdas.editions.text import LARGEST, BrokenCaptions, Cue, parse, webvtt, within
from lambdas.names import MANIFEST, MASTER
from lambdas.playlist import multivariant
from lambdas.shapes import Caption
from lambdas.sounds import own_names

REVISION = "2"
"""Part of an edition's name: a change in how editions are written makes another one."""
LARGEST_POSTER = 5_000_000
"""Bytes. CloudFront would cache more; a viewer's list of fifty titles would not come to its end."""

GROUP = "captions"
"""The HLS group of all captions."""
_SDH = "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"
_DASH_ROLES: dict[Role, str] = {"subtitles": "subtitle", "sdh": "caption", "forced": "forced-subtitle"}
_ENDINGS: dict[Role, str] = {"subtitles": "", "sdh": " (SDH)", "forced": " (forced)"}


class Sidecar(NamedTuple):
    """A file beside a film."""

    key: str
    modified: str
    """ISO 8601: of two files for one language, the later one counts."""
    size: int


class Choice(NamedTuple):
    """The sidecars that a title's edition is made of."""

    captions: dict[str, Naming]
    """By key; one for each language and role."""
    poster: str | None
    """Key."""
    problems: list[str]
    """A sentence for the owner about each file that is left out."""


class Track(Caption):
    """A caption track that is written."""

    file: str
    """Name under the edition's prefix."""


class Draft(TypedDict):
    """An edition before it is written."""

    id: str
    """12 hex digits."""
    tracks: list[Track]
    files: dict[str, str]
    """Text by name."""
    problems: list[str]
    """Sentences for the owner."""


class Version(NamedTuple):
    """The encode that an edition is of."""

    id: str
    duration: float
    """Seconds."""
    hls: str
    """The encoder's multivariant playlist."""
    dash: str
    """The encoder's MPD."""


def choose(stem: str, sidecars: Iterable[Sidecar]) -> Choice:
    """Which of the files that begin like the film go with it."""
    captions: dict[tuple[str, Role], tuple[Sidecar, Naming]] = {}
    posters: list[Sidecar] = []
    problems: list[str] = []
    for sidecar in sorted(sidecars, key=lambda file: (file.modified, file.key)):
        file = sidecar.key.rpartition("/")[2]
        if is_poster(stem, sidecar.key):
            if sidecar.size > LARGEST_POSTER:
                problems.append(f"{file} has {sidecar.size:,} bytes. Allowed for a poster are {LARGEST_POSTER:,}.")
            else:
                posters.append(sidecar)
            continue
        said = naming(stem, sidecar.key)
        if said is None:
            continue
        if isinstance(said, str):
            problems.append(
                f"{file}: {said!r} is no language code. Allowed are those of ISO 639, such as en, de or pt-BR,"
                f" and sdh or forced, as in {stem.rpartition('/')[2]}.en.sdh.vtt."
            )
        elif sidecar.size > LARGEST:
            problems.append(f"{file} has {sidecar.size:,} bytes. Allowed for captions are {LARGEST:,}.")
        else:
            older = captions.get((said.language, said.role))
            if older:
                problems.append(f"{older[0].key.rpartition('/')[2]} is left out: {file} is newer and of the same kind.")
            captions[said.language, said.role] = (sidecar, said)
    chosen = {sidecar.key: said for sidecar, said in captions.values()}
    return Choice(chosen, posters[-1].key if posters else None, problems)


def edition(version: Version, captions: Mapping[str, tuple[Naming, bytes]], poster: bytes | None) -> Draft:
    """Make the edition of a version from caption files, each by its key with what its name says and its bytes.

    A file that cannot be read as captions is left out, and a sentence about it is in `problems`. The poster's bytes
    only count towards the name: the caller writes them.
    """
    problems: list[str] = []
    found: list[tuple[Track, list[Cue]]] = []
    for key, (said, data) in captions.items():
        try:
            cues = within(parse(data), version.duration)
        except BrokenCaptions as broken:
            problems.append(f"{key.rpartition('/')[2]}: {broken}")
            continue
        found.append((_track(said), cues))
    found.sort(key=lambda item: (item[0]["name"].lower(), item[0]["language"], item[0]["role"]))
    tracks, files = [track for track, _ in found], {track["file"]: webvtt(cues) for track, cues in found}
    digest = hashlib.sha256(json.dumps([REVISION, version.id, tracks, files], sort_keys=True).encode())
    digest.update(poster or b"")
    identity = digest.hexdigest()[:12]
    files |= {_playlist_name(track): playlist(track, version.duration) for track in tracks}
    files |= {MASTER: hls(version, tracks), MANIFEST: dash(version, identity, tracks)}
    return {"id": identity, "tracks": tracks, "files": files, "problems": problems}


def _track(said: Naming) -> Track:
    role = "" if said.role == "subtitles" else f"_{said.role}"
    return {
        "language": said.language,
        "name": (said.name or "Subtitles") + _ENDINGS[said.role],
        "role": said.role,
        "file": f"captions_{said.language.lower()}{role}.vtt",
    }


def _playlist_name(track: Track) -> str:
    return track["file"].removesuffix(".vtt") + ".m3u8"


def playlist(track: Track, duration: float) -> str:
    """The HLS playlist of a track: one file for the whole film, since even a long film's captions are small."""
    return "\n".join(
        [
            "#EXTM3U",
            "#EXT-X-VERSION:6",
            "#EXT-X-PLAYLIST-TYPE:VOD",
            f"#EXT-X-TARGETDURATION:{math.ceil(duration)}",
            "#EXT-X-MEDIA-SEQUENCE:0",
            f"#EXTINF:{duration:.3f},",
            track["file"],
            "#EXT-X-ENDLIST",
            "",
        ]
    )


def sound_names(hls: str) -> dict[str, str]:
    """The languages' own names by the labels that stand for them in the encoder's multivariant playlist, which can hold
    ASCII alone; empty where every label is right as it is."""
    return own_names((audio.name, audio.language) for audio in multivariant(hls).audio.values())


def hls(version: Version, tracks: list[Track]) -> str:
    """The multivariant playlist: the encoder's, with its addresses made those of the encode, and with the captions."""
    lines: list[str] = []
    names = sound_names(version.hls)
    for line in version.hls.splitlines():
        if line.startswith("#EXT-X-STREAM-INF:") and tracks:
            line = f'{line},SUBTITLES="{GROUP}"'  # noqa: PLW2901
        elif line.startswith("#"):
            line = re.sub(r'URI="([^"]+)"', rf'URI="../{version.id}/\1"', line)  # noqa: PLW2901
            if line.startswith("#EXT-X-MEDIA:") and "TYPE=AUDIO" in line:
                line = re.sub(r'NAME="([^"]*)"', lambda label: f'NAME="{names.get(label[1], label[1])}"', line)  # noqa: PLW2901
        elif line:
            line = f"../{version.id}/{line}"  # noqa: PLW2901
        lines.append(line)
    first = next((index for index, line in enumerate(lines) if line.startswith("#EXT-X-STREAM-INF:")), len(lines))
    return "\n".join([*lines[:first], *map(_media, tracks), *lines[first:], ""])


def _media(track: Track) -> str:
    attributes = {
        "TYPE": "SUBTITLES",
        "GROUP-ID": f'"{GROUP}"',
        "NAME": f'"{track["name"]}"',
        "LANGUAGE": f'"{track["language"]}"',
        "DEFAULT": "NO",
        "AUTOSELECT": "YES",
        "FORCED": "YES" if track["role"] == "forced" else "NO",
        **({"CHARACTERISTICS": f'"{_SDH}"'} if track["role"] == "sdh" else {}),
        "URI": f'"{_playlist_name(track)}"',
    }
    return "#EXT-X-MEDIA:" + ",".join(f"{name}={value}" for name, value in attributes.items())


def dash(version: Version, identity: str, tracks: list[Track]) -> str:
    """The MPD: the encoder's, with the encode as its base address, and with the captions as whole files.

    (dash.js and Shaka Player read a whole WebVTT file; segmented ones make dash.js hang.)
    """
    sets = "".join(
        f'<AdaptationSet contentType="text" mimeType="text/vtt" lang="{track["language"]}">'
        f'<Role schemeIdUri="urn:mpeg:dash:role:2011" value="{_DASH_ROLES[track["role"]]}"/>'
        f"<Label>{escape(track['name'])}</Label>"
        f'<Representation id="{track["file"].removesuffix(".vtt")}" bandwidth="256">'
        f"<BaseURL>../{identity}/{track['file']}</BaseURL></Representation></AdaptationSet>\n"
        for track in tracks
    )
    based, periods = re.subn(r"(?=<Period\b)", f"<BaseURL>../{version.id}/</BaseURL>\n", version.dash, count=1)
    for label, name in sound_names(version.hls).items():
        based = based.replace(f">{label}</Label>", f">{escape(name)}</Label>")
    written, ends = re.subn(r"(?=</Period>)", sets.replace("\\", r"\\"), based, count=1)
    if (periods, ends) != (1, 1):
        raise ValueError("the encoder's MPD has no Period")
    return written
