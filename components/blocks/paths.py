"""The paths that exist, as regular expressions. Everything else is refused, at the edge and at the cache nodes.

CloudFront passes a path on as the viewer wrote it, and the `*` of a signed cookie matches any text. A path with
`..%2f..%2f` after one title's prefix would be that title for the edge, but another title for a server that decodes
and resolves it. None of our addresses needs an escape, so no path with an escape is accepted.

CloudFront's JavaScript, PCRE in nginx, and Python read these expressions, so they use only what all three support.
They have no anchors, and no double quote, which would end a string in nginx.conf.
"""

_NAME = r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"
"""The name of a file: letters, digits, `_` and `-`, and single dots between them."""

MEDIA_PREFIX = "/v/"
MEDIA = rf"/v/[0-9a-f]{{2}}/[a-z0-9-]{{1,80}}/[0-9a-f]{{12}}/{_NAME}"
"""`/v/<xx>/<title id>/<version>/<file>`. `<xx>`: the first two hex digits of a hash. `<title id>`: a slug.
`<version>`: twelve hex digits. `<file>` is in no further folder."""
API_PREFIX = "/api/"
OTHER = rf"/|/index\.html|/robots\.txt|/assets/{_NAME}|/api(/{_NAME})+"
"""The page, its files, and the API."""
