"""Watching: a title plays with picture and sound, and its controls work."""

from typing import cast

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fake_headend import Fake
from tests.browser.film import QUARTERS
from tests.browser.settings_menu import choose, item
from tests.browser.waiting import until

PIXELS = """points => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  return points.map(([x, y]) => [...context.getImageData(x * canvas.width, y * canvas.height, 1, 1).data.slice(0, 3)]);
}"""
# The film has gone on for half a second and has painted some of its frames. A busy machine may drop others.
MOVED_ON = """([time, frames]) =>
  video.currentTime > time + 0.5 && video.getVideoPlaybackQuality().totalVideoFrames > frames + 5"""
# The browser refuses autoplay, with and without sound, until the viewer has touched the page.
NO_AUTOPLAY = """
let touched = false;
addEventListener("pointerdown", (event) => (touched = event.isTrusted), true);
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  if (touched) return play.call(this);
  return Promise.reject(new DOMException("not yet", "NotAllowedError"));
};"""
# The name for screen readers of each control that can get the focus.
NAMES = """() => [...document.querySelectorAll("#stage button, #stage input")]
  .filter((control) => control.checkVisibility())
  .map((control) => control.getAttribute("aria-label") ?? control.textContent.trim())"""


@pytest.fixture
def playing(page: Page, fake: Fake) -> Page:
    """The film, which plays since its address was opened."""
    # The test runs no script before the film starts. Chromium would count it as a gesture of the viewer and allow
    # sound.
    with page.expect_response("**/index.m3u8"):
        page.goto(f"{fake.origin}/?title=film")
    until(page, "video.currentTime > 0.3")
    return page


def test_the_picture_is_that_of_the_film(playing: Page) -> None:
    before = playing.evaluate("[video.currentTime, video.getVideoPlaybackQuality().totalVideoFrames]")
    until(playing, MOVED_ON, before)
    shown = cast(list[list[int]], playing.evaluate(PIXELS, list(QUARTERS)))
    for (place, wanted), pixel in zip(QUARTERS.items(), shown, strict=True):
        assert all(abs(a - b) < 40 for a, b in zip(pixel, wanted, strict=True)), f"{place}: {pixel}, not {wanted}"


def test_the_sound_is_a_rendition_of_its_own_and_is_heard(playing: Page, fake: Fake) -> None:
    until(playing, "video.webkitAudioDecodedByteCount > 0")
    assert any(path.endswith("_000000001.cmfa") for path, _, _ in fake.sent)


def test_sound_is_off_until_asked_for_when_the_browser_wants_it_so(playing: Page) -> None:
    assert playing.evaluate("video.muted")
    playing.get_by_role("button", name="Turn the sound on").click()
    until(playing, "!video.muted")
    expect(playing.get_by_role("button", name="Turn the sound on")).to_be_hidden()


def test_a_play_button_waits_when_nothing_may_start_by_itself(page: Page, fake: Fake) -> None:
    page.add_init_script(NO_AUTOPLAY)
    page.goto(f"{fake.origin}/?title=film")
    begin = page.locator("#begin")
    expect(begin).to_be_visible()
    assert page.evaluate("video.paused")
    begin.click()
    until(page, "video.currentTime > 0.3 && !video.muted")
    expect(begin).to_be_hidden()


def test_another_rung_is_chosen_and_seen(playing: Page) -> None:
    for rung, width in (("180p", 320), ("360p", 640)):
        choose(playing, "Quality", rung)
        until(playing, f"video.videoWidth === {width}")
        expect(item(playing, "Quality")).to_contain_text(rung)
    choose(playing, "Quality", "Auto")
    expect(item(playing, "Quality")).to_contain_text("Auto")


def test_the_menu_works_from_the_keyboard(playing: Page) -> None:
    key = playing.keyboard.press
    playing.locator("#settings").focus()
    key("Enter")
    expect(item(playing, "Quality")).to_be_focused()
    key("End")
    expect(item(playing, "Speed")).to_be_focused()
    key("Home")
    key("ArrowRight")
    expect(playing.get_by_role("menuitemradio", name="Auto")).to_be_focused()
    key("ArrowDown")
    expect(playing.get_by_role("menuitemradio", name="360p")).to_be_focused()
    key("ArrowLeft")
    expect(item(playing, "Quality")).to_be_focused()
    key("k")
    assert not playing.evaluate("video.paused"), "keys in a menu are the menu's"
    key("Escape")
    expect(playing.locator("#menu")).to_be_hidden()
    expect(playing.locator("#settings")).to_be_focused()


def test_keys_pause_seek_silence_and_fill_the_screen(playing: Page) -> None:
    playing.keyboard.press("Space")
    until(playing, "video.paused")
    at = cast(float, playing.evaluate("video.currentTime"))
    playing.keyboard.press("ArrowRight")
    until(playing, "at => Math.abs(video.currentTime - at) < 0.1", at + 5)
    playing.keyboard.press("ArrowLeft")
    until(playing, "at => Math.abs(video.currentTime - at) < 0.1", at)
    playing.keyboard.press("m")
    until(playing, "!video.muted")
    playing.keyboard.press("f")
    until(playing, "document.fullscreenElement === stage")
    playing.keyboard.press("f")
    until(playing, "document.fullscreenElement === null")
    playing.keyboard.press("Space")
    until(playing, "!video.paused")


def test_a_key_meant_for_a_button_does_not_pause_the_film_too(playing: Page) -> None:
    playing.locator("#mute").focus()
    playing.keyboard.press("Space")
    until(playing, "!video.muted")
    assert not playing.evaluate("video.paused")


def test_seeking_to_the_end_ends_and_can_be_played_again(playing: Page) -> None:
    playing.locator("#seek").fill("11")
    until(playing, "video.ended")
    expect(playing.locator("#spinner")).to_be_hidden()
    playing.locator("#toggle").click()
    until(playing, "video.currentTime > 0.2 && video.currentTime < 5")


def test_every_control_has_a_name(playing: Page) -> None:
    playing.mouse.move(500, 400)
    names = cast(list[str], playing.evaluate(NAMES))
    assert len(names) >= 6
    assert all(names)


def test_a_portrait_film_fits_a_phone(page: Page, fake: Fake) -> None:
    fake.add("tall", "Tall", width=180, height=320)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{fake.origin}/?title=tall")
    until(page, "video.videoHeight === 320 && video.currentTime > 0.2")
    box = page.locator("#stage").bounding_box()
    assert box is not None
    assert box["width"] == 390
    assert 500 < box["height"] < 844 - box["y"], "tall, and wholly on the screen"
    assert page.evaluate("document.documentElement.scrollWidth") == 390
