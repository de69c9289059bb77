"""Configurations from the declared platform: the servers accept them, and nothing is left out silently."""

import json
import re
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.engine import RecordingProvider, Registration, run_program
from local.serving.balancer import haproxy_config, pattern_regex, server_state
from local.serving.declared import PROPERTIES, NotOnLaptop, leaves
from local.serving.edge import edge_config, first_free_port
from tests.declared import whole, without_fleets
from tests.serving_kit import (
    BALANCER,
    LISTENER,
    Resource,
    balancing,
    behaviour,
    delivering,
    request_policy,
    target_group,
)

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
ADDRESSES = {("arn:home", 80): "127.0.0.1:1", ("arn:far", 80): "127.0.0.1:2"}


def edge_files(resources: list[Resource], run_dir: Path) -> dict[str, str]:
    return edge_config(resources, port=8080, s3="127.0.0.1:5000", balancers=ADDRESSES, run_dir=run_dir)


def change(resources: list[Resource], name: str, path: str, value: Any) -> list[Resource]:
    """The resources, with one property of the resource `name` changed. In `path`, numbers are items of lists."""
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: Any = next(resource for resource in resources if resource.name == name).inputs
    for part in parents:
        place = place[part]
    place[last] = value
    return resources


@pytest.fixture(scope="module")
def program() -> list[Registration]:
    """The platform's own program, with the laptop's config."""
    return run_program(Path.cwd(), stack="local", provider=RecordingProvider()).registrations


def test_haproxy_accepts_the_programs_balancers(program: list[Registration], tmp_path: Path) -> None:
    groups = [item for item in program if item.type == "aws:lb/targetGroup:TargetGroup"]
    listeners = [item.id for item in program if item.type == "aws:lb/listener:Listener"]
    targets = {group.id: [("i-0a", "127.0.0.2", 8080), ("i-0b", "127.0.0.3", 8080)] for group in groups}
    text = haproxy_config(program, targets, ports=dict.fromkeys(listeners, 18000), state=tmp_path / "balancer.state")
    (tmp_path / "balancer.state").write_text(server_state(text, ""))
    (tmp_path / "balancer.cfg").write_text(text)
    check = subprocess.run(
        ["haproxy", "-c", "-f", tmp_path / "balancer.cfg"], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr
    # The only warnings are those of the state file: every new target starts as down.
    assert all("server-state" in line for line in check.stderr.splitlines() if "WARNING" in line)
    assert len(re.findall(r"use_backend \S+ if \{ path -m reg '\^/v/[0-9a-f]\.\*\$' \}", text)) == 16


def test_nginx_accepts_the_programs_distribution(program: list[Registration], tmp_path: Path) -> None:
    (arn,) = [item.id for item in program if item.type == "aws:lb/loadBalancer:LoadBalancer"]
    files = edge_config(program, port=18000, s3="127.0.0.1:1", balancers={(arn, 80): "127.0.0.1:2"}, run_dir=tmp_path)
    home = tmp_path / "edge"
    for directory in (home, tmp_path / "logs"):
        directory.mkdir()
    for name, text in files.items():
        (home / name).write_text(text)
    command = ["nginx", "-t", "-p", home, "-e", "stderr", "-c", home / "nginx.conf"]
    check = subprocess.run(command, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stderr
    assert "[warn]" not in check.stderr
    assert not re.search(r"@[A-Z]+@", files["nginx.conf"]), "a name was not filled in"


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/v/0*", "/v/0a/title", True),
        ("/v/0*", "/v/1a", False),
        ("/v/*.m3u8", "/v/0a/b/index.m3u8", True),
        ("/v/*.m3u8", "/v/0a/indexXm3u8", False),
        ("/a?c", "/abc", True),
        ("/a?c", "/ac", False),
        ("/a", "/A", False),
        ("/v/*", "/x/v/1", False),
        ("/a+(b)", "/a+(b)", True),
    ],
)
def test_path_patterns_mean_what_they_mean_on_aws(pattern: str, path: str, matches: bool) -> None:
    assert bool(re.search(pattern_regex(pattern), path)) is matches


@pytest.mark.parametrize(
    ("name", "path", "value", "words"),
    [
        ("alb", "enableWafFailOpen", True, "enableWafFailOpen = True has no counterpart"),
        ("http", "protocol", "HTTPS", "protocol = 'HTTPS' is not possible on the laptop. Use one of 'HTTP'"),
        ("low", "loadBalancingAlgorithmType", "weighted_random", "Use one of 'least_outstanding_requests'"),
        ("low", "stickiness", {"enabled": True, "type": "lb_cookie"}, "stickiness.enabled = True has no counterpart"),
        ("rule-100", "conditions", [{"hostHeader": {"values": ["a"]}}], "conditions.hostHeader.values = 'a'"),
        ("rule-100", "actions.0.type", "redirect", "actions.type = 'redirect' is not possible"),
    ],
)
def test_what_the_balancer_would_ignore_is_an_error(
    name: str, path: str, value: object, words: str, tmp_path: Path
) -> None:
    resources = change(balancing(target_group("low")), name, path, value)
    with pytest.raises(NotOnLaptop, match=re.escape(words)):
        haproxy_config(resources, {}, ports={LISTENER: 1}, state=tmp_path / "balancer.state")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("enabled", False, "enabled = False is not possible on the laptop"),
        ("defaultCacheBehavior.trustedKeyGroups", ["key"], "trustedKeyGroups = 'key' has no counterpart"),
        ("defaultCacheBehavior.forwardedValues", {"queryString": True}, "forwardedValues.queryString"),
        ("defaultCacheBehavior.cachedMethods", ["GET", "HEAD", "OPTIONS"], "cachedMethods = 'OPTIONS' is not possible"),
        ("defaultCacheBehavior.cachePolicyId", "nobody-knows", "policy nobody-knows is not known"),
        ("orderedCacheBehaviors.1.allowedMethods", ["GET", "POST"], "an origin group allows only GET, HEAD, OPTIONS"),
        ("originGroups.0.failoverCriteria.statusCodes", [400, 500], "statusCodes = 400 is not possible"),
        ("origins.0.domainName", "example.com", "origin 'site' is neither a bucket nor a balancer"),
        ("customErrorResponses", [{"errorCode": 404, "responsePagePath": "/e"}], "responsePagePath = '/e'"),
    ],
)
def test_what_the_edge_would_ignore_is_an_error(path: str, value: object, words: str, tmp_path: Path) -> None:
    with pytest.raises(NotOnLaptop, match=re.escape(words)):
        edge_files(change(delivering(), "cdn", path, value), tmp_path)


def test_all_of_it_is_told_at_once(tmp_path: Path) -> None:
    resources = change(change(delivering(), "cdn", "staging", True), "cdn", "origins.1.domainName", "example.com")
    with pytest.raises(NotOnLaptop) as caught:
        edge_files(resources, tmp_path)
    assert len(str(caught.value).splitlines()) == 2


def test_a_property_is_honoured_or_without_effect_but_not_both() -> None:
    ignored = [path for paths in PROPERTIES["no_effect"].values() for path in paths]
    honoured = {path for paths in PROPERTIES["honoured"].values() for path in paths}
    assert len(ignored) == len(set(ignored))
    assert not honoured & set(ignored)


def test_every_listed_property_is_used_by_some_stack() -> None:
    """Some stack asks for it: one without fleets, one of three regions, or prod, which has every other option."""
    stacks = without_fleets(), whole("dev", points_of_presence=3), whole("prod")
    asked: dict[str, set[tuple[str, Any]]] = {}
    for item in (item for stack in stacks for item in stack.registrations):
        if item.type in PROPERTIES["honoured"]:
            asked.setdefault(item.type, set()).update(leaves(item.inputs))
    for path, value in [*asked[DISTRIBUTION]]:  # a behaviour is like any other
        asked[DISTRIBUTION].add((path.replace("orderedCacheBehaviors.", "defaultCacheBehavior."), value))
    everywhere = {leaf for leaves_ in asked.values() for leaf in leaves_ if leaf[1] not in (None, False, "")}

    def idle(path: str, of: set[tuple[str, Any]]) -> bool:
        return not any(f"{leaf}.".startswith(f"{path}.") for leaf, _ in of)

    listed = PROPERTIES["honoured"]
    assert [(type_, path) for type_, paths in listed.items() for path in paths if idle(path, asked[type_])] == []
    assert [path for paths in PROPERTIES["no_effect"].values() for path in paths if idle(path, everywhere)] == []
    for type_, by_path in PROPERTIES["values"].items():
        assert [(path, value) for path in by_path for value in by_path[path] if (path, value) not in asked[type_]] == []


def test_the_viewers_country_reaches_origins_only_where_a_policy_names_it(tmp_path: Path) -> None:
    country = {"headerBehavior": "whitelist", "headers": {"items": ["CloudFront-Viewer-Country"]}}
    for policy, value in ((None, '""'), ("country", "$edge_country")):
        site = behaviour("site", **({"originRequestPolicyId": policy} if policy else {}))
        resources = delivering(request_policy("country", headersConfig=country), defaultCacheBehavior=site)
        location = edge_files(resources, tmp_path)["nginx.conf"].split("location @b3 ")[1]
        assert f"proxy_set_header cloudfront-viewer-country {value};" in location.split("location")[0]


def test_a_target_keeps_its_health_over_a_reload(tmp_path: Path) -> None:
    targets = {"arn:low": [("i-1", "127.0.0.1", 8080), ("i-2", "127.0.0.1", 8081)]}
    config = haproxy_config(
        balancing(target_group("low")), targets, ports={LISTENER: 1}, state=tmp_path / "balancer.state"
    )
    up = "4 low 1 i-1 127.0.0.1 2 0 1 1 30 6 3 4 6 0 0 0 - 8080 - 0 0 - - 0"
    moved = up.replace("8080", "9999").replace("i-1", "i-2")
    state = server_state(config, f"1\n# be_id ...\n{up}\n{moved}\n").splitlines()
    assert up in state
    new = next(line for line in state if " i-2 " in line).split()
    assert (new[5], new[18]) == ("0", "8081"), "down until its checks pass: the known state belongs to another address"
    assert not [line for line in state if ":open" in line], "a server without checks has no state"


BOUNDS = [5, 60, 600]


@pytest.mark.parametrize(
    ("status", "cache_control", "seconds"),
    [
        (200, "", 60),
        (200, "max-age=100", 100),
        (200, "max-age=1", 5),
        (200, "max-age=99999", 600),
        (200, "max-age=10, s-maxage=200", 200),
        (200, "s-maxage=0, max-age=200", 5),
        (200, "no-store", 5),
        (200, "private, max-age=100", 5),
        (301, "max-age=100", 100),
        (404, "", 10),
        (404, "no-store", 10),
        (404, "max-age=100", 100),
        (404, "max-age=1", 10),
        (503, "", 2),
        (503, "max-age=1", 2),
        (403, "", 0),
        (403, "max-age=100", 100),
        (401, "max-age=100", 0),
        (416, "", 0),
    ],
)
def test_how_long_cloudfront_keeps_a_response(tmp_path: Path, status: int, cache_control: str, seconds: int) -> None:
    """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ (Expiration, HTTPStatusCodes)."""
    declared = [{"errorCode": 503, "errorCachingMinTtl": 2}]
    for name, text in edge_files(delivering(customErrorResponses=declared), tmp_path).items():
        (tmp_path / name).write_text(text)
    arguments = json.dumps([status, cache_control, None, BOUNDS])
    script = tmp_path / "test.js"
    script.write_text(f"import edge from 'edge.js'; console.log(edge.lifetime.apply(null, {arguments}));")
    done = subprocess.run(["njs", "-p", tmp_path, script], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (str(seconds), "")


def test_the_edge_takes_the_next_port_where_one_is_taken() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        first = first_free_port(18080)
        taken.bind(("127.0.0.1", first))
        taken.listen()
        assert first_free_port(first) > first


def test_a_balancer_is_found_by_its_declared_port(tmp_path: Path) -> None:
    balancers = {("arn:home", 443): "127.0.0.1:1", ("arn:far", 80): "127.0.0.1:2", (BALANCER, 80): "127.0.0.1:3"}
    with pytest.raises(NotOnLaptop, match="origin 'pop-home' is neither a bucket nor a balancer"):
        edge_config(delivering(), port=1, s3="127.0.0.1:1", balancers=balancers, run_dir=tmp_path)
