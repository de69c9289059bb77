"""What the page decides without a browser: its reports of a view, and how long it tries again. Node runs it."""

import json
import subprocess
from typing import Any, cast

import pytest

from components.edge.player_site import PLAYER

PAGE = """
const listeners = {}, sent = [], wait = () => new Promise((resolve) => setTimeout(resolve));
globalThis.window = { addEventListener: (event, act) => (listeners[event] = act) };
globalThis.document = { hidden: false, addEventListener: (event, act) => (listeners[event] = act) };
globalThis.setInterval = () => {};
globalThis.fetch = async (_, { body }) => (sent.push(JSON.parse(body)), { status: 204 });
const seen = { watched: 0, stalled: 0, kbps: 500 };
const begin = (more = {}) => beacon.begin({ title: "film", session: "s1", ...more }, 1, () => ({ ...seen }));
const beacon = new Beacon(() => {});
"""


def run(script: str) -> list[Any]:
    """The list that the module `script` prints. Its imports are files of the page."""
    esbuild = [str(PLAYER / "node_modules/.bin/esbuild"), "--bundle", "--format=iife", "--log-level=warning"]
    bundle = subprocess.run(esbuild, input=script, cwd=PLAYER, capture_output=True, text=True, check=True)
    done = subprocess.run(["node", "-"], input=bundle.stdout, capture_output=True, text=True, check=True, timeout=60)
    return cast(list[Any], json.loads(done.stdout))


def reports(script: str) -> list[tuple[object, object]]:
    """(event, seconds watched) of each report that a page sends during `script`."""
    code = f'import {{ Beacon }} from "./beacon.js";\n{PAGE}{script}\nconsole.log(JSON.stringify(sent));'
    return [(report["event"], report.get("watched_s")) for report in run(code)]


def test_a_track_without_a_language_is_called_by_its_own_name_and_marked_once() -> None:
    tracks = [
        {"lang": "und", "name": "CC1 (SDH)", "characteristics": "public.accessibility.transcribes-spoken-dialog"},
        {"lang": "en", "name": "English (SDH)", "characteristics": "public.accessibility.transcribes-spoken-dialog"},
        {"lang": "und", "name": "Commentary"},
    ]
    labels = f"named({json.dumps(tracks)}).map(({{ label }}) => label)"
    code = f'import {{ named }} from "./engine/tracks.js";\nconsole.log(JSON.stringify({labels}));'
    assert run(code) == ["CC1 (SDH)", "English, SDH", "Commentary"]


def test_a_view_that_fails_again_and_again_is_one_failure_until_there_is_a_picture() -> None:
    assert reports("""
      begin();
      beacon.failed("manifestLoadError");
      begin({ failed: true });
      beacon.failed("manifestLoadError");
      begin({ failed: true });
      beacon.started(900);
      seen.watched = 5000;
      beacon.failed("fragLoadError");
      begin({ failed: true, started: true });
      beacon.end();
    """) == [("fail", 0), ("start", None), ("fail", 5)]


def test_a_page_that_comes_back_goes_on_with_its_view() -> None:
    assert reports("""
      begin();
      beacon.started(900);
      seen.watched = 7000;
      listeners.pagehide();
      seen.watched = 0; // Each playback counts from zero.
      begin({ started: true });
      beacon.started(100);
      seen.watched = 3000;
      beacon.end();
      listeners.pagehide();
    """) == [("start", None), ("end", 7), ("end", 3)]


def test_a_film_that_is_played_again_is_watched_again() -> None:
    assert reports("""
      begin();
      beacon.started(900);
      seen.watched = 10000;
      beacon.pause();
      beacon.pause();
      seen.watched = 14000;
      beacon.end();
    """) == [("start", None), ("end", 10), ("end", 4)]


def test_a_viewer_who_leaves_before_the_first_frame_is_told_once() -> None:
    assert reports("begin(); listeners.pagehide(); beacon.end();") == [("exit", None)]


def test_a_view_in_a_tab_that_nobody_looked_at_was_not_given_up() -> None:
    unseen = "document.hidden = true; begin(); {}listeners.pagehide();"
    assert reports(unseen.format("")) == []
    assert reports(unseen.format("document.hidden = false; listeners.visibilitychange(); ")) == [("exit", None)]


@pytest.mark.parametrize("state", ["flow", "stall"])
def test_the_sleep_of_a_device_is_neither_watched_nor_stalled(state: str) -> None:
    """The browser wakes a tab in the background once a minute."""
    watched, stalled = run(f"""
      import {{ Meter }} from "./watch/meter.js";
      const meter = new Meter();
      meter.{state}(1_000);
      for (const now of [61_000, 8 * 3_600_000, 8 * 3_600_000 + 2_000]) meter.tick(now);
      console.log(JSON.stringify([meter.watched, meter.stalled]));
    """)
    assert (watched, stalled) == ((62_000, 0) if state == "flow" else (0, 62_000))


def test_a_view_is_drawn_once_and_not_for_each_of_its_playbacks() -> None:
    told = reports("""
      const draws = [0.9, 0.1];
      Math.random = () => draws.shift();
      const half = (session, started) => beacon.begin({ title: "film", session, started }, 0.5, () => ({ ...seen }));
      half("s1", false);
      beacon.started(900);
      half("s1", true); // A new draw would take it in.
      seen.watched = 5000;
      beacon.end();
      half("s2", false);
      beacon.end();
    """)
    assert told == [("exit", None)]


def test_a_link_to_a_second_that_the_film_does_not_have_begins_at_its_start() -> None:
    script = 'import { inside } from "./engine/ahead.js"; console.log(JSON.stringify(['
    asked = ["inside(5, 12)", "inside(12, 12)", "inside(9999, 12)", "inside(0, 12)", "inside(5, null)"]
    assert run(f"{script}{', '.join(asked)}]))") == [5, 0, 0, 0, 5]


def test_restarts_come_more_slowly_and_end_while_the_viewer_waits_but_not_while_there_is_film_left() -> None:
    waits, restarted, watching = run("""
      import { Patience } from "./engine/patience.js";
      const failing = new Patience(), waits = [];
      for (let now = 100, wait; (wait = failing.next(0, 0, now)) !== null; now += wait + 2) waits.push(wait);
      const moving = new Patience();
      for (let at = 0; at < 10; at += 1) moving.next(at * 100, 0, at * 100);
      const watching = new Patience();
      for (let now = 0; now < 1000; now += 5) watching.next(7, 30, now);
      console.log(JSON.stringify([waits, moving.next(2000, 0, 9999), watching.next(7, 30, 1000)]));
    """)
    assert waits == [0.5, 1, 2, 4, 4]
    assert restarted == 0.5, "the film went on since"
    assert watching == 4
