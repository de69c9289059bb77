"""Is an upload still the one that the title was identified by? Lists it in S3.

MediaConvert reads a key, never a version of it. So the object version that a job is made for must be the key's current
one before the job (probe asks) and after it (verify asks). That is enough: S3 gives no two uploads the same version id,
and the bucket's policy lets nobody delete a version, so one that was replaced never becomes the current one again.
"""

from typing import NamedTuple

from lambdas import clients
from lambdas.refusals import SourceMoved, SourceRefused
from lambdas.shapes import Title


class Current(NamedTuple):
    """The key's current version, as S3 lists it."""

    source: str
    """Version id."""
    etag: str
    size: int


def check(title: Title) -> None:
    """Raises SourceMoved where another upload has replaced this one, SourceRefused where it was deleted."""
    now = _current(title)
    if now is None:
        raise SourceRefused("The file was deleted before it was published. Upload it again.")
    if now != Current(title["source"], title["etag"], title["size"]):
        raise SourceMoved("The file was replaced before it was published; the newer one is encoded instead.")


def _current(title: Title) -> Current | None:
    """Listed, because a HEAD's errors have no names and "forbidden" can mean "not there".

    The key itself sorts before any longer one, and its versions from the newest: the first entry is what counts. A
    deleted key's is a delete marker, which is listed apart.
    """
    listed = clients.client("s3").list_object_versions(Bucket=title["bucket"], Prefix=title["key"], MaxKeys=1)
    for found in listed.get("Versions", []):
        if found["Key"] == title["key"] and found["IsLatest"]:
            return Current(found["VersionId"], found["ETag"].strip('"'), found["Size"])
    return None
