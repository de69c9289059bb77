"""The page in its bucket: every file that it needs, with the content type and cache time that a browser needs."""

import gzip
import re
import shutil
from pathlib import Path

import pulumi
import pytest

from components.edge import player_build, player_site
from components.edge.player_build import BuildError, build
from components.edge.player_site import PLAYER, PlayerSite, site_files
from local.engine import Asset, Deployment
from tests.declared import REGION, deploy, made

OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
TRANSFERRED = 260_000
"""Most bytes of a first view, compressed, without the film."""


@pytest.fixture(scope="module")
def done() -> Deployment:
    return made(PlayerSite, "site", {"region": REGION, "noncurrent_days": 7, "log_bucket": "logs"})


def copied(tmp_path: Path) -> Path:
    """A copy of the page's sources that a test may change."""
    player = tmp_path / "player"
    shutil.copytree(PLAYER, player, ignore=shutil.ignore_patterns("node_modules", "made"))
    (player / "node_modules").symlink_to((PLAYER / "node_modules").resolve())
    return player


def test_the_page_and_all_that_it_names_are_there(done: Deployment) -> None:
    keys = {item.inputs["key"] for item in done.of_type(OBJECT)}
    files = site_files()
    assert {"index.html", "robots.txt"} <= keys == files.keys()
    named = re.findall(r'(?:src|href)="/([^"?#]+)"', files["index.html"].path.read_text())
    assert len(named) > 4
    assert set(named) <= keys
    assert {key for key in keys if key.endswith(".js")} <= set(named), "no script is found late, in another script"
    imported = [
        f"assets/{name}"
        for key, file in files.items()
        if key.endswith(".js")
        for name in re.findall(r'(?:from|import\()"\./([\w.-]+\.js)"', file.path.read_text())
    ]
    assert any(name.startswith("assets/hls") for name in imported)
    assert set(imported) <= keys


def test_a_browser_is_told_what_each_file_is(done: Deployment) -> None:
    types = {Path(item.inputs["key"]).suffix: item.inputs["contentType"] for item in done.of_type(OBJECT)}
    assert types == {suffix: player_build.CONTENT_TYPES[suffix] for suffix in (".html", ".css", ".js", ".svg", ".txt")}


def test_what_is_named_after_its_content_is_kept_for_a_year_and_the_page_is_asked_about(done: Deployment) -> None:
    kept = {item.inputs["key"]: item.inputs["cacheControl"] for item in done.of_type(OBJECT)}
    assert kept.pop("index.html") == kept.pop("robots.txt") == "no-cache"
    assert set(kept.values()) == {"public, max-age=31536000, immutable"}
    assert all(re.fullmatch(r"assets/[\w.]+-[A-Z0-9]{8}\.(js|css|svg)", key) for key in kept)


def test_a_change_of_one_source_gives_other_names_to_what_holds_it(tmp_path: Path) -> None:
    player = copied(tmp_path)
    before = build(player, tmp_path / "made").keys()
    assert build(player, tmp_path / "made").keys() == before
    with (player / "style" / "base.css").open("a") as style:
        style.write("p { color: red }")
    with (player / "watch" / "watch.js").open("a") as script:
        script.write("console.log(1);")
    after = build(player, tmp_path / "made").keys()
    assert {key.partition("-")[0] for key in before - after} == {"assets/style", "assets/main"}


def test_the_same_sources_give_the_same_names_in_any_place(tmp_path: Path) -> None:
    (tmp_path / "further" / "down").mkdir(parents=True)
    other = copied(tmp_path / "further" / "down")
    assert build(copied(tmp_path), tmp_path / "made").keys() == build(other, tmp_path / "made").keys()


def test_the_page_is_written_after_what_it_names(done: Deployment) -> None:
    (page,) = [item for item in done.of_type(OBJECT) if item.inputs["key"] == "index.html"]
    others = {item.urn for item in done.of_type(OBJECT)} - {page.urn}
    assert others <= set(page.dependencies)


def test_a_first_view_costs_no_more_than_agreed() -> None:
    sizes = {key: len(gzip.compress(file.path.read_bytes(), 6)) for key, file in site_files().items()}
    assert sum(sizes.values()) < TRANSFERRED, sizes


def test_a_script_that_cannot_be_read_stops_the_deployment_and_says_where(tmp_path: Path) -> None:
    player = copied(tmp_path)
    (player / "main.js").write_text("import './nowhere.js';")
    with pytest.raises(BuildError, match="nowhere"):
        build(player, tmp_path / "made")


def test_each_object_is_the_file_itself(done: Deployment) -> None:
    for item in done.of_type(OBJECT):
        source = item.inputs["source"]
        assert isinstance(source, Asset)
        assert source.path
        assert Path(source.path).is_file()


def test_it_can_be_made_again_so_nothing_protects_it(done: Deployment) -> None:
    assert not done.one("aws:s3/bucket:Bucket").options.get("protect")


def test_without_the_player_library_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BuildError, match="make setup"):
        build(tmp_path, tmp_path / "made")

    def program() -> None:
        monkeypatch.setattr(player_site, "PLAYER", tmp_path)
        with pytest.raises(pulumi.RunError):
            PlayerSite("site", {"region": REGION, "noncurrent_days": 7, "log_bucket": "logs"})

    assert [item.type for item in deploy(program).registrations] == ["pulumi:pulumi:Stack"]
