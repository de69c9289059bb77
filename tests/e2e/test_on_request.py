"""The other way to encode: an upload is only catalogued, and the first viewer who asks starts the workflow."""

from collections.abc import Iterator

import pytest
import requests

from local.cloud import LaptopCloud
from tests.e2e.platform import ask_to_play, deployed, settled, upload, wait
from tests.media_samples import sample


@pytest.fixture(scope="module")
def lazy() -> Iterator[LaptopCloud]:
    """A cloud with one fleet of one node. It encodes a title only when a viewer asks for it."""
    config = {"encode": "on_request", "fleets": "1", "nodesPerFleet": {"min": 1, "max": 1}}
    with deployed(config=config) as cloud:
        yield cloud


def test_the_first_request_starts_the_encode(lazy: LaptopCloud) -> None:
    title = upload(lazy, sample("landscape"), "later.mp4")
    assert settled(lazy, title)["state"] == "REGISTERED"
    assert lazy.client("mediaconvert").list_jobs()["Jobs"] == []

    first = ask_to_play(lazy, title)
    assert first.status_code == 202
    assert int(first.headers["Retry-After"]) > 0

    def plays() -> dict[str, str] | None:
        answer = ask_to_play(lazy, title)
        assert answer.status_code in (200, 202), answer.text
        return answer.json() if answer.status_code == 200 else None

    manifest = wait(plays, "the title plays")["hls"]
    assert requests.get(lazy.url + manifest, timeout=60).text.startswith("#EXTM3U")
    # Several requests came in the meantime, but it was encoded once.
    assert len(lazy.client("mediaconvert").list_jobs()["Jobs"]) == 1
