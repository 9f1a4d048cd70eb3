"""GET /docs: the HTTP interface, to read and to try, from files in the package."""

import base64
import hashlib
import re

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

ASSETS = "/docs-assets"


def content_security_policy(page: bytes) -> str:
    """What a browser may load for a page: its own files and the very scripts in it; in no frame.

    Its scripts may ask this service, and set styles of elements.
    """
    inline = " ".join(f"'{_digest(found)}'" for found in re.findall(rb"<script>(.*?)</script>", page, re.DOTALL))
    allowed = {
        "default-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "style-src": "'self' 'unsafe-inline'",
        "script-src": f"'self' {inline}",
        "connect-src": "'self'",
        "img-src": "'self' data:",
    }
    return "; ".join(f"{name} {value}" for name, value in allowed.items())


def router(title: str, openapi_url: str) -> APIRouter:
    """Serve the description of the HTTP interface to people, from files of our own."""
    page = get_swagger_ui_html(
        openapi_url=openapi_url,
        title=f"{title}: the HTTP interface",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/favicon.png",
    ).body
    headers = {"Content-Security-Policy": content_security_policy(bytes(page))}
    pages = APIRouter()

    @pages.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(bytes(page), headers=headers)

    return pages


def _digest(text: bytes) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}"
