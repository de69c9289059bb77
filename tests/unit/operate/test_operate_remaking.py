"""`headend encode-again` computes its price."""

import pytest

from lambdas.ladder import STEPS, content_of, ladder
from operate import remaking


def test_an_hour_in_hd_is_charged_twice_for_each_hd_rung() -> None:
    rungs = ladder(1920, 1080, 24)
    hd = sum(1 for rung in rungs if rung.height >= 720)
    film = {"id": "a", "width": 1920, "height": 1080, "duration": 3600}
    assert remaking.dollars(film, STEPS) == pytest.approx(60 * (len(rungs) + hd) * 0.0075)
    assert remaking.dollars(film, STEPS[1:2]) == pytest.approx(60 * 2 * 0.0075)
    assert remaking.dollars({"id": "a"}, STEPS) is None


def test_a_title_of_this_ladder_is_not_paid_for_again() -> None:
    film = {"id": "a", "width": 1920, "height": 1080, "duration": 3600, "etag": "e", "content": content_of("e", STEPS)}
    assert remaking.dollars(film, STEPS) == 0
    assert (remaking.dollars({**film, "content": "of an older ladder"}, STEPS) or 0) > 1
