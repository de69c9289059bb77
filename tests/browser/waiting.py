"""Waits on a page whose Content-Security-Policy forbids `eval`, which Playwright's own wait_for_function needs."""

import time

from playwright.sync_api import Page


def until(page: Page, condition: str, arg: object = None, seconds: float = 60) -> None:
    """Wait until the JavaScript `condition`, an expression or a function of `arg`, is true. Fail after `seconds`."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition, arg):
        assert time.monotonic() < end, f"not within {seconds} s: {condition}"
        page.wait_for_timeout(30)
