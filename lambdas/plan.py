"""Plan: the ladder and the encoder's whole job for one source, or a refusal that names what is wrong with it. Pure.

Everything in the job stays in MediaConvert's Basic pricing tier where the source lets it: AVC, one pass, no
acceleration, no automated ABR. Deinterlacing and tone mapping may be billed as Professional (about 1.6 times Basic), so
each is ordered only for a source that needs it; frame rates are converted by dropping and repeating whole frames.
"""

from fractions import Fraction
from typing import Any, Literal, TypedDict

from lambdas import names, previews
from lambdas.ladder import LARGEST, SMALLEST, STEPS, Rung, Steps, ladder
from lambdas.refusals import SourceRefused
from lambdas.shapes import Expected, Rendition, Source, Video
from lambdas.sounds import Sound, sounds

SEGMENT_SECONDS = 6
"""Apple's recommendation; also what one cache object holds."""
GOP_SECONDS = 2.0
"""A segment is three of these, on every rung alike, so that players can switch at any segment."""

SHORTEST, LONGEST = 0.5, 24 * 3600
"""Seconds of video that a title may last."""
SLOWEST, FASTEST = Fraction(1, 60), 300
"""Frames a second that a source may have, on the average. A slide show has one in some seconds."""
SLOWEST_UNBELIEVED = 1
"""The same for a file whose length is not believed. Two frames that claim to last for hours would cost hours of
encoding."""
FASTEST_OUT = 60
"""Frames a second of the fastest rung."""

UNSTATED_RATE = "30"
"""Frames a second of a source that does not say."""

STANDARD_RATES = tuple(
    map(Fraction, (5, 10, 12, "25/2", 15, 20, "24000/1001", 24, 25, "30000/1001", 30, 48, 50, "60000/1001", 60))
)
"""Rates whose GOP and segment are a whole number of frames, to within 0.1 %."""

HDR_TRANSFERS = frozenset({"SMPTE_2084", "ARIB_B67"})
"""PQ and HLG: shown as they are on an SDR screen they look grey."""

DOLBY_ONLY = 5
"""The profile of Dolby Vision whose picture is not watchable without its metadata."""

POSTER_SHORT = 540
"""Short side of the poster: sharp in a grid of titles, and billed as SD."""


class Group(TypedDict):
    """An output group, but for the place that it writes to: that comes from the workflow."""

    base: str
    """Base name of its files."""
    kind: Literal["CMAF", "FILE"]
    settings: dict[str, Any]
    """Of the kind, but for `Destination`."""
    outputs: list[dict[str, Any]]


class Plan(TypedDict):
    """What the workflow makes a job of, and what `verify` then looks for."""

    input: dict[str, Any]
    """MediaConvert's input, but for the file: that comes from the workflow."""
    groups: list[Group]
    expected: Expected


def plan(source: Source, steps: Steps = STEPS) -> Plan:
    """Plan the job, with the rungs that the ladder's steps give.

    Raises SourceRefused with a sentence for the person who uploaded the file.
    """
    video, duration = _accepted(source)
    width, height = display_size(video)
    frame_rate = output_rate(video["frame_rate"], video["coded_rate"])
    rungs = ladder(width, height, float(frame_rate), steps)
    heard = sounds(source["audio"])
    return {
        "input": _input(video["stream"], heard),
        "groups": [_cmaf(video, rungs, frame_rate, heard, duration), _poster(video, rungs, duration)],
        "expected": {
            "renditions": [_expected(rung) for rung in rungs],
            "sounds": [
                {
                    "language": sound.language,
                    "description": sound.description,
                    "playlist": names.playlist(names.sound_modifier(number)),
                }
                for number, sound in enumerate(heard, 1)
            ],
            "duration": duration,
        },
    }


def _expected(rung: Rung) -> Rendition:
    return {
        "name": rung.name,
        "width": rung.width,
        "height": rung.height,
        "max_bitrate": rung.max_bitrate,
        "playlist": names.playlist(names.rung_modifier(rung.name)),
    }


def display_size(video: Video) -> tuple[int, int]:
    """Width and height as a viewer sees the picture: pixels made square by widening or narrowing, then turned."""
    # int, because a number that went through JSON may come back as 1080.0.
    width, height = round(int(video["width"]) * Fraction(video["sample_aspect"])), int(video["height"])
    return (height, width) if video["rotation"] in (90, 270) else (width, height)


def output_rate(average: str | None, coded: str | None = None) -> Fraction:
    """The constant frame rate of every rung.

    The source's own where it is a standard one; otherwise (a phone's variable rate averages to anything) the next
    standard one up, which repeats frames but loses none. Halved until at most 60. Where the file says nothing, 30.
    The codec's own word counts where it is a standard rate above the average: a picture that stands still for a while
    lowers the average, and nothing else.
    """
    exact = Fraction(average or UNSTATED_RATE)
    if coded and (own := _standard(Fraction(coded))) and own > exact:
        return own
    while exact > FASTEST_OUT * Fraction(101, 100):
        exact /= 2
    return _standard(exact) or next((rate for rate in STANDARD_RATES if rate >= exact), Fraction(FASTEST_OUT))


def _standard(rate: Fraction) -> Fraction | None:
    """The standard rate that this one is, to within 0.1 %."""
    nearest = min(STANDARD_RATES, key=lambda standard: abs(standard - rate))
    return nearest if abs(nearest - rate) <= rate / 1000 else None


def _accepted(source: Source) -> tuple[Video, float | None]:
    """The video track and its length in seconds (null where it is not known), or SourceRefused."""
    video, duration = source["video"], source["duration"]
    if video is None:
        raise SourceRefused(f"The file ({source['container']}) holds no video track. A title needs one.")
    if not video["width"] or not video["height"]:
        raise SourceRefused(
            "The file holds no picture that can be decoded. A capture that begins between two keyframes must go on"
            " until there is one: begin it earlier, or end it later."
        )
    if video["codec"] == "UNKNOWN":
        raise SourceRefused("The encoder does not know this video format. H.264, HEVC, ProRes, VP9 or MPEG-2 will do.")
    if source["audio"] and all(track["codec"] == "UNKNOWN" for track in source["audio"]):
        raise SourceRefused("The encoder does not know this sound format. AAC, PCM, MP3, AC-3, Opus or FLAC will do.")
    if video["dolby_vision"] == DOLBY_ONLY:
        raise SourceRefused(
            "The picture is Dolby Vision profile 5, whose colours only a Dolby decoder can read."
            " Export it as SDR, HLG, HDR10, or Dolby Vision profile 8."
        )
    # A recorder in a browser writes no length, and a clock that jumps states a wrong one: then what comes out counts.
    if duration is not None and not SHORTEST <= duration <= LONGEST:
        raise SourceRefused(f"The video lasts {duration:g} s. Allowed is {SHORTEST:g} s to {LONGEST // 3600} hours.")
    if not Fraction(1, 8) <= Fraction(video["sample_aspect"]) <= 8:
        raise SourceRefused(f"The pixels are {video['sample_aspect']} times as wide as high. Allowed is 1/8 to 8.")
    sides = (*display_size(video), video["width"], video["height"])
    if min(sides) < SMALLEST or max(sides) > LARGEST:
        raise SourceRefused(f"The picture is {sides[0]}x{sides[1]} pixels. Each side must be {SMALLEST} to {LARGEST}.")
    rate = Fraction(video["frame_rate"] or UNSTATED_RATE)
    if rate < (SLOWEST if duration else SLOWEST_UNBELIEVED):
        raise SourceRefused(
            f"The video shows a new picture only every {float(1 / rate):.0f} s on the average, and one a minute is the"
            " least. Cut off what stands still, or export it at a usual frame rate."
        )
    if rate > FASTEST:
        raise SourceRefused(
            f"The video has {float(rate):g} frames a second. Allowed is up to {FASTEST}. Export it at {FASTEST_OUT}:"
            " viewers get no more."
        )
    return video, duration


def _input(stream: int | None, heard: list[Sound]) -> dict[str, Any]:
    source: dict[str, Any] = {
        "TimecodeSource": "ZEROBASED",
        # Without AUTO the service ignores a phone's rotation, and portrait films lie on their side.
        "VideoSelector": {"Rotate": "AUTO", "ColorSpace": "FOLLOW"},
    }
    if stream is not None:
        # The service's guide speaks of streams of HLS inputs. Where it takes the first track all the same, verify sees
        # that the renditions are not as long as the film.
        source["VideoSelector"] |= {"SelectorType": "STREAM", "Streams": [stream]}
    if heard:
        source["AudioSelectors"] = {
            _selector(number): {
                "DefaultSelection": "DEFAULT" if number == 1 else "NOT_DEFAULT",
                "Tracks": sound.tracks,
            }
            for number, sound in enumerate(heard, 1)
        }
    return source


def _selector(number: int) -> str:
    return f"Audio Selector {number}"


def corrections(video: Video) -> dict[str, Any]:
    """What the picture needs beside scaling. Each may be billed as Professional."""
    needed: dict[str, Any] = {}
    if video["interlaced"]:
        needed["Deinterlacer"] = {"Mode": "DEINTERLACE", "Algorithm": "INTERPOLATE", "Control": "NORMAL"}
    if video["color_transfer"] in HDR_TRANSFERS:
        needed["ColorCorrector"] = {"ColorSpaceConversion": "FORCE_709"}
    return needed


def _picture(video: Video, width: int, height: int) -> dict[str, Any]:
    """How any output draws the picture. FIT neither pads nor distorts, should the service measure it otherwise."""
    picture: dict[str, Any] = {"Width": width, "Height": height, "ScalingBehavior": "FIT"}
    if needed := corrections(video):
        picture["VideoPreprocessors"] = needed
    return picture


def _cmaf(video: Video, rungs: list[Rung], frame_rate: Fraction, heard: list[Sound], duration: float | None) -> Group:
    """One set of segments, with an HLS and a DASH manifest over it."""
    # I-frames of the lowest rung: who winds sees each for a moment.
    outputs = [_rendition(video, rung, frame_rate, audio=bool(heard), iframes=rung is rungs[-1]) for rung in rungs]
    outputs += [_sound(number, sound) for number, sound in enumerate(heard, 1)]
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
                    # One second of buffer: no segment runs more than a sixth above the ceiling that players plan with.
                    "HrdBufferSize": rung.max_bitrate,
                    "GopSize": GOP_SECONDS,
                    "GopSizeUnits": "SECONDS",
                    "GopClosedCadence": 1,
                    "MinIInterval": 0,  # IDR frames only at the cadence: every rung cuts segments at the same frames
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


def _sound(number: int, sound: Sound) -> dict[str, Any]:
    """A stereo track for every rung; surround is mixed down."""
    return {
        "NameModifier": names.sound_modifier(number),
        "ContainerSettings": {
            "Container": "CMFC",
            "CmfcSettings": {
                # Picture and sound end together: else manifests state bandwidths over two lengths, and players stall.
                "AudioDuration": "MATCH_VIDEO_DURATION",
                "AudioGroupId": "audio",
                "AudioTrackType": sound.selection,
                "DescriptiveVideoServiceFlag": "FLAG" if sound.description else "DONT_FLAG",
            },
        },
        "AudioDescriptions": [
            {
                "AudioSourceName": _selector(number),
                "LanguageCodeControl": "USE_CONFIGURED",
                "CustomLanguageCode": sound.language,
                "StreamName": sound.label,
                "CodecSettings": {
                    "Codec": "AAC",
                    "AacSettings": {
                        "Bitrate": 128_000,
                        "CodingMode": "CODING_MODE_2_0",
                        "SampleRate": 48_000,
                        "CodecProfile": "LC",
                    },
                },
            }
        ],
    }


def _poster(video: Video, rungs: list[Rung], duration: float | None) -> Group:
    """Stills, from `poster.0000000.jpg` on: once they are made, verify chooses one."""
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
