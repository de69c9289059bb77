"""Events, queues, topics, alarms and logs."""

from typing import Any

from local.resources.making import Making, makes

# AWS names a queue's attributes in its own way.
_QUEUE_ATTRIBUTES = {
    "visibilityTimeoutSeconds": "VisibilityTimeout",
    "messageRetentionSeconds": "MessageRetentionPeriod",
}


@makes("aws:cloudwatch/eventRule:EventRule")
def event_rule(made: Making) -> tuple[str, dict[str, Any]]:
    """A rule: the pattern of events to look for."""
    made.call("events", "put_rule", Name=made.name)
    return made.name, {}


@makes("aws:cloudwatch/eventTarget:EventTarget")
def event_target(made: Making) -> tuple[str, dict[str, Any]]:
    """A target, which gets a rule's events."""
    rule, id_ = made.take("rule"), made.take("targetId", made.name)
    made.call("events", "put_targets", Rule=rule, Targets=[{**made.take_all(), "id": id_}])
    return f"{rule}-{id_}", {}


@makes("aws:cloudwatch/metricAlarm:MetricAlarm")
def metric_alarm(made: Making) -> tuple[str, dict[str, Any]]:
    """An alarm. It never starts, since the laptop measures nothing."""
    dimensions, queries = _dimensions(made.take("dimensions", {})), made.take("metricQueries")
    metrics = [_query(query) for query in queries] if queries else None
    made.call("cloudwatch", "put_metric_alarm", AlarmName=made.name, Dimensions=dimensions or None, Metrics=metrics)
    return made.name, {}


def _dimensions(given: dict[str, str]) -> list[dict[str, str]]:
    return [{"Name": key, "Value": value} for key, value in given.items()]


def _query(query: dict[str, Any]) -> dict[str, Any]:
    """One query of an alarm's expression. Pulumi has metric, period and statistic in one block; AWS has two levels."""
    metric: dict[str, Any] | None = query.get("metric")
    if metric is None:
        return query
    measured = {key: value for key, value in metric.items() if key not in ("dimensions", "period", "stat")}
    named = {**measured, "Dimensions": _dimensions(metric.get("dimensions", {}))}
    return {"Id": query["id"], "MetricStat": {"Metric": named, "Period": metric["period"], "Stat": metric["stat"]}}


@makes("aws:cloudwatch/logGroup:LogGroup")
def log_group(made: Making) -> tuple[str, dict[str, Any]]:
    """A log group."""
    made.call("logs", "create_log_group", logGroupName=made.name)
    made.call("logs", "put_retention_policy", logGroupName=made.name)
    return made.name, {}


@makes("aws:sqs/queue:Queue")
def queue(made: Making) -> tuple[str, dict[str, Any]]:
    """A queue."""
    tags = made.take("tags", {})
    attributes = {_QUEUE_ATTRIBUTES.get(key, key[0].upper() + key[1:]): value for key, value in made.take_all().items()}
    url = made.call("sqs", "create_queue", QueueName=made.name, Attributes=attributes, tags=tags)["QueueUrl"]
    return url, {}


@makes("aws:sqs/queuePolicy:QueuePolicy")
def queue_policy(made: Making) -> tuple[str, dict[str, Any]]:
    """A policy: who may use a queue."""
    url = made.take("queueUrl")
    made.call("sqs", "set_queue_attributes", QueueUrl=url, Attributes={"Policy": made.take("policy")})
    return url, {}


@makes("aws:sns/topic:Topic")
def topic(made: Making) -> tuple[str, dict[str, Any]]:
    """A topic."""
    tags = made.take("tags", {})
    attributes = {key[0].upper() + key[1:]: value for key, value in made.take_all().items()}
    return made.call("sns", "create_topic", Name=made.name, Attributes=attributes, Tags=tags)["TopicArn"], {}


@makes("aws:sns/topicPolicy:TopicPolicy")
def topic_policy(made: Making) -> tuple[str, dict[str, Any]]:
    """A policy: who may publish to a topic."""
    arn, policy = made.take("arn"), made.take("policy")
    made.call("sns", "set_topic_attributes", TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return arn, {}


@makes("aws:sns/topicSubscription:TopicSubscription")
def topic_subscription(made: Making) -> tuple[str, dict[str, Any]]:
    """A subscription: who gets a topic's messages."""
    arn = made.take("topic")
    return made.call("sns", "subscribe", TopicArn=arn, ReturnSubscriptionArn=True)["SubscriptionArn"], {}
