"""`make ami`: pins the newest Amazon Linux 2023 image in every region of a stack's config.

Reads AWS's public SSM parameter with the caller's own credentials, and changes the ids in Pulumi.<stack>.yaml and
no other character. Images are pinned: an image that was looked up each time would change previews by itself, and an
instance refresh could not roll back.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
import yaml
from botocore.exceptions import BotoCoreError, ClientError

PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"


class AmiError(Exception):
    """The images cannot be pinned; one line says why, and what to do."""


def pins(text: str) -> dict[str, yaml.ScalarNode]:
    """Where each region of a stack's config names its image. Raises AmiError for a config that names none."""
    try:
        tree = yaml.compose(text, yaml.SafeLoader)
        config = _entries(_entries(tree)["config"])
        regions = next(value for key, value in config.items() if key.endswith(":regions"))
        return {region: _entries(place)["ami"] for region, place in _entries(regions).items()}
    except (KeyError, StopIteration, AttributeError, yaml.YAMLError):
        raise AmiError("its config has no regions with an ami each; README.md shows the form") from None


def _entries(node: Any) -> dict[str, Any]:
    return {key.value: value for key, value in node.value}


def repin(text: str, images: Mapping[str, str]) -> str:
    """The config's text with the image of each region replaced by `images[region]`, and all else as it was."""
    # From the end to the beginning, so that an id of another length does not move the places that follow.
    for region, node in sorted(pins(text).items(), key=lambda pin: pin[1].start_mark.index, reverse=True):
        text = text[: node.start_mark.index] + images[region] + text[node.end_mark.index :]
    return text


def newest(region: str, ssm: Any = None) -> str:
    """The id of a region's newest image. Raises AmiError where AWS does not answer."""
    try:
        client = ssm or boto3.client("ssm", region_name=region)
        return client.get_parameter(Name=PARAMETER)["Parameter"]["Value"]
    except (BotoCoreError, ClientError) as error:
        sentence = f"{region}: {error}. Check your AWS credentials with `aws sts get-caller-identity`"
        raise AmiError(" ".join(sentence.split())) from None


def main(
    stack: Annotated[str, typer.Option(help="Whose config to write: Pulumi.<stack>.yaml.")] = "dev",
    directory: Annotated[Path, typer.Option(help="The project.")] = Path(),
) -> None:
    """Print each region's image, old and new, and write the new ones. Nothing is written unless all are known."""
    path = directory / f"Pulumi.{stack}.yaml"
    try:
        if not path.is_file():
            raise AmiError("there is no such file; STACK names the stack, as in `make ami STACK=dev`")
        text = path.read_text(encoding="utf-8")
        old = {region: node.value for region, node in pins(text).items()}
        new = {region: newest(region) for region in old}
    except AmiError as error:
        typer.echo(f"{path.name}: {error}", err=True)
        raise typer.Exit(1) from None
    for region, image in old.items():
        change = "is the newest" if new[region] == image else f"-> {new[region]}"
        typer.echo(f"{region:15} {image} {change}")
    if new != old:
        path.write_text(repin(text, new), encoding="utf-8")
        typer.echo(f"{path.name} written. Look at `pulumi preview`: each fleet gets a new launch template version.")
        typer.echo(f"After `pulumi up`, `make roll STACK={stack}` brings it to the nodes.")


if __name__ == "__main__":
    typer.run(main)
