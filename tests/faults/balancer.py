"""A load balancer for TCP, as stands before instances: each new connection goes to one of those that are in turn."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Self

CHUNK_BYTES = 64 * 1024


class Balancer:
    """Listens on a port of its own, before ports of this machine."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.port = 0
        self.in_turn = list(ports)
        """Where new connections go."""
        self._next = itertools.count()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_rest: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        port = self.in_turn[next(self._next) % len(self.in_turn)]
        there: asyncio.StreamWriter | None = None
        try:
            answers, there = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_copy(reader, there), _copy(answers, writer))
        except (OSError, asyncio.CancelledError):  # the second ends the balancer; streams would print it
            return
        finally:
            for end in (writer, there):
                if end is not None:
                    end.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while chunk := await source.read(CHUNK_BYTES):
        target.write(chunk)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()
