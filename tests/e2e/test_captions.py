"""Languages, previews, captions and posters, inside of films and beside them, as a player gets them."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from local.cloud import LaptopCloud
from tests.e2e.platform import lay, play, settled, upload, wait
from tests.media_samples import sample

SRT = "1\n00:00:00,200 --> 00:00:01,500\n{text}\n"


@pytest.fixture(scope="module")
def cloud() -> Iterator[LaptopCloud]:
    os.environ["HEADEND_X264_PRESET"] = "ultrafast"
    run_dir = Path(tempfile.mkdtemp(prefix="headend-test-"))
    cloud = LaptopCloud(run_dir, config={"fleets": "1", "nodesPerFleet": {"min": 1, "max": 1}})
    try:
        cloud.start()
        yield cloud
    finally:
        cloud.stop()
        shutil.rmtree(run_dir, ignore_errors=True)


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
