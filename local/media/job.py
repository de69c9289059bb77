"""CreateJob's settings, arranged for the encoder. Pure.

wire.py checks each setting by itself. Here they are checked together: the source is decoded once for all outputs, so
some settings must be the same in all of them.
"""

from dataclasses import dataclass
from fractions import Fraction

from local.media.wire import ApiError, Json

DEFAULT = "ALTERNATE_AUDIO_AUTO_SELECT_DEFAULT"
CONTAINERS = {"H_264": "CMFC", "AAC": "CMFC", "FRAME_CAPTURE": "RAW", "WEBVTT": "RAW"}
"""By the codec of an output, or by the format of its captions."""


@dataclass(frozen=True)
class Encode:
    """A job for the encoder.

    An output is a map of its settings, from all levels of the structure, by their own names ("Width", "MaxBitrate").
    `name` is its file name without number and extension, such as "index_v720p".
    """

    source: str
    folder: str
    """`s3://bucket/folder/` of every output."""
    master: str
    """Name, without extension, of the multivariant playlist and the MPD."""
    group: Json
    """The settings of the input and of the CMAF group, by their own names."""
    rungs: list[Json]
    sounds: list[Json]
    """Each also has the `Tracks` of its selector, numbers of the source's sound tracks from 1, and the `Remix` of its
    channels: empty, or the gains for each side."""
    posters: list[Json]
    """At most one."""
    captions: list[Json]
    """Each also has the settings of its selector."""
    frame_rate: Fraction


def parse(settings: Json) -> Encode:
    """Arrange settings that passed the model. Raises BadRequestException for a combination that the laptop lacks."""
    groups = settings["OutputGroups"]
    cmaf = [group for group in groups if leaves(group["OutputGroupSettings"])["Type"] == "CMAF_GROUP_SETTINGS"]
    _need(len(cmaf) == 1, "one CMAF group")
    selectors: Json = settings["Inputs"][0].get("AudioSelectors", {})
    channels: Json = settings["Inputs"][0].get("CaptionSelectors", {})
    inputs = [
        {name: value for name, value in made.items() if name not in ("AudioSelectors", "CaptionSelectors")}
        for made in settings["Inputs"]
    ]
    group = leaves({"Inputs": inputs, **cmaf[0]["OutputGroupSettings"]})
    folder, _, master = group["Destination"].rpartition("/")
    outputs: list[Json] = []
    for made in groups:
        place, _, base = leaves(made["OutputGroupSettings"])["Destination"].rpartition("/")
        _need(place == folder, "one folder for all destinations")
        outputs += [{"name": base + output.get("NameModifier", ""), **leaves(output)} for output in made["Outputs"]]
    _need(all(CONTAINERS.get(_kind(output)) == output["Container"] for output in outputs), f"outputs of {CONTAINERS}")
    _need(len({master, *(output["name"] for output in outputs)}) == 1 + len(outputs), "different names for all outputs")
    rungs, sounds, posters, captions = ([output for output in outputs if _kind(output) == kind] for kind in CONTAINERS)
    _need(bool(rungs) and len(posters) < 2, "rungs, and at most one poster")
    _need(all(sound["AudioSourceName"] in selectors for sound in sounds), "an audio selector for each sound")
    _need(all(output["CaptionSelectorName"] in channels for output in captions), "a selector for all captions")
    captions = [{**output, **leaves(channels[output["CaptionSelectorName"]])} for output in captions]
    sounds = [
        {"Remix": [], **sound, "Tracks": selectors[sound["AudioSourceName"]].get("Tracks", [1])} for sound in sounds
    ]
    defaults = [sound for sound in sounds if sound["AudioTrackType"] == DEFAULT]
    _need(len(defaults) == bool(sounds), f"one sound of type {DEFAULT}")
    for shared in ("Mode", "Algorithm", "Control", "ColorSpaceConversion"):
        _need(len({picture.get(shared) for picture in rungs + posters}) == 1, f"one {shared} for all pictures")
    for shared in ("GopSize", "FramerateNumerator", "FramerateDenominator"):
        _need(len({rung[shared] for rung in rungs}) == 1, f"one {shared} for all rungs")
    rate = Fraction(rungs[0]["FramerateNumerator"], rungs[0]["FramerateDenominator"])
    return Encode(group["FileInput"], f"{folder}/", master, group, rungs, sounds, posters, captions, rate)


def _kind(output: Json) -> str:
    """The codec of an output, or the format of its captions. Empty if it has neither."""
    return output.get("Codec") or output.get("DestinationType", "")


def leaves(settings: Json) -> Json:
    """The values at all levels, each by its own name. If a value is a list, it must have one item.

    The names are unique: in one output no two members that the laptop honours have the same name.
    """
    flat: Json = {}
    for name, value in settings.items():
        if name == "RemixSettings":
            flat["Remix"] = value["ChannelMapping"]["OutputChannels"]
            continue
        _need(not isinstance(value, list) or len(value) == 1, f"one of {name}")
        inner = value[0] if isinstance(value, list) else value
        flat |= leaves(inner) if isinstance(inner, dict) else {name: inner}
    return flat


def _need(met: bool, what: str) -> None:
    if not met:
        raise ApiError("BadRequestException", f"/settings: The laptop's encoder needs {what}")
