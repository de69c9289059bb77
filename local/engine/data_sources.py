"""Answers to the data sources that a program may ask, for an account that does not exist."""

import json
from typing import Any

ACCOUNT = "123456789012"


def invoke(token: str, args: dict[str, Any], region: str) -> dict[str, Any]:
    """Answer one data source.

    Raises:
        LookupError: if it is not one of those below.
    """
    match token.rpartition(":")[2]:
        case "getCallerIdentity":
            return {"accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "id": ACCOUNT, "userId": ACCOUNT}
        case "getPartition":
            return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}
        case "getRegion":
            names = {"id": region, "name": region, "region": region}
            return {**names, "description": region, "endpoint": f"ec2.{region}.amazonaws.com"}
        case "getAvailabilityZones":
            names = [f"{region}{letter}" for letter in "abc"]
            zones = [f"{_zone_prefix(region)}-az{number}" for number in (1, 2, 3)]
            return {"id": region, "region": region, "names": names, "zoneIds": zones, "groupNames": [region]}
        case "getManagedPrefixList":
            id_ = "pl-3b927c52"  # CloudFront's origin-facing list in us-east-1
            arn = f"arn:aws:ec2:{region}:aws:prefix-list/{id_}"
            return {"addressFamily": "IPv4", **args, "id": id_, "arn": arn, "maxEntries": 55, "region": region}
        case "getPolicyDocument":
            text = json.dumps(policy_document(args), indent=2)
            return {**args, "id": "policy", "json": text, "minifiedJson": json.dumps(json.loads(text))}
        case _:
            raise LookupError("is not a data source that local/engine/data_sources.py answers; add it there")


def policy_document(args: dict[str, Any]) -> dict[str, Any]:
    """The IAM policy that `iam.get_policy_document` describes, as the provider writes it."""
    document: dict[str, Any] = {"Version": args.get("version", "2012-10-17")}
    if "policyId" in args:
        document["Id"] = args["policyId"]
    statements = [_statement(item) for item in args.get("statements", [])]
    sources = [json.loads(text)["Statement"] for text in args.get("sourcePolicyDocuments", [])]
    return {**document, "Statement": [*(item for source in sources for item in source), *statements]}


def _statement(args: dict[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": args["sid"]} if "sid" in args else {}
    statement["Effect"] = args.get("effect", "Allow")
    for key in ("actions", "notActions", "resources", "notResources"):
        if key in args:
            statement[key[0].upper() + key[1:-1]] = _one_or_many(args[key])
    for key in ("principals", "notPrincipals"):
        if key in args:
            everyone = any(item["type"] == "*" for item in args[key])
            named = {item["type"]: _one_or_many(item["identifiers"]) for item in args[key]}
            statement[key[0].upper() + key[1:-1]] = "*" if everyone else named
    for item in args.get("conditions", []):
        tests = statement.setdefault("Condition", {}).setdefault(item["test"], {})
        tests[item["variable"]] = _one_or_many(item["values"])
    return statement


def _one_or_many(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _zone_prefix(region: str) -> str:
    """The short name of a region in zone ids: ap-southeast-2 is apse2."""
    area, direction, number = region.rsplit("-", 2)
    short = "".join(word[0] for word in ("north", "south", "central", "east", "west") if word in direction)
    return f"{area.replace('-', '')}{short}{number}"
