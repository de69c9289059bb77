"""The browser for the tests: Debian's Chromium without a window.

This build has no tabs and buttons of its own. In the whole browser these take about as much processor time as the page.
"""

from collections.abc import Generator
from contextlib import contextmanager

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium-headless-shell"
WHOLE = "/usr/bin/chromium"
"""The whole browser. It alone keeps pages that were left."""
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--mute-audio",
    # Chromium makes no requests of its own.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    # The same rule as for viewers: a page that was opened by its address may not start with sound.
    "--autoplay-policy=document-user-activation-required",
]


@contextmanager
def launched() -> Generator[Browser]:
    """One Chromium for all tests. Its driver keeps an event loop running in this thread until the end."""
    expect.set_options(timeout=60_000)  # A busy machine is slow, and that is not a fault of the page.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=120_000)
        yield browser
        browser.close()


@contextmanager
def tab(browser: Browser) -> Generator[Page]:
    """A new tab with its own cache. At its end it fails if the page raised an error or broke its policy."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    faults: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if "Security Policy" in message.text or "TrustedHTML" in message.text:
            faults.append(message.text)

    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", heard)
    yield page
    context.close()
    assert faults == []
