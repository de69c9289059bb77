"""MediaConvert on the laptop: its REST API over ffmpeg and Shaka Packager."""

from local.media.api import create_app

__all__ = ["create_app"]
