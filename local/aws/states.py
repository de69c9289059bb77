"""Step Functions: what moto's interpreter of the Amazon States Language lacks, or does otherwise than AWS.

`install(endpoint)` makes JSONata work, adds `mediaconvert:createJob` with `.sync`, and puts arguments, results, errors
and names right. Services are called over the AWS API at `endpoint`, this same server.
"""

import datetime
import functools
import time
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import botocore.session
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.assign.assign_decl import AssignDecl
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.outputdecl import Output
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_aws_sdk
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
    ResourceCondition,
    ResourceRuntimePart,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_dynamodb import (
    StateTaskServiceDynamoDB,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from local.aws import jsonata
from local.aws.clients import client
from local.aws.mends import mend

POLL_SECONDS = 0.25
# Step Functions' names where they are not botocore's.
BOTO_NAMES = {
    "sfn": "stepfunctions",
    "states": "stepfunctions",
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
    "elasticloadbalancingv2": "elbv2",
}
# The prefix of an aws-sdk integration's errors, where it is not the service's name in the resource.
ERROR_PREFIXES = {
    "cloudwatchlogs": "CloudWatchLogs",
    "eventbridge": "EventBridge",
    "lambda": "Lambda",
    "mediaconvert": "MediaConvert",
    "s3": "S3",
    "sns": "Sns",
    "sqs": "Sqs",
    "ssm": "Ssm",
}


def timestamp(moment: datetime.datetime) -> str:
    """As Step Functions writes it: ISO 8601 in UTC, with milliseconds."""
    return moment.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """A copy of `value` as JSON has it: datetimes as text."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return timestamp(value) if isinstance(value, datetime.datetime) else value


def failure(env: Environment, error: StatesErrorNameType, cause: str, **resource: str) -> FailureEventException:
    """The end of a task by one of Step Functions' own errors."""
    details = TaskFailedEventDetails(error=error.to_name(), cause=cause, **resource)
    event = cast("EventDetails", {"taskFailedEventDetails": details})
    return FailureEventException(FailureEvent(env, StatesErrorName(typ=error), HistoryEventType.TaskFailed, event))


# JSONata


def visible_states(env: Environment) -> dict[str, Any]:
    """`$states`, with `result` and `errorOutput` only where AWS has them.

    moto keeps a failed attempt's error as both; after a success that follows it, only the error is stale.
    """
    data: Any = env.states._states_data
    context = dict(data["context"])
    if state := context.get("State"):
        entered = datetime.datetime.fromisoformat(state["EnteredTime"])
        context["State"] = {**state, "EnteredTime": timestamp(entered)}
    caught = data.get("errorOutput") is not None and data["errorOutput"] == data.get("result")
    outcome = "errorOutput" if caught else "result"
    visible = {"input": data["input"], "context": context}
    if data.get(outcome) is not None:
        visible[outcome] = data[outcome]
    return plain(visible)


def _eval_jsonata(self: StringJSONata, env: Environment) -> None:
    store = env.variable_store
    variables = {**store._outer_scope, **store._inner_scope, "states": visible_states(env)}
    try:
        env.stack.append(jsonata.evaluate(self.expression, variables))
    except jsonata.QueryError as error:
        name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
        details = EvaluationFailedEventDetails(cause=str(error), error=name.error_name)
        event = cast("EventDetails", {"evaluationFailedEventDetails": details})
        env.event_manager.add_event(env.event_history_context, HistoryEventType.EvaluationFailed, event)
        raise FailureEventException(FailureEvent(env, name, HistoryEventType.EvaluationFailed, event)) from error


def _see_variables_as_entered(env: Environment, evaluate: Callable[[], None]) -> None:
    """Evaluate an Output with the variables from before the same state's Assign, as AWS does; moto assigns first."""
    scope = env.variable_store._inner_scope
    assigned = dict(scope)
    scope.clear()
    scope.update(env.heap.get("variables as entered", assigned))
    try:
        evaluate()
    finally:
        scope.clear()
        scope.update(assigned)


# Arguments, results and errors of service integrations


@functools.cache
def _operations(service: str) -> dict[str, Any]:
    """botocore's models of a service's operations, by their names in lower case."""
    model: Any = botocore.session.get_session().get_service_model(service)
    return {name.lower(): model.operation_model(name) for name in model.operation_names}


def _operation(task: StateTaskService, service: str | None, action: str | None) -> Any:
    operations = _operations(task._get_boto_service_name(service))
    wanted = (action or task.resource.api_action).lower()
    if wanted not in operations:
        raise ValueError(f"The resource {task.resource.resource_arn} names no action that the service has.")
    return operations[wanted]


def _normalise_parameters(
    self: StateTaskService,
    parameters: Any,
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    shape = _operation(self, boto_service_name, service_action_name).input_shape
    if shape:
        self._to_boto_request(parameters, shape)


def _normalise_response(
    self: StateTaskService, response: Any, boto_service_name: str | None = None, service_action_name: str | None = None
) -> None:
    response.update(plain(response))
    shape = _operation(self, boto_service_name, service_action_name).output_shape
    if shape:
        self._from_boto_response(response, shape)


class MediaConvertTask(StateTaskServiceCallback):
    """`mediaconvert:createJob`, and with `.sync` the wait for the job's end.

    A job that ends otherwise than COMPLETE fails the task with States.TaskFailed; the cause is the job as JSON.
    """

    def __init__(self) -> None:
        super().__init__(supported_integration_patterns={ResourceCondition(ResourceCondition.Sync)})

    def _get_supported_parameters(self) -> set[str] | None:
        shape = _operations("mediaconvert")["createjob"].input_shape
        return set(shape.members) if shape and self.resource.api_action == "createJob" else None

    def _from_error(self, env: Environment, ex: Exception) -> FailureEvent:
        if not isinstance(ex, ClientError):
            return super()._from_error(env=env, ex=ex)
        error, cause = f"MediaConvert.{ex.response['Error']['Code']}", ex.response["Error"]["Message"]
        details = TaskFailedEventDetails(
            error=error, cause=cause, resource=self._get_sfn_resource(), resourceType=self._get_sfn_resource_type()
        )
        event = cast("EventDetails", {"taskFailedEventDetails": details})
        return FailureEvent(env, CustomErrorName(error), HistoryEventType.TaskFailed, event)

    def _eval_service_task(
        self,
        env: Environment,
        resource_runtime_part: ResourceRuntimePart,
        normalised_parameters: Any,
        state_credentials: Any,
    ) -> None:
        service = boto_client.boto_client_for(resource_runtime_part.region, "mediaconvert", state_credentials)
        tags = {**normalised_parameters.pop("Tags", {}), "ManagedByService": "AWSStepFunctions"}
        env.stack.append({"Job": service.create_job(**normalised_parameters, Tags=tags)["Job"]})

    def _eval_integration_pattern(
        self,
        env: Environment,
        resource_runtime_part: ResourceRuntimePart,
        normalised_parameters: Any,
        state_credentials: Any,
    ) -> None:
        del normalised_parameters
        service = boto_client.boto_client_for(resource_runtime_part.region, "mediaconvert", state_credentials)
        job_id = env.stack.pop()["Job"]["Id"]
        while env.is_running():
            job = plain(service.get_job(Id=job_id)["Job"])
            if job["Status"] == "COMPLETE":
                env.stack.append({"Job": job})
                return
            if job["Status"] in {"ERROR", "CANCELED"}:
                resource = {"resource": self._get_sfn_resource(), "resourceType": self._get_sfn_resource_type()}
                raise failure(env, StatesErrorNameType.StatesTaskFailed, to_json_str(job), **resource)
            time.sleep(POLL_SECONDS)


def install(endpoint: str) -> None:
    """Mend moto's interpreter. `endpoint` is the URL at which workflows reach AWS."""

    def eval_assign(self: AssignDecl, env: Environment) -> None:
        env.heap["variables as entered"] = dict(env.variable_store._inner_scope)
        moto_assign(self, env)

    def eval_output(self: Output, env: Environment) -> None:
        _see_variables_as_entered(env, lambda: moto_output(self, env))

    def eval_parameters(self: StateTask, env: Environment) -> Any:
        if self.parargs is None:
            return {}
        self.parargs.eval(env)
        arguments = env.stack.pop()
        supported = self._get_supported_parameters()
        if supported and (refused := sorted(set(arguments) - supported)):
            cause = f"Not supported by Step Functions in {self.resource.resource_arn}: {', '.join(refused)}"
            raise failure(env, StatesErrorNameType.StatesRuntime, cause)
        return arguments

    def dynamodb_error(self: StateTaskServiceDynamoDB, env: Environment, ex: Exception) -> FailureEvent:
        if isinstance(ex, ClientError):
            return moto_dynamodb_error(self, env, ex)
        return StateTaskService._from_error(self, env, ex)

    def task_for(service_name: str) -> StateTaskService:
        return MediaConvertTask() if service_name == "mediaconvert" else moto_task_for(service_name)

    def start_execution(
        self: StepFunctionsParserBackend, state_machine_arn: str, name: str | None = None, *args: Any, **options: Any
    ) -> Any:
        return moto_start_execution(self, state_machine_arn, name or str(uuid.uuid4()), *args, **options)

    def reflect_status(self: BaseExecutionWorkerCommunication) -> None:
        outcome = SimpleNamespace(exec_worker=self.execution.exec_worker, output=None, error=None, cause=None)
        moto_reflect_status(SimpleNamespace(execution=outcome))
        self.execution.output = to_json_str(outcome.output)
        self.execution.error, self.execution.cause = outcome.error, outcome.cause
        self.execution.stop_date = outcome.stop_date
        self.execution.exec_status = outcome.exec_status  # last: who sees the status finds the output too

    def make_client(service_name: str, region_name: str, **_: object) -> Any:
        return client(service_name, region_name, endpoint)

    mend(StringJSONata, "_eval_body", _eval_jsonata)
    moto_assign = mend(AssignDecl, "_eval_body", eval_assign)
    moto_output = mend(Output, "_eval_body", eval_output)
    mend(StateTask, "_eval_parameters", eval_parameters)
    mend(StateTaskService, "_normalise_parameters", _normalise_parameters)
    mend(StateTaskService, "_normalise_response", _normalise_response)
    mend(StateTaskService, "_SERVICE_NAME_SFN_TO_BOTO_OVERRIDES", BOTO_NAMES)
    moto_dynamodb_error = mend(StateTaskServiceDynamoDB, "_from_error", dynamodb_error)
    prefixes = {**state_task_service_aws_sdk._SERVICE_ERROR_NAMES, **ERROR_PREFIXES}
    mend(state_task_service_aws_sdk, "_SERVICE_ERROR_NAMES", prefixes)
    moto_task_for = mend(state_task_factory, "state_task_service_for", task_for)
    moto_start_execution = mend(StepFunctionsParserBackend, "start_execution", start_execution)
    moto_reflect_status = mend(BaseExecutionWorkerCommunication, "_reflect_execution_status", reflect_status)
    mend(boto_client, "boto3", SimpleNamespace(client=make_client))
