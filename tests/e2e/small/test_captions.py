"""Languages, previews, captions and posters, inside of films and beside them: as a player gets them, as a viewer in
Chromium sees and hears them, and what an operator learns of that view.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

import tests.media_strange  # pyright: ignore[reportUnusedImport]  # noqa: F401 - `captioned` is one of its clips
from local.cloud import LaptopCloud
from local.viewers import Viewers
from tests.browser.chromium import launched, tab
from tests.browser.heard import hears
from tests.browser.painted import pixels, rows
from tests.browser.settings_menu import choose, item
from tests.browser.waiting import until
from tests.e2e.platform import Log, lay, play, settled, upload, wait
from tests.media_samples import sample

SRT = "1\n00:00:00,200 --> 00:00:01,500\n{text}\n"
FILM = "Vertigo.mp4"
SECONDS = 6
WORDS = {"eng": "Good evening", "ger": "Guten Abend"}
LONG_SRT = "1\n00:00:00,100 --> 00:00:05,900\n{text}\n"
PITCH = {"English": 300, "Deutsch": 900}
"""Of the sample's languages, in Hz."""
DIM, BRIGHT = 60, 150
"""Of one colour of a pixel, whose greatest value is 255."""


def row(cloud: LaptopCloud, title: str) -> dict[str, Any]:
    table = cloud.deployment.exports["titles_table"]
    return cloud.client("dynamodb").get_item(TableName=table, Key={"id": {"S": title}})["Item"]


def captions(cloud: LaptopCloud, title: str) -> dict[str, str]:
    """The caption files that a player finds, by their names in its menu."""
    master = play(cloud, title)["hls"]
    text = requests.get(cloud.url + master, timeout=60).text
    found: dict[str, str] = {}
    for line in re.findall(r"#EXT-X-MEDIA:TYPE=SUBTITLES,.*", text):
        name, uri = re.findall(r'NAME="([^"]+)"', line)[0], re.findall(r'URI="([^"]+)"', line)[0]
        folder = master.rpartition("/")[0]
        playlist = requests.get(f"{cloud.url}{folder}/{uri}", timeout=60).text
        file = next(line for line in playlist.splitlines() if line and not line.startswith("#"))
        answer = requests.get(f"{cloud.url}{folder}/{file}", timeout=60)
        assert answer.headers["Content-Type"].startswith("text/vtt")
        answer.encoding = "utf-8"
        found[name] = answer.text
    return found


def with_text_tracks(path: Path, codec: str) -> Path:
    """A film with an English and a German text track."""
    for language, text in (("en", "Good evening"), ("de", "Guten Abend")):
        path.with_suffix(f".{language}").write_text(SRT.format(text=text), encoding="utf-8")
    inputs = [part for language in ("en", "de") for part in ("-f", "srt", "-i", str(path.with_suffix(f".{language}")))]
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(sample("landscape")), *inputs]
    command += ["-map", "0", "-map", "1", "-map", "2", "-c", "copy", "-c:s", codec]
    command += ["-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=ger", str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


def test_captions_before_the_film_and_days_after_it(cloud: LaptopCloud) -> None:
    lay(cloud, "films/Dune.de.srt", SRT.format(text="Hallo"))
    title = upload(cloud, sample("landscape"), "films/Dune.mp4")
    assert settled(cloud, title)["state"] == "PUBLISHED"
    assert "Hallo" in captions(cloud, title)["Deutsch"]
    first = play(cloud, title)
    encoded = row(cloud, title)["version"]["S"]

    lay(cloud, "films/Dune.pt-BR.sdh.vtt", "WEBVTT\n\n00:00.100 --> 00:01.000\n[música]\n")
    name = "Português (Brasil) (SDH)"
    late = wait(lambda: found if name in (found := captions(cloud, title)) else None, "the late captions are there")
    assert "[música]" in late[name]
    assert "Hallo" in late["Deutsch"]
    # Nothing was encoded again. The new manifests have other addresses, so a viewer who watches still has the old ones.
    assert row(cloud, title)["version"]["S"] == encoded
    assert len(cloud.client("mediaconvert").list_jobs()["Jobs"]) == 1
    assert play(cloud, title)["hls"] != first["hls"]
    assert requests.get(cloud.url + first["hls"], timeout=60).status_code == 200
    shown = requests.get(f"{cloud.url}/api/titles/{title}", timeout=60).json()
    assert [item["language"] for item in shown["captions"]] == ["de", "pt-BR"]

    # A corrected file replaces the earlier one; one that was deleted is gone. AWS tells of a deletion in a versioned
    # bucket. The laptop's S3 does not: the next file beside the film has it looked at.
    bucket = cloud.deployment.exports["uploads_bucket"]
    cloud.client("s3").delete_object(Bucket=bucket, Key="films/Dune.pt-BR.sdh.vtt")
    lay(cloud, "films/Dune.de.srt", SRT.format(text="Servus"))
    wait(lambda: True if "Servus" in captions(cloud, title)["Deutsch"] else None, "the corrected captions are there")
    assert list(captions(cloud, title)) == ["Deutsch"]


def test_a_broken_file_is_told_with_its_line_and_the_film_stays(cloud: LaptopCloud) -> None:
    lay(cloud, "Solaris.en.vtt", "WEBVTT\n\n00:05.000 --> 00:01.000\nbackwards\n")
    title = upload(cloud, sample("landscape"), "Solaris.mp4")
    assert settled(cloud, title)["state"] == "PUBLISHED"
    assert captions(cloud, title) == {}
    [note] = row(cloud, title)["notes"]["L"]
    assert note["S"].startswith("Solaris.en.vtt: Line 3:")


def test_the_owners_poster_replaces_the_encoders(cloud: LaptopCloud) -> None:
    title = upload(cloud, sample("landscape"), "Stalker.mp4")
    made = settled(cloud, title)["poster"]
    picture = requests.get(cloud.url + made, timeout=60).content
    lay(cloud, "Stalker.jpg", picture + b"owner")
    shown = wait(lambda: now if (now := settled(cloud, title)["poster"]) != made else None, "the poster is there")
    assert requests.get(cloud.url + shown, timeout=60).content == picture + b"owner"
    assert captions(cloud, title) == {}


@pytest.mark.parametrize(("name", "codec"), [("inside.mp4", "mov_text"), ("srt.mkv", "srt"), ("ass.mkv", "ass")])
def test_captions_inside_of_a_film(cloud: LaptopCloud, tmp_path: Path, name: str, codec: str) -> None:
    title = upload(cloud, with_text_tracks(tmp_path / name, codec), name)
    assert settled(cloud, title)["state"] == "PUBLISHED"
    found = captions(cloud, title)
    assert sorted(found) == ["Deutsch", "English"]
    assert "Good evening" in found["English"]
    # A caption file beside the film replaces the captions inside of it.
    lay(cloud, f"{name.rpartition('.')[0]}.de.srt", SRT.format(text="Schönen Abend"))
    wait(lambda: True if "Schönen" in captions(cloud, title)["Deutsch"] else None, "the owner's captions are there")
    assert "Good evening" in captions(cloud, title)["English"]


def test_captions_in_the_picture(cloud: LaptopCloud) -> None:
    title = upload(cloud, sample("captioned"), "captioned.mp4")
    assert settled(cloud, title)["state"] == "PUBLISHED"
    found = captions(cloud, title)
    assert list(found) == ["CC1 (SDH)", "CC3 (SDH)"]
    assert "Hello there." in found["CC1 (SDH)"]
    assert "Hola." in found["CC3 (SDH)"]
    assert row(cloud, title)["remarks"]["L"] == []
    # Nobody can say which language it is, so a caption file beside the film comes as another one.
    lay(cloud, "captioned.en.sdh.srt", SRT.format(text="Hello, there!"))
    wait(lambda: True if "English (SDH)" in captions(cloud, title) else None, "the owner's captions are there")
    assert "Hello there." in captions(cloud, title)["CC1 (SDH)"]


def test_languages_previews_and_a_poster_that_is_not_black(cloud: LaptopCloud) -> None:
    title = upload(cloud, sample("languages"), "Heat.mkv")
    shown = settled(cloud, title)
    assert shown["state"] == "PUBLISHED"
    address = play(cloud, title)["hls"]
    master = requests.get(cloud.url + address, timeout=60)
    master.encoding = "utf-8"
    sounds = re.findall(r'#EXT-X-MEDIA:TYPE=AUDIO,URI="(.*?)",.*LANGUAGE="(.*?)",NAME="(.*?)"', master.text)
    named = [("en", "English"), ("de", "Deutsch"), ("en", "English 2"), ("cs", "Čeština")]
    assert [(language, name) for _, language, name in sounds] == named
    for uri, *_ in sounds:
        text = requests.get(cloud.url + urljoin(address, uri), timeout=60).text
        assert "#EXT-X-ENDLIST" in text
    [images] = re.findall(r'#EXT-X-IMAGE-STREAM-INF:.*URI="(.*?)"', master.text)
    text = requests.get(cloud.url + urljoin(address, images), timeout=60).text
    [sheet] = [line for line in text.splitlines() if line and not line.startswith("#")]
    answer = requests.get(cloud.url + urljoin(urljoin(address, images), sheet), timeout=60)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    # The film is black for its first third: the stills of it are small.
    assert int(re.findall(r"poster\.(\d{7})\.jpg", shown["poster"])[0]) >= 7


def test_dash_finds_the_same_captions(cloud: LaptopCloud) -> None:
    lay(cloud, "Mirror.de.srt", SRT.format(text="Hallo"))
    title = upload(cloud, sample("landscape"), "Mirror.mp4")
    settled(cloud, title)
    manifest = play(cloud, title)["dash"]
    text = requests.get(cloud.url + manifest, timeout=60).text
    based = f"{manifest.rpartition('/')[0]}/" + re.findall(r"<BaseURL>([^<]+)</BaseURL>\s*<Period", text)[0]
    captioned = re.findall(r"<BaseURL>([^<]+\.vtt)</BaseURL>", text)[0]
    assert "Hallo" in requests.get(cloud.url + urljoin(based, captioned), timeout=60).text
    segment = re.findall(r'initialization="([^"]+)"', text)[0]
    representation = re.findall(r'<Representation id="([^"]+)"', text)[0]
    address = urljoin(based, segment.replace("$RepresentationID$", representation))
    assert requests.get(cloud.url + address, timeout=60).status_code == 200


# In Chromium


@pytest.fixture(scope="module")
def browser(cloud: LaptopCloud) -> Iterator[Browser]:
    """After the cloud: the program cannot be deployed where the browser's driver keeps an event loop running."""
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def film(cloud: LaptopCloud, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A title with languages and captions inside of the file, and captions that came after it was published."""
    path = tmp_path_factory.mktemp("film") / FILM
    with_captions(path)
    title = upload(cloud, path, FILM)
    assert settled(cloud, title)["state"] == "PUBLISHED"
    lay(cloud, "Vertigo.fr.vtt", "WEBVTT\n\n00:00.100 --> 00:05.900\nBonsoir\n")
    wait(lambda: len(settled(cloud, title)["captions"]) == len(WORDS) + 1 or None, "the late captions are there")
    return title


def with_captions(path: Path) -> None:
    """Write the sample of several languages to `path`, with text tracks in English and German."""
    inputs = ["-i", str(sample("languages"))]
    mapped = ["-map", "0"]
    for number, (language, text) in enumerate(WORDS.items()):
        file = path.with_suffix(f".{language}")
        file.write_text(LONG_SRT.format(text=text), encoding="utf-8")
        inputs += ["-f", "srt", "-i", str(file)]
        mapped += ["-map", str(number + 1), f"-metadata:s:s:{number}", f"language={language}"]
    command = ["ffmpeg", "-v", "error", "-y", *inputs, *mapped, "-c", "copy", "-c:s", "mov_text", str(path)]
    subprocess.run(command, check=True, timeout=60)


@pytest.fixture
def page(browser: Browser, cloud: LaptopCloud, film: str) -> Iterator[Page]:
    """The film, playing."""
    with tab(browser) as page:
        page.goto(f"{cloud.url}/?title={film}")
        until(page, "video.currentTime > 0.3")
        yield page


def stand_still(page: Page, second: float) -> None:
    """Pause the film there."""
    page.locator("#stage").hover()
    page.evaluate("video.pause()")
    page.evaluate(f"video.currentTime = {second}")
    until(page, "!video.seeking && video.readyState > 1")


def test_the_film_is_played_to_its_end(page: Page) -> None:
    expect(page.locator("#watch-heading")).to_have_text("Vertigo")
    until(page, "video.ended")
    assert abs(page.evaluate("video.currentTime") - SECONDS) < 0.2
    expect(page.locator("#ending")).to_be_visible()
    expect(page.locator("#spinner")).to_be_hidden()


def test_captions_of_the_film_and_late_ones_are_seen(page: Page) -> None:
    stand_still(page, 1)
    for name, words in (("English", WORDS["eng"]), ("Deutsch", WORDS["ger"]), ("Français", "Bonsoir")):
        choose(page, "Captions", name)
        page.keyboard.press("Escape")
        expect(page.locator("#captions")).to_have_text(words)
        assert sum(min(pixel) > 230 for pixel in pixels(page, "#captions p > span")) > 100, "white letters are painted"


def test_the_other_language_is_heard(page: Page) -> None:
    page.evaluate("video.loop = true")
    page.locator("#stage").hover()
    page.locator("#mute").click()
    page.evaluate("video.muted = false")
    until(page, hears(PITCH["English"]))
    choose(page, "Audio", "Deutsch")
    until(page, hears(PITCH["Deutsch"]))
    item(page, "Audio").click()
    names = page.get_by_role("menuitemradio")
    expect(names).to_have_text(["English", "Deutsch", "English 2", "Čeština"])


def test_previews_are_seen_by_mouse_and_by_key(page: Page) -> None:
    stand_still(page, 0.5)
    bar = page.locator("#seek").bounding_box()
    assert bar

    def shown() -> str:
        """The colour of the left of the preview: the film is red there once it is not black."""
        expect(page.locator("#preview-picture")).to_be_visible()
        until(page, "document.getElementById('preview-image').complete")
        seen = rows(page, "#preview-picture")
        red, _, blue = seen[len(seen) // 4][len(seen[0]) // 5]
        return "black" if max(red, blue) < DIM else "red" if red > BRIGHT and blue < DIM else "neither"

    page.mouse.move(bar["x"] + bar["width"] * 0.1, bar["y"] + bar["height"] / 2)
    wait(lambda: shown() == "black" or None, "it is black", 20)
    page.mouse.move(bar["x"] + bar["width"] * 0.8, bar["y"] + bar["height"] / 2)
    wait(lambda: shown() == "red" or None, "it is red", 20)
    page.mouse.move(5, 5)
    expect(page.locator("#preview")).to_be_hidden()
    page.keyboard.press("l")
    expect(page.locator("#preview-time")).to_have_text("0:06")
    assert shown() == "red"


def test_the_poster_shows_something(browser: Browser, cloud: LaptopCloud, film: str) -> None:
    with tab(browser) as page:
        page.goto(cloud.url)
        poster = page.locator(f"#cards [data-id={film}] img")
        poster.scroll_into_view_if_needed()
        until(page, "document.querySelector('#cards img').naturalWidth > 0")
        assert sum(max(pixel) > 150 for pixel in pixels(page, f"#cards [data-id={film}] img")) > 1000


# What an operator learns of a view


def reported(cloud: LaptopCloud, event: str, session: str = "") -> dict[str, Any]:
    """The line that the platform's function has written of this event of a view."""

    def ask() -> dict[str, Any] | None:
        logs = (cloud.run_dir / "logs").glob("lambda-*experience*.log")
        lines = [line for log in logs for line in log.read_text().splitlines() if line.startswith("{")]
        return next(
            (said for said in map(json.loads, lines) if said["event"] == event and session in said["session"]), None
        )

    return wait(ask, f"the report of {event}", 60)


def view_of(entry: dict[str, Any]) -> str | None:
    """The view that a line of the edge's log tells of."""
    return parse_qs(urlsplit(entry["referer"]).query).get("view", [None])[0]


def test_a_view_is_followed_through_every_tier(cloud: LaptopCloud, browser: Browser, film: str) -> None:
    log = Log(cloud.run_dir)
    with tab(browser) as page:
        page.goto(f"{cloud.url}/?title={film}&served")
        until(page, "video.currentTime > 1")
        session = page.locator("[data-figure=view]").inner_text()
        shown = page.locator("#ledger-rows tr").count()
        page.goto("about:blank")  # The viewer leaves.
        started, ended = (reported(cloud, event, session) for event in ("start", "end"))

    assert started["session"] == ended["session"] == session
    assert (started["title"], started["Region"], ended["Region"]) == (film, cloud.region, cloud.region)
    assert 0 < started["StartTime"] < 60_000
    assert 0.5 < ended["WatchedSeconds"] < 60
    viewers = Viewers(cloud.run_dir)
    viewers.update()
    assert viewers.sums["Starts"] >= 1

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
    cloud: LaptopCloud, browser: Browser, film: str
) -> None:
    """Another name of the view makes no other address."""
    with tab(browser) as page:
        page.goto(f"{cloud.url}/?title={film}")
        until(page, "video.buffered.length && video.buffered.end(0) > 5.9")
        log = Log(cloud.run_dir)
        page.reload()
        until(page, "video.currentTime > 0.5")
        assert [entry["uri"] for entry in log.entries("edge") if ".cmf" in entry["uri"]] == []


def test_a_view_that_fails_is_told(cloud: LaptopCloud, browser: Browser, film: str) -> None:
    with tab(browser) as page:
        page.route("**/v/**", lambda route: route.fulfill(status=404))
        page.goto(f"{cloud.url}/?title={film}")
        expect(page.locator("#notice")).to_contain_text("The film does not start")
        failed = reported(cloud, "fail")
    assert (failed["title"], failed["Failures"]) == (film, 1)
    assert failed["reason"]
