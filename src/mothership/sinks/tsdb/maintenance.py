"""What the database need not remember: old fingerprints, counts of old minutes, and, without chunks, old events."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import asyncpg

from mothership.errors import SinkError
from mothership.ports import Clock
from mothership.sinks.tsdb.connection_pool import Connection, ConnectionPool
from mothership.sinks.tsdb.database_state import DatabaseState
from mothership.sinks.tsdb.failures import DRIVER_ERRORS, classify
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sql_files import WRITE
from mothership.sinks.tsdb.timescale_steps import statement
from mothership.telemetry import log

MAINTENANCE_LOCK_ID = 0x6D6F7468_00000002
"""Advisory lock of the instance that does it."""
PAUSE_SECONDS = 300.0
STEP_PAUSE_SECONDS = 0.2
"""Between two bounded steps, so that writers get their share."""
STEP_ROWS = 5_000
STEP_TIMEOUT_SECONDS = 60.0
COUNTED_MINUTES = 120


class Maintenance:
    """Small transactions, now and then, by one instance at a time."""

    def __init__(self, connections: ConnectionPool, settings: DatabaseSettings, clock: Clock) -> None:
        self._connections = connections
        self._settings = settings
        self._clock = clock
        self.unsupported: list[str] = []
        """What it may not do, and what could be done about it: as `DatabaseState.unsupported`."""

    async def run(self, state: Callable[[], DatabaseState | None]) -> None:
        """Do it for ever. A failure waits for the next time."""
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            known = state()
            if known is None:
                continue
            try:
                await self.run_once(known)
            except (*DRIVER_ERRORS, SinkError) as error:
                reason = error.reason if isinstance(error, SinkError) else classify(error).reason
                log.warning("maintenance_failed", reason=reason)

    async def run_once(self, state: DatabaseState) -> int:
        """Forget everything that is due; returns the number of rows."""
        minute = int(self._clock()) // 60
        gone = await self._step(WRITE["forget_counts"], minute - COUNTED_MINUTES)
        gone += await self._steps(WRITE["forget_fingerprints"], timedelta(days=self._settings.fingerprint_days))
        if self._settings.retention and state.retention_by == "service":
            gone += await self._forget_events(self._settings.retention, state)
        return gone

    async def _forget_events(self, age: timedelta, state: DatabaseState) -> int:
        """Whole chunks where there are some and the role is their owner, otherwise rows, if it has the right to."""
        gone = 0
        try:
            if state.is_hypertable:
                try:
                    return await self._drop_chunks(age, state)
                except asyncpg.InsufficientPrivilegeError:
                    gone = await self._steps(WRITE["forget_events_in_chunks"], age)
            else:
                gone = await self._steps(WRITE["forget_events"], age)
        except asyncpg.InsufficientPrivilegeError:
            async with self._connections.acquire() as connection:
                role = await connection.fetchval(WRITE["role"])
            lack = "database.retention: nothing is being deleted, because the role may not; as the owner of events run"
            self.unsupported = [f"{lack}: GRANT DELETE ON events TO {role}"]
            return 0
        self.unsupported = []
        return gone

    async def _drop_chunks(self, age: timedelta, state: DatabaseState) -> int:
        async with (
            asyncio.timeout(STEP_TIMEOUT_SECONDS),
            self._connections.acquire() as connection,
            connection.transaction(),
        ):
            if not await connection.fetchval(WRITE["try_advisory_lock"], MAINTENANCE_LOCK_ID):
                return 0
            return int(await connection.fetchval(statement("drop_chunks", state), age))

    async def _steps(self, statement: str, age: timedelta) -> int:
        gone = 0
        while deleted := await self._step(statement, age, STEP_ROWS):
            gone += deleted
            if deleted < STEP_ROWS:
                break
            await asyncio.sleep(STEP_PAUSE_SECONDS)
        return gone

    async def _step(self, statement: str, *arguments: Any) -> int:
        async with asyncio.timeout(STEP_TIMEOUT_SECONDS), self._connections.acquire() as connection:
            return await _with_advisory_lock(connection, statement, *arguments)


async def _with_advisory_lock(connection: Connection, statement: str, *arguments: Any) -> int:
    async with connection.transaction():
        if not await connection.fetchval(WRITE["try_advisory_lock"], MAINTENANCE_LOCK_ID):
            return 0
        status = await connection.execute(statement, *arguments)
    return int(status.rpartition(" ")[2])
