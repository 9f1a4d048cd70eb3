"""Between a request and its socket: answers in one write, and no reset under a client that is still sending."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle


class LingeringProtocol(Protocol):
    """A protocol that can wait for the end of a request before it closes."""

    def ends_connection(self) -> bool:
        """Whether an answer now ends the connection, because the client is still sending what it answers to."""

    def linger(self) -> None:
        """Throw away what still comes, for a moment, then close."""


class ResponseTransport:
    """What a cycle writes its answer to.

    The head waits for the first piece of the body: together they are one system call and one packet. And it does not
    close under a client that is still sending: a reset would take the answer with it.
    """

    def __init__(self, transport: asyncio.Transport, cycle: RequestResponseCycle, protocol: LingeringProtocol) -> None:
        self._transport = transport
        self._protocol = protocol
        self._cycle = cycle
        self._head: bytes | None = None
        self._has_head = False

    def close(self) -> None:
        """As the transport, when nothing of the request is on its way any more."""
        self.flush()
        if self._protocol.ends_connection():
            self._protocol.linger()
        else:
            self._transport.close()

    def write(self, data: bytes) -> None:
        """Write it, or keep it for the next piece if it is the head."""
        if self._head is not None:
            self._transport.write(self._head + data)
            self._head = None
        elif self._cycle.response_started and not self._has_head:  # before, `100 Continue` may come
            self._head, self._has_head = data, True
        else:
            self._transport.write(data)

    def flush(self) -> None:
        """Write the head of an answer that has no body."""
        if self._head is not None:
            self.write(b"")

    def whole_body(self) -> bytes | None:
        """The request's body, if it is there to its end: as the cycle's `receive`, but for what that takes to wait."""
        cycle = self._cycle
        if cycle.more_body or cycle.disconnected or cycle.response_complete or cycle.waiting_for_100_continue:
            return None
        cycle.flow.resume_reading()
        body, cycle.body = bytes(cycle.body), bytearray()
        cycle.message_event.clear()
        return body

    def answer(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> bool:
        """Write a whole answer: as the cycle's `send` of its head and its body. False: only that can do it.

        The headers say how long the body is, if it may have one, and nothing of the connection.
        """
        cycle = self._cycle
        if cycle.response_started or cycle.disconnected or cycle.flow.write_paused or cycle.scope["method"] == "HEAD":
            return False
        lines = [b"%s: %s\r\n" % pair for pair in (*cycle.default_headers, *headers)]
        if self._protocol.ends_connection():
            cycle.keep_alive = False
        if not cycle.keep_alive:
            lines.append(b"connection: close\r\n")
        head = b"".join(lines)
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
            return False
        self._transport.write(b"%s%s\r\n%s" % (STATUS_LINE[status], head, body))
        self._has_head = cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.close()
        cycle.on_response()
        return True

    def is_closing(self) -> bool:
        """As the transport."""
        return self._transport.is_closing()
