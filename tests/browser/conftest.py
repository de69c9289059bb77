"""A headless Chromium in front of a fake platform that serves the real page and a real film."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import launched, tab
from tests.browser.fake_headend import Fake, Server
from tests.browser.film import make_film, make_rich_film


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four films: `film` with two rungs; `tall`, in portrait with one rung; `long`, longer than the player's buffer;
    and `rich`, with languages, captions and previews.
    """
    media = tmp_path_factory.mktemp("media")
    for name, sizes, seconds in (("film", [(320, 180), (640, 360)], 12), ("tall", [(180, 320)], 2)):
        (media / name).mkdir()
        make_film(media / name, sizes, seconds)
    (media / "long").mkdir()
    make_film(media / "long", [(160, 90)], 120)
    (media / "rich").mkdir()
    make_rich_film(media / "rich", [(320, 180)], 18)
    return media


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests. Each test has its own context, and so its own cache."""
    with launched() as browser:
        yield browser


@pytest.fixture
def fake(media: Path) -> Iterator[Fake]:
    """A platform with one published title, `film`."""
    fake = Fake(media)
    fake.add(
        "film", "Four colours", poster="/v/film/poster.0000000.jpg", renditions=["360p", "180p"], width=640, height=360
    )
    server = Server(fake)
    yield fake
    server.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new tab. The test fails if the page raised an error or broke its Content-Security-Policy."""
    with tab(browser) as page:
        yield page
