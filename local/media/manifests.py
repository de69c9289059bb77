"""Adds to the manifests what the service writes and Shaka Packager does not: labels, the default sound, and previews.

Changes the two manifests and writes the previews' playlist in the given directory. Previews follow the Image Media
Playlist specification (HLS, 0.4) and DASH-IF's guidelines (6.2.6). AWS does not document the names of their files, so
the laptop has its own.
"""

import copy
import math
import re
from pathlib import Path
from xml.etree import ElementTree

from local.media.commands import tiles
from local.media.job import DEFAULT, Encode
from local.media.wire import Json

NAMESPACE = "urn:mpeg:dash:schema:mpd:2011"
MPD = f"{{{NAMESPACE}}}"
ElementTree.register_namespace("", NAMESPACE)

SELECTED = {
    DEFAULT: "DEFAULT=YES,AUTOSELECT=YES",
    "ALTERNATE_AUDIO_AUTO_SELECT": "DEFAULT=NO,AUTOSELECT=YES",
    "ALTERNATE_AUDIO_NOT_AUTO_SELECT": "DEFAULT=NO,AUTOSELECT=NO",
}


def complete(job: Encode, out: Path, seconds: float) -> list[str]:
    """Finish the manifests in `out`. Returns names of the playlists that it added."""
    master = out / f"{job.master}.m3u8"
    lines = [_honest(_media(job, line)) for line in master.read_text("utf-8").splitlines()]
    tree = ElementTree.parse(out / f"{job.master}.mpd")  # noqa: S314 - the packager's own
    period = tree.getroot().find(f"{MPD}Period")
    assert period is not None  # noqa: S101 - the packager writes one
    _label(job, period)
    playlists = [f"{rung['name']}_iframe.m3u8" for rung in job.rungs if rung.get("IFrameOnlyManifest") == "INCLUDE"]
    if "TileWidth" in job.group:
        lines.append(_previews(tiles(job), out, seconds, period))
        playlists.append(f"{tiles(job)['name']}.m3u8")
    for number, each in enumerate(period):
        each.set("id", str(number))
    master.write_text("\n".join([*lines, ""]), "utf-8")
    tree.write(out / f"{job.master}.mpd", "utf-8", xml_declaration=True)
    return playlists


def _media(job: Encode, line: str) -> str:
    """A line of the multivariant playlist. A sound's line gets the job's label and default."""
    for sound in job.sounds:
        if line.startswith("#EXT-X-MEDIA:") and f'URI="{sound["name"]}.m3u8"' in line:
            stated = re.sub(r"DEFAULT=\w+(,AUTOSELECT=\w+)?", SELECTED[sound["AudioTrackType"]], line)
            return re.sub(r'(LANGUAGE="[^"]*",)?NAME=', f'LANGUAGE="{sound["CustomLanguageCode"]}",NAME=', stated)
    return line


def _honest(line: str) -> str:
    """The packager leaves a very short last segment out of the peak, and counts it in the average."""
    stated = r"(?<=[:,])BANDWIDTH=(\d+),AVERAGE-BANDWIDTH=(\d+)"
    return re.sub(stated, lambda s: f"BANDWIDTH={max(map(int, s.groups()))},AVERAGE-BANDWIDTH={s[2]}", line)


def _label(job: Encode, period: ElementTree.Element) -> None:
    """Give each sound its own adaptation set and label. The packager makes sounds of a language rungs of one sound."""
    sounds = {f"{sound['name']}init.cmfa": sound for sound in job.sounds}
    for together in period.findall(f"{MPD}AdaptationSet[@contentType='audio']"):
        representations = together.findall(f"{MPD}Representation")
        for representation in representations:
            together.remove(representation)
        period.remove(together)
        for representation in representations:
            own, template = copy.deepcopy(together), representation.find(f"{MPD}SegmentTemplate")
            sound = sounds[template.attrib["initialization"]] if template is not None else {}
            own.set("lang", sound["CustomLanguageCode"])
            label = ElementTree.Element(f"{MPD}Label")
            label.text = sound["StreamName"]
            own.insert(0, label)
            own.append(representation)
            period.append(own)


def _previews(sheets: Json, out: Path, seconds: float, period: ElementTree.Element) -> str:
    """Write the previews' playlist and adaptation set. Returns their line in the multivariant playlist."""
    name, columns, rows = sheets["name"], sheets["TileWidth"], sheets["TileHeight"]
    width, height, each = sheets["ThumbnailWidth"], sheets["ThumbnailHeight"], sheets["seconds"]
    files, lasts = sorted(out.glob(f"{name}_*.jpg")), columns * rows * each
    tile = f"#EXT-X-TILES:RESOLUTION={width}x{height},LAYOUT={columns}x{rows},DURATION={each:.3f}"
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{math.ceil(lasts)}", "#EXT-X-MEDIA-SEQUENCE:1"]
    lines += ["#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-IMAGES-ONLY"]
    for number, file in enumerate(files):
        lines += [f"#EXTINF:{min(lasts, seconds - number * lasts):.3f},", tile, file.name]
    (out / f"{name}.m3u8").write_text("\n".join([*lines, "#EXT-X-ENDLIST", ""]), "utf-8")
    bandwidth = max(math.ceil(8 * file.stat().st_size / min(lasts, seconds)) for file in files)
    images = ElementTree.SubElement(period, f"{MPD}AdaptationSet", contentType="image", mimeType="image/jpeg")
    timing = {"timescale": "1000", "duration": f"{1000 * lasts:.0f}", "startNumber": "1"}
    ElementTree.SubElement(images, f"{MPD}SegmentTemplate", timing, media=f"{name}_$Number%09d$.jpg")
    sheet = {"id": "previews", "width": f"{columns * width}", "height": f"{rows * height}"}
    representation = ElementTree.SubElement(images, f"{MPD}Representation", sheet, bandwidth=f"{bandwidth}")
    layout = {"schemeIdUri": "http://dashif.org/guidelines/thumbnail_tile", "value": f"{columns}x{rows}"}
    ElementTree.SubElement(representation, f"{MPD}EssentialProperty", layout)
    size = f"BANDWIDTH={bandwidth},RESOLUTION={width}x{height}"
    return f'#EXT-X-IMAGE-STREAM-INF:{size},CODECS="jpeg",URI="{name}.m3u8"'
