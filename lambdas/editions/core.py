"""Makes the edition of a title: its manifests, and the captions and the poster that are beside its film. Pure.

An encode is immutable, and so is an edition. An edition has its own folder beside the encode, refers to the encode's
segments, and is named by a hash of its content. A caption file that comes later makes another edition. So nothing is
encoded again, no cache has a stale file, and a viewer who is watching stays with the edition with which they began.
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
from lambdas.languages import UNKNOWN
from lambdas.names import MANIFEST, MASTER
from lambdas.playlist import multivariant
from lambdas.shapes import Caption
from lambdas.sounds import own_names

REVISION = "2"
"""Part of an edition's name. Change it together with the way editions are written, so that new editions are made."""
LARGEST_POSTER = 5_000_000
"""Bytes. CloudFront would cache more, but a list of fifty titles would load too slowly."""

GROUP = "captions"
"""The HLS group of all captions."""
_SDH = "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"
_DASH_ROLES: dict[Role, str] = {"subtitles": "subtitle", "sdh": "caption", "forced": "forced-subtitle"}
_ENDINGS: dict[Role, str] = {"subtitles": "", "sdh": " (SDH)", "forced": " (forced)"}


class Sidecar(NamedTuple):
    """A file beside a film."""

    key: str
    modified: str
    """ISO 8601. If two files have the same language and role, the later one counts."""
    size: int


class Choice(NamedTuple):
    """The sidecars that go into a title's edition."""

    captions: dict[str, Naming]
    """Key of each caption file to what its name says. One file for each language and role."""
    poster: str | None
    """Key of the poster, if there is one."""
    problems: list[str]
    """A sentence for the owner about each file that is left out."""


class Track(Caption):
    """A caption track of an edition."""

    file: str
    """Name of its WebVTT file under the edition's prefix."""


class Draft(TypedDict):
    """An edition before it is written."""

    id: str
    """12 hex digits."""
    tracks: list[Track]
    files: dict[str, str]
    """Name of each file to its text."""
    problems: list[str]
    """Sentences for the owner about files that are left out."""


class Version(NamedTuple):
    """The encode to which an edition belongs."""

    id: str
    duration: float
    """Seconds."""
    hls: str
    """The encoder's multivariant playlist."""
    dash: str
    """The encoder's MPD."""


def choose(stem: str, sidecars: Iterable[Sidecar]) -> Choice:
    """Choose the captions and the poster from the files whose names begin like the film's."""
    captions: dict[tuple[str, Role], tuple[Sidecar, Naming]] = {}
    posters: list[Sidecar] = []
    problems: list[str] = []
    for sidecar in sorted(sidecars, key=lambda file: (file.modified, file.key)):
        file = sidecar.key.rpartition("/")[2]
        if is_poster(stem, sidecar.key):
            if sidecar.size > LARGEST_POSTER:
                problems.append(f"{file} has {sidecar.size:,} bytes. A poster may have at most {LARGEST_POSTER:,}.")
            else:
                posters.append(sidecar)
            continue
        said = naming(stem, sidecar.key)
        if said is None:
            continue
        if isinstance(said, str):
            problems.append(
                f"{file}: {said!r} is not a language code. Use a code of ISO 639, such as en, de or pt-BR, and after it"
                f" perhaps sdh or forced, as in {stem.rpartition('/')[2]}.en.sdh.vtt."
            )
        elif sidecar.size > LARGEST:
            problems.append(f"{file} has {sidecar.size:,} bytes. A caption file may have at most {LARGEST:,}.")
        else:
            older = captions.get((said.language, said.role))
            if older:
                problems.append(
                    f"{older[0].key.rpartition('/')[2]} is left out: {file} is newer, for the same language and role."
                )
            captions[said.language, said.role] = (sidecar, said)
    chosen = {sidecar.key: said for sidecar, said in captions.values()}
    return Choice(chosen, posters[-1].key if posters else None, problems)


def edition(version: Version, captions: Mapping[str, tuple[Naming, bytes]], poster: bytes | None) -> Draft:
    """Make the edition of a version. `captions` maps a file's key to what its name says, and its bytes.

    A file that cannot be read as captions is left out, and `problems` gets a sentence about it. The bytes of the poster
    only become part of the edition's name. The caller writes the poster.
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
    # Captions of the picture state no language, so their channel tells them apart.
    called = said.name if said.language == UNKNOWN and said.name else said.language
    return {
        "language": said.language,
        "name": (said.name or "Subtitles") + _ENDINGS[said.role],
        "role": said.role,
        "file": f"captions_{called.lower()}{role}.vtt",
    }


def _playlist_name(track: Track) -> str:
    return track["file"].removesuffix(".vtt") + ".m3u8"


def playlist(track: Track, duration: float) -> str:
    """The HLS playlist of a track. It names one file for the whole film, since even a long film has small captions."""
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
    """Maps a label in the encoder's multivariant playlist to the language's own name.

    The encoder writes only ASCII, so it uses labels such as `Track 2`. Empty if every label is right.
    """
    return own_names((audio.name, audio.language) for audio in multivariant(hls).audio.values())


def hls(version: Version, tracks: list[Track]) -> str:
    """The encoder's multivariant playlist, with the captions, and with addresses that point to the encode's folder."""
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
    """The encoder's MPD, with the encode's folder as its base address, and with each caption track as one whole file.

    (dash.js and Shaka Player read a whole WebVTT file. Segmented WebVTT makes dash.js hang.)
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
