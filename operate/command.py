"""`headend`: the verbs, and how each of them ends."""

import signal
import sys
from collections.abc import Callable

import requests
import typer
from botocore.exceptions import BotoCoreError, ClientError

from operate import before, beside, films, keys, machines, remaking, restoring, screen, taking_down, trouble

EPILOG = (
    "Ends with 0: done. 1: done, and the answer is no (a film failed, an upload is lost, a tier is ill). "
    "2: a value that cannot be; nothing was done. 3: the cloud did not answer, or refused. 4: you said no. 130: Ctrl-C."
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
"""By name: the panel of the help, what it is for, and its verbs."""
app = typer.Typer(
    name="headend",
    help="Run the platform: on AWS, or the demo on this machine.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for panel, verbs in VERBS.items():
    for name, verb in verbs.items():
        app.command(name, rich_help_panel=panel)(verb)
for name, (panel, what, verbs) in GROUPS.items():
    group = typer.Typer(help=what, no_args_is_help=True)
    group.callback()(lambda: None)  # a group, even where it has one verb
    for verb_name, verb in verbs.items():
        group.command(verb_name)(verb)
    app.add_typer(group, name=name, rich_help_panel=panel)


def main() -> None:
    """Run one verb, and end the process: errors take one line."""
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
        # Whoever read this has enough: `headend titles | head`.
        sys.stderr.close()
        sys.exit(0)


def _words(error: Exception) -> str:
    said = " ".join(str(error).split())
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else type(error).__name__
    if "Credential" in code or "Token" in code or code in ("UnrecognizedClientException", "AuthFailure"):
        return f"{said}. Check your credentials: aws sts get-caller-identity"
    if code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"):
        return f"{said}. This verb needs that right"
    return said


def _end(sentence: str, code: int) -> None:
    screen.note(sentence, "red")
    sys.exit(code)
