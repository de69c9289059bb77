"""The page: every file that it needs, as the type that a browser expects, and not for longer than a minute."""

from pathlib import Path

import pulumi
import pytest

from components.edge import player_site
from components.edge.player_site import PLAYER, PlayerSite, site_files
from local.engine import Asset, Deployment
from tests.declared import REGION, deploy, made

OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"


@pytest.fixture(scope="module")
def done() -> Deployment:
    return made(PlayerSite, "site", {"region": REGION, "noncurrent_days": 7, "log_bucket": "logs"})


def test_the_page_and_all_that_it_names_are_there(done: Deployment) -> None:
    keys = {item.inputs["key"] for item in done.of_type(OBJECT)}
    assert "index.html" in keys
    assert {path.name for path in PLAYER.glob("*.js")} <= keys
    assert any(key.startswith("vendor/hls") for key in keys)


def test_a_browser_is_told_what_each_file_is(done: Deployment) -> None:
    types = {Path(item.inputs["key"]).suffix: item.inputs["contentType"] for item in done.of_type(OBJECT)}
    assert types[".html"].startswith("text/html")
    assert types[".css"].startswith("text/css")
    # A module of another type is refused by every browser; nosniff sees to the rest.
    assert {types[suffix] for suffix in (".js", ".mjs") if suffix in types} == {"text/javascript; charset=utf-8"}


def test_a_new_page_is_seen_within_a_minute(done: Deployment) -> None:
    assert {item.inputs["cacheControl"] for item in done.of_type(OBJECT)} == {"public, max-age=60"}


def test_each_object_is_the_file_itself(done: Deployment) -> None:
    for item in done.of_type(OBJECT):
        source = item.inputs["source"]
        assert isinstance(source, Asset)
        assert source.path
        assert Path(source.path).is_file()


def test_it_can_be_made_again_so_nothing_protects_it(done: Deployment) -> None:
    assert not done.one("aws:s3/bucket:Bucket").options.get("protect")


def test_without_the_player_library_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError, match="make setup"):
        site_files(tmp_path)

    def program() -> None:
        monkeypatch.setattr(player_site, "PLAYER", tmp_path)
        with pytest.raises(pulumi.RunError):
            PlayerSite("site", {"region": REGION, "noncurrent_days": 7, "log_bucket": "logs"})

    assert [item.type for item in deploy(program).registrations] == ["pulumi:pulumi:Stack"]
