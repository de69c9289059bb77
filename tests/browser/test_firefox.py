"""The same page in Firefox: it plays to the end, shows captions and previews, changes the language, obeys keys,
reports, and goes on after an outage.

Firefox keeps no page with Media Source Extensions when it is left ("blocked due to MSE use", in its log PageCache). It
loads such a page again, so there is nothing to come back from the browser's memory.
"""

import json
from collections.abc import Iterator

import pytest

from tests.browser.fake_headend import SITE, Fake
from tests.browser.film import BRIGHTEST, DARKER, EACH, WORDS
from tests.browser.firefox import Firefox, firefox
from tests.browser.painted import PREVIEW
from tests.waiting import eventually

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


def test_a_preview_is_painted_under_the_mouse(rich: Firefox) -> None:
    rich.run("video.pause()")
    rich.point("seek", 0.6)
    rich.point("seek", 0.75)
    rich.until("by('preview-image').naturalWidth && by('preview-image').getBoundingClientRect().width")
    grey = (BRIGHTEST - DARKER * (int(0.75 * 18) // EACH) - 16) * 255 / 219  # luma as RGB
    rich.until(f"Math.abs(({PREVIEW})() - {grey}) < 10", 20)


def test_keys_leap_and_open_the_list_of_keys(rich: Firefox) -> None:
    rich.press("k")
    rich.until("video.paused")
    rich.press("5")
    rich.until("Math.abs(video.currentTime - 9) < 0.1")
    rich.press("?")
    rich.until("document.querySelector('dialog[open]')")


def test_the_last_report_is_sent_though_the_page_is_left(browser: Firefox, fake: Fake) -> None:
    fake.titles["film"]["reports"] = 1
    browser.open(f"{fake.origin}/?title=film")
    browser.until("video.currentTime > 1")
    browser.open("about:blank")
    assert eventually(lambda: [json.loads(body)["event"] for _, body in fake.posted if body] == ["start", "end"], 20)


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
