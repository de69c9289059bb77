"""The edge's own process: how it starts, dies, and takes another declaration up."""

import threading
from pathlib import Path

import pytest

from local.serving.edge import Edge, first_free_port
from tests.integration.edge_bench import tier
from tests.serving_kit import (
    ask,
    delivering,
    origins,
)


def test_a_port_that_is_taken_at_the_last_moment_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with origins(s3="127.0.0.1", other="127.0.0.1") as by_name:
        # The first look returns a port that another program uses, as if that program took it after the look.
        looks = [first_free_port(18080), by_name["other"].port]

        def look(start: int) -> int:
            return looks.pop()

        monkeypatch.setattr("local.serving.edge.first_free_port", look)
        s3 = by_name["s3"].address
        edge = Edge(delivering(), tmp_path, s3=s3, balancers={("arn:home", 80): s3, ("arn:far", 80): s3})
        edge.start()
        try:
            assert ask(edge.url, "/").headers["X-Origin"] == "s3"
        finally:
            edge.stop()


def test_an_edge_that_was_killed_starts_again(tmp_path: Path) -> None:
    with tier(tmp_path, delivering()) as made:
        made.edge.process.kill()
        made.edge.start()
        assert made.get("/").status == 200


def test_nginx_that_cannot_start_is_an_error(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100)
    addresses = {("arn:home", 80): "127.0.0.1:1", ("arn:far", 80): "127.0.0.1:1"}
    edge = Edge(delivering(), deep, s3="127.0.0.1:1", balancers=addresses)
    with pytest.raises(RuntimeError, match=r"edge\.log says why"):
        edge.start()
    assert "too long path" in (deep / "logs/edge.log").read_text()


def test_an_edge_takes_another_declaration_up_and_refuses_nobody(tmp_path: Path) -> None:
    with tier(tmp_path, delivering()) as made:
        answers: list[int] = []
        over = threading.Event()

        def view() -> None:
            while not over.is_set():
                answers.append(made.get("/").status)

        viewer = threading.Thread(target=view)
        viewer.start()
        geo = {"geoRestriction": {"restrictionType": "blacklist", "locations": ["FR"]}}
        there = {(f"arn:{name}", 80): made.s3.address for name in ("home", "far")}
        made.edge.update(delivering(restrictions=geo), there)
        over.set()
        viewer.join()
        assert set(answers) == {200}
        assert made.edge.answers()
        assert made.get("/", Cookie="laptop-country=FR").status == 403
        made.edge.process.kill()
        assert not made.edge.answers()
