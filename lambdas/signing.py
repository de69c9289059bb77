"""CloudFront's signed cookies for one title. Needs `cryptography`: only what signs imports this.

The host is part of what is signed, and the cookies name no domain: only the host that set them gets them back, and only
for the title's own path.
"""

import base64
import json
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from lambdas.refusals import LOG

_TO_CLOUDFRONT = str.maketrans("+=/", "-_~")
"""CloudFront's own base64 replaces the three characters that a cookie or a query cannot hold."""


KEY_SECONDS = 300
"""Seconds after which a key is read again. A rotation waits so long before the old key may go."""


class KeyRing:
    """The current private key, read again every KEY_SECONDS, so that it can be rotated without a deployment."""

    def __init__(self, read: Callable[[], str]) -> None:
        """`read` gets the PEM text from where it is kept."""
        self._read = read
        self._key: rsa.RSAPrivateKey | None = None
        self._until = 0

    def key(self, now: int) -> rsa.RSAPrivateKey:
        """The key at `now` (seconds of Unix time). If it cannot be read again, the last one stays; else it raises."""
        if self._key is None or now >= self._until:
            try:
                self._key = load_key(self._read())
            except Exception:
                if self._key is None:
                    raise
                LOG.exception("the signing key could not be read again")
            self._until = now + KEY_SECONDS
        return self._key


def load_key(pem: str) -> rsa.RSAPrivateKey:
    """The private key in a PEM text. Raises ValueError, without the text, for anything but an RSA key."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except ValueError as error:
        raise ValueError("the signing parameter holds no PEM private key") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("the signing key must be RSA, as the public keys of the config are")
    return key


def cookies(key: rsa.RSAPrivateKey, key_pair_id: str, host: str, prefix: str, seconds: int, now: int) -> list[str]:
    """Four Set-Cookie values that open everything of one title for `seconds` from `now`.

    `prefix` is `v/<xx>/<id>/<version>`, of any version; `now` is in seconds of Unix time. They open the encode, and the
    edition whose manifests name it. No other spelling of a path reaches another title: the edge refuses all but one.
    """
    title = prefix.rpartition("/")[0]
    statement = {
        "Resource": f"https://{host}/{title}/*",
        "Condition": {"DateLessThan": {"AWS:EpochTime": now + seconds}},
    }
    policy = json.dumps({"Statement": [statement]}, separators=(",", ":")).encode()
    signature = key.sign(policy, padding.PKCS1v15(), hashes.SHA256())
    values = {"Policy": _encode(policy), "Signature": _encode(signature), "Key-Pair-Id": key_pair_id}
    # Without it CloudFront takes the signature for one with SHA-1 (developer guide, "Use signed cookies").
    values["Hash-Algorithm"] = "SHA256"
    # The path is the title's and not the version's, so that one encoded anew replaces its cookies.
    attributes = f"Path=/{title}; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"
    return [f"CloudFront-{name}={value}; {attributes}" for name, value in values.items()]


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode().translate(_TO_CLOUDFRONT)
