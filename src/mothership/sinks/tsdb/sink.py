"""TimescaleDB, or a plain PostgreSQL: written to, looked at, and kept as the configuration has it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path

import asyncpg

from mothership.errors import Paused, Permanent, SinkError
from mothership.event import RowBatch
from mothership.ports import Clock, Health
from mothership.retry import backoff_seconds
from mothership.service_stats import DatabaseFacts, DatabaseStats
from mothership.sinks.tsdb import continuous_aggregate, schema, timescale_extension
from mothership.sinks.tsdb.clock_file import ClockFile
from mothership.sinks.tsdb.connection_pool import Connection, ConnectionPool, Connector
from mothership.sinks.tsdb.database_clock import DatabaseClock, boot_ticks, ticks_of_this_boot
from mothership.sinks.tsdb.database_state import DatabaseState
from mothership.sinks.tsdb.dsn import parse_dsn
from mothership.sinks.tsdb.event_writer import HOUR_MINUTES, EventWriter
from mothership.sinks.tsdb.failures import DRIVER_ERRORS, classify
from mothership.sinks.tsdb.maintenance import Maintenance
from mothership.sinks.tsdb.settings import DatabaseSettings, TimescaleSinkSettings
from mothership.sinks.tsdb.sql_files import WRITE
from mothership.telemetry import (
    database_failing_jobs,
    database_unsupported,
    database_write_seconds,
    database_writes,
    log,
)

SIDE_CONNECTIONS = 3
"""For what isn't writing: health, counts, maintenance, keys."""
PROBE_SECONDS_MAX = 1.5
"""Longest a look at the database may take that a person or a probe waits for."""
CLOCK_SECONDS = 5.0
"""Between two looks at the database's clock."""
FIRST_CLOCK_SECONDS = 0.1
"""Between the first two; each pause doubles. A first look on a busy machine is slow, and a slow one says little."""
SCHEMA_SECONDS_MAX = 300.0
"""Longest the preparation of the schema may take; other instances may be at it."""
RECHECK_SECONDS = 300.0
"""Between two looks at what the database is and does."""
RECHECK_SECONDS_MIN = 10.0
"""The same after one that found something in the way; it doubles until it is the above."""
BACKFILL_SECONDS_MAX = 6 * 3600.0
"""Longest that counting a big table into the aggregate may take. Nobody waits for it."""


class TsdbSink:
    """`ports.Sink` over PostgreSQL's COPY.

    What makes a batch known is stored in the transaction of its rows, so a batch that is written or sent again, here
    or by another instance, after a lost answer or a restart, adds nothing.
    """

    name = "tsdb"

    def __init__(
        self,
        database: DatabaseSettings,
        sink: TimescaleSinkSettings | None = None,
        *,
        embedded_dsn: str | None = None,
        clock: Clock = time.time,
        ticks: Clock = boot_ticks,
        clock_path: Path | None = None,
    ) -> None:
        """`embedded_dsn` is where the embedded database listens, when none is configured.

        `clock_path`: file that keeps what is known of the database's clock for the next process.
        """
        self._settings = database
        target = parse_dsn(embedded_dsn) if embedded_dsn else database.target()
        self._clock = clock
        ticks_of = ticks_of_this_boot()
        self._clock_file = ClockFile(clock_path, f"{target}/{target.database}", ticks_of) if clock_path else None
        self.clock = DatabaseClock(ticks, self._clock_file.read(ticks()) if self._clock_file else None, ticks_of)
        self._connector = Connector(
            target,
            timeout_seconds=database.connect_seconds,
            statement_cache_size=database.statement_cache_size,
        )
        self._write_pool = ConnectionPool(self.connect, limit=(sink or TimescaleSinkSettings()).writers)
        self._side_pool = ConnectionPool(self.connect, limit=SIDE_CONNECTIONS)
        self._maintenance = Maintenance(self._side_pool, database, clock)
        self._state: DatabaseState | None = None
        self._notes: list[str] = []
        self._recheck_failure = ""
        self._opening = asyncio.Lock()
        # The server ends a slow statement by itself; a server that hangs is left a little later.
        self._timeout_seconds = database.statement_timeout_seconds + 2.0
        self._writer = EventWriter(self._write_pool, database, clock, self._timeout_seconds)

    async def open(self) -> None:
        """See `ports.Sink`. Brings the schema up to date, once; the first write does it, too."""
        try:
            with _translated_errors():
                await self._ensure_schema()
        except SinkError:
            database_writes.labels("failure").inc()  # the write that was to follow
            raise

    async def write(self, batches: Sequence[RowBatch]) -> frozenset[int]:
        """See `ports.Sink`."""
        started = time.perf_counter()
        try:
            with _translated_errors():
                duplicates = await self._write(batches)
        except Permanent:
            database_writes.labels("success").inc()
            raise
        except SinkError:
            database_writes.labels("failure").inc()
            raise
        database_writes.labels("success").inc()
        database_write_seconds.observe(time.perf_counter() - started)
        return duplicates

    async def health(self) -> Health:
        """See `ports.Sink`."""
        try:
            with _translated_errors():
                async with asyncio.timeout(PROBE_SECONDS_MAX), self._side_pool.acquire() as connection:
                    row = await connection.fetchrow(WRITE["probe"])
        except SinkError as error:
            return Health(healthy=False, reason=error.reason)
        if row is None or row["read_only"]:
            return Health(healthy=False, reason="the database is read-only (a standby, or protected)")
        if not row["has_table"] and self._state is not None:
            return Health(healthy=False, reason="the table events is missing")
        return Health(healthy=True)

    async def close(self) -> None:
        """See `ports.Sink`."""
        await self._write_pool.close()
        await self._side_pool.close()

    def facts(self) -> DatabaseFacts | None:
        """What the database turned out to be; None before the first connection."""
        state = self._state
        if state is None:
            return None
        failed = [self._recheck_failure] if self._recheck_failure else []
        return DatabaseFacts(
            server_version=state.server_version,
            timescaledb_version=state.timescaledb_version,
            is_hypertable=state.is_hypertable,
            gin=state.gin,
            retention_by=state.retention_by,
            unsupported=[*state.unsupported, *self._maintenance.unsupported, *self._notes, *failed],
        )

    def add_note(self, what: str) -> None:
        """Show this among the facts: something of the service's own that the database was needed for."""
        self._notes.append(what)

    async def stats(self) -> DatabaseStats:
        """The facts, and the counts when the database answers soon."""
        minute = int(self._clock()) // 60
        with suppress(SinkError), _translated_errors():
            async with asyncio.timeout(PROBE_SECONDS_MAX), self._side_pool.acquire() as connection:
                row = await connection.fetchrow(WRITE["read_counts"], minute - HOUR_MINUTES + 1, minute)
                if row is not None:
                    return DatabaseStats(row["total"], row["recent"], self.facts())
        return DatabaseStats(None, None, self.facts())

    async def shared_key(self, name: str, candidate: bytes) -> bytes:
        """The secret of this name that all instances on this database share; the candidate if there is none yet."""
        with _translated_errors():
            await self._ensure_schema()
            async with asyncio.timeout(self._timeout_seconds), self._side_pool.acquire() as connection:
                await connection.execute(WRITE["propose_key"], name, candidate)
                key = await connection.fetchval(WRITE["read_key"], name)
        if not isinstance(key, bytes):
            raise Paused(f"the key {name} was removed from mothership_keys while it was read")
        return key

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Connection]:
        """A connection beside the writers', to a database whose schema is up to date."""
        with _translated_errors():
            await self._ensure_schema()
            async with asyncio.timeout(self._timeout_seconds), self._side_pool.acquire() as connection:
                yield connection

    async def run_maintenance(self) -> None:
        """Forget what is old, and look again at what the database is and does. Never returns."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._maintenance.run(lambda: self._state), name="maintenance")
            group.create_task(self._keep_time(), name="clock")
            group.create_task(self._run_rechecks(), name="recheck")

    async def check_database(self) -> None:
        """Compare the database with the configuration again: it was in use, somebody changed it, a job fails."""
        with _translated_errors():
            state = await self._prepare()
            if state.needs_backfill:
                async with asyncio.timeout(BACKFILL_SECONDS_MAX), self._side_pool.acquire() as connection:
                    await continuous_aggregate.backfill(connection, state)
                state = await self._prepare()
        self._update_state(state)

    async def _keep_time(self) -> None:
        pause_seconds = FIRST_CLOCK_SECONDS
        while True:
            await asyncio.sleep(pause_seconds)
            if self._state is not None:
                pause_seconds = min(2 * pause_seconds, CLOCK_SECONDS)
                with suppress(SinkError), _translated_errors():
                    async with asyncio.timeout(PROBE_SECONDS_MAX), self._side_pool.acquire() as connection:
                        await self._look_at_clock(connection)

    async def _look_at_clock(self, connection: Connection) -> None:
        asked = self.clock.ticks()
        micros = await connection.fetchval(WRITE["clock"], timeout=self._timeout_seconds)
        before = self.clock.look
        self.clock.learn(micros, asked)
        if self._clock_file and (look := self.clock.look) and look != before:
            with suppress(OSError):  # a full disk: the next process waits for the database
                await asyncio.to_thread(self._clock_file.write, look)

    async def _run_rechecks(self) -> None:
        pause_seconds, unsettled = RECHECK_SECONDS_MIN, 1
        while True:
            await asyncio.sleep(pause_seconds)
            if self._state is None:
                pause_seconds, unsettled = RECHECK_SECONDS_MIN, 1
            elif await self.recheck():
                pause_seconds = RECHECK_SECONDS
            else:
                unsettled += 1
                pause_seconds = backoff_seconds(unsettled, first=RECHECK_SECONDS_MIN, longest=RECHECK_SECONDS)

    async def recheck(self) -> bool:
        """Look, and show a failure to among the facts: what was known before stays, and writes go on.

        Returns whether all is settled, so that there is no reason to look again soon.
        """
        try:
            await self.check_database()
        except SinkError as error:
            log.warning("database_look_failed", reason=error.reason)
            self._recheck_failure = f"the last check of the database failed: {error.reason}"
            if error.reason == timescale_extension.NOT_LOADED:
                # What is written now would miss the chunks: the next write pauses the sink.
                self._state = None
        state = self._state
        return state is not None and not (state.needs_recheck or state.needs_backfill or self._recheck_failure)

    def _update_state(self, state: DatabaseState) -> None:
        """Note what the database is, and say in the log what is new in it."""
        self._recheck_failure = ""
        before = self._state.unsupported if self._state else []
        for what in state.unsupported:
            if what not in before and what != timescale_extension.NO_EXTENSION:
                log.warning("database_lacks", what=what)
        for what in before:
            if what not in state.unsupported:
                log.info("database_lacks_no_more", what=what)
        database_failing_jobs.set(state.failing_jobs)
        database_unsupported.set(len(state.unsupported))
        is_first, self._state = self._state is None, state
        if is_first and (facts := self.facts()):
            log.info("database_ready", **asdict(facts))

    async def _write(self, batches: Sequence[RowBatch]) -> frozenset[int]:
        await self._ensure_schema()
        batches = [
            replace(batch, arrival=self.clock.at(batch.arrived_at), arrived_at=None) if batch.arrived_at else batch
            for batch in batches
        ]
        try:
            return await self._writer.store(batches)
        except asyncpg.UndefinedTableError:
            # Someone dropped it, or another database answers under the same name now.
            self._state = None
            await self._ensure_schema()
            return await self._writer.store(batches)

    async def _ensure_schema(self) -> None:
        if self._state is not None:
            return
        async with self._opening:
            if self._state is None:
                self._write_pool.open()
                self._side_pool.open()
                self._update_state(await self._prepare())

    async def _prepare(self) -> DatabaseState:
        async with asyncio.timeout(SCHEMA_SECONDS_MAX):
            # A failed attempt at the extension ends the connection and nothing else.
            with suppress(*DRIVER_ERRORS):
                async with self._side_pool.acquire() as connection:
                    await timescale_extension.create_extension(connection, timeout_seconds=self._timeout_seconds)
            async with self._side_pool.acquire() as connection:
                # Most of this may take long while others are at it; a server that hangs is seen at the first word.
                if await connection.fetchval(WRITE["synchronous_commit"], timeout=self._timeout_seconds) == "off":
                    self._writer.is_durable_by_default = False
                await self._look_at_clock(connection)
                return await schema.prepare(connection, self._settings)

    async def connect(self) -> Connection:
        """A connection of its own to the same database; whoever asks closes it."""
        return await self._connector.connect()


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Translate the driver's errors, whose texts may hold values, into ours, which don't."""
    try:
        yield
    except DRIVER_ERRORS as error:
        raise classify(error) from None
