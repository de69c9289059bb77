"""The edge runs the declared functions as CloudFront does, and knows a viewer's country."""

from pathlib import Path

import pytest

import local.serving.edge as edges
from components.edge.viewer_request import viewer_request_code
from local.serving.edge import milliseconds
from tests.integration.edge_bench import tier
from tests.serving_kit import (
    DISABLED,
    FAILOVER,
    Reply,
    behaviour,
    delivering,
    function,
    request_policy,
)

VERSION = "/v/00/film/0123456789ab"


def test_functions_rewrite_answer_and_fail_as_on_cloudfront(tmp_path: Path) -> None:
    code = """
    function handler(event) {
        const request = event.request;
        if (request.uri === '/page') { request.uri = '/page.html'; request.querystring.added = { value: '1' }; }
        if (request.uri === '/moved') {
            const cookies = { seen: { value: '1', attributes: 'Path=/' } };
            const headers = { location: { value: '/to?' + request.querystring.a.multiValue[1].value } };
            return { statusCode: 301, headers: headers, cookies: cookies };
        }
        if (request.uri === '/throws') { throw new Error('no'); }
        if (request.uri === '/header') { request.headers['x-new'] = { value: '1' }; }
        if (request.uri === '/relative') { request.uri = 'relative'; }
        return request;
    }"""
    everything = {"queryStringsConfig": {"queryStringBehavior": "all"}}
    site = behaviour(
        "site",
        originRequestPolicyId="all-queries",
        functionAssociations=[{"eventType": "viewer-request", "functionArn": "arn:rewrite"}],
    )
    resources = delivering(
        *(function("rewrite", code), request_policy("all-queries", **everything)),
        defaultCacheBehavior=site,
    )
    with tier(tmp_path, resources) as made:
        made.get("/page?q=%41")
        assert made.s3.seen[0].path == "/site-bucket/page.html?q=%41&added=1"
        moved = made.get("/moved?a=x&a=b")
        assert (moved.status, moved.headers["Location"], moved.cache) == (301, "/to?b", "FunctionGeneratedResponse")
        assert moved.headers["Set-Cookie"] == "seen=1; Path=/"
        assert (made.get("/throws").status, made.get("/throws").cache) == (503, "FunctionExecutionError")
        for path in ("/header", "/relative"):
            assert (made.get(path).status, made.get(path).cache) == (502, "FunctionValidationError")
        assert len(made.s3.seen) == 1


@pytest.mark.parametrize(
    ("code", "served"),
    [
        ("cf.selectRequestOriginById('pop-far')", "far"),
        ("cf.createRequestOriginGroup({originIds: [{originId: 'pop-far'}, {originId: 'media'}], %s})", "far"),
        ("cf.createRequestOriginGroup({originIds: ['pop-far', 'media'], %s})", "far"),
        ("cf.selectRequestOriginById('pop-mars')", "FunctionExecutionError"),
        ("cf.updateRequestOrigin({domainName: 'example.com'})", "FunctionExecutionError"),
        (
            "cf.createRequestOriginGroup({originIds: ['pop-far', 'media'], failoverCriteria: {statusCodes: [500]}})",
            "Fun",
        ),
    ],
    ids=["origin", "group", "group by name", "unknown origin", "updated origin", "codes of no declared group"],
)
def test_a_function_chooses_the_origin(tmp_path: Path, code: str, served: str) -> None:
    criteria = f"failoverCriteria: {{statusCodes: {FAILOVER}}}"
    body = f"{code.replace('%s', criteria)}; return event.request;"
    text = f"import cf from 'cloudfront';\nfunction handler(event) {{ {body} }}"
    associated = [{"eventType": "viewer-request", "functionArn": "arn:choose"}]
    declared = [behaviour("pop-home-or-media", "/v/*", functionAssociations=associated)]
    with tier(tmp_path, delivering(function("choose", text), orderedCacheBehaviors=declared)) as made:
        got = made.get("/v/00/a.m4s")
        assert (got.headers["X-Origin"] or got.cache).startswith(served)
        assert not made.home.seen
        if "Group" in code and served == "far":
            made.far.stop()
            assert made.get("/v/00/b.m4s").headers["X-Origin"] == "s3"


@pytest.mark.parametrize(
    ("country", "policy", "served"), [("JP", "country", "far"), ("US", "country", "home"), ("JP", "", "home")]
)
def test_a_viewer_is_sent_to_the_nearest_point_of_presence(
    tmp_path: Path, country: str, policy: str, served: str
) -> None:
    regions = ["us-east-1", "ap-northeast-1"]
    code = viewer_request_code(home="us-east-1", regions=regions, failover_status=FAILOVER)
    # The test has its own names for the origins.
    nearest = function("nearest", code.replace('"ap-northeast-1"', '"far"'))
    header = {"headerBehavior": "whitelist", "headers": {"items": ["CloudFront-Viewer-Country"]}}
    associated = [{"eventType": "viewer-request", "functionArn": "arn:nearest"}]
    segments = behaviour(
        "pop-home-or-media", "/v/*", functionAssociations=associated, originRequestPolicyId=policy or None
    )
    resources = delivering(nearest, request_policy("country", headersConfig=header), orderedCacheBehaviors=[segments])
    with tier(tmp_path, resources, country) as made:
        # A header that the viewer sets has no effect.
        assert made.get(f"{VERSION}/a.m4s", CloudFront_Viewer_Country="FR").headers["X-Origin"] == served
        assert made.get(f"{VERSION}/a.m4s").cache == "Hit"
        made.far.stop()
        assert made.get(f"{VERSION}/b.m4s").headers["X-Origin"] == ("s3" if served == "far" else served)


def test_a_function_cannot_make_a_write_fall_over(tmp_path: Path) -> None:
    criteria = f"failoverCriteria: {{ statusCodes: {FAILOVER} }}"
    group = f"cf.createRequestOriginGroup({{ originIds: ['pop-far', 'media'], {criteria} }});"
    text = f"import cf from 'cloudfront';\nfunction handler(event) {{ {group} return event.request; }}"
    associated = [{"eventType": "viewer-request", "functionArn": "arn:choose"}]
    api = behaviour(
        "api", "/api/*", allowedMethods=["GET", "DELETE"], cachePolicyId=DISABLED, functionAssociations=associated
    )
    with tier(tmp_path, delivering(function("choose", text), orderedCacheBehaviors=[api])) as made:
        made.far.default = Reply(status=500)
        assert made.get("/api/a").headers["X-Origin"] == "s3"
        assert made.send("DELETE", "/api/b").headers["X-Origin"] == "far"


def test_a_country_that_is_not_served_gets_nothing(tmp_path: Path) -> None:
    geo = {"geoRestriction": {"restrictionType": "blacklist", "locations": ["FR"]}}
    with tier(tmp_path, delivering(restrictions=geo), country="FR") as made:
        assert made.get("/").status == 403
        assert not made.s3.seen


def test_a_viewer_may_choose_a_country_and_origins_do_not_see_how(tmp_path: Path) -> None:
    header = {"headerBehavior": "whitelist", "headers": {"items": ["CloudFront-Viewer-Country"]}}
    segments = behaviour("pop-home-or-media", "/v/*", originRequestPolicyId="country")
    resources = delivering(request_policy("country", headersConfig=header), orderedCacheBehaviors=[segments])
    with tier(tmp_path, resources) as made:
        page = made.get("/?laptop-country=GB")
        assert page.headers["Set-Cookie"] == "laptop-country=GB; Path=/; SameSite=Lax"
        assert "laptop-country" not in made.s3.seen[-1].path
        assert made.get("/?laptop-country=GB&x=1").headers["Set-Cookie"]
        for country, said in (
            ("GB", {"Cookie": "a=b; laptop-country=GB"}),
            ("US", {}),
            ("US", {"Cookie": "xlaptop-country=FR"}),
        ):
            made.get("/v/00/place.m4s", **said)
            seen = made.home.asked("/v/00/place.m4s")[-1]
            assert seen.headers["CloudFront-Viewer-Country"] == country
            assert "laptop-country" not in str(seen.headers.items())
        # Each country has its own edge location, and so its own cache.
        assert len(made.home.asked("/v/00/place.m4s")) == 2


def test_the_page_hears_of_countries_only_where_there_is_a_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(_country: str, _region: str) -> int:
        return 0

    monkeypatch.setattr(edges, "milliseconds", nothing)  # the origins of this test are in no region
    near, far = tmp_path / "near", tmp_path / "far"
    with tier(near, delivering()) as made:
        assert "Set-Cookie" not in made.get("/").headers
        stale = made.get("/", Cookie="laptop-countries=US.GB")
        assert stale.headers["Set-Cookie"] == "laptop-countries=; Path=/; SameSite=Lax"
    with tier(far, delivering(), far=True) as made:
        offered = "laptop-countries=US.GB.SG.BR"
        assert made.get("/").headers["Set-Cookie"] == f"{offered}; Path=/; SameSite=Lax"
        assert "Set-Cookie" not in made.get("/", Cookie=f"a=b; {offered}").headers
        assert "laptop-countries" not in str(made.s3.seen[-1].headers.items())


def test_distance_costs_time() -> None:
    # The round trip to a region some thousand kilometres away, and to one on the other side of the world.
    assert milliseconds("US", "us-east-1") < 30
    assert 140 < milliseconds("SG", "us-east-1") < 180
