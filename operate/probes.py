"""The questions of `headend doctor`, one for each tier. The tier itself gives the answer."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal
from urllib.parse import urljoin

import requests
from botocore.exceptions import BotoCoreError, ClientError

from operate import alarms, catalogue, rolling
from operate.answers import Answer
from operate.cloud import Cloud
from operate.screen import Refusal

SECONDS = 30
"""Time-out for one HTTP answer. A Lambda function needs some seconds for a cold start."""


Probe = Callable[[Cloud], Iterator[tuple[Literal["ok", "wrong", "unsure"], str]]]


def ask(tier: str, probe: Probe, cloud: Cloud) -> list[Answer]:
    """The answers of a probe. An error that stops it is an answer too."""
    try:
        return [Answer(tier, verdict, " ".join(says.split())) for verdict, says in probe(cloud)]
    except (BotoCoreError, ClientError, requests.RequestException, Refusal) as error:
        return [Answer(tier, "wrong", " ".join(str(error).split()))]


def _uploads(cloud: Cloud) -> Iterator[tuple[Any, str]]:
    bucket = cloud.name("uploads_bucket")
    told = cloud.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    if "EventBridgeConfiguration" in told:
        yield "ok", f"{bucket} exists, and notifies EventBridge of each upload"
    else:
        yield "wrong", f"{bucket} does not notify EventBridge, so no upload is encoded. To repair it, run pulumi up"


def _trigger(cloud: Cloud) -> Iterator[tuple[Any, str]]:
    events = cloud.client("events")
    names = events.list_rule_names_by_target(TargetArn=cloud.name("state_machine"))["RuleNames"]
    states = {name: events.describe_rule(Name=name)["State"] for name in names}
    if "ENABLED" in states.values():
        yield "ok", f"{', '.join(states)}: ENABLED"
    else:
        yield "wrong", f"no enabled rule starts the workflow ({states or 'no rule at all'}). Run pulumi up"


def _lost(cloud: Cloud) -> Iterator[tuple[Any, str]]:
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName=cloud.name("lost_uploads"))["QueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    count = sum(int(value) for value in told.values())
    yield ("wrong", f"uploads that started no workflow: {count}. See headend lost") if count else ("ok", "none")


def _workflow(cloud: Cloud) -> Iterator[tuple[Any, str]]:
    arn, states = cloud.name("state_machine"), cloud.client("stepfunctions")
    status = states.describe_state_machine(stateMachineArn=arn)["status"]
    running = states.list_executions(stateMachineArn=arn, statusFilter="RUNNING", maxResults=100)["executions"]
    count = f"{len(running)}{'+' if len(running) == 100 else ''}"
    yield ("ok" if status == "ACTIVE" else "wrong"), f"{status}; {count} titles are being made"


def _encoder(cloud: Cloud) -> Iterator[tuple[Any, str]]:
    arn = cloud.name("encoding_queue")
    queue = cloud.client("mediaconvert").get_queue(Name=arn.rpartition("/")[2])["Queue"]
    jobs = f"{queue.get('ProgressingJobsCount', 0)} jobs run, {queue.get('SubmittedJobsCount', 0)} wait"
    yield ("ok" if queue["Status"] == "ACTIVE" else "wrong"), f"{queue['Name']} is {queue['Status']}; {jobs}"


def _catalogue(cloud: Cloud) -> Iterator[tuple[Any, str]]:
    table = cloud.client("dynamodb").describe_table(TableName=cloud.name("titles_table"))["Table"]
    indexes = {index["IndexName"]: index.get("IndexStatus", "ACTIVE") for index in table["GlobalSecondaryIndexes"]}
    fine = {table["TableStatus"], *indexes.values()} == {"ACTIVE"}
    told = ", ".join(f"its index {name} is {status}" for name, status in indexes.items())
    yield ("ok" if fine else "wrong"), f"{table['TableName']} is {table['TableStatus']}, {told}"


def _page(cloud: Cloud) -> Iterator[tuple[Any, str]]:
    answer = requests.get(f"{cloud.url}/", timeout=SECONDS)
    yield ("ok" if answer.ok else "wrong"), f"{cloud.url}/ answers {answer.status_code}"


def _api(cloud: Cloud) -> Iterator[tuple[Any, str]]:
    answer = requests.get(f"{cloud.url}/api/titles", timeout=SECONDS)
    if answer.ok:
        yield "ok", f"answers in {answer.elapsed.total_seconds():.2f} s"
    else:
        yield (
            "wrong",
            f"answers {answer.status_code}: {answer.text[:200]}. The log of the playback function says why",
        )


def _fleets(cloud: Cloud) -> Iterator[tuple[Any, str]]:
    for fleet in cloud.output("fleets"):
        try:
            group = rolling.group(cloud.client("autoscaling", fleet["region"]), fleet)
        except Refusal as error:
            yield "wrong", str(error)
            continue
        yield fleet_health(group, health(cloud, fleet["region"], group))


def health(cloud: Cloud, region: str, group: Mapping[str, Any]) -> dict[str, str]:
    """Instance id of each node of a group to the load balancer's state of it: healthy, unhealthy, initial, draining."""
    balancers = cloud.client("elbv2", region)
    return {
        item["Target"]["Id"]: item["TargetHealth"]["State"]
        for arn in group.get("TargetGroupARNs", ())
        for item in balancers.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    }


def fleet_health(group: Mapping[str, Any], found: Mapping[str, str]) -> tuple[Any, str]:
    """Can this fleet serve? ok: it has all its healthy nodes. unsure: it has some of them. wrong: it has none."""
    good = sum(1 for state in found.values() if state == "healthy")
    wanted = group["DesiredCapacity"]
    verdict = "ok" if good >= wanted else "unsure" if good else "wrong"
    return verdict, f"{group['AutoScalingGroupName']}: {good} of {wanted} nodes healthy"


def _alarms(cloud: Cloud) -> Iterator[tuple[Any, str]]:
    found = alarms.of_stack(cloud)
    ringing = [alarm.name for alarm in found if alarm.state == "ALARM"]
    if ringing:
        yield "wrong", f"{len(ringing)} of {len(found)} ring: {', '.join(ringing[:3])}. See headend alarms"
    else:
        yield "ok", f"none of {len(found)} rings"
    for region, topic in cloud.output("topics").items():
        listed = cloud.client("sns", region).list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        for item in listed:
            if item["SubscriptionArn"] == "PendingConfirmation":
                yield "wrong", f"{item['Endpoint']} gets no alarms of {region}: it has not confirmed AWS's mail"


def _film(cloud: Cloud) -> Iterator[tuple[Any, str]]:
    """Fetch as a viewer does: the newest film's manifest, a playlist and its first segment. Tell who answered."""
    row = next(iter(catalogue.newest_first(cloud, ["PUBLISHED"])), None)
    if row is None:
        yield "unsure", "no film is published yet, so none can be played"
        return
    session = requests.Session()
    answer = session.post(f"{cloud.url}/api/titles/{row['id']}/play", timeout=SECONDS)
    if not answer.ok:
        yield "wrong", f"{row['id']}: the API does not start it, and answers {answer.status_code}: {answer.text[:200]}"
        return
    path = answer.json()["hls"]
    for kind in ("manifest", "playlist", "segment"):
        url = urljoin(f"{cloud.url}/", path)
        # Signed cookies work only over HTTPS and on the viewers' host name, which this URL has.
        got = session.get(url, timeout=SECONDS)
        by = served_by(got.headers)
        if not got.ok:
            yield "wrong", f"{row['id']}: its {kind} {path} answers {got.status_code} ({by})"
            return
        if kind == "segment":
            yield "ok", f"{row['id']} plays: manifest, playlist and segment ({by})"
            return
        names = referenced(got.text)
        if not names:
            yield "wrong", f"{row['id']}: its {kind} {path} lists no file"
            return
        path = urljoin(path, names[0])


def referenced(playlist: str) -> list[str]:
    """The files of an HLS playlist: its initialization segment, then every line that is not a tag."""
    first = re.findall(r'#EXT-X-MAP:.*?URI="([^"]+)"', playlist)
    return first + [line for line in playlist.splitlines() if line and not line.startswith("#")]


def served_by(headers: Mapping[str, str]) -> str:
    """Who answered, by the headers of the edge and the node."""
    edge, node = headers.get("X-Cache", "no X-Cache from the edge"), headers.get("X-Node")
    return f"{edge}, node {node} {headers.get('X-Node-Cache', '')}".strip() if node else f"{edge}, no node: S3"


def _home(cloud: Cloud) -> Iterator[tuple[Any, str]]:
    bucket = cloud.name("media_bucket")
    row = next(iter(catalogue.newest_first(cloud, ["PUBLISHED"])), None)
    if row is None:
        cloud.client("s3").head_bucket(Bucket=bucket)
        yield "ok", f"{bucket} exists, and has no films yet"
        return
    cloud.client("s3").head_object(Bucket=bucket, Key=f"{row['prefix']}/index.m3u8")
    yield "ok", f"{bucket} has the newest film"


PROBES: dict[str, Probe] = {
    "uploads bucket": _uploads,
    "trigger": _trigger,
    "lost uploads": _lost,
    "workflow": _workflow,
    "encoder": _encoder,
    "catalogue": _catalogue,
    "media bucket": _home,
    "page": _page,
    "API": _api,
    "cache fleet": _fleets,
    "film": _film,
    "alarms": _alarms,
}
"""Tiers in the order in which a film passes them, from its upload to a viewer."""
