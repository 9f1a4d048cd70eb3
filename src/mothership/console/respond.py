"""What every answer of the console carries, and the form for programs."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
"""What a browser may load and run: files of this service, nothing that stands in a page, nothing from elsewhere."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def as_json(content: Mapping[str, Any], status: int = 200) -> Response:
    """A page's content for a program."""
    body = orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, status, HEADERS, media_type="application/json")
