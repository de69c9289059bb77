"""The encoder alone, on clips of every kind. The tests read its output box by box, since players forgive many faults.

The jobs are those that the workflow's own plan makes for the clip.
"""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import tests.media_strange  # pyright: ignore[reportUnusedImport]  # noqa: F401 - `spatial` is one of its clips
from lambdas import previews
from lambdas.editions import film as films
from lambdas.plan import plan
from lambdas.playlist import media
from lambdas.shapes import Source
from lambdas.source import source as source_of
from lambdas.source import with_channels, with_fields, with_flags
from lambdas.verify.core import verify
from local.media.encode import Children, Result, encode
from local.media.job import parse
from local.media.probe import MediaError, inspect, track_mappings
from local.media.wire import MODEL, read_request, write_answer
from tests.making_kit import a_title, job_of
from tests.media_boxes import Init, Segment, read_init, read_segment
from tests.media_samples import sample

MPD = "{urn:mpeg:dash:schema:mpd:2011}"


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADEND_X264_PRESET", "ultrafast")


@pytest.fixture
def neutral(tmp_path: Path) -> Callable[[str], Path]:
    """A clip without a file extension, as the service downloads it. ffprobe would trust an extension."""

    def copy(name: str) -> Path:
        return Path(shutil.copy(sample(name), tmp_path / "source"))

    return copy


def probed(clip: Path) -> dict[str, Any]:
    """What Probe answers on the wire. Raises MediaError."""
    container = inspect(clip)
    answer = {"ProbeResults": [{"Container": container, "TrackMappings": track_mappings(container)}]}
    return json.loads(json.dumps(write_answer(MODEL.operation_model("Probe").output_shape, answer)))


class Local(films.Film):
    """An upload that lies on this disk."""

    def _fetch(self, offset: int, length: int) -> bytes:
        with Path(self._object["Key"]).open("rb") as file:
            file.seek(offset)
            return file.read(length)


def source_at(clip: Path) -> Source:
    """What the workflow knows of a file, as its handler goes about it. Raises MediaError and Refusal."""
    title = a_title(key=str(clip), size=clip.stat().st_size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(films, "Film", Local)
        try:
            answer = probed(clip)
        except MediaError:
            films.check_kind(title)
            raise
        found = source_of(answer, title["size"], lambda: films.pictures(title))
        films.check(title, found)
        found = with_channels(with_fields(found, lambda: films.interlaced(title)), lambda: films.channels(title))
        return with_flags(found, films.sounds(title))


def job_for(clip: Path) -> dict[str, Any]:
    """The workflow's plan for the clip, and past the API's own checks."""
    job = job_of(source_at(clip))
    operation = MODEL.operation_model("CreateJob")
    assert read_request(operation, write_answer(operation.input_shape, job)) == job
    return job


def encode_locally(source: Path, job: dict[str, Any], out: Path) -> Result:
    """Encode a local file into `out` as `job` (CreateJob's arguments) says, without a queue, S3 or the API."""
    with tempfile.TemporaryDirectory() as work:
        (Path(work) / "source").symlink_to(source.resolve())
        result = encode(parse(job["Settings"]), Path(work), Children(), lambda _: None)
        shutil.copytree(Path(work) / "out", out, dirs_exist_ok=True)
    return result


class Encoded:
    """The renditions of one clip."""

    def __init__(self, clip: Path, folder: Path, **changes: Callable[[dict[str, Any]], None]) -> None:
        self.folder, self.job = folder, job_for(clip)
        for change in changes.values():
            change(self.job)
        self.result: Result = encode_locally(clip, self.job, folder)
        self.master = (folder / "index.m3u8").read_text()
        self.rungs = re.findall(r"RESOLUTION=(\d+x\d+).*\n(index_v\w+)\.m3u8", self.master)
        self.tracks = [name for _, name in self.rungs] + (["index_a128"] if "index_a128.m3u8" in self.master else [])

    def playlist(self, track: str) -> list[tuple[float, str]]:
        found = re.findall(r"#EXTINF:([\d.]+),\n(\S+)", (self.folder / f"{track}.m3u8").read_text())
        return [(float(seconds), name) for seconds, name in found]

    def init(self, track: str) -> Init:
        extension = "cmfa" if track == "index_a128" else "cmfv"
        return read_init((self.folder / f"{track}init.{extension}").read_bytes())

    def segments(self, track: str) -> list[Segment]:
        init = self.init(track)
        return [read_segment((self.folder / name).read_bytes(), init) for _, name in self.playlist(track)]

    def seconds(self, track: str) -> tuple[float, float]:
        """The seconds at which the track starts and ends, with its edit list applied."""
        init, segments = self.init(track), self.segments(track)
        skipped = init.edits[0][1] if init.edits else 0
        first, last = (time - skipped for time in (segments[0].first_shown, segments[-1].last_shown))
        return first / init.timescale, last / init.timescale

    def stream(self, track: str) -> dict[str, Any]:
        """ffprobe's report of the whole track."""
        names = sorted(self.folder.glob(f"{track}init.*")) + [self.folder / name for _, name in self.playlist(track)]
        whole = self.folder / f"{track}.whole.mp4"
        whole.write_bytes(b"".join(name.read_bytes() for name in names))
        command = ["ffprobe", "-v", "error", "-count_packets", "-show_streams", "-of", "json", str(whole)]
        report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout)
        return report["streams"][0]

    def colour(self, image: str, x: float, y: float) -> tuple[int, int, int]:
        """Red, green and blue (0 to 255) at a point of the picture. `x` and `y` are shares of its sides."""
        crop = f"crop=2:2:iw*{x}:ih*{y},scale=1:1,format=rgb24"
        command = ["ffmpeg", "-v", "error", "-i", str(self.folder / image), "-vf", crop, "-f", "rawvideo", "-"]
        red, green, blue = subprocess.run(command, check=True, capture_output=True, timeout=30).stdout[:3]
        return red, green, blue


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Encoded:
    """13 s at 29.97 frames a second, two rungs and sound: three segments of each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADEND_X264_PRESET", "ultrafast")
        return Encoded(sample("long"), tmp_path_factory.mktemp("film"))


def test_files_have_the_names_that_the_service_gives_them(film: Encoded) -> None:
    numbers = [f"{number:09}" for number in (1, 2, 3)]
    media = [f"index_v{rung}_{number}.cmfv" for rung in ("360p", "270p") for number in numbers]
    media += [f"index_a128_{number}.cmfa" for number in numbers]
    inits = ["index_v360pinit.cmfv", "index_v270pinit.cmfv", "index_a128init.cmfa"]
    playlists = ["index_v360p.m3u8", "index_v270p.m3u8", "index_a128.m3u8", "index.m3u8", "index.mpd"]
    playlists += ["index_v270p_iframe.m3u8", "index_tiles.m3u8"]
    posters = [f"poster.{number:07}.jpg" for number in range(11)] + ["index_tiles_000000001.jpg"]
    assert sorted(film.result.files) == sorted([*media, *inits, *playlists, *posters])


def test_a_manifest_appears_after_all_that_it_names_and_the_master_last(film: Encoded) -> None:
    files = film.result.files
    for manifest in [name for name in files if name.endswith((".m3u8", ".mpd"))]:
        text = (film.folder / manifest).read_text()
        named = [name for name in files if name in re.findall(r'[^\s"]+', text)]
        assert all(files.index(name) < files.index(manifest) for name in named), manifest
    assert files[-1] == "index.m3u8"


def test_segments_are_contiguous_and_start_with_a_keyframe_at_the_same_time_on_every_rung(film: Encoded) -> None:
    starts: list[list[int]] = []
    for _, track in film.rungs:
        segments = film.segments(track)
        assert len(segments) == 3
        assert segments[0].start == 0
        assert all(segment.starts_with_key for segment in segments)
        assert all(earlier.end == later.start for earlier, later in pairwise(segments))
        # Each segment's first frame is shown first, so a player may begin at any segment.
        assert all(segment.first_shown == segment.start for segment in segments)
        assert [segment.fragments for segment in segments] == [3, 3, 1]
        starts.append([segment.start for segment in segments])
    assert starts[0] == starts[1]
    sound = film.segments("index_a128")
    assert all(earlier.end == later.start for earlier, later in pairwise(sound))


def test_playlists_state_what_the_segments_last(film: Encoded) -> None:
    for track in film.tracks:
        timescale = film.init(track).timescale
        lasting = [(segment.end - segment.start) / timescale for segment in film.segments(track)]
        stated = [seconds for seconds, _ in film.playlist(track)]
        # The first frame of sound is the encoder's priming, which the edit list cuts off.
        lasting[0] -= film.init(track).edits[0][1] / timescale if film.init(track).edits else 0
        assert stated == pytest.approx(lasting, abs=0.001)
        target = int(re.findall(r"TARGETDURATION:(\d+)", (film.folder / f"{track}.m3u8").read_text())[0])
        assert max(stated) <= target <= max(stated) + 1


def test_segments_are_whole_gops(film: Encoded) -> None:
    gop = Fraction(60 * 1001, 30000)  # 2 s at 29.97 frames a second: 60 frames
    assert [seconds for seconds, _ in film.playlist("index_v360p")][:2] == pytest.approx(
        [float(3 * gop)] * 2, abs=0.001
    )


def test_both_manifests_name_the_same_segments(film: Encoded) -> None:
    root = ElementTree.parse(film.folder / "index.mpd").getroot()  # noqa: S314 - our own file
    sets = [each for each in root.iter(f"{MPD}AdaptationSet") if each.attrib["contentType"] != "image"]
    for representation in (found for each in sets for found in each.iter(f"{MPD}Representation")):
        template = representation.find(f"{MPD}SegmentTemplate")
        assert template is not None
        media = template.attrib["media"]
        track = media.partition("_$Number")[0]
        times = [(int(s.get("t", 0)), int(s.attrib["d"]), int(s.get("r", 0))) for s in template.iter(f"{MPD}S")]
        count = sum(repeats + 1 for _, _, repeats in times)
        first = int(template.attrib["startNumber"])
        named = [re.sub(r"\$Number%09d\$", f"{first + number:09}", media) for number in range(count)]
        assert named == [name for _, name in film.playlist(track)]
        assert template.attrib["initialization"] in (film.folder / f"{track}.m3u8").read_text()
        assert int(template.attrib["timescale"]) == film.init(track).timescale
        whole = sum(length * (repeats + 1) for _, length, repeats in times) / film.init(track).timescale
        assert whole == pytest.approx(13.0, abs=0.05)
    assert root.attrib["type"] == "static"
    assert "isoff-live" in root.attrib["profiles"]


def test_the_master_names_every_rung_with_its_size_bandwidth_and_codec(film: Encoded) -> None:
    ordered = [output for output in film.job["Settings"]["OutputGroups"][0]["Outputs"] if "VideoDescription" in output]
    lines = re.findall(r"#EXT-X-STREAM-INF:(.*)\n(\S+)", film.master)
    assert [name for _, name in lines] == ["index_v360p.m3u8", "index_v270p.m3u8"]
    sound = max(film_bits(film, "index_a128"))
    for (attributes, name), output in zip(lines, ordered, strict=True):
        video = output["VideoDescription"]
        ceiling = video["CodecSettings"]["H264Settings"]["MaxBitrate"]
        bandwidth = int(re.findall(r"[:,]BANDWIDTH=(\d+)", f":{attributes}")[0])
        peak = max(film_bits(film, name.removesuffix(".m3u8"))) + sound
        assert bandwidth == pytest.approx(peak, rel=0.1)
        assert bandwidth <= 1.2 * (ceiling + 128_000)
        assert f"RESOLUTION={video['Width']}x{video['Height']}" in attributes
        assert re.search(r'CODECS="avc1\.6400[0-9a-f]{2},mp4a\.40\.2"', attributes)
        assert 'AUDIO="audio"' in attributes
    assert re.search(r'#EXT-X-MEDIA:TYPE=AUDIO,URI="index_a128.m3u8",GROUP-ID="audio",.*DEFAULT=YES', film.master)


def film_bits(film: Encoded, track: str) -> list[float]:
    """Bits a second of each segment."""
    return [8 * (film.folder / name).stat().st_size / seconds for seconds, name in film.playlist(track)]


def test_rungs_are_high_profile_at_the_level_that_was_ordered(film: Encoded) -> None:
    for size, track in film.rungs:
        stream = film.stream(track)
        assert (stream["profile"], stream["pix_fmt"]) == ("High", "yuv420p")
        assert stream["level"] == 30 if track == "index_v360p" else stream["level"] == 21
        assert f"{stream['width']}x{stream['height']}" == size
        assert stream["r_frame_rate"] == "30000/1001"
        assert int(stream["nb_read_packets"]) == 390


def test_picture_and_sound_last_as_long_as_the_source(film: Encoded) -> None:
    for _, track in film.rungs:
        assert film.seconds(track) == pytest.approx((0, 13.013), abs=0.001)
    start, end = film.seconds("index_a128")
    # Sound has frames of 1024 samples. The edit list hides the priming.
    assert -1024 / 48000 <= start <= 0
    assert end == pytest.approx(13.0, abs=0.05)


def test_posters_are_the_first_frame_and_one_at_the_ordered_distance(film: Encoded) -> None:
    posters = [film.folder / f"poster.{number:07}.jpg" for number in (0, 1)]
    assert all(poster.read_bytes()[:3] == b"\xff\xd8\xff" for poster in posters)
    assert posters[0].read_bytes() != posters[1].read_bytes()
    red, _, blue = film.colour("poster.0000000.jpg", 0.25, 0.25)
    assert red > 200
    assert blue < 60


def test_details_give_each_output_its_size_and_length(film: Encoded) -> None:
    length = {"DurationInMs": 13013}
    sizes = [(640, 360), (480, 270)]
    videos = [{**length, "VideoDetails": {"WidthInPx": width, "HeightInPx": height}} for width, height in sizes]
    assert film.result.details == [{"OutputDetails": [*videos, length]}, {"OutputDetails": [length]}]


def test_previews_are_pictures_of_their_seconds(tmp_path: Path, neutral: Callable[[str], Path]) -> None:
    encoded = Encoded(neutral("languages"), tmp_path / "out")
    [line] = re.findall(r"#EXT-X-IMAGE-STREAM-INF:(.*)", encoded.master)
    assert re.fullmatch(r'BANDWIDTH=\d+,RESOLUTION=240x136,CODECS="jpeg",URI="index_tiles.m3u8"', line)
    text = (encoded.folder / "index_tiles.m3u8").read_text()
    assert "#EXT-X-IMAGES-ONLY" in text.splitlines()
    assert "#EXT-X-TILES:RESOLUTION=240x136,LAYOUT=5x5,DURATION=1.000" in text
    [(seconds, sheet)] = re.findall(r"#EXTINF:(.*),\n.*\n(.*)", text)
    assert (float(seconds), sheet) == (pytest.approx(6, abs=0.05), "index_tiles_000000001.jpg")
    # The film is black for two seconds, then red on the left. Preview 5 is in the second row, and 7 does not exist.
    places = [(0.1 * (2 * number % 10) + 0.05, 0.1 + 0.2 * (number // 5)) for number in (0, 1, 3, 4, 5, 7)]
    shades = [encoded.colour("index_tiles_000000001.jpg", x, y)[0] > 150 for x, y in places]
    assert shades == [False, False, True, True, True, False]
    root = ElementTree.parse(encoded.folder / "index.mpd").getroot()  # noqa: S314 - our own file
    images = root.find(f".//{MPD}AdaptationSet[@contentType='image']")
    assert images is not None
    layout = images.find(f".//{MPD}EssentialProperty[@schemeIdUri='http://dashif.org/guidelines/thumbnail_tile']")
    representation, template = images.find(f"{MPD}Representation"), images.find(f"{MPD}SegmentTemplate")
    assert layout is not None
    assert representation is not None
    assert template is not None
    assert layout.attrib["value"] == "5x5"
    assert (representation.attrib["width"], representation.attrib["height"]) == ("1200", "680")
    assert int(template.attrib["duration"]) / int(template.attrib["timescale"]) == 25
    # The poster is not black, though the film begins so.
    sizes = {path.name: path.stat().st_size for path in encoded.folder.iterdir()}
    chosen = previews.poster(sizes)
    assert chosen is not None
    assert encoded.colour(chosen, 0.2, 0.2)[0] > 200
    assert max(encoded.colour("poster.0000002.jpg", 0.2, 0.2)) < 30


def test_i_frames_are_where_their_playlist_says(film: Encoded) -> None:
    assert 'URI="index_v270p_iframe.m3u8"' in film.master
    text = (film.folder / "index_v270p_iframe.m3u8").read_text()
    assert "#EXT-X-I-FRAMES-ONLY" in text
    frames = re.findall(r"#EXTINF:([\d.]+),\n#EXT-X-BYTERANGE:(\d+)@(\d+)\n(.*)", text)
    assert sum(float(seconds) for seconds, *_ in frames) == pytest.approx(13.013, abs=0.01)
    assert len(frames) == 7  # one every two seconds
    for _, length, start, name in frames:
        # A movie fragment begins there.
        piece = (film.folder / name).read_bytes()[int(start) : int(start) + int(length)]
        assert piece[4:8] == b"moof"
        assert len(piece) == int(length)


def pitches(encoded: Encoded, track: str) -> list[float]:
    """The pitch in Hz of each side of a stereo sound in its first seconds."""
    encoded.stream(track)
    return pitches_in(encoded.folder / f"{track}.whole.mp4", 2)


def pitches_in(file: Path, count: int) -> list[float]:
    """The pitch in Hz of each of `count` channels in the first seconds of a file."""
    command = ["ffmpeg", "-v", "error", "-ss", "1", "-t", "2", "-i", str(file)]
    raw = subprocess.run([*command, "-f", "s16le", "-"], check=True, capture_output=True, timeout=30).stdout
    samples = memoryview(raw).cast("h").tolist()
    channels = [samples[at::count] for at in range(count)]
    return [sum(a < 0 <= b for a, b in pairwise(channel)) / (len(channel) / 48_000) for channel in channels]


def test_spatial_sound_is_its_whole_scene_and_no_mix_of_its_channels(
    tmp_path: Path, neutral: Callable[[str], Path]
) -> None:
    assert pitches(Encoded(neutral("spatial"), tmp_path / "out"), "index_a128") == pytest.approx([200, 200], rel=0.01)


def test_every_language_is_heard_and_named_in_both_manifests(tmp_path: Path, neutral: Callable[[str], Path]) -> None:
    encoded = Encoded(neutral("languages"), tmp_path / "out")
    names = ["index_a128", "index_a128_2", "index_a128_3", "index_a128_4"]
    for name, pitch in zip(names, (300, 900, 600, 450), strict=True):
        assert pitches(encoded, name) == pytest.approx([pitch, pitch], rel=0.01)
        # All end with the film, though the German track in the source does not.
        assert sum(seconds for seconds, _ in encoded.playlist(name)) == pytest.approx(6, abs=0.05)
    found = re.findall(
        r'URI="(\w+)\.m3u8".*LANGUAGE="(.*?)",NAME="(.*?)",DEFAULT=(\w+),AUTOSELECT=(\w+)', encoded.master
    )
    assert found == [
        ("index_a128", "en", "English", "YES", "YES"),
        ("index_a128_2", "de", "Deutsch", "NO", "YES"),
        ("index_a128_3", "en", "English 2", "NO", "NO"),
        ("index_a128_4", "cs", "Track 4", "NO", "YES"),
    ]
    root = ElementTree.parse(encoded.folder / "index.mpd").getroot()  # noqa: S314 - our own file
    sets = root.findall(f".//{MPD}AdaptationSet[@contentType='audio']")
    described = [
        (each.attrib["lang"], each.findtext(f"{MPD}Label"), [role.attrib["value"] for role in each.iter(f"{MPD}Role")])
        for each in sets
    ]
    assert sorted(described) == [
        ("cs", "Track 4", ["alternate"]),
        ("de", "Deutsch", ["alternate"]),
        ("en", "English", ["main"]),
        ("en", "English 2", ["alternate"]),
    ]


def test_the_channels_of_a_camera_become_left_and_right(tmp_path: Path, neutral: Callable[[str], Path]) -> None:
    encoded = Encoded(neutral("channels"), tmp_path / "out")
    assert "index_a128_2" not in encoded.master
    assert pitches(encoded, "index_a128") == pytest.approx([300, 900], rel=0.01)
    assert re.search(r'LANGUAGE="und",NAME="Track 1"', encoded.master)


def test_a_phones_portrait_film_stands_upright(neutral: Callable[[str], Path], tmp_path: Path) -> None:
    encoded = Encoded(neutral("portrait"), tmp_path / "out")
    assert encoded.rungs == [("360x640", "index_v360p"), ("270x480", "index_v270p")]
    # After a quarter turn clockwise, its red left half is at the top.
    top, bottom = (encoded.colour("poster.0000000.jpg", 0.2, y) for y in (0.2, 0.8))
    assert (top[0] > 200, top[2] < 60) == (True, True)
    assert (bottom[2] > 200, bottom[0] < 60) == (True, True)


def test_a_job_that_does_not_ask_for_rotation_gets_none(neutral: Callable[[str], Path], tmp_path: Path) -> None:
    def as_stored(job: dict[str, Any]) -> None:
        job["Settings"]["Inputs"][0]["VideoSelector"].pop("Rotate")

    encoded = Encoded(neutral("portrait"), tmp_path / "out", change=as_stored)
    # The box stays upright, and the landscape picture is fitted into it.
    assert encoded.rungs[0][0] == "360x202"
    assert encoded.stream("index_v360p").get("side_data_list") is None
    left, right = (encoded.colour("poster.0000000.jpg", x, 0.2) for x in (0.2, 0.8))
    assert (left[0] > 200, left[2] < 60) == (True, True)
    assert (right[2] > 200, right[0] < 60) == (True, True)


@pytest.mark.parametrize(
    ("clip", "size", "rate"),
    [
        ("odd", "360x270", "25/1"),
        ("anamorphic", "640x240", "25/1"),
        ("variable_rate", "320x180", "30/1"),
        ("matroska", "320x180", "25/1"),
        ("transport", "320x180", "25/1"),
        ("late_sound", "320x180", "25/1"),
        ("interlaced", "320x180", "25/1"),
    ],
)
def test_unusual_sources_become_plain_ones(
    clip: str, size: str, rate: str, neutral: Callable[[str], Path], tmp_path: Path
) -> None:
    encoded = Encoded(neutral(clip), tmp_path / "out")
    track = encoded.rungs[0][1]
    stream = encoded.stream(track)
    assert encoded.rungs[0][0] == size == f"{stream['width']}x{stream['height']}"
    assert (stream["pix_fmt"], stream["sample_aspect_ratio"], stream["profile"]) == ("yuv420p", "1:1", "High")
    assert stream["field_order"] == "progressive"
    assert stream["r_frame_rate"] == stream["avg_frame_rate"] == rate
    for name in encoded.tracks:
        # The container of the variable one counts a third of its last frame, which lasts a tenth of a second.
        seconds = 1.93 if clip == "variable_rate" else 2
        assert encoded.seconds(name) == pytest.approx((0, seconds), abs=0.06), name
    lengths = {segment.end - segment.start for segment in encoded.segments(track)}
    assert len(lengths) == 1


def test_a_film_without_sound_has_no_audio_rendition(neutral: Callable[[str], Path], tmp_path: Path) -> None:
    encoded = Encoded(neutral("silent"), tmp_path / "out")
    assert encoded.tracks == ["index_v180p"]
    assert "AUDIO" not in encoded.master
    assert not list(encoded.folder.glob("*.cmfa"))


def test_surround_becomes_stereo_at_the_ordered_rate(neutral: Callable[[str], Path], tmp_path: Path) -> None:
    stream = Encoded(neutral("surround"), tmp_path / "out").stream("index_a128")
    assert (stream["codec_name"], stream["profile"], stream["channels"], stream["sample_rate"]) == (
        "aac",
        "LC",
        2,
        "48000",
    )


def test_surround_is_a_second_sound_that_nobody_hears_unasked(neutral: Callable[[str], Path], tmp_path: Path) -> None:
    clip, out = neutral("surround"), tmp_path / "out"
    source = source_of(probed(clip), clip.stat().st_size)
    encode_locally(clip, job_of(source, surround=True), out)
    texts = {path.name: path.read_text() for path in out.glob("*.m3u8")}
    sounds = [line for line in texts["index.m3u8"].splitlines() if "TYPE=AUDIO" in line]
    told = [re.search(r'NAME="([^"]*)".*DEFAULT=(\w+),AUTOSELECT=(\w+).*CHANNELS="(\d+)"', line) for line in sounds]
    assert [found and found.groups()[1:] for found in told] == [("YES", "YES", "2"), ("NO", "NO", "6")]
    assert len({re.search('GROUP-ID="([^"]*)"', line)[1] for line in sounds}) == 1  # pyright: ignore[reportOptionalSubscript]
    expected = plan(source, surround=True)["expected"]
    sizes = {path.name: path.stat().st_size for path in out.iterdir()}
    assert len(verify("v/ab/film/0", expected, sizes, texts)["opening"]["sounds"]) == 2
    channels: dict[str, str] = {}
    for sound in ElementTree.fromstring((out / "index.mpd").read_text()).iter(f"{MPD}AdaptationSet"):  # noqa: S314
        if (layout := sound.find(f".//{MPD}AudioChannelConfiguration")) is not None:
            channels[sound.findtext(f"{MPD}Label", "")] = layout.attrib["value"]
    assert sorted(channels.values()) == ["2", "6"]
    for name, count in (("index_a128", 2), ("index_a384", 6)):
        whole = b"".join((out / file).read_bytes() for file in media(texts[f"{name}.m3u8"]).files)
        (tmp_path / f"{name}.mp4").write_bytes(whole)
        command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(tmp_path / f"{name}.mp4")]
        report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout)
        assert (report["streams"][0]["codec_name"], report["streams"][0]["channels"]) == ("aac", count)
    own = [200, 300, 400, 60, 500, 600]
    assert pitches_in(tmp_path / "index_a384.mp4", 6) == pytest.approx(own, rel=0.05), "each channel has kept its sound"


def test_hdr_is_toned_down_and_tagged_as_sdr(neutral: Callable[[str], Path], tmp_path: Path) -> None:
    encoded = Encoded(neutral("hdr"), tmp_path / "out")
    stream = encoded.stream("index_v180p")
    tags = [stream[key] for key in ("color_transfer", "color_primaries", "color_space")]
    assert tags == ["bt709"] * 3
    assert stream["pix_fmt"] == "yuv420p"
    # Half of PQ's range, some 90 nits, is bright. Without a conversion it would stay at half (128). If all above SDR's
    # 100 nits were cut off, it would be nearly white (245), with no room for highlights.
    red, green, blue = encoded.colour("poster.0000000.jpg", 0.25, 0.25)
    assert 140 < min(red, green, blue) <= max(red, green, blue) < 220


def test_interlaced_fields_are_woven_apart_only_where_the_job_asks(
    neutral: Callable[[str], Path], tmp_path: Path
) -> None:
    """The moving bar shows combing: one line has moved and the next has not. Combing is fine vertical detail."""

    def as_it_is(job: dict[str, Any]) -> None:
        for group in job["Settings"]["OutputGroups"]:
            for output in group["Outputs"]:
                output.get("VideoDescription", {}).pop("VideoPreprocessors", None)

    clip = neutral("interlaced")
    combed = _combing(Encoded(clip, tmp_path / "as-it-is", change=as_it_is))
    assert _combing(Encoded(clip, tmp_path / "out")) < combed / 2


def _combing(encoded: Encoded) -> float:
    """The average difference between neighbouring lines of the bar, in a frame from the middle."""
    encoded.stream("index_v180p")
    command = ["ffmpeg", "-v", "error", "-i", str(encoded.folder / "index_v180p.whole.mp4"), "-frames:v", "1"]
    command += ["-vf", "select='eq(n,20)',crop=iw:30:0:75,format=gray", "-f", "rawvideo", "-"]
    grey = subprocess.run(command, check=True, capture_output=True, timeout=30).stdout
    lines = [grey[at : at + 320] for at in range(0, len(grey), 320)]
    return sum(abs(a - b) for upper, lower in pairwise(lines) for a, b in zip(upper, lower, strict=True)) / len(grey)


@pytest.mark.parametrize("clip", ["text", "playlist", "script", "image", "empty", "headless"])
def test_a_file_that_is_not_a_film_cannot_be_opened(clip: str, neutral: Callable[[str], Path], tmp_path: Path) -> None:
    job = job_for(sample("landscape"))
    # The playlist and the script name this file. If ffmpeg followed them, there would be a film.
    shutil.copy(sample("landscape"), tmp_path / "landscape.mp4")
    with pytest.raises(MediaError, match="Failed probe/open") as failure:
        encode_locally(neutral(clip), job, tmp_path / "out")
    assert failure.value.code == 1010
    assert failure.value.recognised == (clip == "headless")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("clip", "code"), [("audio_only", 1020), ("cover", 1020), ("silent", 1040), ("truncated", 1076)]
)
def test_sources_that_do_not_fit_the_job_fail_with_the_services_code(
    clip: str, code: int, neutral: Callable[[str], Path], tmp_path: Path
) -> None:
    with pytest.raises(MediaError) as failure:
        encode_locally(neutral(clip), job_for(sample("landscape")), tmp_path / "out")
    assert failure.value.code == code


def test_a_damaged_film_is_encoded_as_far_as_it_goes_with_warnings(
    neutral: Callable[[str], Path], tmp_path: Path
) -> None:
    encoded = Encoded(neutral("bit_rot"), tmp_path / "out")
    assert encoded.seconds("index_v180p") == pytest.approx((0, 6), abs=0.05)
    assert encoded.result.warnings
