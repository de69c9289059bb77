"""The painted pixels: what a viewer really sees, and not what the page believes."""

import subprocess

from playwright.sync_api import Page


def pixels(page: Page, selector: str) -> list[tuple[int, int, int]]:
    """The pixels (red, green, blue) that are painted in the place of this element."""
    shot = page.locator(selector).first.screenshot()
    command = ["ffmpeg", "-v", "error", "-i", "-", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, input=shot, capture_output=True, check=True).stdout
    return [(raw[at], raw[at + 1], raw[at + 2]) for at in range(0, len(raw), 3)]
