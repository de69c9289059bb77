"""Checks that an upload has not been replaced since the title was identified. Asks S3.

MediaConvert reads a key, and cannot read one version of it. So the version that a job is made for must be the key's
current version before the job (prepare checks) and after it (verify checks). That is enough: S3 never gives two uploads
the same version id, and the bucket's policy lets nobody delete a version. So a replaced version never becomes the
current one again.
"""

from typing import NamedTuple

from lambdas import clients
from lambdas.refusals import SourceMoved, SourceRefused, error_code
from lambdas.rows import UNKNOWN_VERSION
from lambdas.shapes import Title


class Current(NamedTuple):
    """The object that the key holds now."""

    source: str
    """Version id."""
    etag: str
    size: int


def check(title: Title) -> None:
    """Raises SourceMoved if another upload has replaced this one, and SourceRefused if it was deleted."""
    now = _current(title)
    if now is None:
        raise SourceRefused("The file was deleted before it was published. Upload it again.")
    source = now.source if title["source"] == UNKNOWN_VERSION else title["source"]
    if now != Current(source, title["etag"], title["size"]):
        raise SourceMoved("A newer upload replaced the file before it was published. The newer one is encoded instead.")


def address(title: Title) -> dict[str, str]:
    """GetObject's arguments for the title's upload: for exactly its version, if the title names one."""
    version = {} if title["source"] == UNKNOWN_VERSION else {"VersionId": title["source"]}
    return {"Bucket": title["bucket"], "Key": title["key"], **version}


def _current(title: Title) -> Current | None:
    try:
        found = clients.client("s3").head_object(Bucket=title["bucket"], Key=title["key"])
    except Exception as error:
        if error_code(error) == "404":  # the answer to a HEAD request has no body, so botocore cannot name the error
            return None
        raise
    return Current(found.get("VersionId", ""), found["ETag"].strip('"'), found["ContentLength"])
