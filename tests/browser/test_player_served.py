"""The panel "Who served it" shows what the headers say, and nothing else."""

import itertools
import threading
import time
from typing import cast

from playwright.sync_api import Page, expect

from tests.browser.fake_headend import NODE, REGION, WAYS, Fake
from tests.browser.waiting import until

CLASSIFY = """async (cases) => {
  const { whoServed } = await import("/source/served/served.js");
  return cases.map(([headers, kept]) => whoServed((name) => headers[name] ?? null, kept).tier);
}"""
STALLS_TOLD = """addEventListener("DOMContentLoaded", () => {
  window.told = [];
  const figure = document.querySelector("[data-figure=stalls]");
  const note = () => told.at(-1) === figure.textContent || told.push(figure.textContent);
  new MutationObserver(note).observe(figure, { childList: true, characterData: true, subtree: true });
})"""
NO_MEDIA_SOURCE = "delete window.MediaSource; delete window.ManagedMediaSource; delete window.WebKitMediaSource"


def load_all(page: Page, fake: Fake) -> None:
    """Open the film and wait until all of it is in the player's buffer, and the panel has told the last request."""
    page.goto(f"{fake.origin}/?title=film&served")
    until(page, "video.buffered.length && video.buffered.end(0) > 11.9")
    expect(page.locator("#ledger-rows tr", has_text="Segment 6")).to_have_count(2)
    # The fake notes what it sent a moment after the page has it.
    deadline = time.monotonic() + 60
    while len(fake.sent) < page.locator("#ledger-rows tr").count():
        assert time.monotonic() < deadline, "the page tells of more than was sent"
        page.wait_for_timeout(30)


def test_each_combination_of_headers_has_one_meaning(page: Page, fake: Fake) -> None:
    def miss(cache: str) -> dict[str, str]:
        return {"X-Cache": "Miss from cloudfront", "X-Node": NODE, "X-Node-Cache": cache}

    meanings: list[tuple[dict[str, str], bool, str]] = [
        ({"X-Cache": "Hit from cloudfront", "X-Node": NODE, "X-Node-Cache": "MISS"}, False, "edge"),
        ({"X-Cache": "RefreshHit from cloudfront"}, False, "edge"),
        *((miss(cache), False, "node") for cache in ("HIT", "STALE", "UPDATING", "REVALIDATED", "SHARED", "hit")),
        *((miss(cache), False, "fill") for cache in ("MISS", "EXPIRED", "BYPASS")),
        ({"X-Cache": "Miss from cloudfront"}, False, "failover"),
        (miss("-"), False, "unknown"),
        ({"X-Cache": "LambdaGeneratedResponse from cloudfront"}, False, "unknown"),
        ({}, False, "unknown"),
        ({"X-Cache": "Miss from cloudfront", "X-Node": NODE, "X-Node-Cache": "MISS"}, True, "browser"),
    ]
    page.goto(fake.origin)
    told = page.evaluate(CLASSIFY, [[headers, kept] for headers, kept, _ in meanings])
    assert told == [meaning for _, _, meaning in meanings]


def test_the_counts_are_those_of_what_was_sent(page: Page, fake: Fake) -> None:
    tiers = itertools.cycle(["fill", "node", "edge", "edge", "failover"])
    fake.tier = lambda _path: next(tiers)
    load_all(page, fake)
    rows = page.locator("#ledger-rows tr")
    expect(rows).to_have_count(len(fake.sent))
    count = fake.count()
    passed = count["node"] + count["fill"]
    for station, told in {
        "edge": f"{count['edge']} of {len(fake.sent)} answered, FRA56-P4",
        "balancer": f"passed {passed} on",
        "node": f"{count['node']} of {passed} answered, in {REGION}",
        "bucket": f"{count['fill']} filled a node, {count['failover']} direct",
    }.items():
        expect(page.locator(f"li[data-station={station}] .does")).to_have_text(told)
    share = round(100 * (count["edge"] + count["node"]) / len(fake.sent))
    total = sum(size for _, _, size in fake.sent)
    expect(page.locator(".total")).to_have_text(
        f"{len(fake.sent)} responses, {round(total / 1000)} KB · {share} % from caches"
    )


def test_a_request_that_passed_no_node_lights_no_node(page: Page, fake: Fake) -> None:
    fake.tier = lambda _path: "failover"
    load_all(page, fake)
    lit = cast(list[str], page.evaluate("[...document.querySelectorAll('li.lit')].map((row) => row.dataset.station)"))
    assert lit == ["you", "edge", "bucket"]
    expect(page.locator("li.answered")).to_contain_text("Bucket")
    expect(page.locator(".latest")).to_contain_text("No node took part")


def test_an_edge_hit_names_the_node_of_an_earlier_request(page: Page, fake: Fake) -> None:
    load_all(page, fake)
    expect(page.locator(".latest")).to_contain_text(f"Node {NODE} filled it there, earlier.")
    expect(page.locator("#ledger-rows tr").first).to_contain_text(f"{NODE} (earlier)")


def test_answers_from_the_browsers_cache_are_not_counted(page: Page, fake: Fake) -> None:
    fake.tier = lambda _path: "fill"
    fake.add("tall", "Tall", duration=2)  # one rung, so that two views fetch the same files
    for _ in range(2):
        page.goto(f"{fake.origin}/?title=tall&served")
        until(page, "video.ended")
    sent = [path for path, _, _ in fake.sent]
    assert len(sent) == len(set(sent)), "everything is immutable, so nothing is asked for twice"
    expect(page.locator("li[data-station=you] .does")).to_contain_text("kept by this browser")
    expect(page.locator(".total")).to_have_text("Nothing was sent: this browser had it all")


def test_a_response_without_headers_is_not_guessed_at(page: Page, fake: Fake) -> None:
    assert WAYS["unknown"] == {}
    fake.tier = lambda _path: "unknown"
    load_all(page, fake)
    expect(page.locator(".latest")).to_contain_text("does not say who served it")
    expect(page.locator(".total")).to_contain_text(f"{len(fake.sent)} do not say")


def test_a_browser_that_plays_hls_by_itself_says_that_it_cannot_tell(page: Page, fake: Fake) -> None:
    page.add_init_script(NO_MEDIA_SOURCE)
    page.goto(f"{fake.origin}/?title=film&served")
    until(page, "video.currentTime > 0.3")
    expect(page.locator(".latest")).to_contain_text("cannot be told here")
    expect(page.locator(".tower")).to_be_hidden()
    expect(page.locator("[data-figure=rung]")).to_have_text("360p")


def test_start_up_and_stalls_are_measured(page: Page, fake: Fake) -> None:
    release = threading.Event()
    fake.held["_000000002.cmfv"] = release
    page.add_init_script(STALLS_TOLD)
    page.goto(f"{fake.origin}/?title=film&served")
    expect(page.locator("[data-figure=first]")).to_contain_text(" s")
    expect(page.locator("[data-figure=stalls]")).to_contain_text("1 · ")
    assert cast(list[str], page.evaluate("told"))[0] == "0 · 0.0 %"
    release.set()
    until(page, "video.currentTime > 2.5")
    share = cast(str, page.locator("[data-figure=stalls]").text_content()).removeprefix("1 · ").removesuffix(" %")
    assert 0 < float(share) < 100


def test_a_country_can_be_chosen_only_where_the_edge_offers_some(page: Page, fake: Fake) -> None:
    page.goto(f"{fake.origin}/?title=film&served")
    expect(page.locator("#panel")).to_be_visible()
    assert page.get_by_label("Watch from").count() == 0
    page.context.add_cookies([{"name": "laptop-countries", "value": "US.GB.SG", "url": fake.origin}])
    page.reload()
    choice = page.get_by_label("Watch from")
    expect(choice.locator("option:checked")).to_have_text("United States")
    choice.select_option("United Kingdom")
    expect(page).to_have_url(f"{fake.origin}/?title=film&served=&laptop-country=GB")
    expect(choice.locator("option:checked")).to_have_text("United Kingdom")
