"""Part one: the cost of registering every resource of the program, compared with the cost of the SDK's own import."""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.figures import Row
from bench.usage import Run, run

ROUNDS = 5
STACKS = ("dev", "prod")


def measure(say: Callable[[str], None]) -> list[Row]:
    """Measure processor time, wall time and peak memory of the whole program, for a small stack and a large one."""
    with tempfile.TemporaryDirectory() as folder:
        return [row for stack in STACKS for row in _stack(stack, Path(folder) / "modules.json", say)]


def _stack(stack: str, listed: Path, say: Callable[[str], None]) -> list[Row]:
    program = [sys.executable, "-m", "bench.register_program", stack]
    alone = [sys.executable, "-m", "bench.import_modules", listed]
    # The first runs compile the modules and read them into the page cache.
    say(f"{stack}: warming up")
    known = json.loads(run(program).said)
    listed.write_text(json.dumps(known["modules"]), encoding="utf-8")
    run(alone)
    whole: list[Run] = []
    imports: list[Run] = []
    for number in range(ROUNDS):
        say(f"{stack}: round {number + 1} of {ROUNDS}")
        whole.append(run(program))
        imports.append(run(alone))
    part = "Registering the whole program"
    what, against = f"{stack}, {known['resources']} resources", f"importing its {len(known['modules'])} AWS modules"

    def row(figure: str, unit: str, of: Callable[[Run], float]) -> Row:
        return Row(
            part, f"{what}, {figure}", unit, [of(each) for each in whole], against, [of(each) for each in imports]
        )

    return [
        row("processor", "s", lambda each: each.cpu),
        row("wall", "s", lambda each: each.wall),
        row("peak memory", "MB", lambda each: json.loads(each.said)["peak"]),
    ]
