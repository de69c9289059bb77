"""A real player among the viewers: Chromium on the platform's own page, and for how long its picture stood still."""

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
"""Longer than what a player holds ahead, so that it asks for more all the while."""
LATE = 10.0
"""Seconds to the first picture, after which a viewer is taken to look at a picture that stands still."""
LOOK = "(() => { const v = document.querySelector('video'); return v ? [v.currentTime, v.ended ? 1 : 0] : [0, 0]; })()"


class Watching:
    """Chromium, which plays the film over and over, each time as a new viewer who has nothing in his cache."""

    def __init__(self, url: str) -> None:
        self.plays = threading.Event()
        self.trouble = ""
        self._url, self._still, self._over = url, 0.0, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def stood(self) -> float:
        """Seconds that the picture stood still since the last question."""
        if not self.thread.is_alive():
            raise RuntimeError(f"Chromium ended. {self.trouble}")
        seconds, self._still = self._still, 0.0
        return seconds

    def stop(self) -> None:
        """Watch no more."""
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
        """One view, to the end of the film."""
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
            # A picture that stands for half a second is one that a viewer sees standing.
            elif now > moved + (0.5 if at else LATE) and self.plays.is_set():
                self._still += now - max(looked, moved)
            looked = now
            if now - moved > 2 * LATE:
                return  # as a viewer does who opens the page again


def _look(page: Page) -> tuple[float, float]:
    """The position in the film, and whether that is its end."""
    try:
        position, ended = page.evaluate(LOOK)
        return float(position), float(ended)
    except Error:
        return 0.0, 0.0


@contextmanager
def watching(stage: Stage, *, enabled: bool) -> Generator[Callable[[], float | None]]:
    """Let Chromium play a film over and over. Gives the seconds that its picture stood still since the last question.

    Where it is not `enabled` nothing runs, and the answer is always None. Raises RuntimeError where it does not play.
    """
    if not enabled:
        yield lambda: None
        return
    film = stage.cloud.run_dir / FILM
    make_clip(film, SIZE, SECONDS)
    stage.cloud.client("s3").upload_file(str(film), stage.cloud.deployment.exports["uploads_bucket"], FILM)
    if (state := stage.published(FILM)) != "PUBLISHED":
        table, key = stage.cloud.deployment.exports["titles_table"], {"id": {"S": title_id(FILM)}}
        row = stage.cloud.client("dynamodb").get_item(TableName=table, Key=key).get("Item", {})
        why = "; ".join(row[name]["S"] for name in ("reason", "fault") if name in row)
        raise RuntimeError(f"the player's film is {state or 'unknown'}, and not published: {why}")
    player = Watching(f"{stage.cloud.url}/?title={title_id(FILM)}")
    try:
        if not player.plays.wait(180):
            raise RuntimeError(f"Chromium did not begin to play within three minutes. {player.trouble}")
        yield player.stood
    finally:
        player.stop()
