"""The flags of sound tracks in a film's own file, in the containers that ffmpeg writes."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lambdas.editions import matroska, mp4
from lambdas.editions.embedded import Read, SoundFlags
from tests.media_samples import sample


def film(path: Path, *dispositions: str) -> bytes:
    """A film with one sound track for each disposition, by ffmpeg's names."""
    inputs = [part for _ in dispositions for part in ("-f", "lavfi", "-i", "sine=d=1")]
    mapped = [part for at, _ in enumerate(dispositions, 1) for part in ("-map", str(at))]
    said = [part for at, name in enumerate(dispositions) for part in (f"-disposition:a:{at}", name)]
    source = ["-i", str(sample("silent")), *inputs, "-map", "0", *mapped, "-c:v", "copy", "-c:a", "aac"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *source, *said, "-t", "1", str(path)], check=True, timeout=60)
    return path.read_bytes()


@pytest.mark.parametrize("name", ["film.mkv", "film.mp4", "film.mov"])
def test_the_default_and_audio_description_are_the_files_own(name: str, tmp_path: Path) -> None:
    data = film(tmp_path / name, "0", "default", "visual_impaired")
    reader = matroska if name.endswith("mkv") else mp4
    found = reader.sounds(lambda at, length: data[at : at + length], len(data))
    assert [flags.default for flags in found] == [False, True, False]
    # ffmpeg does not write audio description into QuickTime's older format.
    assert [flags.description for flags in found] == [False, False, not name.endswith("mov")]


@pytest.mark.parametrize("reader", [matroska.sounds, mp4.sounds])
@pytest.mark.parametrize("data", [b"", b"RIFF", b"G@\0\x10" * 400, matroska.MAGIC])
def test_a_container_without_flags_gives_none(reader: Callable[[Read, int], list[SoundFlags]], data: bytes) -> None:
    assert reader(lambda at, length: data[at : at + length], len(data)) == []


@pytest.mark.parametrize(("tag", "described"), [(mp4.DESCRIPTIONS[1], True), (b"x" * 36, False)])
def test_apples_tag_is_read_too(tag: bytes, described: bool, tmp_path: Path) -> None:
    # Both tags have 36 bytes, as boxes state their length.
    data = film(tmp_path / "film.mp4", "default", "visual_impaired").replace(mp4.DESCRIPTIONS[0], tag)
    found = mp4.sounds(lambda at, length: data[at : at + length], len(data))
    assert found == [SoundFlags(default=True, description=False), SoundFlags(default=False, description=described)]
