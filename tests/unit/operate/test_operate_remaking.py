"""`headend encode-again` computes its price."""

import pytest

from lambdas.ladder import STEPS, ladder
from operate import remaking


def test_an_hour_in_hd_is_charged_twice_for_each_hd_rung() -> None:
    rungs = ladder(1920, 1080, 24)
    hd = sum(1 for rung in rungs if rung.height >= 720)
    film = {"id": "a", "width": 1920, "height": 1080, "duration": 3600}
    assert remaking.dollars(film, STEPS) == pytest.approx(60 * (len(rungs) + hd) * 0.0075)
    assert remaking.dollars(film, STEPS[1:2]) == pytest.approx(60 * 2 * 0.0075)
    assert remaking.dollars({"id": "a"}, STEPS) is None
