"""`headend upload` knows which files are films, their keys, and the parts that S3 already has."""

import hashlib
from pathlib import Path

import pytest

from operate import beside
from operate.screen import Refusal
from operate.upload import MEBIBYTE, MOST_PARTS, Film, content, films, missing, parts


def film(folder: Path, name: str, size: int = 3) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((bytes(range(251)) * (size // 251 + 1))[:size])
    return path


def test_a_file_goes_by_its_name_and_a_folder_keeps_its_own(tmp_path: Path) -> None:
    one = film(tmp_path, "elsewhere/My Film.mp4")
    for name in ("season 1/01.mkv", "season 1/extras/Making of.MOV", "season 1/notes.txt", "season 1/.hidden/x.mp4"):
        film(tmp_path, name)
    found, skipped = films([one, tmp_path / "season 1"])
    assert [item.key for item in found] == ["My Film.mp4", "season 1/01.mkv", "season 1/extras/Making of.MOV"]
    assert [item.named["id"] for item in found] == ["my-film", "season-1-01", "season-1-extras-making-of"]
    assert [path.name for path in skipped] == ["notes.txt"]


def test_a_folder_that_is_named_by_a_dot_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film(tmp_path, "season/01.mp4")
    monkeypatch.chdir(tmp_path / "season")
    assert [item.key for item in films([Path()])[0]] == ["season/01.mp4"]


@pytest.mark.parametrize(
    ("names", "given", "says"),
    [
        ([], "no.mp4", "no.mp4: there is no such file"),
        (["a/notes.txt"], "a", "a: this folder has no film. Films end in one of: 3g2, "),
        (["a/My Film.mp4", "a/My Film.mov"], "a", "have the name of one film. Rename one"),
        (["notes.txt"], "notes.txt", "'notes.txt' is not the name of a film"),
    ],
)
def test_a_path_that_cannot_be_uploaded_is_named(tmp_path: Path, names: list[str], given: str, says: str) -> None:
    for name in names:
        film(tmp_path, name)
    with pytest.raises(Refusal) as refused:
        films([tmp_path / given])
    assert says in str(refused.value)


def test_a_file_that_is_named_twice_is_sent_once(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x")
    found, _ = films([path, path])
    assert [film.key for film in found] == ["a.mp4"]


def test_an_empty_file_and_a_key_that_s3_does_not_take(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="the file is empty"):
        films([film(tmp_path, "empty.mp4", 0)])
    film(tmp_path, f"{'d' * 200}/{'e' * 200}/{'f' * 200}/{'g' * 200}/{'h' * 240}.mp4")
    with pytest.raises(Refusal, match=r"its key has 1048 bytes\. S3 allows 1024"):
        films([tmp_path / ("d" * 200)])


@pytest.mark.parametrize("size", [1, 16 * MEBIBYTE, 16 * MEBIBYTE + 1, 200 * 10**9, 50 * 10**12])
def test_parts_cover_a_file_once_and_s3_accepts_them(size: int) -> None:
    cut = parts(size)
    assert [part.number for part in cut] == list(range(1, len(cut) + 1))
    assert [part.start for part in cut[1:]] == [part.start + part.size for part in cut[:-1]]
    assert sum(part.size for part in cut) == size
    assert len(cut) <= MOST_PARTS
    assert all(5 * MEBIBYTE <= part.size <= 5 << 30 for part in cut[:-1])


def test_only_missing_or_different_parts_are_sent(tmp_path: Path) -> None:
    path = film(tmp_path, "a.mp4", 3 * 16 * MEBIBYTE + 5)
    whole = Film(path, "a.mp4", path.stat().st_size)
    kept = {
        part.number: (f'"{hashlib.md5(content(whole, part), usedforsecurity=False).hexdigest()}"', part.size)
        for part in parts(whole.size)
    }
    assert list(missing(whole, kept)) == []
    kept[2] = (kept[1][0].replace("a", "b"), kept[2][1])
    kept[4] = (kept[4][0], 4)
    del kept[3]
    assert [part.number for part in missing(whole, kept)] == [2, 3, 4]


def test_a_file_that_is_cut_meanwhile(tmp_path: Path) -> None:
    path = film(tmp_path, "a.mp4", 100)
    whole = Film(path, "a.mp4", 200)
    with pytest.raises(Refusal, match="became shorter while it was read"):
        content(whole, parts(200)[0])


def test_files_beside_a_film_are_uploaded_with_it(tmp_path: Path) -> None:
    names = ["season/01.mp4", "season/01.de.vtt", "season/01.en.sdh.srt", "season/01.jpg", "season/01.rubbish.vtt"]
    for name in [*names, "season/02.de.vtt", "season/cover.jpg", "season/notes.txt"]:
        film(tmp_path, name)
    film(tmp_path, "season/01.fr.vtt", 0)
    [whole], _ = films([tmp_path / "season"])
    found = {item.key: why_not for item, why_not in beside.of(whole)}
    assert found == {
        "season/01.de.vtt": "",
        "season/01.en.sdh.srt": "",
        "season/01.jpg": "",
        "season/01.fr.vtt": "it is empty",
        "season/01.rubbish.vtt": "'rubbish' is neither a language nor a role",
    }
    [alone], _ = films([tmp_path / "season/01.mp4"])
    assert next(beside.of(alone))[0].key == "01.de.vtt"
