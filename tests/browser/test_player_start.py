"""The start of a view: how often the first frame waits for the network."""

import threading
from typing import cast

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.answering import answering
from tests.browser.fake_headend import SITE, Fake
from tests.browser.waiting import until

FRAME = """addEventListener("DOMContentLoaded", () => {
  document.querySelector("video")?.requestVideoFrameCallback((now) => (window.painted = now));
})"""
POSTER = "performance.getEntriesByType('resource').find(({ name }) => name.includes('poster'))?.startTime"
PLAY = "performance.getEntriesByType('resource').find(({ name }) => name.endsWith('/play')).responseEnd"
# The sound's first bytes come half a second before the picture, and the others just after it.
SOUND_AROUND_THE_PICTURE = answering("""
  let pictured;
  const picture = new Promise((resolve) => (pictured = resolve));
  async function send(bytes, sound, stream) {
    if (sound) stream.enqueue(bytes.slice(0, 10_000));
    await (sound ? picture : later(500));
    for (let at = sound ? 10_000 : 0; at < bytes.length; at += 10_000) {
      stream.enqueue(bytes.slice(at, at + 10_000));
      await later(2);
    }
    stream.close();
    if (!sound) pictured();
  }
  async function answer(path, real) {
    const response = await real();
    if (!path.includes("_000000001.")) return response;
    const bytes = new Uint8Array(await response.arrayBuffer());
    return new Response(new ReadableStream({ start: (stream) => void send(bytes, path.endsWith("a"), stream) }));
  }
""")
# The sound's first segment breaks off once. The picture comes some time after the sound's second answer.
SOUND_CUT_BEFORE_THE_PICTURE = answering("""
  let tries = 0;
  async function answer(path, real) {
    const response = await real();
    if (!path.includes("_000000001.")) return response;
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (!path.endsWith("a")) {
      while (tries < 2) await later(20);
      await later(WAIT);
      return new Response(bytes);
    }
    tries += 1;
    if (tries > 1) return new Response(bytes);
    const start = async (stream) => {
      stream.enqueue(bytes.slice(0, 20_000));
      await later(600);
      stream.error(new TypeError("cut off"));
    };
    return new Response(new ReadableStream({ start: (stream) => void start(stream) }));
  }
""")
PLAYLISTS = {"index_v180p.m3u8", "index_a128.m3u8"}
SEGMENTS = {
    f"index_{name}" for name in ("v180pinit.cmfv", "v180p_000000001.cmfv", "a128init.cmfa", "a128_000000001.cmfa")
}


@pytest.mark.parametrize(
    ("old_rows", "turns"),
    [
        (False, [{"index.m3u8", *PLAYLISTS, *SEGMENTS}]),
        (True, [{"index.m3u8"}, PLAYLISTS, SEGMENTS]),  # the rows of earlier releases name no files
    ],
)
def test_a_first_frame_waits_for_the_page_for_its_scripts_and_the_api_and_for_the_film(
    page: Page, fake: Fake, old_rows: bool, turns: list[set[str]]
) -> None:
    """No request of a turn is answered before all of the turn are there. After the last turn none is answered."""
    fake.old_rows = old_rows
    held: dict[str, list[Route]] = {}

    def hold(route: Route, request: Request) -> None:
        name = request.url.rpartition("/")[2]
        held.setdefault(name.partition("-")[0] if "/assets/" in request.url else name, []).append(route)

    page.add_init_script(FRAME)
    page.route(f"{fake.origin}/**", hold)
    page.goto("about:blank")
    page.evaluate("url => void (location.href = url)", f"{fake.origin}/?title=film")
    for turn in [{"?title=film"}, {"style", "early", "main", "chunk", "hls.min", "play"}, *turns]:
        for _ in range(300):
            if turn <= held.keys():
                break
            page.wait_for_timeout(100)
        assert turn <= held.keys(), f"only {[*held]} was asked for"
        for route in [route for name in turn for route in held.pop(name)]:
            route.continue_()
    until(page, "window.painted")
    page.unroute_all(behavior="ignoreErrors")


def test_a_poster_does_not_share_the_network_with_a_first_frame_that_comes_in_time(page: Page, fake: Fake) -> None:
    page.add_init_script(FRAME)
    page.goto(f"{fake.origin}/?title=film")
    until(page, f"window.painted && {POSTER}")
    frame, asked, known = cast(list[float], page.evaluate(f"[window.painted, {POSTER}, {PLAY}]"))
    assert asked >= min(frame, known + 2_400)


def test_segments_do_not_share_a_slow_network_with_what_must_come_before_them(page: Page, fake: Fake) -> None:
    """They wait for hls.js or for the answers of the playlists, whichever is first."""
    (library,) = [key for key in SITE if "hls.min" in key]
    fake.held |= {library: threading.Event(), "index_v180p.m3u8": threading.Event()}
    segments = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('_000000001.')).length"
    page.goto(f"{fake.origin}/?title=film", wait_until="commit")
    until(page, "performance.getEntriesByType('resource').some(({ name }) => name.endsWith('index_a128.m3u8'))")
    page.wait_for_timeout(500)
    assert not _segments(fake)
    fake.held["index_v180p.m3u8"].set()
    until(page, f"{segments} === 2")
    fake.held[library].set()
    until(page, "video.currentTime > 0.1")
    assert len(_segments(fake)) == 2, "nothing is fetched twice"


def test_the_sounds_first_bytes_are_not_overtaken_by_later_ones(page: Page, fake: Fake) -> None:
    page.add_init_script(SOUND_AROUND_THE_PICTURE)
    page.goto(f"{fake.origin}/?title=film")
    until(page, "video.currentTime > 0.1", seconds=10)
    assert fake.asked.count("POST /api/titles/film/play") == 1, "it was not started again"


@pytest.mark.parametrize("ms", [0, 500])
def test_sound_that_breaks_off_before_the_picture_is_asked_for_again_and_heard(page: Page, fake: Fake, ms: int) -> None:
    """The picture comes `ms` after the sound's second answer."""
    page.add_init_script(SOUND_CUT_BEFORE_THE_PICTURE.replace("WAIT", str(ms)))
    page.goto(f"{fake.origin}/?title=film")
    until(page, "video.currentTime > 0.1", seconds=10)


def test_a_title_that_is_left_while_it_starts_is_fetched_no_further(page: Page, fake: Fake) -> None:
    held = {"index_v180p_000000001.cmfv", "index_a128_000000001.cmfa"}
    fake.held = {name: threading.Event() for name in held}
    dropped = set[str]()
    page.on("requestfailed", lambda request: dropped.add(request.url.rpartition("/")[2]))
    page.goto(f"{fake.origin}/?title=film", wait_until="commit")
    expect(page.locator("#controls")).to_be_visible()
    page.wait_for_timeout(1_000)
    page.get_by_role("link", name="All titles").first.click()
    expect(page.locator("#cards .card").first).to_be_visible()
    page.wait_for_timeout(500)
    assert dropped >= held


def _segments(fake: Fake) -> list[str]:
    """The first segments that were asked for."""
    return [path for path, *_ in fake.viewed if "_000000001." in path]
