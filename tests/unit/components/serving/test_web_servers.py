"""The API: it reads the catalogue, starts an encode if the stack encodes on request, and answers only its balancer."""

from typing import Any

import pytest

from components.serving import signing_needs
from components.serving.load_balancer import LoadBalancer
from components.serving.web_servers import WebServers
from local.engine import Deployment
from tests.declared import ACCOUNT, REGION, depends_on, deploy, listed, statements

TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/titles"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:workflow"
SIGNING = {"key_pair_id": "K1", "parameter": "/headend/prod/signing/key-1", "host": "watch.example.com"}
ARGS: dict[str, Any] = {
    "region": REGION,
    "account_id": ACCOUNT,
    "log_days": 14,
    "encode": "on_upload",
    "stack": "headend-dev",
    "report_percent": 100,
    "table_name": "titles",
    "table_arn": TABLE,
    "uploads_name": "uploads",
    "state_machine_arn": MACHINE,
    "signing": None,
    "concurrency": 0,
}


def servers(**other: Any) -> Deployment:
    """Web servers behind a balancer with one fleet."""

    def make() -> None:
        balancer = LoadBalancer(
            "pop",
            {
                "region": REGION,
                "subnet_ids": ["subnet-1", "subnet-2"],
                "security_group_id": "sg-1",
                "fleet_target_groups": ["fleet-0"],
                "certificate": None,
                "log_bucket": "logs",
                "protect": False,
            },
        )
        args: Any = {**ARGS, "balancer": balancer, **other}
        WebServers("web", args)

    return deploy(make)


def rights(done: Deployment) -> dict[str, Any]:
    """The role's resources by action, without the rights that every function has."""
    return {
        action: statement["Resource"]
        for statement in statements(done.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
        for action in listed(statement["Action"])
        if not action.startswith(("logs:", "xray:"))
    }


def environment(done: Deployment) -> dict[str, str]:
    return done.one("aws:lambda/function:Function").inputs["environment"]["variables"]


def test_it_reads_titles_and_writes_nothing_but_counts_of_plays() -> None:
    assert rights(servers()) == {
        "dynamodb:GetItem": TABLE,
        "dynamodb:Query": f"{TABLE}/index/by-state",
        "dynamodb:UpdateItem": TABLE,
    }
    assert environment(servers()) == {
        "TITLES_TABLE": "titles",
        "STACK": "headend-dev",
        "REPORT_PERCENT": "100",
    }


def test_a_viewer_starts_an_encode_only_where_a_stack_encodes_on_request() -> None:
    done = servers(encode="on_request")
    assert rights(done)["states:StartExecution"] == MACHINE
    assert environment(done)["ENCODE_ON_REQUEST_STATE_MACHINE"] == MACHINE


def test_signing_reads_one_parameter_and_its_key_through_ssm_alone() -> None:
    done = servers(signing=SIGNING)
    parameter = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/headend/prod/signing/key-1"
    assert rights(done)["ssm:GetParameter"] == parameter
    [decrypt] = [
        statement["Condition"]["StringEquals"]
        for statement in statements(done.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
        if statement["Action"] == "kms:Decrypt"
    ]
    assert decrypt == {
        "kms:ViaService": f"ssm.{REGION}.amazonaws.com",
        "kms:EncryptionContext:PARAMETER_ARN": parameter,
    }


def test_no_private_key_is_in_the_functions_environment() -> None:
    assert set(environment(servers(signing=SIGNING)).values()) >= {"K1", "/headend/prod/signing/key-1"}
    assert "PRIVATE" not in str(environment(servers(signing=SIGNING)))


def test_every_cookie_reaches_the_viewer() -> None:
    # Without this the balancer passes on only the last Set-Cookie, but CloudFront needs all cookies.
    group = servers().one("aws:lb/targetGroup:TargetGroup").inputs
    assert (group["targetType"], group["lambdaMultiValueHeadersEnabled"]) == ("lambda", True)


def test_its_path_is_tried_before_those_of_the_fleets() -> None:
    done = servers()
    rules = {item.name: item.inputs for item in done.of_type("aws:lb/listenerRule:ListenerRule")}
    api = rules.pop("web-rule")
    assert api["conditions"] == [{"pathPattern": {"values": ["/api/*"]}}]
    assert api["actions"][0]["targetGroupArn"] == done.one("aws:lb/targetGroup:TargetGroup").outputs["arn"]
    assert {rule["listenerArn"] for rule in rules.values()} == {api["listenerArn"]}
    assert api["priority"] < min(rule["priority"] for rule in rules.values())


def test_only_its_own_target_group_may_call_it_and_may_before_it_is_attached() -> None:
    done = servers()
    permission = done.one("aws:lambda/permission:Permission")
    assert permission.inputs["principal"] == "elasticloadbalancing.amazonaws.com"
    assert permission.inputs["sourceArn"] == done.one("aws:lb/targetGroup:TargetGroup").outputs["arn"]
    assert depends_on(done, done.one("aws:lb/targetGroupAttachment:TargetGroupAttachment"), permission)


def test_signing_without_its_library_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(signing_needs, "__file__", str(tmp_path / "components" / "serving" / "signing_needs.py"))
    with pytest.raises(Exception, match="make setup"):
        signing_needs.signing_library()


@pytest.mark.parametrize(("kept", "said"), [(0, None), (200, 200)])
def test_playback_has_executions_that_uploads_cannot_use_up(kept: int, said: int | None) -> None:
    made = servers(concurrency=kept).one("aws:lambda/function:Function").inputs
    assert made.get("reservedConcurrentExecutions") == said
