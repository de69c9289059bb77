"""Accessibility: axe finds no mistake in any state. The page works by keyboard, enlarged, and with forced colours."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fake_headend import Fake
from tests.browser.painted import pixels
from tests.browser.settings_menu import item, open_menu
from tests.browser.waiting import until

AXE = Path(__file__).parents[1] / "node/node_modules/axe-core/axe.min.js"
SETTLED = """document.getAnimations().every(
  (one) => one.playState === "finished" || one.effect.getTiming().iterations === Infinity)"""
PLACE = "[...document.querySelectorAll('#cards a')].indexOf(document.activeElement)"
LEFT_OF = """(name) => {
  const text = document.querySelector(name).firstChild;
  return [0, text.length - 1].map((at) => {
    const letter = new Range();
    letter.setStart(text, at);
    letter.setEnd(text, at + 1);
    return letter.getBoundingClientRect().left;
  });
}"""
RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}"""


def found(page: Page) -> list[str]:
    """The mistakes that axe finds in the page now."""
    # An element that fades in does not have its final colour yet.
    until(page, SETTLED)
    page.evaluate(AXE.read_text())
    return cast(list[str], page.evaluate(RUN))


def watch(page: Page, fake: Fake, title: str = "rich", more: str = "") -> None:
    """A title that is paused, with its controls shown."""
    fake.add("rich", "Rich", duration=18, description="A film with everything.")
    page.goto(f"{fake.origin}/?title={title}{more}")
    until(page, "video.currentTime > 0.3")
    page.locator("#stage").hover()
    page.locator("#toggle").click()
    until(page, "video.paused")


def the_list(page: Page, fake: Fake) -> None:
    for number in range(60):
        fake.add(f"t{number}", f"Title {number}", poster="/v/film/poster.0000000.jpg")
    page.goto(fake.origin)
    expect(page.locator("#cards .card").first).to_be_visible()


def the_list_of_what_is_made_on_request(page: Page, fake: Fake) -> None:
    fake.add("asleep", "On request", "REGISTERED", duration=None)
    page.goto(f"{fake.origin}/?served")
    expect(page.locator("#asleep .card")).to_be_visible()


def a_search_for_nothing(page: Page, fake: Fake) -> None:
    page.goto(fake.origin)
    page.get_by_role("searchbox", name="Search").fill("xyzzy")
    expect(page.locator("#found")).to_contain_text("Nothing is called")


def an_empty_list(page: Page, fake: Fake) -> None:
    fake.titles.clear()
    page.goto(fake.origin)
    expect(page.locator(".empty")).to_be_visible()


def a_list_in_trouble(page: Page, fake: Fake) -> None:
    fake.api_down = True
    page.goto(fake.origin)
    expect(page.locator("#list-trouble")).to_be_visible()


def the_film(page: Page, fake: Fake) -> None:
    watch(page, fake)
    page.locator("#subtitles").click()


def the_tower(page: Page, fake: Fake) -> None:
    watch(page, fake, more="&served")
    page.locator("#ledger summary").click()


def the_settings(page: Page, fake: Fake) -> None:
    watch(page, fake)
    open_menu(page)


def the_choices(page: Page, fake: Fake) -> None:
    watch(page, fake)
    open_menu(page)
    item(page, "Captions").click()


def the_keys(page: Page, fake: Fake) -> None:
    watch(page, fake)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()


def the_end(page: Page, fake: Fake) -> None:
    watch(page, fake)
    page.keyboard.press("9")
    page.locator("#toggle").click()
    until(page, "video.ended")
    expect(page.locator(".offers a")).to_have_count(1)


def a_title_in_preparation(page: Page, fake: Fake) -> None:
    fake.add("asleep", "On request", "REGISTERED")
    page.goto(f"{fake.origin}/?title=asleep")
    expect(page.locator("#notice")).to_contain_text("Being prepared")


def an_unknown_title(page: Page, fake: Fake) -> None:
    page.goto(f"{fake.origin}/?title=nowhere")
    expect(page.locator("#notice")).to_contain_text("No such title")


def a_film_that_does_not_arrive(page: Page, fake: Fake) -> None:
    fake.outage = 503
    page.clock.install()
    page.goto(f"{fake.origin}/?title=film")
    expect(page.locator("#spinner")).to_be_visible()
    page.clock.run_for(13_000)
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


STATES: list[Callable[[Page, Fake], None]] = [
    the_list,
    the_list_of_what_is_made_on_request,
    a_search_for_nothing,
    an_empty_list,
    a_list_in_trouble,
    the_film,
    the_tower,
    the_settings,
    the_choices,
    the_keys,
    the_end,
    a_title_in_preparation,
    an_unknown_title,
    a_film_that_does_not_arrive,
]


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(page: Page, fake: Fake, state: Callable[[Page, Fake], None]) -> None:
    state(page, fake)
    assert found(page) == []


def test_axe_reports_a_mistake_that_is_there(page: Page, fake: Fake) -> None:
    page.goto(fake.origin)
    expect(page.locator("#cards .card").first).to_be_visible()
    page.evaluate("document.querySelector('.brand').append(document.createElement('button'))")
    assert any(line.startswith("button-name") for line in found(page))


@pytest.mark.parametrize("state", [the_list, the_film, the_settings, the_tower])
def test_nothing_is_cut_off_at_twice_the_size(page: Page, fake: Fake, state: Callable[[Page, Fake], None]) -> None:
    # At 200 % a browser gives the page half as many pixels.
    page.set_viewport_size({"width": 640, "height": 480})
    state(page, fake)
    assert cast(int, page.evaluate("document.documentElement.scrollWidth")) <= 640
    for box in (control.bounding_box() for control in page.locator("#controls button:visible").all()):
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 640


def test_a_name_is_read_in_its_own_direction(page: Page, fake: Fake) -> None:
    fake.titles["film"]["name"] = "\u05d0\u05d1\u05d2!"
    page.goto(fake.origin)
    expect(page.locator("#cards .card")).to_be_visible()
    for name in (".hero h2", "#cards h3"):
        first, last = cast(list[float], page.evaluate(LEFT_OF, name))
        assert last < first, f"the end of {name} is at its left"


def test_tracks_are_visible_with_forced_colours(page: Page, fake: Fake) -> None:
    page.emulate_media(forced_colors="active")
    watch(page, fake)
    for track in ("#seek", "#volume"):
        colours = Counter(pixels(page, track)).most_common()
        box = page.locator(track).bounding_box()
        assert box
        # There is a line above and a line below, each along the whole track, in one colour other than the background's.
        assert sum(count for _, count in colours[1:]) > 2 * box["width"], colours[:4]


def test_arrows_go_through_the_posters(page: Page, fake: Fake) -> None:
    the_list(page, fake)
    cards = page.locator("#cards a")
    cards.first.focus()
    page.keyboard.press("ArrowRight")
    expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("ArrowDown")
    until(page, f"{PLACE} > 2")
    page.keyboard.press("ArrowUp")
    expect(cards.nth(1)).to_be_focused()
