"""Step Functions: features that moto's interpreter of the Amazon States Language lacks or handles unlike AWS.

`install(endpoint)` makes JSONata work, adds `mediaconvert:createJob` with `.sync`, and corrects arguments, results,
errors and names. It calls services through the AWS API at `endpoint`, which is this same server.
"""

import copy
import functools
import json
import time
import uuid
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import botocore.session
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_aws_sdk as aws_sdk
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from local.aws import jsonata
from local.aws.mends import mend
from local.clients import client

PARSER = "moto.stepfunctions.parser"
ASL = f"{PARSER}.asl"
TASK = f"{ASL}.component.state.exec.state_task"
POLL_SECONDS, POLLS = 0.25, 5
"""How often a workflow looks at its job; and how many such looks there may be a second, of all of them together. Each
takes some 10 ms of a processor: two hundred workflows that look four times a second leave nothing to the encoder."""
# Step Functions' names of services that differ from botocore's, and the prefixes of their errors.
BOTO_NAMES = {"sfn": "stepfunctions", "states": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs"}
ERROR_PREFIXES = {
    "dynamodb": "DynamoDb", "eventbridge": "EventBridge", "lambda": "Lambda", "mediaconvert": "MediaConvert",
    "s3": "S3", "sfn": "Sfn", "sns": "Sns", "sqs": "Sqs", "ssm": "Ssm",
}  # fmt: skip


def timestamp(moment: datetime) -> str:
    """A time as Step Functions writes it: ISO 8601 in UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """A copy of `value` that JSON can hold: datetimes become text."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return timestamp(value) if isinstance(value, datetime) else value


def failure(env: Environment, kind: HistoryEventType, error: StatesErrorNameType, cause: str) -> FailureEventException:
    """An exception that ends a state with one of Step Functions' own errors. `kind` also names the event's details."""
    details: Any = {f"{kind[0].lower()}{kind[1:]}EventDetails": {"error": error.to_name(), "cause": cause}}
    return FailureEventException(FailureEvent(env, StatesErrorName(typ=error), kind, details))


def visible_states(env: Environment) -> dict[str, Any]:
    """`$states`, with `result` and `errorOutput` only when AWS has them.

    moto keeps the error of a failed attempt as both. If a later attempt succeeds, `errorOutput` is out of date.
    """
    data: Any = env.states._states_data
    state = data["context"]["State"]
    context = {**data["context"], "State": {**state, "EnteredTime": datetime.fromisoformat(state["EnteredTime"])}}
    caught = data.get("errorOutput") is not None and data["errorOutput"] == data.get("result")
    outcome = "errorOutput" if caught else "result"
    present = {} if data.get(outcome) is None else {outcome: data[outcome]}
    return plain({"input": data["input"], "context": context, **present})


def eval_jsonata(self: Any, env: Environment) -> None:
    """Evaluate a JSONata string, with workflow variables and `$states`."""
    store = env.variable_store
    variables = {**store._outer_scope, **store._inner_scope, "states": visible_states(env)}
    try:
        env.stack.append(jsonata.evaluate(self.expression, variables))
    except jsonata.QueryError as error:
        name = StatesErrorNameType.StatesQueryEvaluationError
        raise failure(env, HistoryEventType.EvaluationFailed, name, str(error)) from error


def eval_parameters(self: Any, env: Environment) -> Any:
    """A task's arguments. moto drops unknown ones, even misspelt ones. Here they stay, and the client refuses them."""
    if self.parargs is None:
        return {}
    self.parargs.eval(env)
    return env.stack.pop()


@functools.cache
def operations(service: str) -> dict[str, Any]:
    """botocore's models of the operations of a service, by the operations' names in lower case."""
    model: Any = botocore.session.get_session().get_service_model(service)
    return {name.lower(): model.operation_model(name) for name in model.operation_names}


def operation(task: Any, boto_service_name: str | None = None, service_action_name: str | None = None) -> Any:
    """The model of the operation that `task` calls. Raises KeyError if the service has no such operation."""
    service = task._get_boto_service_name(boto_service_name)
    return operations(service)[(service_action_name or task.resource.api_action).lower()]


def normalise_parameters(self: Any, parameters: Any, **called: Any) -> None:
    """Give arguments the API's case. Where the API takes text or bytes, an object becomes JSON."""
    if shape := operation(self, **called).input_shape:
        self._to_boto_request(parameters, shape)


def normalise_response(self: Any, response: Any, **called: Any) -> None:
    """Give results PascalCase, and times as text: moto cannot describe an execution that holds a datetime."""
    response.update(plain(response))
    if shape := operation(self, **called).output_shape:
        self._from_boto_response(response, shape)


_waiting: set[object] = set()
"""One for each workflow that waits for a job."""


def poll_seconds(waiting: int) -> float:
    """Seconds between two looks of one of so many workflows."""
    return max(POLL_SECONDS, waiting / POLLS)


class MediaConvertTask(aws_sdk.StateTaskServiceAwsSdk):
    """`mediaconvert:createJob`. With `.sync` it waits for the end of the job.

    A job that does not end as COMPLETE fails the task with States.TaskFailed. The cause is the job as JSON.
    """

    def __init__(self) -> None:
        super(aws_sdk.StateTaskServiceAwsSdk, self).__init__(supported_integration_patterns=set())  # no task tokens

    def _get_sfn_resource_type(self) -> str:
        return "mediaconvert"

    def _eval_integration_pattern(self, env: Environment, resource_runtime_part: Any, *_: Any, **__: Any) -> None:
        service: Any = boto_client_for(resource_runtime_part.region, "mediaconvert")
        job, me = env.stack.pop()["Job"], object()
        _waiting.add(me)
        try:
            while env.is_running():
                job = plain(service.get_job(Id=job["Id"])["Job"])
                if job["Status"] == "COMPLETE":
                    env.stack.append({"Job": job})
                    return
                if job["Status"] in {"ERROR", "CANCELED"}:
                    error = StatesErrorNameType.StatesTaskFailed
                    raise failure(env, HistoryEventType.TaskFailed, error, to_json_str(job))
                time.sleep(poll_seconds(len(_waiting)))
            service.cancel_job(Id=job["Id"])  # the execution was stopped, or is out of time
        finally:
            _waiting.discard(me)


def status_event(execution: Any) -> dict[str, Any]:
    """What EventBridge hears of moto's `execution` when it ends. On AWS it hears of the start as well."""
    detail = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": str(execution.exec_status.value),
        "input": to_json_str(execution.input_data),
    }
    kind = "Step Functions Execution Status Change"
    return {"Source": "aws.states", "DetailType": kind, "Detail": json.dumps(detail)}


def _mend_evaluation() -> None:
    def eval_assign(self: Any, env: Environment) -> None:
        env.heap["variables as entered"] = dict(env.variable_store._inner_scope)
        moto_assign(self, env)

    def eval_output(self: Any, env: Environment) -> None:
        # AWS evaluates Output and Assign with the variables of the time when the state was entered. moto evaluates
        # Output after Assign.
        scope = env.variable_store._inner_scope
        assigned = dict(scope)
        scope.clear()
        scope.update(env.heap.get("variables as entered", assigned))
        try:
            moto_output(self, env)
        finally:
            scope.clear()
            scope.update(assigned)

    def eval_rule(self: Any, env: Environment) -> None:
        moto_rule(self, env)
        env.heap["rule applied"] = env.stack[-1] is True

    def choice_output(self: Any, env: Environment) -> None:
        # moto applies the default's Assign and Output even for a rule that leads to the same next state.
        choice = copy.copy(self)
        choice.default_state = None if env.heap.get("rule applied") else self.default_state
        moto_choice_output(choice, env)

    mend(f"{ASL}.component.common.string.string_expression:StringJSONata._eval_body", eval_jsonata)
    moto_assign = mend(f"{ASL}.component.common.assign.assign_decl:AssignDecl._eval_body", eval_assign)
    moto_output = mend(f"{ASL}.component.common.outputdecl:Output._eval_body", eval_output)
    moto_rule = mend(f"{ASL}.component.state.choice.choice_rule:ChoiceRule._eval_body", eval_rule)
    choice = f"{ASL}.component.state.choice.state_choice:StateChoice"
    moto_choice_output = mend(f"{choice}._eval_state_output", choice_output)


def install(endpoint: str) -> None:
    """Mend moto's interpreter. `endpoint` is the URL at which workflows reach AWS."""
    _mend_evaluation()

    def dynamodb_error(self: Any, env: Environment, ex: Exception) -> FailureEvent:
        # moto reports a timeout or a failed expression as an error of DynamoDB.
        from_error = moto_dynamodb_error if isinstance(ex, ClientError) else StateTaskService._from_error
        return from_error(self, env=env, ex=ex)

    def reflect_status(self: Any) -> None:
        outcome = SimpleNamespace(exec_worker=self.execution.exec_worker, output=None, error=None, cause=None)
        moto_reflect_status(SimpleNamespace(execution=outcome))
        outcome.output = to_json_str(outcome.output)  # moto writes a string without quotes
        status = vars(outcome).pop("exec_status")
        vars(self.execution).update(vars(outcome))
        self.execution.exec_status = status  # last, so that a reader of the status finds the output too
        client("events", self.execution.region_name, endpoint).put_events(Entries=[status_event(self.execution)])

    def start_execution(self: Any, state_machine_arn: str, name: str | None = None, *args: Any, **options: Any) -> Any:
        return moto_start_execution(self, state_machine_arn, name or str(uuid.uuid4()), *args, **options)

    def parse(definition: str) -> Any:
        # moto parses the definition again for each execution, which takes longer than a short execution does. Only the
        # syntax tree is kept: what it makes of the tree belongs to one execution.
        _, tree = moto_parse(definition)
        return Preprocessor().visit(tree), tree

    def task_for(service_name: str) -> Any:
        return MediaConvertTask() if service_name == "mediaconvert" else moto_task_for(service_name)

    def make_client(service_name: str, region_name: str, **_: object) -> Any:
        return client(service_name, region_name, endpoint)

    mend(f"{TASK}.state_task:StateTask._eval_parameters", eval_parameters)
    mend(f"{TASK}.service.state_task_service:StateTaskService._normalise_parameters", normalise_parameters)
    mend(f"{TASK}.service.state_task_service:StateTaskService._normalise_response", normalise_response)
    mend(f"{TASK}.service.state_task_service:StateTaskService._SERVICE_NAME_SFN_TO_BOTO_OVERRIDES", BOTO_NAMES)
    mend(f"{TASK}.service.state_task_service_aws_sdk:_SERVICE_ERROR_NAMES", ERROR_PREFIXES)
    dynamodb = f"{TASK}.service.state_task_service_dynamodb:StateTaskServiceDynamoDB"
    moto_dynamodb_error = mend(f"{dynamodb}._from_error", dynamodb_error)
    moto_task_for = mend(f"{TASK}.state_task_factory:state_task_service_for", task_for)
    parser = f"{ASL}.parse.asl_parser:AmazonStateLanguageParser.parse"
    moto_parse = functools.lru_cache(16)(mend(parser, staticmethod(parse)))
    mend(f"{ASL}.utils.boto_client:boto3", SimpleNamespace(client=make_client))
    backend = f"{PARSER}.models:StepFunctionsParserBackend"
    moto_start_execution = mend(f"{backend}.start_execution", start_execution)
    worker = f"{PARSER}.backend.execution:BaseExecutionWorkerCommunication"
    moto_reflect_status = mend(f"{worker}._reflect_execution_status", reflect_status)
