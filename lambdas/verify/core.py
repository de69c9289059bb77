"""Verify: are the renditions those that were ordered, whole, and of the source that was looked at? Pure."""

from collections.abc import Mapping

from lambdas import names, playlist
from lambdas.refusals import RenditionsIncomplete, SourceTruncated
from lambdas.shapes import Expected, Verified

TOLERANCE_SECONDS, TOLERANCE_SHARE = 1.0, 0.005
"""What may lack at the end, whichever is more: containers round their length, and changing a frame rate drops some."""

AUDIO_PLAYLIST = names.playlist(names.SOUND_MODIFIER)


def playlists(expected: Expected) -> list[str]:
    """Names of the playlists to read."""
    return [
        names.MASTER,
        *(rendition["playlist"] for rendition in expected["renditions"]),
        *([AUDIO_PLAYLIST] if expected["audio"] else []),
    ]


def verify(prefix: str, expected: Expected, sizes: Mapping[str, int], texts: Mapping[str, str]) -> Verified:
    """Compare what was ordered with what there is.

    `sizes` holds the bytes of every object by its name under the prefix, `texts` the playlists that are there.
    Raises RenditionsIncomplete (ours), or SourceTruncated where all renditions end together before the source's length.
    """
    for name in (*playlists(expected), names.MANIFEST):
        _present(name, sizes)
    master = playlist.multivariant(texts[names.MASTER])
    _listed(expected, master)
    ends = [_ends(rendition["playlist"], sizes, texts) for rendition in expected["renditions"]]
    if expected["audio"]:
        _ends(AUDIO_PLAYLIST, sizes, texts)
    _long_enough(expected, ends)
    top = expected["renditions"][0]
    size = next(variant for variant in master.variants if variant.uri == top["playlist"])
    return {
        "duration": round(ends[0], 3),
        "width": size.width or top["width"],
        "height": size.height or top["height"],
        "renditions": [rendition["name"] for rendition in expected["renditions"]],
        "still": f"/{prefix}/{_poster(sizes)}",
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
    if expected["audio"] and AUDIO_PLAYLIST not in master.audio:
        raise RenditionsIncomplete(f"{names.MASTER} does not list the sound, {AUDIO_PLAYLIST}.")


def _ends(name: str, sizes: Mapping[str, int], texts: Mapping[str, str]) -> float:
    """Seconds that a rendition lasts, once all of its files are there."""
    media = playlist.media(texts[name])
    if not media.ended or len(media.files) < 2:
        raise RenditionsIncomplete(f"{name} is not whole: it needs an initialization segment, a segment and an end.")
    for file in media.files:
        _present(file, sizes)
    return media.duration


def _long_enough(expected: Expected, ends: list[float]) -> None:
    wanted = expected["duration"] or max(ends)
    enough = wanted - max(TOLERANCE_SECONDS, wanted * TOLERANCE_SHARE)
    if max(ends) < enough:
        raise SourceTruncated(
            f"The file says that it lasts {wanted:.1f} s, but its picture ends after {max(ends):.1f} s."
            " The upload may have been cut short."
        )
    for rendition, end in zip(expected["renditions"], ends, strict=True):
        if end < enough:
            raise RenditionsIncomplete(f"{rendition['playlist']} ends after {end:.1f} of {wanted:.1f} s.")


def _poster(sizes: Mapping[str, int]) -> str:
    """The last still: the first is the film's first frame, black in many."""
    stills = sorted(name for name, size in sizes.items() if size and names.STILL.fullmatch(name))
    if not stills:
        raise RenditionsIncomplete("The poster is missing.")
    return stills[-1]
