"""A permissions boundary of the team's administrators is on every role. A stack without one does not change."""

from local.engine import run_program
from tests.declared import ROOT, whole

ROLE = "aws:iam/role:Role"
BOUNDARY = "arn:aws:iam::123456789012:policy/workload-boundary-1a2b3c4"


def test_every_role_of_the_stack_is_below_it_and_nothing_else_changes() -> None:
    done = run_program(ROOT, stack="dev", config={"permissionsBoundary": BOUNDARY})
    assert {item.inputs["permissionsBoundary"] for item in done.of_type(ROLE)} == {BOUNDARY}
    before = {item.urn: item.inputs for item in whole("dev").registrations}
    after = {
        item.urn: {key: value for key, value in item.inputs.items() if key != "permissionsBoundary"}
        for item in done.registrations
    }
    assert before == after


def test_without_one_no_role_has_any() -> None:
    assert not [item for item in whole("dev").of_type(ROLE) if "permissionsBoundary" in item.inputs]
