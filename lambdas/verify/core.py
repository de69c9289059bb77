"""Verify: are the renditions those that were ordered, whole, and of the source that was looked at? Pure."""

from collections.abc import Mapping

from lambdas import names, playlist, previews
from lambdas.languages import UNKNOWN, language
from lambdas.plan import GOP_SECONDS
from lambdas.refusals import RenditionsIncomplete, SourceTruncated
from lambdas.shapes import Expected, Verified

TOLERANCE_SECONDS, TOLERANCE_SHARE = 1.0, 0.005
"""What may lack at the end, whichever is more: containers round their length, and changing a frame rate drops some."""


def playlists(expected: Expected, master: str) -> list[str]:
    """Names of the playlists to read beside the multivariant one, whose text is `master`.

    Those of the previews are called what the encoder calls them.
    """
    found = playlist.multivariant(master)
    ordered = [output["playlist"] for output in (*expected["renditions"], *expected["sounds"])]
    return [*ordered, *found.images, *found.iframes]


def verify(prefix: str, expected: Expected, sizes: Mapping[str, int], texts: Mapping[str, str]) -> Verified:
    """Compare what was ordered with what there is.

    `sizes` holds the bytes of every object by its name under the prefix, `texts` the playlists that are there.
    Raises RenditionsIncomplete (ours), or SourceTruncated where all renditions end together before the source's length.
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
    # AWS does not document whether the last picture is said to last as long as the others, or to the film's end.
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
    }


def _present(name: str, sizes: Mapping[str, int]) -> None:
    if not sizes.get(name):
        raise RenditionsIncomplete(f"{name} is {'empty' if name in sizes else 'missing'}.")


def _listed(expected: Expected, master: playlist.Multivariant) -> None:
    """Players find a rendition by the multivariant playlist, or not at all."""
    uris = {variant.uri for variant in master.variants}
    for rendition in expected["renditions"]:
        if rendition["playlist"] not in uris:
            raise RenditionsIncomplete(f"{names.MASTER} does not list {rendition['playlist']}.")
    for sound in expected["sounds"]:
        if sound["playlist"] not in master.audio:
            raise RenditionsIncomplete(f"{names.MASTER} does not list the sound, {sound['playlist']}.")
        stated, _, characteristics = master.audio[sound["playlist"]]
        known = language(stated)
        if (known.tag if known else UNKNOWN) != sound["language"]:
            raise RenditionsIncomplete(
                f"{names.MASTER} says that {sound['playlist']} is in {stated or UNKNOWN!r}, not {sound['language']!r}."
            )
        if sound["description"] != ("public.accessibility.describes-video" in characteristics):
            raise RenditionsIncomplete(f"{names.MASTER} is wrong about the audio description, {sound['playlist']}.")
    if not master.images:
        raise RenditionsIncomplete(f"{names.MASTER} lists no previews.")
    if not master.iframes:
        raise RenditionsIncomplete(f"{names.MASTER} lists no I-frames.")


def _ends(name: str, sizes: Mapping[str, int], texts: Mapping[str, str]) -> float:
    """Seconds that a rendition lasts, once all of its files are there."""
    media = playlist.media(texts[name])
    if not media.whole:
        raise RenditionsIncomplete(f"{name} is not whole: it needs an initialization segment, a segment and an end.")
    for file in media.files:
        _present(file, sizes)
    return media.duration


def _enough(wanted: float) -> float:
    return wanted - max(TOLERANCE_SECONDS, wanted * TOLERANCE_SHARE)


def _long_enough(expected: Expected, ends: list[float]) -> None:
    wanted = expected["duration"] or max(ends)
    if max(ends) < _enough(wanted):
        raise SourceTruncated(
            f"The file says that it lasts {wanted:.1f} s, but its picture ends after {max(ends):.1f} s."
            " The upload may have been cut short."
        )
    for rendition, end in zip(expected["renditions"], ends, strict=True):
        if end < _enough(wanted):
            raise RenditionsIncomplete(f"{rendition['playlist']} ends after {end:.1f} of {wanted:.1f} s.")
