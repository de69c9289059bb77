"""Caption files: the message that an owner gets, and the text that a player gets."""

import pytest

from lambdas.editions.text import LARGEST, BrokenCaptions, parse, webvtt, within

SRT = "1\n00:00:01,000 --> 00:00:02,500\nFirst\nline\n\n2\n01:02:03,004 --> 01:02:04,000\nSecond\n"


def texts(data: str | bytes) -> list[str]:
    return [cue.text for cue in parse(data if isinstance(data, bytes) else data.encode())]


def refusal(data: str | bytes) -> str:
    with pytest.raises(BrokenCaptions) as broken:
        parse(data if isinstance(data, bytes) else data.encode())
    return str(broken.value)


def test_subrip_becomes_webvtt() -> None:
    assert webvtt(parse(SRT.encode())) == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nFirst\nline\n\n01:02:03.004 --> 01:02:04.000\nSecond\n"
    )


def test_what_is_written_reads_the_same() -> None:
    written = webvtt(parse(SRT.encode()))
    assert webvtt(parse(written.encode())) == written


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_an_old_encoding_is_read(encoding: str) -> None:
    assert texts("1\n00:00:01,000 --> 00:00:02,000\nEin Käse, ça va\n".encode(encoding)) == ["Ein Käse, ça va"]


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_other_line_ends_are_read(newline: str) -> None:
    assert texts(SRT.replace("\n", newline)) == ["First\nline", "Second"]


def test_markup_of_other_players_goes_and_styles_stay() -> None:
    line = '{\\an8}<font color="#fff">A</font> <i>b</i> <U>c</U> <v Bob>d'
    [cue] = parse(f"1\n00:00:01,000 --> 00:00:02,000\n{line}\n".encode())
    assert (cue.text, cue.settings) == ("A <i>b</i> <u>c</u> d", " line:0")


def test_a_script_is_text() -> None:
    srt = "1\n00:00:01,000 --> 00:00:02,000\n<script>alert(1)</script><img src=x onerror=alert(1)> & --> x\n"
    assert texts(srt) == ["&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt; &amp; --&gt; x"]


def test_webvtt_keeps_places_and_loses_looks() -> None:
    blocks = ["WEBVTT Kind: captions", "STYLE\n::cue { color: red }", "NOTE x"]
    [cue] = parse("\n\n".join([*blocks, "intro\n00:01.000 --> 00:02.000 line:0 x:y\nA &amp; B"]).encode())
    assert (cue.start, cue.settings, cue.text) == (1.0, " line:0", "A &amp; B")


def test_empty_lines_within_a_caption_and_none_between_two() -> None:
    first, second, third = (f"00:00:0{n},000 --> 00:00:0{n + 1},000" for n in (1, 3, 5))
    assert texts(f"1\n{first}\na\n\nb\n2\n{second}\nc\n{third}\nd") == ["a\nb", "c", "d"]


def test_captions_in_any_order_and_one_over_another() -> None:
    srt = "1\n00:00:05,000 --> 00:00:09,000\nlater\n\n2\n00:00:01,000 --> 00:00:06,000\nearlier\n"
    assert texts(srt) == ["earlier", "later"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("", "no captions"),
        ("\n\n", "no captions"),
        ("WEBVTT\n\n", "no captions"),
        ("Dear reader,\nthis is a letter.", "Line 1: 'Dear reader,'"),
        (
            "1\n00:00:05,000 --> 00:00:04,000\nx\n",
            "Line 2: the caption begins at 00:00:05.000, but ends",
        ),
        ("WEBVTT\n\nNOTE\nx\n\n00:xx --> 00:02.000\ny\n", "Line 6: '00:xx --> 00:02.000'"),
        ("1\n00:00:01 --> 00:00:02\nx\n", "Line 2:"),
        (b"x" * (LARGEST + 1), "At most 5,000,000 are allowed"),
        (bytes(range(256)) * 8, "Line 1:"),
    ],
)
def test_a_broken_file_is_told_with_its_line(data: str | bytes, sentence: str) -> None:
    assert sentence in refusal(data)


def test_a_megabyte_is_read_at_once() -> None:
    srt = "".join(
        f"{n}\n00:{n // 60 % 60:02}:{n % 60:02},000 --> 00:{n // 60 % 60:02}:{n % 60:02},900\n{'x' * 900}\n\n"
        for n in range(1000)
    )
    assert len(texts(srt)) == 1000


def test_the_last_caption_ends_with_the_film() -> None:
    cues = within(parse(SRT.encode()), 2.0)
    assert [(cue.start, cue.end) for cue in cues] == [(1.0, 2.0)]


def test_captions_of_a_longer_film_are_refused() -> None:
    srt = "".join(f"{n}\n00:0{n}:00,000 --> 00:0{n}:02,000\nx\n\n" for n in range(9))
    with pytest.raises(BrokenCaptions, match=r"begins at 00:02:00.000, but the film ends at 00:01:30.000"):
        within(parse(srt.encode()), 90.0)
