"""Caption files as text: SubRip and WebVTT in, WebVTT out. Pure.

The input is a person's file, in any text encoding and with many kinds of markup. The output is a WebVTT file with only
times, plain text and the three styles that every player knows.
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
"""Blocks of a WebVTT file that are not cues. Styles are left out, so that an upload cannot change how the page
looks."""
_STYLE = re.compile(r"&lt;(/?[ibu])&gt;", re.IGNORECASE)
_MARKUP = re.compile(
    r"</?(?:c|v|ruby|rt|lang|font|span)(?:[ .][^>\n]{0,200})?>|<\d[\d:.]*>|\{\\[^}\n]{0,200}\}", re.IGNORECASE
)
"""Markup of WebVTT (classes, voices, times), SubRip (fonts) and SubStation Alpha (braces) that is removed."""
_TOP = re.compile(r"\{\\an[789]\}|\{\\a[567]\}")
"""SubStation Alpha's code for "at the top". SubRip files use it too."""


class Cue(NamedTuple):
    """One caption: start and end in seconds, WebVTT's settings, and its lines as escaped for WebVTT."""

    start: float
    end: float
    settings: str
    text: str


class BrokenCaptions(Exception):
    """A file that cannot be read as captions. The message is for its owner, and names the line."""


def parse(data: bytes) -> list[Cue]:
    """The cues of a SubRip or WebVTT file, sorted by their start. Raises BrokenCaptions."""
    if len(data) > LARGEST:
        raise BrokenCaptions(f"The file has {len(data):,} bytes. At most {LARGEST:,} are allowed.")
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
            raise BrokenCaptions(f"Line {line}: {text[:60]!r} is not a time such as 00:01:02,500 --> 00:01:04,000.")
        elif block and cues and not is_vtt:
            # Many SubRip files have empty lines inside a caption.
            cues[-1] = cues[-1]._replace(text=f"{cues[-1].text}\n{_text([text for _, text in block], is_vtt=False)}")
    cues = [cue for cue in cues if cue.text]
    if not cues:
        raise BrokenCaptions("The file holds no captions.")
    if len(cues) > MOST_CUES:
        raise BrokenCaptions(f"The file holds {len(cues):,} captions. At most {MOST_CUES:,} are allowed.")
    return sorted(cues, key=lambda cue: cue.start)


def decode(data: bytes) -> str:
    """The text of a file that does not name its encoding. It is read as UTF-16 or UTF-8 if it is valid, else as
    Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def plain(start: float, end: float, text: str) -> Cue:
    """A cue from the unescaped text that a film's own captions have."""
    settings = " line:0" if _TOP.search(text) else ""
    return Cue(start, end, settings, _text(re.split(r"\r\n|\r|\n", text), is_vtt=False))


def within(cues: list[Cue], duration: float) -> list[Cue]:
    """The cues that begin before the end of a film of `duration` seconds. None of them ends after the film.

    Later cues are left out: credits and advertisements after the end are common. Raises BrokenCaptions if most cues are
    after the end, because then the file belongs to another film or another cut.
    """
    kept = [cue._replace(end=min(cue.end, duration)) for cue in cues if cue.start < duration]
    if len(kept) * 2 < len(cues):
        late = clock(cues[len(kept)].start)
        raise BrokenCaptions(
            f"A caption begins at {late}, but the film ends at {clock(duration)}. Does the file belong to another film?"
        )
    return kept


def webvtt(cues: list[Cue]) -> str:
    """The text of the WebVTT file for players."""
    blocks = [f"{clock(cue.start)} --> {clock(cue.end)}{cue.settings}\n{cue.text}\n" for cue in cues]
    return "\n".join(["WEBVTT\n", *blocks])


def clock(seconds: float) -> str:
    """`3725.5` -> `01:02:05.500`."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


def _after_header(lines: list[str]) -> int:
    """Index of the first line after the header block of WebVTT."""
    return next((number for number, line in enumerate(lines) if not line.strip()), len(lines))


def _block(lines: list[str], number: int) -> tuple[list[tuple[int, str]], int]:
    """The lines up to the next empty one, each with its number from 1; and the index of the line after them."""
    block: list[tuple[int, str]] = []
    while number < len(lines) and not lines[number].strip():
        number += 1
    while number < len(lines) and lines[number].strip():
        ahead = lines[number + 1] if number + 1 < len(lines) else ""
        timed = len(block) > 1 or any("-->" in text for _, text in block)
        # In a file without empty lines, the number or the time of the next caption ends this one.
        if (timed and _TIMING.fullmatch(lines[number])) or (
            block and lines[number].strip().isdigit() and _TIMING.fullmatch(ahead)
        ):
            break
        block.append((number + 1, lines[number]))
        number += 1
    return block, number


def _cue(block: list[tuple[int, str]], *, is_vtt: bool) -> Cue | None:
    """The cue of a block, or None if it has none. Raises BrokenCaptions for an impossible time."""
    if is_vtt and block and block[0][1].split(maxsplit=1)[0] in _BLOCKS:
        return None
    at = next((index for index, (_, text) in enumerate(block[:2]) if "-->" in text), None)
    if at is None:
        return None
    line, written = block[at]
    timing = _TIMING.fullmatch(written)
    if timing is None:
        raise BrokenCaptions(f"Line {line}: {written[:60]!r} is not a time such as 00:01:02.500 --> 00:01:04.000.")
    start, end = _seconds(timing.groups()[:4]), _seconds(timing.groups()[4:8])
    if end <= start:
        raise BrokenCaptions(f"Line {line}: the caption begins at {clock(start)}, but ends at {clock(end)}.")
    texts = [text for _, text in block[at + 1 :]]
    settings = _SETTING.findall(timing.group(9)) if is_vtt else []
    if any(_TOP.search(text) for text in texts):
        settings = ["line:0"]
    return Cue(start, end, "".join(f" {setting}" for setting in settings), _text(texts, is_vtt=is_vtt))


def _seconds(groups: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in groups)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000


def _text(lines: list[str], *, is_vtt: bool) -> str:
    """The lines as WebVTT. Markup that not all players know is removed, and the rest is escaped."""
    plain = (_MARKUP.sub("", line) for line in lines)
    # WebVTT's text is already escaped. It is unescaped and escaped again, so that `&` and `&amp;` give the same text.
    escaped = (html.escape(html.unescape(line) if is_vtt else line, quote=False) for line in plain)
    styled = (_STYLE.sub(lambda tag: f"<{tag[1].lower()}>", _shown(line)).strip() for line in escaped)
    return "\n".join(line for line in styled if line)


def _shown(line: str) -> str:
    """The line without control characters, which a player would show as boxes."""
    return "".join(character for character in line if character >= " ")
