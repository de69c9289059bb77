"""Signed playback: CloudFront trusts all keys, the first one signs, and no private half is in the program."""

from components.edge.signing import Signing
from local.engine import Deployment
from tests.declared import ROOT, deploy, made, refusal

PEM = next(
    text.split("publicKey: |\n")[1].split("END PUBLIC KEY-----")[0]
    for text in [(ROOT / "Pulumi.prod.yaml").read_text(encoding="utf-8")]
)
PUBLIC = "\n".join(line.strip() for line in PEM.splitlines()) + "END PUBLIC KEY-----"
KEY = "aws:cloudfront/publicKey:PublicKey"


def signing(*names: str) -> tuple[Deployment, Signing]:
    components: list[Signing] = []
    return deploy(lambda: components.append(Signing("signing", {"keys": dict.fromkeys(names, PUBLIC)}))), components[0]


def test_while_a_key_is_changed_both_are_trusted_and_the_first_signs() -> None:
    done, component = signing("new", "old")
    ids = {item.inputs["comment"]: item.id for item in done.of_type(KEY)}
    assert done.one("aws:cloudfront/keyGroup:KeyGroup").inputs["items"] == [ids["new"], ids["old"]]
    assert component.parameter == "/headend/dev/signing/new"


def test_a_key_is_given_as_cloudfront_keeps_it() -> None:
    for line_end in ("", "\n", "\n\n"):
        done = made(Signing, "signing", {"keys": {"key": PUBLIC + line_end}})
        assert done.one(KEY).inputs["encodedKey"] == f"{PUBLIC}\n"


def test_no_private_key_passes_through_pulumi() -> None:
    done, _ = signing("key")
    assert not any("PRIVATE" in str(item.inputs) for item in done.registrations)
    assert not [item for item in done.registrations if item.type.startswith(("aws:ssm", "tls:", "aws:secrets"))]


def test_signing_without_a_key_is_refused() -> None:
    said = refusal(Signing, "signing", {"keys": {}})
    assert said == "Signing 'signing': keys must name at least one key, got none"
