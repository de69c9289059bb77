"""Orchestration: the workflow calls the handlers of its own stack, and its failures are logged."""

import fnmatch
import json
from typing import Any

import pytest

from local.engine import Deployment
from tests.declared import ACCOUNT, depends_on, listed, statements, whole


@pytest.fixture(scope="module")
def dev() -> Deployment:
    return whole("dev")


def states(deployment: Deployment) -> dict[str, Any]:
    return json.loads(deployment.one("aws:sfn/stateMachine:StateMachine", "pipeline-workflow").inputs["definition"])[
        "States"
    ]


def test_it_calls_the_handlers_that_were_made_and_may_call_no_other(dev: Deployment) -> None:
    functions = {
        item.outputs["arn"]: item.inputs["handler"]
        for item in dev.of_type("aws:lambda/function:Function")
        if item.name.startswith("pipeline-")
    }
    called = {
        name: functions[state["Arguments"]["FunctionName"]]
        for name, state in states(dev).items()
        if state.get("Resource", "").endswith("lambda:invoke")
    }
    assert called == {
        name: f"lambdas.{handler}.handler.handle"
        for name, handler in {
            "Identify": "identify",
            "Prepare": "prepare",
            "Verify": "verify",
        }.items()
    }
    [invoked] = [
        statement
        for statement in statements(dev.one("aws:iam/rolePolicy:RolePolicy", "pipeline-policy").inputs["policy"])
        if statement["Action"] == "lambda:InvokeFunction"
    ]
    assert set(listed(invoked["Resource"])) == set(functions)


def test_a_handler_answers_or_is_stopped_before_the_workflow_gives_it_up(dev: Deployment) -> None:
    longest = max(
        item.inputs["timeout"]
        for item in dev.of_type("aws:lambda/function:Function")
        if item.name.startswith("pipeline-")
    )
    waited = {
        state["TimeoutSeconds"] for state in states(dev).values() if state.get("Resource", "").endswith("lambda:invoke")
    }
    assert longest < min(waited)


def test_a_job_gets_the_queue_the_role_and_the_bucket_of_this_stack(dev: Deployment) -> None:
    job = states(dev)["Encode"]["Arguments"]
    assert job["Role"] == dev.one("aws:iam/role:Role", "encoding-role").outputs["arn"]
    assert job["Queue"] == dev.one("aws:mediaconvert/queue:Queue").outputs["arn"]
    media = dev.one("aws:s3/bucket:Bucket", "content-media-bucket").outputs["bucket"]
    assert f"$bucket := '{media}'" in job["Settings"]["OutputGroups"]


def test_a_job_is_looked_for_in_this_stacks_queue_alone(dev: Deployment) -> None:
    queue = dev.one("aws:mediaconvert/queue:Queue").outputs["arn"]
    prepare = dev.one("aws:lambda/function:Function", "pipeline-prepare-function").inputs["environment"]["variables"]
    assert prepare["QUEUE_ARN"] == queue
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", "pipeline-prepare-policy").inputs["policy"]
    [search] = [each for each in statements(policy) if each["Action"] == "mediaconvert:SearchJobs"]
    assert search["Resource"] == queue


def test_it_may_look_at_its_own_executions(dev: Deployment) -> None:
    machine = dev.one("aws:sfn/stateMachine:StateMachine", "pipeline-workflow").outputs["arn"]
    [look] = [
        statement
        for statement in statements(dev.one("aws:iam/rolePolicy:RolePolicy", "pipeline-policy").inputs["policy"])
        if statement["Action"] == "states:DescribeExecution"
    ]
    assert fnmatch.fnmatch(f"{machine.replace(':stateMachine:', ':execution:')}:any", look["Resource"])


def test_only_this_accounts_workflows_may_take_its_role(dev: Deployment) -> None:
    [trusted] = statements(dev.one("aws:iam/role:Role", "pipeline-role").inputs["assumeRolePolicy"])
    assert trusted["Principal"] == {"Service": "states.amazonaws.com"}
    assert trusted["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:*"},
    }


def test_failures_are_logged_with_their_data_and_traced(dev: Deployment) -> None:
    machine = dev.one("aws:sfn/stateMachine:StateMachine", "pipeline-workflow")
    group = dev.one("aws:cloudwatch/logGroup:LogGroup", "pipeline-log")
    logging = machine.inputs["loggingConfiguration"]
    assert logging["logDestination"] == f"{group.outputs['arn']}:*"
    assert (logging["level"], logging["includeExecutionData"]) == ("ERROR", True)
    assert machine.inputs["tracingConfiguration"] == {"enabled": True}
    # Otherwise the account's only resource policy for log delivery grows with every stack until it is full.
    assert group.inputs["namePrefix"].startswith("/aws/vendedlogs/states/")


def test_it_is_made_once_it_may_do_its_work(dev: Deployment) -> None:
    machine = dev.one("aws:sfn/stateMachine:StateMachine", "pipeline-workflow")
    assert depends_on(dev, machine, dev.one("aws:iam/rolePolicy:RolePolicy", "pipeline-policy"))
