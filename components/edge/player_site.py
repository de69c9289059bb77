"""The page on which viewers choose and watch titles: static files in a bucket of their own."""

from pathlib import Path
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.bucket import PrivateBucket
from components.edge.player_build import PAGE, BuildError, SiteFile, build

PLAYER = Path(__file__).parents[2] / "player"
MADE = PLAYER / "made"


class PlayerSiteArgs(TypedDict):
    """How the page is kept."""

    region: str
    noncurrent_days: int
    log_bucket: pulumi.Input[str]


class PlayerSite(pulumi.ComponentResource):
    """The bucket of the page, and the page in it."""

    bucket: PrivateBucket
    """The whole component, since its policy is made later: it names CloudFront's distribution."""

    def __init__(self, name: str, args: PlayerSiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        files = site_files()
        super().__init__("headend:player_site:PlayerSite", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.bucket = PrivateBucket(
            name,
            {
                "region": args["region"],
                "noncurrent_days": args["noncurrent_days"],
                "protect": False,  # made again by the next deployment
                "log_bucket": args["log_bucket"],
            },
            child,
        )
        assets = [self._object(name, args["region"], key, files[key], []) for key in files if key != PAGE]
        # The page comes last, since it names assets that must exist. Pulumi deletes old assets at the end of an update.
        self._object(name, args["region"], PAGE, files[PAGE], assets)
        self.register_outputs({"bucket_name": self.bucket.bucket_name})

    def _object(
        self, name: str, region: str, key: str, file: SiteFile, after: list[aws.s3.BucketObjectv2]
    ) -> aws.s3.BucketObjectv2:
        return aws.s3.BucketObjectv2(
            f"{name}-{key.replace('/', '-')}",
            region=region,
            bucket=self.bucket.bucket_name,
            key=key,
            source=pulumi.FileAsset(str(file.path)),
            content_type=file.content_type,
            cache_control=file.cache_control,
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )


def site_files() -> dict[str, SiteFile]:
    """The page's files by object key. Raises RunError if they cannot be made."""
    try:
        return build(PLAYER, MADE)
    except BuildError as error:
        raise pulumi.RunError(str(error)) from None
