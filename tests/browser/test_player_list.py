"""The list of titles: which titles can be watched now, which are made on request, and which errors it shows."""

from threading import Event

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fake_headend import Fake
from tests.browser.waiting import until

# Longer than the time between two requests of the list while a title is being prepared.
NEXT_LOOK_MS = 5_000
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=1</script>.mp4'


def test_a_published_title_is_offered_and_plays(page: Page, fake: Fake) -> None:
    page.goto(fake.origin)
    card = page.locator(".card[data-id=film]")
    expect(card).to_contain_text("Four colours")
    expect(card.locator(".length [aria-hidden]")).to_have_text("0:12")
    poster = card.locator("img")
    until(page, "image => image.naturalWidth === 640", poster.element_handle())
    card.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Four colours", level=1)).to_be_focused()
    until(page, "video.currentTime > 0.3")
    assert page.url == f"{fake.origin}/?title=film"
    assert page.evaluate("video.muted") is False, "a click lets it start with sound"


def test_the_way_back_stops_playing(page: Page, fake: Fake) -> None:
    page.goto(f"{fake.origin}/?title=film")
    until(page, "video.currentTime > 0.3")
    page.get_by_role("link", name="All titles").click()
    expect(page.locator(".card[data-id=film]")).to_be_visible()
    until(page, "video.readyState === 0 && document.title === 'Headend'")
    page.go_back()
    until(page, "video.currentTime > 0.3")


def test_a_title_that_is_encoded_on_request_is_offered_so(page: Page, fake: Fake) -> None:
    fake.add("asleep", "On request", "REGISTERED", duration=None)
    page.goto(fake.origin)
    card = page.locator(".card[data-id=asleep]")
    expect(card).to_contain_text("Open it to have it prepared")
    card.get_by_role("link").click()
    expect(page.locator("#notice")).to_contain_text("Being prepared")


def test_a_file_name_is_never_markup(page: Page, fake: Fake) -> None:
    fake.add("film", HOSTILE)
    fake.add("asleep", HOSTILE, "REGISTERED")
    page.goto(f"{fake.origin}/?served")
    expect(page.locator("#cards h3")).to_have_text(HOSTILE)
    expect(page.locator("#asleep h3")).to_have_text(HOSTILE)
    page.goto(f"{fake.origin}/?title=film")
    expect(page.locator("#watch-heading")).to_have_text(HOSTILE)
    assert page.title() == f"{HOSTILE} · Headend"
    assert page.locator("[onerror]").count() == 0


def test_an_id_of_any_characters_is_asked_for_whole(page: Page, fake: Fake) -> None:
    fake.add("a/b?c&d#e", "Odd", "REGISTERED")
    page.goto(f"{fake.origin}/?title=a%2Fb%3Fc%26d%23e")
    expect(page.locator("#notice")).to_contain_text("Being prepared")


def test_further_pages_are_shown_when_asked_for(page: Page, fake: Fake) -> None:
    for number in range(6):
        fake.add(f"t{number}", f"Title {number}")
    fake.page_size = 1
    page.goto(fake.origin)
    more = page.get_by_role("button", name="Show more")
    for shown in (1, 5):
        expect(page.locator(".card")).to_have_count(shown)
        more.click()
        expect(page.locator(".card").nth(shown).get_by_role("link")).to_be_focused()
    expect(page.locator(".card")).to_have_count(7)
    expect(more).to_be_hidden()


def test_a_list_that_cannot_be_loaded_says_so_and_recovers(page: Page, fake: Fake) -> None:
    fake.api_down = True
    page.clock.install()
    page.goto(fake.origin)
    expect(page.locator("#list-trouble")).to_contain_text("could not be loaded")
    fake.api_down = False
    page.clock.run_for(NEXT_LOOK_MS)
    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator("#list-trouble")).to_be_hidden()


def test_the_list_says_that_it_loads_and_shows_each_shelf_as_it_comes(page: Page, fake: Fake) -> None:
    fake.add("reel", "Reel", "REGISTERED")
    watch, later = Event(), Event()
    fake.held = {"state=PUBLISHED": watch, "state=REGISTERED": later}
    page.goto(fake.origin)
    loading = page.locator("#list-loading")
    expect(loading).to_have_text("Loading titles…")
    expect(loading).to_be_visible()
    expect(loading).to_have_attribute("aria-live", "polite")
    assert page.locator(".empty").count() == 0, "nobody knows yet"
    watch.set()
    card = page.locator(".card[data-id=film]")
    expect(card).to_be_visible()
    expect(loading).to_be_empty()
    assert page.locator("#asleep .card").count() == 0
    play = page.get_by_role("link", name="Play Four colours")
    play.focus()
    first = card.element_handle()
    later.set()
    expect(page.locator("#asleep .card[data-id=reel]")).to_be_visible()
    assert page.evaluate("card => card.isConnected", first), "what was there is left alone"
    expect(play).to_be_focused()


def test_a_list_that_cannot_be_loaded_no_longer_says_that_it_loads(page: Page, fake: Fake) -> None:
    fake.api_down = True
    page.goto(fake.origin)
    expect(page.locator("#list-trouble")).to_be_visible()
    expect(page.locator("#list-loading")).to_be_empty()


def test_with_reduced_motion_nothing_moves_while_the_list_loads(page: Page, fake: Fake) -> None:
    fake.held = {"state=PUBLISHED": Event()}
    page.emulate_media(reduced_motion="reduce")
    page.goto(fake.origin)
    expect(page.locator("#list-loading .working")).to_be_visible()
    until(page, "document.getAnimations().every(({ playState }) => playState === 'finished')")


def test_an_empty_platform_says_what_to_do(page: Page, fake: Fake) -> None:
    fake.titles.clear()
    page.goto(fake.origin)
    expect(page.locator(".empty")).to_contain_text("Put a video into the uploads bucket")


def test_a_search_in_two_thousand_titles_needs_few_requests(page: Page, fake: Fake) -> None:
    for number in range(2000):
        fake.add(f"t{number}", f"Title {number}")
    fake.add("bridge", "Über die Brücke", description="A crossing in the fog")
    page.goto(fake.origin)
    expect(page.locator("#found")).to_have_text("50 and more")
    search = page.get_by_role("searchbox", name="Search")
    search.fill("brucke UBER")
    expect(page.locator("#cards h3")).to_have_text(["Über die Brücke"])
    expect(page.locator("#found")).to_have_text("1 of 2002")
    search.fill("fog")
    expect(page.locator("#cards h3")).to_have_text(["Über die Brücke"])
    assert sum("state=PUBLISHED" in asked for asked in fake.asked) == 11
    search.fill("xyzzy")
    expect(page.locator("#found")).to_contain_text("Nothing is called “xyzzy”.")


def test_titles_are_put_in_order(page: Page, fake: Fake) -> None:
    fake.add("b", "Bravo 10", duration=5)
    fake.add("a", "bravo 9", duration=600)
    page.goto(fake.origin)
    order = page.get_by_role("combobox", name="Order")
    order.select_option("A to Z")
    expect(page.locator("#cards h3")).to_have_text(["bravo 9", "Bravo 10", "Four colours"])
    order.select_option("Longest first")
    expect(page.locator("#cards h3")).to_have_text(["bravo 9", "Four colours", "Bravo 10"])


@pytest.mark.parametrize("whose", ["", "?served"])
def test_the_page_asks_for_what_it_shows_and_no_more(page: Page, fake: Fake, whose: str) -> None:
    """The API does not list titles in making or refused titles, so an operator's page has no such list either."""
    fake.add("new", "Just uploaded", "PROCESSING", duration=None)
    page.clock.install()
    page.goto(f"{fake.origin}/{whose}")
    expect(page.locator("#cards .card")).to_have_count(1)
    expect(page.locator("#list-trouble")).to_be_empty()
    asked = len(fake.asked)
    assert asked <= 2, fake.asked
    page.clock.run_for(50_000)  # the page's clock also goes on by itself, and a busy machine takes seconds
    assert len(fake.asked) == asked
    with page.expect_response("**/api/titles?state=PUBLISHED"):
        page.clock.run_for(11_000)
    expect(page.locator("#cards .card")).to_have_count(1)
    assert fake.asked[asked:] == ["GET /api/titles?state=PUBLISHED"]


def test_one_list_that_fails_is_named_and_the_others_are_shown(page: Page, fake: Fake) -> None:
    fake.lists_down = {"REGISTERED"}
    page.goto(fake.origin)
    expect(page.locator("#list-trouble")).to_contain_text(
        "The list of titles that are prepared when asked for could not be loaded."
    )
    expect(page.locator("#cards .card")).to_have_count(1)
