"""Trouble: the page overcomes each disturbance, or says what the viewer can do."""

import json
import re
import threading
import time
from collections.abc import Iterator
from typing import cast

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.answering import answering
from tests.browser.chromium import FLAGS, WHOLE, tab
from tests.browser.fake_headend import CUT, SITE, Fake
from tests.browser.settings_menu import choose
from tests.browser.waiting import until
from tests.waiting import eventually

AHEAD = "(video.buffered.length ? video.buffered.end(video.buffered.length - 1) - video.currentTime : 0)"
OUTAGE_S = 12
# So often, hls.js does not hear that the browser is ready for the film. It then waits, and fetches no segment.
LOSE = """(times) => {
  const listen = MediaSource.prototype.addEventListener;
  MediaSource.prototype.addEventListener = function (type, ...rest) {
    if (type !== "sourceopen" || times-- <= 0) listen.call(this, type, ...rest);
  };
}"""


def test_a_title_in_preparation_starts_by_itself(page: Page, fake: Fake) -> None:
    fake.titles["film"]["state"] = "REGISTERED"
    page.goto(f"{fake.origin}/?title=film")
    expect(page.locator("#notice")).to_contain_text("Being prepared")
    fake.titles["film"]["state"] = "PUBLISHED"
    until(page, "video.currentTime > 0.3")
    expect(page.locator("#notice")).to_be_hidden()


def test_a_title_that_cannot_be_prepared_ends_the_wait_for_it(page: Page, fake: Fake) -> None:
    fake.titles["film"]["state"] = "REGISTERED"
    page.goto(f"{fake.origin}/?title=film")
    expect(page.locator("#notice")).to_contain_text("Being prepared")
    fake.titles["film"]["state"] = "REJECTED"
    expect(page.locator("#notice")).to_contain_text("This title could not be prepared")


def test_a_silent_service_is_asked_again(page: Page, fake: Fake) -> None:
    fake.api_down = True
    page.goto(f"{fake.origin}/?title=film")
    expect(page.locator("#notice")).to_contain_text("could not be reached")
    fake.api_down = False
    page.get_by_role("button", name="Try now").click()
    until(page, "video.currentTime > 0.3")


def appears(page: Page, what: Locator, within: float) -> None:
    """Let the page's clock run until it shows `what`: after at most `within` seconds of that clock."""
    passed = 0.0
    while not what.is_visible():
        passed += 0.5
        assert passed <= within, f"not within {within} s: {what}"
        page.clock.run_for(500)
        page.wait_for_timeout(50)


@pytest.mark.parametrize("kind", ["everything fails", "no manifest comes", "no first segment comes"])
def test_a_film_that_does_not_arrive_is_told_of_in_words_and_can_be_asked_for(
    page: Page, fake: Fake, kind: str
) -> None:
    come = threading.Event()
    match kind:
        case "everything fails":
            fake.outage = 503
        case "no manifest comes":
            fake.held["index.m3u8"] = come
        case _:
            fake.held["_000000001.cmfv"] = come
    page.clock.install()
    page.goto(f"{fake.origin}/?title=film")
    expect(page.locator("#spinner")).to_be_visible()
    appears(page, page.locator("#waiting-words", has_text="The film"), within=6)
    again = page.get_by_role("button", name="Try again")
    appears(page, again, within=14)
    again.click()
    fake.outage = None
    come.set()
    page.clock.resume()
    until(page, "video.currentTime > 0.3")
    expect(page.locator("#waiting-words")).to_be_empty()


def test_a_service_that_takes_long_is_told_of_in_words(page: Page, fake: Fake) -> None:
    fake.held["/play"] = threading.Event()
    page.clock.install()
    page.goto(f"{fake.origin}/?title=film")
    appears(page, page.locator("#notice", has_text="takes long to answer"), within=6)
    fake.held["/play"].set()
    until(page, "video.currentTime > 0.3")


def test_a_page_whose_scripts_take_long_says_so(page: Page, fake: Fake) -> None:
    (script,) = [key for key in SITE if "/main-" in key]
    fake.held[script] = threading.Event()
    page.goto(fake.origin, wait_until="commit")
    late = page.get_by_role("link", name="Load the page again")
    expect(late).to_be_visible()
    opacity = "getComputedStyle(document.querySelector('#loading .late')).opacity"
    assert page.evaluate(opacity) == "0", "not at once"
    page.evaluate("document.getAnimations().forEach((one) => one.finish())")
    assert page.evaluate(opacity) == "1"
    fake.held[script].set()
    expect(late).to_be_hidden()


def test_a_title_that_is_taken_down_says_so_and_offers_nothing_that_cannot_work(page: Page, fake: Fake) -> None:
    open_long(page, fake)
    expect(page.locator("#share")).to_be_visible()
    fake.moved["long"] = "gone"
    del fake.titles["long"]
    page.evaluate("video.currentTime = 90")
    expect(page.locator("#notice")).to_contain_text("This title was taken down")
    for control in ("#share", "#keys-open", "#unmute", "#controls", "#spinner"):
        expect(page.locator(control)).to_be_hidden()
    page.get_by_role("link", name="All titles").first.click()
    page.locator("#cards .card a").first.click()
    until(page, "video.currentTime > 0.3")
    expect(page.locator("#share")).to_be_visible()


def test_a_segment_cut_in_flight_is_asked_for_again(page: Page, fake: Fake) -> None:
    fake.faults["_000000003.cmfv"] = [CUT, CUT]
    page.goto(f"{fake.origin}/?title=film&served")
    until(page, "video.buffered.length && video.buffered.end(0) > 11.9")
    expect(page.locator(".total")).to_contain_text("2 failed")
    asked = page.locator("#ledger-rows tr", has_text=re.compile(r"Segment 3, \d+p"))
    expect(asked).to_have_count(3)
    expect(asked.filter(has_text="Failed: cut off")).to_have_count(2)


def open_long(page: Page, fake: Fake) -> None:
    """Play the long film until the buffer is as full as the page allows."""
    fake.add("long", "Two minutes", duration=120)
    page.goto(f"{fake.origin}/?title=long&served")
    until(page, f"video.currentTime > 0.3 && {AHEAD} > 45")


def plays(fake: Fake) -> int:
    """Number of requests to play that the API got."""
    return sum(asked.endswith("/play") for asked in fake.asked)


def test_no_more_than_a_minute_is_fetched_ahead(page: Page, fake: Fake) -> None:
    open_long(page, fake)
    page.wait_for_timeout(2_000)
    assert cast(float, page.evaluate(AHEAD)) <= 60


@pytest.mark.parametrize("answer", [403, 503, CUT])
def test_an_outage_is_not_seen_while_the_buffer_lasts(page: Page, fake: Fake, answer: int) -> None:
    open_long(page, fake)
    # The rest of the buffer is less than the page wants, but longer than the outage.
    end = cast(float, page.evaluate("video.buffered.end(video.buffered.length - 1)"))
    asked, fake.outage = plays(fake), answer
    page.evaluate("at => video.currentTime = at", end - OUTAGE_S - 6)
    over, places = time.monotonic() + OUTAGE_S, set[float]()
    while time.monotonic() < over:
        expect(page.locator("#notice")).to_be_hidden()
        places.add(cast(float, page.evaluate("video.currentTime")))
        page.wait_for_timeout(500)
    assert len(places) > OUTAGE_S, "it went on all the time"
    assert plays(fake) - asked == (1 if answer == 403 else 0)
    fake.outage = None
    until(page, f"{AHEAD} > 20")
    expect(page.locator("#notice")).to_be_hidden()


def test_after_an_outage_that_was_seen_it_goes_on_by_itself(page: Page, fake: Fake) -> None:
    open_long(page, fake)
    fake.outage = 503
    page.evaluate("video.currentTime = 90")
    expect(page.locator("#spinner")).to_be_visible()
    page.wait_for_timeout(1000 * OUTAGE_S)
    fake.outage = None
    until(page, "video.currentTime > 91")
    expect(page.locator("#spinner")).to_be_hidden()


def test_expired_cookies_are_replaced_and_the_film_goes_on(page: Page, fake: Fake) -> None:
    fake.ticket = 1
    open_long(page, fake)
    fake.ticket = 2
    page.evaluate("video.currentTime = 90")
    until(page, "video.currentTime > 91")
    assert plays(fake) == 2
    expect(page.locator("#notice")).to_be_hidden()


def test_a_title_that_has_a_new_version_goes_on_in_it(page: Page, fake: Fake) -> None:
    open_long(page, fake)
    if not (fake.media / "longer").exists():
        (fake.media / "longer").symlink_to(fake.media / "long")
    fake.moved["long"] = "longer"
    page.evaluate("video.currentTime = 90")
    until(page, "video.currentTime > 91")
    assert any(path.startswith("/v/longer/") for path, _, _ in fake.sent)


# Each file of one language takes half a second. The viewer seeks while one is on its way.
SLOW_HEADERS = answering("""
  window.headers = 0;
  async function answer(path, real) {
    if (path.includes("Deutsch") && path.endsWith(".cmfa")) {
      if (path.includes("init")) window.headers += 1;
      if (window.headers === 1 && path.includes("init")) later(100).then(() => (video.currentTime = 9.5));
      await later(500);
    }
    return real();
  }
""")


def test_a_viewer_who_seeks_while_a_header_is_on_its_way_hears_the_film(page: Page, fake: Fake) -> None:
    fake.add("rich", "Rich", duration=18)
    page.add_init_script(SLOW_HEADERS)
    page.goto(f"{fake.origin}/?title=rich")
    until(page, "video.currentTime > 0.3 && video.buffered.end(0) > 11.9")
    page.evaluate("video.pause(); video.currentTime = 0.5")
    choose(page, "Audio", "Deutsch")
    page.evaluate("video.play()")
    until(page, "video.currentTime > 10", seconds=15)
    assert page.evaluate("window.headers") < 4


def test_a_seek_to_the_last_frames_ends_the_film(page: Page, fake: Fake) -> None:
    fake.add("tall", "Tall", duration=2)
    page.goto(f"{fake.origin}/?title=tall")
    until(page, "video.buffered.length && video.buffered.end(0) > 1.9")
    page.evaluate("video.currentTime = video.duration - 0.15")
    until(page, "video.ended", seconds=10)
    assert plays(fake) == 1, "it was not started again"


def test_a_device_that_was_offline_goes_on_when_it_is_back(page: Page, fake: Fake) -> None:
    open_long(page, fake)
    page.context.set_offline(True)
    page.evaluate("video.currentTime = 90")
    expect(page.locator("#spinner")).to_be_visible()
    expect(page.locator("#waiting-words")).to_contain_text("This device is offline")
    page.context.set_offline(False)
    until(page, "video.currentTime > 91", seconds=15)


@pytest.fixture
def keeping(browser: Browser) -> Iterator[Page]:
    """A tab of a Chromium that keeps the pages that it leaves, as everybody's does. Playwright switches that off."""
    off = ["--disable-back-forward-cache"]
    other = browser.browser_type.launch(executable_path=WHOLE, args=FLAGS, ignore_default_args=off, timeout=120_000)
    with tab(other) as page:
        yield page
    other.close()


def test_a_page_that_comes_back_from_the_browsers_memory_goes_on_as_it_was_left(keeping: Page, fake: Fake) -> None:
    page = keeping
    fake.add("long", "Two minutes", duration=120, reports=1)
    page.goto(f"{fake.origin}/?title=long&t=30")
    until(page, "video.currentTime > 30.5")
    page.evaluate("window.kept = true")
    page.goto(f"{fake.origin}/robots.txt")
    page.evaluate("void setTimeout(() => history.back())")
    page.wait_for_url("**/?title=long*", wait_until="commit")
    until(page, "window.kept && !document.getElementById('controls').hidden && video.currentTime > 31")
    assert cast(float, page.evaluate("video.currentTime")) < 60
    assert plays(fake) == 2, "its connections are gone, and its cookies may be"
    page.evaluate("video.pause(); video.currentTime = 3")
    until(page, "!video.seeking")
    page.goto(f"{fake.origin}/robots.txt")
    page.evaluate("void setTimeout(() => history.back())")
    page.wait_for_url("**/?title=long*", wait_until="commit")
    until(page, "window.kept && !document.getElementById('controls').hidden && video.readyState > 1")
    assert page.evaluate("[video.currentTime, video.paused]") == [3, True]
    page.goto("about:blank")
    assert eventually(lambda: sum(path == "/api/events" for path, _ in fake.posted) == 4)
    told = [json.loads(body) for path, body in fake.posted if path == "/api/events"]
    assert [report["event"] for report in told] == ["start", "end", "end", "end"], "one for each time that it was left"
    assert len({report["session"] for report in told}) == 1


def test_a_film_that_cannot_be_loaded_says_so_and_goes_on_by_itself(page: Page, fake: Fake) -> None:
    fake.outage = 503
    page.clock.install()
    page.goto(f"{fake.origin}/?title=film")
    stopped = page.locator("#notice", has_text="The film does not start")
    appears(page, stopped, within=60)
    expect(stopped).to_contain_text("Trying again")
    fake.outage = None
    page.clock.run_for(20_000)
    page.clock.resume()
    until(page, "video.currentTime > 0.3")
    expect(stopped).to_be_hidden()


def test_a_view_that_fails_before_its_first_picture_keeps_its_place(page: Page, fake: Fake) -> None:
    fake.add("long", "Two minutes", duration=120, reports=1)
    # All from 78 s on. What comes before is never asked for.
    fake.faults = {f"_0000000{number}.cmfv": [503] * 400 for number in range(40, 61)}
    page.clock.install()
    page.goto(f"{fake.origin}/?title=long&t=78.5")
    for _ in range(2):
        appears(page, page.locator("#notice", has_text="The film does not start"), within=60)
        page.get_by_role("button", name="Try now").click()
        expect(page.locator("#spinner")).to_be_visible()
    fake.faults.clear()
    page.clock.resume()
    until(page, "video.currentTime > 78.6")
    events = _events(fake)
    assert [event for event in events if event != "start"] == ["fail"]


def test_playback_goes_on_where_it_broke(page: Page, fake: Fake) -> None:
    fake.add("long", "Two minutes", duration=120)
    fake.faults["_000000040.cmfv"] = [404] * 400
    page.clock.install()
    page.goto(f"{fake.origin}/?title=long&t=76")
    appears(page, page.locator("#notice", has_text="Playback stopped"), within=90)
    fake.faults.clear()
    page.get_by_role("button", name="Try now").click()
    page.clock.resume()
    until(page, "video.currentTime > 79")


@pytest.mark.parametrize("paints", [True, False])  # Firefox tells of frames in a hidden tab, Chromium does not.
def test_a_film_that_begins_in_a_tab_in_the_background_has_begun_but_its_first_frame_is_not_counted(
    page: Page, fake: Fake, paints: bool
) -> None:
    fake.titles["film"]["reports"] = 1
    page.add_init_script("""
      Object.defineProperty(document, "hidden", { get: () => away });
      globalThis.away = false;
    """)
    if not paints:
        page.add_init_script("HTMLVideoElement.prototype.requestVideoFrameCallback = () => 0")
    fake.held["_000000001.cmfv"] = threading.Event()
    page.goto(f"{fake.origin}/?title=film&served")
    page.evaluate("away = true; void document.dispatchEvent(new Event('visibilitychange'))")
    fake.held["_000000001.cmfv"].set()
    until(page, "video.currentTime > 1")
    expect(page.locator("[data-figure=first]")).not_to_contain_text(" s")
    page.goto("about:blank")
    assert eventually(lambda: _events(fake) == ["start", "end"], 20)
    started, ended = (json.loads(body) for path, body in fake.posted if path == "/api/events")
    assert "start_ms" not in started
    assert ended["watched_s"] > 0.5


def test_nothing_is_reported_after_the_viewer_has_left(page: Page, fake: Fake) -> None:
    """The page is told that it is left, and then that it is hidden. On a slow device, time passes in between."""
    page.add_init_script("""
      const fetched = window.fetch;
      window.fetch = (...asked) => {
        for (const end = performance.now() + 300; asked[0] === "/api/events" && performance.now() < end; );
        return fetched(...asked);
      };
    """)
    fake.titles["film"]["reports"] = 1
    page.goto(f"{fake.origin}/?title=film")
    until(page, "video.currentTime > 0.5")
    page.goto("about:blank")
    page.wait_for_timeout(2_000)
    assert _events(fake) == ["start", "end"]


def test_a_start_lasts_from_the_first_time_that_the_service_was_asked(page: Page, fake: Fake) -> None:
    fake.titles["film"]["reports"] = 1
    fake.api_down = True
    page.goto(f"{fake.origin}/?title=film")
    expect(page.locator("#notice")).to_contain_text("could not be reached")
    page.wait_for_timeout(1_000)
    fake.api_down = False
    page.get_by_role("button", name="Try now").click()
    clicked = cast(float, page.evaluate("performance.now()"))
    assert eventually(lambda: _events(fake) == ["start"])
    (start,) = (json.loads(body) for path, body in fake.posted if path == "/api/events")
    answer = "performance.getEntriesByType('resource').find(({ name }) => name.endsWith('/play')).startTime"
    waited = clicked - cast(float, page.evaluate(answer))
    assert start["start_ms"] > waited > 1_000


@pytest.mark.parametrize(("times", "reported"), [(1, []), (2, ["fail"])])
def test_a_film_whose_library_lost_its_way_is_started_again(
    page: Page, fake: Fake, times: int, reported: list[str]
) -> None:
    fake.titles["film"]["reports"] = 1
    page.add_init_script(f"({LOSE})({times})")
    page.goto(f"{fake.origin}/?title=film")
    until(page, "video.currentTime > 0.1")
    assert eventually(lambda: _events(fake)[-1:] == ["start"])
    assert _events(fake)[:-1] == reported
    waited = json.loads(fake.posted[-1][1])["start_ms"]
    assert (waited > 7_000) == (not reported), "the wait counts from the beginning of the view"


def _events(fake: Fake) -> list[str]:
    """The events that the page reported, in order."""
    return [json.loads(body)["event"] for path, body in fake.posted if path == "/api/events"]
