"""The only reader of stack config: typed, validated, every default explained.

`Settings.load()` reads the keys of the project's namespace, refuses unknown keys, and reports every mistake of a config
at once, before any resource is registered. A field's docstring is also the text for its key in README.md and
Pulumi.yaml. After a change here, run `make docs`.
"""

import base64
import binascii
import hashlib
import ipaddress
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, TypeAlias, cast, get_args

import pulumi
from pulumi.runtime import config as runtime_config
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from facts.countries import countries
from facts.instances import ALL_TYPES, INSTANCE_TYPES, interchangeable
from facts.regions import CLOUDFRONT_REGION, NO_MEDIACONVERT, REGIONS, UNSUPPORTED_ZONES
from lambdas.ladder import SMALLEST, TALLEST, Step, mistakes, written

PRIVATE = [ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
"""The blocks of RFC 1918. A block of /16 or smaller is completely inside or outside of one of them."""


EXAMPLE_ACCOUNTS = frozenset({"111122223333", "123456789012"})
"""Account numbers in AWS's documentation, which no real account has. The laptop's AWS has the second one."""
EXAMPLE_IMAGE = "ami-00000000000000000"
EXAMPLE_KEY = "f0f56baef9106e628a9215033093283a98d6e0b96ef05eb295f66d1455e5ddf9"
"""SHA-256 of the key in Pulumi.prod.yaml. The key is valid, so its author could sign for every stack that keeps it."""


class ConfigError(pulumi.RunError):
    """The stack's config is not usable. The message lists every mistake: key, value, and what is allowed."""


def _matching(pattern: str, allowed: str) -> AfterValidator:
    """A check that a text has the form `pattern`. The message for other texts names what is `allowed`, in words."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"must be {allowed}")
        return value

    return AfterValidator(check)


_BUCKET = _matching(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket")


def _no_bool(value: object) -> object:
    """Refuse true and false: for Python True equals 1, but a config must not mix them."""
    if isinstance(value, bool):
        raise ValueError("must be a whole number")
    return value


def _country(code: str) -> str:
    if code not in countries():
        raise ValueError("must be an ISO 3166-1 alpha-2 code, such as GB")
    return code


Certificate: TypeAlias = Annotated[
    str,
    _matching(
        r"arn:aws:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-f-]{36}",
        "an ARN of ACM, such as arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000",
    ),
]


class Strict(BaseModel):
    """A part of the config. It is immutable, its keys are in camelCase, and it refuses wrong types and unknown keys."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


class Region(Strict):
    """One point of presence."""

    cidr: Annotated[ipaddress.IPv4Network, Field(strict=False)]
    """Addresses of its VPC: a private block from /16 to /22. Regions may not overlap, so that they can be peered. It
    cannot change later: the home region keeps it for good, and another region is taken out and added again."""
    zones: Annotated[list[str], Field(min_length=2, max_length=3)]
    """Two or three zone ids. Zone names are no use, since a name means another place in another account."""
    ami: Annotated[str, _matching(r"ami-([0-9a-f]{8}|[0-9a-f]{17})", "an image id, such as ami-0123456789abcdef0")]
    """Image of the nodes: Amazon Linux 2023, arm64. It is pinned, so that previews do not change by themselves.
    `make ami` writes it."""
    certificate: Certificate | None = None
    """ARN of an ACM certificate in this region, for the load balancer. Needed with a `domain` that has no zone."""
    serving: bool = True
    """`false`, for a region that fails, sends its viewers to the next nearest region and changes nothing else."""
    leaving: bool = False
    """`true` sends its viewers to other regions and removes the protection of its own resources. Deploy with it before
    you remove the region from a protected stack."""

    @field_validator("cidr")
    @classmethod
    def _usable(cls, cidr: ipaddress.IPv4Network) -> ipaddress.IPv4Network:
        if not any(cidr.subnet_of(block) for block in PRIVATE) or not 16 <= cidr.prefixlen <= 22:
            raise ValueError("must be a private IPv4 block from /16 to /22, such as 10.0.0.0/16")
        return cidr


class Domain(Strict):
    """A name of the team's own for viewers."""

    name: Annotated[
        str,
        Field(max_length=253),
        _matching(
            r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", "a host name in lower case, such as watch.example.com"
        ),
    ]
    """Host name that viewers open, such as watch.example.com."""
    zone: (
        Annotated[
            str, _matching(r"Z[0-9A-Z]{5,31}", "the id of a hosted zone of Route 53, such as Z0123456789ABCDEFGHIJ")
        ]
        | None
    ) = None
    """Id of the public hosted zone of the name. The program then makes all certificates and the name's records there.
    Without a zone you make them yourself."""
    certificate: Certificate | None = None
    """Without a zone: ARN of an ACM certificate for that name in us-east-1, where CloudFront reads them."""

    @field_validator("certificate")
    @classmethod
    def _in_us_east_1(cls, arn: str | None) -> str | None:
        if arn and arn.split(":")[3] != CLOUDFRONT_REGION:
            raise ValueError(f"must be a certificate in {CLOUDFRONT_REGION}, where CloudFront reads them")
        return arn

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        if self.zone and self.certificate:
            raise ValueError("takes a zone or a certificate, not both: with a zone the program makes the certificates")
        if not self.zone and not self.certificate:
            raise ValueError("needs a zone, so that the program can make certificates, or your own certificate")
        return self


MOST_NODES = 100
"""Most nodes of a fleet."""


class NodesPerFleet(Strict):
    """How many cache nodes each fleet may have."""

    min: Annotated[int, Field(ge=1, le=MOST_NODES)] = 2
    """Smallest number of nodes. With two, one serves when the other dies."""
    max: Annotated[int, Field(ge=1, le=MOST_NODES)] = 4
    """Largest number of nodes, at which scaling stops."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max < self.min:
            raise ValueError(f"max ({self.max}) must not be below min ({self.min})")
        return self


class SigningKey(Strict):
    """A public key that CloudFront trusts. The first key of the list signs. The others are still accepted
    (rotation)."""

    name: Annotated[str, _matching(r"[a-z0-9-]{1,32}", "1 to 32 lower-case letters, digits and hyphens")]
    """Name of the key. Its private half is in the SSM parameter `/<project>/<stack>/signing/<name>`, which Pulumi never
    reads."""
    public_key: str
    """PEM of an RSA key of 2048 bits."""

    @field_validator("public_key")
    @classmethod
    def _rsa_2048(cls, value: str) -> str:
        lines = value.strip().splitlines()
        try:
            key = base64.b64decode("".join(lines[1:-1]), validate=True)
        except binascii.Error:
            key = b""
        framed = lines[:1] == ["-----BEGIN PUBLIC KEY-----"] and lines[-1:] == ["-----END PUBLIC KEY-----"]
        # A SubjectPublicKeyInfo (RFC 5280) of an RSA key of 2048 bits has this length, and holds RSA's identifier.
        if not (framed and len(key) == 294 and bytes.fromhex("2a864886f70d010101") in key):
            raise ValueError("must be the PEM of an RSA public key of 2048 bits, as `openssl rsa -pubout` writes it")
        return value


class LadderStep(Strict):
    """One step of the ladder. The tallest step is first. Each maxBitrate is at most twice the next one."""

    short: Annotated[int, Field(ge=SMALLEST, le=TALLEST)]
    """Short side in pixels, an even number. So a portrait film has the same rungs as a landscape one."""
    max_bitrate: Annotated[int, Field(ge=100_000, le=100_000_000)]
    """Most bits a second of a 16:9 picture with up to 30 frames a second. The encoder does not exceed it."""
    quality: Annotated[int, Field(ge=1, le=10)]
    """MediaConvert's QVBR level: the quality of the picture, as far as maxBitrate allows it."""


FOR_NODES = "for nodes"
"""In the type of a key with a plain value: cache nodes get it. It is a variable of their scripts and `@NAME@` in
node.conf.in, by the field's name in capitals. No key needs this yet; docs/contributing.md tells the steps."""


class Inherited(Strict):
    """The buckets of a stack whose home is lost, which another stack takes over."""

    uploads: Annotated[str, _BUCKET]
    """Name of the bucket that has the copies of the uploads."""
    media: Annotated[str, _BUCKET]
    """Name of the lost stack's media bucket in the region that is home now."""


MOST_REGIONS = 20
"""Each has a VPC origin, of which an account may have 25 (CloudFront's quotas, which can be raised)."""


class Settings(Strict):
    """The config of a stack."""

    home: str = ""
    """`aws:region`: the region of uploads, encoding, the catalogue and the API."""
    regions: Annotated[dict[str, Region], Field(max_length=MOST_REGIONS)] = {}
    """Points of presence by AWS region. One of them is home."""
    fleets: Annotated[Literal[0, 1, 2, 4, 8, 16], BeforeValidator(_no_bool)] = 2
    """K: cache fleets in each region. K fleets hold K times the catalogue.
    0: no cache fleets. CloudFront reads the bucket through Origin Shield, which is cheap, but allows only one
    region."""
    nodes_per_fleet: NodesPerFleet = NodesPerFleet()
    instance_type: str = "c7gd.medium"
    """EC2 type of the nodes: a Graviton with an NVMe disk. `facts/instances.py` has them all."""
    other_instance_types: Annotated[list[str], Field(max_length=5)] = []
    """Types that a fleet uses if AWS has no `instanceType` left, the best first. Their network and disk must be about
    the same. The fleets of a live stack use a new list after a roll."""
    spot_percent: Annotated[int, Field(ge=0, le=100)] = 0
    """Percentage of spot nodes among those above the minimum. Cheap, but reclaimed nodes lose their caches at once."""
    encode: Literal["on_upload", "on_request"] = "on_upload"
    """Encode a film when it arrives, or when the first viewer asks for it."""
    ladder: Annotated[list[LadderStep], Field(max_length=12)] = []
    """Renditions of a film, besides one of its own size. Empty: 2160, 1080, 720, 540, 360 and 270 lines, from 12 Mb/s
    to 0.5 (`lambdas/ladder.py`). After a change, a film gets the new renditions when it is uploaded again, or by
    `headend encode-again`. Other films still play."""
    surround: bool = False
    """Keep 5.1, where a film has it, as a sound that viewers can choose: AAC of 384 kb/s. After a change, as with
    `ladder`."""
    domain: Annotated[Domain | None, BeforeValidator(lambda value: value or None)] = None
    """Your own host name for viewers. Without it they use CloudFront's, and CloudFront speaks HTTP to the balancer."""
    signing: Annotated[list[SigningKey], Field(max_length=5)] = []
    """Public keys for signed playback. The first one signs. Needs `domain`. Empty: anybody with an address may
    watch."""
    report_percent: Annotated[int, Field(ge=0, le=100)] = 100
    """Percentage of views whose players report start time, stalls and failures. 0: none."""
    web_acl: bool = False
    """AWS WAF in front of CloudFront, with a rate limit on the API. It costs from 8 US dollars a month."""
    api_requests_per_5_minutes: Annotated[int, Field(ge=10, le=2_000_000_000)] = 1000
    """The WAF's limit for one client address: requests to the API in five minutes."""
    blocked_countries: list[Annotated[str, AfterValidator(_country)]] = []
    """Countries in which nobody may watch: ISO 3166-1 alpha-2 codes."""
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] = "PriceClass_100"
    """Which edge locations of CloudFront serve. 100, the cheapest, is North America, Europe and Israel."""
    log_days: Annotated[Literal[1, 3, 5, 7, 14, 30, 60, 90, 180, 365, 400, 731], BeforeValidator(_no_bool)] = 14
    """Days that logs are kept. CloudWatch allows no other values."""
    noncurrent_days: Annotated[int, Field(ge=1, le=3650)] = 7
    """Days in which an overwritten or deleted object can still be brought back."""
    keep_versions_days: Annotated[int, Field(ge=1, le=3650)] = 7
    """Days until an old version of a title, or the files of a failed encode, are deleted. Until then viewers who watch
    the old version can go on. After that it can be brought back for noncurrentDays."""
    catalogue_table: Annotated[
        str, _matching(r"([A-Za-z0-9_.-]{3,255})?", "the name of a table of DynamoDB at home, or empty")
    ] = ""
    """Table that replaces the stack's own catalogue. `headend restore` writes this key. Empty: the stack's own
    table."""
    standby_home: str = ""
    """One of the regions, to which the uploads and the catalogue are copied, so that it can become home if the home
    region is lost. Empty: none."""
    inherited: Annotated[Inherited | None, BeforeValidator(lambda value: value or None)] = None
    """Buckets of a stack whose home is lost, which this stack uses instead of making its own. With `catalogueTable`
    it has that stack's films."""
    alarm_email: Annotated[str, _matching(r"([^@\s]+@[^@\s]+\.[^@\s]+)?", "a mail address, or empty")] = ""
    """Mail address for alarms. AWS first asks it to confirm. Empty: nobody gets alarms."""
    max_title_usd: Annotated[int, Field(ge=0)] = 0
    """Whole US dollars that encoding one title may cost, by list prices: dearer ones are refused, with the sum.
    0: any."""
    monthly_budget_usd: Annotated[int, Field(ge=0)] = 0
    """Monthly budget in US dollars. The alarm address gets a mail at 80 %, and if the forecast exceeds it. 0: none."""
    protect: bool = False
    """`true`, for prod: refuse to delete what cannot be made again, which is the buckets and the catalogue."""
    playback_concurrency: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Concurrent executions of Lambda that are reserved for the playback API, which are also its limit. The account
    must have 100 more than that. 0: the API shares the account's limit, which many uploads at once can use up."""
    permissions_boundary: Annotated[
        str, _matching(r"(arn:aws:iam::\d{12}:policy/[\w+=,.@/-]+)?", "an ARN of an IAM policy, or empty")
    ] = ""
    """ARN of an IAM policy that limits every role of the stack. `bootstrap/` makes one, and its deployments need it."""
    fault_injection: bool = False
    """Declare an experiment of Fault Injection Service that stops a third of a fleet's minimum, but at least one
    node."""

    @property
    def ladder_text(self) -> str:
        """The ladder as text for the handlers' environment. Empty for the default ladder."""
        return written(self._steps()) if self.ladder else ""

    def _steps(self) -> list[Step]:
        return [Step(step.short, step.max_bitrate, step.quality) for step in self.ladder]

    @property
    def for_nodes(self) -> dict[str, int | str]:
        """The values that cache nodes get, by the field's name."""
        fields = type(self).model_fields.items()
        return {name: getattr(self, name) for name, field in fields if FOR_NODES in field.metadata}

    def protects(self, region: str) -> bool:
        """Whether the resources of a region are protected from deletion."""
        return self.protect and not self.regions[region].leaving

    @classmethod
    def load(cls) -> "Settings":
        """Read the stack's config.

        Raises:
            ConfigError: with every key that is missing, unknown or wrong, its value, and what is allowed.
        """
        namespace = pulumi.get_project()
        raw: dict[str, str] = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
        values: dict[str, Any] = {
            key.removeprefix(f"{namespace}:"): _decode(value)
            for key, value in raw.items()
            if key.startswith(f"{namespace}:")
        }
        lines = [f"  {namespace}:home is not a key of this project: use aws:region"] if "home" in values else []
        values["home"] = raw.get("aws:region", "")
        if not values["home"]:
            lines.append("  aws:region is missing: it names the home region")
        settings, mistakes = _salvage(namespace, values)
        lines += [*mistakes, *(f"  {namespace}:{mistake}" for mistake in settings.disagreements(values))]
        if lines:
            count = f"{len(lines)} mistake{'s' if len(lines) > 1 else ''}"
            raise ConfigError(f"{count} in the config of stack {pulumi.get_stack()!r}:\n" + "\n".join(lines))
        return settings

    def refuse_placeholders(self, account_id: str) -> None:
        """Raise ConfigError if a real account's config has values of the examples. It names each, and what to do."""
        if account_id not in EXAMPLE_ACCOUNTS and (lines := [f"  headend:{line}" for line in self._placeholders()]):
            text = "\n".join(lines)
            raise ConfigError(f"the config of stack {pulumi.get_stack()!r} still has values of the example:\n{text}")

    def _placeholders(self) -> Iterator[str]:
        for name, region in self.regions.items():
            if region.ami == EXAMPLE_IMAGE:
                yield f"regions.{name}.ami: {region.ami!r} is a placeholder; `make ami STACK=<stack>` writes the newest"
            if region.certificate and region.certificate.split(":")[4] in EXAMPLE_ACCOUNTS:
                yield f"regions.{name}.certificate: {region.certificate!r} is a placeholder; make one in ACM in {name}"
        if self.domain:
            if self.domain.name.endswith("example.com"):
                yield f"domain.name: {self.domain.name!r} is reserved for examples; use your own name"
            if self.domain.certificate and self.domain.certificate.split(":")[4] in EXAMPLE_ACCOUNTS:
                said = f"{self.domain.certificate!r} is a placeholder; make one in ACM in {CLOUDFRONT_REGION}"
                yield f"domain.certificate: {said}"
        for key in self.signing:
            body = "".join(key.public_key.strip().splitlines()[1:-1])
            if hashlib.sha256(base64.b64decode(body)).hexdigest() == EXAMPLE_KEY:
                yield f"signing: {key.name!r} is the key of the example, without its private half; make your own"
        if self.alarm_email.endswith("@example.com"):
            yield f"alarmEmail: {self.alarm_email!r} is a placeholder; write your own address"

    @field_validator("instance_type")
    @classmethod
    def _known_instance_type(cls, value: str) -> str:
        if value not in INSTANCE_TYPES:
            raise ValueError(f"must be a Graviton type with NVMe: {', '.join(INSTANCE_TYPES)}")
        return value

    @field_validator("other_instance_types")
    @classmethod
    def _known_other_types(cls, value: list[str]) -> list[str]:
        if unknown := [name for name in value if name not in ALL_TYPES]:
            raise ValueError(f"{', '.join(unknown)}: must be Graviton types with NVMe: {', '.join(ALL_TYPES)}")
        return value

    def disagreements(self, given: Mapping[str, Any]) -> list[str]:
        """Mistakes between values that are well formed by themselves, as `key: sentence`.

        `given` is the config as it was written. A malformed value is missing here, but it is in `given`.
        """
        return [*self._region_mistakes(given.get("regions", {})), *self._option_mistakes(given)]

    def _region_mistakes(self, given: object) -> Iterator[str]:
        written = cast(dict[str, Any], given) if isinstance(given, dict) else {}
        if isinstance(given, dict) and self.home and self.home not in written:
            held = ", ".join(written) or "none"
            yield f"regions must have the home region, aws:region = {self.home!r}; it has {held}"
        if self.home in NO_MEDIACONVERT:
            homes = ", ".join(name for name in REGIONS if name not in NO_MEDIACONVERT)
            yield f"regions: {self.home!r} cannot be home (aws:region): MediaConvert is not there; allowed: {homes}"
        # From the config as written: a region with a malformed address still has a name and zones to check.
        for name, region in written.items():
            yield from _place_mistakes(name, cast(dict[str, Any], region) if isinstance(region, dict) else {})
        for name, region in self.regions.items():
            if name == self.home and region.leaving:
                yield f"regions.{name}.leaving: the home region cannot leave; for another home, make another stack"
            if name == self.home and not region.serving:
                yield f"regions.{name}.serving: the home region must serve, since the API is there"
            if len(set(region.zones)) < len(region.zones):
                yield f"regions.{name}.zones: {region.zones} names a zone twice"
            if self.domain and not self.domain.zone and not region.certificate:
                yield f"regions.{name}.certificate is missing: with a domain the load balancer speaks HTTPS"
            if self.domain and self.domain.zone and region.certificate:
                yield f"regions.{name}.certificate: remove it, since with domain.zone the program makes one"
            if region.certificate and region.certificate.split(":")[3] != name:
                yield f"regions.{name}.certificate: {region.certificate!r} is not a certificate in {name}"
        for (one, a), (other, b) in itertools.combinations(self.regions.items(), 2):
            if a.cidr.overlaps(b.cidr):
                yield f"regions: {one}.cidr {a.cidr} overlaps {other}.cidr {b.cidr}"

    def _option_mistakes(self, given: Mapping[str, Any]) -> Iterator[str]:
        yield from (f"ladder: {mistake}" for mistake in mistakes(self._steps()))
        if not self.fleets and len(self.regions) > 1:
            others = ", ".join(name for name in self.regions if name != self.home)
            yield f"fleets is 0, but only caches need a region besides home: remove {others}, or add fleets"
        first, others = self.instance_type, self.other_instance_types
        if given.get("instanceType", first) == first:  # a wrong type is reported already
            alike = interchangeable(first)
            for odd in (name for name in others if name not in alike):
                of = f"allowed: {', '.join(alike)}" if alike else "no other type has about its network and disk"
                yield f"otherInstanceTypes: {odd!r} cannot be used beside {first}; {of}"
        if len({*others}) < len(others):
            yield f"otherInstanceTypes: {', '.join(others)} names a type twice"
        if self.fault_injection and not self.fleets:
            yield "faultInjection needs fleets: with 0 fleets there is no node to stop"
        if self.fault_injection and self.nodes_per_fleet.min < 2:
            yield "faultInjection needs a nodesPerFleet.min of 2: it stops at least one node, and one must stay"
        if self.signing and not given.get("domain"):
            yield "signing needs a domain: its cookies are for one host, so you need your own host name"
        if len({key.name for key in self.signing}) < len(self.signing):
            yield f"signing: {', '.join(key.name for key in self.signing)} names a key twice"
        yield from self._standby_mistakes(given)
        if self.monthly_budget_usd and not given.get("alarmEmail"):
            yield "monthlyBudgetUsd needs alarmEmail: without it nobody gets the budget's mails"

    def _standby_mistakes(self, given: Mapping[str, Any]) -> Iterator[str]:
        written = given.get("regions")
        places = sorted(cast(dict[str, Any], written)) if isinstance(written, dict) else []
        able = [name for name in places if name != self.home and name not in NO_MEDIACONVERT]
        if self.standby_home and self.standby_home not in able:
            yield (
                f"standbyHome: {self.standby_home!r} cannot be home: it must be a region of the stack besides home,"
                f" with MediaConvert; allowed: {', '.join(able) or 'none'}"
            )
        if self.inherited and not given.get("catalogueTable"):
            yield "inherited needs catalogueTable: without the rows of the catalogue nobody sees the films"


def _place_mistakes(name: str, written: Mapping[str, Any]) -> Iterator[str]:
    """Mistakes in the name of a region and in its zones."""
    region, zones = REGIONS.get(name), written.get("zones")
    if region is None:
        yield f"regions: {name!r} is not a region with VPC origins; allowed: {', '.join(REGIONS)}"
        return
    for zone in cast(list[object], zones) if isinstance(zones, list) else []:
        if not re.fullmatch(rf"{region.zone_prefix}-az[1-7]", str(zone)):
            yield f"regions.{name}.zones: {zone!r} is not a zone id of {name}, such as {region.zone_prefix}-az1"
        elif zone in UNSUPPORTED_ZONES:
            yield f"regions.{name}.zones: VPC origins do not support {zone!r}; choose another zone"


def _salvage(namespace: str, values: dict[str, Any]) -> tuple[Settings, list[str]]:
    """The well-formed part of a config, and a line for each value that is malformed.

    The well-formed part is returned even if there are mistakes, so that the rules between values are checked in the
    same run. So a team corrects its config once, and not once for each mistake.
    """
    try:
        return Settings.model_validate(values), []
    except ValidationError as error:
        errors = error.errors()
    wrong = {item["loc"][0] for item in errors}
    rest = {key: value for key, value in values.items() if key not in wrong}
    if "regions" in wrong and isinstance(values["regions"], dict):
        wrong_regions = {item["loc"][1] for item in errors if item["loc"][0] == "regions" and len(item["loc"]) > 1}
        rest["regions"] = {name: value for name, value in values["regions"].items() if name not in wrong_regions}
    return Settings.model_validate(rest), [_explain(namespace, item) for item in errors]


def _decode(value: str) -> Any:
    """The value of a config text. Objects, numbers and booleans reach a program as JSON text."""
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _explain(namespace: str, error: ErrorDetails) -> str:
    """One mistake on one line: `  headend:fleets: 3 is not allowed: must be 1, 2, 4, 8 or 16`."""
    path = ".".join(str(part) for part in error["loc"])
    key = f"{namespace}:{path}"
    match error["type"]:
        case "missing":
            return f"  {key} is missing"
        case "extra_forbidden":
            return f"  {key} is not a key of this project; known: {', '.join(_known_keys(error['loc'][0]))}"
        case _:
            value = json.dumps(cast(object, error.get("input")), default=str)
            shown = value if len(value) <= 60 else f"{value[:57]}..."
            return f"  {key}: {shown} is not allowed: {_said(error['msg'])}"


def _said(message: str) -> str:
    """pydantic's message in the form of a rule: `must be 1, 2, 4, 8 or 16`."""
    message = re.sub(r" after validation, not \d+$", "", message.removeprefix("Value error, "))
    return re.sub(r"^(Input|List|Dictionary|String|Tuple) should ", "must ", message)


def _known_keys(top: int | str) -> list[str]:
    """The keys that are allowed beside an unknown one, whose path begins with `top`."""
    types = {to_camel(name): field.annotation for name, field in Settings.model_fields.items()}
    part = _part(types.get(str(top))) or Settings
    return [to_camel(name) for name in part.model_fields if name != "home"]


def _part(annotation: Any) -> type[Strict] | None:
    """The part of the config that a type is or contains: Region for `dict[str, Region]`."""
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        return annotation
    return next((part for inner in get_args(annotation) if (part := _part(inner))), None)
