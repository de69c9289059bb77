"""The log bucket: AWS's log services may write to it for this account, nobody may read it, and logs expire."""

import functools

import pulumi_aws as aws

from components.operating.log_store import LogStore
from local.engine import Deployment
from tests.declared import ACCOUNT, REGION, depends_on, deploy, listed, statements


@functools.cache
def log_store() -> Deployment:
    def program() -> None:
        store = LogStore("logs", {"region": REGION, "account_id": ACCOUNT, "log_days": 30, "protect": False})
        aws.lb.LoadBalancer("balancer", access_logs={"bucket": store.bucket_name, "enabled": True})
        aws.ec2.FlowLog("flow", vpc_id="vpc-1", traffic_type="ALL", log_destination=store.bucket_arn)

    return deploy(program)


def grants() -> dict[str, list[dict[str, object]]]:
    """By service: statements that allow something."""
    found: dict[str, list[dict[str, object]]] = {}
    for statement in statements(log_store().one("aws:s3/bucketPolicy:BucketPolicy").inputs["policy"]):
        if statement["Effect"] == "Allow":
            found.setdefault(statement["Principal"]["Service"], []).append(statement)
    return found


def test_only_the_log_services_may_write_each_below_its_own_prefix() -> None:
    writes = {
        service: str(statement["Resource"]).split("/", 1)[1]
        for service, allowed in grants().items()
        for statement in allowed
        if statement["Action"] == "s3:PutObject"
    }
    assert writes == {
        "logging.s3.amazonaws.com": "s3/*",
        "logdelivery.elasticloadbalancing.amazonaws.com": f"alb/AWSLogs/{ACCOUNT}/*",
        "delivery.logs.amazonaws.com": f"AWSLogs/{ACCOUNT}/*",
    }


def test_no_other_account_can_have_its_logs_written_here() -> None:
    for service, allowed in grants().items():
        for statement in allowed:
            # The balancer's service sends no source. AWS documents the account in the path instead.
            if service == "logdelivery.elasticloadbalancing.amazonaws.com":
                assert f"/AWSLogs/{ACCOUNT}/" in str(statement["Resource"])
            else:
                condition = statement["Condition"]
                assert isinstance(condition, dict)
                assert condition["StringEquals"]["aws:SourceAccount"] == ACCOUNT
                sources = listed(condition["ArnLike"]["aws:SourceArn"])
                assert all(ACCOUNT in source or source == "arn:aws:s3:::*" for source in sources)


def test_nobody_is_allowed_to_read_a_log() -> None:
    actions = {statement["Action"] for allowed in grants().values() for statement in allowed}
    assert actions == {"s3:PutObject", "s3:GetBucketAcl"}


def test_what_logs_here_waits_for_the_permission() -> None:
    done = log_store()
    policy = done.one("aws:s3/bucketPolicy:BucketPolicy")
    for type_ in ("aws:lb/loadBalancer:LoadBalancer", "aws:ec2/flowLog:FlowLog"):
        # AWS refuses a balancer that cannot write its test file.
        assert depends_on(done, done.one(type_), policy)


def test_logs_expire_and_are_not_themselves_logged() -> None:
    done = log_store()
    lifecycle = done.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs["rules"]
    assert {"days": 30} in [rule.get("expiration") for rule in lifecycle]
    assert done.of_type("aws:s3/bucketLogging:BucketLogging") == []
