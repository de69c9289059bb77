"""Identify: which title an upload is, whatever somebody called the file."""
# ruff: noqa: RUF001 - these tests need letters that look like others

import random
import re

import pytest

from lambdas.identify import handler
from lambdas.refusals import NotAFilm
from lambdas.shapes import Title

ALPHABET = "abcXYZ019 ._-/+%&?#'\"\\<>|*:;~^`{}[]()=,@!$\t\nåäöéß½ﬁ電影日本Москваفيلم🎬👩‍👩‍👧\u202e\u200d\u0301\x00\x7f"


def title(key: str, sequencer: str = "0065A1") -> Title:
    upload = {"bucket": "uploads", "key": key, "etag": "abc", "size": 10.0, "sequencer": sequencer}
    upload |= {"version_id": "v1", "time": "2026-11-22T12:00:00Z"}
    return handler.handle(upload, None)  # pyright: ignore[reportArgumentType] - JSON's numbers are floats


@pytest.mark.parametrize(
    ("key", "title_id", "name"),
    [
        ("films/My Film.mp4", "films-my-film", "My Film"),
        ("film.mp4", "film", "film"),
        ("FILM.MP4", "film", "FILM"),
        ("/film.mov", "film", "film"),
        ("../../etc/passwd.mp4", "etc-passwd", "passwd"),
        ("Apollo.13", "apollo-13", "Apollo.13"),
        ("Apollo.11.mkv", "apollo-11", "Apollo.11"),
        ("notes.one", "notes-one", "notes.one"),
        ('a+b c%20d\'s "e".mp4', "a-b-c-20d-s-e", 'a+b c%20d\'s "e"'),
        ("résumé.mp4", "resume", "résumé"),
        ("<script>alert(1)</script>.mp4", "script-alert-1-script", "script>"),
    ],
)
def test_ids_and_names(key: str, title_id: str, name: str) -> None:
    assert (title(key)["id"], title(key)["name"]) == (title_id, name)


def test_the_key_stays_as_it_is() -> None:
    """EventBridge does not encode keys. A decoded key would be that of another object."""
    found = title("a+b%2Fc d.mp4")
    assert (found["key"], found["uri"]) == ("a+b%2Fc d.mp4", "s3://uploads/a+b%2Fc d.mp4")


def test_any_key_gives_an_id_that_is_safe_everywhere() -> None:
    source = random.Random(1)  # noqa: S311
    for _ in range(3000):
        try:
            found = title("".join(source.choices(ALPHABET, k=source.randint(1, 200))))
        except NotAFilm:
            continue
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", found["id"])
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", found["other"])
        assert max(len(found["id"]), len(found["other"])) <= 80
        assert 1 <= len(found["name"]) <= 200
        assert not re.search(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]", found["name"])


def test_two_films_never_share_an_id_where_letters_were_lost() -> None:
    keys = ["電影.mp4", "映画.mp4", "🎬.mp4", "🎞.mp4", "Straße.mp4", "Strae.mp4", "---.mp4", "___.mp4", "фильм.mp4"]
    keys += ["a" * 90 + ending + ".mp4" for ending in ("", "b", "c")]
    assert len({title(key)["id"] for key in keys}) == len(keys)


def test_what_shares_an_id_can_be_told_apart() -> None:
    """The claim compares `stem`, so a film cannot replace another one whose name differs only in a capital letter."""
    source = random.Random(2)  # noqa: S311
    keys = {"a" + "".join(source.choices("aA -_éE/", k=source.randint(1, 5))) + "a.mp4" for _ in range(3000)}
    found = [title(key) for key in keys]
    assert len({(each["id"], each["stem"]) for each in found}) == len(keys)
    assert len({each["id"] for each in found}) < len(keys)
    assert len({each["other"] for each in found}) == len(keys)


def test_another_container_is_the_same_film() -> None:
    assert (title("a.mp4")["id"], title("a.mp4")["stem"]) == (title("a.MOV")["id"], title("a.MOV")["stem"])


def test_joined_emoji_and_persian_survive_in_the_name() -> None:
    assert title("👩‍👩‍👧 می\u200cخواهم.mp4")["name"] == "👩‍👩‍👧 می\u200cخواهم"


def test_a_name_is_short_enough_for_a_page() -> None:
    assert title("long " * 180 + ".mp4")["name"] == "long " * 39 + "long"


def test_a_name_cannot_turn_the_line_around() -> None:
    assert title("holiday\u202e4pm.exe.mp4")["name"] == "holiday 4pm.exe"


def test_a_mac_and_a_pc_spell_one_film() -> None:
    """NFD and NFC are two keys for S3, but the same name for people."""
    apart, together = title("Cafe\u0301.mp4"), title("Caf\u00e9.mp4")
    assert apart["key"] != together["key"]
    assert (apart["id"], apart["stem"], apart["name"]) == (together["id"], together["stem"], together["name"])


@pytest.mark.parametrize(
    "key",
    [
        "films/._movie.mp4",
        "films/.DS_Store",
        "films/.hidden.mp4",
        ".mp4",
        "Thumbs.db",
        "desktop.ini",
        "films/",
        "films/...",
        "....mp4",
        "films/. .mp4",
        "__MACOSX/films/movie.mp4",
        "films/movie.srt",
        "films/movie.JPG",
        "films/movie.nfo",
        "films/movie.mp4.part",
    ],
)
def test_files_beside_films_are_not_titles(key: str) -> None:
    with pytest.raises(NotAFilm):
        title(key)


@pytest.mark.parametrize("key", ["films/movie", "movie.mp4", "notes.mp4", "a._b.mp4", "films.jpg/movie.mp4"])
def test_what_may_be_a_film_is_looked_at(key: str) -> None:
    assert title(key)["key"] == key


@pytest.mark.parametrize(("older", "newer"), [("81E5FF", "81E6"), ("E5AA", "E6"), ("0065A1", "0065A10001")])
def test_events_sort_as_s3_means(older: str, newer: str) -> None:
    """The shorter is padded on the right with zeros: Amazon S3 user guide, "Event ordering and duplicate events"."""
    assert title("a.mp4", sequencer=older)["sequencer"] < title("a.mp4", sequencer=newer)["sequencer"]
    once = title("a.mp4", sequencer=older)["sequencer"]
    assert title("a.mp4", sequencer=once)["sequencer"] == once, "a request to play sends it back padded"
