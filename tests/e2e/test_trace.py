"""What an operator learns of one view: its reports, and every tier that took part, by the name of the view."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from local.cloud import LaptopCloud
from local.viewers import Viewers
from tests.browser.chromium import launched, tab
from tests.browser.waiting import until
from tests.e2e.platform import Log, deployed, settled, upload, wait
from tests.media_samples import sample


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
def title(cloud: LaptopCloud) -> str:
    title = upload(cloud, sample("long"), "Traced.mp4")
    assert settled(cloud, title)["state"] == "PUBLISHED"
    return title


def reported(cloud: LaptopCloud, event: str) -> dict[str, Any]:
    """The line that the platform's function has written of this event."""

    def ask() -> dict[str, Any] | None:
        logs = (cloud.run_dir / "logs").glob("lambda-*experience*.log")
        lines = [line for log in logs for line in log.read_text().splitlines() if line.startswith("{")]
        return next((said for said in map(json.loads, lines) if said["event"] == event), None)

    return wait(ask, f"the report of {event}", 60)


def view_of(entry: dict[str, Any]) -> str | None:
    """The view that a line of the edge's log tells of."""
    return parse_qs(urlsplit(entry["referer"]).query).get("view", [None])[0]


def test_a_view_is_followed_through_every_tier(cloud: LaptopCloud, browser: Browser, title: str) -> None:
    log = Log(cloud.run_dir)
    with tab(browser) as page:
        page.goto(f"{cloud.url}/?title={title}&served")
        until(page, "video.currentTime > 1")
        session = page.locator("[data-figure=view]").inner_text()
        shown = page.locator("#ledger-rows tr").count()
        page.goto("about:blank")  # The viewer leaves.
        started, ended = reported(cloud, "start"), reported(cloud, "end")

    assert started["session"] == ended["session"] == session
    assert (started["title"], started["Region"], ended["Region"]) == (title, cloud.region, cloud.region)
    assert 0 < started["StartTime"] < 60_000
    assert 0.5 < ended["WatchedSeconds"] < 60
    viewers = Viewers(cloud.run_dir)
    viewers.update()
    assert (viewers.sums["Starts"], viewers.sums["Failures"]) == (1, 0)

    # The Referer names the view at the edge. Its request id leads to the node, and the trace there to the balancer.
    edge = [entry for entry in log.entries("edge") if view_of(entry) == session]
    assert len(edge) >= shown > 4
    missed = {entry["request"]: entry for entry in edge if entry["cache"] == "Miss"}
    nodes = [entry for entry in log.entries("node", len(missed)) if entry["edge_request"] in missed]
    assert {entry["edge_request"] for entry in nodes} == set(missed)
    traces = {entry["trace"]: entry["uri"] for entry in nodes}
    balancer = {entry["trace"]: entry["uri"] for entry in log.entries("balancer", len(missed))}
    assert traces.items() <= balancer.items()
    assert all(trace.startswith("Root=1-") for trace in traces)


def test_a_second_view_finds_in_the_browser_what_the_first_one_left(
    cloud: LaptopCloud, browser: Browser, title: str
) -> None:
    """Another name of the view makes no other address."""
    with tab(browser) as page:
        page.goto(f"{cloud.url}/?title={title}")
        until(page, "video.buffered.length && video.buffered.end(0) > 12")
        log = Log(cloud.run_dir)
        page.reload()
        until(page, "video.currentTime > 0.5")
        assert [entry["uri"] for entry in log.entries("edge") if ".cmf" in entry["uri"]] == []


def test_a_view_that_fails_is_told(cloud: LaptopCloud, browser: Browser, title: str) -> None:
    with tab(browser) as page:
        page.route("**/v/**", lambda route: route.fulfill(status=404))
        page.goto(f"{cloud.url}/?title={title}")
        expect(page.locator("#notice")).to_contain_text("Playback stopped")
        failed = reported(cloud, "fail")
    assert (failed["title"], failed["Failures"]) == (title, 1)
    assert failed["reason"]
