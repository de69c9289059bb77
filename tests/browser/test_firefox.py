"""The same page in Firefox: it plays to the end, shows captions, changes the language, and goes on after an outage."""

from collections.abc import Iterator

import pytest

from tests.browser.fake_headend import SITE, Fake
from tests.browser.film import WORDS
from tests.browser.firefox import Firefox, firefox

DECODES = """MediaSource.isTypeSupported('video/mp4; codecs="avc1.64000d,mp4a.40.2"')"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Firefox]:
    with firefox() as browser:
        yield browser


@pytest.fixture
def rich(browser: Firefox, fake: Fake) -> Firefox:
    """The film with languages and captions, playing."""
    fake.add("rich", "Rich", duration=18, reports=1)
    browser.open(f"{fake.origin}/?title=rich")
    assert browser.run(DECODES), "this Firefox decodes neither H.264 nor AAC: is ffmpeg's libavcodec installed?"
    browser.until("video.currentTime > 0.3")
    return browser


def pick(browser: Firefox, page: str, choice: str) -> None:
    """Choose in the settings, as a click does."""
    browser.run("by('menu').hidden || by('settings').click()")
    browser.run("by('settings').click()")
    browser.run(f"document.querySelector('#menu [data-item={page}]').click()")
    browser.run(
        f"[...document.querySelectorAll('#menu button')].find((item) => item.textContent === {choice!r}).click()"
    )


def test_the_film_plays_to_its_end(rich: Firefox) -> None:
    assert rich.run("by('watch-heading').textContent") == "Rich"
    rich.run("video.currentTime = 16")
    rich.until("video.ended")
    rich.until("!by('ending').hidden")
    assert rich.run("by('spinner').hidden")


def test_captions_are_drawn_and_another_language_is_heard(rich: Firefox, fake: Fake) -> None:
    rich.run("video.pause()")
    rich.run("video.currentTime = 1")
    pick(rich, "captions", "English, SDH")
    rich.until(f"by('captions').textContent === {WORDS['en']!r}")
    pick(rich, "sound", "Deutsch")
    rich.run("video.play() && null")
    rich.until("video.currentTime > 3")
    assert any("Deutsch" in path for path, _, _ in fake.sent)


def test_scripts_that_did_not_load_are_asked_for_again(browser: Firefox, fake: Fake) -> None:
    (library,) = [key for key in SITE if "hls.min" in key]
    fake.faults[library] = [503] * 3
    browser.open(f"{fake.origin}/?title=film")
    browser.until("by('notice').textContent.startsWith('The film does not start')")
    fake.faults.clear()
    browser.until("video.currentTime > 0.3")


def test_an_outage_is_survived(rich: Firefox, fake: Fake) -> None:
    fake.outage = 503
    viewed = len(fake.viewed)
    browser = rich
    browser.open(f"{fake.origin}/?title=film")  # The browser has nothing of this film yet.
    browser.until("!by('spinner').hidden")
    while len(fake.viewed) < viewed + 3:
        browser.until("by('notice').hidden")
    fake.outage = None
    browser.until("video.currentTime > 1")
    assert browser.run("by('notice').hidden")
