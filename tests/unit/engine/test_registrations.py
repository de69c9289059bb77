"""What the engine records of each resource, and what it refuses."""

import threading
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from local.engine import UNKNOWN, Archive, Asset, ProgramError, RecordingProvider, run_program

untyped: Any = aws  # without types, so that the engine and not the type checker finds the mistakes
BUCKET, POLICY, GROUP = "aws:s3/bucket:Bucket", "aws:s3/bucketPolicy:BucketPolicy", "aws:autoscaling/group:Group"


class Component(pulumi.ComponentResource):
    """A bucket in a component in a component."""

    def __init__(self, name: str, depth: int, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"demo:part:Part{depth}", name, {"depth": depth}, opts)
        child = pulumi.ResourceOptions(parent=self)
        inner: Any = Component(name, depth - 1, child) if depth else aws.s3.Bucket(f"{name}-bucket", opts=child)
        self.register_outputs({"inner": inner.urn})


def refusals(program: Any, **options: Any) -> list[str]:
    with pytest.raises(ProgramError) as caught:
        run_program(program, **options)
    return [
        f"{problem.urn.rpartition('::')[2]} {problem.property}: {problem.message}" for problem in caught.value.problems
    ]


def test_urns_hold_the_types_of_all_parents_but_the_stack() -> None:
    done = run_program(lambda: Component("x", 1), stack="dev")
    bucket = done.one(BUCKET)
    assert bucket.urn == "urn:pulumi:dev::headend::demo:part:Part1$demo:part:Part0$aws:s3/bucket:Bucket::x-bucket"
    inner, outer, stack = (done.one(type_) for type_ in ("demo:part:Part0", "demo:part:Part1", "pulumi:pulumi:Stack"))
    assert (bucket.parent, inner.parent, outer.parent, stack.parent) == (inner.urn, outer.urn, stack.urn, "")
    assert (inner.custom, inner.inputs, inner.outputs) == (False, {"depth": 0}, {"inner": bucket.urn})


def test_a_registration_keeps_what_the_program_said() -> None:
    def program() -> None:
        first = aws.s3.Bucket("first", bucket="known", force_destroy=True)
        aws.s3.BucketPolicy(
            "second",
            bucket=first.bucket,
            policy=pulumi.Output.secret("{}"),
            opts=pulumi.ResourceOptions(
                protect=True,
                depends_on=[first],
                delete_before_replace=False,
                ignore_changes=["policy"],
                replace_on_changes=["bucket"],
                aliases=[pulumi.Alias(name="older")],
            ),
        )

    done = run_program(program)
    first, second = done.one(BUCKET, "first"), done.one(POLICY)
    assert first.inputs == {"bucket": "known", "forceDestroy": True}
    assert second.inputs == {"bucket": "known", "policy": "{}"}
    assert second.secret_inputs == {"policy"}
    assert second.dependencies == (first.urn,)
    assert second.property_dependencies == {"bucket": (first.urn,), "policy": ()}
    assert second.options["protect"] is True
    assert second.options["deleteBeforeReplace"] is False
    assert second.options["ignoreChanges"] == ["policy"]
    assert second.options["replaceOnChanges"] == ["bucket"]
    assert "older" in [alias["spec"].get("name") for alias in second.options["aliases"]]
    assert second.source.startswith("tests/unit/engine/test_registrations.py:")


def test_files_and_whole_numbers_are_plain() -> None:
    def program() -> None:
        code = pulumi.AssetArchive({"a.py": pulumi.StringAsset("1"), "b": pulumi.FileArchive("folder")})
        aws.lambda_.Function("f", role="arn", code=code, timeout=3, handler="a.b", runtime="python3.13")

    inputs = run_program(program).one("aws:lambda/function:Function").inputs
    assert inputs["code"] == Archive(assets={"a.py": Asset(text="1"), "b": Archive(path="folder")})
    assert repr(inputs["timeout"]) == "3"


def test_a_name_may_be_used_once_for_a_type_below_a_parent() -> None:
    def program() -> None:
        aws.s3.Bucket("same")
        aws.sqs.Queue("same")
        aws.s3.Bucket("same")

    (refusal,) = refusals(program)
    assert "is registered twice" in refusal


@pytest.mark.parametrize(
    ("declare", "refusal"),
    [
        (lambda: untyped.ec2.Vpc("x", cidr_block=5), "x cidrBlock: must be text, not 5"),
        (lambda: untyped.s3.Bucket("x", tags={"a": 1}), "x tags.a: must be text, not 1"),
        (lambda: untyped.s3.Bucket("x", force_destroy="yes"), "x forceDestroy: must be true or false, not 'yes'"),
        (lambda: untyped.sqs.Queue("x", delay_seconds=True), "x delaySeconds: must be a whole number, not True"),
        (lambda: untyped.sqs.Queue("x", delay_seconds=1.5), "x delaySeconds: must be a whole number, not 1.5"),
        (lambda: untyped.lb.LoadBalancer("x", subnets="a"), "x subnets: must be a list, not 'a'"),
        (lambda: untyped.lambda_.Function("x", role="r", code="path"), "x code: must be an archive, not 'path'"),
        (
            lambda: untyped.s3.BucketVersioning("x", bucket="b", versioning_configuration={"status": "", "mfa": ""}),
            "x versioningConfiguration.mfa: is not a property of BucketVersioningVersioningConfigurationArgs",
        ),
        (
            lambda: untyped.s3.BucketServerSideEncryptionConfiguration(
                "x", bucket="b", rules=[{"apply_server_side_encryption_by_default": {}}]
            ),
            "x rules[0].applyServerSideEncryptionByDefault.sseAlgorithm: is missing",
        ),
        (
            lambda: untyped.s3.BucketLifecycleConfiguration("x", bucket="b", rules=[{"id": "a", "status": 5}]),
            "x rules[0].status: must be text, not 5",
        ),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_the_sdk_is_refused(declare: Any, refusal: str) -> None:
    (found,) = refusals(declare)
    assert found.startswith(refusal)


def test_enums_are_open_as_in_the_sdk() -> None:
    run_program(
        lambda: aws.lambda_.Function("f", role="r", handler="a.b", runtime="python4.2", code=pulumi.AssetArchive({}))
    )


def test_a_secret_is_not_shown_in_a_refusal() -> None:
    (found,) = refusals(lambda: untyped.s3.Bucket("x", tags=pulumi.Output.secret({"a": 4711})))
    assert "4711" not in found


def test_every_problem_of_a_program_is_found_in_one_run_and_what_follows_from_one_is_not() -> None:
    def program() -> None:
        vpc: aws.ec2.Vpc = untyped.ec2.Vpc("network", cidr_block=5)
        subnet = aws.ec2.Subnet("below", vpc_id=vpc.id, cidr_block=vpc.cidr_block.apply(lambda block: block[:3]))
        pulumi.export("subnet", subnet.arn)
        untyped.sqs.Queue("later", delay_seconds="1")

    assert [item.split(":")[0] for item in refusals(program)] == ["network cidrBlock", "later delaySeconds"]


def test_an_output_that_nothing_computed_reaches_no_registration() -> None:
    def program() -> None:
        topic = aws.sns.Topic("source")
        owner = topic.beginning_archive_time
        # A search for a marker would not find it: a value that is derived from an unknown value is unknown too.
        aws.s3.BucketPolicy("direct", bucket="b", policy=pulumi.Output.format("{0}/*", owner))
        aws.ec2.LaunchTemplate("derived", user_data=owner.apply(lambda text: text.encode().hex()))

    first, second = sorted(refusals(program))
    assert first.startswith(
        "derived userData: needs an output that nothing computed: aws:sns/topic:Topic 'source' has no "
    )
    assert "beginningArchiveTime" in first
    assert second.startswith("direct policy: needs an output")


def test_an_output_that_nothing_computed_reaches_no_export() -> None:
    def program() -> None:
        pulumi.export("nested", {"list": [aws.sns.Topic("source").beginning_archive_time]})

    (found,) = refusals(program)
    assert "export 'nested' needs an output that nothing computed" in found
    assert "beginningArchiveTime" in found


def test_a_preview_knows_no_computed_value_and_runs_nothing_on_it() -> None:
    ran: list[str] = []

    def program() -> None:
        bucket = aws.s3.Bucket("source", force_destroy=True)
        bucket.arn.apply(lambda arn: ran.append("computed"))
        bucket.force_destroy.apply(lambda _: ran.append("given"))
        aws.s3.BucketPolicy("policy", bucket=bucket.id, policy=pulumi.Output.json_dumps({"Resource": bucket.arn}))
        pulumi.export("arn", bucket.arn)

    class Untouched(RecordingProvider):
        def create(self, type_: str, name: str, inputs: dict[str, Any], region: str) -> tuple[str, dict[str, Any]]:
            raise AssertionError("a preview makes nothing")

    done = run_program(program, preview=True, provider=Untouched())
    assert done.one(POLICY).inputs == {"bucket": UNKNOWN, "policy": UNKNOWN}
    assert (done.one(BUCKET).id, done.exports) == ("", {"arn": UNKNOWN})
    assert ran == ["given"]


def test_a_preview_checks_what_it_knows() -> None:
    assert refusals(lambda: untyped.s3.Bucket("x", tags={"a": 1}), preview=True) == ["x tags.a: must be text, not 1"]


def test_default_tags_of_the_config_and_of_a_provider() -> None:
    def program() -> None:
        other = aws.Provider("other", region="eu-west-1", default_tags={"tags": {"owner": "other"}})
        aws.s3.Bucket("plain", tags={"own": "1", "stack": "mine"})
        aws.s3.Bucket("elsewhere", opts=pulumi.ResourceOptions(provider=other))
        aws.s3.BucketVersioning("untagged", bucket="b", versioning_configuration={"status": "Enabled"})
        aws.autoscaling.Group("fleet", min_size=1, max_size=1)
        pulumi.export("all", aws.s3.Bucket("seen").tags_all)

    config = {"aws:defaultTags": {"tags": {"project": "p", "stack": "s"}}}
    done = run_program(program, config=config)
    assert done.one(BUCKET, "plain").inputs["tags"] == {"project": "p", "stack": "mine", "own": "1"}
    assert done.one(BUCKET, "elsewhere").inputs["tags"] == {"owner": "other"}
    assert "tags" not in done.one("aws:s3/bucketVersioning:BucketVersioning").inputs
    assert "tags" not in done.one(GROUP).inputs  # its tags are a list, which default tags do not reach
    assert done.exports["all"] == {"project": "p", "stack": "s"}


def test_the_region_is_the_resources_own_then_the_providers_then_the_configs() -> None:
    def program() -> None:
        other = pulumi.ResourceOptions(provider=aws.Provider("other", region="eu-west-1"))
        aws.s3.Bucket("config")
        aws.s3.Bucket("provider", opts=other)
        aws.s3.Bucket("own", region="ap-south-1", opts=other)

    done = run_program(program, config={"aws:region": "us-west-2"})
    assert {item.name: item.region for item in done.of_type(BUCKET)} == {
        "config": "us-west-2",
        "provider": "eu-west-1",
        "own": "ap-south-1",
    }
    assert done.one(BUCKET, "own").outputs["region"] == "ap-south-1"


def test_a_resource_without_a_region_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)  # the SDK gives them to a provider
    assert refusals(lambda: aws.s3.Bucket("x"), config={"aws:region": ""})[0].startswith("x region: is not set")
    assert refusals(lambda: aws.Provider("p"))[0].startswith("p region: must be given")


def test_what_the_provider_refuses_is_a_problem_of_its_resource() -> None:
    class Refusing(RecordingProvider):
        def create(self, type_: str, name: str, inputs: dict[str, Any], region: str) -> tuple[str, dict[str, Any]]:
            raise ValueError("no room")

    def program() -> None:
        pulumi.export("arn", aws.s3.Bucket("x").arn)

    assert refusals(program, provider=Refusing()) == ["x : no room"]


def test_a_resource_is_looked_up_by_its_id() -> None:
    def program() -> None:
        pulumi.export("arn", aws.s3.Bucket.get("theirs", "a-bucket").arn)

    done = run_program(program)
    assert done.exports == {"arn": "arn:aws:s3:::a-bucket"}
    assert (done.one(BUCKET).read, done.one(BUCKET).id) == (True, "a-bucket")


def test_data_sources_are_answered_or_named() -> None:
    def program() -> None:
        pulumi.export("account", aws.get_caller_identity().account_id)
        pulumi.export("region", aws.get_region_output().region)
        pulumi.export("list", aws.ec2.get_managed_prefix_list_output(name="origin-facing").id)

    assert run_program(program).exports == {"account": "123456789012", "region": "us-east-1", "list": "pl-3b927c52"}
    (found,) = refusals(lambda: aws.ec2.get_ami(owners=["amazon"]))
    assert "aws:ec2/getAmi:getAmi is not answered on the laptop" in found


def test_transforms_are_refused_rather_than_left_out() -> None:
    options = pulumi.ResourceOptions(transforms=[lambda args: None])
    assert refusals(lambda: aws.s3.Bucket("x", opts=options))[0].startswith("x : transforms are not run here")


def test_a_policy_given_as_a_map_comes_back_as_a_document() -> None:
    def program() -> None:
        policy = untyped.iam.RolePolicy("p", role="r", policy={"Version": "2012-10-17", "Statement": []})
        pulumi.export("policy", policy.policy)

    assert run_program(program).exports == {"policy": '{"Statement": [], "Version": "2012-10-17"}'}


def test_resources_are_made_by_as_many_threads_as_asked_for() -> None:
    together = threading.Barrier(3, timeout=10)

    class Meeting(RecordingProvider):
        def create(self, type_: str, name: str, inputs: dict[str, Any], region: str) -> tuple[str, dict[str, Any]]:
            together.wait()  # the barrier breaks, and the resource is refused, unless three are made at once
            return super().create(type_, name, inputs, region)

    def program() -> None:
        for index in range(3):
            aws.s3.Bucket(f"b{index}")

    assert len(run_program(program, provider=Meeting(), workers=3).of_type(BUCKET)) == 3
