"""Verbs before a deployment. They check whether the account allows it, and compute what it costs."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from facts.quota_codes import BALANCERS, EGRESS_GATEWAYS, INTERNET_GATEWAYS, ON_DEMAND, SPOT, VPCS
from facts.regions import CLOUDFRONT_REGION
from operate import needs, screen
from operate.answers import Answer, show
from operate.cloud import PROJECT, account
from operate.screen import Json, Refusal

Config = Annotated[
    str, typer.Option("--stack", "-s", envvar="HEADEND_STACK", help="The stack. Its config is Pulumi.<stack>.yaml.")
]
Client = Callable[[str, str], Any]
"""Takes (service, region) and returns the boto3 client."""
Answers = Iterator[tuple[str, Any, str]]
"""(what was checked, verdict, AWS's answer)."""
OLD_IMAGE = timedelta(days=90)
"""Amazon hides an image of Amazon Linux 2023 from other accounts after this time."""
SOON = timedelta(days=30)
"""A certificate that ends sooner than this gets a warning."""
MOST_LOG_POLICIES = 10
"""AWS's limit of resource policies of CloudWatch Logs per region. It cannot be raised."""


def preflight(
    stack: Config,
    as_json: Json = False,
) -> None:
    """Ask AWS whether a stack can be deployed: quotas, instance types, images, certificates, keys."""
    from local.engine import ProgramError, run_program  # noqa: PLC0415 - Pulumi's SDK takes seconds to load

    try:
        declared = run_program(PROJECT, stack=stack)
    except ProgramError as error:
        raise Refusal(str(error)) from None
    client = account(stack)
    home = declared.exports["region"]
    identity = client("sts", home).get_caller_identity()
    screen.note(f"account {identity['Account']}, as {identity['Arn']}", "dim")
    answers: list[Answer] = []
    with screen.err().status("") as status:
        for check in (_quotas, _rates, _encoders, _types, _images, _certificates, _addresses, _keys, _logs, _budget):
            status.update(check.__name__.strip("_"))
            try:
                answers += [Answer(what, verdict, says) for what, verdict, says in check(declared, client)]
            except (BotoCoreError, ClientError) as error:
                answers.append(Answer(check.__name__.strip("_"), "unsure", " ".join(str(error).split())))
    show(answers, "CHECK", as_json)


def _quotas(declared: Any, client: Client) -> Answers:
    own = {"project": declared.project, "stack": declared.stack}
    for need in needs.quotas(declared):
        what = f"{need.region} quota"
        try:
            told = client("service-quotas", need.region).get_service_quota(
                ServiceCode=need.quota.service, QuotaCode=need.quota.code
            )
        except ClientError as error:
            yield what, "unsure", f"{need.quota.name}: {' '.join(str(error).split())}"
            continue
        allowed, used = int(told["Quota"]["Value"]), _used(client, need.region, need.quota, own)
        fits = used + need.amount <= allowed
        ask = "" if fits else f". Ask AWS for more in Service Quotas: {need.quota.service} {need.quota.code}"
        yield (
            what,
            "ok" if fits else "wrong",
            f"{need.quota.name}: {need.amount} needed, {used} used by others, {allowed} allowed{ask}",
        )


def _rates(declared: Any, client: Client) -> Answers:
    listed: dict[tuple[str, str], list[Any]] = {}
    for need in needs.rates(declared):
        where = need.region, need.quota.service
        if where not in listed:
            quotas = client("service-quotas", need.region).get_paginator("list_service_quotas")
            listed[where] = [
                item for page in quotas.paginate(ServiceCode=need.quota.service) for item in page["Quotas"]
            ]
        named = [
            int(item["Value"])
            for item in listed[where]
            if all(word in item["QuotaName"].casefold() for word in need.quota.words)
        ]
        yield f"{need.region} quota", *rate_verdict(need, named)


def _encoders(declared: Any, client: Client) -> Answers:
    for need in needs.encoders(declared):
        told = client("mediaconvert", need.region).list_queues(MaxResults=1).get("TotalConcurrentJobs")
        yield f"{need.region} quota", *rate_verdict(need, [] if told is None else [told])


def rate_verdict(need: Any, values: Sequence[int]) -> tuple[str, str]:
    """(verdict, sentence): does the smallest of the quotas with that name allow the rate?"""
    if not values:
        looked = f"no quota of {need.quota.service} has a name with {' … '.join(need.quota.words)}"
        looked = looked if need.quota.words else "AWS does not say how many"
        return "unsure", f"{need.quota.name}: {looked}. Look for it in Service Quotas"
    fits = need.amount <= min(values)
    ask = "" if fits else f". Films wait for one another. Ask AWS for more in Service Quotas: {need.quota.service}"
    return "ok" if fits else "unsure", f"{need.quota.name}: {need.amount} wanted, {min(values)} allowed{ask}"


def _used(client: Client, region: str, quota: Any, own: dict[str, str]) -> int:
    """How much of a quota the rest of the account uses: all resources without this stack's tags."""
    ec2 = client("ec2", region)
    listed: dict[Any, tuple[str, str]] = {
        VPCS: ("describe_vpcs", "Vpcs"),
        INTERNET_GATEWAYS: ("describe_internet_gateways", "InternetGateways"),
        EGRESS_GATEWAYS: ("describe_egress_only_internet_gateways", "EgressOnlyInternetGateways"),
    }
    if quota in listed:
        call, field = listed[quota]
        return sum(1 for page in ec2.get_paginator(call).paginate() for item in page[field] if not _ours(item, own))
    if quota in (ON_DEMAND, SPOT):
        states = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
        pages = ec2.get_paginator("describe_instances").paginate(Filters=states)
        machines = (item for page in pages for group in page["Reservations"] for item in group["Instances"])
        others = [
            item
            for item in machines
            if not _ours(item, own) and (item.get("InstanceLifecycle") == "spot") == (quota == SPOT)
        ]
        cpus = [item.get("CpuOptions", {}) for item in others]
        return sum(cpu.get("CoreCount", 1) * cpu.get("ThreadsPerCore", 1) for cpu in cpus)
    if quota == BALANCERS:
        balancers = client("elbv2", region)
        pages = balancers.get_paginator("describe_load_balancers").paginate()
        arns = [
            item["LoadBalancerArn"] for page in pages for item in page["LoadBalancers"] if item["Type"] == "application"
        ]
        chunks = [arns[start : start + 20] for start in range(0, len(arns), 20)]  # AWS takes 20 at a time
        tags = [item for chunk in chunks for item in balancers.describe_tags(ResourceArns=chunk)["TagDescriptions"]]
        return sum(1 for item in tags if not _ours(item, own))
    return 0  # Lambda's use changes from one moment to the next


def _ours(item: Any, own: dict[str, str]) -> bool:
    tags = {tag["Key"]: tag["Value"] for tag in item.get("Tags", ())}
    return all(tags.get(key) == value for key, value in own.items())


def _types(declared: Any, client: Client) -> Answers:
    for place in needs.places(declared):
        wanted = {"Name": "instance-type", "Values": sorted(place.instance_types)}
        pages = client("ec2", place.region).get_paginator("describe_instance_type_offerings").paginate(
            LocationType="availability-zone-id", Filters=[wanted]
        )  # fmt: skip
        offered = {(item["InstanceType"], item["Location"]) for page in pages for item in page["InstanceTypeOfferings"]}
        missing = [
            f"{kind} in {zone}"
            for kind in sorted(place.instance_types)
            for zone in sorted(place.zones)
            if (kind, zone) not in offered
        ]
        says = f"{', '.join(sorted(place.instance_types))} offered in {', '.join(sorted(place.zones))}"
        if missing:
            says = f"AWS does not offer {', '.join(missing)}. Choose other zones or another instanceType"
        yield f"{place.region} nodes", "wrong" if missing else "ok", says


def _images(declared: Any, client: Client) -> Answers:
    for place in needs.places(declared):
        found = client("ec2", place.region).describe_images(
            Filters=[{"Name": "image-id", "Values": sorted(place.images)}]
        )["Images"]
        known = {image["ImageId"]: image for image in found}
        for name in sorted(place.images):
            yield f"{place.region} image", *image_verdict(name, known.get(name), datetime.now(UTC))


def image_verdict(name: str, image: Any, now: datetime) -> tuple[str, str]:
    """(verdict, sentence): can nodes boot this image, and is it recent?"""
    renew = "headend ami writes the newest into the config"
    if image is None:
        return "wrong", f"{name} does not exist: {renew}"
    if image["Architecture"] != "arm64":
        return "wrong", f"{name} is for {image['Architecture']}, but nodes are arm64: {renew}"
    age = now - datetime.fromisoformat(image["CreationDate"])
    if age > OLD_IMAGE:
        return "unsure", f"{name} is {age.days} days old: {renew}"
    return "ok", f"{name} is {age.days} days old"


def _certificates(declared: Any, client: Client) -> Answers:
    for arn in sorted(needs.certificates(declared)):
        region = arn.split(":")[3]
        told = client("acm", region).describe_certificate(CertificateArn=arn)["Certificate"]
        yield f"{region} certificate", *certificate_verdict(told, datetime.now(UTC))


def certificate_verdict(told: Any, now: datetime) -> tuple[str, str]:
    """(verdict, sentence): is the certificate issued, and when does it end?"""
    name = told["DomainName"]
    if told["Status"] != "ISSUED":
        return "wrong", f"{name}: its status is {told['Status']}. Create its DNS validation record, and keep it"
    left = told["NotAfter"] - now
    return ("ok" if left > SOON else "unsure"), f"{name}: it is valid for {left.days} more days"


def _addresses(declared: Any, client: Client) -> Answers:
    for zone, name, kind in sorted(needs.addresses(declared)):
        told = client("route53", CLOUDFRONT_REGION).list_resource_record_sets(
            HostedZoneId=zone, StartRecordName=name, StartRecordType=kind, MaxItems="1"
        )["ResourceRecordSets"]
        yield "name", *address_verdict(name, kind, told[0] if told else {})


def address_verdict(name: str, kind: str, found: Any) -> tuple[str, str]:
    """(verdict, sentence): is the name free, or does it already lead to CloudFront?

    `found` is the first DNS record at this name or after it.
    """
    if (found.get("Name"), found.get("Type")) != (f"{name}.", kind):
        return "ok", f"{name} has no {kind} record yet"
    target = found.get("AliasTarget", {}).get("DNSName", "")
    if target.removesuffix(".").endswith(".cloudfront.net"):
        return "ok", f"{name} leads to {target}"
    return "unsure", f"{name} has an {kind} record that somebody made. `pulumi up` will fail at it: delete it first"


def _keys(declared: Any, client: Client) -> Answers:
    for region, name in sorted(needs.signing_parameters(declared)):
        known = client("ssm", region).describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [name]}])[
            "Parameters"
        ]
        right = bool(known) and known[0]["Type"] == "SecureString"
        missing = f"SSM in {region} has no SecureString {name}, so no film can start. See headend keys rotate"
        yield "signing key", "ok" if right else "wrong", f"{name} exists" if right else missing


def _logs(declared: Any, client: Client) -> Answers:
    for region in sorted({item.region for item in declared.of_type("aws:sfn/stateMachine:StateMachine")}):
        pages = client("logs", region).get_paginator("describe_resource_policies").paginate()
        count = sum(len(page["resourcePolicies"]) for page in pages)
        fits = count < MOST_LOG_POLICIES
        yield (
            f"{region} logs",
            "ok" if fits else "unsure",
            f"{count} of {MOST_LOG_POLICIES} resource policies are used. Log delivery may need one more",
        )


def _budget(declared: Any, client: Client) -> Answers:
    if not declared.of_type("aws:budgets/budget:Budget"):
        yield "budget", "unsure", "there is none, so nobody is told what this costs. Set monthlyBudgetUsd"
        return
    told = client("ce", CLOUDFRONT_REGION).list_cost_allocation_tags(TagKeys=["project", "stack"])["CostAllocationTags"]
    active = {item["TagKey"] for item in told if item["Status"] == "Active"}
    missing = {"project", "stack"} - active
    says = (
        "its tags are active"
        if not missing
        else f"it counts nothing. Activate the cost allocation tags {', '.join(sorted(missing))} in AWS Billing"
    )
    yield "budget", "wrong" if missing else "ok", says


def cost(
    base: Annotated[str, typer.Option(help="A directory, or a git reference such as main.")] = "main",
    head: Annotated[str, typer.Option(help="The directory or git reference that is compared with it.")] = ".",
    config: Config = "dev",
    watched: Annotated[int, typer.Option(min=0, help="Hours of film that are watched in the month.")] = 0,
    encoded: Annotated[int, typer.Option(min=0, help="Hours of film that are encoded in the month.")] = 0,
    kept: Annotated[int, typer.Option(min=0, help="Hours of film that are stored in the month.")] = 0,
    as_json: Json = False,
) -> None:
    """Show the resources and dollars a month that a change adds and removes. Needs no AWS account."""
    from planner import change  # noqa: PLC0415 - Pulumi's SDK takes seconds to load
    from planner.bill import Month  # noqa: PLC0415

    month = Month("", config, {}, watched, encoded, kept)
    try:
        found = change.change(change.registered(base, config), change.registered(head, config), month)
    except (change.ChangeError, ValueError) as error:
        raise Refusal(str(error)) from None
    if as_json:
        screen.document(found._asdict())
    else:
        for line in change.report(found):
            screen.say(line)
