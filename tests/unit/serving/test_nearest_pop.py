"""The CloudFront Function that chooses a viewer's point of presence. njs runs it as CloudFront would."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.edge.nearest_pop import nearest_pop
from components.edge.viewer_request import LONGEST_CODE, viewer_request_code
from facts.countries import countries
from facts.regions import REGIONS

THREE = ("us-east-1", "eu-west-1", "ap-northeast-1")
FAILOVER = (403, 404, 500, 502, 503, 504)
# A unit test cannot know what CloudFront's module really does. Here the module only records its calls.
RECORDER = """
const calls = [];
export default {
    calls: calls,
    createRequestOriginGroup: (group) => calls.push(['group', group]),
    selectRequestOriginById: (id) => calls.push(['origin', id]),
};
"""


def run(directory: Path, code: str, headers: dict[str, str]) -> dict[str, Any]:
    """The request that the function returns, and its calls of the `cloudfront` module."""
    event = {
        "version": "1.0",
        "context": {"eventType": "viewer-request"},
        "viewer": {"ip": "198.51.100.11"},
        "request": {
            "method": "GET",
            "uri": "/v/00/title/0123456789ab/index.m3u8",
            "querystring": {"token": {"value": "t"}},
            "headers": {name: {"value": value} for name, value in headers.items()},
            "cookies": {},
        },
    }
    (directory / "cloudfront").write_text(RECORDER)
    script = directory / "test.js"
    script.write_text(
        f"{code}\nconsole.log(JSON.stringify({{ request: handler({json.dumps(event)}), calls: cf.calls }}));"
    )
    done = subprocess.run(["njs", "-p", directory, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["request"] == event["request"], "the function must not change the request itself"
    return result


@pytest.mark.parametrize(
    ("country", "region"),
    [
        ("JP", "ap-northeast-1"),
        ("AU", "ap-northeast-1"),
        ("DE", "eu-west-1"),
        ("ZA", "eu-west-1"),
        ("BR", None),
        ("US", None),
    ],
)
def test_a_viewer_goes_to_the_nearest_point_of_presence(tmp_path: Path, country: str, region: str | None) -> None:
    code = viewer_request_code(home="us-east-1", regions=THREE, failover_status=FAILOVER)
    result = run(tmp_path, code, {"cloudfront-viewer-country": country, "host": "video.example.com"})
    group = {
        "originIds": [{"originId": f"pop-{region}"}, {"originId": "media"}],
        "failoverCriteria": {"statusCodes": list(FAILOVER)},
    }
    assert result["calls"] == ([["group", group]] if region else []), "home is the behaviour's own origin group"


@pytest.mark.parametrize("headers", [{}, {"cloudfront-viewer-country": "XX"}], ids=["no country", "unknown country"])
def test_a_viewer_from_nowhere_goes_home(tmp_path: Path, headers: dict[str, str]) -> None:
    code = viewer_request_code(home="eu-west-1", regions=THREE, failover_status=FAILOVER)
    assert run(tmp_path, code, headers)["calls"] == []


def test_every_country_is_sent_where_the_map_says(tmp_path: Path) -> None:
    code = viewer_request_code(home="us-east-1", regions=THREE, failover_status=FAILOVER)
    for country in ("FR", "IN", "CL", "NZ", "MA"):
        region = nearest_pop(country, THREE)
        calls = run(tmp_path, code, {"cloudfront-viewer-country": country})["calls"]
        chosen = calls[0][1]["originIds"][0]["originId"] if calls else "pop-us-east-1"
        assert chosen == f"pop-{region}", country


@pytest.mark.parametrize(
    ("country", "region"),
    [("IE", "eu-west-1"), ("JP", "ap-northeast-1"), ("SG", "ap-southeast-1"), ("IL", "il-central-1")],
)
def test_a_region_is_nearest_to_its_own_country(country: str, region: str) -> None:
    assert nearest_pop(country, sorted(REGIONS)) == region


def test_the_date_line_is_no_edge_of_the_world() -> None:
    # Fiji lies at 178° east, Oregon at 120° west: 62° of longitude apart, not 298.
    assert nearest_pop("FJ", ["us-west-2", "eu-west-1"]) == "us-west-2"


def test_the_code_fits_with_every_region_there_is() -> None:
    code = viewer_request_code(home="us-east-1", regions=sorted(REGIONS), failover_status=FAILOVER)
    assert len(code.encode()) < LONGEST_CODE
    assert len(countries()) > 240


def test_the_order_of_regions_changes_nothing() -> None:
    one, other = (
        viewer_request_code(home="us-east-1", regions=regions, failover_status=FAILOVER)
        for regions in (THREE, tuple(reversed(THREE)))
    )
    assert one == other, "a config whose keys were reordered must not change the function"


def test_a_region_without_a_place_is_named() -> None:
    with pytest.raises(ValueError, match="no coordinates for mars-north-1"):
        viewer_request_code(home="us-east-1", regions=["us-east-1", "mars-north-1"], failover_status=FAILOVER)
