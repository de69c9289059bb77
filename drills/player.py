"""A real player among the viewers: Chromium on the platform's own page, and for how long its picture stood still."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from playwright.sync_api import Error, Page, sync_playwright

from drills.faults import Stage
from lambdas.titles import title_id
from local.demo import make_clip

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage", "--mute-audio"]
FILM = "drill.mp4"
LOOK = "(() => { const v = document.querySelector('video'); if (v) v.loop = true; return v ? v.currentTime : -1; })()"


@contextmanager
def watching(stage: Stage, *, enabled: bool) -> Generator[Callable[[], float | None]]:
    """Let Chromium play a film over and over. Gives the seconds that its picture stood still since the last question.

    Where it is not `enabled` nothing runs, and the answer is always None.
    """
    if not enabled:
        yield lambda: None
        return
    film = stage.cloud.run_dir / FILM
    make_clip(film)
    stage.cloud.client("s3").upload_file(str(film), stage.cloud.deployment.exports["uploads_bucket"], FILM)
    stage.published(FILM)
    over, plays, still = threading.Event(), threading.Event(), [0.0]

    def watch() -> None:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=120_000)
            page = browser.new_page()
            page.goto(f"{stage.cloud.url}/?title={title_id(FILM)}", timeout=120_000)
            at, moved = _position(page), time.monotonic()
            while not over.wait(0.25):
                now = _position(page)
                if now != at:
                    plays.set()
                    at, moved = now, time.monotonic()
                # A picture that stands for half a second is one that a viewer sees standing.
                elif plays.is_set() and time.monotonic() - moved > 0.5:
                    still[0] += 0.25
            browser.close()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    if not plays.wait(180):
        raise RuntimeError("Chromium did not begin to play within three minutes")

    def stalled() -> float:
        seconds, still[0] = still[0], 0.0
        return seconds

    try:
        yield stalled
    finally:
        over.set()
        thread.join(30)


def _position(page: Page) -> float:
    try:
        return float(page.evaluate(LOOK))
    except Error:
        return -1.0
