"""What stands behind `AccessMiddleware`: `Ingest` on its paths, the console on its own, FastAPI on all others.

What nodes send goes past FastAPI: its layers cost more than all the rest of the edge, and do nothing for a body that no
model describes. Its OpenAPI document describes both.
"""

from collections.abc import Awaitable
from copy import deepcopy
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mothership.edge import browser
from mothership.edge.ingest import Ingest


class EdgeApplication:
    """The ASGI application of one worker."""

    def __init__(self, ingest: Ingest, pages: FastAPI, console: ASGIApp | None = None) -> None:
        """`console` has the pages for people, at `browser.CONSOLE` and below."""
        self.ingest = ingest
        self._console = console
        self.pages = pages
        pages.add_exception_handler(HTTPException, _refusal)
        document = pages.openapi()
        described = {
            path: {"post": deepcopy(protocol.operation)}
            for path, protocol in ingest.protocols.items()
            if protocol.operation
        }
        document["paths"] = {**described, **document["paths"]}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on."""
        application: ASGIApp = self.pages
        if scope["type"] != "http":
            pass
        elif scope["path"] in self.ingest.protocols:
            application = self.ingest if scope["method"] == "POST" else _not_allowed
        elif self._console and browser.is_console(scope["path"]):
            application = self._console
        return application(scope, receive, send)


async def _not_allowed(scope: Scope, receive: Receive, send: Send) -> None:
    error = HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
    response = await _refusal(Request(scope), error)
    await response(scope, receive, send)


async def _refusal(request: Request, error: Exception) -> Response:
    """No such path, no such method: in the form of every other refusal."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else None
    content = {
        "status": "refused",
        "reason": HTTPStatus(status).phrase.lower(),
        "request_id": request.scope.get("request_id", ""),
    }
    return JSONResponse(content, status, headers)
