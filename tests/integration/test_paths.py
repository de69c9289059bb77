"""A path has one spelling. The edge, the balancer and the node refuse every other spelling that some server
understands.

The declared distribution, load balancer and node run unchanged, with a bucket that would answer everything.
"""

import socket
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

import pytest
import requests

from local.serving.balancer import Balancer
from local.serving.edge import Edge
from local.serving.nodes import Node, Site
from tests.declared import whole
from tests.serving_kit import Origin, Reply, in_service, origins

OURS, THEIRS = "/v/6f/film-0/0123456789ab", "/v/c8/film-2/fedcba987654"
FILM = f"{OURS}/index_v720p_000000001.cmfv"
STOLEN = f"{THEIRS}/index_v720p_000000001.cmfv"
LEGAL = [
    FILM,
    f"{OURS}/index.m3u8",
    f"{OURS}/poster.0000000.jpg",
    f"{OURS}/a_b-C.9.vtt",
    f"/v/00/{'a' * 80}/0123456789ab/x",
]

# Paths that would open another title, the health check or the bucket with the cookie of one title, or without one.
CLIMBING = [
    f"{OURS}/{up * 3}{STOLEN[3:]}"
    for up in (
        *("../", "..%2f", "..%2F", "%2e%2e/", "%2E%2E%2F", ".%2e/", "%2e./", "..%5c", "..\\", ".../", "..;/", "..%00/"),
        *(
            "..%c0%af",
            "..%e0%80%af",
            "%c0%ae%c0%ae/",
            "..%252f",
            "%252e%252e%252f",
            "..//",
            "..%2f%2f",
            "./../",
            "..%3b/",
        ),
    )
] + [
    *(f"/v/a/{up}healthz" for up in ("../../", "..%2f..%2f", "%2e%2e/%2e%2e/", "..%2f..%2f/", "../..//")),
    *(f"/v/a/{up}healthz/write" for up in ("../../", "..%2f..%2f", "%2e%2e/%2e%2e/")),
    *(f"/v/a/{up}healthz/ok" for up in ("../../", "..%2f..%2f")),
    *(f"/api/{up}{STOLEN[1:]}" for up in ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "titles/../../", "..;/")),
    *(f"/api/{up}healthz" for up in ("..%2f", "../", "%2e%2e/")),
    *(f"/{up}{STOLEN[1:]}" for up in ("./", "../", "%2e/", "index.html/../", "index.html%2f..%2f", "x/..%2f")),
    *(f"{FILM}{end}" for end in ("/../poster.0.jpg", "%3f/poster.0.jpg", "/..%2fposter.0.jpg", "/poster.0.jpg")),
]
# Paths that are the same object for a server that decodes, but another entry in a cache.
RESPELLED = [
    f"/v/%36f{FILM[5:]}", f"/%76/6f{FILM[5:]}", f"/%56/6f{FILM[5:]}", f"/v%2f6f{FILM[5:]}", f"/v/6f%2f{FILM[6:]}",
    f"{OURS}/%69ndex.m3u8", f"{OURS}/index%2em3u8", f"{OURS}/index.m3u8%20", f"{OURS}/index.m3u8%00",
    f"{OURS}/index.m3u8%0a", f"{OURS}/x%0d%0aHost:%20elsewhere", f"{OURS}/index.m3u8%00.jpg", f"{OURS}/index.m3u8;a=b",
    f"{OURS};v=1/index.m3u8", f"{OURS}/index.m3u8/", f"{OURS}//index.m3u8", f"//v/6f{FILM[5:]}", f"/v//6f{FILM[5:]}",
    f"{OURS}/./index.m3u8", f"/./v/6f{FILM[5:]}", f"{OURS}/index..m3u8", f"{OURS}/.index.m3u8", f"{OURS}/index.m3u8.",
    f"{OURS}/..", f"{OURS}/.", f"{OURS}/", OURS, "/v/6f/film-0/", "/v/6f/", "/v/",
    f"{OURS}/index.m3u8~", f"{OURS}/index.m3u8+", f"{OURS}/index.m3u8$", f"{OURS}/index.m3u8@", f"{OURS}/a,b",
    f"{OURS}/a:b", f"{OURS}/a!b", f"{OURS}/a*b", f"{OURS}/a(b)", f"{OURS}/a'b", f"{OURS}/a|b", f"{OURS}/a^b",
    f"{OURS}/a%b", f"{OURS}/a%zz", f"{OURS}/%", f"{OURS}/%u002e", f"{OURS}/a\\b", f"{OURS}/a`b", f"{OURS}/a{{b}}",
    f"{OURS}/%ef%bc%8e%ef%bc%8e", f"{OURS}/%c3%a9.m3u8", f"{OURS}/index.m3u8%", f"{OURS}/sub/index.m3u8",
    FILM.replace("6f", "6F"), FILM.replace("6f", "6g"), FILM.replace("6f", "6"), FILM.replace("6f", "6ff"),
    FILM.replace("film-0", "Film-0"), FILM.replace("film-0", "film_0"), FILM.replace("film-0", "a" * 81),
    FILM.replace("0123456789ab", "0123456789AB"), FILM.replace("0123456789ab", "0123456789a"),
    FILM.replace("0123456789ab", "0123456789abc"), FILM.replace("0123456789ab", "0123456789ag"),
    "/%61pi/titles", "/api%2ftitles", "/api//titles", "/api/./titles", "/api/titles/", "/api/titles%00",
    "/api/titles;a=b",
]  # fmt: skip
# Bytes that are in no address. They are written as Latin-1, one character for each byte.
RAW = [f"{OURS}/\u00c0\u00ae\u00c0\u00ae/x", f"{OURS}/\u00c3\u00a9", f"{OURS}/a\x01b", f"{OURS}/a\x00b", f"{OURS}/a b"]
# Only a node must refuse these: the edge drops a query string, and a proxy may ask for a whole URL. The balancer sends
# a node neither.
NODE_ONLY = [
    f"{FILM}?a=b", f"{FILM}?", f"{FILM}#a", f"{FILM}??", f"http://elsewhere{FILM}", f"HTTP://x:80{FILM}", "*", "v/6f",
    f"{FILM}?/../../{STOLEN[3:]}", "/", "/index.html", "/api/titles", f"/V{FILM[2:]}", f"/x{FILM}", "/healthz?",
    "/healthz/", "/healthz/ok", "/nginx.conf",
]  # fmt: skip
SPELLINGS = [*CLIMBING, *RESPELLED, *RAW]


@dataclass
class Tier:
    edge: Edge
    balancer: str
    node: Node
    s3: Origin
    api: Origin

    def asked(self) -> list[str]:
        """The requests that reached a bucket or the API since the last call."""
        paths = [seen.path for seen in (*self.s3.seen, *self.api.seen)]
        self.s3.seen.clear()
        self.api.seen.clear()
        return paths


def status(address: str, target: str, method: str = "GET") -> int:
    """The status of the answer to an unchanged request line. 0 if the server only closed the connection."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    with closing(socket.create_connection((host, int(port)), timeout=20)) as connection:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", "", ""]
        connection.sendall("\r\n".join(lines).encode("latin-1"))
        words = connection.makefile("rb").readline().split()
    return int(words[1]) if words else 0


@pytest.fixture(scope="module")
def tier(tmp_path_factory: pytest.TempPathFactory) -> Generator[Tier]:
    run_dir = tmp_path_factory.mktemp("tier")
    (run_dir / "logs").mkdir()
    program = whole("local")
    resources = program.registrations
    template = program.of_type("aws:ec2/launchTemplate:LaunchTemplate")[0].inputs
    with origins(s3="127.0.0.1", api="127.0.0.1") as by_name:
        s3, api = by_name["s3"], by_name["api"]
        s3.default = api.default = Reply(body=b"opened")
        directory = run_dir / "node"
        site = Site("i-1", "zone", "127.195.0.1", directory, directory / "log", f"http://{s3.address}")
        node = Node(site, template["userData"])
        balancer = Balancer(resources, run_dir)
        edge = Edge(resources, run_dir, s3=s3.address, balancers=balancer.addresses)
        targets = {
            group.id: [("i-1", site.address, node.port)]
            if group.inputs["targetType"] == "instance"
            else [("api", api.host, api.port)]
            for group in program.of_type("aws:lb/targetGroup:TargetGroup")
        }
        try:
            node.start()
            balancer.serve(targets)
            edge.start()
            in_service(balancer, {"i-1", "api"})
            yield Tier(edge, next(iter(balancer.addresses.values())), node, s3, api)
        finally:
            edge.stop()
            balancer.stop()
            node.kill()


def test_there_are_more_than_a_hundred_spellings() -> None:
    assert len(set(SPELLINGS)) == len(SPELLINGS) > 100


@pytest.mark.parametrize("path", LEGAL)
def test_a_path_as_it_is_published_is_served_by_each(tier: Tier, path: str) -> None:
    for address in (tier.edge.url, tier.balancer, f"{tier.node.site.address}:{tier.node.port}"):
        assert status(address, path) == 200, address
    assert tier.asked()


@pytest.mark.parametrize(
    "path", ["/", "/index.html", "/robots.txt", "/api/titles", "/api/titles/film-0/play", "/assets/a-b_C.min.js"]
)
def test_the_page_and_the_api_are_served_by_the_edge(tier: Tier, path: str) -> None:
    assert status(tier.edge.url, path) == 200


@pytest.mark.parametrize("path", ["/films", "/watch/film-0", "/assets/", "/index.htm", "/favicon.ico"])
def test_a_person_reads_a_page_at_a_path_that_does_not_exist(tier: Tier, path: str) -> None:
    tier.asked()
    answer = requests.get(f"{tier.edge.url}{path}", timeout=20)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert '<a href="/">' in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert tier.asked() == []


def test_the_edge_refuses_every_other_spelling_and_asks_nobody(tier: Tier) -> None:
    tier.asked()
    got = {target: (status(tier.edge.url, target), tier.asked()) for target in SPELLINGS}
    assert {target: seen for target, seen in got.items() if seen not in ((404, []), (400, []), (0, []))} == {}


def test_the_balancer_refuses_it_too_and_no_second_origin_is_asked(tier: Tier) -> None:
    tier.asked()
    media = [target for target in SPELLINGS if not target.startswith(("/api/", "/a"))]
    got = {target: (status(tier.balancer, target), tier.asked()) for target in (*media, *NODE_ONLY[:2])}
    assert {target: seen for target, seen in got.items() if seen not in ((400, []), (0, []))} == {}


def test_the_node_refuses_it_too(tier: Tier) -> None:
    tier.asked()
    address = f"{tier.node.site.address}:{tier.node.port}"
    got = {target: (status(address, target), tier.asked()) for target in (*SPELLINGS, *NODE_ONLY)}
    assert {target: seen for target, seen in got.items() if seen not in ((400, []), (0, []))} == {}
    assert status(address, "/healthz") == 200
    assert status(address, "/healthz/write", "PUT") in {400, 404}


def test_one_object_is_one_entry_of_the_edges_cache(tier: Tier) -> None:
    tier.asked()
    assert {status(tier.edge.url, f"{OURS}/once.m4s{query}") for query in ("", "?a=b", "?/../x", "?")} == {200}
    assert len(tier.asked()) == 1
