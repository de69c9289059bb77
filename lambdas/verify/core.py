"""Verify: checks that all ordered renditions exist, are complete, and are as long as the source. Pure."""

from collections.abc import Mapping

from lambdas import names, playlist, previews
from lambdas.languages import UNKNOWN, language
from lambdas.plan import GOP_SECONDS
from lambdas.refusals import RenditionsIncomplete, SourceTruncated
from lambdas.shapes import Expected, Opening, Verified
from lambdas.sounds import STEREO

TOLERANCE_SECONDS, TOLERANCE_SHARE = 1.0, 0.005
"""A rendition may be shorter by this many seconds or by this share of its length, whichever is more. Containers round
their length, and a change of the frame rate drops frames."""


def playlists(expected: Expected, master: str) -> list[str]:
    """Names of the playlists to read. `master` is the text of the multivariant playlist, which is not among them.

    The encoder chooses the names of the playlists of previews.
    """
    found = playlist.multivariant(master)
    ordered = [output["playlist"] for output in (*expected["renditions"], *expected["sounds"])]
    return [*ordered, *found.images, *found.iframes]


def verify(prefix: str, expected: Expected, sizes: Mapping[str, int], texts: Mapping[str, str]) -> Verified:
    """Compare the files with what was ordered.

    `sizes` maps the name of every object under the prefix to its bytes. `texts` maps the name of every playlist that
    exists to its text. Raises SourceTruncated if all renditions end before the source's length, and
    RenditionsIncomplete for anything else, which is our fault.
    """
    for name in (names.MASTER, names.MANIFEST):
        _present(name, sizes)
    for name in playlists(expected, texts[names.MASTER]):
        _present(name, sizes)
    master = playlist.multivariant(texts[names.MASTER])
    _listed(expected, master)
    ends = [_ends(rendition["playlist"], sizes, texts) for rendition in expected["renditions"]]
    _long_enough(expected, ends)
    rest = [(sound["playlist"], 0.0) for sound in expected["sounds"]]
    # AWS does not document the duration of the last picture: that of the others, or only to the end of the film.
    rest += [(name, GOP_SECONDS) for name in master.iframes]
    rest += [(name, previews.every(expected["duration"])) for name in master.images]
    for name, last in rest:
        if (end := _ends(name, sizes, texts)) < _enough(ends[0]) - last:
            raise RenditionsIncomplete(f"{name} ends after {end:.1f} of {ends[0]:.1f} s.")
    top = expected["renditions"][0]
    size = next(variant for variant in master.variants if variant.uri == top["playlist"])
    poster = previews.poster(sizes)
    if poster is None:
        raise RenditionsIncomplete("The poster is missing.")
    return {
        "duration": round(ends[0], 3),
        "width": size.width or top["width"],
        "height": size.height or top["height"],
        "renditions": [rendition["name"] for rendition in expected["renditions"]],
        "still": f"/{prefix}/{poster}",
        "opening": _opening(expected, master, texts),
    }


def _opening(expected: Expected, master: playlist.Multivariant, texts: Mapping[str, str]) -> Opening:
    def files(name: str) -> list[str]:
        return [name, *playlist.media(texts[name]).files[:2]]

    ordered = {rendition["playlist"] for rendition in expected["renditions"]}
    rungs = sorted((rung for rung in master.variants if rung.uri in ordered), key=lambda rung: rung.bandwidth)
    named = [sound["playlist"] for sound in expected["sounds"]]
    return {
        "rungs": [{"bandwidth": rung.bandwidth, "files": files(rung.uri)} for rung in rungs],
        "sounds": [{"language": master.audio[name].language, "files": files(name)} for name in named],
    }


def _present(name: str, sizes: Mapping[str, int]) -> None:
    if not sizes.get(name):
        raise RenditionsIncomplete(f"The file {name} is {'empty' if name in sizes else 'missing'}.")


def _listed(expected: Expected, master: playlist.Multivariant) -> None:
    """Players find renditions only through the multivariant playlist."""
    uris = {variant.uri for variant in master.variants}
    for rendition in expected["renditions"]:
        if rendition["playlist"] not in uris:
            raise RenditionsIncomplete(f"{names.MASTER} does not list {rendition['playlist']}.")
    for sound in expected["sounds"]:
        if sound["playlist"] not in master.audio:
            raise RenditionsIncomplete(f"{names.MASTER} does not list the sound {sound['playlist']}.")
        stated, _, characteristics, channels = master.audio[sound["playlist"]]
        known = language(stated)
        if (known.tag if known else UNKNOWN) != sound["language"]:
            raise RenditionsIncomplete(
                f"{names.MASTER} states the language {stated or UNKNOWN!r} for {sound['playlist']}."
                f" {sound['language']!r} was ordered."
            )
        if sound["description"] != ("public.accessibility.describes-video" in characteristics):
            raise RenditionsIncomplete(
                f"{names.MASTER} marks {sound['playlist']} as audio description: {not sound['description']}."
                f" {sound['description']} was ordered."
            )
        if channels and channels.partition("/")[0] != str(sound.get("channels", STEREO)):
            raise RenditionsIncomplete(f"{names.MASTER} says that {sound['playlist']} has {channels} channels.")
    if not master.images:
        raise RenditionsIncomplete(f"{names.MASTER} lists no previews.")
    if not master.iframes:
        raise RenditionsIncomplete(f"{names.MASTER} lists no I-frames.")


def _ends(name: str, sizes: Mapping[str, int], texts: Mapping[str, str]) -> float:
    """Length of a rendition in seconds. Raises RenditionsIncomplete if one of its files is missing."""
    media = playlist.media(texts[name])
    if not media.whole:
        raise RenditionsIncomplete(
            f"{name} is incomplete: it needs an initialization segment, at least one segment, and an end tag."
        )
    for file in media.files:
        _present(file, sizes)
    return media.duration


def _enough(wanted: float) -> float:
    return wanted - max(TOLERANCE_SECONDS, wanted * TOLERANCE_SHARE)


def _long_enough(expected: Expected, ends: list[float]) -> None:
    wanted = expected["duration"]
    if wanted is None or expected.get("reckoned"):
        wanted = max(ends)
    if max(ends) < _enough(wanted):
        raise SourceTruncated(
            f"The file says that it lasts {wanted:.1f} s, but its picture ends after {max(ends):.1f} s."
            " The upload may be incomplete. Upload the whole file again."
        )
    for rendition, end in zip(expected["renditions"], ends, strict=True):
        if end < _enough(wanted):
            raise RenditionsIncomplete(f"{rendition['playlist']} ends after {end:.1f} of {wanted:.1f} s.")
