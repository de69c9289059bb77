"""Edge, balancer and nodes together: no viewer notices when nodes die."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.serving.balancer import Balancer
from local.serving.edge import Edge
from tests.serving_kit import BALANCER, Reply, ask, balancing, delivering, in_service, log_of, origins, target_group


def test_no_request_fails_while_a_node_and_then_a_fleet_dies(tmp_path: Path) -> None:
    with origins(s3="127.0.0.1", one="127.0.0.1", two="127.0.0.1") as by_name:
        one, two, s3 = by_name["one"], by_name["two"], by_name["s3"]
        for origin in by_name.values():
            origin.default = Reply(body=b"segment", headers={"Cache-Control": "max-age=60"})
        balancer = Balancer(balancing(target_group("fleet")), tmp_path)
        balancer.serve({"arn:fleet": [("i-1", one.host, one.port), ("i-2", two.host, two.port)]})
        home = balancer.addresses[BALANCER, 80]
        edge = Edge(delivering(), tmp_path, s3=s3.address, balancers={("arn:home", 80): home, ("arn:far", 80): home})
        edge.start()
        log = tmp_path / "logs/edge.jsonl"

        def read(count: int, name: str) -> int:
            """Read `count` new segments at once. All must succeed. Returns how many failed over to the bucket."""
            paths = [f"/v/0a/{name}-{number}.m4s" for number in range(count)]
            with ThreadPoolExecutor(4) as viewers:
                got = list(viewers.map(ask, [edge.url] * count, paths))
            assert {(item.status, item.body) for item in got} == {(200, b"segment")}, name
            return sum(line["failover"] for line in log_of(log, f"/v/0a/{name}-", count))

        try:
            assert read(40, "healthy") == 0
            in_service(balancer, {"i-1", "i-2"})
            # It still passes its health checks, so it gets its share of requests.
            one.replies["/healthz"], one.default = Reply(), Reply(reset=True)
            assert read(40, "dying") > 0
            one.stop()
            in_service(balancer, {"i-2"})
            assert read(40, "survivor") == 0
            two.stop()
            assert read(40, "bucket") == 40
            one.default = two.default
            one.start()
            two.start()
            in_service(balancer, {"i-1", "i-2"})
            assert read(40, "back") == 0
        finally:
            edge.stop()
            balancer.stop()
