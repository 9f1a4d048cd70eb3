"""One write to the table events: a transaction of fingerprints, rows and counts."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import chain
from typing import NamedTuple

import asyncpg

from mothership.errors import FailedRow, Paused, Permanent, Transient
from mothership.event import Row, RowBatch
from mothership.plurals import counted
from mothership.ports import Clock
from mothership.sinks import batch_deduplication
from mothership.sinks.batch_deduplication import Amended, Arrivals, Noted
from mothership.sinks.tsdb import binary_copy
from mothership.sinks.tsdb.connection_pool import Connection, ConnectionPool
from mothership.sinks.tsdb.failures import DRIVER_ERRORS, may_be_row_error
from mothership.sinks.tsdb.refused_rows import store_all_but_refused
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sql_files import WRITE
from mothership.telemetry import (
    database_rows,
)

STATEMENT_ROWS_MAX = 10_000
"""Most rows of one statement. A statement has a time to keep: one that a slow database never keeps, however often it is
tried, would hold up all that wait behind it."""
MINUTE = 60_000_000
ALL_MINUTES = 0
"""The `minute` under which `event_counts` counts every event."""
HOUR_MINUTES = 60


class _ClaimedWrite(NamedTuple):
    """A write after its fingerprints were claimed."""

    duplicates: frozenset[int]
    taken: list[int]
    """The positions of the batches to be stored, in order."""
    rows: list[Row]
    """Their rows, one after the other."""

    def places(self, batches: Sequence[RowBatch]) -> list[tuple[int, int]]:
        """For each row: the position of its batch in the write, and of the row in the batch."""
        return [(at, row) for at in self.taken for row in range(len(batches[at].rows))]


class EventWriter:
    """Writes batches in transactions of their own."""

    def __init__(self, pool: ConnectionPool, settings: DatabaseSettings, clock: Clock, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        """Longest that a statement may take."""
        self.is_durable_by_default = True
        """Whether a commit of this server waits for the disk without being told."""
        self._pool = pool
        self._statement_milliseconds = int(settings.statement_timeout_seconds * 1000)
        self._clock = clock

    async def store(self, batches: Sequence[RowBatch]) -> frozenset[int]:
        """Store what was not stored before; returns the positions of the others. Raises `Permanent` as a sink does."""
        try:
            async with self.transaction() as connection:
                claimed = await self._claim(connection, batches)
                if claimed.rows:
                    await self._copy(connection, claimed.rows)
                    await self._count(connection, claimed.rows)
        except DRIVER_ERRORS as error:
            if not may_be_row_error(error):
                raise
            return await self._store_carefully(batches)
        database_rows.inc(len(claimed.rows))
        return claimed.duplicates

    async def _store_carefully(self, batches: Sequence[RowBatch]) -> frozenset[int]:
        """Once more, row by row where it has to be: some of them will never be taken."""
        async with self.transaction() as connection:
            claimed = await self._claim(connection, batches)
            await self._check_that_harmless_rows_pass(connection)
            refused = await store_all_but_refused(claimed.rows, lambda rows: self._try_copy(connection, rows))
            await self._count(connection, [row for at, row in enumerate(claimed.rows) if at not in refused])
        database_rows.inc(len(claimed.rows) - len(refused))
        if not refused:
            return claimed.duplicates
        places = claimed.places(batches)
        failed = [FailedRow(*places[at], reason) for at, reason in refused.items()]
        raise Permanent(f"the database refuses {counted(len(failed), 'row')}", failed, duplicates=claimed.duplicates)

    async def _check_that_harmless_rows_pass(self, connection: Connection) -> None:
        """When even a row without content is refused, the table is to blame (a constraint, a trigger), not the rows."""
        harmless = Row(int(self._clock() * 1_000_000), "mothership", "mothership", b"{}")
        await self._execute(connection, "SAVEPOINT attempt")
        try:
            await self._copy(connection, [harmless])
        except asyncpg.PostgresError as error:
            if not may_be_row_error(error):
                raise
            raise Paused(
                f"the table events refuses every row (SQLSTATE {error.sqlstate}): look at its constraints and triggers"
            ) from None
        await self._execute(connection, "ROLLBACK TO SAVEPOINT attempt")

    async def _try_copy(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Store these, or leave the transaction as it was and raise."""
        await self._execute(connection, "SAVEPOINT attempt")
        try:
            await self._copy(connection, rows)
        except DRIVER_ERRORS as error:
            if may_be_row_error(error):
                await self._execute(connection, "ROLLBACK TO SAVEPOINT attempt")
            raise
        await self._execute(connection, "RELEASE SAVEPOINT attempt")

    async def _execute(self, connection: Connection, statement: str) -> str:
        return await connection.execute(statement, timeout=self.timeout_seconds)

    async def _claim(self, connection: Connection, batches: Sequence[RowBatch]) -> _ClaimedWrite:
        """Note what makes the batches known; what nobody had noted before is to be stored."""
        columns = zip(*batch_deduplication.notes(batches), strict=True) if batches else ((), (), (), ())
        found = await connection.fetch(WRITE["claim_fingerprints"], *columns, timeout=self.timeout_seconds)
        new = {row["fingerprint"] for row in found}
        amendments = await self._amend(connection, batch_deduplication.noted_before(batches, new))
        stored: set[bytes] = set()
        if split_batches := batch_deduplication.split_batches(batches):
            await connection.execute(WRITE["claim_split_batches"], split_batches, timeout=self.timeout_seconds)
            found = await connection.fetch(WRITE["stored_split_batches"], split_batches, timeout=self.timeout_seconds)
            stored = {row["fingerprint"] for row in found}
        taken = batch_deduplication.to_store(batches, new, amendments, stored)
        return _ClaimedWrite(
            duplicates=frozenset(range(len(batches))) - set(taken),
            taken=taken,
            rows=list(chain.from_iterable(batches[at].rows for at in taken)),
        )

    async def _amend(self, connection: Connection, here: dict[bytes, Arrivals]) -> dict[bytes, Amended]:
        """Note what these transmissions change in what was noted of their contents before."""
        if not here:
            return {}
        columns = zip(*here.values(), strict=True)
        found = await connection.fetch(WRITE["notes_to_amend"], [*here], *columns, timeout=self.timeout_seconds)
        amendments = {content: batch_deduplication.amended(Noted(*noted), here[content]) for content, *noted in found}
        if amendments:
            columns = zip(*(each.noted for each in amendments.values()), strict=True)
            await connection.execute(WRITE["amend_notes"], [*amendments], *columns, timeout=self.timeout_seconds)
        return amendments

    async def _copy(self, connection: Connection, rows: Sequence[Row]) -> None:
        for begin in range(0, len(rows), STATEMENT_ROWS_MAX):
            part = rows[begin : begin + STATEMENT_ROWS_MAX]
            # The driver's own time-out doesn't end a COPY that waits to send, and breaks it when it goes on after that.
            async with asyncio.timeout(self.timeout_seconds):
                await connection.copy_to_table(
                    "events", source=binary_copy.stream(part), columns=binary_copy.COLUMNS, format="binary"
                )

    async def _count(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Add to the counts; minutes that `/stats` will never ask for are left out."""
        recent = int(self._clock()) // 60 - HOUR_MINUTES
        counts = {minute: n for minute, n in Counter([row[0] // MINUTE for row in rows]).items() if minute >= recent}
        counts[ALL_MINUTES] = len(rows)
        minutes = sorted(counts)
        await connection.execute(
            WRITE["count_events"], minutes, [counts[minute] for minute in minutes], timeout=self.timeout_seconds
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A write's transaction, committed when the block ends well. Otherwise the connection is cut off."""
        statement = WRITE["begin" if self.is_durable_by_default else "begin_durably"]
        begin = statement.format(statement_milliseconds=self._statement_milliseconds)
        async with self._pool.acquire() as connection:
            await self._execute(connection, begin)
            yield connection
            if await self._execute(connection, "COMMIT") != "COMMIT":
                raise Transient("the database rolled the write back instead of committing it")
