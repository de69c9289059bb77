"""The JSON that the handlers pass to one another through the workflow: its fields and their units."""

from typing import Literal, NotRequired, TypedDict


class Title(TypedDict):
    """An upload as `identify` describes it. Every later step gets it unchanged."""

    id: str
    """Slug of the upload key: `[a-z0-9-]`, 1 to 80 characters. The catalogue's key."""
    other: str
    """The id that the title takes if another film already has `id`: the slug with a hash of the stem."""
    stem: str
    """The upload key without its extension, in Unicode's composed form. Two stems with one id are two films."""
    name: str
    """The name for people: the file's name without its extension."""
    sequencer: str
    """S3's value that orders the events of one key, padded on the right to 64 characters, so that strings compare as S3
    defines."""
    uploaded: str
    """Time of the event, ISO 8601 in UTC. It orders the events of different keys."""
    bucket: str
    key: str
    etag: str
    size: int
    """Bytes."""
    source: str
    """S3's version id of the uploaded object. No two uploads have the same one, even of the same bytes."""
    uri: str
    """`s3://bucket/key`."""


class Video(TypedDict):
    """The video track as stored in the file, before rotation and pixel aspect are applied."""

    stream: int | None
    """Its number among all tracks, from 1. Null if it is the first video track."""
    codec: str
    """MediaConvert's name, such as `AVC`. `UNKNOWN` if it has none."""
    width: int
    height: int
    sample_aspect: str
    """Width of a pixel divided by its height, such as `"64/45"`. `"1/1"` if the file does not say."""
    rotation: int
    """Degrees clockwise that a player turns the picture: 0, 90, 180 or 270."""
    frame_rate: str | None
    """Average frames a second, such as `"30000/1001"`. Null if the file does not say."""
    coded_rate: str | None
    """Frames a second by the codec's own header. Null if it does not say."""
    dolby_vision: int | None
    """Dolby Vision profile. Null if the picture has none."""
    interlaced: bool
    color_transfer: str
    """MediaConvert's name, such as `ITU_709` or `SMPTE_2084` (PQ)."""


class Audio(TypedDict):
    """A sound track."""

    track: int
    """Its number among the sound tracks, from 1, as in MediaConvert's audio selectors."""
    language: str
    """ISO 639-2, three letters. `und` if the file does not say."""
    codec: str
    channels: int
    """0 if the file does not say."""
    sample_rate: int
    """Hz. 0 if the file does not say."""
    default: NotRequired[bool]
    """The file says that a player begins with this track. Absent if the file's flags could not be read."""
    description: NotRequired[bool]
    """The file says that this is audio description: it describes the picture to people who do not see it."""
    spatial: NotRequired[bool]
    """The file says that the channels are ambisonics."""


class Source(TypedDict):
    """The uploaded file, as MediaConvert's Probe describes it."""

    container: str
    duration: float | None
    """Length of the video track in seconds, or of the whole file if the track does not say. Null if neither states a
    plausible length."""
    video: Video | None
    audio: list[Audio]
    """The sound tracks in the order of the file."""
    channels: NotRequired[list[int]]
    """The channels of captions in the picture (CEA-608), 1 to 4. Absent if there are none."""


class Rendition(TypedDict):
    """One rung of the ladder, as the encoder will write it to the media bucket."""

    name: str
    """Named after the short side in pixels: `720p`."""
    width: int
    height: int
    max_bitrate: int
    """Bits a second that the encoder may not exceed."""
    playlist: str
    """Name of its HLS playlist under the version's prefix."""


class SoundRendition(TypedDict):
    """One sound of a film, as the encoder will write it to the media bucket."""

    language: str
    """BCP 47 tag. `und` if the source does not say."""
    description: bool
    """Whether it is audio description."""
    channels: NotRequired[int]
    """6 for 5.1; stereo goes unsaid."""
    playlist: str
    """Name of its HLS playlist under the version's prefix."""


class Expected(TypedDict):
    """What `plan` orders and `verify` checks."""

    renditions: list[Rendition]
    """The tallest first."""
    sounds: list[SoundRendition]
    """The default one first."""
    duration: float | None
    """Length of the source's video in seconds. Null if the source does not say."""
    reckoned: NotRequired[bool]
    """Set if that is the time from the first to the last picture of a stream, whose clock may have jumped between."""
    captions: NotRequired[list[str]]
    """Names of the files with the captions that were in the picture. Absent if there are none."""


class Found(TypedDict):
    """The job that an earlier try started, if there is one."""

    status: Literal["NONE", "RUNNING", "COMPLETE"]
    version: str
    """The version that the job makes or made. Empty if there is no job."""
    warnings: list[dict[str, int]]
    """MediaConvert's warnings: each a `Code`, and its `Count`."""


class Opened(TypedDict):
    """What a player fetches first of a rendition."""

    files: list[str]
    """Names under the title's prefix: its playlist, its initialization segment, its first segment."""


class OpenedRung(Opened):
    """Of a rung."""

    bandwidth: int
    """Bits a second that it takes at most, with its sound."""


class OpenedSound(Opened):
    """Of a sound."""

    language: str
    """As the multivariant playlist has it."""


class Opening(TypedDict):
    """What a player fetches first. Players learn it from the API, and need not read one playlist after the other."""

    rungs: list[OpenedRung]
    """The lightest first."""
    sounds: list[OpenedSound]
    """The default first."""


class Verified(TypedDict):
    """What is published. The values come from the renditions themselves and not from the plan."""

    duration: float
    width: int
    height: int
    renditions: list[str]
    still: str
    """URL path of the poster that the encoder made: the object's key with a leading slash."""
    opening: Opening


class Caption(TypedDict):
    """A caption track that a viewer can choose."""

    language: str
    """BCP 47 tag. `und` if it is not known."""
    name: str
    """Name of the language in that language, such as `Deutsch`."""
    role: Literal["subtitles", "sdh", "forced"]
    """`sdh` is for people who are deaf or hard of hearing. `forced` has only the parts in a foreign language, which
    every viewer needs."""


class Edition(TypedDict):
    """The part of an edition that the catalogue keeps. An edition is a title's manifests, captions and poster."""

    manifests: str
    """Prefix of the manifests, without a slash at either end. It is the encode's prefix if nothing was added to
    them."""
    captions: list[Caption]
    poster: str
    """URL path of the poster."""
    notes: list[str]
    """Sentences for the owner about files beside the film that were left out."""
    looked: str
    """When the files beside the film were listed, ISO 8601. The sweeper finds files that came later."""


class Published(Verified, Edition):
    """All values that publishing writes to a title's row."""

    remarks: list[str]
    """Sentences for the owner about the film's own file: where it ends, and its captions that could not be read."""


class Summary(TypedDict):
    """A title as the API lists it. A value that is not known yet is null."""

    id: str
    name: str
    state: str
    duration: float | None
    poster: str | None
    renditions: NotRequired[list[str]]
    width: NotRequired[int | None]
    height: NotRequired[int | None]
    updated: NotRequired[str | None]
