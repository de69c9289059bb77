"""`headend`: lists its verbs, and ends the process with the right exit code."""

import os
import signal
import sys
from collections.abc import Callable

import requests
import typer
from botocore.exceptions import BotoCoreError, ClientError

from operate import before, beside, films, keys, machines, remaking, restoring, screen, taking_down, trouble

EPILOG = (
    "Exit codes. 0: done. 1: done, but something is wrong (a film failed, an upload is lost, a tier is ill). "
    "2: an impossible value; nothing was done. 3: the cloud did not answer, or refused. 4: you said no. 130: Ctrl-C."
)
VERBS = {
    "Films": {
        "upload": films.upload_films,
        "titles": films.titles,
        "show": films.show,
        "follow": films.follow,
        "retry": films.retry,
        "encode-again": remaking.encode_again,
        "take-down": taking_down.take_down,
        "poster": beside.poster,
    },
    "Trouble": {
        "doctor": trouble.doctor,
        "alarms": trouble.show_alarms,
        "failed": trouble.failed,
        "lost": trouble.show_lost,
        "restore": restoring.restore,
    },
    "Machines": {
        "nodes": machines.nodes,
        "roll": machines.roll,
        "ami": machines.ami,
        "drain": machines.drain,
        "undrain": machines.undrain,
    },
    "Before a deployment": {"preflight": before.preflight, "cost": before.cost},
}
GROUPS: dict[str, tuple[str, str, dict[str, Callable[..., None]]]] = {
    "captions": ("Films", "Captions beside a film.", {"add": beside.add, "remove": beside.remove}),
    "keys": ("Machines", "The keys that sign playback.", {"rotate": keys.rotate}),
}
"""Name of each group to (panel in the help, purpose, verbs)."""
app = typer.Typer(
    name="headend",
    help="Run the platform: on AWS, or the demo on this machine.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _help(verb: Callable[..., None]) -> str:
    """Its docstring. Typer fits only the first paragraph to the terminal, and breaks the others as the source does."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in str(verb.__doc__).split("\n\n"))


for panel, verbs in VERBS.items():
    for name, verb in verbs.items():
        app.command(name, help=_help(verb), rich_help_panel=panel)(verb)
for name, (panel, what, verbs) in GROUPS.items():
    group = typer.Typer(help=what, no_args_is_help=True)
    group.callback()(lambda: None)  # without a callback, Typer makes no group of a single verb
    for verb_name, verb in verbs.items():
        group.command(verb_name, help=_help(verb))(verb)
    app.add_typer(group, name=name, rich_help_panel=panel)


def main() -> None:
    """Run one verb, and end the process. An error is shown as one line."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app(prog_name="headend")
    except screen.Refusal as error:
        _end(str(error), error.code)
    except (BotoCoreError, ClientError) as error:
        _end(_words(error), screen.UNREACHABLE)
    except requests.RequestException as error:
        _end(f"no answer: {error}", screen.UNREACHABLE)
    except BrokenPipeError:
        # The reader has closed the pipe, as in `headend titles | head`. Python writes the rest at its end, to nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        # Before Typer runs, which ends a verb in the same way.
        sys.exit(130)


def _words(error: Exception) -> str:
    said = " ".join(str(error).split())
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else type(error).__name__
    if "Credential" in code or "Token" in code or code in ("UnrecognizedClientException", "AuthFailure"):
        return f"{said}. Check your credentials: aws sts get-caller-identity"
    if code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"):
        return f"{said}. This verb needs that permission"
    return said


def _end(sentence: str, code: int) -> None:
    screen.note(sentence, "red")
    sys.exit(code)
