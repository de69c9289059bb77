"""For tests of the edge: one with three origins that count requests and can fail."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from local.serving.edge import Edge
from tests.serving_kit import (
    Got,
    Origin,
    Resource,
    ask,
    origins,
)


class Tier:
    """An edge with its three origins."""

    def __init__(self, edge: Edge, by_name: dict[str, Origin], log: Path) -> None:
        self.edge, self.log = edge, log
        self.s3, self.home, self.far = by_name["s3"], by_name["home"], by_name["far"]

    def get(self, path: str, **headers: str) -> Got:
        return ask(self.edge.url, path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Got:
        return ask(self.edge.url, path, method=method, body=body, headers=headers)


@contextmanager
def tier(run_dir: Path, resources: list[Resource], country: str = "US", *, far: bool = False) -> Generator[Tier]:
    with origins(s3="127.0.0.1", home="127.0.0.1", far="127.0.0.1") as by_name:
        balancers = {(f"arn:{name}", 80): by_name[name].address for name in ("home", "far")}
        edge = Edge(resources, run_dir, s3=by_name["s3"].address, balancers=balancers, country=country, far=far)
        edge.start()
        try:
            yield Tier(edge, by_name, run_dir / "logs/edge.jsonl")
        finally:
            edge.stop()
