"""Connections to the database: a bounded few, kept between uses, and thrown away at the first doubt."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from mothership.telemetry import active_connections

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

GOODBYE_SECONDS = 1.0


class Connections:
    """Lends connections, at most `limit` at once.

    A connection comes back only from a use that ended well. After any failure or cancellation it is cut off without
    a word, which can't hang: whatever it was in the middle of, the server rolls back, and no later use inherits a
    failed transaction.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], *, limit: int) -> None:
        self._connect = connect
        self._free = asyncio.Semaphore(limit)
        self._idle: list[Connection] = []
        self._closed = False

    @asynccontextmanager
    async def use(self) -> AsyncIterator[Connection]:
        """Lend one."""
        async with self._free:
            connection = self._take_idle() or await self._connect()
            active_connections.inc()
            try:
                yield connection
            except BaseException:
                connection.terminate()
                raise
            else:
                self._keep(connection)
            finally:
                active_connections.dec()

    async def close(self) -> None:
        """Say goodbye to those at rest; those in use end with their use."""
        self._closed = True
        while self._idle:
            connection = self._idle.pop()
            try:
                await connection.close(timeout=GOODBYE_SECONDS)
            except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection.terminate()

    def open(self) -> None:
        """Keep connections again, after `close`."""
        self._closed = False

    def _take_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    def _keep(self, connection: Connection) -> None:
        if self._closed or connection.is_closed():
            connection.terminate()
        else:
            self._idle.append(connection)
