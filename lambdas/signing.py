"""CloudFront's signed cookies for one title. It needs `cryptography`, so only the function that signs imports it.

The signature covers the host. The cookies name no domain, so browsers send them only to the host that set them, and
only for the title's path.
"""

import base64
import json
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from lambdas.refusals import LOG

_TO_CLOUDFRONT = str.maketrans("+=/", "-_~")
"""CloudFront's own base64 replaces three characters that cookies and queries cannot contain."""


KEY_SECONDS = 300
"""Seconds after which a key is read again. A rotation must wait longer than this before the old key is deleted."""


class KeyRing:
    """The current private key. It is read again every KEY_SECONDS, so that a rotation needs no deployment."""

    def __init__(self, read: Callable[[], str]) -> None:
        """`read` returns the PEM text of the key."""
        self._read = read
        self._key: rsa.RSAPrivateKey | None = None
        self._until = 0

    def key(self, now: int) -> rsa.RSAPrivateKey:
        """The key at `now` (Unix time in seconds). If a later read fails, the last key stays."""
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
    """The private key in a PEM text. Raises ValueError for anything but an RSA key. The message never has the text."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except ValueError as error:
        raise ValueError("the signing parameter does not contain a PEM private key") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("the signing key must be an RSA key, like the public keys of the config")
    return key


def cookies(key: rsa.RSAPrivateKey, key_pair_id: str, host: str, prefix: str, seconds: int, now: int) -> list[str]:
    """Four Set-Cookie values that open all files of one title for `seconds` from `now`.

    `prefix` is `v/<xx>/<id>/<version>`, of any version. `now` is Unix time in seconds. The cookies open the encode and
    its editions. They cannot open another title, since the edge refuses other spellings of a path, such as `..`.
    """
    title = prefix.rpartition("/")[0]
    statement = {
        "Resource": f"https://{host}/{title}/*",
        "Condition": {"DateLessThan": {"AWS:EpochTime": now + seconds}},
    }
    policy = json.dumps({"Statement": [statement]}, separators=(",", ":")).encode()
    signature = key.sign(policy, padding.PKCS1v15(), hashes.SHA256())
    values = {"Policy": _encode(policy), "Signature": _encode(signature), "Key-Pair-Id": key_pair_id}
    # Without this cookie, CloudFront expects a signature with SHA-1 (developer guide, "Use signed cookies").
    values["Hash-Algorithm"] = "SHA256"
    # The path is that of the title and not of the version. So the cookies of a new version replace the old ones.
    attributes = f"Path=/{title}; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"
    return [f"CloudFront-{name}={value}; {attributes}" for name, value in values.items()]


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode().translate(_TO_CLOUDFRONT)
