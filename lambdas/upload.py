"""Is an upload still the one that the title was identified by? Asks S3.

MediaConvert reads a key, never a version of it. So the object version that a job is made for must be the key's current
one before the job (probe asks) and after it (verify asks). That is enough: S3 gives no two uploads the same version id,
and the bucket's policy lets nobody delete a version, so one that was replaced never becomes the current one again.
"""

from typing import NamedTuple

from lambdas import clients
from lambdas.refusals import SourceMoved, SourceRefused, error_code
from lambdas.rows import UNKNOWN_VERSION
from lambdas.shapes import Title


class Current(NamedTuple):
    """What the key holds now."""

    source: str
    """Version id."""
    etag: str
    size: int


def check(title: Title) -> None:
    """Raises SourceMoved where another upload has replaced this one, SourceRefused where it was deleted."""
    now = _current(title)
    if now is None:
        raise SourceRefused("The file was deleted before it was published. Upload it again.")
    source = now.source if title["source"] == UNKNOWN_VERSION else title["source"]
    if now != Current(source, title["etag"], title["size"]):
        raise SourceMoved("The file was replaced before it was published; the newer one is encoded instead.")


def address(title: Title) -> dict[str, str]:
    """GetObject's arguments for the very version of the title's upload, where it is known."""
    version = {} if title["source"] == UNKNOWN_VERSION else {"VersionId": title["source"]}
    return {"Bucket": title["bucket"], "Key": title["key"], **version}


def _current(title: Title) -> Current | None:
    try:
        found = clients.client("s3").head_object(Bucket=title["bucket"], Key=title["key"])
    except Exception as error:
        if error_code(error) == "404":  # the answer to a HEAD has no body, and so its error no name
            return None
        raise
    return Current(found.get("VersionId", ""), found["ETag"].strip('"'), found["ContentLength"])
