"""`python -m scripts.player_picture`: makes a new docs/player.png, which shows the page on the laptop cloud.

The film is the demo's clip. It needs the same programs as the browser tests.
"""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from lambdas.titles import title_id
from local.cloud import LaptopCloud
from local.demo import make_clip
from tests.browser.chromium import FLAGS
from tests.e2e.platform import settled

PICTURE = Path(__file__).parents[1] / "docs" / "player.png"
FILM = "Test card.mp4"
SIZE = (1280, 800)
EARLIER, NOW = 2.0, 7.5
"""Seconds that an earlier viewer watched, and that the viewer in the picture watched."""


def main() -> None:
    """Run the platform, watch, and write the picture."""
    run_dir = Path(tempfile.mkdtemp(prefix="headend-"))
    cloud = LaptopCloud(run_dir)
    try:
        cloud.start(print)
        make_clip(run_dir / FILM)
        cloud.client("s3").upload_file(str(run_dir / FILM), cloud.deployment.exports["uploads_bucket"], FILM)
        title = title_id(FILM)
        print(f"{FILM}: {settled(cloud, title)['state']}")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            url = f"{cloud.url}/?title={title}&served"
            _watch(browser, url, EARLIER)
            _watch(browser, url, NOW, PICTURE)
            browser.close()
    finally:
        cloud.stop()
        shutil.rmtree(run_dir, ignore_errors=True)
    print(PICTURE)


def _watch(browser: Browser, url: str, seconds: float, picture: Path | None = None) -> None:
    page = browser.new_context(viewport={"width": SIZE[0], "height": SIZE[1]}).new_page()
    page.goto(url)
    while page.evaluate("video.currentTime") < seconds:
        page.wait_for_timeout(50)
    if picture:
        page.evaluate("video.pause()")
        page.mouse.move(1, 1)
        page.wait_for_timeout(1000)
        page.screenshot(path=picture)
    page.context.close()


if __name__ == "__main__":
    main()
