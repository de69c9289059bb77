"""A real player among the viewers: Chromium on the platform's own page. Measures how long its picture stands still."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager

from playwright.sync_api import Error, Page, sync_playwright

from drills.faults import Stage
from lambdas.titles import title_id
from local.demo import make_clip

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage", "--mute-audio"]
FILM, SIZE, SECONDS = "drill.mp4", "640x360", 90
"""The film is longer than a player's buffer, so that the player sends requests all the time."""
LATE = 10.0
"""Seconds. If the first picture comes later than this, the rest of the wait counts as a picture that stands still."""
LOOK = "(() => { const v = document.querySelector('video'); return v ? [v.currentTime, v.ended ? 1 : 0] : [0, 0]; })()"


class Watching:
    """Chromium, which plays the film again and again, each time as a new viewer with an empty cache."""

    def __init__(self, url: str) -> None:
        self.plays = threading.Event()
        self.trouble = ""
        self._url, self._still, self._over = url, 0.0, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def stood(self) -> float:
        """Seconds for which the picture stood still since the last call."""
        if not self.thread.is_alive():
            raise RuntimeError(f"Chromium ended. {self.trouble}")
        seconds, self._still = self._still, 0.0
        return seconds

    def stop(self) -> None:
        """Stop watching."""
        self._over.set()
        self.thread.join(30)

    def _watch(self) -> None:
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=120_000)
                while not self._over.is_set():
                    with closing(browser.new_context()) as context:
                        self._view(context.new_page())
        except Error as error:
            self.trouble = str(error)

    def _view(self, page: Page) -> None:
        """Play the film once, to its end."""
        looked = moved = time.monotonic()
        at, ended = 0.0, 0.0
        try:
            page.goto(self._url, timeout=30_000)
        except Error as error:
            self.trouble = str(error)
        while not ended and not self._over.wait(0.25):
            (position, ended), now = _look(page), time.monotonic()
            if position > at:
                self.plays.set()
                at, moved = position, now
            # A viewer notices a picture that stands still for half a second.
            elif now > moved + (0.5 if at else LATE) and self.plays.is_set():
                self._still += now - max(looked, moved)
            looked = now
            if now - moved > 2 * LATE:
                return  # a viewer would open the page again


def _look(page: Page) -> tuple[float, float]:
    """(position in seconds, 1 at the end of the film or else 0)."""
    try:
        position, ended = page.evaluate(LOOK)
        return float(position), float(ended)
    except Error:
        return 0.0, 0.0


@contextmanager
def watching(stage: Stage, *, enabled: bool) -> Generator[Callable[[], float | None]]:
    """Let Chromium play a film again and again. Yields a function that returns the seconds for which its picture stood
    still since the last call.

    If it is not `enabled`, nothing runs, and the function returns None. Raises RuntimeError if the film does not play.
    """
    if not enabled:
        yield lambda: None
        return
    film = stage.cloud.run_dir / FILM
    make_clip(film, SIZE, SECONDS)
    stage.cloud.client("s3").upload_file(str(film), stage.cloud.deployment.exports["uploads_bucket"], FILM)
    if (state := stage.published(FILM)) != "PUBLISHED":
        row = stage.cloud.row(title_id(FILM)) or {}
        why = "; ".join(row[name] for name in ("reason", "fault") if name in row)
        raise RuntimeError(f"the player's film was not published, its state is {state or 'unknown'}: {why}")
    player = Watching(f"{stage.cloud.url}/?title={title_id(FILM)}")
    try:
        if not player.plays.wait(180):
            raise RuntimeError(f"Chromium did not begin to play within three minutes. {player.trouble}")
        yield player.stood
    finally:
        player.stop()
