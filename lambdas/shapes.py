"""The plain data that the handlers hand to one another through the workflow: what is in the JSON, and in which unit."""

from typing import Literal, NotRequired, TypedDict


class Title(TypedDict):
    """What `identify` makes of an upload; every later step gets it unchanged."""

    id: str
    """Slug of the upload key: `[a-z0-9-]`, 1 to 80 characters. The catalogue's key."""
    other: str
    """The id that it takes where another film has `id` already: the slug, and a hash of the stem."""
    stem: str
    """The upload key without its extension, in Unicode's composed form. One id with two stems is two films."""
    name: str
    """What a person reads: the file's name without its extension."""
    sequencer: str
    """S3's order of events for one key, padded on the right to 64 so that strings compare as S3 means."""
    uploaded: str
    """The event's time, ISO 8601 in UTC: the order of events of different keys."""
    bucket: str
    key: str
    etag: str
    size: int
    """Bytes."""
    source: str
    """S3's version id of the uploaded object: no two uploads share one, even of the same bytes."""
    uri: str
    """`s3://bucket/key`."""


class Video(TypedDict):
    """The video track as it is stored, before rotation and pixel aspect are applied."""

    stream: int | None
    """Its number among all tracks, from 1, where it is not the first video track; null where it is."""
    codec: str
    """MediaConvert's name, such as `AVC`; `UNKNOWN` where it has none."""
    width: int
    height: int
    sample_aspect: str
    """Width of a pixel to its height, `"64/45"`; `"1/1"` where the file says nothing."""
    rotation: int
    """Degrees clockwise that a player turns the picture: 0, 90, 180 or 270."""
    frame_rate: str | None
    """Frames a second, `"30000/1001"`, on the average; null where the file says nothing."""
    coded_rate: str | None
    """Frames a second that the codec itself speaks of; null where it does not."""
    dolby_vision: int | None
    """Profile; null where the picture has no Dolby Vision."""
    interlaced: bool
    color_transfer: str
    """MediaConvert's name, such as `ITU_709` or `SMPTE_2084` (PQ)."""


class Audio(TypedDict):
    """A sound track."""

    track: int
    """Its number among the sound tracks, from 1, as MediaConvert's selectors count."""
    language: str
    """ISO 639-2, three letters; `und` where the file says nothing."""
    codec: str
    channels: int
    """0 where the file says nothing."""
    sample_rate: int
    """Hz; 0 where the file says nothing."""
    default: NotRequired[bool]
    """The file's own word, where it could be read: a player begins with this track."""
    description: NotRequired[bool]
    """The file says that the track describes the picture to those who do not see it."""


class Source(TypedDict):
    """What `probe` found in the uploaded file."""

    container: str
    duration: float | None
    """Seconds of the video track (of the whole file where the track does not say); null where neither says what can be
    true."""
    video: Video | None
    audio: list[Audio]
    """In the order of the file."""


class Rendition(TypedDict):
    """One rung of the ladder, as it will lie in the media bucket."""

    name: str
    """By the short side: `720p`."""
    width: int
    height: int
    max_bitrate: int
    """Bits a second that the encoder may not exceed."""
    playlist: str
    """Name of its HLS playlist under the title's prefix."""


class SoundRendition(TypedDict):
    """A language of a film, as it will lie in the media bucket."""

    language: str
    """BCP 47; `und` where the source says nothing."""
    description: bool
    """It is audio description."""
    playlist: str
    """Name of its HLS playlist under the title's prefix."""


class Expected(TypedDict):
    """What `plan` ordered, for `verify` to find."""

    renditions: list[Rendition]
    sounds: list[SoundRendition]
    """The default first."""
    duration: float | None
    """Seconds of the source's video; null where it does not say."""


class Found(TypedDict):
    """A job that an earlier try started, if there is one."""

    status: Literal["NONE", "RUNNING", "COMPLETE"]
    version: str
    """What it makes or made; empty for none."""
    warnings: list[dict[str, int]]
    """MediaConvert's warnings: `Code`, and how often, `Count`."""


class Verified(TypedDict):
    """What is published: taken from the renditions themselves, not from the plan."""

    duration: float
    width: int
    height: int
    renditions: list[str]
    still: str
    """URL path of the encoder's poster, which is the object's key with a leading slash."""


class Caption(TypedDict):
    """A caption track, as a viewer chooses it."""

    language: str
    """BCP 47; `und` where nothing is known."""
    name: str
    """The language's own name for itself."""
    role: Literal["subtitles", "sdh", "forced"]
    """`sdh` is for the deaf and hard of hearing; `forced` is for what even those need who understand the film."""


class Edition(TypedDict):
    """A title's manifests with its captions and its poster: what the catalogue keeps of them."""

    manifests: str
    """Prefix of the manifests, no slash at either end: the edition's own, or the encode's where it has no captions."""
    captions: list[Caption]
    poster: str
    """URL path."""
    notes: list[str]
    """Sentences for the owner, about what was left out."""


class Published(Verified, Edition):
    """All that makes a title visible."""


class Summary(TypedDict):
    """A title as the API lists it; what is not known yet is null."""

    id: str
    name: str
    state: str
    duration: float | None
    poster: str | None
    renditions: NotRequired[list[str]]
    width: NotRequired[int | None]
    height: NotRequired[int | None]
    updated: NotRequired[str | None]
