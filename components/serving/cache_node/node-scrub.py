#!/usr/bin/python3
"""Deletes cached objects that are not what the bucket sent: `node-scrub DIRECTORY`. nginx fetches them again.

nginx serves a file as it lies there. It does not notice bytes that changed, and of a file that was cut it sends what is
left and lets the viewer wait. The length that S3 sent is in the file, and so is its ETag, which is the body's MD5 for
an object that was written in one part (without "-" in the ETag) and encrypted by S3 itself or not at all:
https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html. Of others the length alone is checked.
"""

import hashlib
import os
import re
import sys
from pathlib import Path

HEAD = 8192
"""Bytes at the beginning of a file in which nginx's own header, the key and the response's header end."""


def whole(path: Path) -> bool:
    """Whether a cached file has all of its body, unchanged. False too where the disk cannot read it."""
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


def main() -> None:
    """Look at every file once; say how many there were, and which are gone."""
    seen = 0
    for folder, _, names in os.walk(sys.argv[1]):
        for name in names:
            # 32 hex digits: what is still being fetched has a longer name.
            if len(name) == 32:
                seen += 1
                path = Path(folder, name)
                if not whole(path):
                    path.unlink(missing_ok=True)
                    print(f"cache node: {path} was damaged; deleted", flush=True)
    print(f"cache node: {seen} cached objects were looked at")


if __name__ == "__main__":
    main()
