"""The ladder: the rungs for sources of all sizes."""

import itertools
import random

import pytest

from lambdas.ladder import (
    MOST_PIXELS,
    REVISION,
    STEPS,
    Rung,
    Step,
    content_of,
    ladder,
    mistakes,
    revision_of,
    steps_of,
    written,
)

RANDOM = random.Random(7)  # noqa: S311 - repeatable
SIZES = [
    *((1920, 1080), (1280, 720), (854, 480), (720, 576), (640, 480), (3840, 2160), (2560, 1440), (4096, 2160)),
    *((1920, 804), (1998, 1080), (1080, 1920), (1080, 1350), (1080, 1080), (33, 97), (32, 32), (8192, 8192)),
    *((8192, 32), (32, 8192), (8192, 4320), (1921, 1081), (899, 1600), (271, 481)),
    *((RANDOM.randint(32, 8192), RANDOM.randint(32, 8192)) for _ in range(500)),
]


def sizes(rungs: list[Rung]) -> list[tuple[str, int, int]]:
    return [(rung.name, rung.width, rung.height) for rung in rungs]


def test_full_hd_gets_the_usual_rungs() -> None:
    rungs = [("1080p", 1920, 1080), ("720p", 1280, 720), ("540p", 960, 540), ("360p", 640, 360), ("270p", 480, 270)]
    assert sizes(ladder(1920, 1080, 25)) == rungs


def test_portrait_is_landscape_turned() -> None:
    landscape, portrait = ladder(1920, 1080, 30), ladder(1080, 1920, 30)
    assert [(name, height, width) for name, width, height in sizes(landscape)] == sizes(portrait)
    assert [rung.max_bitrate for rung in landscape] == [rung.max_bitrate for rung in portrait]


@pytest.mark.parametrize(
    ("size", "names"),
    [
        ((854, 480), ["480p", "360p", "270p"]),  # not 720p, which AWS's own solution makes of it
        ((3840, 2160), ["2160p", "1080p", "720p", "540p", "360p", "270p"]),
        ((1920, 804), ["804p", "540p", "360p", "270p"]),  # CinemaScope keeps every line that it has
        ((160, 120), ["120p"]),
    ],
)
def test_a_source_gets_its_own_size_and_what_is_clearly_smaller(size: tuple[int, int], names: list[str]) -> None:
    assert [rung.name for rung in ladder(*size, 25)] == names


@pytest.mark.parametrize("size", SIZES)
def test_every_size(size: tuple[int, int]) -> None:
    width, height = size
    rungs = ladder(width, height, 60)
    assert len({rung.name for rung in rungs}) == len(rungs) >= 1
    for rung in rungs:
        assert rung.width <= width, "scaled up"
        assert rung.height <= height, "scaled up"
        assert rung.width % 2 == rung.height % 2 == 0, "4:2:0 needs even sides"
        assert min(rung.width, rung.height) >= 32, "MediaConvert's smallest"
        assert rung.width * rung.height <= MOST_PIXELS
        assert rung.name == f"{min(rung.width, rung.height)}p"
        # Even sides differ from the exact ones by less than two pixels.
        assert abs(rung.width / rung.height - width / height) <= width / height * (2 / rung.width + 2 / rung.height)
    for upper, lower in itertools.pairwise(rungs):
        assert upper.max_bitrate > lower.max_bitrate, "a player could not tell which is better"
        assert upper.max_bitrate <= 2.6 * lower.max_bitrate, "a viewer would fall too deep"


@pytest.mark.parametrize(
    ("size", "frame_rate", "level"),
    [  # H.264's table A-1, worked out by hand
        ((3840, 2160), 60, "LEVEL_5_2"),
        ((3840, 2160), 30, "LEVEL_5_1"),
        ((1920, 1080), 60, "LEVEL_4_2"),
        ((1920, 1080), 30, "LEVEL_4"),
        ((1280, 720), 60, "LEVEL_3_2"),
        ((1280, 720), 30, "LEVEL_3_1"),
        ((640, 360), 30, "LEVEL_3"),
        ((8192, 32), 30, "LEVEL_5_1"),  # its width alone
    ],
)
def test_the_level_is_the_lowest_that_carries_the_rung(size: tuple[int, int], frame_rate: int, level: str) -> None:
    assert ladder(*size, frame_rate)[0].level == level


def test_every_step_has_a_level() -> None:
    for step in STEPS:
        assert all(rung.level != "AUTO" for rung in ladder(step.short * 16 // 9, step.short, 60))


def test_a_narrower_picture_is_given_less_and_a_wider_one_more() -> None:
    square, usual, wide = (ladder(width, 1080, 25)[0].max_bitrate for width in (1080, 1920, 2560))
    assert square < usual < wide


def test_fast_motion_may_use_more() -> None:
    assert ladder(1280, 720, 50)[0].max_bitrate == 1.5 * ladder(1280, 720, 25)[0].max_bitrate


def test_the_content_follows_the_bytes_and_nothing_else() -> None:
    assert content_of("1") == content_of("1") != content_of("2")


OWN = (Step(1080, 5_000_000, 9), Step(720, 3_000_000, 8), Step(480, 1_500_000, 7))


def test_a_configured_ladder_gives_its_rungs_and_no_others() -> None:
    assert [(rung.name, rung.max_bitrate) for rung in ladder(1920, 1080, 25, OWN)] == [
        ("1080p", 5_000_000),
        ("720p", 3_000_000),
        ("480p", 1_501_000),  # its width is 854: a little more than 16:9
    ]
    assert next(rung.name for rung in ladder(3840, 2160, 25, OWN)) == "1080p", "no rung above the tallest step"
    assert [rung.name for rung in ladder(160, 120, 25, OWN)] == ["120p"]


def test_a_ladder_survives_the_environment() -> None:
    assert tuple(steps_of(written(OWN))) == OWN
    assert steps_of("") is STEPS


def test_the_revision_follows_the_ladder_and_the_default_keeps_its_own() -> None:
    assert revision_of(STEPS) == revision_of(steps_of(written(STEPS))) == REVISION
    others = [OWN, OWN[1:], (OWN[0]._replace(quality=8), *OWN[1:]), (OWN[0]._replace(max_bitrate=4_000_000), *OWN[1:])]
    assert len({revision_of(STEPS), *map(revision_of, others)}) == 5
    assert content_of("1", OWN) == content_of("1", steps_of(written(OWN))) != content_of("1")


def test_the_revision_says_whether_surround_is_kept() -> None:
    assert revision_of(STEPS, surround=False) == REVISION
    assert len({revision_of(steps, surround=surround) for steps in (STEPS, OWN) for surround in (False, True)}) == 4
    assert content_of("1", surround=True) != content_of("1")


def test_the_default_ladder_has_no_mistake() -> None:
    assert list(mistakes(STEPS)) == list(mistakes(OWN)) == list(mistakes([])) == []


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([Step(721, 4_000_000, 8)], "short 721 must be an even number of pixels from 32 to 2160"),
        ([Step(2162, 4_000_000, 8)], "short 2162 must be"),
        ([Step(360, 20_000_000, 7)], "maxBitrate 20000000 of the 360p step is more than H.264 allows at that size"),
        ([Step(720, 4_000_000, 8), Step(720, 2_000_000, 8)], "720p and 720p: each step must be smaller"),
        ([Step(720, 4_000_000, 8), Step(1080, 2_000_000, 8)], "720p and 1080p: each step must be smaller"),
        (
            [Step(720, 4_000_000, 8), Step(360, 1_900_000, 7)],
            "from 4000000 to 1900000. It must fall, but at most to a half",
        ),
        ([Step(720, 4_000_000, 8), Step(360, 4_000_000, 7)], "maxBitrate goes from 4000000 to 4000000. It must fall"),
        ([Step(720, 4_000_000, 7), Step(360, 2_000_000, 8)], "quality must not rise from 7 to 8"),
    ],
)
def test_a_mistake_names_the_value(steps: list[Step], said: str) -> None:
    [found] = mistakes(steps)
    assert said in found
