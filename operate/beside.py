"""Verbs for the files beside a film: its captions and its poster. In the uploads bucket they have the film's name."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, get_args

import typer

from lambdas.editions import sidecars
from lambdas.languages import language
from lambdas.rows import Row
from lambdas.titles import stem_of
from operate import catalogue, screen
from operate.cloud import Cloud, find
from operate.screen import NOT_SO, Json, Refusal, Stack, Title, Yes
from operate.upload import Film

Language = Annotated[str, typer.Option("--language", help="BCP 47, such as de or pt-BR.")]
Role = Annotated[str, typer.Option(help=f"One of {', '.join(get_args(sidecars.Role))}.")]


def of(film: Film) -> Iterator[tuple[Film, str]]:
    """The files beside a film, each with the reason why it is left out: "" if it belongs to the film."""
    place, stem = film.key.removesuffix(film.path.name), stem_of(film.key)
    for path in sorted(film.path.parent.iterdir()):
        key = place + path.name
        if not path.is_file() or not sidecars.is_sidecar(key):
            continue
        named = sidecars.naming(stem, key)
        if named or sidecars.is_poster(stem, key):
            size = path.stat().st_size
            word = f"{named!r} is neither a language nor a role" if isinstance(named, str) else ""
            yield Film(path, key, size), word or ("" if size else "it is empty")


def add(
    title: Title,
    file: Annotated[Path, typer.Argument(help="WebVTT or SubRip: .vtt or .srt.")],
    spoken: Language,
    role: Role = "subtitles",
    stack: Stack = None,
    as_json: Json = False,
) -> None:
    """Add captions to a title, or replace those of the same language and role. No encode is needed."""
    cloud = find(stack)
    row, kind = catalogue.row(cloud, title), _kind(file, sidecars.CAPTIONS)
    tag = _tag(spoken)
    _refuse_role(role)
    key = f"{row['stem']}.{tag}{'' if role == 'subtitles' else f'.{role}'}.{kind}"
    # Captions of the same language and role in the other format would compete with the new file.
    others = [other for other in _captions(cloud, row, tag, role) if other != key]
    _put(cloud, key, file)
    _delete(cloud, others)
    _told(title, [key], as_json)


def remove(
    title: Title,
    spoken: Language,
    role: Role = "subtitles",
    stack: Stack = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Remove captions that were uploaded beside a title."""
    cloud = find(stack)
    row, tag = catalogue.row(cloud, title), _tag(spoken)
    _refuse_role(role)
    found = _captions(cloud, row, tag, role)
    if not found:
        raise Refusal(
            f"{title}: no file beside it has {role} in {tag}. Captions inside a film cannot be removed", NOT_SO
        )
    screen.ask(f"Delete {', '.join(found)}?", yes)
    _delete(cloud, found)
    _told(title, found, as_json)


def poster(
    title: Title,
    file: Annotated[Path, typer.Argument(help="A JPEG: .jpg or .jpeg.")],
    stack: Stack = None,
    as_json: Json = False,
) -> None:
    """Give a title another poster."""
    cloud = find(stack)
    row, kind = catalogue.row(cloud, title), _kind(file, sidecars.POSTERS)
    key = f"{row['stem']}.{kind}"
    others = [other for other in _beside(cloud, row) if sidecars.is_poster(row["stem"], other) and other != key]
    _put(cloud, key, file)
    _delete(cloud, others)
    _told(title, [key], as_json)


def _kind(file: Path, allowed: frozenset[str]) -> str:
    kind = file.suffix.lower().removeprefix(".")
    if not file.is_file():
        raise Refusal(f"{file}: there is no such file")
    if kind not in allowed:
        raise Refusal(f"{file}: the file must end in {' or '.join(f'.{name}' for name in sorted(allowed))}")
    return kind


def _tag(spoken: str) -> str:
    found = language(spoken)
    if found is None:
        raise Refusal(f"--language {spoken!r} is not a known language. Use a BCP 47 tag, such as de or pt-BR")
    return found.tag


def _refuse_role(role: str) -> None:
    if role not in get_args(sidecars.Role):
        raise Refusal(f"--role {role!r} does not exist. Use one of {', '.join(get_args(sidecars.Role))}")


def _beside(cloud: Cloud, row: Row) -> list[str]:
    """Keys in the uploads bucket that begin with the film's name."""
    return [item["Key"] for item in cloud.objects(cloud.name("uploads_bucket"), f"{row['stem']}.")]


def _captions(cloud: Cloud, row: Row, tag: str, role: str) -> list[str]:
    named = {key: sidecars.naming(row["stem"], key) for key in _beside(cloud, row)}
    return [
        key
        for key, name in named.items()
        if isinstance(name, sidecars.Naming) and (name.language, name.role) == (tag, role)
    ]


def _put(cloud: Cloud, key: str, file: Path) -> None:
    with file.open("rb") as body:
        cloud.client("s3").put_object(Bucket=cloud.name("uploads_bucket"), Key=key, Body=body)


def _delete(cloud: Cloud, keys: list[str]) -> None:
    for key in keys:
        cloud.client("s3").delete_object(Bucket=cloud.name("uploads_bucket"), Key=key)


def _told(title: str, keys: list[str], as_json: bool) -> None:
    if as_json:
        screen.document({"title": title, "keys": keys})
        return
    screen.say(f"{title}: {', '.join(keys)}. Within a minute, headend show {title} shows it, if it can be read")
