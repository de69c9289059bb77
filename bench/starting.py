"""Part five: the time to the first frame in Chromium with a slowed network, and the bytes of the page.

The laptop cloud serves the page, the API and the demo's clip. Chromium delays each answer by the round trip, and limits
all of them together to a number of bits a second. A cold browser has an empty cache; a warm one is the same browser a
moment later. A time runs from the beginning of the navigation until the browser paints a frame of the film.
"""

import shutil
import time
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import requests
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench.figures import Row
from bench.publishing import cloud_and_clip, wait_until_published
from lambdas.titles import title_id

PART = "Start of a view in Chromium"
ROUNDS = 5
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--mute-audio", "--disable-background-networking", "--no-first-run"]
KEY = "Bench start.mp4"
PATIENCE = 60.0
"""Seconds after which the measurement of a first frame fails."""
NOTE_FIRST_FRAME = """addEventListener("DOMContentLoaded", () => {
  document.querySelector("video").requestVideoFrameCallback((now) => (window.firstFrame = now));
})"""
PAGE_BYTES = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .filter(({ name }) => !new URL(name).pathname.match(/^\\/(v|api)\\//))
  .reduce((sum, { transferSize }) => sum + transferSize, 0)"""


class Network(NamedTuple):
    """A viewer's network."""

    megabits: int
    """Mb/s."""
    round_trip: int
    """Milliseconds."""

    def __str__(self) -> str:
        return f"{self.megabits} Mb/s and {self.round_trip} ms"


class View(NamedTuple):
    """The beginning of one view."""

    seconds: float
    """Seconds until the first frame."""
    page_bytes: int
    """Bytes that were transferred for the page itself, with headers."""


NETWORKS = (Network(3, 150), Network(20, 40))


def measure(say: Callable[[str], None]) -> list[Row]:
    """Measure times to the first frame on each network, cold and warm, and the bytes of the page."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise RuntimeError("chromium is missing: `make test` installs it, or `apt-get install chromium`")
    with cloud_and_clip(say) as (cloud, clip):
        say("a title to watch")
        cloud.client("s3").upload_file(str(clip), cloud.deployment.exports["uploads_bucket"], KEY)
        with requests.Session() as viewer:
            wait_until_published(viewer, f"{cloud.url}/api/titles/{title_id(KEY)}")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            try:
                return _rows(browser, f"{cloud.url}/?title={title_id(KEY)}", say)
            finally:
                browser.close()


def _rows(browser: Browser, url: str, say: Callable[[str], None]) -> list[Row]:
    _pair(browser, url, NETWORKS[-1])  # Fills the caches and starts the functions, as if viewers watched the title.
    views: dict[Network, list[tuple[View, View]]] = {network: [] for network in NETWORKS}
    for number in range(ROUNDS):
        say(f"round {number + 1} of {ROUNDS}")
        for network, pairs in views.items():
            pairs.append(_pair(browser, url, network))
    rows = [
        Row(PART, f"first frame, {network}, {name}", "s", [pair[which].seconds for pair in pairs])
        for network, pairs in views.items()
        for which, name in enumerate(("cold", "warm"))
    ]
    weights = [cold.page_bytes / 1000 for pairs in views.values() for cold, _ in pairs]
    return [*rows, Row(PART, "the page, transferred", "kB", weights)]


def _pair(browser: Browser, url: str, network: Network) -> tuple[View, View]:
    """The same view, cold and warm, in a new browser context."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    try:
        return _view(context, url, network), _view(context, url, network)
    finally:
        context.close()


def _view(context: BrowserContext, url: str, network: Network) -> View:
    page = context.new_page()
    page.add_init_script(NOTE_FIRST_FRAME)
    session = context.new_cdp_session(page)
    rate = network.megabits * 1e6 / 8
    shape = {"offline": False, "latency": network.round_trip, "downloadThroughput": rate, "uploadThroughput": rate}
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", cast(dict[str, Any], shape))
    page.goto(url)
    milliseconds = _first_frame(page)
    view = View(milliseconds / 1000, cast(int, page.evaluate(PAGE_BYTES)))
    page.close()
    return view


def _first_frame(page: Page) -> float:
    """Milliseconds from the beginning of the navigation to the first frame."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if painted := cast(float | None, page.evaluate("window.firstFrame ?? null")):
            return painted
        page.wait_for_timeout(50)
    raise RuntimeError(f"no frame was painted within {PATIENCE:.0f} s")
