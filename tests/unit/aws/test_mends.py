"""The parts of libraries that the laptop's AWS replaces are still those for which the replacements were written."""

import hashlib
import inspect
import pkgutil
from typing import Any

import pytest

from local.aws import events, functions, mends, models, replication, states, storage, tables
from local.aws.states import ASL, PARSER, TASK

PINNED = {
    "botocore.session:create_loader": "89050e30206e",
    "moto.core.utils:create_loader": "b94f7ea2b2fa",
    "moto.awslambda.models:LambdaFunction.invoke": "dadc324f30ae",
    "moto.dynamodb.responses:DynamoHandler.call_action": "ce5f57cf83cd",
    "moto.events.models:EventsBackend.put_rule": "28bf0ac76b1b",
    "moto.events.models:Rule.send_to_targets": "472e002e2dab",
    "moto.moto_server.utilities:RegexConverter.__init__": "e0730570d230",
    "moto.s3.models:FakeBucket.get_permission": "7571412a3495",
    "moto.s3.models:FakeKey.__getstate__": "9e38b58ef9ad",
    "moto.s3.models:FakeKey.value": "5e9a53c3d82c",
    "moto.s3.models:FakeMultipart.complete": "a5cd01f2f2f2",
    "moto.s3.models:S3Backend._set_delete_marker": "f95d9e59e39f",
    "moto.s3.notifications:_send_event_bridge_message": "971cee49c687",
    "moto.s3.notifications:send_event": "da8a7c7c6f2b",
    "moto.s3.responses:S3Response._key_response": "eb67586ff76b",
    "moto.s3.responses:S3Response.get_bucket_notification": "82884034c165",
    "moto.s3.responses:S3Response.list_object_versions": "a5ad4dafbad9",
    f"{ASL}.component.common.assign.assign_decl:AssignDecl._eval_body": "652b8326e85d",
    f"{ASL}.component.common.outputdecl:Output._eval_body": "d524ce38d6a9",
    f"{ASL}.component.common.string.string_expression:StringJSONata._eval_body": "277b6f413214",
    f"{TASK}.service.state_task_service:StateTaskService._SERVICE_NAME_SFN_TO_BOTO_OVERRIDES": "c0e56293e874",
    f"{TASK}.service.state_task_service:StateTaskService._normalise_parameters": "dece59e76fd5",
    f"{TASK}.service.state_task_service:StateTaskService._normalise_response": "00e0b0a50b1d",
    f"{TASK}.service.state_task_service_aws_sdk:_SERVICE_ERROR_NAMES": "ecf0525e5a0d",
    f"{TASK}.service.state_task_service_dynamodb:StateTaskServiceDynamoDB._from_error": "a27eaf8b4975",
    f"{TASK}.state_task:StateTask._eval_parameters": "f98779b805f9",
    f"{TASK}.state_task_factory:state_task_service_for": "a21a16afc5f6",
    f"{ASL}.component.state.choice.choice_rule:ChoiceRule._eval_body": "385e564c0a46",
    f"{ASL}.component.state.choice.state_choice:StateChoice._eval_state_output": "ab3b90209aa7",
    f"{ASL}.parse.asl_parser:AmazonStateLanguageParser.parse": "a59a7d18760f",
    f"{ASL}.utils.boto_client:boto3": "boto3",
    f"{PARSER}.backend.execution:BaseExecutionWorkerCommunication._reflect_execution_status": "038a396107af",
    f"{PARSER}.models:StepFunctionsParserBackend.start_execution": "0f8d9dd57baf",
}


def digest(original: Any) -> str:
    """Twelve hex digits of a hash of a function's or getter's source, or of a table's text. For a module, its name."""
    if inspect.ismodule(original):
        return original.__name__
    if isinstance(original, property):
        return digest(original.fget)
    text = inspect.getsource(original) if callable(original) else repr(original)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every place that `install` replaces, with the digest of the library's own part. Nothing is really replaced."""
    found: dict[str, str] = {}

    def record(place: str, replacement: object) -> object:
        original = pkgutil.resolve_name(place)
        found[place] = digest(original)
        return original

    with pytest.MonkeyPatch.context() as patch:
        for module in (events, functions, models, replication, states, storage, tables):
            patch.setattr(module, "mend", record)
        functions.install("http://127.0.0.1:9", tmp_path_factory.mktemp("run"))
        models.install()
        storage.install()
        states.install("http://127.0.0.1:9")
        events.install("http://127.0.0.1:9")
        replication.install()
        tables.install()
    return found


@pytest.mark.parametrize("place", sorted(PINNED))
def test_the_replaced_part_of_the_library_has_not_changed(place: str, mended: dict[str, str]) -> None:
    assert mended[place] == PINNED[place], f"the library's {place} changed: does our replacement still do its part?"


def test_every_replacement_is_pinned(mended: dict[str, str]) -> None:
    assert mended.keys() == PINNED.keys()


def test_a_place_that_the_library_lost_is_an_error() -> None:
    with pytest.raises(AttributeError):
        mends.mend("local.aws.mends:NoSuchClass.method", None)
    with pytest.raises(AttributeError):
        mends.mend("local.aws.mends:no_such_function", None)


def test_a_mend_returns_what_it_replaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mends, "re", mends.re)  # pytest restores it
    assert mends.mend("local.aws.mends:re", "replaced").__name__ == "re"
    assert vars(mends)["re"] == "replaced"
