#!/usr/bin/python3
"""Deletes damaged objects from the cache: `node-scrub DIRECTORY`. nginx then fetches them again.

nginx serves a file without a check. It does not notice changed bytes. Of a file that was cut off, it sends the rest,
and the viewer waits. Each file contains the length and the ETag that S3 sent. The ETag is the MD5 of the body if the
object was written in one part (no "-" in the ETag) and S3 encrypted it with its own keys, or not at all:
https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html. For other objects only the length is checked.

A worker of nginx that is killed leaves half of each file that it was fetching. nginx never deletes these files, and
does not count them in the size of its cache. They are deleted when no fetch has written to them for an hour.
"""

import hashlib
import os
import re
import sys
import time
from pathlib import Path

HEAD = 8192
"""Bytes at the beginning of a file. They contain nginx's own header, the key and the header of the response."""
LEFT_SECONDS = 3600
"""Seconds without a write after which a fetch has ended."""


def whole(path: Path) -> bool:
    """Whether a cached file has its complete, unchanged body. Also False if the disk cannot read it."""
    try:
        with path.open("rb") as file:
            head, found, _ = file.read(HEAD).partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            etag = re.search(rb'(?i)\r\netag: *"([0-9a-f]{32})"', head)
            if not found or length is None:
                return False
            file.seek(len(head) + len(found))
            digest, size = hashlib.md5(usedforsecurity=False), 0
            while part := file.read(1024 * 1024):
                digest.update(part)
                size += len(part)
            return size == int(length[1]) and (etag is None or digest.hexdigest() == etag[1].decode())
    except FileNotFoundError:
        return True  # nginx has just evicted it
    except OSError:
        return False


def left_behind(path: Path) -> bool:
    """Whether the fetch of a half-written file has ended."""
    try:
        return time.time() - path.stat().st_mtime > LEFT_SECONDS
    except OSError:
        return False  # it has just become a complete file


def main() -> None:
    """Check every file once. Print how many there were, and which were deleted."""
    seen = 0
    for folder, _, names in os.walk(sys.argv[1]):
        for name in names:
            path = Path(folder, name)
            seen += 1
            # The name of a complete file has 32 hex digits. A file that is being fetched has a longer name.
            if left_behind(path) if len(name) > 32 else not whole(path):
                path.unlink(missing_ok=True)
                print(f"cache node: {path} was damaged; deleted", flush=True)
    print(f"cache node: {seen} cached objects were looked at")


if __name__ == "__main__":
    main()
