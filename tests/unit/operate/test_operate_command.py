"""How `headend` finds its cloud, and how it ends."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from local import running
from operate import cloud, command
from operate.screen import Refusal
from tests.declared import whole

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No demo runs, and no stack is named."""
    monkeypatch.setattr(running, "RUNNING", tmp_path / "demo.json")
    monkeypatch.delenv("HEADEND_STACK", raising=False)


def pulumi(monkeypatch: pytest.MonkeyPatch, code: int, out: str, err: str = "") -> list[list[str]]:
    """Replace the Pulumi CLI by one with this answer. Returns the list of its calls."""
    asked: list[list[str]] = []

    def run(words: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(words)
        return subprocess.CompletedProcess(words, code, out, err)

    monkeypatch.setattr(subprocess, "run", run)
    return asked


def end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit code, and the text on standard error."""
    monkeypatch.setattr(sys, "argv", ["headend", *words])
    with pytest.raises(SystemExit) as ended:
        command.main()
    return int(ended.value.code or 0), capsys.readouterr().err


def test_the_demo_that_runs_is_the_default() -> None:
    with pytest.raises(Refusal, match=r"no demo is running\. Start one with `make demo`, or name a stack"):
        cloud.find(None)
    with running.alone():
        running.announce("http://127.0.0.1:1", "http://127.0.0.1:2", {"region": "us-east-1"})
        for name in (None, "local"):
            found = cloud.find(name)
            assert (found.endpoint, found.url, found.home) == ("http://127.0.0.1:1", "http://127.0.0.1:2", "us-east-1")


def test_a_demo_that_was_killed_is_none() -> None:
    # Nobody holds the file any more.
    running.announce("http://127.0.0.1:1", "http://127.0.0.1:2", {})
    with pytest.raises(Refusal, match="no demo is running"):
        cloud.find(None)


def test_a_stack_on_aws_is_read_from_its_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = pulumi(monkeypatch, 0, json.dumps({"region": "eu-west-1", "watch_url": "https://x.example/"}))
    found = cloud.find("prod")
    assert asked == [["pulumi", "stack", "output", "--json", "--stack", "prod", "--non-interactive"]]
    assert (found.stack, found.home, found.url, found.endpoint) == ("prod", "eu-west-1", "https://x.example", None)
    with pytest.raises(Refusal, match="stack prod has no output 'topics': deploy this version"):
        found.output("topics")


def test_a_stack_that_pulumi_does_not_know(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pulumi(monkeypatch, 255, "", "error: no stack named 'pord' found\n")
    code, said = end(monkeypatch, capsys, "titles", "--stack", "pord")
    assert (code, said) == (3, "Pulumi: no stack named 'pord' found. `pulumi stack ls` lists the stacks\n")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (NoCredentialsError(), "Unable to locate credentials. Check your credentials: aws sts get-caller-identity\n"),
        (
            ClientError({"Error": {"Code": "ExpiredToken", "Message": "It\nexpired"}}, "Query"),
            "An error occurred (ExpiredToken) when calling the Query operation: It expired. Check your credentials: ",
        ),
        (
            ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Query"),
            "calling the Query operation: no. This verb needs that permission\n",
        ),
    ],
)
def test_what_aws_refuses_takes_one_line_and_its_own_code(
    error: Exception, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: object) -> None:
        raise error

    monkeypatch.setattr("operate.films.find", refuse)
    code, said = end(monkeypatch, capsys, "titles")
    assert code == 3
    assert says in said
    assert said.count("\n") == 1


def test_the_program_exports_all_that_a_verb_asks_for() -> None:
    asked = {
        line.split('"')[1]
        for path in (ROOT / "operate").glob("*.py")
        for line in path.read_text()
        .replace("cloud.output(", "cloud.name(")
        .replace("cloud.name(", "\ncloud.name(")
        .splitlines()
        if line.startswith('cloud.name("')
    }
    assert asked
    assert asked <= set(whole("dev").exports)


def test_every_verb_says_what_it_is_for() -> None:
    for verbs in command.VERBS.values():
        for verb in verbs.values():
            first = str(verb.__doc__).splitlines()[0]
            assert first.endswith(".")
            assert len(first) <= 100


def test_the_help_of_a_verb_fits_the_terminal_in_every_paragraph(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["headend", "upload", "--help"])
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERMINAL_WIDTH", "200")
    with pytest.raises(SystemExit):
        command.main()
    assert "it gets a new version. Files beside a film are uploaded with it: Film.de.vtt" in capsys.readouterr().out


@pytest.mark.parametrize("as_json", [False, True])
def test_a_reader_that_has_enough_is_no_failure(as_json: bool) -> None:
    """`headend titles | head -1`, with more titles than a pipe holds."""
    verb = "screen.document(['x' * 80] * 5000)" if as_json else "[screen.say('x' * 80) for _ in range(5000)]"
    code = f"from operate import command, screen; command.app = lambda **_: {verb}; command.main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    assert (process.wait(60), said) == (0, "")


def test_ctrl_c_before_a_verb_begins_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "app", interrupted)
    assert end(monkeypatch, capsys) == (130, "")
