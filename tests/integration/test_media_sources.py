"""Odd sources, which docs/sources.md lists: the right film is encoded in its full length, and manifests state that."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.test_media_encode import encode_locally, job_for
from tests.media_samples import sample


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


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADEND_X264_PRESET", "ultrafast")


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize(
    ("clip", "seconds", "size", "rate"),
    [
        ("still_first", 5.0, "640x360", 25),
        ("last_hold", 7.0, "640x360", 25),
        ("short_header", 7.0, "640x360", 30),
        ("clock_jump", 6.0, "640x360", 25),
        ("recorder", 3.0, "320x180", 30),
        ("long_sound", 2.52, "640x360", 25),
    ],
)
def test_the_film_is_what_was_meant(clip: str, seconds: float, size: str, rate: int, tmp_path: Path) -> None:
    film = Film(clip, tmp_path)
    assert all(length == pytest.approx(seconds, abs=0.1) for length in film.lengths()), film.lengths()
    assert max(film.lengths()) - min(film.lengths()) < 0.05, "picture and sound end together"
    assert f"RESOLUTION={size}" in film.master
    assert film.picture("r_frame_rate") == [f"{rate}/1"]
    [peak, average] = map(int, re.findall(r"BANDWIDTH=(\d+),AVERAGE-BANDWIDTH=(\d+)", film.master)[0])
    assert average <= peak < 2 * average


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize(("clip", "language"), [("german", "de"), ("landscape", "und")])
def test_the_sound_says_its_language_and_the_picture_its_colours(clip: str, language: str, tmp_path: Path) -> None:
    film = Film(clip, tmp_path)
    assert f'LANGUAGE="{language}"' in film.master
    assert film.picture("color_space", "color_transfer", "color_primaries") == ["bt709"] * 3
