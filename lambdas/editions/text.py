"""Caption files as text: SubRip and WebVTT in, WebVTT out. Pure.

What comes in is somebody's file: in any old encoding, with markup of many kinds. What goes out is a WebVTT file that
holds nothing but times, plain text and the three styles that every player knows.
"""

import html
import re
from typing import NamedTuple

LARGEST = 5_000_000
"""Bytes. A three-hour film with captions for the deaf has about 300 kB."""
MOST_CUES = 20_000

_TIME = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(.*)")
_SETTING = re.compile(r"(?:align|line|position|size|vertical):[\w%.,-]{1,30}")
_BLOCKS = ("NOTE", "STYLE", "REGION")
"""What a WebVTT file may hold besides cues. Styles are left out: a page must not take its looks from an upload."""
_STYLE = re.compile(r"&lt;(/?[ibu])&gt;", re.IGNORECASE)
_MARKUP = re.compile(
    r"</?(?:c|v|ruby|rt|lang|font|span)(?:[ .][^>\n]{0,200})?>|<\d[\d:.]*>|\{\\[^}\n]{0,200}\}", re.IGNORECASE
)
"""Markup of WebVTT (classes, voices, times), SubRip (fonts) and SubStation Alpha (braces) that is taken out."""
_TOP = re.compile(r"\{\\an[789]\}|\{\\a[567]\}")
"""SubStation Alpha's way to say "at the top", which SubRip files use too."""


class Cue(NamedTuple):
    """One caption: seconds from the film's start, WebVTT's settings, and its lines as WebVTT escapes them."""

    start: float
    end: float
    settings: str
    text: str


class BrokenCaptions(Exception):
    """A file cannot be read as captions. The message is a sentence for its owner, and names the line."""


def parse(data: bytes) -> list[Cue]:
    """The cues of a SubRip or WebVTT file, by their start. Raises BrokenCaptions."""
    if len(data) > LARGEST:
        raise BrokenCaptions(f"The file has {len(data):,} bytes. Allowed are {LARGEST:,}.")
    lines = re.split(r"\r\n|\r|\n", decode(data))
    is_vtt = bool(lines) and re.fullmatch(r"WEBVTT([ \t].*)?", lines[0]) is not None
    cues: list[Cue] = []
    number = _after_header(lines) if is_vtt else 0
    while number < len(lines):
        block, number = _block(lines, number)
        cue = _cue(block, is_vtt=is_vtt)
        if cue is not None:
            cues.append(cue)
        elif block and not cues and not is_vtt:
            line, text = block[0]
            raise BrokenCaptions(f"Line {line}: {text[:60]!r} is no time such as 00:01:02,500 --> 00:01:04,000.")
        elif block and cues and not is_vtt:
            # Many SubRip files hold empty lines within a caption.
            cues[-1] = cues[-1]._replace(text=f"{cues[-1].text}\n{_text([text for _, text in block], is_vtt=False)}")
    cues = [cue for cue in cues if cue.text]
    if not cues:
        raise BrokenCaptions("The file holds no captions.")
    if len(cues) > MOST_CUES:
        raise BrokenCaptions(f"The file holds {len(cues):,} captions. Allowed are {MOST_CUES:,}.")
    return sorted(cues, key=lambda cue: cue.start)


def decode(data: bytes) -> str:
    """The text of a file that does not say how it is encoded: Unicode where it is that, else Windows' Western set."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def plain(start: float, end: float, text: str) -> Cue:
    """A cue of text that nothing has escaped, as films hold it."""
    settings = " line:0" if _TOP.search(text) else ""
    return Cue(start, end, settings, _text(re.split(r"\r\n|\r|\n", text), is_vtt=False))


def within(cues: list[Cue], duration: float) -> list[Cue]:
    """The cues of a film that lasts `duration` seconds: the last one ends with it. Raises BrokenCaptions.

    Credits and advertisements after the end are common, and left out. Where most of the file lies there, it is another
    film's, or another cut's.
    """
    kept = [cue._replace(end=min(cue.end, duration)) for cue in cues if cue.start < duration]
    if len(kept) * 2 < len(cues):
        late = clock(cues[len(kept)].start)
        raise BrokenCaptions(
            f"A caption begins at {late}, but the film ends at {clock(duration)}. Is it another film's?"
        )
    return kept


def webvtt(cues: list[Cue]) -> str:
    """The file that players get."""
    blocks = [f"{clock(cue.start)} --> {clock(cue.end)}{cue.settings}\n{cue.text}\n" for cue in cues]
    return "\n".join(["WEBVTT\n", *blocks])


def clock(seconds: float) -> str:
    """`3725.5` -> `01:02:05.500`."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


def _after_header(lines: list[str]) -> int:
    """The first line after WebVTT's own block."""
    return next((number for number, line in enumerate(lines) if not line.strip()), len(lines))


def _block(lines: list[str], number: int) -> tuple[list[tuple[int, str]], int]:
    """The lines up to the next empty one, each with its number as an editor shows it; and where the next block is."""
    block: list[tuple[int, str]] = []
    while number < len(lines) and not lines[number].strip():
        number += 1
    while number < len(lines) and lines[number].strip():
        ahead = lines[number + 1] if number + 1 < len(lines) else ""
        timed = len(block) > 1 or any("-->" in text for _, text in block)
        # A file that lost its empty lines: the next caption's number, or its time, ends this one.
        if (timed and _TIMING.fullmatch(lines[number])) or (
            block and lines[number].strip().isdigit() and _TIMING.fullmatch(ahead)
        ):
            break
        block.append((number + 1, lines[number]))
        number += 1
    return block, number


def _cue(block: list[tuple[int, str]], *, is_vtt: bool) -> Cue | None:
    """The cue of a block; None where it holds none. Raises BrokenCaptions for a time that cannot be."""
    if is_vtt and block and block[0][1].split(maxsplit=1)[0] in _BLOCKS:
        return None
    at = next((index for index, (_, text) in enumerate(block[:2]) if "-->" in text), None)
    if at is None:
        return None
    line, written = block[at]
    timing = _TIMING.fullmatch(written)
    if timing is None:
        raise BrokenCaptions(f"Line {line}: {written[:60]!r} is no time such as 00:01:02.500 --> 00:01:04.000.")
    start, end = _seconds(timing.groups()[:4]), _seconds(timing.groups()[4:8])
    if end <= start:
        raise BrokenCaptions(f"Line {line}: the caption ends at {clock(end)}, before it begins at {clock(start)}.")
    texts = [text for _, text in block[at + 1 :]]
    settings = _SETTING.findall(timing.group(9)) if is_vtt else []
    if any(_TOP.search(text) for text in texts):
        settings = ["line:0"]
    return Cue(start, end, "".join(f" {setting}" for setting in settings), _text(texts, is_vtt=is_vtt))


def _seconds(groups: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in groups)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000


def _text(lines: list[str], *, is_vtt: bool) -> str:
    """Lines as WebVTT: markup that players do not share is taken out, and what is left is text and never code."""
    plain = (_MARKUP.sub("", line) for line in lines)
    # WebVTT's text is escaped already; what it means is escaped anew, so that `&` and `&amp;` come out the same.
    escaped = (html.escape(html.unescape(line) if is_vtt else line, quote=False) for line in plain)
    styled = (_STYLE.sub(lambda tag: f"<{tag[1].lower()}>", _shown(line)).strip() for line in escaped)
    return "\n".join(line for line in styled if line)


def _shown(line: str) -> str:
    """Without control characters, which a player would draw as boxes."""
    return "".join(character for character in line if character >= " ")
