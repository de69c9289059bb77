"""Draws the faults of a seed. Pure: the same seed and code give the same faults."""

import random
from dataclasses import dataclass

REGIONS, FLEETS, NODES = 2, 2, 2
"""Size of the stack: regions, fleets in each region, nodes in each fleet."""
KINDS = {
    ("node", "kill"): (0, 0),
    ("node", "freeze"): (5, 45),
    ("node", "slow"): (5, 15),
    ("node", "cut"): (5, 20),
    ("node", "fill"): (5, 10),
    ("node", "corrupt"): (0, 0),
    ("fleet", "kill"): (0, 0),
    ("fleet", "freeze"): (5, 15),
    ("fleet", "cut"): (5, 15),
    ("balancer", "kill"): (0, 0),
    ("balancer", "freeze"): (3, 15),
    ("balancer", "slow"): (5, 15),
    ("balancer", "cut"): (5, 15),
    ("edge", "kill"): (0, 0),
    ("edge", "freeze"): (1, 10),
    ("bucket", "slow"): (5, 10),
    ("bucket", "cut"): (5, 20),
    ("function", "kill"): (0, 0),
    ("function", "freeze"): (3, 10),
    ("encoder", "kill"): (0, 0),
    ("region", "kill"): (0, 0),
    ("region", "freeze"): (5, 15),
    ("region", "cut"): (5, 15),
    ("every fleet", "kill"): (0, 0),
    ("capacity", "change"): (0, 0),
    ("fleets", "change"): (2, 8),
    ("serving", "change"): (2, 8),
}
"""(what, how) to the shortest and longest duration in seconds. 0 for a fault without a duration."""


@dataclass(frozen=True)
class Fault:
    """One fault. `region`, `fleet` and `node` are numbers of the place. Some faults ignore some of them."""

    what: str
    how: str
    seconds: float
    region: int
    fleet: int
    node: int

    def __str__(self) -> str:
        where = {
            "node": f" {self.region}/{self.fleet}/{self.node}",
            "fleet": f" {self.region}/{self.fleet}",
            "capacity": f" {self.region}/{self.fleet}",
        }.get(self.what, f" {self.region}" if self.what in ("balancer", "region") else "")
        return f"{self.what}{where}: {self.how}" + (f" {self.seconds:.0f} s" if self.seconds else "")


def draw(seed: int, count: int) -> list[Fault]:
    """The faults of a seed, in the order in which they are played.

    The kinds are dealt like cards. If there are N kinds, N seeds in a row have each kind once as their first fault,
    once as their second, and so on. So a few dozen seeds contain every kind, even if each seed has few faults.
    """
    # These are not secrets. The same seed must give the same faults.
    dice = random.Random(seed)  # noqa: S311
    faults: list[Fault] = []
    for turn in range(count):
        deal, card = divmod(seed - 1, len(KINDS))
        deck = list(KINDS)
        random.Random(f"{turn} {deal}").shuffle(deck)  # noqa: S311
        what, how = deck[card]
        seconds = dice.uniform(*KINDS[what, how])
        where = (dice.randrange(REGIONS), dice.randrange(FLEETS), dice.randrange(NODES))
        faults.append(Fault(what, how, round(seconds), *where))
    return faults
