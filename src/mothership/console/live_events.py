"""The live tail as server-sent events: for the page of events, for `mothership tail`, for any program."""

import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from typing import Any

from sse_starlette.sse import EventSourceResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mothership.console.respond import HEADERS
from mothership.edge.caller import ANONYMOUS
from mothership.errors import BadQuery, Refusal
from mothership.live_tail.live_tail import LiveTail
from mothership.ports import Clock
from mothership.search.parameters import parse_query
from mothership.search.query import EventQuery

PING_SECONDS = 15
"""A comment that often, so that nobody on the way takes the connection for dead."""
BESIDES = frozenset({"before", "facets", "live", "highlight"})
"""Parameters of the page that are no part of the question."""


def stream(tail: LiveTail, *, clock: Clock = time.time) -> Callable[[Request], Awaitable[Response]]:
    """Follow what the address asks for, from now on."""

    async def answer(request: Request) -> Response:
        try:
            query = parse_query(asked(request), now=clock())
        except BadQuery as error:
            raise Refusal(400, str(error)) from None
        return Response(headers=HEADERS) if request.method == "HEAD" else _TailResponse(tail, query, request.scope)

    return answer


def asked(request: Request) -> list[tuple[str, str]]:
    """The question of an address."""
    return [(name, value) for name, value in request.query_params.multi_items() if value and name not in BESIDES]


class _TailResponse(EventSourceResponse):
    """Follows while it is sent. The service ends it by itself; sse-starlette's watch for a signal sees none here."""

    def __init__(self, tail: LiveTail, query: EventQuery, scope: Mapping[str, Any]) -> None:
        self._following = ExitStack()
        follower = self._following.enter_context(
            tail.following(
                query,
                scope.get("caller", ANONYMOUS).name,
                is_allowed=scope.get("still_allowed", lambda: True),
                drop=scope.get("drop_connection", lambda: None),
            )
        )
        super().__init__(follower.messages(), headers=HEADERS, ping=PING_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what comes for as long as the reader stays: so long it counts as a follower."""
        with self._following:
            await super().__call__(scope, receive, send)
