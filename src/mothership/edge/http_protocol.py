"""What uvicorn's HTTP/1.1 lacks: bounds on heads, on time and on connections, and no doubt about where a body ends.

    connection_made ──▶ head timer ──▶ head complete ──▶ request ──▶ answer ──▶ keep-alive timer ──▶ head timer …
                                                                       └─ before the body's end: linger, then close

The parser (llhttp) is strict by default and refuses most smuggling by itself; what it lets through is refused here.
"""

import asyncio
from typing import Any, TypeGuard

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from mothership.edge.browser import wants_stream
from mothership.edge.client_addresses import UNKNOWN, Networks
from mothership.edge.connection_limiter import ConnectionLimiter, ConnectionStage
from mothership.edge.head_size import HeadSize
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.request_framing import check_framing, not_parsed, refusal_response
from mothership.edge.response_transport import ResponseTransport
from mothership.edge.tls import certificate_names
from mothership.edge.unread_bytes import has_unread, seconds_since_received
from mothership.errors import HeadRefused

PIPELINED_MAX = 16
"""Most requests that may wait for the answer to an earlier one on the same connection."""
LINGER_SECONDS = 3.0
"""How long the rest of a body is read and thrown away, so that the client sees the answer and not a reset."""
UNREAD_SECONDS = 0.1
"""How soon a connection that was to close is looked at again, because there was something to read."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. What follows is set by `bounded`, once for a server."""

    limits: LimitSettings
    open_connections: ConnectionLimiter
    draining: bool
    """The server stops: each connection ends with its next answer, which says so."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._address = ""
        self._certificate_names: tuple[str, ...] = ()
        self._socket: Any = None
        self._timer: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._in_head = True
        self._in_message = False
        self._in_body = False
        self._head_size = HeadSize(self.limits)
        self._lingering = False
        self._running: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Count it, and give it so long to send a head."""
        super().connection_made(transport)
        self._address = self.client[0] if self.client else UNKNOWN
        self._certificate_names = certificate_names(transport.get_extra_info("peercert"))
        self._socket = transport.get_extra_info("socket")
        if reason := self.open_connections.add(self, self._address):
            self._end(503, "too many connections", cause=f"connections_{reason}", linger=False)
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._cancel(self._timer)
        self._cancel(self._stall)
        self.open_connections.drop(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, within bounds."""
        if self._lingering or self.parser is None:
            return
        self._unset_keepalive_if_required()
        if self._timer is None and not self._is_answering():
            self._await_head()
        if self._in_head:
            self._head_size.receive(data)
        try:
            self.parser.feed_data(data)
            if self._in_head:
                self._head_size.check_unfinished()
        except httptools.HttpParserUpgrade:
            self._end(501, "Upgrade and CONNECT are not supported", cause="upgrade")
        except httptools.HttpParserError as error:
            refused = not_parsed(error, data)
            self._end(refused.status, refused.reason, cause=refused.cause)
        except HeadRefused as refused:
            self._end(refused.status, refused.reason)

    def eof_received(self) -> None:
        """A client that has said all may still listen: the transport stays open while an answer is due.

        Not for a stream of events, which has no end to wait for: a page that was closed would hold its place on.
        """
        if not self._is_answering() or self._in_message or self.scheme == "https" or self._is_event_stream():
            return None
        self.cycle.keep_alive = False
        return True  # type: ignore[return-value]  # asyncio's word for "keep it open"; uvicorn never says it

    def _is_event_stream(self) -> bool:
        return wants_stream(dict(self.scope["headers"]).get(b"accept", b""))

    def drain(self) -> None:
        """Say in the answer to the request that is at work that it is the last one."""
        if self._is_due(self.cycle):
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """The server ends: nobody lingers, and who has begun to ask is answered."""
        if self._lingering:
            self.transport.close()
        elif self._is_due(self.cycle) or not (self._in_message or has_unread(self.transport)):
            super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        """Nobody has asked for long: close, unless somebody does just now."""
        if has_unread(self.transport):
            self.timeout_keep_alive_task = self.loop.call_later(UNREAD_SECONDS, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def pause_writing(self) -> None:
        """The client does not read: for a while it may."""
        super().pause_writing()
        self._cancel(self._stall)
        self._stall = self.loop.call_later(self.limits.body_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        self._cancel(self._stall)
        super().resume_writing()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._head_size.begin()
        self._in_head = True
        self._in_message = True
        self._in_body = False
        self.scope["certificate_names"] = self._certificate_names  # type: ignore[typeddict-unknown-key]
        self.scope["ends_connection"] = self.ends_connection  # type: ignore[typeddict-unknown-key]
        self.scope["drop_connection"] = self.transport.abort  # type: ignore[typeddict-unknown-key]

    def on_url(self, url: bytes) -> None:
        """The request line's target."""
        super().on_url(url)
        self._head_size.check_target(self.url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header line; a trailer is thrown away: nothing here needs one, and it must not become a header."""
        if not self._in_head:
            return
        self._head_size.add_header(len(self.headers), name, value)
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Be sure where the body ends, then start the request."""
        self._cancel(self._timer)
        self._timer = None
        self._in_head = False
        self._head_size.await_next()
        self._head_size.check_headers()
        check_framing(self.headers, self.parser.get_http_version())
        self._in_body = True
        before = self.cycle
        super().on_headers_complete()
        if self.draining:
            self.cycle.keep_alive = False
            if self._is_due(before) and not before.response_started:  # it was to be the last one
                before.keep_alive = True
        if len(self.pipeline) > PIPELINED_MAX:
            raise HeadRefused(429, "too many pipelined requests")
        transport = ResponseTransport(self.transport, self.cycle, self)
        self.cycle.transport = transport  # type: ignore[assignment]  # it has what a cycle uses
        self.scope["whole_body"] = transport.whole_body  # type: ignore[typeddict-unknown-key]
        self.scope["write_answer"] = transport.answer  # type: ignore[typeddict-unknown-key]

    def on_message_complete(self) -> None:
        """The body has ended."""
        self._in_message = self._in_body = False
        self.scope["unread_seconds"] = seconds_since_received(self._socket)  # type: ignore[typeddict-unknown-key]
        super().on_message_complete()
        self._in_head = True

    def on_response_complete(self) -> None:
        """Wait for the next request, unless this one has not been read to its end."""
        if self._running is not None and isinstance(self._running.transport, ResponseTransport):
            self._running.transport.flush()
        if self.ends_connection() and not self._lingering:
            self.linger()
        super().on_response_complete()

    def linger(self) -> None:
        """Throw away what still comes, for a moment, then close."""
        self._lingering = True
        self._unset_keepalive_if_required()
        self._cancel(self._timer)
        self.flow.resume_reading()
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def ends_connection(self) -> bool:
        """Whether an answer now ends the connection, because the client is still sending what it answers to."""
        return self._in_body and not self.pipeline

    # --- as `connection_limiter.Connection` ---------------------------------------------------------------------

    @property
    def caller(self) -> str:
        """Whose request came last."""
        known: Any = self._running.scope.get("caller") if self._running else None
        return known.name if known else ""

    @property
    def stage(self) -> ConnectionStage:
        """How far its request is."""
        if self._running is not None and self._running.scope.get("delayed"):
            return ConnectionStage.DELAYED
        if not self._is_answering():
            return ConnectionStage.IDLE if self.caller else ConnectionStage.UNKNOWN
        return ConnectionStage.RECEIVING if self._in_message and not self.pipeline else ConnectionStage.WORKING

    def evict(self) -> None:
        """End: others need the place."""
        if self.stage is ConnectionStage.IDLE:
            self.transport.close()
        else:
            self._end(503, "too many connections: others need this one", cause="", linger=False)

    def _is_answering(self) -> bool:
        return self._is_due(self._running)

    @staticmethod
    def _is_due(cycle: RequestResponseCycle | None) -> TypeGuard[RequestResponseCycle]:
        """Whether there is a request that is not answered."""
        return cycle is not None and not cycle.response_complete

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _await_head(self) -> None:
        self._cancel(self._timer)
        self._in_head = True
        self._head_size.await_next()
        self._timer = self.loop.call_later(self.limits.head_seconds, self._head_is_late)

    def _head_is_late(self) -> None:
        if self._in_message:
            seconds = f"{self.limits.head_seconds:g}"
            # Not 408: a node drops its batch on a 4xx.
            self._end(503, f"the head took longer than {seconds} seconds to arrive (limits.head_seconds)", cause="slow")
        elif has_unread(self.transport):
            self._timer = self.loop.call_later(UNREAD_SECONDS, self._head_is_late)
        else:
            self.transport.close()

    def _end(self, status: int, reason: str, *, cause: str = "head", linger: bool = True) -> None:
        """Say why and close. An earlier request that is not answered yet loses its answer, and is sent again."""
        if cause:
            self.open_connections.refused(cause, status, self._address)
        if self.transport.is_closing() or self._lingering:
            return
        self.pipeline.clear()
        if self._running is not None and self._is_answering():
            self._running.disconnected = True
            self._running.message_event.set()
            if self._running.response_started:
                self.transport.abort()
                return
        self.transport.write(refusal_response(status, reason))
        if linger:
            self.linger()
        else:
            self._lingering = True
            self.transport.close()

    @staticmethod
    def _cancel(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


def bounded(limits: LimitSettings, proxies: Networks) -> type[BoundedProtocol]:
    """Return the protocol class of one server."""
    connections = ConnectionLimiter(limits, proxies)
    return type("Bounded", (BoundedProtocol,), {"limits": limits, "open_connections": connections, "draining": False})
