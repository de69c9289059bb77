"""The costs that a pull request adds to the bill, and the resources that it adds, removes and changes."""

from pathlib import Path

import pulumi_aws as aws
import pytest

from planner.bill import Month
from planner.change import TOGETHER, ChangeError, change, registered, report
from tests.declared import ROOT, deploy, whole

IDLE = Month("", "dev", {}, 0, 0, 0)


def balancers(*names: str, timeout: int = 60) -> None:
    for name in names:
        aws.lb.LoadBalancer(name, internal=True, idle_timeout=timeout)


def test_nothing_changed_costs_nothing() -> None:
    found = change(whole(), whole(), IDLE)
    assert (found.added, found.removed, found.changed) == ({}, {}, {})
    before, after = found.usd[TOGETHER]
    assert before == after > 0


def test_resources_are_told_by_name_and_dollars_by_line() -> None:
    base = deploy(lambda: balancers("one", "two"))
    head = deploy(lambda: balancers("two", "three", "four", timeout=30))
    found = change(base, head, IDLE)
    balancer = "aws:lb/loadBalancer:LoadBalancer"
    assert (found.added, found.removed, found.changed) == ({balancer: 2}, {balancer: 1}, {balancer: 1})
    before, after = found.usd["Load balancers"]
    assert after - before == pytest.approx(16.425)  # 730 h x 0.0225
    lines = list(report(found))
    assert lines[0] == "Resources: 2 added, 1 removed, 1 with other inputs"
    assert f"  +   2 {balancer}" in lines
    assert [line.split()[-1] for line in lines if line.startswith(("Load balancers", TOGETHER))] == ["+16", "+16"]


def test_two_stacks_differ_in_what_their_config_says() -> None:
    found = change(whole("prod"), whole("dev"), IDLE)
    assert found.removed["aws:wafv2/webAcl:WebAcl"] == 1
    before, after = found.usd["Cache nodes"]
    assert before > 100 * after


def test_the_same_files_in_another_directory_are_no_change(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
        (tmp_path / name / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-east-1\n")
        (tmp_path / name / "page.html").write_text("a page")
        (tmp_path / name / "__main__.py").write_text(
            "from pathlib import Path\nimport pulumi\nimport pulumi_aws as aws\nprint('seen')\n"
            "page = pulumi.FileAsset(str(Path(__file__).with_name('page.html')))\n"
            "aws.s3.BucketObjectv2('page', bucket='site', key='page.html', source=page)\n"
        )
    one, other = (registered(str(tmp_path / name), "dev") for name in ("one", "other"))
    assert change(one, other, IDLE).changed == {}
    (tmp_path / "other/page.html").write_text("another page")
    assert change(one, registered(str(tmp_path / "other"), "dev"), IDLE).changed == {
        "aws:s3/bucketObjectv2:BucketObjectv2": 1
    }


def test_a_source_that_is_not_a_program_is_named() -> None:
    with pytest.raises(ChangeError, match=r"'--output=x' is neither a directory with a Pulumi\.yaml nor a git ref"):
        registered("--output=x", "dev")
    with pytest.raises(ChangeError, match=r", stack nowhere: .*Pulumi\.nowhere\.yaml"):
        registered(str(ROOT), "nowhere")
