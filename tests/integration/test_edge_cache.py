"""nginx, configured from the declared distribution, caches as CloudFront does."""

import gzip
import time
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from components.edge import functions
from tests.integration.edge_bench import Tier, tier
from tests.serving_kit import (
    FAILOVER,
    Reply,
    Seen,
    ask,
    behaviour,
    cache_policy,
    delivering,
    function,
    headers_policy,
    log_of,
    request_policy,
)

TEXT = b"#EXTM3U\n" + b"segment.m4s\n" * 200
VERSION = "/v/00/film/0123456789ab"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Generator[Tier]:
    """An edge for all tests that do not need their own. Each test uses different paths."""
    with tier(tmp_path_factory.mktemp("edge"), delivering()) as made:
        yield made


def test_a_second_viewer_is_served_from_the_cache(shared: Tier) -> None:
    first, second = shared.get("/v/00/hit.m4s"), shared.get("/v/00/hit.m4s")
    assert (first.cache, second.cache) == ("Miss", "Hit")
    assert first.body == second.body == b"hello"
    assert len(shared.home.asked("/v/00/hit.m4s")) == 1
    assert first.headers["Age"] is None
    assert int(second.headers["Age"]) < 5
    assert first.headers["Via"].endswith("(CloudFront)")
    assert first.headers["X-Amz-Cf-Id"] != second.headers["X-Amz-Cf-Id"]


def test_the_log_says_who_answered(shared: Tier) -> None:
    shared.s3.replies["/media-bucket/v/00/logged.m4s"] = Reply(body=b"from the bucket")
    shared.home.replies["/v/00/logged.m4s"] = Reply(status=404)
    first = shared.get("/v/00/logged.m4s?a=%22", Referer="https://films.example/?view=0a1b")
    shared.get("/v/00/logged.m4s")
    missed, hit = log_of(shared.log, "/v/00/logged.m4s", 2)
    assert missed | {"t": 0, "ms": 0, "bytes": 0} == {
        **{"t": 0, "ms": 0, "bytes": 0, "method": "GET", "uri": "/v/00/logged.m4s?a=%22", "status": 200},
        **{"cache": "Miss", "origin": "media", "failover": True},
        **{"request": first.headers["X-Amz-Cf-Id"], "referer": "https://films.example/?view=0a1b"},
    }
    assert "Referer" not in shared.s3.asked("/media-bucket/v/00/logged.m4s")[0].headers
    assert (hit["cache"], hit["origin"], hit["failover"]) == ("Hit", None, False)
    assert abs(missed["t"] - time.time()) < 60
    assert missed["bytes"] > len(b"from the bucket")


def test_the_page_is_the_default_root_object_of_its_bucket(shared: Tier) -> None:
    assert shared.get("/").status == 200
    (seen,) = shared.s3.asked("/site-bucket/index.html")
    assert seen.headers["Host"] == "site-bucket.s3.us-east-1.amazonaws.com"
    assert seen.headers["User-Agent"] == "Amazon CloudFront"


@pytest.mark.parametrize("status", FAILOVER)
def test_a_declared_status_falls_over_to_the_bucket(shared: Tier, status: int) -> None:
    path = f"/v/00/status-{status}.m4s"
    shared.home.replies[path] = Reply(status=status, headers={"Cache-Control": "max-age=100"})
    shared.s3.replies[f"/media-bucket{path}"] = Reply(body=b"bucket", headers={"Cache-Control": "no-store"})
    assert [shared.get(path).body for _ in range(2)] == [b"bucket"] * 2
    # The failed origin's caching headers must not apply to the other origin's answer.
    assert len(shared.s3.asked(f"/media-bucket{path}")) == 2


def test_what_the_bucket_answered_in_the_others_place_is_cached(shared: Tier) -> None:
    # A 403 is not cached. That must not apply to the answer that replaces it.
    shared.home.replies["/v/00/replica-lags.m4s"] = Reply(status=403)
    assert [shared.get("/v/00/replica-lags.m4s").cache for _ in range(2)] == ["Miss", "Hit"]


def test_another_status_does_not_fall_over(shared: Tier) -> None:
    shared.home.replies["/v/00/gone.m4s"] = Reply(status=410, body=b"gone")
    got = shared.get("/v/00/gone.m4s")
    assert (got.status, got.cache, got.body) == (410, "Error", b"gone")
    assert not shared.s3.asked("/media-bucket/v/00/gone.m4s")


@pytest.mark.parametrize(
    ("name", "reply", "seconds"), [("reset", Reply(reset=True), 2.5), ("silent", Reply(delay=60), 30)]
)
def test_an_origin_that_fails_falls_over_in_time(shared: Tier, name: str, reply: Reply, seconds: float) -> None:
    shared.home.replies[f"/v/00/{name}.m4s"] = reply
    shared.s3.replies[f"/media-bucket/v/00/{name}.m4s"] = Reply(body=b"bucket")
    began = time.monotonic()
    assert shared.get(f"/v/00/{name}.m4s").body == b"bucket"
    assert time.monotonic() - began < seconds
    # One attempt is declared. A second is allowed, since the first may have been on a connection that just closed.
    assert len(shared.home.asked(f"/v/00/{name}.m4s")) <= 2


def test_when_both_fail_the_second_answer_is_the_viewers(shared: Tier) -> None:
    shared.home.replies["/v/00/none.m4s"] = Reply(status=503)
    shared.s3.replies["/media-bucket/v/00/none.m4s"] = Reply(status=404, body=b"no such key")
    got = shared.get("/v/00/none.m4s")
    assert (got.status, got.body, got.cache) == (404, b"no such key", "Error")


def test_an_origin_that_refuses_falls_over_and_the_api_does_not(tmp_path: Path) -> None:
    with tier(tmp_path, delivering()) as made:
        made.home.stop()
        assert made.get("/v/00/a.m4s").headers["X-Origin"] == "s3"
        assert made.get("/api/titles").status == 503, "CloudFront's word for an origin it cannot connect to"
        assert log_of(made.log, "/api/titles", 1)[0]["failover"] is False


def test_a_post_is_sent_once_and_never_elsewhere(shared: Tier) -> None:
    shared.home.replies["/api/play"] = Reply(reset=True)
    assert shared.send("POST", "/api/play", b"{}").status == 502
    assert len(shared.home.asked("/api/play")) == 1
    assert not shared.s3.asked("/media-bucket/api/play")


def test_methods_that_are_not_allowed_are_refused_at_the_edge(shared: Tier) -> None:
    for method in ("POST", "OPTIONS", "DELETE"):
        assert shared.send(method, "/v/00/method.m4s").status == 403
    assert not shared.home.asked("/v/00/method.m4s")


def test_concurrent_misses_become_one_request(shared: Tier) -> None:
    shared.home.replies["/v/00/popular.m4s"] = Reply(body=b"x" * 100_000, delay=0.3)
    with ThreadPoolExecutor(100) as viewers:
        got = list(viewers.map(shared.get, ["/v/00/popular.m4s"] * 100))
    assert {(item.status, len(item.body)) for item in got} == {(200, 100_000)}
    assert len(shared.home.asked("/v/00/popular.m4s")) == 1
    assert Counter(item.cache for item in got) == {"Hit": 99, "Miss": 1}


def test_a_viewers_token_neither_splits_the_cache_nor_reaches_the_origin(shared: Tier) -> None:
    assert shared.get("/v/00/token.m4s?token=1", Cookie="id=1", X_Session="1").cache == "Miss"
    assert shared.get("/v/00/token.m4s?token=2", Cookie="id=2", X_Session="2").cache == "Hit"
    (seen,) = shared.home.asked("/v/00/token.m4s")
    assert seen.path == "/v/00/token.m4s"
    assert not [name for name in ("Cookie", "X-Session", "Accept") if name in seen.headers]


def test_the_path_reaches_the_origin_as_the_viewer_wrote_it(shared: Tier) -> None:
    for path in ("/v/00/a%2Fb%20c%C3%A9.m4s", "/v/00//double.m4s", "/v/00/../00/up.m4s", "/v/00/q%3Fm.m4s"):
        assert shared.get(path).status == 200
        assert shared.home.asked(path), f"{path} was rewritten"


def test_a_doubled_slash_is_part_of_the_path_that_behaviours_match(shared: Tier) -> None:
    assert shared.get("//api/titles").headers["X-Origin"] == "s3"


def test_head_and_get_share_an_object(shared: Tier) -> None:
    head = shared.send("HEAD", "/v/00/head.m4s")
    assert (head.status, head.headers["Content-Length"], head.body) == (200, "5", b"")
    assert shared.get("/v/00/head.m4s").cache == "Hit"


def test_a_range_of_a_cold_object_is_cut_from_one_fetch_of_it(shared: Tier) -> None:
    shared.home.replies["/v/00/range.m4s"] = Reply(headers={"Accept-Ranges": "bytes"})
    got = shared.get("/v/00/range.m4s", Range="bytes=1-3")
    assert (got.status, got.body, got.headers["Content-Range"]) == (206, b"ell", "bytes 1-3/5")
    assert shared.get("/v/00/range.m4s").cache == "Hit"
    (seen,) = shared.home.asked("/v/00/range.m4s")
    assert "Range" not in seen.headers


def test_manifests_are_compressed_for_those_who_take_it_and_segments_are_not(shared: Tier) -> None:
    headers = {"Content-Type": "application/vnd.apple.mpegurl"}
    for name in ("index.m3u8", "text.m4s"):
        shared.home.replies[f"/v/00/{name}"] = Reply(body=TEXT, headers=headers)
    packed = shared.get("/v/00/index.m3u8", Accept_Encoding="gzip, deflate")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == TEXT
    assert packed.headers["Vary"] == "Accept-Encoding"
    plain = shared.get("/v/00/index.m3u8")
    assert (plain.headers["Content-Encoding"], plain.body) == (None, TEXT)
    assert [seen.headers.get("Accept-Encoding") for seen in shared.home.asked("/v/00/index.m3u8")] == ["gzip", None]
    assert shared.get("/v/00/text.m4s", Accept_Encoding="gzip").headers["Content-Encoding"] is None


def test_the_api_sees_the_viewer_and_is_never_cached(shared: Tier) -> None:
    shared.home.default = lambda seen: Reply(body=seen.body or b"list", headers={"Cache-Control": "max-age=600"})
    for _ in range(2):
        got = shared.get("/api/titles?b=A%20B&a=1&b=C&flag", Cookie="a=1; b=2", Accept="application/json")
        assert got.cache == "Miss"
    seen = shared.home.asked("/api/titles")
    assert len(seen) == 2
    assert seen[0].path == "/api/titles?b=A%20B&a=1&b=C&flag"
    assert (seen[0].headers["Cookie"], seen[0].headers["Accept"]) == ("a=1; b=2", "application/json")
    assert seen[0].headers["Host"] == "home.elb.amazonaws.com"
    assert seen[0].headers["X-Forwarded-For"] == "127.0.0.1"
    assert not [name for name in seen[0].headers if name.lower().startswith("x-edge")]
    assert shared.send("POST", "/api/echo", b"body", **{"Content-Type": "text/plain"}).body == b"body"


def test_an_origins_cookies_and_vary_do_not_split_or_stop_the_cache(shared: Tier) -> None:
    headers = {"Set-Cookie": "id=1", "Vary": "Origin, Accept-Encoding", "X-Accel-Expires": "0", "X-Accel-Redirect": "/"}
    shared.home.replies["/v/00/vary.m4s"] = Reply(headers=headers)
    first, second = shared.get("/v/00/vary.m4s", Origin="https://a"), shared.get("/v/00/vary.m4s", Origin="https://b")
    assert second.cache == "Hit"
    assert first.headers["Set-Cookie"] is second.headers["Set-Cookie"] is None


def test_an_api_that_gets_cookies_may_set_them(shared: Tier) -> None:
    shared.home.replies["/api/sign"] = Reply(headers={"Set-Cookie": "id=1"})
    assert shared.get("/api/sign").headers["Set-Cookie"] == "id=1"


def test_a_missing_object_is_remembered_for_ten_seconds_and_a_forbidden_one_is_not(shared: Tier) -> None:
    for name, status, times in (("404.m4s", 404, 1), ("403.m4s", 403, 3), ("401.m4s", 401, 3)):
        shared.home.replies[f"/v/00/again-{name}"] = Reply(status=status)
        shared.s3.replies[f"/media-bucket/v/00/again-{name}"] = Reply(status=status)
        assert {shared.get(f"/v/00/again-{name}").status for _ in range(3)} == {status}
        assert len(shared.home.asked(f"/v/00/again-{name}")) == times, name


def test_declared_error_caching_is_kept(tmp_path: Path) -> None:
    declared = [{"errorCode": 404, "errorCachingMinTtl": 0}, {"errorCode": 500, "errorCachingMinTtl": 3}]
    with tier(tmp_path, delivering(customErrorResponses=declared)) as made:
        for status, times in ((404, 3), (500, 1)):
            made.s3.replies[f"/site-bucket/{status}"] = Reply(status=status)
            assert {made.get(f"/{status}").status for _ in range(3)} == {status}
            assert len(made.s3.asked(f"/site-bucket/{status}")) == times
        time.sleep(4.1)
        made.s3.replies["/site-bucket/500"] = Reply()
        assert made.get("/500").status == 200


def test_an_expired_object_is_revalidated_and_served_stale_while_the_origins_are_down(tmp_path: Path) -> None:
    def answer(seen: Seen) -> Reply:
        headers = {"ETag": '"1"', "Cache-Control": "max-age=1"}
        return Reply(status=304 if seen.headers.get("If-None-Match") else 200, headers=headers)

    with tier(tmp_path, delivering()) as made:
        made.home.default = answer
        assert made.get("/v/00/a.m4s").cache == "Miss"
        time.sleep(2.1)
        assert made.get("/v/00/a.m4s").cache == "RefreshHit"
        made.home.stop()
        made.s3.stop()
        time.sleep(2.1)
        stale = made.get("/v/00/a.m4s")
        assert (stale.status, stale.cache, stale.body) == (200, "Hit", b"hello")
        assert made.get("/v/00/b.m4s").status == 503
        made.home.start()
        made.home.default = made.s3.default = Reply(status=404)
        made.s3.start()
        assert made.get("/v/00/a.m4s").status == 404, "only a 5xx or silence is covered up"


def test_what_a_policy_puts_in_the_key_splits_the_cache_and_reaches_the_origin(tmp_path: Path) -> None:
    keyed = cache_policy(
        "keyed",
        queryStringsConfig={"queryStringBehavior": "whitelist", "queryStrings": {"items": ["w"]}},
        headersConfig={"headerBehavior": "whitelist", "headers": {"items": ["X-Lang"]}},
        cookiesConfig={"cookieBehavior": "whitelist", "cookies": {"items": ["who"]}},
    )
    sent = request_policy(
        "sent",
        queryStringsConfig={"queryStringBehavior": "allExcept", "queryStrings": {"items": ["secret"]}},
        headersConfig={"headerBehavior": "whitelist", "headers": {"items": ["Host", "User-Agent"]}},
    )
    resources = delivering(
        *(keyed, sent),
        defaultCacheBehavior=behaviour("api", cachePolicyId="keyed", originRequestPolicyId="sent"),
    )
    with tier(tmp_path, resources) as made:
        asked = [
            ("/p?w=1&x=1&secret=s", {"X-Lang": "en", "Cookie": "who=me; id=1"}, "Miss"),
            ("/p?x=2&w=1", {"X-Lang": "en", "Cookie": "id=2; who=me"}, "Hit"),
            ("/p?w=2", {"X-Lang": "en", "Cookie": "who=me"}, "Miss"),
            ("/p?w=1", {"X-Lang": "de", "Cookie": "who=me"}, "Miss"),
            ("/p?w=1", {"X-Lang": "en", "Cookie": "who=you"}, "Miss"),
        ]
        for path, headers, cache in asked:
            assert ask(made.edge.url, path, headers=headers).cache == cache, (path, headers)
        first = made.home.seen[0]
        assert (first.path, first.headers["Cookie"], first.headers["X-Lang"]) == ("/p?w=1&x=1", "who=me", "en")
        assert first.headers["Host"] == made.edge.url.removeprefix("http://")
        assert first.headers.get("User-Agent") is None, "the viewer sent none"


def test_response_headers_are_set_or_left_as_declared(tmp_path: Path) -> None:
    policy = headers_policy(
        "headers",
        securityHeadersConfig={
            "strictTransportSecurity": {"accessControlMaxAgeSec": 60, "includeSubdomains": True, "override": True},
            "contentTypeOptions": {"override": True},
            "frameOptions": {"frameOption": "DENY", "override": False},
        },
    )
    site = behaviour("site", responseHeadersPolicyId="headers")
    with tier(tmp_path, delivering(policy, defaultCacheBehavior=site)) as made:
        made.s3.default = Reply(headers={"X-Frame-Options": "SAMEORIGIN"})
        for _ in ("miss", "hit"):
            got = made.get("/a").headers
            assert got["Strict-Transport-Security"] == "max-age=60; includeSubDomains"
            assert got["X-Content-Type-Options"] == "nosniff"
            assert got["X-Frame-Options"] == "SAMEORIGIN", "override is off"


def test_browsers_may_keep_a_rendition_wherever_it_came_from_and_no_error(tmp_path: Path) -> None:
    lasting = function("lasting", Path(functions.__file__).with_name("lasting.js").read_text())
    associated = [{"eventType": "viewer-response", "functionArn": "arn:lasting"}]
    media = behaviour("site", "/v/*", functionAssociations=associated)
    with tier(tmp_path, delivering(lasting, orderedCacheBehaviors=[media])) as made:
        made.s3.default = Reply(headers={"ETag": '"a"', "Accept-Ranges": "bytes"})
        answers = [made.get("/v/a"), made.get("/v/a"), made.get("/v/a", Range="bytes=0-1")]
        answers.append(made.get("/v/a", **{"If-None-Match": '"a"'}))
        assert [answer.status for answer in answers] == [200, 200, 206, 304]
        assert {answer.headers["Cache-Control"] for answer in answers} == {"public, max-age=31536000, immutable"}
        for status in (403, 404, 500):
            made.s3.default = Reply(status=status)
            answer = made.get(f"/v/{status}")
            assert (answer.status, answer.headers.get("Cache-Control")) == (status, None)
