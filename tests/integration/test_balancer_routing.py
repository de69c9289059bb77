"""HAProxy made from the declared load balancer does to a request what an Application Load Balancer does."""

import csv
import http.client
import re
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.serving.balancer import Balancer, Targets
from tests.serving_kit import (
    BALANCER,
    Origin,
    Reply,
    Resource,
    ask,
    balancing,
    in_service,
    log_of,
    origins,
    target_group,
)


@contextmanager
def balancer(run_dir: Path, resources: list[Resource], targets: Targets) -> Generator[tuple[Balancer, str]]:
    made = Balancer(resources, run_dir)
    made.serve(targets)
    try:
        yield made, made.addresses[BALANCER, 80]
    finally:
        made.stop()


@pytest.fixture
def nodes() -> Iterator[dict[str, Origin]]:
    with origins(one="127.0.0.1", two="127.0.0.1") as started:
        yield started


def target(origin: Origin) -> tuple[str, str, int]:
    return f"i-{origin.name}", origin.host, origin.port


def eventually_served_by(address: str, wanted: set[str], seconds: float = 60.0) -> set[str]:
    """The targets that answer ten requests. Repeats until they are the `wanted` ones or the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        served = {str(ask(address, "/v/0a").headers["X-Origin"]) for _ in range(10)}
        if served == wanted or time.monotonic() > deadline:
            return served
        time.sleep(0.1)


def test_each_hex_digit_goes_to_its_fleet(tmp_path: Path, nodes: dict[str, Origin]) -> None:
    resources = balancing(target_group("low"), target_group("high"))
    targets = {"arn:low": [target(nodes["one"])], "arn:high": [target(nodes["two"])]}
    with balancer(tmp_path, resources, targets) as (_, address):
        served = {digit: ask(address, f"/v/{digit}f/title").headers["X-Origin"] for digit in "0123456789abcdef"}
    assert served == {**dict.fromkeys("01234567", "one"), **dict.fromkeys("89abcdef", "two")}


def test_what_no_rule_names_gets_the_fixed_response(tmp_path: Path, nodes: dict[str, Origin]) -> None:
    with balancer(tmp_path, balancing(target_group("low")), {"arn:low": [target(nodes["one"])]}) as (_, address):
        got = ask(address, "/V/0a")
    assert (got.status, got.body) == (404, b'No "such" path\n')
    assert not nodes["one"].seen


def test_targets_take_turns_and_the_log_names_them(tmp_path: Path, nodes: dict[str, Origin]) -> None:
    targets = {"arn:low": [target(nodes["one"]), target(nodes["two"])]}
    with balancer(tmp_path, balancing(target_group("low")), targets) as (made, address):
        # Targets wait for their first checks, which do not all start at once. Before that no target is healthy, so all
        # of them get requests.
        in_service(made, {"i-one", "i-two"})
        for number in range(10):
            ask(address, f'/v/0b?n={number}"')
        lines = log_of(tmp_path / "logs/balancer.jsonl", "/v/0b?n=", 10)
    assert Counter(line["server"] for line in lines) == {"i-one": 5, "i-two": 5}
    assert set(lines[0]) == {"t", "trace", "method", "uri", "status", "bytes", "backend", "server", "ms"}
    assert (lines[0]["backend"], lines[0]["status"]) == ("low", 200)
    traces = [seen.headers["X-Amzn-Trace-Id"] for node in ("one", "two") for seen in nodes[node].asked("/v/0b")]
    assert sorted(traces) == sorted(line["trace"] for line in lines)
    assert all(re.fullmatch(r"Root=1-[0-9A-Fa-f]{8}-[0-9a-f]{24}", trace) for trace in traces)
    assert abs(lines[0]["t"] - time.time()) < 60


@pytest.mark.parametrize(
    ("reply", "status"),
    [(Reply(reset=True), 502), (Reply(delay=60), 504), (Reply(status=503), 503)],
    ids=["reset", "silent", "its own 503"],
)
def test_a_failing_target_is_not_hidden(tmp_path: Path, nodes: dict[str, Origin], reply: Reply, status: int) -> None:
    nodes["one"].replies["/v/0a"] = reply
    targets = {"arn:low": [target(nodes["one"])]}
    with balancer(tmp_path, balancing(target_group("low"), idle=1), targets) as (_, address):
        began = time.monotonic()
        got = ask(address, "/v/0a")
        took = time.monotonic() - began
        assert log_of(tmp_path / "logs/balancer.jsonl", "/v/0a", 1)[0]["status"] == status
    assert got.status == status
    assert took < 30, "the idle timeout was not kept"
    assert len(nodes["one"].asked("/v/0a")) == 1, "an ALB does not try again"


def test_a_refused_connection_is_a_502_and_no_target_a_503(tmp_path: Path) -> None:
    absent = Origin(name="absent")
    with balancer(tmp_path, balancing(target_group("low")), {"arn:low": [target(absent)]}) as (made, address):
        assert ask(address, "/v/0a").status == 502
        servers = csv.DictReader(made._ask("@1 show stat").removeprefix("# ").splitlines())
        assert {row["wretr"] for row in servers if row["svname"].startswith("i-absent")} == {"0"}, "it was tried again"
        made.serve({})
        assert ask(address, "/v/0a").status == 503
        assert [line["status"] for line in log_of(tmp_path / "logs/balancer.jsonl", "/v/0a", 2)] == [502, 503]


def test_only_healthy_targets_serve_and_all_do_when_none_is_healthy(tmp_path: Path, nodes: dict[str, Origin]) -> None:
    targets = {"arn:low": [target(nodes["one"]), target(nodes["two"])]}
    nodes["two"].replies["/healthz"] = Reply(status=500)
    with balancer(tmp_path, balancing(target_group("low")), targets) as (_, address):
        assert eventually_served_by(address, {"one"}) == {"one"}
        nodes["one"].replies["/healthz"] = Reply(status=500)
        assert eventually_served_by(address, {"one", "two"}) == {"one", "two"}
        del nodes["two"].replies["/healthz"]
        assert eventually_served_by(address, {"two"}) == {"two"}


def test_a_reload_remembers_who_was_unhealthy(tmp_path: Path, nodes: dict[str, Origin]) -> None:
    with origins(third="127.0.0.1") as more:
        nodes["two"].replies["/healthz"] = more["third"].replies["/healthz"] = Reply(status=500)
        targets = {"arn:low": [target(nodes["one"]), target(nodes["two"])]}
        with balancer(tmp_path, balancing(target_group("low")), targets) as (made, address):
            assert eventually_served_by(address, {"one"}) == {"one"}
            made.serve({"arn:low": [*targets["arn:low"], target(more["third"])]})
            assert {ask(address, "/v/0a").headers["X-Origin"] for _ in range(10)} == {"one"}


def test_changing_the_targets_under_load_loses_nothing(tmp_path: Path, nodes: dict[str, Origin]) -> None:
    first, second = target(nodes["one"]), target(nodes["two"])
    wrong: list[str] = []
    asked: Counter[str] = Counter()
    over = threading.Event()

    def viewer(address: str) -> None:
        connection = http.client.HTTPConnection(address, timeout=60)
        while not over.is_set():
            for path in ("/v/0a", "/v/0b"):
                try:
                    connection.request("GET", path)
                    response = connection.getresponse()
                    response.read()
                except http.client.RemoteDisconnected:
                    # The old worker closed a connection that was idle; nothing was sent on it. CloudFront, and nginx in
                    # its place, open another one.
                    connection.close()
                    asked["reconnected"] += 1
                    continue
                except OSError as error:
                    wrong.append(repr(error))
                    return
                asked[str(response.status)] += 1
                if response.status != 200:
                    wrong.append(f"{response.status}")

    with balancer(tmp_path, balancing(target_group("low")), {"arn:low": [first]}) as (made, address):
        viewers = [threading.Thread(target=viewer, args=(address,)) for _ in range(4)]
        for thread in viewers:
            thread.start()
        for targets in ([first, second], [second], [second, first], [first]):
            made.serve({"arn:low": targets})
            time.sleep(0.1)
        over.set()
        for thread in viewers:
            thread.join()
    assert not wrong
    assert asked["200"] > 50
    # Each of 4 reloads closes at most the 4 connections of these viewers.
    assert asked["reconnected"] <= 4 * 4


def test_a_request_in_flight_outlives_its_targets_deregistration(tmp_path: Path, nodes: dict[str, Origin]) -> None:
    nodes["one"].replies["/v/0a"] = Reply(delay=2)
    with balancer(tmp_path, balancing(target_group("low")), {"arn:low": [target(nodes["one"])]}) as (made, at):
        got: list[int] = []
        slow = threading.Thread(target=lambda: got.append(ask(at, "/v/0a").status))
        slow.start()
        deadline = time.monotonic() + 60
        while not nodes["one"].asked("/v/0a"):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        made.serve({"arn:low": [target(nodes["two"])]})
        assert ask(at, "/v/0b").headers["X-Origin"] == "two"
        slow.join()
    assert got == [200]


def test_the_same_targets_again_do_not_reload(tmp_path: Path, nodes: dict[str, Origin]) -> None:
    with balancer(tmp_path, balancing(target_group("low")), {"arn:low": [target(nodes["one"])]}) as (made, _):
        written = (tmp_path / "balancer.cfg").stat().st_mtime_ns
        made.serve({"arn:low": [target(nodes["one"])]})
        assert (tmp_path / "balancer.cfg").stat().st_mtime_ns == written


def test_no_process_is_left_behind(tmp_path: Path, nodes: dict[str, Origin]) -> None:
    with balancer(tmp_path, balancing(target_group("low")), {"arn:low": [target(nodes["one"])]}) as (made, address):
        made.serve({"arn:low": [target(nodes["two"])]})
        assert ask(address, "/v/0a").status == 200
    assert not made.process.alive()
    with pytest.raises(ConnectionRefusedError):
        ask(address, "/v/0a")
