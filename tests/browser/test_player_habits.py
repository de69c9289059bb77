"""Habits: continuing a film, links, common keys and touches, the end of a film, and reports."""

import json
import re
import time
from typing import cast

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.fake_headend import REGION, Fake
from tests.browser.waiting import until

LONG_S = 120
# Both taps are sent from inside the page, because a busy machine would send the second one too late.
TAPPED_TWICE = """(side) => {
  const { left, top, width } = video.getBoundingClientRect();
  const where = { clientX: left + side * width, clientY: top + 40, pointerType: "touch", bubbles: true };
  for (let tap = 0; tap < 2; tap += 1) video.dispatchEvent(new PointerEvent("click", where));
}"""


@pytest.fixture
def long(page: Page, fake: Fake) -> Page:
    """A film of two minutes, paused at 30 s."""
    fake.add("long", "Two minutes", duration=LONG_S)
    page.goto(f"{fake.origin}/?title=long&t=30")
    until(page, "video.currentTime > 30.2")
    page.locator("#stage").hover()
    page.locator("#toggle").click()
    return page


def comes_to(page: Page, second: float, within: float = 0.2) -> None:
    """Wait until the film is at `second`. The page acts a moment after a key was pressed."""
    until(page, "([second, within]) => Math.abs(video.currentTime - second) <= within", [second, within])


def test_a_link_to_a_second_begins_there_and_the_second_can_be_copied(long: Page, fake: Fake) -> None:
    long.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=fake.origin)
    long.evaluate("video.currentTime = 75.5")
    long.get_by_role("button", name="Copy link at this time").click()
    expect(long.locator("#line")).to_have_text("The link to 1:15 is copied.")
    link = cast(str, long.evaluate("navigator.clipboard.readText()"))
    assert link == f"{fake.origin}/?title=long&t=75"
    long.goto(link)
    until(long, "video.currentTime >= 75 && video.currentTime < 90")
    assert not any("_000000002.cmfv" in path for path, _, _ in fake.sent), "nothing before it was fetched"
    long.evaluate("video.currentTime = 90")
    until(long, "!video.seeking && video.currentTime > 90")
    long.reload()
    until(long, "video.currentTime >= 90 && video.currentTime < 100")


def test_a_title_goes_on_where_it_was_left_or_from_the_start(long: Page, fake: Fake) -> None:
    long.goto(fake.origin)
    going = long.locator("#going .card[data-id=long]")
    expect(going).to_be_visible()
    expect(going.locator(".watched")).to_contain_text(re.compile("watched to 3[0-4] seconds"))
    going.get_by_role("link").click()
    expect(long.locator("#line")).to_contain_text("Going on at 0:3")
    until(long, "video.currentTime > 30.2")
    long.get_by_role("button", name="From the start").click()
    until(long, "video.currentTime > 0.2 && video.currentTime < 5")


def test_a_tab_in_which_a_film_stands_still_does_not_take_back_another_tab(long: Page, fake: Fake) -> None:
    other = long.context.new_page()
    other.goto(f"{fake.origin}/?title=long&t=80")
    until(other, "video.currentTime > 80.2")
    other.evaluate("video.pause()")
    long.goto(fake.origin)
    watched = long.locator("#going .card[data-id=long] .watched")
    expect(watched).to_contain_text("watched to 1 minute 20 seconds")


def test_a_title_that_was_watched_to_the_end_starts_from_its_beginning(long: Page, fake: Fake) -> None:
    long.evaluate(f"video.currentTime = {LONG_S - 1}; video.play()")
    until(long, "video.ended")
    long.goto(fake.origin)
    expect(long.locator("#cards .card").first).to_be_visible()
    expect(long.locator("#going")).to_be_hidden()


@pytest.mark.parametrize(
    ("key", "lands"), [("j", 20), ("l", 40), ("ArrowLeft", 25), ("ArrowRight", 35), ("0", 0), ("5", 60), ("9", 108)]
)
def test_keys_seek(long: Page, key: str, lands: float) -> None:
    long.evaluate("video.currentTime = 30")
    long.keyboard.press(key)
    comes_to(long, lands)


def test_a_key_that_is_held_seeks_on_and_on_but_plays_once(long: Page) -> None:
    long.evaluate("video.currentTime = 30")
    for key in ("ArrowRight", "k"):
        long.keyboard.down(key)
        long.keyboard.down(key)  # The keyboard repeats it.
        long.keyboard.up(key)
    until(long, "!video.paused && video.currentTime > 40")


def test_home_and_end_move_the_film_on_its_bar_and_the_page_elsewhere(long: Page) -> None:
    long.locator("#seek").focus()
    long.keyboard.press("Home")
    comes_to(long, 0)
    long.keyboard.press("End")
    comes_to(long, LONG_S, within=1)
    long.evaluate("video.currentTime = 30")
    long.locator("#share").focus()
    long.keyboard.press("Home")
    comes_to(long, 30)


def test_the_keys_are_listed_and_the_list_takes_them_all(long: Page) -> None:
    long.set_viewport_size({"width": 320, "height": 480})
    long.keyboard.press("?")
    dialog = long.get_by_role("dialog", name="Keys")
    expect(dialog.get_by_role("heading")).to_be_in_viewport()
    long.keyboard.press("l")
    long.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    comes_to(long, 30, within=5)


def test_two_taps_at_a_side_leap(browser: Browser, fake: Fake) -> None:
    fake.add("long", "Two minutes", duration=LONG_S)
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    try:
        page.goto(f"{fake.origin}/?title=long&t=30")
        until(page, "video.currentTime > 30.2", seconds=90)
        page.evaluate("video.pause(); video.currentTime = 30")
        for side, lands in ((0.9, 40), (0.1, 30)):
            page.evaluate(TAPPED_TWICE, side)
            comes_to(page, lands)
            page.wait_for_timeout(400)  # longer than the time between the two taps of a double tap
        assert page.evaluate("video.paused"), "a tap does not play"
    finally:
        context.close()


def test_the_end_offers_what_is_next_and_starts_nothing(long: Page, fake: Fake) -> None:
    long.evaluate(f"video.currentTime = {LONG_S - 0.7}; video.play()")
    offers = long.locator("#ending .offers a")
    expect(offers).to_have_count(1)
    expect(offers).to_contain_text("Four colours")
    until(long, "video.ended")
    offers.first.click()
    expect(long.get_by_role("heading", name="Four colours", level=1)).to_be_visible()
    until(long, "video.currentTime > 0.3")


def test_the_lock_screen_knows_the_title(long: Page) -> None:
    assert long.evaluate("navigator.mediaSession.metadata.title") == "Two minutes"


def reports(page: Page, fake: Fake, count: int) -> list[dict[str, object]]:
    """The page's reports, as soon as there are `count` of them. A report comes some time after its cause."""
    end = time.monotonic() + 30
    while True:
        found = [json.loads(body) for path, body in fake.posted if path == "/api/events"]
        if len(found) >= count:
            return found
        assert time.monotonic() < end, found
        page.wait_for_timeout(30)


def test_a_view_reports_how_it_began_and_how_it_ended(page: Page, fake: Fake) -> None:
    fake.titles["film"]["reports"] = 1
    page.goto(f"{fake.origin}/?title=film")
    until(page, "video.currentTime > 1")
    page.get_by_role("link", name="All titles").first.click()
    expect(page.locator("#cards .card").first).to_be_visible()
    started, ended = reports(page, fake, 2)
    assert (started["event"], ended["event"]) == ("start", "end")
    assert started["session"] == ended["session"]
    assert 0 < cast(float, started["start_ms"]) < 60_000
    assert 0.5 < cast(float, ended["watched_s"]) < 13
    assert cast(float, ended["kbps"]) > 0
    assert [started["region"], ended["region"]] == [REGION, REGION]


def test_a_view_has_one_name_in_its_reports_and_in_every_request(page: Page, fake: Fake) -> None:
    fake.add("rich", "Rich", duration=18, reports=1)
    page.goto(f"{fake.origin}/?title=rich&served")
    until(page, "video.currentTime > 1")
    page.locator("#stage").hover()
    page.locator("#subtitles").click()
    expect(page.locator("#captions")).not_to_be_empty()
    session = cast(str, reports(page, fake, 1)[0]["session"])
    expect(page.locator("[data-figure=view]")).to_have_text(session)
    expect(page.locator("[data-figure=reports]")).to_have_text("start")
    referer, named = f"{fake.origin}/?title=rich&view={session}", {f'cid="rich",sid="{session}"'}
    kinds = {path.rpartition(".")[2] for path, _, _ in fake.viewed}
    assert kinds == {"m3u8", "cmfv", "cmfa", "vtt"}
    # In no address: a browser keeps what it has under the address.
    assert [path for path, said, _ in fake.viewed if said != referer or "?" in path] == []
    previews = "index_images.m3u8"
    assert {said for path, _, said in fake.viewed if not path.endswith(previews)} == named
    page.reload()
    until(page, "video.currentTime > 0.3")
    expect(page.locator("[data-figure=view]")).not_to_have_text(session)
    assert {said for _, said, _ in fake.viewed} == {referer}, "the browser has it all, under the same addresses"


def test_a_view_that_never_began_says_so(page: Page, fake: Fake) -> None:
    fake.titles["film"]["reports"] = 1
    fake.outage = 503
    with page.expect_response("**/index.m3u8"):
        page.goto(f"{fake.origin}/?title=film")
    with page.expect_request("**/api/events"):
        page.get_by_role("link", name="All titles").first.click()
    assert [report["event"] for report in reports(page, fake, 1)] == ["exit"]


def test_a_view_reports_only_if_it_is_asked_to_and_stops_after_410(page: Page, fake: Fake) -> None:
    page.goto(f"{fake.origin}/?title=film")
    until(page, "video.currentTime > 0.3")
    assert reports(page, fake, 0) == []
    fake.titles["film"]["reports"] = 1
    fake.silent = True
    page.get_by_role("link", name="All titles").first.click()
    page.locator("#cards .card a").first.click()
    until(page, "video.currentTime > 0.3")
    page.get_by_role("link", name="All titles").first.click()
    page.locator("#cards .card a").first.click()
    until(page, "video.currentTime > 0.3")
    assert [report["event"] for report in reports(page, fake, 1)] == ["start"]
