"""The cost of a title, compared with figures that were computed by hand. A title that costs too much is refused."""

import pytest

from lambdas.cost import check, cost
from lambdas.refusals import SourceRefused
from tests.unit.lambdas.conftest import an_expectation

HOUR = an_expectation(1080, 720, 360, duration=3600.0)


def test_an_hour_is_charged_by_rung_and_tier() -> None:
    plain = cost(HOUR, 10**10, corrected=False)
    assert plain == {
        "minutes": {"1080p": 120.0, "720p": 120.0, "360p": 60.0},
        "tier": "Basic",
        "usd": 2.25,  # 300 x 0.0075
        # 10 GB of upload, and 2.16 Mb/s of renditions for an hour, at 0.023 for a gigabyte.
        "storage_usd": pytest.approx((10 + 0.972) * 0.023),
    }
    corrected = cost(HOUR, 10**10, corrected=True)
    assert corrected is not None
    assert (corrected["tier"], corrected["usd"]) == ("Professional", 3.6)


def test_a_title_that_costs_too_much_is_refused_with_its_price() -> None:
    price = cost(HOUR, 10**10, corrected=False)
    for most in (0, 2.25, 100):
        check(price, most)
    with pytest.raises(SourceRefused, match=r"cost 2\.25 US dollars \(300 normalised minutes, Basic tier\)") as said:
        check(price, 2.2)
    assert "may cost at most 2.20 here" in str(said.value)


def test_a_film_without_a_length_has_no_price_and_is_refused_if_there_is_a_limit() -> None:
    unknown = cost({**HOUR, "duration": None}, 10**10, corrected=False)
    assert unknown is None
    check(unknown, 0)
    with pytest.raises(SourceRefused, match="does not say how long it lasts"):
        check(unknown, 5)
