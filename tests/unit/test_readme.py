"""README.md and docs/ are right about commands, paths, config keys, counts, alarms and AWS calls."""

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import typer
import yaml
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.validate import ParamValidator
from pydantic.alias_generators import to_camel

from local.engine import Deployment, run_program
from operate.command import GROUPS, VERBS, app
from planner.bill import MONTHS, bill, shape, table, with_table
from scripts import settings_docs
from settings import Settings
from tests.declared import whole, with_standby
from tests.making_kit import workflow

ROOT = Path(__file__).parents[2]
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in ROOT.glob("docs/*.md")}
PAGES["README.md"] = (ROOT / "README.md").read_text(encoding="utf-8")
pages = pytest.mark.parametrize("page", sorted(PAGES))


@pytest.fixture(scope="module")
def stacks() -> dict[str, Deployment]:
    return {stack: whole(stack) for stack in ("dev", "prod")}


def counts(deployment: Deployment) -> Counter[str]:
    return Counter(item.type for item in deployment.registrations if item.custom)


# Config


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading."""
    below = PAGES[page].partition(f"\n{heading}\n")[2]
    lines = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert lines, f"{page} has no table under {heading!r}"
    return [[cell.strip() for cell in line.strip("|\n").split("|")] for line in lines[0].splitlines()[2:]]


@pytest.mark.parametrize("file", settings_docs.WRITERS)
def test_the_texts_about_config_keys_are_those_of_the_settings(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert text == settings_docs.WRITERS[file](text), "run `make docs`"


def test_the_config_is_written_whole_and_again_the_same() -> None:
    told = {key.strip("`"): default for key, default, _ in rows("README.md", "## Configuration")}
    assert told["regions"] == told["regions.*.zones"] == "*(needed)*"
    assert told["regions.*.certificate"] == "*(none)*"
    assert (told["domain"], told["signing"], told["nodesPerFleet"]) == ("`{}`", "`[]`", "`{min: 2, max: 4}`")
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    assert {to_camel(name) for name in Settings.model_fields} - set(declared) == {"home"}
    assert "default" not in declared["regions"], "there is no region that is right for everybody"
    assert declared["signing"]["items"] == {"type": "object"}
    assert "One of PriceClass_100, " in declared["priceClass"]["description"]


# Commands and paths


@pages
def test_every_make_command_is_there(page: str) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"\bmake ([a-z]+)\b", "\n".join(_code(PAGES[page])))
    assert sorted(set(named) - set(targets)) == []


@pages
def test_every_path_is_there(page: str) -> None:
    tops = {path.name for path in ROOT.iterdir()}
    words = [word.strip("`'\",;:()") for text in _code(PAGES[page]) for word in text.split()]
    paths = {word for word in words if word.partition("/")[0] in tops and not re.search(r"[<*$…]", word)}
    assert sorted(path for path in paths if not (ROOT / path).exists()) == []


def _code(text: str) -> list[str]:
    """The text in back-quotes and in code fences."""
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [*fenced, *re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))]


@pages
def test_every_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", PAGES[page]):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        there = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert there.exists(), f"{page}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings], target


# What the program registers


def test_the_readme_counts_what_the_program_makes(stacks: dict[str, Deployment]) -> None:
    made = counts(stacks["dev"])
    told = {kind.strip("`"): int(number) for number, kind, _ in rows("README.md", "### What it creates")}
    assert told == {kind: made[kind] for kind in told}
    about = re.search(r"About (\d+) resources for `dev`", PAGES["README.md"])
    assert about
    assert int(about[1]) == pytest.approx(made.total(), abs=10)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_alarm_says_what_to_look_at_first_and_its_verbs_are_there(
    stacks: dict[str, Deployment], stack: str
) -> None:
    verbs = {name for panel in (*VERBS.values(), GROUPS) for name in panel}
    for item in stacks[stack].of_type("aws:cloudwatch/metricAlarm:MetricAlarm"):
        wrong, first, look = item.inputs["alarmDescription"].partition(" First: ")
        assert wrong.endswith("."), item.name
        assert first, item.name
        assert look.endswith((".", "?")), item.name
        assert set(re.findall(r"`headend ([a-z-]+)", look)) <= verbs, item.name


def test_every_resource_that_a_runbook_looks_up_is_made_once_where_it_must_be(stacks: dict[str, Deployment]) -> None:
    made = counts(stacks["prod"])
    text = PAGES["docs/operating.md"]
    looked_up = set(re.findall(r"\bmade (aws:[\w/:]+)", text))
    assert {kind for kind in looked_up if not made[kind]} == set()
    # In a command, `$(made …)` must be one id.
    alone = set(re.findall(r"\$\(made (aws:[\w/:]+)\)", text))
    assert {kind: made[kind] for kind in alone if made[kind] != 1} == {}


def test_every_output_that_the_docs_ask_for_is_exported(stacks: dict[str, Deployment]) -> None:
    asked = {name for text in PAGES.values() for name in re.findall(r"pulumi stack output (\w+)", text)}
    assert asked <= {*stacks["dev"].exports, *with_standby().exports}


def test_the_architecture_names_every_state_of_the_workflow() -> None:
    states = workflow("on_request")["States"]
    told = [name for first, *_ in rows("docs/architecture.md", "## Making: from an upload to a title") for name in
            re.findall(r"`([^`]+)`", first)]  # fmt: skip
    assert sorted(told) == sorted(states)


def test_the_architecture_names_every_component_of_the_program() -> None:
    program = (ROOT / "__main__.py").read_text(encoding="utf-8")
    made = re.findall(r"^from (components\.[\w.]+) import .*\b([A-Z][a-z]\w+)", program, re.MULTILINE)
    wanted = {f"[{name}](../{module.replace('.', '/')}.py)" for module, name in made if f" {name}(" in program}
    assert len(wanted) > 20
    assert {link for link in wanted if link not in PAGES["docs/architecture.md"]} == set()


def test_the_cost_page_quotes_what_the_command_prints(stacks: dict[str, Deployment]) -> None:
    declared = [
        run_program(ROOT, stack=month.stack, config=month.config) if month.config else stacks[month.stack]
        for month in MONTHS
    ]
    bills = [bill(shape(deployment), month) for deployment, month in zip(declared, MONTHS, strict=True)]
    written = with_table(PAGES["docs/cost.md"], "\n".join(table(MONTHS, bills)))
    assert written == PAGES["docs/cost.md"], "run `make cost`"


# AWS's command line

CLI_OWN = {"--paths": "--invalidation-batch"}
"""Options that only the CLI has, and the API's parameters for which they stand."""


@pages
def test_every_aws_command_is_one_that_aws_knows(page: str) -> None:
    session = botocore.session.get_session()
    for command in aws_commands(PAGES[page]):
        service, operation, *rest = command
        if service == "s3":
            assert operation in ("cp", "rm", "ls"), command
            continue
        check(session, service, operation, rest)


def check(session: botocore.session.Session, service: str, name: str, arguments: list[str]) -> None:
    """Check an operation's options against botocore's model, and JSON values against the shape of their parameter."""
    try:
        model: Any = session.get_service_model(service)
    except UnknownServiceError:
        pytest.fail(f"aws {service} is no service")
    operations = {xform_name(operation, "-"): operation for operation in model.operation_names}
    assert name in operations, f"aws {service} {name}"
    shape = model.operation_model(operations[name]).input_shape
    members = {xform_name(member, "-"): member_shape for member, member_shape in shape.members.items()} if shape else {}
    given: set[str] = set()
    for index, word in enumerate(arguments):
        option = CLI_OWN.get(word, word).removeprefix("--")
        if option == word or option in ("region", "query", "output", "max-items"):
            continue
        member = option.removeprefix("no-") if option not in members else option
        assert member in members, f"aws {service} {name} {word}"
        given.add(member)
        value = arguments[index + 1] if index + 1 < len(arguments) else ""
        if value.startswith("{") and members[member].type_name == "structure":
            report = ParamValidator().validate(json.loads(value), members[member])
            assert not report.has_errors(), f"aws {service} {name} {word}: {report.generate_report()}"
    needed = {xform_name(member, "-") for member in shape.required_members} if shape else set()
    # The CLI makes a token itself if one is needed.
    assert needed <= given | {"client-token", "client-request-token"}, f"aws {service} {name} lacks {needed - given}"


def aws_commands(text: str) -> Iterator[list[str]]:
    """The words of every `aws …` command in a page's shell fences. Each `$(…)` becomes a word X."""
    for fence in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from _commands(fence.replace("\\\n", " "))


def _commands(code: str) -> Iterator[list[str]]:
    code, index = re.sub(r"(^|\s)#.*", "", code), 0
    while start := re.compile(r"(?<![\w/:.\"'-])aws (?=[a-z0-9]+ [a-z])").search(code, index):
        command, nested, index = _until_end(code, start.end())
        for inner in nested:
            yield from _commands(inner)
        yield shlex.split(command)


def _until_end(code: str, index: int) -> tuple[str, list[str], int]:
    """(command, contents of its `$(…)`, index of its end). The shell would end it there. Each `$(…)` becomes X."""
    out, nested, quote = "", list[str](), ""
    while index < len(code):
        character = code[index]
        if code.startswith("$(", index) and quote != "'":
            end = _closing(code, index + 2)
            nested.append(code[index + 2 : end])
            out, index = f"{out}X", end + 1
            continue
        if character in "'\"" and quote in ("", character):
            quote = "" if quote else character
        elif not quote and character in "|;)&\n":
            break
        out, index = out + character, index + 1
    return out, nested, index


def _closing(code: str, index: int) -> int:
    """The index at which the `$(` that was opened before `index` is closed. Quoted brackets do not count."""
    depth, quote = 1, ""
    while depth:
        character = code[index]
        if character in "'\"" and quote in ("", character):
            quote = "" if quote else character
        elif not quote:
            depth += {"(": 1, ")": -1}.get(character, 0)
        index += 1
    return index - 1


@pytest.mark.parametrize(
    "command",
    [
        "aws ec2 describe-instance",
        "aws ec3 describe-instances",
        "aws ec2 describe-instances --filter Name=x",
        "aws sqs delete-message --queue-url q",
        "aws s3control create-job --operation '{\"S3Replicate\": {}}'",
    ],
)
def test_a_wrong_aws_command_is_found(command: str) -> None:
    (words,) = aws_commands(f"```sh\n{command}\n```\n")
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(botocore.session.get_session(), words[0], words[1], words[2:])


def test_nested_commands_are_read() -> None:
    code = (
        'x=$(aws sts get-caller-identity --query A) && aws s3 rm "s3://$(aws s3 ls "a b")/$x" | jq \'.(\' # aws ec2 no'
    )
    assert list(aws_commands(f"```sh\n{code}\n```\n")) == [
        ["sts", "get-caller-identity", "--query", "A"],
        ["s3", "ls", "a b"],
        ["s3", "rm", "s3://X/$x"],
    ]


# The operator's own command


@pages
def test_every_verb_and_option_of_headend_is_there(page: str) -> None:
    for line in re.findall(r"\./headend ([^`#\n]*)", "\n".join(_code(PAGES[page]))):
        words = shlex.split(line)
        found: Any = typer.main.get_command(app)
        while words and not words[0].startswith("-") and hasattr(found, "commands"):
            assert words[0] in found.commands, f"{page}: ./headend {words[0]}"
            found = found.commands[words.pop(0)]
        options = {name for parameter in found.params for name in (*parameter.opts, *parameter.secondary_opts)}
        given = {word for word in words if word.startswith("--")}
        assert given <= options | {"--help"}, f"{page}: {line}"
