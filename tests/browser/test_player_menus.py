"""The menus: captions are shown, languages are heard, previews are shown, and the page remembers the choices."""

from typing import cast

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fake_headend import Fake
from tests.browser.film import BRIGHTEST, DARKER, EACH, TILE, TONES, WORDS
from tests.browser.heard import hears
from tests.browser.painted import PREVIEW, pixels
from tests.browser.settings_menu import choose, item, open_menu
from tests.browser.waiting import until


@pytest.fixture
def rich(page: Page, fake: Fake) -> Page:
    """The film with languages, captions and previews, paused at its first second."""
    fake.add("rich", "Rich", duration=18)
    page.goto(f"{fake.origin}/?title=rich")
    until(page, "video.currentTime > 0.3")
    page.locator("#stage").hover()
    page.locator("#toggle").click()
    page.evaluate("video.currentTime = 1")
    until(page, "!video.seeking && video.readyState > 1")
    return page


def test_captions_are_off_until_asked_for_and_then_seen(rich: Page) -> None:
    expect(rich.locator("#captions")).to_be_empty()
    expect(rich.locator("#subtitles")).to_have_attribute("aria-pressed", "false")
    rich.locator("#subtitles").click()
    expect(rich.locator("#captions")).to_have_text(WORDS["en"])
    expect(rich.locator("#captions b")).to_have_text(WORDS["en"])
    seen = pixels(rich, "#captions p > span")
    assert sum(min(pixel) > 230 for pixel in seen) > 100, "white letters are painted"
    rich.keyboard.press("c")
    expect(rich.locator("#captions")).to_be_empty()


def test_captions_stay_readable_over_white(rich: Page) -> None:
    rich.locator("#subtitles").click()
    rich.evaluate("stage.style.background = '#fff'; video.style.visibility = 'hidden'")
    rich.mouse.move(5, 5)
    for ground in ("Shade", "Solid"):
        choose(rich, "Caption background", ground)
        rich.keyboard.press("Escape")
        seen = sorted(sum(pixel) for pixel in pixels(rich, "#captions p > span"))
        # Most of it is background. White letters need a contrast of 4.5 : 1, so the background's grey is at most 118.
        assert seen[len(seen) // 3] <= 3 * 118, ground
        assert seen[-1] > 3 * 240, ground
    choose(rich, "Caption background", "None")
    rich.keyboard.press("Escape")
    assert sum(sum(pixel) < 200 for pixel in pixels(rich, "#captions p > span")) > 300, "an outline of its own"


def test_another_language_of_captions_is_chosen_by_its_own_name_and_remembered(rich: Page, fake: Fake) -> None:
    choose(rich, "Captions", "Deutsch")
    expect(rich.locator("#captions")).to_have_text(WORDS["de"])
    expect(item(rich, "Captions")).to_contain_text("Deutsch")
    choose(rich, "Caption size", "Very large")
    expect(rich.locator("#captions")).to_have_attribute("data-size", "huge")
    rich.goto(f"{fake.origin}/?title=rich")
    expect(rich.locator("#captions")).to_have_text(WORDS["de"])
    expect(rich.locator("#captions")).to_have_attribute("data-size", "huge")


def test_captions_for_the_deaf_are_marked(rich: Page) -> None:
    open_menu(rich)
    item(rich, "Captions").click()
    expect(rich.get_by_role("menuitemradio")).to_have_text(["Off", "English, SDH", "Deutsch"])


def test_scripts_and_pictures_in_a_caption_file_are_text(rich: Page) -> None:
    rich.locator("#subtitles").click()
    rich.evaluate("video.currentTime = 5")
    expect(rich.locator("#captions")).to_contain_text("document.title='run'")
    assert rich.locator("#captions script, #captions img").count() == 0
    assert rich.title() == "Rich · Headend"


def test_a_caption_goes_where_its_file_says_and_away_from_the_controls(rich: Page) -> None:
    rich.locator("#subtitles").click()
    caption, stage = rich.locator("#captions p"), rich.locator("#stage").bounding_box()
    bar = rich.locator("#seek").bounding_box()
    expect(caption).to_have_text(WORDS["en"])
    rich.wait_for_timeout(400)
    low = caption.bounding_box()
    rich.evaluate("video.currentTime = 7")
    expect(caption).to_have_text("At the top")
    high = caption.bounding_box()
    assert stage
    assert bar
    assert low
    assert high
    assert low["y"] + low["height"] <= bar["y"], "above the bar"
    assert high["y"] < stage["y"] + stage["height"] / 3


def test_another_language_is_heard_and_remembered(rich: Page, fake: Fake) -> None:
    rich.evaluate("video.muted = false")
    rich.locator("#toggle").click()
    until(rich, hears(TONES["en"]))
    choose(rich, "Audio", "Deutsch")
    expect(item(rich, "Audio")).to_contain_text("Deutsch")
    until(rich, hears(TONES["de"]))
    assert not any("Deutsch" in path and "_000000001.cmfa" in path for path, _, _ in fake.sent[:1])
    sent = len(fake.sent)
    rich.goto(f"{fake.origin}/?title=rich")
    until(rich, "video.currentTime > 0.3")
    again = [path for path, _, _ in fake.sent[sent:] if path.endswith("_000000001.cmfa")]
    assert all("Deutsch" in path for path in again), "it begins in the language that was chosen"


def test_audio_description_is_marked(rich: Page) -> None:
    open_menu(rich)
    item(rich, "Audio").click()
    expect(rich.get_by_role("menuitemradio")).to_have_text(["English", "Deutsch", "English, audio description"])


def test_the_speed_is_chosen_and_remembered(rich: Page, fake: Fake) -> None:
    choose(rich, "Speed", "1.5 \N{MULTIPLICATION SIGN}")
    assert rich.evaluate("video.playbackRate") == 1.5
    rich.goto(f"{fake.origin}/?title=rich")
    until(rich, "video.currentTime > 0.3")
    assert rich.evaluate("video.playbackRate") == 1.5


@pytest.mark.parametrize("at", [1, 7, 13, 17])
def test_a_preview_shows_the_picture_of_its_time(rich: Page, at: int) -> None:
    bar = rich.locator("#seek").bounding_box()
    assert bar
    rich.mouse.move(bar["x"] + bar["width"] * at / 18, bar["y"] + bar["height"] / 2)
    expect(rich.locator("#preview-time")).to_have_text(f"0:{at:02}")
    until(rich, "document.getElementById('preview-image').naturalWidth > 0")
    box = rich.locator("#preview-picture").bounding_box()
    assert box
    assert box["width"] / box["height"] == pytest.approx(TILE[0] / TILE[1], rel=0.02)
    grey = (BRIGHTEST - DARKER * (at // EACH) - 16) * 255 / 219  # luma as RGB
    until(rich, f"Math.abs(({PREVIEW})() - {grey}) < 10")


def test_a_preview_is_shown_while_seeking_by_keyboard(rich: Page) -> None:
    rich.keyboard.press("ArrowRight")
    expect(rich.locator("#preview")).to_be_visible()
    expect(rich.locator("#preview-time")).to_have_text("0:06")
    expect(rich.locator("#preview")).to_be_hidden()


def test_a_title_without_previews_shows_the_time_alone(page: Page, fake: Fake) -> None:
    page.goto(f"{fake.origin}/?title=film")
    until(page, "video.currentTime > 0.3")
    page.locator("#seek").hover()
    expect(page.locator("#preview-time")).to_be_visible()
    expect(page.locator("#preview-picture")).to_be_hidden()
    expect(page.locator("#subtitles")).to_be_hidden()


def test_a_broken_caption_file_does_not_disturb_the_film(rich: Page, fake: Fake) -> None:
    fake.faults["_000000001.vtt"] = [404] * 50
    rich.locator("#subtitles").click()
    rich.locator("#toggle").click()
    until(rich, "video.currentTime > 3")
    expect(rich.locator("#notice")).to_be_hidden()
    assert cast(float, rich.evaluate("video.playbackRate")) == 1
