"""Connections don't wait where nobody sees them."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import uvloop
from structlog.testing import capture_logs

from mothership.edge.connection_acceptor import ConnectionAcceptor, plain

LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])


@LOOPS
def test_all_that_wait_are_accepted_in_one_round(loop: Callable[[], Any]) -> None:
    """One a round, and with a request's work in each the last of forty waits for all of them in the kernel."""
    rounds = 0
    accepted_in: list[int] = []

    async def serve(accepted: socket.socket, _address: str) -> None:
        accepted_in.append(rounds)
        accepted.close()

    async def main() -> None:
        nonlocal rounds
        acceptor = ConnectionAcceptor(listening, serve)
        while len(accepted_in) < len(waiting):
            rounds += 1
            await asyncio.sleep(0)
        acceptor.close()
        await acceptor.wait_closed()

    with socket.create_server(("127.0.0.1", 0), backlog=100) as listening:
        waiting = [socket.create_connection(listening.getsockname()) for _ in range(40)]
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(main())
    for each in waiting:
        each.close()
    assert max(accepted_in) - min(accepted_in) <= 1


@LOOPS
def test_what_the_kernel_has_let_in_is_served_before_the_end(loop: Callable[[], Any]) -> None:
    """Closed in its queue, it would be reset: its client may have sent a request already."""
    served = 0

    async def serve(accepted: socket.socket, _address: str) -> None:
        nonlocal served
        accepted.close()
        served += 1

    async def main() -> None:
        acceptor = ConnectionAcceptor(listening, serve)
        await acceptor.accept_rest()
        acceptor.close()
        await acceptor.wait_closed()

    with socket.create_server(("127.0.0.1", 0), backlog=100) as listening:
        waiting = [socket.create_connection(listening.getsockname()) for _ in range(70)]
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(main())
    for each in waiting:
        each.close()
    assert served == 70


class Echo(asyncio.Protocol):
    """Says what it hears."""

    def connection_made(self, transport: Any) -> None:
        """Know where to."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Say it."""
        self._transport.write(data)


@LOOPS
def test_accepting_goes_on_when_a_file_is_free_again(loop: Callable[[], Any]) -> None:
    """No file is free: it is told, nothing is lost, and the connection that waits is served when there is one."""
    failures = [OSError(24, "EMFILE"), ConnectionAbortedError()]

    class Scarce(socket.socket):
        def accept(self) -> Any:
            """Fail first."""
            if failures:
                raise failures.pop()
            return super().accept()

    async def main() -> bytes:
        listener = plain(listening, Echo)
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(b"served")
        said = await reader.readexactly(6)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        listener.close()
        await listener.wait_closed()
        return said

    with Scarce() as listening, capture_logs() as lines:
        listening.bind(("127.0.0.1", 0))
        with asyncio.Runner(loop_factory=loop) as runner:
            assert runner.run(main()) == b"served"
    assert [line["event"] for line in lines] == ["connection_not_accepted"]
