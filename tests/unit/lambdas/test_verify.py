"""Verify: it finds faults of renditions before a viewer would meet them."""

import io
import json
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.response import StreamingBody

from lambdas import playlist
from lambdas.editions import film, writer
from lambdas.refusals import RenditionsIncomplete, SourceMoved, SourceTruncated
from lambdas.shapes import Expected, Title
from lambdas.verify import core, fill, handler
from tests.unit.lambdas.conftest import Stub, an_expectation, is_current

Files = dict[str, str]
DESCRIBES = "public.accessibility.describes-video"
PREFIX = "v/ab/films-apollo/0123456789ab"


def a_playlist(name: str, kind: str, *, durations: tuple[float, ...] = (6.006, 6.006, 0.988)) -> Files:
    segments = [f"{name}_{number:09}.{kind}" for number in range(1, len(durations) + 1)]
    lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-TARGETDURATION:6", f'#EXT-X-MAP:URI="{name}init.{kind}"']
    for duration, segment in zip(durations, segments, strict=True):
        lines += [f"#EXTINF:{duration},", segment]
    text = "\n".join([*lines, "#EXT-X-ENDLIST", ""])
    return {f"{name}.m3u8": text, f"{name}init.{kind}": "x", **dict.fromkeys(segments, "x")}


def the_renditions(expected: Expected) -> Files:
    """All files of a version, as MediaConvert writes them."""
    master = ["#EXTM3U", "#EXT-X-INDEPENDENT-SEGMENTS"]
    files = {"index.mpd": "<MPD/>", **{f"poster.{number:07}.jpg": "x" * (20 - number) for number in range(11)}}
    for sound in expected["sounds"]:
        said = f'LANGUAGE="{sound["language"]}",NAME="a, b=c",DEFAULT=YES,URI="{sound["playlist"]}"'
        said += f',CHARACTERISTICS="{DESCRIBES}"' if sound["description"] else ""
        said += f',CHANNELS="{sound.get("channels", 2)}"'
        master.append(f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",{said}')
        files |= a_playlist(sound["playlist"].removesuffix(".m3u8"), "cmfa", durations=(6.016, 6.016, 0.96))
    for rung in expected["renditions"]:
        size = f"{rung['width']}x{rung['height']}"
        bandwidth = rung["height"]
        master.append(
            f'#EXT-X-STREAM-INF:BANDWIDTH={bandwidth},CODECS="avc1.640028,mp4a.40.2",RESOLUTION={size},AUDIO="audio"'
        )
        master.append(rung["playlist"])
        files |= a_playlist(rung["playlist"].removesuffix(".m3u8"), "cmfv")
    master.append('#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=1,RESOLUTION=240x136,CODECS="jpeg",URI="some images.m3u8"')
    master.append('#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,CODECS="avc1.640028",URI="some frames.m3u8"')
    files |= {"some images.m3u8": IMAGES, "sheet 1.jpg": "x", "sheet 2.jpg": "x"}
    last = expected["renditions"][-1]["playlist"].removesuffix(".m3u8")
    frames = a_playlist(last, "cmfv")[f"{last}.m3u8"].replace("#EXTINF", "#EXT-X-BYTERANGE:80@90\n#EXTINF")
    return {**files, "some frames.m3u8": frames, "index.m3u8": "\n".join(master)}


# The example of the Image Media Playlist specification, with other names, since no name is a convention.
IMAGES = """#EXTM3U
#EXT-X-TARGETDURATION:9
#EXT-X-IMAGES-ONLY
#EXT-X-PLAYLIST-TYPE:VOD
#EXTINF:9,
#EXT-X-TILES:RESOLUTION=240x136,LAYOUT=3x3,DURATION=1
sheet 1.jpg
#EXTINF:4,
#EXT-X-TILES:RESOLUTION=240x136,LAYOUT=3x3,DURATION=1
sheet 2.jpg
#EXT-X-ENDLIST
"""


def check(expected: Expected, files: Files) -> Any:
    return core.verify(PREFIX, expected, {name: len(text) for name, text in files.items()}, files)


@pytest.fixture
def expected() -> Expected:
    return an_expectation(720, 360)


@pytest.fixture
def files(expected: Expected) -> Files:
    return the_renditions(expected)


def test_whole_renditions_are_published_as_they_are(title: Title, expected: Expected, files: Files) -> None:
    assert check(expected, files) == {
        "duration": 13.0,
        "width": 1280,
        "height": 720,
        "renditions": ["720p", "360p"],
        "still": f"/{PREFIX}/poster.0000002.jpg",
        "opening": {
            "rungs": [{"bandwidth": short, "files": opened(f"index_v{short}p", "cmfv")} for short in (360, 720)],
            "sounds": [{"language": "und", "files": opened("index_a128", "cmfa")}],
        },
    }


def opened(name: str, kind: str) -> list[str]:
    return [f"{name}.m3u8", f"{name}init.{kind}", f"{name}_000000001.{kind}"]


def test_a_silent_film(title: Title) -> None:
    silent = an_expectation(360, languages=())
    found = check(silent, the_renditions(silent))
    assert (found["renditions"], found["opening"]["sounds"]) == (["360p"], [])


@pytest.mark.parametrize(("kept", "chosen"), [(11, 5), (6, 5), (5, 2), (3, 2), (2, 1), (1, 0)])
def test_the_poster_is_the_still_with_most_to_see_after_the_films_beginning(
    title: Title, expected: Expected, files: Files, kept: int, chosen: int
) -> None:
    # A film that starts with a detailed logo. Then it is black, then blurred, then sharp.
    files |= {"poster.0000001.jpg": "x" * 90, "poster.0000003.jpg": "x", "poster.0000005.jpg": "x" * 80}
    for number in range(kept, 11):
        del files[f"poster.{number:07}.jpg"]
    assert check(expected, files)["still"] == f"/{PREFIX}/poster.{chosen:07}.jpg"


@pytest.mark.parametrize("languages", [(), ("und",), ("en", "de", "en")])
def test_any_missing_or_empty_file_is_noticed(title: Title, languages: tuple[str, ...]) -> None:
    expected = an_expectation(720, 360, languages=languages)
    whole = the_renditions(expected)
    needed = [name for name in whole if not name.startswith("poster")]
    assert len(needed) == 2 + (2 + len(languages)) * 5 + 3 + 1
    for name in needed:
        with pytest.raises(RenditionsIncomplete, match=f"{name} is missing"):
            check(expected, {other: text for other, text in whole.items() if other != name})
        with pytest.raises(RenditionsIncomplete, match=f"{name} is empty"):
            check(expected, {**whole, name: ""})


def damage(name: str, old: str, new: str = "") -> Callable[[Files], None]:
    def apply(files: Files) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new)

    return apply


@pytest.mark.parametrize(
    ("damaged", "words"),
    [
        (damage("index.m3u8", "\nindex_v360p.m3u8"), "does not list index_v360p.m3u8"),
        (damage("index.m3u8", 'URI="index_a128.m3u8"'), "does not list the sound"),
        (damage("index.m3u8", 'LANGUAGE="und"', 'LANGUAGE="de"'), "'de' for index_a128.m3u8. 'und' was ordered"),
        (damage("index.m3u8", 'CHANNELS="2"', 'CHANNELS="6"'), "says that index_a128.m3u8 has 6 channels"),
        (damage("index.m3u8", "IMAGE-STREAM", "IMAGINED"), "lists no previews"),
        (damage("index.m3u8", "I-FRAME", "INVENTED"), "lists no I-frames"),
        (damage("some images.m3u8", "sheet 2.jpg", "sheet 3.jpg"), "sheet 3.jpg is missing"),
        (damage("some images.m3u8", "sheet", "#"), "is incomplete"),
        (damage("some images.m3u8", "#EXTINF:9", "#EXTINF:6"), "some images.m3u8 ends after 10.0 of 13.0 s"),
        (damage("some frames.m3u8", "#EXT-X-ENDLIST"), "is incomplete"),
        (damage("some frames.m3u8", "#EXTINF:6.006", "#EXTINF:1"), "some frames.m3u8 ends after 3.0 of 13.0 s"),
        (damage("index_v720p.m3u8", "#EXT-X-ENDLIST"), "is incomplete"),
        (damage("index_v360p.m3u8", "index_v360p_000000003.cmfv", "../../other/1.cmfv"), "missing"),
    ],
)
def test_a_playlist_that_would_stop_a_player(
    title: Title, expected: Expected, files: Files, damaged: Callable[[Files], None], words: str
) -> None:
    damaged(files)
    with pytest.raises(RenditionsIncomplete, match=words):
        check(expected, files)


def test_no_poster(title: Title, expected: Expected, files: Files) -> None:
    kept = {name: text for name, text in files.items() if not name.startswith("poster")}
    with pytest.raises(RenditionsIncomplete, match="poster"):
        check(expected, {**kept, "poster.jpg": "x", "poster.0000001.jpg": ""})


def test_a_source_that_ends_early_is_the_sources_fault(title: Title, files: Files) -> None:
    with pytest.raises(SourceTruncated, match=r"lasts 26\.0 s, but its picture ends after 13\.0 s"):
        check(an_expectation(720, 360, duration=26.0), files)


def test_a_stream_whose_clock_jumped_is_as_long_as_its_renditions(title: Title, files: Files) -> None:
    reckoned: Expected = {**an_expectation(720, 360, duration=26.0), "reckoned": True}
    assert check(reckoned, files)["duration"] == 13.0


def test_one_rung_that_ends_early_is_ours(title: Title, expected: Expected, files: Files) -> None:
    files |= a_playlist("index_v360p", "cmfv", durations=(6.006, 2.0))
    with pytest.raises(RenditionsIncomplete, match=r"index_v360p\.m3u8 ends after 8\.0 of 13\.0 s"):
        check(expected, files)


@pytest.mark.parametrize(("duration", "whole"), [(13.9, True), (14.1, False), (12.0, True)])
def test_containers_may_round(title: Title, files: Files, duration: float, whole: bool) -> None:
    expected = an_expectation(720, 360, duration=duration)
    if whole:
        assert check(expected, files)["duration"] == 13.0
    else:
        with pytest.raises(SourceTruncated):
            check(expected, files)


def test_audio_description_must_be_marked_as_ordered(title: Title) -> None:
    expected = an_expectation(360, languages=("en", "en"))
    expected["sounds"][1]["description"] = True
    files = the_renditions(expected)
    assert check(expected, files)["duration"] == 13.0
    damage("index.m3u8", DESCRIBES, "public.easy-to-read")(files)
    with pytest.raises(RenditionsIncomplete, match=r"marks index_a128_2\.m3u8 as audio description: False"):
        check(expected, files)


@pytest.mark.parametrize(
    ("ordered", "stated"),
    [("de", "de"), ("de", "deu"), ("de", "ger"), ("pt-BR", "pt-BR"), ("und", "und"), ("und", "")],
)
def test_a_language_may_be_written_in_any_standard_way(title: Title, ordered: str, stated: str) -> None:
    expected = an_expectation(360, languages=("en", ordered))
    files = the_renditions(expected)
    damage("index.m3u8", f'LANGUAGE="{ordered}"', f'LANGUAGE="{stated}"' if stated else 'CHANNELS="2"')(files)
    assert check(expected, files)["duration"] == 13.0


def test_each_language_lasts_as_long_as_the_film(title: Title) -> None:
    expected = an_expectation(360, languages=("en", "de"))
    files = the_renditions(expected) | a_playlist("index_a128_2", "cmfa", durations=(6.016,))
    with pytest.raises(RenditionsIncomplete, match=r"index_a128_2\.m3u8 ends after 6\.0 of 13\.0 s"):
        check(expected, files)


def test_a_quoted_comma_is_no_end_of_an_attribute() -> None:
    assert playlist.multivariant('#EXT-X-MEDIA:TYPE=AUDIO,NAME="a,URI=b",URI="c.m3u8"').audio == {
        "c.m3u8": ("", "a,URI=b", "", "")
    }


def test_the_caches_get_what_players_read_first_and_then_all_rungs_in_the_order_of_the_film() -> None:
    files = a_playlist("hi", "cmfv", durations=(100.0,) * 3) | a_playlist("lo", "cmfv", durations=(100.0,) * 3)
    files |= {"index.mpd": "<MPD/>", "index.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhi.m3u8\n"}
    texts = {name: text for name, text in files.items() if name.endswith(".m3u8")}
    found = fill.fill_list({name: len(text) for name, text in files.items()}, texts, "")
    names = [name for name, _ in found["files"]]
    assert sorted(names) == sorted(files)
    assert {"index.mpd", "index.m3u8", "hi.m3u8", "lo.m3u8", "hiinit.cmfv", "loinit.cmfv"} < set(names[:8])
    assert names[6:8] == ["lo_000000001.cmfv", "loinit.cmfv"]
    # Segments that begin after three minutes are not urgent any more.
    assert names[8:10] == ["hi_000000002.cmfv", "lo_000000002.cmfv"]
    assert (found["head"], names[10:]) == (10, ["hi_000000003.cmfv", "lo_000000003.cmfv"])
    assert dict(found["files"])["index.mpd"] == len("<MPD/>")


def test_caches_get_only_the_poster_of_all_stills() -> None:
    files = a_playlist("hi", "cmfv", durations=(6.0,))
    sizes = {name: len(text) for name, text in files.items()} | {f"poster.000000{n}.jpg": 9 for n in range(3)}
    texts = {name: text for name, text in files.items() if name.endswith(".m3u8")}
    found = fill.fill_list(sizes, texts, f"/{PREFIX}/poster.0000001.jpg")
    assert [name for name, _ in found["files"] if name.endswith(".jpg")] == ["poster.0000001.jpg"]
    assert {name for name, _ in found["files"]} > set(files)


def s3_holds(stub: Stub, title: Title, files: Files, read: list[str]) -> None:
    s3 = stub("s3")
    is_current(stub, title)
    keys = [{"Key": f"{PREFIX}/{name}", "Size": len(text)} for name, text in files.items()]
    asked = {"Bucket": "media", "Prefix": f"{PREFIX}/"}
    s3.add_response("list_objects_v2", {"Contents": keys[:5], "IsTruncated": True, "NextContinuationToken": "2"}, asked)
    s3.add_response("list_objects_v2", {"Contents": keys[5:]}, {**asked, "ContinuationToken": "2"})
    for name in read:
        body = StreamingBody(io.BytesIO(files[name].encode()), len(files[name]))
        s3.add_response("get_object", {"Body": body}, {"Bucket": "media", "Key": f"{PREFIX}/{name}"})


def test_the_lambda_reads_playlists_and_lists_the_rest(
    title: Title, expected: Expected, files: Files, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = ["index.m3u8", "index_v720p.m3u8", "index_v360p.m3u8", "index_a128.m3u8"]
    read += ["some images.m3u8", "some frames.m3u8"]
    s3_holds(stub, title, files, read)
    texts = {name: files[name] for name in read}
    listed = fill.fill_list({name: len(text) for name, text in files.items()}, texts, f"/{PREFIX}/poster.0000002.jpg")
    stub("s3").add_response(
        "put_object",
        {},
        {
            "Bucket": "media",
            "Key": "v/fill/ab/films-apollo/0123456789ab.json",
            "Body": json.dumps(listed, separators=(",", ":")).encode(),
            "ContentType": "application/json",
            "IfNoneMatch": "*",
        },
    )
    # Captions beside and inside of a film have their own tests.
    beside = {"manifests": PREFIX, "captions": [], "poster": "/p.jpg", "notes": ["beside"]}
    monkeypatch.setattr(film, "remarks", Mock(return_value=["the end"]))
    monkeypatch.setattr(writer, "take_embedded", Mock(return_value=["inside"]))
    monkeypatch.setattr(writer, "write", Mock(return_value=beside))
    found = handler.handle({"title": title, "prefix": PREFIX, "expected": expected}, None)
    assert (found["renditions"], found["manifests"]) == (["720p", "360p"], PREFIX)
    # They have their own attributes, since a later caption file writes its notes over the earlier ones.
    assert (found["remarks"], found["notes"]) == (["the end", "inside"], ["beside"])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n", None),
        (b"WEBVTT\n\n00:01.000 --> 99:00.000\nHello\n", None),
        (b"WEBVTT\n", "The file holds no captions."),
        (None, "The file holds no captions."),
        (b"WEBVTT\n\n90:00.000 --> 99:00.000\nHello\n", "but the film ends at 00:01:00.000"),
    ],
)
def test_captions_of_the_picture_are_shown_or_their_lack_is_told(
    title: Title, stub: Stub, data: bytes | None, said: str | None
) -> None:
    if data is not None:
        body = StreamingBody(io.BytesIO(data), len(data))
        stub("s3").add_response("get_object", {"Body": body}, {"Bucket": "media", "Key": f"{PREFIX}/captions_cc1.vtt"})
    if said is None:
        end = b"00:00:02" if b"00:02" in (data or b"") else b"00:01:00"  # they end with the film
        written = {
            "Bucket": "media",
            "Key": f"{PREFIX}/embedded.cc1.vtt",
            "Body": b"WEBVTT\n\n00:00:01.000 --> " + end + b".000\nHello\n",
            "ContentType": "text/vtt; charset=utf-8",
            "IfNoneMatch": "*",
        }
        stub("s3").add_response("put_object", {}, written)
    problems = writer.take_channels(title, PREFIX, {"captions_cc1.vtt": len(data or b"")}, 60.0)
    assert len(problems) == bool(said)
    for problem in problems:
        assert str(said) in problem
        assert "(CC1)" in problem
        assert problem.endswith("for example as Apollo.en.sdh.srt.")


def test_a_moved_source_is_noticed_before_anything_is_read(title: Title, expected: Expected, stub: Stub) -> None:
    is_current(stub, {**title, "source": "newer"})
    with pytest.raises(SourceMoved):
        handler.handle({"title": title, "prefix": PREFIX, "expected": expected}, None)
