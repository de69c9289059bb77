"""The paths that exist, as regular expressions. Everything else is refused, at the edge and at the cache nodes.

CloudFront passes a path on as the viewer wrote it, and a signed cookie's `*` takes any text. So `..%2f..%2f` after
one title's prefix would pass for that title at the edge, and be another title for a server that decodes and resolves
it. No address of ours needs an escape: no other spelling of a path is accepted.

The expressions are read by CloudFront's JavaScript, by PCRE in nginx and by Python, so they use what all of them take.
They are not anchored, and hold no double quote, which would end a string in nginx.conf.
"""

_NAME = r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"
"""A file: letters, digits, `_`, `-`, and single dots within."""

MEDIA_PREFIX = "/v/"
MEDIA = rf"/v/[0-9a-f]{{2}}/[a-z0-9-]{{1,80}}/[0-9a-f]{{12}}/{_NAME}"
"""`/v/<xx>/<title id>/<version>/<file>`: first two digits of a hash, slug, twelve hex digits, no folder below."""
API_PREFIX = "/api/"
OTHER = rf"/|/index\.html|/robots\.txt|/assets/{_NAME}|/api(/{_NAME})+"
"""The page, its files, and the API."""
