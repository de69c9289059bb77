"""What a Content-Security-Policy says of the code inside of a page. Pure."""

import base64
import hashlib
import re


def inline(tag: str, html: str) -> str:
    """The sources that allow the `script` or `style` elements of a page, by their hashes, and no others."""
    texts = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
    return " ".join(f"'sha256-{each}'" for each in hashes)
