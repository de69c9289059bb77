"""The balancer: every title has exactly one fleet, for every number of fleets. Only CloudFront reaches the balancer."""

import fnmatch
import functools
import hashlib
from typing import Any

import pytest

from components.edge.routes import KEEPALIVE_SECONDS
from components.serving.load_balancer import LoadBalancer
from local.engine import Deployment
from tests.declared import REGION, made, refusal

RULE = "aws:lb/listenerRule:ListenerRule"
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000001"
FLEETS = (1, 2, 4, 8, 16)


def args(fleets: int, **other: Any) -> dict[str, Any]:
    return {
        "region": REGION,
        "subnet_ids": ["subnet-1", "subnet-2"],
        "security_group_id": "sg-1",
        "fleet_target_groups": [f"fleet-{index}" for index in range(fleets)],
        "certificate": None,
        "log_bucket": "logs",
        "protect": False,
        **other,
    }


@functools.cache
def balancer(fleets: int = 2, **other: Any) -> Deployment:
    return made(LoadBalancer, "pop", args(fleets, **other))


def routes(done: Deployment) -> list[tuple[str, str]]:
    """(path pattern, target group) in the order in which the balancer tries them."""
    rules = sorted(done.of_type(RULE), key=lambda rule: rule.inputs["priority"])
    return [
        (pattern, rule.inputs["actions"][0]["targetGroupArn"])
        for rule in rules
        for condition in rule.inputs["conditions"]
        for pattern in condition["pathPattern"]["values"]
    ]


def target(table: list[tuple[str, str]], path: str) -> str | None:
    return next((target for pattern, target in table if fnmatch.fnmatchcase(path, pattern)), None)


@pytest.mark.parametrize("fleets", FLEETS)
def test_every_title_has_one_fleet_and_each_fleet_its_fair_share(fleets: int) -> None:
    table = routes(balancer(fleets))
    titles = [hashlib.sha256(str(number).encode()).hexdigest()[:2] for number in range(2000)]
    chosen = [target(table, f"/v/{xx}/title/version/index.m3u8") for xx in titles]
    assert set(chosen) == {f"fleet-{index}" for index in range(fleets)}
    by_digit = {target(table, f"/v/{digit}0/t/v/index.mpd") for digit in "0123456789abcdef"}
    assert len(by_digit) == fleets
    shares = [chosen.count(fleet) / len(chosen) for fleet in set(chosen)]
    assert max(shares) < 1.5 / fleets


@pytest.mark.parametrize("fleets", FLEETS)
def test_another_number_of_fleets_changes_only_the_targets_of_rules(fleets: int) -> None:
    def without_target(done: Deployment) -> dict[str, object]:
        return {rule.urn: {**rule.inputs, "actions": None} for rule in done.of_type(RULE)}

    assert without_target(balancer(fleets)) == without_target(balancer(1))


@pytest.mark.parametrize("path", ["/", "/index.html", "/v/", "/v/zz/title", "/healthz", "/api/titles"])
def test_no_other_path_reaches_a_node(path: str) -> None:
    assert target(routes(balancer()), path) is None
    [default] = balancer().one("aws:lb/listener:Listener").inputs["defaultActions"]
    assert (default["type"], default["fixedResponse"]["statusCode"]) == ("fixed-response", "400")


def test_rules_stay_within_what_the_balancer_takes() -> None:
    done = balancer(16)
    assert len(done.of_type(RULE)) <= 100
    assert len({rule.inputs["priority"] for rule in done.of_type(RULE)}) == len(done.of_type(RULE))
    for rule in done.of_type(RULE):
        patterns = [
            pattern for condition in rule.inputs["conditions"] for pattern in condition["pathPattern"]["values"]
        ]
        assert len(patterns) <= 5
        assert sum(pattern.count("*") + pattern.count("?") for pattern in patterns) <= 5


def test_it_is_internal_and_trusts_no_odd_request() -> None:
    inputs = balancer().one("aws:lb/loadBalancer:LoadBalancer").inputs
    assert inputs["internal"] is True
    assert inputs["securityGroups"] == ["sg-1"]
    assert inputs["dropInvalidHeaderFields"] is True
    assert inputs["accessLogs"] == {"bucket": "logs", "prefix": "alb", "enabled": True}


def test_with_a_certificate_it_speaks_tls_1_2_at_least() -> None:
    listener = balancer(certificate=CERTIFICATE).one("aws:lb/listener:Listener").inputs
    assert (listener["port"], listener["protocol"], listener["certificateArn"]) == (443, "HTTPS", CERTIFICATE)
    assert "TLS13-1-2" in listener["sslPolicy"]
    plain = balancer().one("aws:lb/listener:Listener").inputs
    assert (plain["port"], plain["protocol"]) == (80, "HTTP")


def test_cloudfront_never_sends_into_a_connection_that_is_being_closed() -> None:
    assert balancer().one("aws:lb/loadBalancer:LoadBalancer").inputs["idleTimeout"] > KEEPALIVE_SECONDS


@pytest.mark.parametrize("protect", [True, False])
def test_protection_refuses_a_deletion_by_hand(protect: bool) -> None:
    inputs = balancer(protect=protect).one("aws:lb/loadBalancer:LoadBalancer").inputs
    assert inputs["enableDeletionProtection"] is protect


def test_without_fleets_it_has_no_rule_of_its_own() -> None:
    assert routes(balancer(0)) == []


@pytest.mark.parametrize("fleets", [3, 5, 32])
def test_a_number_of_fleets_that_does_not_divide_the_digits_is_refused(fleets: int) -> None:
    said = refusal(LoadBalancer, "pop", args(fleets))
    assert said == f"LoadBalancer 'pop': fleet_target_groups must be 0, 1, 2, 4, 8 or 16, got {fleets}"
