"""Takes every connection that waits, in each round of the event loop.

libuv's own server takes one a round. Under load, when a round is a request's work, all others waited in the kernel's
queue, where no bound, no turn and no deadline of ours sees them: every answer came too late, and none was a refusal.
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from mothership.telemetry import log

ACCEPT_PAUSE_SECONDS = 0.1
ACCEPTED_PER_ROUND_MAX = 64
BACKLOG = 2048
REST_SECONDS = 0.2
"""How long those may take that are accepted last, to be connections of their own: a handshake may not."""


class ConnectionAcceptor:
    """Hands each accepted socket, with its address, to a coroutine of its own. Closed like an `asyncio.Server`."""

    def __init__(
        self, listening: socket.socket, serve: Callable[[socket.socket, str], Coroutine[Any, Any, None]]
    ) -> None:
        """Start at once, in the running loop."""
        listening.listen(BACKLOG)
        listening.setblocking(False)
        self._listening = listening
        self._serve = serve
        self._loop = asyncio.get_running_loop()
        self._serving: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        self._go_on()

    async def accept_rest(self) -> None:
        """Take those that wait in the kernel's queue: closed there, they would be reset, with what they have sent."""
        for _ in range(BACKLOG // ACCEPTED_PER_ROUND_MAX):
            self._accept()
            await asyncio.sleep(0)
        if self._serving:
            await asyncio.wait(self._serving, timeout=REST_SECONDS)

    def close(self) -> None:
        """Accept no more. What is not a connection of its own yet ends."""
        self._loop.remove_reader(self._listening)
        if self._pause:
            self._pause.cancel()
        for task in self._serving:
            task.cancel()

    async def wait_closed(self) -> None:
        """Until nothing is under way."""
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _go_on(self) -> None:
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTED_PER_ROUND_MAX):
            try:
                accepted, peer = self._listening.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionError:  # the client is gone already
                continue
            except OSError as error:  # no file is free
                log.warning("connection_not_accepted", error=type(error).__name__, errno=error.errno)
                self._loop.remove_reader(self._listening)
                self._pause = self._loop.call_later(ACCEPT_PAUSE_SECONDS, self._go_on)
                return
            accepted.setblocking(False)
            task = self._loop.create_task(self._serve(accepted, peer[0]))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)


def plain(listening: socket.socket, make: Callable[[], asyncio.Protocol]) -> ConnectionAcceptor:
    """A listener for HTTP without TLS, with a protocol for each connection."""
    return ConnectionAcceptor(listening, partial(_connect, make))


async def _connect(make: Callable[[], asyncio.Protocol], accepted: socket.socket, _address: str) -> None:
    try:
        await asyncio.get_running_loop().connect_accepted_socket(make, accepted)
    except OSError:  # the client is gone already
        accepted.close()
