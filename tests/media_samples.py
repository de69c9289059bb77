"""Small clips of every kind that people upload. ffmpeg makes them at first use, and a folder keeps them for later runs.

`sample("portrait")` is a path. Each clip lasts two seconds, unless its docstring says otherwise. The left half of the
picture is red and the right half is blue, so that a test sees when a picture was turned or mirrored, or lost its
colours. A moving bar makes all frames different.
"""

import hashlib
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(os.environ.get("HEADEND_SAMPLES_DIR", Path(tempfile.gettempdir()) / "headend-samples"))

FAST = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
SOUND = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"]
AAC = ["-c:a", "aac", "-b:a", "96k"]


def picture(size: str, rate: str = "25", more: str = "") -> list[str]:
    halves = "drawbox=x=0:w=iw/2:h=ih:color=red:t=fill,drawbox=x=iw/2:w=iw/2:h=ih:color=blue:t=fill"
    halves = f"color=black:s={size}:r={rate},format=yuv444p,{halves}[halves]"
    bar = f"color=white:s=16x40:r={rate},format=yuv444p[bar]"
    moving = "[halves][bar]overlay=x='mod(t*200,W)':y=H/2-20:format=yuv444"
    return ["-f", "lavfi", "-i", f"{halves};{bar};{moving}{more}"]


def _ffmpeg(path: Path, *arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments, str(path)], check=True, timeout=120)


def _plain(size: str, rate: str = "25", seconds: str = "2", more: str = "") -> Callable[[Path], object]:
    return lambda path: _ffmpeg(path, *picture(size, rate, more), *SOUND, *FAST, *AAC, "-t", seconds)


def _portrait(path: Path) -> None:
    """A film as a phone stores it: landscape, with a matrix that turns it a quarter clockwise.

    The test writes the matrix itself, since ffmpeg's option for it has other names in other versions.
    """
    _plain("640x360")(path)
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 4 + 40  # version 0: the matrix lies 40 bytes into the box's payload
    quarter = [0, 0x00010000, 0, -0x00010000, 0, 0, 360 << 16, 0, 0x40000000]
    content[matrix : matrix + 36] = b"".join(number.to_bytes(4, "big", signed=True) for number in quarter)
    path.write_bytes(content)


def _odd(path: Path) -> None:
    """A picture with odd sides, in 4:4:4, since 4:2:0 cannot have them."""
    _ffmpeg(path, *picture("361x271"), *SOUND, *FAST[:4], "-pix_fmt", "yuv444p", *AAC, "-t", "2")


def _interlaced(path: Path) -> None:
    fields = ",tinterlace=interleave_top,setfield=tff"
    options = ["-flags", "+ilme+ildct", "-x264-params", "tff=1"]
    _ffmpeg(path, *picture("320x180", "50", fields), *SOUND, *FAST, *options, *AAC, "-t", "2")


def _hdr(path: Path) -> None:
    """A film in PQ. Its left half is grey at half of the code's range, which is some 90 nits."""
    grey = ",drawbox=x=0:w=iw/2:h=ih:color=gray:t=fill"
    tags = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=error"
    tagged = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"]
    options = ["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params", tags, *tagged]
    _ffmpeg(path, *picture("320x180", more=grey), *options, "-t", "1")


def _variable_rate(path: Path) -> None:
    """30 frames a second for a second, then 10."""
    thinned = ["-vf", "select='lt(t,1)+not(mod(n,3))'", "-fps_mode", "vfr"]
    _ffmpeg(path, *picture("320x180", "30"), *SOUND, *FAST, *thinned, *AAC, "-t", "2")


def _surround(path: Path) -> None:
    channels = "|".join(f"0.1*sin({frequency}*2*PI*t)" for frequency in (200, 300, 400, 60, 500, 600))
    sound = ["-f", "lavfi", "-i", f"aevalsrc={channels}:c=5.1:s=48000"]
    _ffmpeg(path, *picture("320x180"), *sound, *FAST, *AAC, "-t", "2")


def _late_sound(path: Path) -> None:
    """The sound starts half a second after the picture, as in films of screen recorders."""
    _ffmpeg(path, *picture("320x180"), "-itsoffset", "0.5", *SOUND, *FAST, *AAC, "-t", "2")


def _faststart(path: Path) -> None:
    _ffmpeg(path, *picture("320x180"), *SOUND, *FAST, *AAC, "-t", "6", "-movflags", "+faststart")


def _truncated(path: Path) -> None:
    """An upload that broke off: the index at the front is whole, but half of the film is missing."""
    _faststart(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _headless(path: Path) -> None:
    """A film whose index was at the end, and is missing."""
    _plain("320x180")(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _bit_rot(path: Path) -> None:
    _faststart(path)
    content = bytearray(path.read_bytes())
    start, chance = content.index(b"mdat") + 2000, random.Random(1)  # noqa: S311 - the same rot every time
    for _ in range(60):
        content[chance.randrange(start, len(content))] ^= 0xFF
    path.write_bytes(content)


def _cover(path: Path) -> None:
    """A song with cover art. ffprobe sees a video stream in it."""
    cover = path.with_suffix(".png")
    _image(cover)
    mapping = ["-map", "0:a", "-map", "1:v", "-c:v", "copy", "-disposition:v", "attached_pic"]
    _ffmpeg(path, *SOUND, "-i", str(cover), *mapping, *AAC, "-t", "2", "-f", "mp4")
    cover.unlink()


def _still_first(path: Path) -> None:
    """A camera's thumbnail as a separate track before the film's track."""
    still, film = path.with_name("still.mov"), path.with_name("film.mp4")
    _ffmpeg(still, *picture("160x90", "1"), "-c:v", "mjpeg", "-t", "1")
    _plain("640x360", seconds="5")(film)
    _ffmpeg(path, "-i", str(still), "-i", str(film), "-map", "0:v", "-map", "1:v", "-map", "1:a", "-c", "copy")


def _last_hold(path: Path) -> None:
    """Fifty frames in two seconds. The last one is shown for five more seconds, as in a screen recording."""
    hold = ",setpts='if(lt(N,50),N,174)/25/TB'"
    _ffmpeg(
        path, *picture("640x360", more=f",trim=end_frame=51{hold}"), *SOUND, *FAST, *AAC, "-fps_mode", "vfr", "-t", "7"
    )


def _short_header(path: Path) -> None:
    """The length in the track's own header (mdhd) has another time scale, so it is thirty times too short."""
    _plain("640x360", "30", "7")(path)
    content = bytearray(path.read_bytes())
    at = content.index(b"mdhd") + 4 + 16  # version 0: the length lies 16 bytes into the box's payload
    length = int.from_bytes(content[at : at + 4], "big") // 30
    content[at : at + 4] = length.to_bytes(4, "big")
    path.write_bytes(content)


def _clock_jump(path: Path) -> None:
    """A recording of a receiver that was restarted: the clock of the second half is ten hours ahead."""
    halves: list[bytes] = []
    for offset in ("0", "36000"):
        half = path.with_name(f"half{offset}.ts")
        _ffmpeg(half, *picture("640x360"), *SOUND, *FAST, *AAC, "-t", "3", "-output_ts_offset", offset)
        halves.append(half.read_bytes())
    path.write_bytes(b"".join(halves))


def _recorder(path: Path) -> None:
    """A stream as a browser's MediaRecorder writes it, with neither a length nor an index."""
    vp8 = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus", "-t", "3"]
    _ffmpeg(path, *picture("320x180", "30"), *SOUND, *vp8, "-live", "1", "-f", "webm")


def _image(path: Path) -> None:
    _ffmpeg(path, *picture("320x180"), "-frames:v", "1", "-f", "image2", "-c:v", "png")


def _text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content)


def _tones(codec: str, *tones: int) -> list[str]:
    """A mono track for each pitch (Hz). The second one is shorter than the picture."""
    inputs = [
        f"sine=frequency={tone}:sample_rate=48000:duration={4 if at == 1 else 6}" for at, tone in enumerate(tones)
    ]
    found = [part for tone in inputs for part in ("-f", "lavfi", "-i", tone)]
    mapped = [part for at, _ in enumerate(tones, 1) for part in ("-map", str(at))]
    return [*found, "-map", "0", *mapped, *FAST, "-c:a", codec, "-t", "6"]


def _languages(path: Path) -> None:
    """Sounds in English, German, English again, and Czech. The first two of six seconds are black."""
    dark = ",drawbox=w=iw:h=ih:color=black:t=fill:enable='lt(t,2)'"
    said = [f"language={language}" for language in ("eng", "ger", "eng", "cze")]
    tags = [part for at, language in enumerate(said) for part in (f"-metadata:s:a:{at}", language)]
    _ffmpeg(path, *picture("320x180", more=dark), *_tones("aac", 300, 900, 600, 450), *tags)


def _channels(path: Path) -> None:
    """Each channel of the sound is a track, as cameras and editing programs write it."""
    _ffmpeg(path, *picture("320x180"), *_tones("pcm_s16le", 300, 900, 600, 1200))


RECIPES: dict[str, Callable[[Path], object]] = {
    "landscape.mp4": _plain("640x360"),
    "long.mp4": _plain("640x360", "30000/1001", "13"),
    "portrait.mp4": _portrait,
    "odd.mp4": _odd,
    "silent.mp4": lambda path: _ffmpeg(path, *picture("320x180"), *FAST, "-t", "2"),
    "anamorphic.mp4": _plain("320x240", more=",setsar=2/1"),
    "interlaced.mp4": _interlaced,
    "hdr.mp4": _hdr,
    "variable_rate.mp4": _variable_rate,
    "surround.mp4": _surround,
    "languages.mkv": _languages,
    "channels.mov": _channels,
    "late_sound.mp4": _late_sound,
    "matroska.mkv": _plain("320x180"),
    "transport.ts": _plain("320x180"),
    "still_first.mov": _still_first,
    "last_hold.mp4": _last_hold,
    "short_header.mp4": _short_header,
    "clock_jump.ts": _clock_jump,
    "recorder.webm": _recorder,
    "long_sound.mp4": lambda path: _ffmpeg(
        path, *picture("640x360", more=",trim=end=2.52"), *SOUND, *FAST, *AAC, "-t", "7"
    ),
    "german.mp4": lambda path: _ffmpeg(
        path, *picture("320x180"), *SOUND, *FAST, *AAC, "-metadata:s:a:0", "language=deu", "-t", "2"
    ),
    "truncated.mp4": _truncated,
    "headless.mp4": _headless,
    "bit_rot.mp4": _bit_rot,
    "audio_only.mp4": lambda path: _ffmpeg(path, *SOUND, *AAC, "-t", "2"),
    "cover.mp4": _cover,
    "image.mp4": _image,
    "text.mp4": _text("This is not a film.\n" * 200),
    "empty.mp4": lambda path: path.write_bytes(b""),
    # Each of these two names another file of this machine, which a careless ffmpeg would read.
    "playlist.mp4": _text("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nlandscape.mp4\n#EXT-X-ENDLIST\n"),
    "script.mp4": _text("ffconcat version 1.0\nfile landscape.mp4\n"),
}


def sample(name: str) -> Path:
    """The clip of that name, with or without its extension."""
    full = name if name in RECIPES else next(recipe for recipe in RECIPES if Path(recipe).stem == name)
    # Clips of another version of these files are other clips.
    files = [Path(__file__), Path(__file__).with_name("media_strange.py")]
    folder = FOLDER / hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    path = folder / full
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(dir=folder))
        RECIPES[full](making / full)
        (making / full).replace(path)  # atomic, since tests run side by side
        shutil.rmtree(making)
    return path
