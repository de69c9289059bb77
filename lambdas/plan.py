"""Plan: makes the ladder and the whole encoding job for one source, or refuses the source and says why. Pure.

The job stays in MediaConvert's Basic pricing tier if the source allows it: AVC, one pass, no acceleration, no automated
ABR. Deinterlacing and tone mapping may be billed as Professional (about 1.6 times Basic), so each is ordered only for a
source that needs it. Frame rates are converted by dropping and repeating whole frames.
"""

from fractions import Fraction
from typing import Any, Literal, TypedDict

from lambdas import names, previews
from lambdas.ladder import LARGEST, SMALLEST, STEPS, Rung, Steps, ladder
from lambdas.refusals import SourceRefused
from lambdas.shapes import Expected, Rendition, SoundRendition, Source, Video
from lambdas.sounds import STEREO, SURROUND, Sound, sounds

SEGMENT_SECONDS = 6
"""Length of a segment. Apple recommends it. One cache object holds one segment."""
GOP_SECONDS = 2.0
"""Length of a GOP. A segment is three GOPs on every rung, so that players can switch rungs at any segment."""

SHORTEST, LONGEST = 0.5, 24 * 3600
"""Shortest and longest title, in seconds."""
SLOWEST, FASTEST = Fraction(1, 60), 300
"""Lowest and highest average frame rate of a source, in frames a second. A slide show has one frame in several
seconds."""
SLOWEST_UNBELIEVED = Fraction(1)
"""Lowest average frame rate of a file whose stated length is not believed. Otherwise two frames that claim to last for
hours would cost hours of encoding."""
FASTEST_OUT = 60
"""Highest frame rate of a rung, in frames a second."""

STREAMS = ("mpegts", "mpegps")
"""Containers that state no length. Probe reckons it from the clock, which jumps where a receiver lost its signal."""

UNSTATED_RATE = "30"
"""Assumed frame rate of a source that does not state one, in frames a second."""

STANDARD_RATES = tuple(
    map(Fraction, (5, 10, 12, "25/2", 15, 20, "24000/1001", 24, 25, "30000/1001", 30, 48, 50, "60000/1001", 60))
)
"""Frame rates at which a GOP and a segment are a whole number of frames, to within 0.1 %."""

HDR_TRANSFERS = frozenset({"SMPTE_2084", "ARIB_B67"})
"""PQ and HLG. Without tone mapping they look grey on an SDR screen."""

DOLBY_ONLY = 5
"""The Dolby Vision profile whose colours are wrong without a Dolby decoder."""

POSTER_SHORT = 540
"""Most pixels of the poster's short side. It looks sharp in a grid of titles, and is billed as SD."""


class Group(TypedDict):
    """An output group without its destination, which the workflow adds."""

    base: str
    """Base name of its files."""
    kind: Literal["CMAF", "FILE"]
    settings: dict[str, Any]
    """The settings of this kind of group, without `Destination`."""
    outputs: list[dict[str, Any]]


class Plan(TypedDict):
    """The job for the workflow to create, and the renditions for `verify` to check."""

    input: dict[str, Any]
    """MediaConvert's input without the file, which the workflow adds."""
    groups: list[Group]
    expected: Expected


AAC = {STEREO: ("CODING_MODE_2_0", 128_000), SURROUND: ("CODING_MODE_5_1", 384_000)}
"""MediaConvert's coding mode, and bits a second, by the number of channels."""


def plan(source: Source, steps: Steps = STEPS, *, surround: bool = False, captions: bool = True) -> Plan:
    """Plan the job. `steps` are the steps of the ladder. `surround`: keep what the source has in 5.1.

    Without `captions`, those in the picture are not ordered. They are still expected, so Verify tells the owner that
    they are missing.

    Raises SourceRefused with a sentence for the person who uploaded the file.
    """
    video, duration = _accepted(source)
    width, height = display_size(video)
    frame_rate = output_rate(video["frame_rate"], video["coded_rate"])
    rungs = ladder(width, height, float(frame_rate), steps)
    heard = sounds(source["audio"], surround=surround)
    expected: Expected = {
        "renditions": [_expected(rung) for rung in rungs],
        "sounds": [_expected_sound(sound) for sound in heard],
        "duration": duration,
    }
    if source["container"] in STREAMS:
        expected["reckoned"] = True
    channels = [int(number) for number in source.get("channels", [])]
    if channels:
        expected["captions"] = [f"{names.CAPTIONS}{names.channel_modifier(number)}.vtt" for number in channels]
    ordered = channels if captions else []
    groups = [_cmaf(video, rungs, frame_rate, heard, duration), _poster(video, rungs, duration)]
    return {
        "input": {**_input(video["stream"], heard), **_channel_selectors(ordered)},
        "groups": [*groups, _captions(ordered)] if ordered else groups,
        "expected": expected,
    }


def _expected(rung: Rung) -> Rendition:
    return {
        "name": rung.name,
        "width": rung.width,
        "height": rung.height,
        "max_bitrate": rung.max_bitrate,
        "playlist": names.playlist(names.rung_modifier(rung.name)),
    }


def _expected_sound(sound: Sound) -> SoundRendition:
    expected: SoundRendition = {
        "language": sound.language,
        "description": sound.description,
        "playlist": names.playlist(_modifier(sound)),
    }
    # Stereo goes unsaid, as in the plans of earlier releases: their fingerprint stays.
    return {**expected, "channels": sound.channels} if sound.channels != STEREO else expected


def display_size(video: Video) -> tuple[int, int]:
    """(width, height) in pixels as a viewer sees the picture: with square pixels, and after rotation."""
    # int, because a number that went through JSON may come back as 1080.0.
    width, height = round(int(video["width"]) * Fraction(video["sample_aspect"])), int(video["height"])
    return (height, width) if video["rotation"] in (90, 270) else (width, height)


def output_rate(average: str | None, coded: str | None = None) -> Fraction:
    """The constant frame rate of every rung, in frames a second.

    It is the source's own rate if that is a standard one. Otherwise it is the next higher standard rate, which repeats
    frames but loses none. (A phone's variable rate can have any average.) It is halved until it is at most 60. If the
    file does not say, it is 30. The codec's own rate counts if it is a standard rate above the average, because a
    picture that stands still for a while only lowers the average.
    """
    exact = Fraction(average or UNSTATED_RATE)
    if coded and (own := _standard(Fraction(coded))) and own > exact:
        return own
    while exact > FASTEST_OUT * Fraction(101, 100):
        exact /= 2
    return _standard(exact) or next((rate for rate in STANDARD_RATES if rate >= exact), Fraction(FASTEST_OUT))


def _standard(rate: Fraction) -> Fraction | None:
    """The standard rate within 0.1 % of this one, or None."""
    nearest = min(STANDARD_RATES, key=lambda standard: abs(standard - rate))
    return nearest if abs(nearest - rate) <= rate / 1000 else None


def _accepted(source: Source) -> tuple[Video, float | None]:
    """The video track, and its length in seconds or None if it is not known. Raises SourceRefused."""
    video, duration = source["video"], source["duration"]
    if video is None:
        raise SourceRefused(f"The file ({source['container']}) has no video track. Upload a file that has one.")
    if not video["width"] or not video["height"]:
        raise SourceRefused(
            "No picture of the file can be decoded. Perhaps the recording has no keyframe: begin it earlier, or end it"
            " later, so that it contains one."
        )
    if video["codec"] == "UNKNOWN":
        raise SourceRefused("The encoder cannot read this video format. Use H.264, HEVC, ProRes, VP9 or MPEG-2.")
    if source["audio"] and all(track["codec"] == "UNKNOWN" for track in source["audio"]):
        raise SourceRefused("The encoder cannot read this sound format. Use AAC, PCM, MP3, AC-3, Opus or FLAC.")
    if video["dolby_vision"] == DOLBY_ONLY:
        raise SourceRefused(
            "The picture is Dolby Vision profile 5. Only a Dolby decoder can read its colours."
            " Export it as SDR, HLG, HDR10, or Dolby Vision profile 8."
        )
    # A browser's recorder states no length, and a clock that jumps a wrong one. Then the length of the renditions
    # counts.
    if duration and duration > LONGEST and source["container"] in STREAMS:
        duration = None
    if duration is not None and not SHORTEST <= duration <= LONGEST:
        raise SourceRefused(
            f"The file says that its video lasts {duration:g} s. A title may last from {SHORTEST:g} s to"
            f" {LONGEST // 3600} hours. Upload a film of such a length."
        )
    if not Fraction(1, 8) <= Fraction(video["sample_aspect"]) <= 8:
        raise SourceRefused(
            f"The pixels are {video['sample_aspect']} times as wide as high. Allowed is 1/8 to 8."
            " Export the film with square pixels."
        )
    sides = (*display_size(video), video["width"], video["height"])
    if min(sides) < SMALLEST or max(sides) > LARGEST:
        raise SourceRefused(
            f"The picture has {sides[0]}x{sides[1]} pixels. Each side must have {SMALLEST} to {LARGEST}."
            " Export the film in another size."
        )
    rate = Fraction(video["frame_rate"] or UNSTATED_RATE)
    slowest = SLOWEST if duration else SLOWEST_UNBELIEVED
    if rate < slowest:
        raise SourceRefused(
            f"The video shows a new picture only every {float(1 / rate):.0f} s on average. At least one every"
            f" {float(1 / slowest):.0f} s is needed. Cut off the part that stands still, or export the film at a usual"
            " frame rate."
        )
    if rate > FASTEST:
        raise SourceRefused(
            f"The video has {float(rate):g} frames a second. At most {FASTEST} are allowed. Export it at {FASTEST_OUT},"
            " since viewers get no more than that."
        )
    return video, duration


def _input(stream: int | None, heard: list[Sound]) -> dict[str, Any]:
    source: dict[str, Any] = {
        "TimecodeSource": "ZEROBASED",
        # Without AUTO the service ignores a phone's rotation, and the picture of a portrait film lies on its side.
        "VideoSelector": {"Rotate": "AUTO", "ColorSpace": "FOLLOW"},
    }
    if stream is not None:
        # The service's guide describes this for HLS inputs only. If the service takes the first track anyway, verify
        # finds that the renditions are shorter than the film.
        source["VideoSelector"] |= {"SelectorType": "STREAM", "Streams": [stream]}
    if heard:
        source["AudioSelectors"] = {
            _selector(sound): {
                "DefaultSelection": "DEFAULT" if sound.number == 1 else "NOT_DEFAULT",
                "Tracks": sound.tracks,
            }
            for sound in heard
        }
    return source


def _selector(sound: Sound) -> str:
    return f"Audio Selector {sound.number}"


def _modifier(sound: Sound) -> str:
    return names.sound_modifier(sound.number, AAC[sound.channels][1] // 1000)


def corrections(video: Video) -> dict[str, Any]:
    """MediaConvert's preprocessors that the picture needs. Each may be billed as Professional."""
    needed: dict[str, Any] = {}
    if video["interlaced"]:
        needed["Deinterlacer"] = {"Mode": "DEINTERLACE", "Algorithm": "INTERPOLATE", "Control": "NORMAL"}
    if video["color_transfer"] in HDR_TRANSFERS:
        needed["ColorCorrector"] = {"ColorSpaceConversion": "FORCE_709"}
    return needed


def _picture(video: Video, width: int, height: int) -> dict[str, Any]:
    """The picture settings of an output. If the service measures another shape, FIT neither pads nor distorts it."""
    picture: dict[str, Any] = {"Width": width, "Height": height, "ScalingBehavior": "FIT"}
    if needed := corrections(video):
        picture["VideoPreprocessors"] = needed
    return picture


def _cmaf(video: Video, rungs: list[Rung], frame_rate: Fraction, heard: list[Sound], duration: float | None) -> Group:
    """One set of segments, with an HLS and a DASH manifest over it."""
    # The I-frames are of the lowest rung, since a viewer who winds sees each only for a moment.
    outputs = [_rendition(video, rung, frame_rate, audio=bool(heard), iframes=rung is rungs[-1]) for rung in rungs]
    outputs += [_sound(sound) for sound in heard]
    return {
        "base": names.GROUP,
        "kind": "CMAF",
        "settings": {
            "SegmentControl": "SEGMENTED_FILES",
            "SegmentLength": SEGMENT_SECONDS,
            "SegmentLengthControl": "GOP_MULTIPLE",
            "FragmentLength": int(GOP_SECONDS),
            "WriteHlsManifest": "ENABLED",
            "WriteDashManifest": "ENABLED",
            "ManifestDurationFormat": "FLOATING_POINT",
            "TargetDurationCompatibilityMode": "SPEC_COMPLIANT",
            "StreamInfResolution": "INCLUDE",
            "CodecSpecification": "RFC_6381",
            "MpdProfile": "MAIN_PROFILE",
            "WriteSegmentTimelineInRepresentation": "ENABLED",
            **previews.trick_play(rungs[0].width, rungs[0].height, duration),
        },
        "outputs": outputs,
    }


def _rendition(video: Video, rung: Rung, frame_rate: Fraction, *, audio: bool, iframes: bool) -> dict[str, Any]:
    settings = {"AudioRenditionSets": "audio"} if audio else {}
    if iframes:
        settings["IFrameOnlyManifest"] = "INCLUDE"
    container: dict[str, Any] = {"Container": "CMFC"} | ({"CmfcSettings": settings} if settings else {})
    return {
        "NameModifier": names.rung_modifier(rung.name),
        "ContainerSettings": container,
        "VideoDescription": {
            **_picture(video, rung.width, rung.height),
            "CodecSettings": {
                "Codec": "H_264",
                "H264Settings": {
                    "CodecProfile": "HIGH",
                    "CodecLevel": rung.level,
                    "RateControlMode": "QVBR",
                    "MaxBitrate": rung.max_bitrate,
                    "QvbrSettings": {"QvbrQualityLevel": rung.quality},
                    "QualityTuningLevel": "SINGLE_PASS",
                    # A buffer of one second. So no segment is more than a sixth above the bitrate that players expect.
                    "HrdBufferSize": rung.max_bitrate,
                    "GopSize": GOP_SECONDS,
                    "GopSizeUnits": "SECONDS",
                    "GopClosedCadence": 1,
                    "MinIInterval": 0,  # IDR frames only at the cadence, so all rungs cut segments at the same frames
                    "InterlaceMode": "PROGRESSIVE",
                    "FramerateControl": "SPECIFIED",
                    "FramerateNumerator": frame_rate.numerator,
                    "FramerateDenominator": frame_rate.denominator,
                    "FramerateConversionAlgorithm": "DUPLICATE_DROP",
                    "ParControl": "SPECIFIED",
                    "ParNumerator": 1,
                    "ParDenominator": 1,
                },
            },
        },
    }


def _sound(sound: Sound) -> dict[str, Any]:
    """A track that all rungs share. A stereo one has the surround sound mixed down."""
    coding_mode, bitrate = AAC[sound.channels]
    return {
        "NameModifier": _modifier(sound),
        "ContainerSettings": {
            "Container": "CMFC",
            "CmfcSettings": {
                # Picture and sound must end together. Otherwise the manifests' bandwidths are wrong, and players stall.
                "AudioDuration": "MATCH_VIDEO_DURATION",
                "AudioGroupId": "audio",
                "AudioTrackType": sound.selection,
                "DescriptiveVideoServiceFlag": "FLAG" if sound.description else "DONT_FLAG",
            },
        },
        "AudioDescriptions": [
            {
                "AudioSourceName": _selector(sound),
                "LanguageCodeControl": "USE_CONFIGURED",
                "CustomLanguageCode": sound.language,
                "StreamName": sound.label,
                **_remix(sound.spatial),
                "CodecSettings": {
                    "Codec": "AAC",
                    "AacSettings": {
                        "Bitrate": bitrate,
                        "CodingMode": coding_mode,
                        "SampleRate": 48_000,
                        "CodecProfile": "LC",
                    },
                },
            }
        ],
    }


MUTE_DB = -60
"""MediaConvert's value for a channel that is not heard."""


def _remix(channels: int) -> dict[str, Any]:
    """Both sides get the first channel of ambisonics, which holds the whole scene. Unasked, the service would mix the
    channels as if they were speakers'."""
    if not channels:
        return {}
    first = {"InputChannels": [0, *[MUTE_DB] * (channels - 1)]}
    return {
        "RemixSettings": {"ChannelsIn": channels, "ChannelsOut": 2, "ChannelMapping": {"OutputChannels": [first] * 2}}
    }


def _poster(video: Video, rungs: list[Rung], duration: float | None) -> Group:
    """Stills, from `poster.0000000.jpg` on. Verify later chooses one of them as the poster."""
    rung = next((rung for rung in rungs if min(rung.width, rung.height) <= POSTER_SHORT), rungs[-1])
    still = {
        "Extension": "jpg",
        "ContainerSettings": {"Container": "RAW"},
        "VideoDescription": {
            **_picture(video, rung.width, rung.height),
            "CodecSettings": {
                "Codec": "FRAME_CAPTURE",
                "FrameCaptureSettings": previews.captures(duration),
            },
        },
    }
    return {"base": names.STILLS, "kind": "FILE", "settings": {}, "outputs": [still]}


def _channel_selectors(channels: list[int]) -> dict[str, Any]:
    def selector(number: int) -> dict[str, Any]:
        settings = {"Source608ChannelNumber": number, "Source608TrackNumber": 1}
        return {"SourceSettings": {"SourceType": "EMBEDDED", "EmbeddedSourceSettings": settings}}

    return {"CaptionSelectors": {_channel(number): selector(number) for number in channels}} if channels else {}


def _channel(number: int) -> str:
    return f"Captions Selector {number}"


def _captions(channels: list[int]) -> Group:
    """A WebVTT file for each channel. It is not in the CMAF group, since editions put captions into the manifests."""
    outputs = [
        {
            "NameModifier": names.channel_modifier(number),
            "Extension": "vtt",
            "ContainerSettings": {"Container": "RAW"},
            "CaptionDescriptions": [
                {"CaptionSelectorName": _channel(number), "DestinationSettings": {"DestinationType": "WEBVTT"}}
            ],
        }
        for number in channels
    ]
    return {"base": names.CAPTIONS, "kind": "FILE", "settings": {}, "outputs": outputs}
