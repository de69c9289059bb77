"""The GitHub workflows: their permissions, their commands, and protection against pull requests of strangers."""

import itertools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
FILES = sorted(GITHUB.rglob("*.yml"))
# Read as text only, since YAML 1.1 reads the key `on` as a boolean.
PARSED: dict[str, Any] = {path.name: yaml.load(path.read_text(), yaml.BaseLoader) for path in FILES}  # noqa: S506
WORKFLOWS = {name: content for name, content in PARSED.items() if name != "action.yml"}
JOBS = {(name, job): spec for name, content in WORKFLOWS.items() for job, spec in content["jobs"].items()}
PULUMI: dict[str, Any] = PARSED["action.yml"]
GRANTED = {
    ("ci.yml", "preview"): {"contents": "read", "id-token": "write", "pull-requests": "write"},
    ("ci.yml", "test"): {"contents": "read"},
    ("deploy.yml", "dev"): {"contents": "read", "id-token": "write"},
    ("deploy.yml", "prod"): {"contents": "read", "id-token": "write"},
    ("deploy.yml", "prod-preview"): {"contents": "read", "id-token": "write"},
    ("deploy.yml", "test"): {"contents": "read"},
    ("test.yml", "make-test"): {"contents": "read"},
    ("watch.yml", "drift"): {"contents": "read", "id-token": "write", "issues": "write"},
    ("watch.yml", "images"): {"contents": "write", "id-token": "write", "pull-requests": "write"},
}
"""The permissions of each job. Whoever grants another one must change this list."""
ENVIRONMENTS = {
    ("ci.yml", "preview"): ("dev-preview", "preview", "dev"),
    ("deploy.yml", "dev"): ("dev", "up --yes", "dev"),
    ("deploy.yml", "prod-preview"): ("prod-preview", "preview", "prod"),
    ("deploy.yml", "prod"): ("prod", "up --yes", "prod"),
    ("watch.yml", "drift"): (
        "${{ matrix.stack }}-preview",
        "refresh --preview-only --expect-no-changes",
        "${{ matrix.stack }}",
    ),
}
"""By job: GitHub environment, command, stack. With a wrong one, a job would use the role of the wrong account."""


def steps() -> Iterator[dict[str, Any]]:
    """Every step of every job, and of the shared action."""
    yield from itertools.chain(PULUMI["runs"]["steps"], *(job.get("steps", []) for job in JOBS.values()))


def scripts() -> list[str]:
    """Every piece of shell."""
    return [step["run"] for step in steps() if "run" in step]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_actions_are_pinned_by_hash_with_their_version(path: Path) -> None:
    for line in path.read_text().splitlines():
        if match := re.search(r"\buses: (.*)", line):
            ours = match[1].startswith("./") and (ROOT / match[1]).exists()
            assert ours or re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", match[1]), line


def test_an_action_has_one_version_everywhere() -> None:
    pins = {match for path in FILES for match in re.findall(r"\buses: ([^.@]+)@(.*)", path.read_text())}
    assert sorted(name for name, _ in pins) == [
        "actions/checkout",
        "aws-actions/configure-aws-credentials",
        "pulumi/actions",
    ]


def test_only_known_events_start_them() -> None:
    """Never pull_request_target, which would give our credentials to the code of a fork."""
    assert WORKFLOWS["ci.yml"]["on"] == {"pull_request": "", "push": {"branches-ignore": ["main"]}}
    assert WORKFLOWS["deploy.yml"]["on"] == {"push": {"branches": ["main"]}}
    assert WORKFLOWS["test.yml"]["on"] == "workflow_call"
    assert WORKFLOWS["watch.yml"]["on"] == {"schedule": [{"cron": "23 5 * * 1-5"}], "workflow_dispatch": ""}


def test_a_job_may_do_no_more_than_it_needs() -> None:
    defaults = {name: content["permissions"] or {} for name, content in WORKFLOWS.items()}
    assert {key: job.get("permissions", defaults[key[0]]) for key, job in JOBS.items()} == GRANTED
    assert all(step["with"]["persist-credentials"] == "false" for step in steps() if "checkout" in step.get("uses", ""))


def test_credentials_are_short_lived_and_of_the_environment() -> None:
    assert not any(re.search(r"secrets\.|ACCESS_KEY|ACCESS_TOKEN", path.read_text()) for path in FILES)
    [login] = [step for step in PULUMI["runs"]["steps"] if "configure-aws-credentials" in step.get("uses", "")]
    assert login["with"]["role-to-assume"] == "${{ inputs.role }}"
    for key, (environment, command, stack) in ENVIRONMENTS.items():
        [call] = [step for step in JOBS[key]["steps"] if step.get("uses") == "./.github/actions/pulumi"]
        assert (JOBS[key]["environment"], call["with"]["command"], call["with"]["stack"]) == (
            environment,
            command,
            stack,
        )
        assert call["with"]["role"] == "${{ vars.AWS_ROLE_ARN }}"
    # To look for newer images takes no Pulumi, and the role that changes nothing.
    images = JOBS["watch.yml", "images"]
    [login] = [step for step in images["steps"] if "configure-aws-credentials" in step.get("uses", "")]
    assert (images["environment"], login["with"]["role-to-assume"]) == ("dev-preview", "${{ vars.AWS_ROLE_ARN }}")
    signed_in = {key for key, granted in GRANTED.items() if "id-token" in granted}
    assert signed_in == {*ENVIRONMENTS, ("watch.yml", "images")}


def test_a_fork_gets_no_credentials() -> None:
    condition = JOBS["ci.yml", "preview"]["if"]
    assert condition.endswith("&& github.event.pull_request.head.repo.full_name == github.repository")


def test_prod_comes_after_the_tests_after_dev_and_after_its_preview() -> None:
    needs = {job: spec.get("needs") for job, spec in WORKFLOWS["deploy.yml"]["jobs"].items()}
    assert needs == {"test": None, "dev": "test", "prod-preview": "dev", "prod": "prod-preview"}


def test_a_running_update_is_never_cancelled() -> None:
    assert "concurrency" not in WORKFLOWS["deploy.yml"]
    for key, (_, command, stack) in ENVIRONMENTS.items():
        expected = {"group": f"up-{stack}", "cancel-in-progress": "false"} if command.startswith("up") else None
        assert JOBS[key].get("concurrency") == expected
    assert WORKFLOWS["ci.yml"]["concurrency"]["cancel-in-progress"] == "true"


def test_jobs_end() -> None:
    limits = {key: int(job["timeout-minutes"]) for key, job in JOBS.items() if "uses" not in job}
    assert all(0 < minutes <= 120 for minutes in limits.values())
    assert len(limits) == 7


def test_pulumi_is_run_in_one_place_with_the_policy_pack() -> None:
    [script] = [script for script in scripts() if re.search(r"^ *pulumi ", script, re.MULTILINE)]
    assert "pack=(--policy-pack policy)\n" in script
    assert (ROOT / "policy" / "PulumiPolicy.yaml").exists()


def test_the_cli_is_the_one_that_the_program_is_written_for() -> None:
    [installer] = [step for step in PULUMI["runs"]["steps"] if "pulumi/actions" in step.get("uses", "")]
    assert f"pulumi=={installer['with']['pulumi-version']}\n" in (ROOT / "requirements.in").read_text()
    assert set(installer["with"]) == {"pulumi-version"}  # a command here would run without the pack


def test_the_make_targets_are_there() -> None:
    used = {target for script in scripts() for target in re.findall(r"(?:^|&& )make ([a-z]+)", script, re.MULTILINE)}
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"test", "setup", "roll", "ami"} == used <= targets


@pytest.mark.parametrize("script", scripts())
def test_shell_takes_no_text_from_the_event_and_passes_shellcheck(script: str) -> None:
    """GitHub replaces `${{ }}` before the shell reads the script, so a branch's name could be a command."""
    assert "${{" not in script
    checked = subprocess.run(
        ["shellcheck", "--shell=bash", "-"], input=script, capture_output=True, text=True, check=False
    )
    assert checked.stdout == ""


def test_pulumi_runs_where_its_packages_are() -> None:
    """Debian's python3 is 3.11, and scripts/setup installs Debian's packages."""
    containers = {job["container"] for job in JOBS.values() if "uses" not in job}
    assert containers == {"debian:bookworm"}


def test_the_comment_is_written_whatever_the_preview_says(tmp_path: Path) -> None:
    """The CLI fails because of a policy. The script keeps its exit code, and its output is in the comment."""
    [script] = [script for script in scripts() if "--policy-pack" in script]
    cli = tmp_path / "pulumi"
    cli.write_text('#!/bin/sh\necho "$@"\necho "mandatory: bucket-access-block"\nexit 255\n')
    cli.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "COMMAND": "preview",
        "STACK": "dev",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    run = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert run.returncode == 255
    said = (tmp_path / "pulumi.md").read_text()
    assert "preview --stack dev --diff --policy-pack policy" in said
    assert "mandatory: bucket-access-block" in said
    assert (tmp_path / "summary.md").read_text() == said


@pytest.mark.parametrize("code", [0, 1])
def test_the_comment_says_what_the_bill_will_be_and_a_base_that_does_not_run_hides_nothing(
    tmp_path: Path, code: int
) -> None:
    [script] = [script for script in scripts() if "make change" in script]
    make = tmp_path / "make"
    make.write_text(f'#!/bin/sh\necho "$@"\necho "Together 167 183 +16"\nexit {code}\n')
    make.chmod(0o755)
    (tmp_path / "base/player").mkdir(parents=True)
    (tmp_path / "pulumi.md").write_text("the preview\n")
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=tmp_path, env=environment, check=True)
    said = (tmp_path / "pulumi.md").read_text()
    assert said.startswith("the preview\n")
    assert "change BASE=base STACK=dev\nTogether 167 183 +16\n" in said
    assert (tmp_path / "summary.md").read_text() in said


@pytest.mark.parametrize(
    ("command", "packed"),
    [("preview", True), ("up --yes", True), ("refresh --preview-only --expect-no-changes", False)],
)
def test_a_refresh_takes_no_policy_pack_and_everything_else_does(tmp_path: Path, command: str, packed: bool) -> None:
    [script] = [script for script in scripts() if "--policy-pack" in script]
    (tmp_path / "pulumi").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "pulumi").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "COMMAND": command, "STACK": "dev"}
    environment["GITHUB_STEP_SUMMARY"] = str(tmp_path / "summary.md")
    subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, env=environment, check=True)
    said = (tmp_path / "pulumi.txt").read_text().strip()
    pack = " --policy-pack policy" if packed else ""
    assert said == f"{command} --stack dev --diff{pack} --non-interactive --color never"


def gh(folder: Path, said: str) -> Path:
    """GitHub's CLI as a script that notes how it is called, and answers a listing with `said`."""
    (folder / "gh").write_text(f'#!/bin/sh\necho "$@" >> calls\ncase "$2" in list) echo "{said}" ;; esac\n')
    (folder / "apt-get").write_text("#!/bin/sh\n")
    for name in ("gh", "apt-get"):
        (folder / name).chmod(0o755)
    return folder / "calls"


@pytest.mark.parametrize(
    ("drifts", "known", "done"),
    [
        ("true", "", "issue create --title AWS differs from the state of dev --body-file pulumi.md"),
        ("true", "7", "issue edit 7 --body-file pulumi.md"),
        ("false", "7", "issue close 7 --comment They are the same again."),
        ("false", "", None),
    ],
)
def test_drift_is_one_issue_as_long_as_it_lasts(tmp_path: Path, drifts: str, known: str, done: str | None) -> None:
    [script] = [script for script in scripts() if "gh issue" in script]
    calls = gh(tmp_path, known)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "DRIFTS": drifts, "TITLE": "AWS differs from the state of dev"}
    subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=tmp_path, env=environment, check=True)
    listed, *rest = calls.read_text().splitlines()
    assert listed.startswith("issue list --state open")
    assert rest == ([done] if done else [])


@pytest.mark.parametrize(("newer", "known"), [(True, ""), (True, "7"), (False, "")])
def test_newer_images_are_one_pull_request_and_none_is_none(tmp_path: Path, newer: bool, known: str) -> None:
    [script] = [script for script in scripts() if "gh pr create" in script]
    origin, clone = tmp_path / "origin.git", tmp_path / "clone"

    def git(*words: str, at: Path = clone) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        return subprocess.run(["git", *who, *words], cwd=at, check=True, capture_output=True, text=True).stdout

    git("init", "-q", "--bare", str(origin), at=tmp_path)
    git("init", "-q", "-b", "main", str(clone), at=tmp_path)
    (clone / "Pulumi.dev.yaml").write_text("ami: ami-1\n")
    git("add", ".")
    git("commit", "-qm", "first")
    if newer:
        (clone / "Pulumi.dev.yaml").write_text("ami: ami-2\n")
    calls = gh(tmp_path, known)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path), "GH_REPO": "a/b"}
    environment["GITHUB_STEP_SUMMARY"] = str(tmp_path / "summary.md")
    settings = f'[url "{origin}"]\n\tinsteadOf = https://github.com/a/b\n'
    (tmp_path / ".gitconfig").write_text(settings)
    subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=clone, env=environment, check=True)
    pushed = git("branch", "--list", "--format=%(refname:short)", at=origin).split()
    assert pushed == (["newer-node-images"] if newer else [])
    made = (clone / "calls").read_text() if newer else ""
    assert ("pr create --head newer-node-images" in made) == (newer and not known)
    assert not calls.exists()
