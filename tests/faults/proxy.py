"""A TCP proxy before the database that cuts connections at the worst moment, or lets little through."""

import asyncio
import contextlib
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Self

CHUNK_BYTES = 16 * 1024
ANSWER_SECONDS = 1.0


@dataclass
class Toxins:
    """What is done to the traffic; changed while it flows."""

    cut_copy: float = 0.0
    """Chance that a connection is cut in the middle of a COPY."""
    swallow_commit: float = 0.0
    """Chance that a commit reaches the server and its answer nobody."""
    hold_copy: bool = False
    """What a COPY sends is not taken any more, as by a server that hangs."""
    bytes_per_second: float = 0.0
    """Bound of what all connections together send to the server; 0: none."""
    done: Counter[str] = field(default_factory=Counter)


class Proxy:
    """Listens on a port of its own, before a Unix socket."""

    def __init__(self, target: str) -> None:
        self.toxins = Toxins()
        self.port = 0
        self._target = target
        self._chance = random.Random(11)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._due = 0.0

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
        server_writer = None
        try:
            server_reader, server_writer = await asyncio.open_unix_connection(self._target)
            answers = asyncio.create_task(self._copy_back(server_reader, writer))
            try:
                await self._copy_on(reader, server_writer, answers)
            finally:
                answers.cancel()
                await asyncio.gather(answers, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            return
        finally:
            for end in (writer, server_writer):
                if end is not None:
                    end.transport.abort()

    async def _copy_on(
        self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, answers: "asyncio.Task[None]"
    ) -> None:
        copying = False
        while chunk := await reader.read(CHUNK_BYTES):
            if copying and self._happens(self.toxins.cut_copy):
                server.write(chunk[: len(chunk) // 2])
                await server.drain()
                self.toxins.done["cut inside COPY"] += 1
                return
            while copying and self.toxins.hold_copy:  # noqa: ASYNC110 - toxins are plain values, changed at will
                await asyncio.sleep(0.02)
            copying = b"COPY " in chunk
            swallow = b"COMMIT\x00" in chunk and self._happens(self.toxins.swallow_commit)
            if swallow:
                answers.cancel()
                await asyncio.gather(answers, return_exceptions=True)
            await self._throttle(len(chunk))
            server.write(chunk)
            await server.drain()
            if swallow:
                await asyncio.sleep(ANSWER_SECONDS)  # long enough to commit
                self.toxins.done["commit's answer lost"] += 1
                return

    async def _copy_back(self, server: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await server.read(CHUNK_BYTES):
                writer.write(chunk)
                await writer.drain()
            writer.close()

    async def _throttle(self, size: int) -> None:
        if self.toxins.bytes_per_second:
            now = asyncio.get_running_loop().time()
            self._due = max(now, self._due) + size / self.toxins.bytes_per_second
            await asyncio.sleep(self._due - now)

    def _happens(self, chance: float) -> bool:
        return chance > 0 and self._chance.random() < chance
