"""Whatever an upload is called, it ends as a title of its own with its name as it is, or is left where it is.

Each key goes through the workflow's own expressions, and what it sends is checked by botocore's models.
"""

from typing import Any

import pytest

from lambdas.names import folder
from tests import making_world
from tests.making_world import World
from tests.unit.lambdas.service_model import faults

NAMED = {
    "n" * 1020 + ".mp4": "n" * 200,
    "a/" * 509 + "x.mp4": "x",
    "line\nbreak.mp4": "line break",
    "tab\tstop\r.mp4": "tab stop",
    "../../etc/passwd.mp4": "passwd",
    "a//b//film.mp4": "film",
    "//film.mp4": "film",
    "100%2Ffilm.mp4": "100%2Ffilm",
    "%FF%FE.mp4": "%FF%FE",
    "\"quoted\" 'name'.mp4": "\"quoted\" 'name'",
    "<b>bold<b> & <img src=x onerror=alert(1)>.mp4": "<b>bold<b> & <img src=x onerror=alert(1)>",
    "right\u202eto left.mp4": "right to left",
    "שלום עולם.mp4": "שלום עולם",
    "🎬 emoji 👩‍👩‍👧.mp4": "🎬 emoji 👩‍👩‍👧",
    "   .mp4": None,
    "a+b c.mp4": "a+b c",
    "no extension": "no extension",
    "UPPER.MP4": "UPPER",
    "x.mp4/film": "film",
    "back\\slash.mp4": "back\\slash",
    "{% $states.input %}.mp4": "{% $states.input %}",
    "$(reboot);`id`.mp4": "$(reboot);`id`",
    "null\x00byte.mp4": "null byte",
}
"""Key to the name that people read. None if nothing of the name is readable, because then the id is shown."""


@pytest.mark.parametrize("key", NAMED)
def test_a_strange_key_is_published_under_an_id_of_its_own(world: World, key: str, monkeypatch: Any) -> None:
    assert len(key.encode()) <= 1024, "S3 takes no more"
    monkeypatch.setattr(making_world, "KEY", key)
    done = world.deliver(world.put(key))
    assert (done.status, done.path[-1]) == ("SUCCEEDED", "Published")
    title = done.variables["title"]
    assert title["name"] == (NAMED[key] or title["id"])
    row = world.table.get_item(Key={"id": title["id"]})["Item"]
    assert (row["key"], row["name"]) == (key, title["name"])
    assert len(title["id"].encode()) <= 80
    assert row["prefix"].startswith(f"{folder(title['id'])}/")
    assert row["prefix"].isascii()
    [job] = done.called("Encode")
    assert faults("mediaconvert", "CreateJob", {**job, "Settings": job["Settings"]}) == []
    assert job["Settings"]["Inputs"][0]["FileInput"] == f"s3://uploads/{key}"
    [message] = done.called("Announce")
    assert len(message["Subject"]) < 100, "SNS takes less than 100 characters"
    assert message["Subject"].isprintable()
    assert message["Subject"].isascii()


def test_no_two_of_them_share_an_id(world: World, monkeypatch: Any) -> None:
    ids: list[str] = []
    for key in NAMED:
        monkeypatch.setattr(making_world, "KEY", key)
        ids.append(world.deliver(world.put(key)).variables["title"]["id"])
    assert len(set(ids)) == len(NAMED)
