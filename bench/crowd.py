"""`python -m bench.crowd`: simulates ten thousand uploads at once, in virtual time. Every run gives the same numbers.

It uses the state machine that the program declares, with its states, retries, catches and time-outs. The called
services answer at AWS's default rates (Limits). No film has a fault of its own, so a failure comes only from the number
of films. As in lambdas/sweep, the sweeper starts a film again whose execution is out of time.
"""

import gc
import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bench.figures import Row
from components.making.handlers import HANDLERS
from components.making.sweeper import MINUTES as SWEEP_MINUTES
from components.making.workflow import definition
from components.making.workflow_common import FIRST_PAUSE_SECONDS, LIFE_SECONDS, WorkflowNames
from facts import quotas
from lambdas.sweep.core import LOOKS, MOST_TRIES
from local.aws.jsonata import evaluate

NAMES: WorkflowNames = {
    "table": "titles",
    "topic_arn": "topic",
    "functions": {handler.name: handler.name for handler in HANDLERS},
    "media": "media",
    "queue_arn": "queue",
    "job_role_arn": "role",
    "encode": "on_upload",
}
TAKES = {"identify": 0.1, "prepare": 2.0, "verify": 3.0}
"""Seconds of a call of a handler. These are assumptions, rather too long than too short."""
CALL_SECONDS = 0.05
"""Seconds of a call of DynamoDB or SNS."""
REFUSED_SECONDS = 1.0
"""Seconds of a call of a handler whose request MediaConvert refuses."""


RUNNING = ("SUBMITTED", "PROGRESSING")
"""A job's states before its end."""


class Limits(NamedTuple):
    """AWS's default limits for an account in a region."""

    slots: int = int(quotas.ENCODING_JOBS.value)
    """Jobs that MediaConvert encodes at once."""
    jobs: float = quotas.ENCODING_STARTS.value
    """CreateJob calls a second."""
    probes: float = quotas.ENCODING_PROBES.value
    """Probe calls a second. SearchJobs has the same limit."""
    lambdas: int = int(quotas.LAMBDA_AT_ONCE.value)
    """Concurrent executions of Lambda."""
    starts: float = quotas.EXECUTION_STARTS.value
    """StartExecution calls a second."""
    transitions: float = quotas.TRANSITIONS.value
    """State transitions of Step Functions a second."""
    cancels: bool = True
    """Does Step Functions cancel the job of what it cuts? AWS says "a best effort" of executions that are stopped, and
    nothing of those that are out of time."""


@dataclass
class Bucket:
    """A token bucket. It gets `rate` tokens a second, and holds at most the tokens of one second."""

    rate: float
    tokens: float = field(init=False)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = self.rate

    def take(self, now: float) -> bool:
        self.tokens = min(self.rate, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(eq=False)
class Film:
    """An upload, and the jobs that were made of it."""

    job: str = ""
    """Its current job: SUBMITTED, PROGRESSING, COMPLETE, or none."""
    encodes: int = 0
    """Jobs of it that were encoded to the end."""
    tries: int = 0
    """How often the sweeper started it again."""


@dataclass(eq=False)
class Execution:
    """One of a film."""

    film: Film
    began: float
    ended: bool = False
    state: str = ""
    retried: dict[int, int] = field(default_factory=dict[int, int])
    """Index of each retrier of the current state to how often it was used."""
    transitions: int = 0
    calls: int = 0
    """Number of Lambda calls."""
    tries: int = 0
    """How often the most used retrier was used."""
    variables: dict[str, Any] = field(default_factory=dict[str, Any])


class Crowd(NamedTuple):
    """The result of a simulation."""

    ends: Counter[str]
    """State to the number of films whose last execution ended in it. `lost`: films for which no execution was started.
    `given up`: films whose executions ran out of time too often."""
    seconds: float
    """Time from the uploads to the end of the last execution."""
    last_job: float
    """Time from the uploads to the last job that MediaConvert accepted."""
    most_open: int
    executions: list[Execution]
    films: list[Film]


class World:
    """AWS, in virtual time."""

    def __init__(self, films: int, encode_seconds: float, limits: Limits) -> None:
        declared = definition(NAMES)
        self.states: dict[str, Any] = declared["States"]
        self.first: str = declared["StartAt"]
        self.services = {
            name: state["Resource"].split(":")[-2] for name, state in self.states.items() if "Resource" in state
        }
        self.limits, self.encode_seconds = limits, encode_seconds
        self.jobs, self.probes, self.searches = (Bucket(rate) for rate in (limits.jobs, limits.probes, limits.probes))
        self.starts, self.transitions = Bucket(limits.starts), Bucket(limits.transitions)
        self.now, self.running, self.encoding, self.open, self.most_open = 0.0, 0, 0, 0, 0
        self.waiting: list[tuple[Film, Callable[[], None]]] = []
        self.cut: list[Execution] = []
        self.last_end, self.last_job = 0.0, 0.0
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.count, self.chance = 0, random.Random(1)  # noqa: S311 - every run must be the same
        self.ends, self.executions = Counter[str](), list[Execution]()
        self.values: dict[tuple[str, str], Any] = {}
        self.films = [Film() for _ in range(films)]
        for film in self.films:
            self.later(0, lambda film=film: self.start(film))

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        self.count += 1
        heapq.heappush(self.events, (self.now + seconds, self.count, what))

    def run(self) -> Crowd:
        # The garbage collector would visit all waiting events again and again, which takes a third of the time.
        collecting = gc.isenabled()
        gc.disable()
        try:
            while self.events:
                self.now, _, what = heapq.heappop(self.events)
                what()
        finally:
            if collecting:
                gc.enable()
        return Crowd(self.ends, self.last_end, self.last_job, self.most_open, self.executions, self.films)

    def start(self, film: Film, attempts: int = 0) -> None:
        """Start an execution. EventBridge tries for a day, at most 185 times, and waits longer after each try."""
        if self.starts.take(self.now):
            self.open += 1
            self.most_open = max(self.most_open, self.open)
            execution = Execution(film, self.now)
            self.executions.append(execution)
            self.later(LIFE_SECONDS, lambda: self.out_of_time(execution))
            self.enter(execution, self.first)
        elif attempts < 185 and self.now < 24 * 3600:
            self.later(self.chance.uniform(0, min(600, 2**attempts)), lambda: self.start(film, attempts + 1))
        else:
            self.ends["lost"] += 1

    def out_of_time(self, execution: Execution) -> None:
        """Its status event calls the sweeper, which starts the film again at once. After that its schedule does."""
        if execution.ended:
            return
        execution.ended = True
        self.open -= 1
        self.stop_job(execution.film)
        if execution.film.tries:
            self.cut.append(execution)
            if len(self.cut) == 1:
                self.later(60 * SWEEP_MINUTES, self.sweep)
        else:
            self.again(execution.film)

    def sweep(self) -> None:
        found, self.cut = self.cut[:LOOKS], self.cut[LOOKS:]
        for execution in found:
            self.again(execution.film)
        if self.cut:
            self.later(60 * SWEEP_MINUTES, self.sweep)

    def again(self, film: Film) -> None:
        if film.tries >= MOST_TRIES:
            self.ends["given up"] += 1
            return
        film.tries += 1
        self.start(film)

    def stop_job(self, film: Film) -> None:
        if self.limits.cancels and film.job == "SUBMITTED":
            film.job = ""
            self.waiting = [entry for entry in self.waiting if entry[0] is not film]

    def enter(self, execution: Execution, state: str) -> None:
        execution.state, execution.retried = state, {}
        self.work(execution)

    def work(self, execution: Execution) -> None:
        """Run a state, or retry it. Step Functions waits if a limit does not allow it at once."""
        if not self.transitions.take(self.now):
            self.later(self.chance.random(), lambda: self.work(execution))
            return
        if execution.ended:
            return
        execution.transitions += 1
        state = self.states[execution.state]
        match state["Type"]:
            case "Task":
                self.call(execution, state)
            case "Choice":
                self.enter(execution, self.choose(execution, state))
            case "Wait":
                seconds = self.value(execution, state["Seconds"])
                self.later(seconds, lambda: self.enter(execution, state["Next"]))
            case _:
                self.end(execution, execution.state)

    def value(self, execution: Execution, written: Any) -> Any:
        """A value of the definition, evaluated where it is an expression."""
        if not isinstance(written, str):
            return written
        key = (written, repr(execution.variables))
        if key not in self.values:
            self.values[key] = evaluate(written.removeprefix("{%").removesuffix("%}"), execution.variables)
        return self.values[key]

    def end(self, execution: Execution, how: str) -> None:
        execution.ended, self.last_end = True, self.now
        self.open -= 1
        self.ends[how] += 1

    def choose(self, execution: Execution, state: dict[str, Any]) -> str:
        met = (rule for rule in state["Choices"] if self.value(execution, rule["Condition"]) is True)
        rule = next(met, {"Next": state["Default"]})
        if execution.state == "What next?":
            execution.variables |= {name: self.value(execution, it) for name, it in rule.get("Assign", {}).items()}
        return rule["Next"]

    def call(self, execution: Execution, state: dict[str, Any]) -> None:
        service = self.services[execution.state]
        if service == "lambda":
            self.invoke(execution, state["Arguments"]["FunctionName"])
        elif service == "mediaconvert":
            self.encode(execution, state)
        else:
            self.later(CALL_SECONDS, lambda: self.enter(execution, state["Next"]))

    def invoke(self, execution: Execution, handler: str) -> None:
        if self.running >= self.limits.lambdas:
            self.fail(execution, "Lambda.TooManyRequestsException")
            return
        self.running += 1
        execution.calls += 1
        film = execution.film
        refused = handler == "prepare" and not (
            # A job that is at work is found before the file is looked at.
            self.searches.take(self.now) and (film.job in RUNNING or self.probes.take(self.now))
        )
        answer = {"SUBMITTED": "WAIT", "PROGRESSING": "WAIT", "COMPLETE": "VERIFY"}.get(film.job, "ENCODE")
        if handler == "identify":
            execution.variables = {"attempts": 0, "outcome": "FAILED", "pause": FIRST_PAUSE_SECONDS // 2}
        execution.variables |= {"prepared": {"next": answer}}

        def done() -> None:
            self.running -= 1
            if execution.ended:
                return
            if refused:
                self.fail(execution, "TooManyRequestsException")
            else:
                self.enter(execution, self.states[execution.state]["Next"])

        self.later(REFUSED_SECONDS if refused else TAKES[handler], done)

    def encode(self, execution: Execution, state: dict[str, Any]) -> None:
        if not self.jobs.take(self.now):
            self.fail(execution, "MediaConvert.TooManyRequestsException")
            return
        film, mine = execution.film, execution.transitions
        film.job, self.last_job = "SUBMITTED", self.now

        def waits() -> bool:
            return not execution.ended and execution.state == "Encode" and execution.transitions == mine

        def begin() -> None:
            self.encoding += 1
            film.job = "PROGRESSING"
            self.later(self.encode_seconds, done)

        def done() -> None:
            self.encoding -= 1
            film.job, film.encodes = "COMPLETE", film.encodes + 1
            if self.waiting:
                self.waiting.pop(0)[1]()
            if waits():
                self.enter(execution, state["Next"])

        def out_of_time() -> None:
            if waits():
                self.stop_job(film)
                self.fail(execution, "States.Timeout")

        self.later(state["TimeoutSeconds"], out_of_time)
        if self.encoding < self.limits.slots:
            begin()
        else:
            self.waiting.append((film, begin))

    def fail(self, execution: Execution, error: str) -> None:
        """Handle an error as the Retry and Catch of the state say."""
        state = self.states[execution.state]
        for number, rule in enumerate(state.get("Retry", [])):
            done = execution.retried.get(number, 0)
            if error in rule["ErrorEquals"] and done < rule["MaxAttempts"]:
                wait = min(rule["IntervalSeconds"] * rule["BackoffRate"] ** done, rule["MaxDelaySeconds"])
                execution.retried[number] = done + 1
                execution.tries = max(execution.tries, done + 1)
                self.later(self.chance.uniform(0, wait), lambda: self.work(execution))
                return
        for rule in state.get("Catch", []):
            if {error, "States.ALL"} & {*rule["ErrorEquals"]}:
                attempts = execution.variables["attempts"] + 1
                execution.variables |= {"attempts": attempts, "code": 0, "error": error, "outcome": "FAILED"}
                self.enter(execution, rule["Next"])
                return
        self.end(execution, f"{execution.state}: {error}")


def crowd(films: int, encode_seconds: float, limits: Limits | None = None) -> Crowd:
    """Simulate `films` uploads at once. The encode of each takes `encode_seconds`."""
    return World(films, encode_seconds, limits or Limits()).run()


FILMS, MINUTES = 10_000, (2, 40)
"""Number of films, and minutes of one encode in each column of the table."""


def report() -> str:
    """The table in docs/scale.md."""
    head = f"{FILMS:,} films at once, {Limits().slots} encoded at a time"
    lines = [f"{head:52}" + "".join(f"{f'{minutes} min each':>14}" for minutes in MINUTES)]
    done = [crowd(FILMS, minutes * 60) for minutes in MINUTES]

    def line(what: str, values: list[str]) -> None:
        lines.append(f"{what:52}" + "".join(f"{value:>14}" for value in values))

    line("published", [f"{each.ends['Published']:,}" for each in done])
    line("failed, timed out, lost", [f"{sum(each.ends.values()) - each.ends['Published']:,}" for each in done])
    line("hours until the last", [f"{each.seconds / 3600:.1f}" for each in done])
    line("minutes until each has its job", [f"{each.last_job / 60:.0f}" for each in done])
    line("films a minute", [f"{FILMS / (each.seconds / 60):.1f}" for each in done])
    line("executions open, at most", [f"{each.most_open:,}" for each in done])
    for what, field_ in (("transitions", "transitions"), ("Lambda calls", "calls")):
        counts = [[getattr(each, field_) for each in one.executions] for one in done]
        line(f"{what} a film, on the average", [f"{sum(each) / len(each):.1f}" for each in counts])
        line(f"{what} a film, at most", [f"{max(each)}" for each in counts])
    line("tries of one call, at most (40 are allowed)", [f"{max(e.tries for e in one.executions)}" for one in done])
    [alone] = crowd(1, 60).executions
    line("a film alone: transitions", [f"{alone.transitions}"] * len(done))
    line("a film alone: Lambda calls", [f"{alone.calls}"] * len(done))
    return "\n".join(lines)


def measure(say: Callable[[str], None]) -> list[Row]:
    """The figures for `make bench`."""
    say(f"{FILMS:,} films at once, in virtual time")
    done = crowd(FILMS, MINUTES[0] * 60)
    part = f"{FILMS:,} films uploaded at once, {MINUTES[0]} min each, in virtual time"
    transitions, calls = ([getattr(each, name) for each in done.executions] for name in ("transitions", "calls"))
    return [
        Row(part, "published", "", [done.ends["Published"]]),
        Row(part, "hours until the last", "h", [done.seconds / 3600]),
        Row(part, "executions open, at most", "", [done.most_open]),
        Row(part, "state transitions a film", "", [sum(transitions) / FILMS]),
        Row(part, "Lambda calls a film", "", [sum(calls) / FILMS]),
    ]


if __name__ == "__main__":
    print(report())
