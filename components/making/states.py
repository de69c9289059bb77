"""States that more than one workflow has, as Amazon States Language (JSONata). Pure.

They expect the workflow's title in the variable `title`.
"""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.making.handlers import TIMEOUT_SECONDS

State = dict[str, Any]

NOW = {"S": "{% $now('[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01]Z') %}"}
THE_ROW = {"id": {"S": "{% $title.id %}"}}

TRANSIENT = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    # The sandbox was killed, because its host failed or its memory was used up.
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "DynamoDB.ProvisionedThroughputExceededException",
    "DynamoDB.ThrottlingException",
    "DynamoDB.RequestLimitExceeded",
    "DynamoDB.InternalServerError",
    "DynamoDB.SdkClientException",
    "SNS.ThrottledException",
    "SNS.InternalErrorException",
    "SNS.SdkClientException",
    "Sfn.ThrottlingException",
    "Sfn.SdkClientException",
    # botocore's own names. A handler raises them when AWS refuses a call for its rate.
    "TooManyRequestsException",
    "ThrottlingException",
    "SlowDown",
    "InternalError",
    "ServiceUnavailable",
    "500",  # the answer to a HEAD has no error name
    "503",
    "ServiceUnavailableException",
    "InternalServerErrorException",
    "EndpointConnectionError",
    "States.Timeout",
]


RETRY: list[State] = [
    {
        "ErrorEquals": TRANSIENT,
        "IntervalSeconds": 2,
        "BackoffRate": 2,
        "MaxDelaySeconds": 120,
        "MaxAttempts": 10,
        "JitterStrategy": "FULL",
    }
]


def in_a_crowd(*errors: str) -> State:
    """How to retry a call that is refused because of its rate. Thousands of films may wait here for an hour."""
    return {
        "ErrorEquals": list(errors),
        "IntervalSeconds": 5,
        "BackoffRate": 2,
        "MaxDelaySeconds": 300,
        "MaxAttempts": 40,
        "JitterStrategy": "FULL",
    }


def on_lost_claim(next_state: str) -> State:
    return {"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "Next": next_state}


def invoke(function_arn: pulumi.Input[str], payload: object, assigns: State, next_state: str, says: str) -> State:
    """Ask a handler; `assigns` are variables by name."""
    return {
        "Type": "Task",
        "Comment": says,
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function_arn, "Payload": payload},
        "Assign": assigns,
        "TimeoutSeconds": TIMEOUT_SECONDS + 10,
        # A new account may run ten functions at once.
        "Retry": [in_a_crowd("Lambda.TooManyRequestsException"), *RETRY],
        "Next": next_state,
    }


RESERVED = ("name", "key", "size", "source", "state", "duration")


def update(
    table: pulumi.Input[str],
    *,
    sets: Mapping[str, State],
    also: str,
    values: Mapping[str, State],
    remove: str,
    condition: str,
    next_state: str,
) -> State:
    """One conditional write to the title's row. `sets` by attribute; `#name` marks DynamoDB's reserved words."""
    expressions = [f"{attribute} = :{attribute.removeprefix('#')}" for attribute in sets]
    expression = f"SET {', '.join([*expressions, *([also] if also else [])])}" + (f" REMOVE {remove}" if remove else "")
    used = f"{expression} {condition}"
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:updateItem",
        "Arguments": {
            "TableName": table,
            "Key": THE_ROW,
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {f"#{word}": word for word in RESERVED if f"#{word}" in used},
            "ExpressionAttributeValues": {f":{name.removeprefix('#')}": value for name, value in sets.items()}
            | dict(values),
        },
        "TimeoutSeconds": 60,
        "Retry": RETRY,
        "Next": next_state,
    }


def tell(topic_arn: pulumi.Input[str], subject: str, message: Mapping[str, str], says: str, next_state: str) -> State:
    """Publish to the topic; `subject` is an expression.

    The title's row has the same words, so the execution goes on if the topic cannot be reached.
    """
    return {
        "Type": "Task",
        "Comment": says,
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": {
            "TopicArn": topic_arn,
            # SNS takes printable ASCII, less than 100 characters, as a subject.
            "Subject": f"{{% $substring($replace({subject}, /[^ -~]/, '?'), 0, 99) %}}",
            "Message": {
                "title": "{% $title.id %}",
                "name": "{% $title.name %}",
                **message,
            },
        },
        "TimeoutSeconds": 60,
        "Retry": RETRY,
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": next_state}],
        "Next": next_state,
    }
