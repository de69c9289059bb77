"""Viewers who compare every byte, and count errors.

A request counts as failed if the answer is an error, or if no right answer comes within PATIENCE. If a connection
breaks, the viewer asks again, as a player does. That counts as cut.
"""

import hashlib
import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import requests

PATIENCE = 30.0
STALL = 4.0
"""Seconds. A player with one segment of six seconds in its buffer would soon stall after this time."""
PACE = 0.15
"""Seconds between two requests of one viewer."""


def content(path: str, size: int) -> bytes:
    """The bytes of an object. They depend only on its path and size."""
    pattern = b"".join(hashlib.sha256(f"{path} {number}".encode()).digest() for number in range(32))
    return (pattern * (size // len(pattern) + 1))[:size]


@dataclass
class Seen:
    """Counts of the viewers' requests in some time."""

    requests: int = 0
    failed: int = 0
    wrong: int = 0
    """Answers with other bytes than the object's."""
    cut: int = 0
    """Connections that broke or were refused, and calls that the API could not answer. All of them were tried again."""
    stalls: int = 0
    slowest: float = 0.0
    examples: list[str] = field(default_factory=list[str])
    """A few examples of failed requests and wrong answers."""


class Crowd:
    """Viewers in several countries, from `start` to `stop`. `objects` maps a path to bytes, the popular ones first.

    While `warm_only` is set, they read only objects that caches have, since the bucket is not reachable then.
    """

    def __init__(self, url: str, objects: dict[str, int], countries: Sequence[str], *, seed: int, viewers: int) -> None:
        self.warm_only = threading.Event()
        self._url, self._objects = url, objects
        self._seen, self._lock, self._over = Seen(), threading.Lock(), threading.Event()
        self._threads = [
            threading.Thread(target=self._watch, args=[countries[number % len(countries)], seed + number], daemon=True)
            for number in range(viewers)
        ]
        self._threads.append(threading.Thread(target=self._ask_for_titles, daemon=True))
        self._warm: dict[str, set[str]] = {country: set() for country in countries}

    @property
    def paths(self) -> list[str]:
        """Paths of the objects, the popular ones first."""
        return list(self._objects)

    def start(self) -> None:
        """Start the viewers, each on its own thread."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop all viewers."""
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE + 5)

    def take(self) -> Seen:
        """The counts since the last call."""
        with self._lock:
            seen, self._seen = self._seen, Seen()
        return seen

    def warm_up(self) -> None:
        """Read every object once in every country, so that the caches of each region have it."""

        def read(country: str) -> None:
            with requests.Session() as session:
                session.cookies.set("laptop-country", country)
                for path in self._objects:
                    self._view(session, country, path)

        with ThreadPoolExecutor() as pool:
            list(pool.map(read, self._warm))

    def _paths(self, country: str, seed: int) -> Iterator[str]:
        dice, paths = random.Random(seed), list(self._objects)  # noqa: S311 - each run must choose the same objects
        weights = [1 / (rank + 1) for rank in range(len(paths))]
        while True:
            path = dice.choices(paths, weights)[0]
            if not self.warm_only.is_set() or path in self._warm[country]:
                yield path

    def _watch(self, country: str, seed: int) -> None:
        with requests.Session() as session:
            session.cookies.set("laptop-country", country)
            for path in self._paths(country, seed):
                if self._over.wait(PACE):
                    return
                self._view(session, country, path)

    def _ask_for_titles(self) -> None:
        """Ask for the list of titles again and again, as the page does."""
        while not self._over.wait(1):
            started, cut, status = time.monotonic(), 0, 0
            while time.monotonic() - started < PATIENCE and not self._over.is_set():
                try:
                    status = requests.get(f"{self._url}/api/titles", timeout=PATIENCE).status_code
                except requests.RequestException:
                    status = 0
                if status == requests.codes.ok:
                    break
                cut += 1
                time.sleep(0.5)
            if not self._over.is_set():
                complaint = "" if status == requests.codes.ok else f"status {status}"
                self._note("/api/titles", complaint, cut=cut, seconds=time.monotonic() - started)

    def _view(self, session: requests.Session, country: str, path: str) -> None:
        started, cut, complaint, wrong = time.monotonic(), 0, "no whole answer", False
        while time.monotonic() - started < PATIENCE and not self._over.is_set():
            try:
                answer = session.get(self._url + path, timeout=PATIENCE)
            except requests.RequestException as error:
                cut, complaint = cut + 1, type(error).__name__
                time.sleep(0.25)
                continue
            if answer.status_code != requests.codes.ok:
                complaint = f"status {answer.status_code}"
            elif answer.content != content(path, self._objects[path]):
                complaint, wrong = f"{len(answer.content)} wrong bytes from {answer.headers.get('X-Node')}", True
            else:
                complaint = ""
                self._warm[country].add(path)
            break
        if not (self._over.is_set() and complaint):
            seconds = time.monotonic() - started
            self._note(f"{path} from {country}", complaint, cut=cut, seconds=seconds, wrong=wrong)

    def _note(self, what: str, complaint: str, *, cut: int, seconds: float, wrong: bool = False) -> None:
        with self._lock:
            seen = self._seen
            seen.requests += 1
            seen.cut += cut
            seen.wrong += wrong
            seen.failed += bool(complaint) and not wrong
            seen.stalls += seconds > STALL
            seen.slowest = max(seen.slowest, seconds)
            if complaint and len(seen.examples) < 3:
                seen.examples.append(f"{what} after {seconds:.1f} s: {complaint}")
