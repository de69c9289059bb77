"""The other way to encode: an upload is only catalogued, and the first viewer who asks starts the workflow."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.cloud import LaptopCloud
from tests.e2e.platform import ask_to_play, settled, upload, wait
from tests.media_samples import sample


@pytest.fixture(scope="module")
def lazy(cloud: LaptopCloud) -> Iterator[LaptopCloud]:
    """The cloud, while it encodes a title only when a viewer asks for it."""
    cloud.update({"encode": "on_request"})
    yield cloud
    cloud.update({"encode": "on_upload"})


def jobs(cloud: LaptopCloud, title: str) -> list[dict[str, Any]]:
    """The title's encodes."""
    found = cloud.client("mediaconvert").list_jobs(MaxResults=20)["Jobs"]
    return [job for job in found if job["UserMetadata"]["title"] == title]


def test_the_first_request_starts_the_encode(lazy: LaptopCloud) -> None:
    title = upload(lazy, sample("landscape"), "later.mp4")
    assert settled(lazy, title)["state"] == "REGISTERED"
    assert jobs(lazy, title) == []

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
    assert len(jobs(lazy, title)) == 1
