"""Programs: the engine runs a project's directory or a function, many times in one process, and reports its errors."""

import gc
import os
import sys
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pytest
from rich.console import Console
from typer.testing import CliRunner

from local.engine import ProgramError, run_program
from local.engine.__main__ import app, print_tree

MAIN = """
import pulumi
from parts import Part

Part("a")
pulumi.export("made", Part.made)
pulumi.log.warn("mind the gap")
"""
PARTS = """
import pulumi
import pulumi_aws as aws


class Part(pulumi.ComponentResource):
    made = 0

    def __init__(self, name):
        super().__init__("demo:parts:Part", name)
        Part.made += 1
        aws.s3.Bucket(f"{name}-bucket", opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({})
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: demo\nruntime: python\nconfig:\n  aws:region: us-east-1\n  size: 1\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}")
    (tmp_path / "__main__.py").write_text(MAIN)
    (tmp_path / "parts.py").write_text(PARTS)
    return tmp_path


def test_a_project_runs_afresh_every_time_and_leaves_nothing_behind(project: Path) -> None:
    before = (Path.cwd(), list(sys.path), gc.isenabled())
    runs = [run_program(project) for _ in range(2)]
    assert [run.exports for run in runs] == [{"made": 1}, {"made": 1}]
    assert runs[0].registrations == runs[1].registrations
    assert (Path.cwd(), list(sys.path), gc.isenabled()) == before
    assert "parts" not in sys.modules


def test_a_module_that_was_imported_before_is_still_there_afterwards(project: Path) -> None:
    sys.path.insert(0, str(project))
    try:
        import parts  # noqa: PLC0415 # pyright: ignore[reportMissingImports]

        parts.Part.made = 7
        assert run_program(project).exports == {"made": 1}
        assert sys.modules["parts"] is parts
    finally:
        sys.path.remove(str(project))
        del sys.modules["parts"]


def test_a_program_can_ask_for_its_stack_and_project(project: Path) -> None:
    (project / "__main__.py").write_text(
        "import pulumi\nnames = (pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack())\n"
        "pulumi.export('names', '/'.join(names))\npulumi.export('size', pulumi.Config().require_int('size'))"
    )
    assert run_program(project, config={"size": 3}).exports == {"names": "organization/demo/dev", "size": 3}


def test_log_messages_are_kept(project: Path) -> None:
    assert [(log.severity, log.message) for log in run_program(project).logs] == [("warning", "mind the gap")]


@pytest.mark.parametrize(
    "raised",
    [
        ValueError("fleets must be 1 or 2, got 3"),
        pulumi.RunError("fleets must be 1 or 2, got 3"),
        SystemExit("fleets must be 1 or 2, got 3"),
    ],
)
def test_a_message_for_the_user_is_the_whole_error(raised: BaseException) -> None:
    def program() -> None:
        raise raised

    with pytest.raises(ProgramError) as caught:
        run_program(program)
    assert str(caught.value) == "fleets must be 1 or 2, got 3"


def test_a_missing_config_value_is_a_message_for_the_user() -> None:
    with pytest.raises(ProgramError, match="headend:size"):
        run_program(lambda: pulumi.Config().require("size"))


def test_a_mistake_in_the_program_keeps_its_traceback() -> None:
    def program() -> None:
        aws.s3.Bucket("x").arn.apply(lambda arn: {"known": arn}["unknown"])

    with pytest.raises(KeyError, match="unknown"):
        run_program(program)


def test_settings_of_one_run_do_not_reach_the_next() -> None:
    def program() -> None:
        pulumi.export("size", pulumi.Config().get("size") or "none")

    assert run_program(program, config={"size": "3"}).exports == {"size": "3"}
    assert run_program(program).exports == {"size": "none"}


def test_the_command_prints_the_tree_and_counts(project: Path) -> None:
    result = CliRunner().invoke(app, ["--directory", str(project)])
    assert result.stdout == (
        "pulumi:pulumi:Stack demo-dev\n"
        "  demo:parts:Part a\n"
        "    aws:s3/bucket:Bucket a-bucket\n"
        "    1 aws:s3/bucket:Bucket\n"
        "    1 resources of 1 types\n"
    )
    assert "warning: mind the gap" in result.stderr


def test_the_command_says_what_is_wrong_without_a_traceback(project: Path) -> None:
    (project / "parts.py").write_text(PARTS.replace("opts=", "tags={'a': 1}, opts="))
    result = CliRunner().invoke(app, ["--directory", str(project), "--preview"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "parts.py:12: aws:s3/bucket:Bucket 'a-bucket': tags.a: must be text, not 1\n"


def test_names_are_bold_on_a_terminal_and_never_taken_for_markup() -> None:
    console = Console(force_terminal=True, width=80, record=True, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    print_tree(run_program(lambda: aws.s3.Bucket("[red]")), console)
    assert "\x1b[1m[red]" in console.export_text(styles=True)
