"""Odd sources, which docs/sources.md lists: the right film is encoded in its full length, and manifests state that."""

import functools
import json
import re
import shlex
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from lambdas.editions import film as films
from lambdas.editions.text import BrokenCaptions, parse
from lambdas.plan import Plan, plan
from lambdas.refusals import Refusal, SourceUnreadable
from lambdas.source import FAULTS
from local.media.probe import MediaError
from tests.declared import ROOT
from tests.integration.test_media_encode import Local, encode_locally, job_for, source_at
from tests.making_kit import a_title
from tests.media_samples import RECIPES, sample
from tests.media_strange import STRANGE, grow

ENGLISH = [(1.0, 2.5, "Hello there."), (3.33, 5.0, "[music]")]
"""Start, end and text of the captions in the samples' pictures."""


class Film:
    """The renditions of one clip."""

    def __init__(self, clip: str, folder: Path) -> None:
        source = Path(shutil.copy(sample(clip), folder / "source"))
        self.job = job_for(source)
        self.out = folder / "out"
        encode_locally(source, self.job, self.out)
        self.master = (self.out / "index.m3u8").read_text()

    def lengths(self) -> set[float]:
        """Seconds of each rendition, the sound included."""
        playlists = [path.read_text() for path in self.out.glob("index_*.m3u8")]
        return {round(sum(map(float, re.findall(r"#EXTINF:([\d.]+)", text))), 2) for text in playlists}

    def picture(self, *fields: str) -> list[str]:
        """Fields of ffprobe's report about the first rung."""
        rung = re.findall(r"^(index_v\w+)\.m3u8", self.master, re.MULTILINE)[0]
        pieces = [self.out / f"{rung}init.cmfv", *sorted(self.out.glob(f"{rung}_*.cmfv"))]
        whole = self.out / "whole.mp4"
        whole.write_bytes(b"".join(piece.read_bytes() for piece in pieces))
        command = ["ffprobe", "-v", "error", "-show_entries", f"stream={','.join(fields)}", "-of", "json", str(whole)]
        found = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
        return [found["streams"][0].get(field, "") for field in fields]

    def loudness(self, at: float) -> float:
        """How loud a fifth of a second of the first sound is: the mean of its samples' sizes, of 32,768."""
        pieces = [self.out / "index_a128init.cmfa", *sorted(self.out.glob("index_a128_0*.cmfa"))]
        whole = self.out / "sound.mp4"
        whole.write_bytes(b"".join(piece.read_bytes() for piece in pieces))
        command = ["ffmpeg", "-v", "error", "-i", str(whole), "-ss", f"{at}", "-t", "0.2", "-ac", "1", "-f", "s16le"]
        raw = subprocess.run([*command, "-"], capture_output=True, check=True, timeout=60).stdout
        samples = memoryview(raw).cast("h").tolist()
        return sum(map(abs, samples)) // len(samples)

    def colour(self, x: float, y: float) -> tuple[int, int, int]:
        """Red, green and blue of the first frame, at a point that is given as shares of its sides."""
        crop = f"crop=2:2:iw*{x}:ih*{y},scale=1:1,format=rgb24"
        command = ["ffmpeg", "-v", "error", "-i", str(self.out / "poster.0000000.jpg"), "-vf", crop]
        raw = subprocess.run([*command, "-f", "rawvideo", "-"], capture_output=True, check=True, timeout=60).stdout
        red, green, blue = raw[:3]
        return red, green, blue


def planned(clip: Path) -> Plan:
    """What the workflow makes of a file. Raises Refusal."""
    try:
        with tempfile.TemporaryDirectory() as work:  # ffprobe would believe the extension
            (Path(work) / "source").symlink_to(clip)
            return plan(source_at(Path(work) / "source"))
    except MediaError as error:
        kind = "UnprocessableEntityException" if error.recognised else "BadRequestException"
        raise SourceUnreadable(FAULTS[kind]) from error


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Film]]:
    """Gives the renditions of a clip, which is encoded once for all tests."""

    @functools.cache
    def encode(clip: str) -> Film:
        return Film(clip, tmp_path_factory.mktemp("film"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADEND_X264_PRESET", "ultrafast")
        yield encode


@pytest.mark.parametrize(("clip", "language"), [("german", "de"), ("landscape", "und")])
def test_the_sound_says_its_language_and_the_picture_its_colours(
    clip: str, language: str, encoded: Callable[[str], Film]
) -> None:
    film = encoded(clip)
    assert f'LANGUAGE="{language}"' in film.master
    assert film.picture("color_space", "color_transfer", "color_primaries") == ["bt709"] * 3


@pytest.mark.parametrize(
    ("clip", "seconds", "size", "rate"),
    [
        ("still_first", 5.0, "640x360", 25),
        ("last_hold", 7.0, "640x360", 25),
        ("short_header", 7.0, "640x360", 30),
        ("clock_jump", 6.0, "640x360", 25),
        ("recorder", 3.0, "320x180", 30),
        ("long_sound", 2.52, "640x360", 25),
        ("trimmed", 2.0, "320x180", 25),
        ("late_picture", 5.0, "320x180", 25),
        ("late_picture_ts", 5.0, "320x180", 25),
        ("late_sound_3", 6.0, "320x180", 25),
        ("late_sound_3_ts", 6.0, "320x180", 25),
        ("mono", 2.0, "320x180", 25),
        ("five_one", 2.0, "320x180", 25),
        ("seven_one", 2.0, "320x180", 25),
        ("four_channels", 2.0, "320x180", 25),
        ("seven_channels", 2.0, "320x180", 25),
        ("sixteen_channels", 2.0, "320x180", 25),
        ("ambisonic", 2.0, "320x180", 25),
        ("timecode", 2.0, "320x180", 25),
        ("with_cover", 2.0, "320x180", 25),
        ("alpha_prores", 2.0, "320x180", 25),
        ("alpha_vp9", 2.0, "320x180", 25),
        ("alpha_qtrle", 2.0, "320x180", 25),
        ("one_a_second", 6.0, "320x180", 5),
        ("one_in_two_seconds", 8.0, "320x180", 5),
        ("slides", 15.0, "320x180", 5),
        ("fast_120", 1.0, "320x180", 60),
        ("fast_240", 1.0, "320x180", 60),
        ("turned_180", 2.0, "320x180", 25),
        ("turned_270", 2.0, "180x320", 25),
        ("turned_45", 2.0, "320x180", 25),
        ("mirrored", 2.0, "320x180", 25),
        ("mirrored_90", 2.0, "180x320", 25),
        ("no_matrix", 2.0, "320x180", 25),
        ("between", 7.2, "320x180", 25),
        ("between_far", 18.0, "320x180", 25),
        ("between_mkv", 8.0, "320x180", 25),
        ("odd_853", 2.0, "852x478", 25),
        ("ten_bits_422", 2.0, "320x180", 25),
        ("ten_bits_444", 2.0, "320x180", 25),
        ("ten_bits_hevc", 2.0, "320x180", 25),
        ("mjpeg", 2.0, "320x180", 25),
        ("mpeg2_fields", 2.0, "320x180", 25),
        ("telecine", 2.0, "320x180", 30),
        ("hlg", 2.0, "320x180", 25),
        ("fragmented", 2.0, "320x180", 25),
        ("no_length", 2.0, "320x180", 25),
        ("theora", 2.0, "320x180", 25),
        ("dnxhd", 2.0, "640x360", 25),
        ("av1", 2.0, "320x180", 25),
        ("claims_six_hours", 2.0, "320x180", 25),
        ("claims_16k", 2.0, "320x180", 25),
        ("two_pictures", 2.0, "320x180", 25),
        ("two_pictures_mp4", 2.0, "320x180", 25),
        ("two_pictures_ts", 2.0, "640x360", 25),
        ("all_late", 8.0, "320x180", 25),
        ("far_clock", 2.0, "320x180", 25),
        ("far_clock_ts", 2.0, "320x180", 25),
        ("dvd", 2.0, "720x576", 25),
        ("camera", 2.0, "320x180", 25),
        ("phone", 2.0, "176x144", 15),
        ("chapters", 2.0, "320x180", 25),
        ("fonts", 2.0, "320x180", 25),
        ("rgb", 2.0, "320x180", 25),
        ("grey", 2.0, "320x180", 25),
        ("jitter", 2.0, "320x180", 30),
        ("cut_ts", 2.0, "320x180", 25),
        ("cut_fragments", 2.0, "320x180", 25),
        ("behind_noise", 2.0, "320x180", 25),
        ("spatial", 2.0, "320x180", 25),
        ("signal_lost", 6.0, "320x180", 25),
        ("later_fragments", 2.0, "320x180", 25),
        ("wavelets", 2.0, "320x180", 25),
    ],
)
def test_a_strange_film_is_published(
    clip: str, seconds: float, size: str, rate: int, encoded: Callable[[str], Film]
) -> None:
    film = encoded(clip)
    # The packets at the ends of a piece of a capture may be lost.
    about = pytest.approx(seconds, abs=0.5 if re.search("between|cut|lost", clip) else 0.1)
    assert all(length == about for length in film.lengths()), film.lengths()
    assert max(film.lengths()) - min(film.lengths()) < 0.05, "picture and sound end together"
    assert f"RESOLUTION={size}" in film.master
    stored, rates = film.picture("pix_fmt", "r_frame_rate")
    assert stored == "yuv420p"
    assert Fraction(rates) == pytest.approx(rate, abs=0.04)
    [peak, average] = map(int, re.findall(r"BANDWIDTH=(\d+),AVERAGE-BANDWIDTH=(\d+)", film.master)[0])
    assert average <= peak < 2 * average
    if "AUDIO=" in film.master:
        assert film.loudness(seconds - 0.8) > 100, "it is heard"
    if clip.startswith("late_sound"):
        assert film.loudness(0.5) == film.loudness(2.4) == 0
        assert film.loudness(3.2) > 100
    if clip.startswith("late_picture"):
        assert film.loudness(0.1) > 100, "the sound does not wait for the picture"


@pytest.mark.parametrize(
    ("clip", "red", "blue"),
    [
        ("turned_180", (0.8, 0.2), (0.2, 0.2)),
        ("turned_270", (0.2, 0.8), (0.2, 0.2)),
        ("turned_45", (0.2, 0.2), (0.8, 0.2)),
        ("mirrored", (0.2, 0.2), (0.8, 0.2)),  # upright, and not mirrored
        ("mirrored_90", (0.2, 0.2), (0.2, 0.8)),
        ("alpha_qtrle", (0.2, 0.2), (0.8, 0.2)),
    ],
)
def test_a_picture_stands_upright(
    clip: str, red: tuple[float, float], blue: tuple[float, float], encoded: Callable[[str], Film]
) -> None:
    film = encoded(clip)
    colours = [film.colour(*place) for place in (red, blue)]
    assert [colour[0] > 150 for colour in colours] == [True, False]
    assert [colour[2] > 150 for colour in colours] == [False, True]


def test_frames_that_an_edit_list_hides_are_not_shown(encoded: Callable[[str], Film]) -> None:
    """The white bar moves by 200 pixels a second: at the cut, after 1.3 s, it is at 260 of 320."""
    film = encoded("trimmed")
    assert min(film.colour(0.835, 0.5)) > 150
    assert min(film.colour(0.02, 0.5)) < 100


@pytest.mark.parametrize(
    ("clip", "said"),
    [
        ("alpha_png", "cannot read this video format. Use H.264, HEVC, ProRes"),
        ("wmv", "cannot read this video format. Use H.264, HEVC, ProRes"),
        ("fast_1000", "1000 frames a second. At most 300 are allowed. Export it at 60"),
        ("programs", "holds 2 programs (numbers 1 and 2), but a title is one program. Upload one of them"),
        ("no_keyframe", "No picture of the file can be decoded. Perhaps the recording has no keyframe"),
        ("tiny", "2x2 pixels. Each side must have 32 to 8192"),
        ("thin", "1x1080 pixels. Each side must have 32 to 8192"),
        ("encrypted", "encrypted (DRM)"),
        ("stands_for_hours", "a new picture only every 10800 s on average"),
        ("flash", "cannot be read here. Upload it as MP4, QuickTime, Matroska"),
        ("archive", "The file is not a video"),
        ("page", "The file is not a video"),
        ("index_cut", "damaged or incomplete"),
        ("claims_frames", "damaged or incomplete"),
        ("audio_only", "has no video track"),
        ("cover", "has no video track"),
        ("joined", "is 2 MP4 files, one after the other, and players show the first alone"),
        ("cut_avi", "It was cut short. Upload it again, whole"),
        ("cut_mkv", "It was cut short. Upload it again, whole"),
        ("cut_mxf", "It was cut short. Upload it again, whole"),
        ("truncated", "It was cut short. Upload it again, whole"),
        ("cut_listed", "It was cut short. Upload it again, whole"),
        ("lasts_a_minute", "says that it lasts 60.0 s, but it holds 2.0 s. It was cut short"),
        ("without_frames", "It was cut short. Upload it again, whole"),
        ("first_part", "describes a film, but holds no picture of it"),
        ("no_samples", "describes a film, but holds no picture of it"),
        ("hidden", "edit list shows no moment of its picture"),
        ("elsewhere", "lies in another file, to which this one only points"),
        ("photo", "is a photo (HEIC or AVIF), and no video"),
        ("avif", "is a photo (HEIC or AVIF), and no video"),
        ("gif", "The file is not a video"),
        ("elementary", "The file is not a video"),
        ("lossless", "cannot read this video format"),
        ("apple_lossless", "cannot read this sound format. Use AAC, PCM"),
    ],
)
def test_a_strange_file_is_refused_in_a_sentence(clip: str, said: str) -> None:
    with pytest.raises(Refusal) as refused:
        planned(sample(clip))
    assert said in str(refused.value)


def test_a_file_that_a_film_names_and_does_not_use_may_be_missing(tmp_path: Path) -> None:
    film = tmp_path / "source"
    named = b"file:///picture.mp4\0"
    entry = struct.pack(">I4sI", 12 + len(named), b"url ", 0) + named
    shutil.copy(sample("timecode"), film)
    grow(film, "moov trak mdia minf dinf", b"dref", entry)
    content = film.read_bytes()
    count = content.index(b"dref") + 8
    film.write_bytes(content[:count] + bytes([0, 0, 0, 2]) + content[count + 4 :])
    assert planned(film)["expected"]["renditions"]


@pytest.mark.parametrize(
    ("clip", "fields"),
    [
        *((clip, True) for clip in ("fields_prores", "fields", "fields_dv", "mpeg2_fields")),
        *((clip, False) for clip in ("ten_bits_422", "dnxhd", "mjpeg", "wavelets", "alpha_qtrle")),
    ],
)
def test_fields_are_made_whole_pictures_where_only_the_container_tells_of_them(clip: str, fields: bool) -> None:
    rungs = planned(sample(clip))["groups"][0]["outputs"]
    assert ("Deinterlacer" in rungs[0]["VideoDescription"].get("VideoPreprocessors", {})) == fields


@pytest.mark.parametrize(
    ("clip", "torn"),
    [
        *((clip, True) for clip in ("cut_ts", "cut_fragments", "cut_ps")),
        *((clip, False) for clip in ("transport", "camera", "fragmented", "first_part", "dvd", "landscape")),
    ],
)
def test_a_film_that_ends_in_the_middle_of_a_packet_is_published_with_a_remark(
    clip: str, torn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(films, "Film", Local)
    said = films.remarks(a_title(key=str(sample(clip)), size=sample(clip).stat().st_size))
    assert said == ([films.TORN] if torn else [])


@pytest.mark.parametrize(
    ("clip", "said"),
    [
        ("captioned", {"cc1": ENGLISH, "cc3": [(2.0, 3.0, "Hola.")]}),
        ("captioned_ts", {"cc1": ENGLISH}),
        ("captioned_hevc", {"cc1": ENGLISH}),
        ("captioned_mpeg2", {"cc1": ENGLISH}),
        ("captioned_idle", {}),
    ],
)
def test_captions_in_the_picture_become_files_and_stay_in_no_rung(
    clip: str, said: dict[str, list[tuple[float, float, str]]], encoded: Callable[[str], Film]
) -> None:
    film = encoded(clip)
    assert planned(sample(clip))["expected"].get("captions", []) == [f"captions_{channel}.vtt" for channel in said]
    files = {path.name: parse(path.read_bytes()) for path in film.out.glob("*.vtt")}
    found = {name: [(cue.start, cue.end, cue.text) for cue in cues] for name, cues in files.items()}
    frame = 0.05  # encoders keep the times to a picture
    assert found == {
        f"captions_{channel}.vtt": [
            (pytest.approx(start, abs=frame), pytest.approx(end, abs=frame), text) for start, end, text in cues
        ]
        for channel, cues in said.items()
    }
    # A player that found them in the pictures too would list them twice.
    assert not any(b"GA94" in path.read_bytes() for path in film.out.glob("*.cmfv"))


def test_a_channel_without_text_does_not_stop_the_film(encoded: Callable[[str], Film]) -> None:
    film = encoded("captioned_empty")
    assert film.lengths() == {6.0}
    with pytest.raises(BrokenCaptions, match="no captions"):
        parse((film.out / "captions_cc1.vtt").read_bytes())


def test_the_cure_for_several_programs_works_to_the_letter(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        planned(sample("programs"))
    [cure] = re.findall(r"(ffmpeg .* ONE\.ts)$", str(refused.value))
    command = shlex.split(cure.replace("FILE", str(sample("programs"))).replace("ONE.ts", str(tmp_path / "ONE.ts")))
    subprocess.run([command[0], "-v", "error", *command[1:]], check=True, timeout=60)
    found = planned(tmp_path / "ONE.ts")
    assert [rendition["name"] for rendition in found["expected"]["renditions"]] == ["180p"]
    assert len(found["expected"]["sounds"]) == 1


def test_every_strange_clip_has_a_row_and_every_row_a_clip() -> None:
    text = (ROOT / "docs" / "sources.md").read_text()
    named = [line.rstrip(" |").rpartition("| ")[2] for line in text.splitlines() if line.startswith("| ")]
    rows = {name for cell in named if re.fullmatch(r"`\w+`(, `\w+`)*", cell) for name in re.findall(r"\w+", cell)}
    assert rows >= {Path(name).stem for name in STRANGE}
    assert rows <= {Path(name).stem for name in RECIPES}
