"""Strange clips: files that are valid but rare, and files with wrong headers. `sample` finds them by name."""

import re
import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.media_samples import AAC, FAST, RECIPES, SOUND, picture

Recipe = Callable[[Path], object]


def ffmpeg(path: Path, *arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments, str(path)], check=True, timeout=120)


def _plain(*options: str, size: str = "320x180", rate: str = "25", seconds: str = "2", more: str = "") -> Recipe:
    """A clip with AAC sound. `options` come last on the command line, so they win."""
    return lambda path: ffmpeg(path, *picture(size, rate, more), *SOUND, *FAST, *AAC, "-t", seconds, *options)


def _cut(seconds: str, start: str) -> Recipe:
    """Cut a film without an encode, as editors do. An edit list hides the frames before the cut."""

    def make(path: Path) -> None:
        whole = path.with_name("whole.mp4")
        _plain("-g", "250", seconds="5")(whole)
        ffmpeg(path, "-ss", start, "-i", str(whole), "-c", "copy", "-t", seconds)

    return make


def _shifted(stream: str, seconds: str) -> Recipe:
    """One of the two tracks begins later than the other."""

    def make(path: Path) -> None:
        inputs = {"picture": picture("320x180"), "sound": SOUND}
        inputs[stream] = ["-itsoffset", seconds, *inputs[stream]]
        ends = ["-t", "6"] if stream == "sound" else ["-t", "5"]
        ffmpeg(path, *inputs["picture"], *inputs["sound"], *FAST, *AAC, *ends)

    return make


def _sound_of(channels: int, codec: str, layout: str = "") -> Recipe:
    tones = "|".join(f"0.1*sin({200 + 50 * number}*2*PI*t)" for number in range(channels))
    named = f":c={layout}" if layout else ""
    sound = ["-f", "lavfi", "-i", f"aevalsrc={tones}{named}:s=48000"]
    return lambda path: ffmpeg(path, *picture("320x180"), *sound, *FAST, "-c:a", codec, "-t", "2")


def _codec(*video: str, sound: str = "aac", size: str = "320x180", rate: str = "25", more: str = "") -> Recipe:
    return lambda path: ffmpeg(path, *picture(size, rate, more), *SOUND, "-c:a", sound, *video, "-t", "2")


def _cover(path: Path) -> None:
    film, still = path.with_name("film.mp4"), path.with_name("cover.png")
    _plain()(film)
    ffmpeg(still, *picture("600x600"), "-frames:v", "1")
    mapping = ["-map", "1:v", "-map", "0:v", "-map", "0:a", "-c", "copy", "-disposition:v:0", "attached_pic"]
    ffmpeg(path, "-i", str(film), "-i", str(still), *mapping)


def _slides(path: Path) -> None:
    """Three pictures, five seconds each."""
    ffmpeg(path, *picture("320x180", "1/5"), *SOUND, *FAST, *AAC, "-t", "15")


def _matrix(numbers: list[int]) -> Recipe:
    """A film whose track header rotates or mirrors the picture with this matrix."""

    def make(path: Path) -> None:
        _plain()(path)
        content = bytearray(path.read_bytes())
        at = content.index(b"tkhd") + 4 + 40
        content[at : at + 36] = b"".join(number.to_bytes(4, "big", signed=True) for number in numbers)
        path.write_bytes(content)

    return make


ONE = 1 << 16
LAST = 1 << 30


def _programs(path: Path) -> None:
    """A transport stream with two programs: a small one and then a larger one, each with its sound."""
    sounds = [part for tone in (440, 880) for part in ("-f", "lavfi", "-i", f"sine=frequency={tone}:sample_rate=48000")]
    mapped = ["-map", "0", "-map", "1", "-map", "2", "-map", "3"]
    programs = ["-program", "title=One:st=0:st=2", "-program", "title=Two:st=1:st=3"]
    ffmpeg(path, *picture("320x180"), *picture("640x360"), *sounds, *mapped, *FAST, *AAC, *programs, "-t", "3")


def _between_keyframes(seconds: str, gop: str) -> Recipe:
    """A recording that begins in the middle of a GOP: a complete film without its first packets."""

    def make(path: Path) -> None:
        whole = path.with_name(f"whole{path.suffix}")
        ffmpeg(whole, *picture("320x180"), *SOUND, *FAST, "-g", gop, "-sc_threshold", "0", *AAC, "-t", seconds)
        content = whole.read_bytes()
        at = len(content) // 10
        if path.suffix == ".ts":
            path.write_bytes(content[at // 188 * 188 + 77 :])
            return
        ffmpeg(path, "-i", str(whole), "-c", "copy", "-copyinkf", "-bsf:v", "noise=drop='lt(n,20)'")

    return make


def _patched(recipe: Recipe, *changes: tuple[bytes, int, bytes]) -> Recipe:
    """Replace bytes at an offset after the name of each box of this kind."""

    def make(path: Path) -> None:
        recipe(path)
        content = bytearray(path.read_bytes())
        for kind, offset, value in changes:
            at = content.index(kind)
            while at >= 0:
                content[at + 4 + offset : at + 4 + offset + len(value)] = value
                at = content.find(kind, at + 4)
        path.write_bytes(content)

    return make


def _long(seconds: int, scale: int) -> bytes:
    return (seconds * scale).to_bytes(4, "big")


SIX_HOURS = 6 * 3600


def _stands_for_hours(path: Path) -> None:
    """A file of two kilobytes with two frames, of which the last one lasts six hours."""
    ffmpeg(path, *picture("64x64"), *FAST, "-frames:v", "2")
    content = bytearray(path.read_bytes())
    scale_at = content.index(b"mdhd") + 4 + 12
    scale = int.from_bytes(content[scale_at : scale_at + 4], "big")
    movie_at = content.index(b"mvhd") + 4 + 12
    movie = int.from_bytes(content[movie_at : movie_at + 4], "big")
    times = content.index(b"stts")
    half = _long(SIX_HOURS // 2, scale)
    assert content[times + 8 : times + 12] == (1).to_bytes(4, "big")
    content[times + 16 : times + 20] = half  # the only row of the table: two frames of this length
    for kind, offset, value in (
        (b"mdhd", 16, _long(SIX_HOURS, scale)),
        (b"mvhd", 16, _long(SIX_HOURS, movie)),
        (b"tkhd", 20, _long(SIX_HOURS, movie)),
        (b"elst", 8, _long(SIX_HOURS, movie)),
    ):
        at = content.index(kind) + 4 + offset
        content[at : at + 4] = value
    path.write_bytes(content)


def _short_of(recipe: Recipe, share: float) -> Recipe:
    def make(path: Path) -> None:
        recipe(path)
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])

    return make


def _encrypted(path: Path) -> None:
    key = "76a6c65c5ea762046bd749a2e632ccbb"
    drm = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", key, "-encryption_kid", key]
    _plain(*drm)(path)


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("film.mp4", b"\0" * 1000)


def _text(content: str) -> Recipe:
    return lambda path: path.write_text(content)


def _ambisonic(path: Path) -> None:
    tones = "|".join(f"0.1*sin({tone}*2*PI*t)" for tone in (300, 400, 500, 600))
    sound = ["-f", "lavfi", "-i", f"aevalsrc={tones}:s=48000:c=ambisonic 1", "-c:a", "libopus", "-mapping_family", "2"]
    ffmpeg(path, *picture("320x180"), *sound, *FAST, "-t", "2")


def grow(path: Path, around: str, kind: bytes, more: bytes) -> None:
    """Put bytes at the end of the first box of a kind. `around` names the boxes that it lies in."""
    data = bytearray(path.read_bytes())
    entry = data.index(kind) - 4
    end = entry + int.from_bytes(data[entry : entry + 4], "big")
    for at in (*(data.rindex(name.encode(), 0, entry) - 4 for name in around.split()), entry):
        data[at : at + 4] = (int.from_bytes(data[at : at + 4], "big") + len(more)).to_bytes(4, "big")
    path.write_bytes(data[:end] + more + data[end:])


def _spatial(path: Path) -> None:
    """Ambisonics as cameras and YouTube's tools write it: a box in the sound's description says so."""
    _sound_of(4, "pcm_s16le")(path)
    channels = struct.pack(">4I", 0, 1, 2, 3)
    box = struct.pack(">I4sBBIBBI", 36, b"SA3D", 0, 0, 1, 0, 0, 4) + channels
    grow(path, "moov trak mdia minf stbl stsd", b"sowt", box)


def _elsewhere(path: Path) -> None:
    """A film whose picture lies in another file, as editors save it unless asked for a self-contained one."""
    _patched(_plain("-f", "mp4"), (b"url ", 0, bytes(4)))(path)
    grow(path, "moov trak mdia minf dinf dref", b"url ", b"file:///picture.mp4\0")


def _without_frames(path: Path) -> None:
    """The index is at the beginning, and no frame follows it."""
    _plain("-movflags", "+faststart")(path)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"mdat") - 4])


def _first_part(path: Path) -> None:
    """The first part of a stream alone, which a player needs before any other."""
    _plain("-movflags", "frag_keyframe+empty_moov")(path)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"moof") - 4])


def _two_pictures(path: Path) -> None:
    """The second is larger, and not marked as one to begin with."""
    mapped = ["-map", "0", "-map", "1", "-map", "2", "-disposition:v:0", "default", "-disposition:v:1", "0"]
    ffmpeg(path, *picture("320x180"), *picture("640x360"), *SOUND, *mapped, *FAST, *AAC, "-t", "2")


def _begins_at(seconds: str) -> Recipe:
    """Every track begins so late."""
    late = ["-itsoffset", seconds]
    return lambda path: ffmpeg(
        path, *late, *picture("320x180"), *late, *SOUND, *FAST, *AAC, "-t", str(float(seconds) + 2)
    )


def _joined(path: Path) -> None:
    _plain()(path)
    path.write_bytes(path.read_bytes() * 2)


def _behind_noise(path: Path) -> None:
    _plain()(path)
    path.write_bytes(b"noise" * 1000 + path.read_bytes())


def _chapters(path: Path) -> None:
    names = path.with_suffix(".txt")
    chapter = "[CHAPTER]\nTIMEBASE=1/1000\nSTART={}\nEND={}\ntitle=One\n"
    names.write_text(f";FFMETADATA1\n{chapter.format(0, 900)}{chapter.format(900, 2000)}")
    mapped = ["-map", "0", "-map", "1", "-map_metadata", "2"]
    ffmpeg(path, *picture("320x180"), *SOUND, "-i", str(names), *mapped, *FAST, *AAC, "-t", "2")


def _fonts(path: Path) -> None:
    font = path.with_suffix(".ttf")
    font.write_bytes(b"font" * 100)
    kind = ["-attach", str(font), "-metadata:s:t", "mimetype=application/x-truetype-font"]
    ffmpeg(path, *picture("320x180"), *SOUND, *FAST, *AAC, *kind, "-t", "2")


def _signal_lost(path: Path) -> None:
    """Three seconds, then a hole of half a minute, then three seconds with a larger picture."""
    parts = [path.with_name(f"{size}.ts") for size in ("320x180", "640x360")]
    for part, offset in zip(parts, ("0", "33"), strict=True):
        _plain("-output_ts_offset", offset, size=part.stem, seconds="3")(part)
    path.write_bytes(b"".join(part.read_bytes() for part in parts))


def _later_fragments(path: Path) -> None:
    """The first part of a stream and its last two seconds, as one who joined late has saved it."""
    _plain("-movflags", "frag_keyframe+empty_moov+default_base_moof", "-g", "25", seconds="4")(path)
    content = path.read_bytes()
    first, _, third, _ = (found.start() - 4 for found in re.finditer(b"moof", content))
    path.write_bytes(content[:first] + content[third:])


def _photo(path: Path) -> None:
    """The first boxes of a phone's photo."""
    path.write_bytes(struct.pack(">I4s4sI4sI4s", 20, b"ftyp", b"heic", 0, b"mif1", 2000, b"mdat") + bytes(1992))


def _lasts_a_minute(path: Path) -> None:
    """Two seconds of a film in fragments that says at its beginning that it lasts a minute."""
    _plain("-movflags", "frag_keyframe+empty_moov")(path)
    grow(path, "moov", b"mvex", struct.pack(">I4sII", 16, b"mehd", 0, 60_000))


Channel = list[tuple[int, int]]
"""Two bytes for each picture."""
CC1, CC2, CC3, CC4 = 0x14, 0x1C, 0x15, 0x1D
"""The first byte of each channel's control codes."""


def channel(control: int, *captions: tuple[int, int, str], pictures: int = 180) -> Channel:
    """A channel of CEA-608 with pop-on captions: each is shown at one picture, and erased at another."""
    codes: Channel = [(0, 0)] * pictures
    for shown, erased, text in captions:
        padded = text + "\0" * (len(text) % 2)
        letters = [(ord(first), ord(second)) for first, second in zip(padded[::2], padded[1::2], strict=True)]
        begin = [(control, 0x20)] * 2 + [(control & 0x1C, 0x70)] * 2  # pop on, in the lowest row
        sent = begin + letters + [(control, 0x2F)] * 2
        codes[shown - len(sent) + 2 : shown + 2] = sent
        codes[erased : erased + 2] = [(control, 0x2C)] * 2
    return codes


def odd(byte: int) -> int:
    """The byte with its bit of parity."""
    return byte | (0 if byte.bit_count() % 2 else 0x80)


def caption_data(first: tuple[int, int], second: tuple[int, int]) -> bytes:
    """What a picture holds for two fields, as ATSC A/53 has it."""
    fields = (bytes([0xFC | field, *map(odd, pair)]) for field, pair in enumerate((first, second)))
    return b"GA94\x03" + bytes([0xC2, 0xFF]) + b"".join(fields) + b"\xff"


def _captioned(*fields: Channel, hevc: bool = False, codec: str = "copy", sound: str = "aac") -> Recipe:
    """Six seconds with captions in the picture: a message before each slice, as encoders of broadcasters write them."""
    lead, kinds = (b"\x4e\x01", range(32)) if hevc else (b"\x06", (1, 5))
    made = [*X265, "bframes=0:log-level=error", "-pix_fmt", "yuv420p"] if hevc else [*FAST, "-bf", "0"]

    def make(path: Path) -> None:
        plain = path.with_suffix(".h265" if hevc else ".h264")
        ffmpeg(plain, *picture("320x180", "30"), *made, "-t", "6")
        stream, pictures = b"", iter(zip(*fields, *[channel(CC3)] * (2 - len(fields)), strict=True))
        for unit in re.split(rb"\x00\x00\x00?\x01", plain.read_bytes())[1:]:
            if (unit[0] >> 1 & 0x3F if hevc else unit[0] & 0x1F) in kinds:
                data = b"\xb5\x00\x31" + caption_data(*next(pictures))
                stream += b"\0\0\0\1" + lead + bytes([4, len(data)]) + data + b"\x80"
            stream += b"\0\0\0\1" + unit
        plain.write_bytes(stream)
        ffmpeg(path, "-r", "30", "-i", str(plain), *SOUND, "-c:v", codec, "-c:a", sound, "-t", "6")

    return make


SAID = [(30, 75, "Hello there."), (100, 150, "[music]")]
IN_ENGLISH, IN_SPANISH = channel(CC1, *SAID), channel(CC3, (60, 90, "Hola."))

X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt"]
X265 = ["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params"]
HLG = [
    *(*X265, "colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc:log-level=error"),
    *("-color_primaries", "bt2020", "-color_trc", "arib-std-b67", "-colorspace", "bt2020nc"),
]
VP9 = ["-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-deadline", "realtime", "-cpu-used", "8"]
FIELDS = ["-c:v", "mpeg2video", "-pix_fmt", "yuv420p", "-flags", "+ilme+ildct"]
DNXHR = ["-c:v", "dnxhd", "-profile:v", "dnxhr_lb", "-pix_fmt", "yuv422p"]
HOURS = [(b"mvhd", 16, 1000), (b"tkhd", 20, 1000), (b"mdhd", 16, 12800), (b"elst", 8, 1000)]
"""Boxes that state a length: the offset of the length, and its time scale."""
TABLES = [(b"stts", 4), (b"stsc", 4), (b"stco", 4), (b"stss", 4), (b"stsz", 8)]
"""Boxes of a track's index: the offset of the number of rows."""

STRANGE: dict[str, Recipe] = {
    "captioned.mp4": _captioned(IN_ENGLISH, IN_SPANISH),
    "captioned_ts.ts": _captioned(IN_ENGLISH),
    "captioned_hevc.mp4": _captioned(IN_ENGLISH, hevc=True),
    "captioned_mpeg2.mxf": _captioned(IN_ENGLISH, codec="mpeg2video", sound="pcm_s16le"),
    "captioned_idle.mp4": _captioned(channel(CC1)),
    "captioned_empty.mp4": _captioned(channel(CC1, (30, 75, ""))),
    "tiny_film.mp4": lambda path: ffmpeg(path, *picture("64x64"), *SOUND, *FAST, *AAC, "-t", "1"),
    "trimmed.mp4": _cut("2", "1.3"),
    "late_picture.mp4": _shifted("picture", "1"),
    "late_picture_ts.ts": _shifted("picture", "1"),
    "late_sound_3.mp4": _shifted("sound", "3"),
    "late_sound_3_ts.ts": _shifted("sound", "3"),
    "mono.mp4": _sound_of(1, "aac"),
    "five_one.mkv": _sound_of(6, "ac3", "5.1"),
    "seven_one.mp4": _sound_of(8, "aac", "7.1"),
    "four_channels.mov": _sound_of(4, "pcm_s16le"),
    "seven_channels.mkv": _sound_of(7, "flac"),
    "sixteen_channels.mov": _sound_of(16, "pcm_s16le"),
    "ambisonic.mkv": _ambisonic,
    "timecode.mov": _plain("-timecode", "01:00:00:00"),
    "with_cover.mp4": _cover,
    "alpha_prores.mov": _codec(
        "-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le", sound="pcm_s16le"
    ),
    "alpha_vp9.webm": _codec(*VP9, sound="libopus"),
    "alpha_qtrle.mov": _codec("-c:v", "qtrle", "-pix_fmt", "argb"),
    "alpha_png.mov": _codec("-c:v", "png", "-pix_fmt", "rgba"),
    "one_a_second.mp4": _plain(rate="1", seconds="6"),
    "one_in_two_seconds.mp4": _plain(rate="1/2", seconds="8"),
    "slides.mp4": _slides,
    "fast_120.mp4": _plain(rate="120", seconds="1"),
    "fast_240.mp4": _plain(rate="240", seconds="1"),
    "fast_1000.mkv": _plain(rate="1000", seconds="1"),
    "programs.ts": _programs,
    "turned_180.mp4": _matrix([-ONE, 0, 0, 0, -ONE, 0, 320 << 16, 180 << 16, LAST]),
    "turned_270.mp4": _matrix([0, -ONE, 0, ONE, 0, 0, 0, 320 << 16, LAST]),
    "turned_45.mp4": _matrix([46341, 46341, 0, -46341, 46341, 0, 0, 0, LAST]),
    "mirrored.mp4": _matrix([-ONE, 0, 0, 0, ONE, 0, 320 << 16, 0, LAST]),
    "mirrored_90.mp4": _matrix([0, ONE, 0, ONE, 0, 0, 0, 0, LAST]),
    "no_matrix.mp4": _matrix([0] * 9),
    "between.ts": _between_keyframes("8", "75"),
    "between_far.ts": _between_keyframes("20", "400"),
    "between_mkv.mkv": _between_keyframes("8", "75"),
    "no_keyframe.ts": _between_keyframes("4", "500"),
    "odd_853.mp4": _codec(*X264, "yuv444p", size="853x479"),
    "tiny.mp4": _codec(*FAST, size="2x2"),
    "thin.avi": _codec("-c:v", "rawvideo", "-pix_fmt", "yuv444p", size="1x1080"),
    "ten_bits_422.mov": _codec("-c:v", "prores_ks", "-profile:v", "2", sound="pcm_s24le"),
    "ten_bits_444.mp4": _codec(*X264, "yuv444p10le"),
    "ten_bits_hevc.mp4": _codec(*X265, "log-level=error"),
    "mjpeg.avi": _codec("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", sound="pcm_s16le"),
    "mpeg2_fields.mpg": _codec(
        *FIELDS, "-top", "1", sound="mp2", rate="50", more=",tinterlace=interleave_top,setfield=tff"
    ),
    "fields_prores.mov": _codec(
        "-c:v",
        "prores_ks",
        "-flags",
        "+ilme+ildct",
        "-top",
        "1",
        sound="pcm_s16le",
        rate="50",
        more=",tinterlace=interleave_top,setfield=tff",
    ),
    "fields.mxf": _patched(_codec(*DNXHR, sound="pcm_s16le", size="640x360"), (bytes.fromhex("320c0001"), 0, b"\1")),
    "fields_dv.mov": _codec("-c:v", "dvvideo", "-pix_fmt", "yuv420p", sound="pcm_s16le", size="720x576"),
    "telecine.mpg": _codec(*FIELDS, "-r", "30000/1001", sound="mp2", rate="24000/1001", more=",telecine=pattern=23"),
    "hlg.mp4": _codec(*HLG),
    "fragmented.mp4": _plain("-movflags", "+frag_keyframe+empty_moov", "-g", "25"),
    "no_length.mkv": _plain("-live", "1"),
    "theora.ogv": _codec("-c:v", "libtheora", sound="libvorbis"),
    "dnxhd.mxf": _codec(*DNXHR, sound="pcm_s16le", size="640x360"),
    "av1.mp4": _codec("-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p"),
    "wmv.asf": _codec("-c:v", "wmv2", sound="wmav2"),
    "flash.flv": _plain(),
    "index_cut.mp4": _short_of(_plain(), 0.97),
    "encrypted.mp4": _encrypted,
    "archive.mp4": _zip,
    "page.mp4": _text("<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"),
    "claims_six_hours.mp4": _patched(_plain(), *((kind, at, _long(SIX_HOURS, scale)) for kind, at, scale in HOURS)),
    "stands_for_hours.mp4": _stands_for_hours,
    "claims_16k.mp4": _patched(
        _plain(),
        (b"tkhd", 76, (16384 << 16).to_bytes(4, "big") * 2),
        (b"avc1", 24, (16384).to_bytes(2, "big") * 2),
    ),
    "spatial.mov": _spatial,
    "two_pictures.mkv": _two_pictures,
    "two_pictures_mp4.mp4": _two_pictures,
    "two_pictures_ts.ts": _two_pictures,
    "all_late.mp4": _begins_at("6"),
    "far_clock.mkv": _begins_at("3600"),
    "far_clock_ts.ts": _begins_at("3600"),
    "dvd.vob": _plain("-target", "pal-dvd", size="720x576"),
    "camera.mts": _plain("-c:a", "ac3", "-mpegts_m2ts_mode", "1", "-f", "mpegts"),
    "phone.3gp": _plain("-c:v", "h263", "-c:a", "aac", size="176x144", rate="15"),
    "chapters.mp4": _chapters,
    "fonts.mkv": _fonts,
    "rgb.mp4": _codec("-c:v", "libx264rgb", "-preset", "ultrafast"),
    "grey.mp4": _plain("-pix_fmt", "gray"),
    "jitter.mkv": _plain("-fps_mode", "vfr", rate="30", more=",setpts='PTS+0.008*random(0)/TB'"),
    "cut_ts.ts": _short_of(_plain(seconds="4"), 0.5),
    "cut_fragments.mp4": _short_of(_plain("-movflags", "frag_keyframe+empty_moov", "-g", "10", seconds="4"), 0.5),
    "cut_ps.mpg": _short_of(_plain("-c:v", "mpeg2video", "-c:a", "mp2"), 0.7),
    "cut_listed.mp4": _short_of(_plain("-movflags", "dash+global_sidx", "-g", "10", "-frag_duration", "400000"), 0.98),
    "signal_lost.ts": _signal_lost,
    "later_fragments.mp4": _later_fragments,
    "hidden.mp4": _patched(_plain(), (b"elst", 12, (1 << 30).to_bytes(4, "big"))),
    "wavelets.mxf": _codec("-c:v", "jpeg2000", sound="pcm_s16le"),
    "lasts_a_minute.mp4": _lasts_a_minute,
    "behind_noise.ts": _behind_noise,
    "joined.mp4": _joined,
    "cut_avi.avi": _short_of(_plain("-c:v", "mpeg4", "-c:a", "libmp3lame", seconds="4"), 0.5),
    "cut_mkv.mkv": _short_of(_plain(), 0.98),
    "cut_mxf.mxf": _short_of(_codec(*DNXHR, sound="pcm_s16le", size="640x360"), 0.98),
    "without_frames.mp4": _without_frames,
    "first_part.mp4": _first_part,
    "no_samples.mp4": _patched(_plain(), *((kind, at, bytes(4)) for kind, at in TABLES)),
    "elsewhere.mov": _elsewhere,
    "photo.mov": _photo,
    "avif.mp4": _codec("-an", "-frames:v", "1", "-c:v", "libsvtav1", "-preset", "12", "-f", "avif"),
    "gif.mp4": lambda path: ffmpeg(path, *picture("320x180"), "-t", "1", "-f", "gif"),
    "elementary.mp4": _plain("-an", "-f", "h264"),
    "lossless.mkv": _codec("-c:v", "ffv1", sound="flac"),
    "apple_lossless.mov": _plain("-c:a", "alac"),
    "claims_frames.mp4": _patched(_plain(), (b"stsz", 8, (10**9).to_bytes(4, "big"))),
}

RECIPES.update(STRANGE)  # so that `sample` finds them
