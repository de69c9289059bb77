"""The laptop's DynamoDB handles one request at a time. So a condition is still true when the write follows."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.aws import tables


def test_one_request_ends_before_the_next_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most = [0], [0]

    def slow(asked: int) -> int:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.01)
        inside[0] -= 1
        return asked

    put = dict[str, object]()

    def mend(place: str, replacement: object) -> object:
        put[place] = replacement
        return slow

    monkeypatch.setattr(tables, "mend", mend)
    tables.install()
    [(place, replacement)] = put.items()
    assert place == "moto.dynamodb.responses:DynamoHandler.call_action"
    assert callable(replacement)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(replacement, range(16))) == list(range(16))
    assert most == [1]
