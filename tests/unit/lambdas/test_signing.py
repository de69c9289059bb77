"""Signed playback: which titles a cookie opens, for how long, and where the key must not appear."""

import base64
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from lambdas import signing
from lambdas.playback import handler
from tests.unit.lambdas.conftest import Stub
from tests.unit.lambdas.test_playback import PUBLISHED, a_row, ask, catalogue_has

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NOW = 1_800_000_000
PREFIX = "v/ab/films-apollo/0123456789ab"


def pem(key: Any) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def decoded(value: str) -> bytes:
    """The bytes of a cookie's value, decoded by the rules of CloudFront's documentation."""
    return base64.b64decode(value.replace("-", "+").replace("_", "=").replace("~", "/"))


def values(cookies: list[str]) -> dict[str, str]:
    return {name: morsel.value for cookie in cookies for name, morsel in SimpleCookie(cookie).items()}


def verify(key: rsa.RSAPrivateKey, cookies: list[str]) -> Any:
    """The policy. Raises InvalidSignature if the public key does not accept the signature."""
    found = values(cookies)
    policy = decoded(found["CloudFront-Policy"])
    key.public_key().verify(decoded(found["CloudFront-Signature"]), policy, padding.PKCS1v15(), hashes.SHA256())
    return json.loads(policy)


def test_cloudfront_would_open_this_title_and_nothing_else() -> None:
    cookies = signing.cookies(KEY, "K2ABCDEF", "watch.example.com", PREFIX, 3600, NOW)
    named = {"Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"}
    assert set(values(cookies)) == {f"CloudFront-{name}" for name in named}
    assert values(cookies)["CloudFront-Hash-Algorithm"] == "SHA256"
    assert values(cookies)["CloudFront-Key-Pair-Id"] == "K2ABCDEF"
    assert verify(KEY, cookies) == {
        "Statement": [
            {
                "Resource": "https://watch.example.com/v/ab/films-apollo/*",
                "Condition": {"DateLessThan": {"AWS:EpochTime": NOW + 3600}},
            }
        ]
    }


def test_cookies_stay_with_their_host_and_path_and_out_of_scripts() -> None:
    for cookie in signing.cookies(KEY, "K2ABCDEF", "watch.example.com", PREFIX, 3600, NOW):
        _, *attributes = cookie.split("; ")
        assert attributes == ["Path=/v/ab/films-apollo", "Max-Age=3600", "Secure", "HttpOnly", "SameSite=Lax"]
        assert len(cookie) < 4096, "a browser drops longer ones"


@pytest.mark.parametrize("number", range(8))
def test_a_cookie_holds_no_character_that_a_cookie_cannot(number: int) -> None:
    for value in values(signing.cookies(KEY, "K2", "w.example.com", PREFIX, number, NOW)).values():
        assert not set(value) & set('+=/;, "\\')


def test_a_key_is_read_again_after_five_minutes_and_not_before() -> None:
    kept = iter([pem(KEY), pem(OTHER)])
    ring = signing.KeyRing(lambda: next(kept))
    assert ring.key(NOW).private_numbers() == ring.key(NOW + 299).private_numbers() == KEY.private_numbers()
    assert ring.key(NOW + 300).private_numbers() == OTHER.private_numbers()


def test_viewers_go_on_watching_while_the_key_cannot_be_read() -> None:
    def read() -> Iterator[str]:
        yield pem(KEY)
        raise ConnectionError

    kept = read()
    ring = signing.KeyRing(lambda: next(kept))
    ring.key(NOW)
    assert ring.key(NOW + 600).private_numbers() == KEY.private_numbers()


def test_without_a_key_nothing_is_signed() -> None:
    def read() -> str:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        signing.KeyRing(read).key(NOW)


@pytest.mark.parametrize("text", ["", "not a key", pem(KEY)[:400]])
def test_a_bad_key_does_not_reach_the_log(text: str) -> None:
    with pytest.raises(ValueError, match="does not contain a PEM private key") as error:
        signing.load_key(text)
    assert "MII" not in str(error.value)


def test_a_key_that_cloudfront_would_not_verify() -> None:
    with pytest.raises(ValueError, match="must be an RSA key"):
        signing.load_key(pem(ec.generate_private_key(ec.SECP256R1())))


@pytest.fixture
def signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "SIGNING_PARAMETER", "/headend/prod/signing/one")
    monkeypatch.setattr(handler, "SIGNING_KEY_PAIR_ID", "K2ABCDEF")
    monkeypatch.setattr(handler, "SIGNING_HOST", "watch.example.com")
    monkeypatch.setattr(time, "time", lambda: float(NOW))
    handler._key_ring.cache_clear()


@pytest.mark.usefixtures("signed")
def test_play_sets_its_cookies_for_longer_than_the_film(stub: Stub) -> None:
    asked = {"Name": "/headend/prod/signing/one", "WithDecryption": True}
    stub("ssm").add_response("get_parameter", {"Parameter": {"Value": pem(KEY)}}, asked)
    for _ in range(2):  # the second time with the cached key
        catalogue_has(stub, PUBLISHED)
        status, body, headers = ask("POST", "/api/titles/films-apollo/play")
        assert (status, len(headers["Set-Cookie"])) == (200, 4)
        (statement,) = verify(KEY, headers["Set-Cookie"])["Statement"]
        assert body["hls"].rpartition("/")[0].rpartition("/")[0] in statement["Resource"]
        assert statement["Condition"]["DateLessThan"]["AWS:EpochTime"] > NOW + 61


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize("state", ["PROCESSING", "REJECTED"])
def test_no_cookies_for_what_cannot_be_watched(stub: Stub, state: str) -> None:
    catalogue_has(stub, a_row(state))
    assert "Set-Cookie" not in ask("POST", "/api/titles/films-apollo/play")[2]


@pytest.mark.usefixtures("signed")
def test_a_key_that_cannot_be_read_opens_nothing(stub: Stub) -> None:
    catalogue_has(stub, PUBLISHED)
    stub("ssm").add_client_error("get_parameter", "AccessDeniedException", "arn:aws:ssm")
    status, body, headers = ask("POST", "/api/titles/films-apollo/play")
    assert status == 503
    assert "Set-Cookie" not in headers
    assert "arn" not in json.dumps(body)


def test_without_signing_its_library_is_not_wanted() -> None:
    """The zip of a stack that does not sign has no `cryptography` in it."""
    code = "import sys; sys.modules['cryptography'] = None; import lambdas.playback.handler"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
