"""The page on which titles are offered and watched: static files in a bucket of their own."""

from pathlib import Path
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.blocks.bucket import PrivateBucket

PLAYER = Path(__file__).parents[2] / "player"
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class PlayerSiteArgs(TypedDict):
    """How the page is kept."""

    region: str
    noncurrent_days: int
    log_bucket: pulumi.Input[str]


class PlayerSite(pulumi.ComponentResource):
    """The bucket of the page, and the page in it."""

    bucket: PrivateBucket
    """Given whole: its policy is written once CloudFront's distribution is there to be named."""

    def __init__(self, name: str, args: PlayerSiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        files = site_files(PLAYER)
        super().__init__("headend:player_site:PlayerSite", name, {**args}, opts)
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
        for key, path in files.items():
            aws.s3.BucketObjectv2(
                f"{name}-{key.replace('/', '-')}",
                region=args["region"],
                bucket=self.bucket.bucket_name,
                key=key,
                source=pulumi.FileAsset(str(path)),
                content_type=CONTENT_TYPES[path.suffix],
                # A new page shows within a minute; the edge asks S3 again with the ETag, which costs next to nothing.
                cache_control="public, max-age=60",
                opts=child,
            )
        self.register_outputs({"bucket_name": self.bucket.bucket_name})


def site_files(player: Path) -> dict[str, Path]:
    """The page's files by object key: our own, and hls.js as its package ships it.

    Raises:
        RunError: hls.js is not installed.
    """
    hls = player / "node_modules" / "hls.js" / "dist" / "hls.min.mjs"
    if not hls.is_file():
        raise pulumi.RunError(f"{hls} is missing: run `npm ci --prefix player` (or `make setup`) first")
    own = {path.name: path for path in sorted(player.iterdir()) if path.suffix in CONTENT_TYPES}
    return {**own, "vendor/hls.min.mjs": hls}
