"""The verb that rotates the keys of signed playback, step by step."""

from datetime import UTC, datetime, timedelta
from typing import Any

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from operate import config, rotation, screen
from operate.cloud import Cloud, find
from operate.screen import Json, Refusal, Stack, Yes

BITS = 2048
"""Length of a key. CloudFront accepts only this length of RSA keys."""


def rotate(stack: Stack = None, yes: Yes = False, as_json: Json = False) -> None:
    """Change the key that signs playback, without stopping any film. Run it again for each next step.

    1. Make a new key, and let the edge trust it. 2. A quarter of an hour later, sign with it. 3. A day and a half
    later, stop trusting the old key. 4. Delete the old private half. Run pulumi up between the steps. With --json the
    verb only says which step is next.
    """
    path = config.path_of(stack)
    cloud = find(stack)
    known = cloud.outputs.get("signing")
    if not known:
        raise Refusal(f"stack {cloud.stack} does not sign playback. docs/operating.md says how to make the first key")
    folder = known["folder"]
    ssm = cloud.client("ssm")
    pages = ssm.get_paginator("describe_parameters").paginate(
        ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": [folder]}]
    )
    made = {
        item["Name"].removeprefix(folder): item["LastModifiedDate"] for page in pages for item in page["Parameters"]
    }
    group = cloud.client("cloudfront").get_key_group(Id=known["group"])["KeyGroup"]
    signer = cloud.client("lambda").get_function_configuration(FunctionName=known["function"])
    step = rotation.following_step(
        config=_names(path.read_text(encoding="utf-8")),
        deployed=known["keys"],
        made=made,
        group_changed=group["LastModifiedTime"],
        # Lambda writes the time zone as +0000, without a colon.
        signer_changed=datetime.strptime(signer["LastModified"], "%Y-%m-%dT%H:%M:%S.%f%z"),
        now=datetime.now(UTC),
    )
    if as_json:
        screen.document(step._asdict())
        return
    _take(cloud, step, folder, path.name, yes)


def _names(text: str) -> list[str]:
    found: dict[str, Any] = yaml.safe_load(text).get("config", {})
    keys: list[dict[str, str]] = next((value for key, value in found.items() if key.endswith(":signing")), [])
    if not keys:
        raise Refusal("the stack has signing keys, but the config has none. Deploy the config first")
    return [key["name"] for key in keys]


def _take(cloud: Cloud, step: rotation.Step, folder: str, file: str, yes: bool) -> None:
    """Do the part of a step that this verb can do, and print what the operator must do."""
    ssm = cloud.client("ssm")
    up = f"Then run pulumi up --stack {cloud.stack}, and headend keys rotate --stack {cloud.stack} again."
    title = f"Step {step.number} of 4"
    match step.does:
        case "deploy":
            screen.say(f"{file} and the stack have different keys, or another order of them. Look at {file}. {up}")
        case "make":
            screen.ask(f"{title}: make {step.key}, with its private half in SSM at {folder}{step.key}?", yes)
            private = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
            form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
            text = private.private_bytes(*form, serialization.NoEncryption()).decode()
            ssm.put_parameter(Name=folder + step.key, Type="SecureString", Value=text)
            _show(title, step.key, private.public_key(), file, up)
        case "show":
            text = ssm.get_parameter(Name=folder + step.key, WithDecryption=True)["Parameter"]["Value"]
            private: Any = serialization.load_pem_private_key(text.encode(), None)
            _show(title, step.key, private.public_key(), file, up)
        case "wait":
            left = (step.until or datetime.now(UTC)) - datetime.now(UTC)
            why = (
                "the edge may not know it everywhere yet"
                if step.number == 2
                else "viewers may still watch films with its cookies"
            )
            screen.say(f"{title} is due in {_duration(left)}: {step.key}, {why}.")
        case "swap":
            screen.say(f"{title}: put {step.key} first under headend:signing in {file}, so that it signs. {up}")
        case "remove":
            screen.say(f"{title}: remove {step.key} from headend:signing in {file}. Nobody needs it any more. {up}")
        case "delete":
            screen.ask(f"{title}: delete the private half of {step.key}, {folder}{step.key}, for good?", yes)
            ssm.delete_parameter(Name=folder + step.key)
            screen.say(f"{title}: {step.key} is deleted. The rotation is complete.")


def _show(title: str, key: str, public: rsa.RSAPublicKey, file: str, up: str) -> None:
    screen.say(f"{title}: {key} is made.")
    form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    screen.say(f"Add this as the last key under headend:signing in {file}. {up}\n")
    screen.say(f"    - name: {key}\n      publicKey: |")
    for line in public.public_bytes(*form).decode().splitlines():
        screen.say(f"        {line}")


def _duration(left: timedelta) -> str:
    hours, minutes = divmod(max(0, round(left.total_seconds() / 60)), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
