"""Many films with strange names are uploaded at once. Each is published under its own id, with its name."""

from typing import Any

import pytest
import requests

from lambdas.rows import plain
from lambdas.titles import title_id
from local.cloud import LaptopCloud
from tests.e2e.operator import beside
from tests.e2e.platform import wait
from tests.media_samples import sample
from tests.media_strange import STRANGE

NAMES = {
    "n" * 1020 + ".mp4": "n" * 200,
    "tab\tstop and line\nbreak.mp4": "tab stop and line break",
    "../../up/film.mp4": "film",
    "a//b//film.mp4": "film",
    "100%2Ffilm.mp4": "100%2Ffilm",
    '"quoted" <b>bold<b> & more.mp4': '"quoted" <b>bold<b> & more',
    "right\u202eto left.mp4": "right to left",
    "🎬 emoji.MP4": "🎬 emoji",
    "a+b c.mp4": "a+b c",
    "no extension": "no extension",
    "x.mp4/film": "film",
}
REFUSED = {"six hours of nothing.mp4": "stands_for_hours", "two programs.ts": "programs"}
"""Files that claim to be long or are two films. The other films do not wait for them."""
CROWD = [f"crowd {number}.mp4" for number in range(20)]


@pytest.fixture(scope="module")
def rows(cloud: LaptopCloud) -> dict[str, dict[str, Any]]:
    """Key of each upload to the final row of its title."""
    assert STRANGE
    s3, bucket = cloud.client("s3"), cloud.deployment.exports["uploads_bucket"]
    table = {"TableName": cloud.deployment.exports["titles_table"]}
    count = {"Select": "COUNT", "FilterExpression": "attribute_exists(outcome)"}
    others = cloud.client("dynamodb").scan(**table, **count)["Count"]
    for key, clip in {**REFUSED, **dict.fromkeys([*NAMES, *CROWD], "tiny_film")}.items():
        s3.put_object(Bucket=bucket, Key=key, Body=sample(clip).read_bytes())

    def ended() -> dict[str, dict[str, Any]] | None:
        """To read all rows takes a tenth of a second of a processor, which the encoder needs."""
        if cloud.client("dynamodb").scan(**table, **count)["Count"] < others + len(NAMES) + len(REFUSED) + len(CROWD):
            return None
        return {row["key"]: row for row in map(plain, cloud.client("dynamodb").scan(**table)["Items"]) if "key" in row}

    return wait(ended, "every upload ends")


def test_each_is_published_with_its_name(rows: dict[str, dict[str, Any]]) -> None:
    assert {key: (rows[key]["outcome"], rows[key]["name"]) for key in NAMES} == {
        key: ("PUBLISHED", name) for key, name in NAMES.items()
    }
    assert len({row["id"] for row in rows.values()}) == len(rows)


def test_a_crowd_is_published(rows: dict[str, dict[str, Any]]) -> None:
    """All were uploaded at once, with those above."""
    assert {key: rows[key]["outcome"] for key in CROWD} == dict.fromkeys(CROWD, "PUBLISHED")


def test_files_that_claim_hours_or_hold_two_films_are_refused(rows: dict[str, dict[str, Any]]) -> None:
    assert {key: rows[key]["outcome"] for key in REFUSED} == dict.fromkeys(REFUSED, "REJECTED")
    assert "every 10800 s" in rows["six hours of nothing.mp4"]["reason"]
    assert "holds 2 programs" in rows["two programs.ts"]["reason"]


def test_the_page_and_the_operator_see_the_names_as_they_are(
    cloud: LaptopCloud, rows: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    listed = {
        title["id"]: title["name"] for title in requests.get(f"{cloud.url}/api/titles", timeout=60).json()["titles"]
    }
    for key, name in NAMES.items():
        assert listed[rows[key]["id"]] == name
        assert title_id(key).isascii()
    with beside(cloud, tmp_path_factory.mktemp("o") / "demo.json") as operator:
        for key in ("tab\tstop and line\nbreak.mp4", '"quoted" <b>bold<b> & more.mp4', "right\u202eto left.mp4"):
            shown = operator.run("show", rows[key]["id"])
            assert shown.code == 0
            assert "\u202e" not in shown.out
            assert "normalised minutes, Basic tier" in " ".join(shown.out.split())
