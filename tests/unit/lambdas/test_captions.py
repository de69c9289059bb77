"""Captions and posters beside a film: what their owner is told, and what a player finds in the manifests."""

import re
import xml.etree.ElementTree as ET

import pytest

from lambdas.editions.core import Draft, Sidecar, Version, choose, edition
from lambdas.editions.sidecars import Naming, is_sidecar, naming, stems
from lambdas.languages import language
from lambdas.playlist import multivariant

HLS = """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="English",URI="index_a128.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360,AUDIO="audio"
index_v360p.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=90000,URI="index_v360p_iframe.m3u8"
"""
DASH = """<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period id="0"><AdaptationSet id="0"/></Period></MPD>
"""
VERSION = Version("aaaaaaaaaaaa", 60.0, HLS, DASH)
VTT = b"WEBVTT\n\n00:01.000 --> 00:02.000\nHallo\n"
GERMAN = Naming("de", "Deutsch", "subtitles")


def made(captions: dict[str, tuple[Naming, bytes]] | None = None, poster: bytes | None = None) -> Draft:
    return edition(VERSION, {"film.de.vtt": (GERMAN, VTT)} if captions is None else captions, poster)


def test_captions_of_the_picture_are_told_apart_by_their_channel() -> None:
    channels = {f"embedded.cc{number}.vtt": (Naming("und", f"CC{number}", "sdh"), VTT) for number in (1, 3)}
    unnamed = {"film.sdh.vtt": (Naming("und", "", "sdh"), VTT)}
    tracks = made({**channels, **unnamed})["tracks"]
    assert [(track["language"], track["name"], track["file"]) for track in tracks] == [
        ("und", "CC1 (SDH)", "captions_cc1_sdh.vtt"),
        ("und", "CC3 (SDH)", "captions_cc3_sdh.vtt"),
        ("und", "Subtitles (SDH)", "captions_und_sdh.vtt"),
    ]


@pytest.mark.parametrize(
    ("code", "tag", "name"),
    [
        ("yue", "yue", "粵語"),
        ("de", "de", "Deutsch"),
        ("ger", "de", "Deutsch"),
        ("deu", "de", "Deutsch"),
        ("PT-br", "pt-BR", "Português (Brasil)"),
        ("zh_hant", "zh-Hant", "繁體中文"),
        ("es-419", "es-419", "Español latinoamericano"),
        ("en-NZ", "en-NZ", "English (NZ)"),
        ("und", "und", ""),
    ],
)
def test_a_language_is_shown_by_its_own_name(code: str, tag: str, name: str) -> None:
    assert language(code) == (tag, name)


@pytest.mark.parametrize("code", ["xx", "english", "13", "", "de-", "de-DEU-x", "-"])
def test_a_code_that_is_not_a_language_gives_none(code: str) -> None:
    assert language(code) is None


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("films/Dune.vtt", ("und", "", "subtitles")),
        ("films/Dune.de.srt", ("de", "Deutsch", "subtitles")),
        ("films/Dune.EN.SDH.VTT", ("en", "English", "sdh")),
        ("films/Dune.forced.pt-BR.vtt", ("pt-BR", "Português (Brasil)", "forced")),
        ("films/Dune.xx.vtt", "xx"),
        ("films/Dune.part2.vtt", None),
        ("films/Dune.2.de.vtt", None),
        ("films/Dune2.de.vtt", None),
        ("films/Dune.de.txt", None),
        ("Dune.de.vtt", None),
    ],
)
def test_a_name_says_language_and_role(key: str, said: object) -> None:
    assert naming("films/Dune", key) == said


def test_a_mac_and_a_pc_write_one_name() -> None:
    assert naming("Caf\u00e9", "Cafe\u0301.de.vtt") == GERMAN


def test_a_sidecar_goes_with_the_film_of_the_longest_name() -> None:
    assert stems("a/Dune.en.vtt") == ["a/Dune.en", "a/Dune"]
    assert stems("a/.vtt") == []


@pytest.mark.parametrize("key", ["a/b.vtt", "b.SRT", "b.en.jpg", "b.JPEG"])
def test_what_is_beside_a_film(key: str) -> None:
    assert is_sidecar(key)


@pytest.mark.parametrize("key", ["a/b.mp4", "vtt", ".vtt", "a/.jpg", "b.vtt/film.mp4"])
def test_what_is_not(key: str) -> None:
    assert not is_sidecar(key)


def sidecar(key: str, modified: str = "2026-01-01", size: int = 10) -> Sidecar:
    return Sidecar(key, modified, size)


def test_the_later_of_two_files_for_one_language_counts() -> None:
    choice = choose("film", [sidecar("film.de.vtt", "2026-01-02"), sidecar("film.ger.srt", "2026-01-01")])
    assert list(choice.captions) == ["film.de.vtt"]
    assert choice.problems == ["film.ger.srt is left out: film.de.vtt is newer, for the same language and role."]


def test_an_unknown_language_is_told_and_the_rest_is_taken() -> None:
    choice = choose("film", [sidecar("film.xx.vtt"), sidecar("film.de.vtt"), sidecar("film.jpg"), sidecar("film2.vtt")])
    assert (list(choice.captions), choice.poster) == (["film.de.vtt"], "film.jpg")
    [problem] = choice.problems
    assert "'xx' is not a language code" in problem
    assert "film.en.sdh.vtt" in problem


def test_a_sidecar_that_is_too_large_is_named() -> None:
    choice = choose("film", [sidecar("film.de.vtt", size=6_000_000), sidecar("film.jpg", size=6_000_000)])
    assert (choice.captions, choice.poster, len(choice.problems)) == ({}, None, 2)


def test_the_manifests_find_the_encode_and_the_captions() -> None:
    files = made()["files"]
    master = files["index.m3u8"]
    assert multivariant(master).variants[0].uri == "../aaaaaaaaaaaa/index_v360p.m3u8"
    assert list(multivariant(master).audio) == ["../aaaaaaaaaaaa/index_a128.m3u8"]
    assert 'URI="../aaaaaaaaaaaa/index_v360p_iframe.m3u8"' in master
    assert 'RESOLUTION=640x360,AUDIO="audio",SUBTITLES="captions"' in master
    [track] = re.findall(r"#EXT-X-MEDIA:TYPE=SUBTITLES,.*", master)
    assert 'NAME="Deutsch",LANGUAGE="de"' in track
    assert 'FORCED=NO,URI="captions_de.m3u8"' in track
    assert "captions_de.vtt" in files["captions_de.m3u8"].splitlines()
    assert files["captions_de.vtt"].startswith("WEBVTT")


def test_languages_are_called_what_their_speakers_call_them() -> None:
    tags = ("en", "ja", "cs", "ja", "und")
    labels = ("English", "Track 2", "Track 3", "Track 4", "Track 5")
    names = ["English", "日本語", "Čeština", "日本語 2", "Track 5"]
    media = "".join(
        f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",LANGUAGE="{tag}",NAME="{label}",URI="index_a128_{label[-1]}.m3u8"\n'
        for tag, label in zip(tags, labels, strict=True)
    )
    sets = "".join(f'<AdaptationSet contentType="audio"><Label>{label}</Label></AdaptationSet>' for label in labels)
    version = Version("aaaaaaaaaaaa", 60.0, f"#EXTM3U\n{media}", DASH.replace("</Period>", f"{sets}</Period>"))
    files = edition(version, {}, None)["files"]
    assert re.findall(r'LANGUAGE=.*NAME="(.*?)"', files["index.m3u8"]) == names
    assert re.findall(r"<Label>(.*?)</Label>", files["index.mpd"]) == names


def test_dash_players_resolve_the_same_addresses() -> None:
    made_edition = made()
    space = {"": "urn:mpeg:dash:schema:mpd:2011"}
    tree = ET.fromstring(made_edition["files"]["index.mpd"])  # noqa: S314 - our own
    assert tree.findtext("BaseURL", namespaces=space) == "../aaaaaaaaaaaa/"
    [text] = tree.findall(".//AdaptationSet[@contentType='text']", space)
    assert text.get("lang") == "de"
    assert text.findtext("Label", namespaces=space) == "Deutsch"
    # Relative to the encode's own folder, since that is the MPD's base address.
    assert text.findtext("Representation/BaseURL", namespaces=space) == f"../{made_edition['id']}/captions_de.vtt"


def test_roles_are_told_to_both_kinds_of_player() -> None:
    files = made(
        {
            "f.en.sdh.vtt": (Naming("en", "English", "sdh"), VTT),
            "f.en.forced.vtt": (Naming("en", "English", "forced"), VTT),
        }
    )["files"]
    assert 'NAME="English (SDH)"' in files["index.m3u8"]
    assert "public.accessibility.transcribes-spoken-dialog" in files["index.m3u8"]
    assert "FORCED=YES" in files["index.m3u8"]
    assert {"captions_en_sdh.vtt", "captions_en_forced.vtt"} <= set(files)
    assert 'value="caption"' in files["index.mpd"]
    assert 'value="forced-subtitle"' in files["index.mpd"]


def test_a_broken_file_is_told_and_the_others_stay() -> None:
    both = {"a/f.fr.srt": (Naming("fr", "Français", "subtitles"), b"nonsense"), "a/f.de.vtt": (GERMAN, VTT)}
    result = made(both)
    assert [track["language"] for track in result["tracks"]] == ["de"]
    [problem] = result["problems"]
    assert problem.startswith("f.fr.srt: Line 1:")


def test_an_edition_is_named_after_what_it_holds() -> None:
    assert made() == made()
    other = {"film.de.vtt": (GERMAN, VTT.replace(b"Hallo", b"Servus"))}
    assert len({made()["id"], made(other)["id"], made({})["id"], made(poster=b"jpeg")["id"]}) == 4
    assert re.fullmatch("[0-9a-f]{12}", made()["id"])


def test_an_encode_without_captions_keeps_its_manifest() -> None:
    assert "SUBTITLES" not in made({})["files"]["index.m3u8"]
    assert "captions" not in made({})["files"]["index.mpd"]
