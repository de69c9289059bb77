"""What a viewer sees and hears in Chromium of what the platform's own encoder makes."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from local.cloud import LaptopCloud
from tests.browser.chromium import launched, tab
from tests.browser.heard import hears
from tests.browser.painted import pixels, rows
from tests.browser.settings_menu import choose, item
from tests.browser.waiting import until
from tests.e2e.platform import deployed, lay, settled, upload, wait
from tests.media_samples import sample

FILM = "Heat.mp4"
SECONDS = 6
WORDS = {"eng": "Good evening", "ger": "Guten Abend"}
SRT = "1\n00:00:00,100 --> 00:00:05,900\n{text}\n"
PITCH = {"English": 300, "Deutsch": 900}
"""Of the sample's languages, in Hz."""
DIM, BRIGHT = 60, 150
"""Of one colour of a pixel, whose greatest value is 255."""


@pytest.fixture(scope="module")
def cloud() -> Iterator[LaptopCloud]:
    with deployed(config={"fleets": "1", "nodesPerFleet": {"min": 1, "max": 1}}) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def browser(cloud: LaptopCloud) -> Iterator[Browser]:
    """After the cloud: the program cannot be deployed where the browser's driver keeps an event loop running."""
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def film(cloud: LaptopCloud, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A title with languages and captions inside of the file, and captions that came after it was published."""
    path = tmp_path_factory.mktemp("film") / FILM
    with_captions(path)
    title = upload(cloud, path, FILM)
    assert settled(cloud, title)["state"] == "PUBLISHED"
    lay(cloud, "Heat.fr.vtt", "WEBVTT\n\n00:00.100 --> 00:05.900\nBonsoir\n")
    wait(lambda: len(settled(cloud, title)["captions"]) == len(WORDS) + 1 or None, "the late captions are there")
    return title


def with_captions(path: Path) -> None:
    """Write the sample of several languages to `path`, with text tracks in English and German."""
    inputs = ["-i", str(sample("languages"))]
    mapped = ["-map", "0"]
    for number, (language, text) in enumerate(WORDS.items()):
        file = path.with_suffix(f".{language}")
        file.write_text(SRT.format(text=text), encoding="utf-8")
        inputs += ["-f", "srt", "-i", str(file)]
        mapped += ["-map", str(number + 1), f"-metadata:s:s:{number}", f"language={language}"]
    command = ["ffmpeg", "-v", "error", "-y", *inputs, *mapped, "-c", "copy", "-c:s", "mov_text", str(path)]
    subprocess.run(command, check=True, timeout=60)


@pytest.fixture
def page(browser: Browser, cloud: LaptopCloud, film: str) -> Iterator[Page]:
    """The film, playing."""
    with tab(browser) as page:
        page.goto(f"{cloud.url}/?title={film}")
        until(page, "video.currentTime > 0.3")
        yield page


def stand_still(page: Page, second: float) -> None:
    """Pause the film there."""
    page.locator("#stage").hover()
    page.evaluate("video.pause()")
    page.evaluate(f"video.currentTime = {second}")
    until(page, "!video.seeking && video.readyState > 1")


def test_the_film_is_played_to_its_end(page: Page) -> None:
    expect(page.locator("#watch-heading")).to_have_text("Heat")
    until(page, "video.ended")
    assert abs(page.evaluate("video.currentTime") - SECONDS) < 0.2
    expect(page.locator("#ending")).to_be_visible()
    expect(page.locator("#spinner")).to_be_hidden()


@pytest.mark.parametrize(
    ("name", "words"), [("English", "Good evening"), ("Deutsch", "Guten Abend"), ("Français", "Bonsoir")]
)
def test_captions_are_seen(page: Page, name: str, words: str) -> None:
    stand_still(page, 1)
    choose(page, "Captions", name)
    page.keyboard.press("Escape")
    expect(page.locator("#captions")).to_have_text(words)
    assert sum(min(pixel) > 230 for pixel in pixels(page, "#captions p > span")) > 100, "white letters are painted"


def test_the_other_language_is_heard(page: Page) -> None:
    page.evaluate("video.loop = true")
    page.locator("#stage").hover()
    page.locator("#mute").click()
    page.evaluate("video.muted = false")
    until(page, hears(PITCH["English"]))
    choose(page, "Audio", "Deutsch")
    until(page, hears(PITCH["Deutsch"]))
    item(page, "Audio").click()
    names = page.get_by_role("menuitemradio")
    expect(names).to_have_text(["English", "Deutsch", "English 2", "Čeština"])


def test_previews_are_seen_by_mouse_and_by_key(page: Page) -> None:
    stand_still(page, 0.5)
    bar = page.locator("#seek").bounding_box()
    assert bar

    def shown() -> str:
        """The colour of the left of the preview: the film is red there once it is not black."""
        expect(page.locator("#preview-picture")).to_be_visible()
        until(page, "document.getElementById('preview-image').complete")
        seen = rows(page, "#preview-picture")
        red, _, blue = seen[len(seen) // 4][len(seen[0]) // 5]
        return "black" if max(red, blue) < DIM else "red" if red > BRIGHT and blue < DIM else "neither"

    page.mouse.move(bar["x"] + bar["width"] * 0.1, bar["y"] + bar["height"] / 2)
    wait(lambda: shown() == "black" or None, "it is black", 20)
    page.mouse.move(bar["x"] + bar["width"] * 0.8, bar["y"] + bar["height"] / 2)
    wait(lambda: shown() == "red" or None, "it is red", 20)
    page.mouse.move(5, 5)
    expect(page.locator("#preview")).to_be_hidden()
    page.keyboard.press("l")
    expect(page.locator("#preview-time")).to_have_text("0:06")
    assert shown() == "red"


def test_the_poster_shows_something(browser: Browser, cloud: LaptopCloud, film: str) -> None:
    with tab(browser) as page:
        page.goto(cloud.url)
        poster = page.locator(f"#cards [data-id={film}] img")
        poster.scroll_into_view_if_needed()
        until(page, "document.querySelector('#cards img').naturalWidth > 0")
        assert sum(max(pixel) > 150 for pixel in pixels(page, f"#cards [data-id={film}] img")) > 1000
