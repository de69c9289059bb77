"""The rights of a stolen node: it could send its own metrics and logs, and be reached. It could not read a bucket."""

import functools

from components.serving.node_role import NodeRole
from local.engine import Deployment
from tests.declared import REGION, listed, made, statements


@functools.cache
def role() -> Deployment:
    return made(NodeRole, "node", {"region": REGION, "log_days": 14})


def test_it_reads_no_bucket_no_table_and_no_parameter() -> None:
    services = {
        action.split(":")[0]
        for statement in statements(role().one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
        for action in listed(statement["Action"])
    }
    assert services == {"ssm", "ssmmessages", "cloudwatch", "logs"}
    actions = str(role().one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    assert "ssm:GetParameter" not in actions


def test_what_has_no_resource_to_name_is_limited_to_the_region() -> None:
    for statement in statements(role().one("aws:iam/rolePolicy:RolePolicy").inputs["policy"]):
        if statement["Resource"] == "*":
            assert statement["Condition"]["StringEquals"]["aws:RequestedRegion"] == REGION


def test_its_metrics_have_the_platforms_namespace() -> None:
    [metrics] = [
        statement
        for statement in statements(role().one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
        if statement["Action"] == "cloudwatch:PutMetricData"
    ]
    assert metrics["Condition"]["StringEquals"]["cloudwatch:namespace"] == "Headend/Node"


def test_it_writes_one_log_group_that_expires() -> None:
    done = role()
    group = done.one("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs["retentionInDays"] == 14
    [logs] = [
        statement
        for statement in statements(done.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
        if "logs:PutLogEvents" in listed(statement["Action"])
    ]
    assert logs["Resource"] == f"{group.outputs['arn']}:*"


def test_only_a_machine_may_take_it() -> None:
    [trusted] = statements(role().one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    assert trusted["Principal"] == {"Service": "ec2.amazonaws.com"}
