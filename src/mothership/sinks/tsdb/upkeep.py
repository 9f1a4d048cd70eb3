"""What the database need not remember: old fingerprints, counts of old minutes, and, without chunks, old events."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import asyncpg

from mothership.errors import SinkError
from mothership.ports import Clock
from mothership.sinks.tsdb.connections import Connection, Connections
from mothership.sinks.tsdb.facts import Facts
from mothership.sinks.tsdb.failures import Foreign, sort
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.statements import WRITE
from mothership.sinks.tsdb.timescale import statement
from mothership.telemetry import log

UPKEEP_TURN = 0x6D6F7468_00000002
"""Advisory lock of whoever tidies."""
PAUSE_SECONDS = 300.0
BREATH_SECONDS = 0.2
"""Between two bounded steps, so that writers get their share."""
STEP_ROWS = 5_000
STEP_TIMEOUT_SECONDS = 60.0
COUNTED_MINUTES = 120


class Upkeep:
    """Small transactions, now and then, by one instance at a time."""

    def __init__(self, connections: Connections, settings: DatabaseSettings, clock: Clock) -> None:
        self._connections = connections
        self._settings = settings
        self._clock = clock
        self.lacking: list[str] = []
        """What it may not do, and what could be done about it: as `Facts.lacking`."""

    async def run(self, facts: Callable[[], Facts | None]) -> None:
        """Tidy for ever. A failure waits for the next time."""
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            known = facts()
            if known is None:
                continue
            try:
                await self.tidy(known)
            except (*Foreign, SinkError) as error:
                reason = error.reason if isinstance(error, SinkError) else sort(error).reason
                log.warning("upkeep_failed", reason=reason)

    async def tidy(self, facts: Facts) -> int:
        """Forget everything that is due; returns the number of rows."""
        minute = int(self._clock()) // 60
        gone = await self._step(WRITE["forget_counts"], minute - COUNTED_MINUTES)
        gone += await self._steps(WRITE["forget_fingerprints"], timedelta(days=self._settings.fingerprint_days))
        if self._settings.retention and facts.retention_by == "service":
            gone += await self._forget_events(self._settings.retention, facts)
        return gone

    async def _forget_events(self, age: timedelta, facts: Facts) -> int:
        """Whole chunks where there are some and the role is their owner, otherwise rows, if it has the right to."""
        gone = 0
        try:
            if facts.is_hypertable:
                try:
                    return await self._drop_chunks(age, facts)
                except asyncpg.InsufficientPrivilegeError:
                    gone = await self._steps(WRITE["forget_events_in_chunks"], age)
            else:
                gone = await self._steps(WRITE["forget_events"], age)
        except asyncpg.InsufficientPrivilegeError:
            async with self._connections.use() as connection:
                role = await connection.fetchval(WRITE["role"])
            lack = "database.retention: nothing is being deleted, because the role may not; as the owner of events run"
            self.lacking = [f"{lack}: GRANT DELETE ON events TO {role}"]
            return 0
        self.lacking = []
        return gone

    async def _drop_chunks(self, age: timedelta, facts: Facts) -> int:
        async with (
            asyncio.timeout(STEP_TIMEOUT_SECONDS),
            self._connections.use() as connection,
            connection.transaction(),
        ):
            if not await connection.fetchval(WRITE["try_turn"], UPKEEP_TURN):
                return 0
            return int(await connection.fetchval(statement("drop_chunks", facts), age))

    async def _steps(self, statement: str, age: timedelta) -> int:
        gone = 0
        while deleted := await self._step(statement, age, STEP_ROWS):
            gone += deleted
            if deleted < STEP_ROWS:
                break
            await asyncio.sleep(BREATH_SECONDS)
        return gone

    async def _step(self, statement: str, *arguments: Any) -> int:
        async with asyncio.timeout(STEP_TIMEOUT_SECONDS), self._connections.use() as connection:
            return await _in_turn(connection, statement, *arguments)


async def _in_turn(connection: Connection, statement: str, *arguments: Any) -> int:
    async with connection.transaction():
        if not await connection.fetchval(WRITE["try_turn"], UPKEEP_TURN):
            return 0
        status = await connection.execute(statement, *arguments)
    return int(status.rpartition(" ")[2])
