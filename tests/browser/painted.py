"""The painted pixels: what a viewer really sees, and not what the page believes."""

import subprocess

from playwright.sync_api import Page

# The part of a preview's sheet that is seen, as the grey of its middle.
PREVIEW = """() => {
  const [image, box] = [document.getElementById("preview-image"), document.getElementById("preview-picture")];
  const [outer, inner] = [box.getBoundingClientRect(), image.getBoundingClientRect()];
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const scale = image.naturalWidth / inner.width;
  const x = (outer.x + outer.width / 2 - inner.x) * scale, y = (outer.y + outer.height / 2 - inner.y) * scale;
  return context.getImageData(x, y, 1, 1).data[0];
}"""


def rows(page: Page, selector: str) -> list[list[tuple[int, int, int]]]:
    """The pixels (red, green, blue) that are painted in the place of this element, row by row."""
    shot = page.locator(selector).first.screenshot()
    command = ["ffmpeg", "-v", "error", "-i", "-", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, input=shot, capture_output=True, check=True).stdout
    width = int.from_bytes(shot[16:20])  # A PNG says so first.
    found = [(raw[at], raw[at + 1], raw[at + 2]) for at in range(0, len(raw), 3)]
    return [found[at : at + width] for at in range(0, len(found), width)]


def pixels(page: Page, selector: str) -> list[tuple[int, int, int]]:
    """The same, as one list."""
    return [pixel for row in rows(page, selector) for pixel in row]
