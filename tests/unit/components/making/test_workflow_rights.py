"""Least privilege in the workflow: the permissions of each handler, and of the workflow's own integrations."""

from components.blocks.policies import Statement
from components.making.handlers import CAPTIONS, HANDLERS, MakingArgs
from components.making.workflow_rights import workflow_rights
from tests.declared import ACCOUNT, REGION, deploy, listed

JOB_ROLE = f"arn:aws:iam::{ACCOUNT}:role/encoding"
ARGS: MakingArgs = {
    "region": REGION,
    "account_id": ACCOUNT,
    "log_days": 14,
    "uploads_name": "uploads",
    "uploads_arn": "arn:aws:s3:::uploads",
    "media_name": "media",
    "media_arn": "arn:aws:s3:::media",
    "table_name": "titles",
    "table_arn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/titles",
    "queue_arn": f"arn:aws:mediaconvert:{REGION}:{ACCOUNT}:queues/films",
    "job_role_arn": JOB_ROLE,
    "topic_arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:people",
    "topic_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
    "ladder": "",
    "surround": False,
    "max_title_usd": 0,
}


def actions(statements: object) -> set[str]:
    return {action for statement in listed(statements) for action in listed(statement["Action"])}


def of_handlers() -> dict[str, list[Statement]]:
    made: list[dict[str, list[Statement]]] = []
    deploy(lambda: made.append({handler.name: handler.rights(ARGS) for handler in (*HANDLERS, CAPTIONS)}))
    return made[0]


def test_a_handler_that_only_computes_has_no_rights() -> None:
    assert of_handlers()["identify"] == []


def test_a_handler_writes_nothing_but_new_objects_beside_an_encode() -> None:
    for handler, statements in of_handlers().items():
        for statement in statements:
            verbs = {action.split(":")[1] for action in actions([statement])}
            if verbs == {"PutObject"}:
                assert statement.get("Condition") == {"Null": {"s3:if-none-match": "false"}}
                assert handler in ("verify", "captions")
            else:
                assert all(verb.startswith(("Get", "List", "Search", "Probe", "Head")) for verb in verbs), handler


def test_the_workflow_passes_one_role_to_one_service() -> None:
    [passed] = [item for item in workflow_rights(ARGS, [], "pipeline-workflow") if "iam:PassRole" in actions([item])]
    assert passed.get("Resource") == JOB_ROLE
    assert passed.get("Condition") == {"StringEquals": {"iam:PassedToService": "mediaconvert.amazonaws.com"}}


def test_it_writes_the_catalogue_row_by_row_and_deletes_nothing() -> None:
    may = actions(workflow_rights(ARGS, [], "pipeline-workflow"))
    assert {action for action in may if action.startswith("dynamodb:")} == {"dynamodb:GetItem", "dynamodb:UpdateItem"}
    assert not any("Delete" in action for action in may if not action.startswith("logs:"))


def test_a_permission_for_all_resources_has_none_to_name_or_stays_in_the_region() -> None:
    for item in workflow_rights(ARGS, [], "pipeline-workflow"):
        if item.get("Resource") == "*" and not {action.split(":")[0] for action in actions([item])} <= {"logs", "xray"}:
            assert item.get("Condition") == {"StringEquals": {"aws:RequestedRegion": REGION}}
            assert actions([item]) == {"mediaconvert:CreateJob"}
