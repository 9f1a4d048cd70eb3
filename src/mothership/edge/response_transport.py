"""Between a request and its socket: answers in one write, and no reset under a client that is still sending."""

import asyncio
from typing import Protocol

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


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

    def is_closing(self) -> bool:
        """As the transport."""
        return self._transport.is_closing()
