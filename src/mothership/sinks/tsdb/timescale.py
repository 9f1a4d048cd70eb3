"""What TimescaleDB adds to the table, held to what is configured: hypertable, policies, continuous aggregate.

A policy that Mothership made follows the configuration, and goes when its key is taken away. One that a person made is
left alone, and named when it does something else than the configuration says. `mothership_policies` tells them apart.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import asyncpg

from mothership.durations import format_duration
from mothership.errors import Paused
from mothership.sinks.tsdb.connection_pool import Connection
from mothership.sinks.tsdb.database_state import DatabaseState, interval
from mothership.sinks.tsdb.failures import is_transient
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sql_files import SCHEMA, TIMESCALE, WRITE

SCHEMA_LOCK_ID = 0x6D6F7468_00000001
"""Advisory lock of whoever changes the schema."""
SMALL_TABLE_BYTES = 256 * 1024 * 1024
"""Up to this size a table is indexed, made a hypertable and counted into the aggregate while writers wait."""
BACKFILL_TRIES = 20
BACKFILL_PAUSE_SECONDS = 0.25
DROPPED_MARGIN = timedelta(minutes=10)
"""How old the note of what was dropped may be: twice the time between two looks."""
REACH_TOLERANCE = timedelta(days=1)
"""How much shorter than possible a refresh may reach before its policy is made anew."""
EARLIER_REACH = timedelta(days=3)
"""The reach of the refresh policy that earlier versions made, without noting it."""

NO_EXTENSION = "TimescaleDB: the server does not have the extension, so events is an ordinary table"

NOT_LOADED = (
    "TimescaleDB: the server has not loaded the extension: set shared_preload_libraries = 'timescaledb' in its "
    "configuration and restart it"
)
INTERNAL_STEPS = ("record_", "forget_")
"""Statements about `mothership_policies`, which a person need not run."""

Step = tuple[str, tuple[Any, ...]]
"""A statement of `timescale.sql`, and its arguments."""


class _Policy(NamedTuple):
    """One kind of job."""

    key: str
    procedure: str
    does: str
    """What it does to events, for people."""


RETENTION = _Policy("retention", "policy_retention", "drops events")
COLUMNSTORE = _Policy("columnstore_after", "policy_compression", "compresses chunks")
REFRESH = _Policy("continuous_aggregate", "policy_refresh_continuous_aggregate", "refreshes events_per_minute")


async def find_extension(connection: Connection, settings: DatabaseSettings, state: DatabaseState) -> bool:
    """Whether TimescaleDB can be used here. Raises `Paused` when the table needs it and it is not loaded."""
    row = await connection.fetchrow(TIMESCALE["extension"])
    if row is None or not (row["installed"] or row["available"]):
        state.note_unsupported(NO_EXTENSION)
    elif not row["loaded"]:
        if row["installed"]:
            schema = await connection.fetchval(TIMESCALE["schema_of_events"])
            if await connection.fetchval(TIMESCALE["needs_library"], schema):
                raise Paused(NOT_LOADED)
        state.note_unsupported(f"{NOT_LOADED}; until then events is an ordinary table")
    elif not row["installed"]:
        state.note_unsupported(
            "TimescaleDB: the role may not create the extension, so events is an ordinary table; as a superuser run, "
            "in this database: CREATE EXTENSION timescaledb"
        )
    else:
        state.timescaledb_version = row["installed"]
        state.extension_schema = row["schema"]
        return True
    if settings.columnstore_after:
        state.note_unsupported("database.columnstore_after: needs TimescaleDB")
    return False


async def create_extension(connection: Connection, *, timeout_seconds: float) -> None:
    """Install TimescaleDB where the server has it and nobody did. A server without the preload cuts the connection."""
    row = await connection.fetchrow(TIMESCALE["extension"], timeout=timeout_seconds)
    if row is None or row["installed"] or not row["available"]:
        return
    async with connection.transaction():
        await connection.fetchval(WRITE["advisory_lock"], SCHEMA_LOCK_ID)
        await connection.execute(TIMESCALE["create_extension"])


def statement(name: str, state: DatabaseState) -> str:
    """The statement of this name, for the schema that the extension is in: it need not be in the search path."""
    return TIMESCALE[name].replace("{extension}", state.extension_schema)


async def backfill(connection: Connection, state: DatabaseState) -> None:
    """Count all that is in the table into the aggregate. Until then no refresh runs: the view counts when asked."""
    await connection.execute(statement("fill_aggregate", state))
    await connection.execute(TIMESCALE["record_filled"])


class Timescale:
    """One look at what the server does with the table, and what is changed to make it do what is configured.

    Nothing here is fatal, and each part stands for itself: what the server refuses is noted, and the rest goes on.
    """

    def __init__(self, connection: Connection, settings: DatabaseSettings, state: DatabaseState) -> None:
        self._connection = connection
        self._settings = settings
        self._state = state
        self._schema = ""
        self._license = ""
        self._is_small = True

    async def hold_to_settings(self) -> None:
        """Hypertable first, for all else needs it; the aggregate before retention, so that it counts what goes."""
        self._schema = await self._connection.fetchval(TIMESCALE["schema_of_events"])
        row = await self._connection.fetchrow(TIMESCALE["extension"])
        self._license = (row and row["license"]) or "unknown"
        self._is_small = await self._connection.fetchval(SCHEMA["table_bytes"]) <= SMALL_TABLE_BYTES
        self._state.is_hypertable = await self._is_hypertable()
        if not self._state.is_hypertable:
            await self._make_hypertable()
        if not self._state.is_hypertable:
            return
        await self._attempt("idx_events_ts_brin", self._drop_brin)
        await self._attempt("database.chunk_interval", self._set_chunk_interval)
        await self._keep_aggregate()
        await self._attempt("database.columnstore_after", self._set_columnstore)
        await self._keep_retention()
        await self._report_jobs()

    async def _is_hypertable(self) -> bool:
        return bool(await self._connection.fetchval(TIMESCALE["is_hypertable"], self._schema))

    async def _make_hypertable(self) -> None:
        chunk = self._settings.chunk_interval
        if not self._is_small:
            self._state.note_unsupported(
                "a hypertable, because events is big already; stop Mothership and run: SELECT create_hypertable("
                f"'events', 'ts', chunk_time_interval => {interval(chunk)}, migrate_data => true)"
            )
            return

        async def decide() -> Sequence[Step]:
            return [] if await self._is_hypertable() else [("create_hypertable", (chunk,))]

        self._state.is_hypertable = await self._attempt("a hypertable", decide)

    async def _drop_brin(self) -> Sequence[Step]:
        return [("drop_brin", ())] if await self._connection.fetchval(TIMESCALE["has_brin"]) else []

    async def _set_chunk_interval(self) -> Sequence[Step]:
        wanted = self._settings.chunk_interval
        if await self._connection.fetchval(TIMESCALE["chunk_interval"], self._schema) == wanted:
            return []
        return [("set_chunk_interval", (wanted,))]

    async def _set_columnstore(self) -> Sequence[Step]:
        wanted = self._settings.columnstore_after
        kind = "columnstore" if await self._fetchval("has_columnstore") else "compression"
        add: list[Step] = []
        if wanted and not await self._connection.fetchval(TIMESCALE["has_compression"], self._schema):
            add.append((f"enable_{kind}", ()))
        add.append((f"add_{kind}", (wanted,)))
        return await self._decide(COLUMNSTORE, wanted, add, (f"remove_{kind}", ()))

    async def _keep_retention(self) -> None:
        if self._settings.retention and self._state.needs_backfill:
            self._state.note_unsupported("database.retention: waits until events_per_minute has counted what is there")
            return
        # Where the server has no such policy, or the role may not make one, the service drops old events itself.
        took = await self._attempt("database.retention", self._set_retention, is_needed=False)
        job = await self._job(RETENTION)
        if job is not None:
            if not took:
                self._state.note_unsupported(
                    f"database.retention: only the table's owner can change the policy (job {job['job_id']})"
                )
            # A refresh of the aggregate must never reach behind this, whatever becomes of the policy.
            await self._connection.execute(TIMESCALE["record_dropped"], job["after"] or timedelta(0))
            self._state.retention_by = "policy"
        elif self._settings.retention:
            self._state.retention_by = "service"

    async def _set_retention(self) -> Sequence[Step]:
        wanted = self._settings.retention
        return await self._decide(RETENTION, wanted, [("add_retention", (wanted,))], ("remove_retention", ()))

    async def _decide(
        self, policy: _Policy, wanted: timedelta | None, add: Sequence[Step], remove: Step
    ) -> Sequence[Step]:
        """The steps that make the server's policy what is wanted."""
        job = await self._job(policy)
        record: Step = ("record_policy", (policy.key, self._schema, policy.procedure))
        if job is None:
            return [*add, record] if wanted else []
        if job["after"] == wanted:
            return []
        if await self._recorded(policy.key) == job["job_id"]:
            return [remove, *add, record] if wanted else [remove, ("forget_policy", (policy.key,))]
        self._state.note_unsupported(_by_hand(policy, job, wanted, statement(remove[0], self._state)))
        return []

    async def _keep_aggregate(self) -> None:
        is_there = await self._has_aggregate()
        if not self._settings.continuous_aggregate:
            if is_there:
                await self._attempt("database.continuous_aggregate", self._stop_refresh)
            return
        is_taken = not is_there and await self._connection.fetchval(TIMESCALE["is_name_taken"])
        # Asked again: another instance may just have made it.
        is_there = is_there or (is_taken and await self._has_aggregate())
        if is_taken and not is_there:
            self._state.note_unsupported(
                "database.continuous_aggregate: something else is called events_per_minute; rename it, or set the key "
                "to false"
            )
            return
        is_there = is_there or await self._attempt("database.continuous_aggregate", self._create_aggregate)
        if is_there and await self._is_backfilled():
            await self._attempt("database.continuous_aggregate", self._set_refresh)

    async def _create_aggregate(self) -> Sequence[Step]:
        return (
            []
            if await self._has_aggregate()
            else [
                ("forget_policy", ("filled",)),
                ("create_aggregate", ()),
                ("share_aggregate", ()),
            ]
        )

    async def _has_aggregate(self) -> bool:
        return bool(await self._connection.fetchval(TIMESCALE["has_aggregate"], self._schema))

    async def _is_backfilled(self) -> bool:
        """Whether the aggregate holds all of the table. What a small table has is counted at once."""
        if await self._noted_at("filled"):
            return True
        job = await self._job(REFRESH)
        if job is not None and not await self._is_ours(job):
            return True
        if not self._is_small:
            self._state.needs_backfill = True
            self._state.note_unsupported(
                "database.continuous_aggregate: events_per_minute is being filled with what is there"
            )
            return False
        for _ in range(BACKFILL_TRIES):
            try:
                await backfill(self._connection, self._state)
            except asyncpg.LockNotAvailableError as error:
                # Another instance is at it.
                last: asyncpg.PostgresError = error
                await asyncio.sleep(BACKFILL_PAUSE_SECONDS)
                if await self._noted_at("filled"):
                    return True
            except asyncpg.PostgresConnectionError:
                raise
            except asyncpg.PostgresError as error:
                last = error
                break
            else:
                return True
        self._state.needs_recheck = is_transient(last)
        self._state.note_unsupported(f"database.continuous_aggregate: {self._remedy(last, [('fill_aggregate', ())])}")
        return False

    async def _set_refresh(self) -> Sequence[Step]:
        job = await self._job(REFRESH)
        reach = await self._reach()
        if job is not None:
            if _reaches(job["start_offset"], reach):
                return []
            if not await self._is_ours(job):
                fault = _reach_words(job["start_offset"], reach)
                remedy = statement("remove_refresh", self._state).rstrip(";")
                self._state.note_unsupported(
                    "database.continuous_aggregate: events_per_minute is refreshed by a policy made by hand (job "
                    f"{job['job_id']}), which {fault}; to leave it to Mothership, run: {remedy}"
                )
                return []
        remove: list[Step] = [("remove_refresh", ())] if job is not None else []
        record: Step = ("record_policy", (REFRESH.key, self._schema, REFRESH.procedure))
        add = "add_refresh_without_batches" if await self._fetchval("has_batches") else "add_refresh"
        return [*remove, (add, (reach,)), record]

    async def _stop_refresh(self) -> Sequence[Step]:
        job = await self._job(REFRESH)
        drop = "to remove it with its counts run: DROP MATERIALIZED VIEW events_per_minute"
        if job is None or await self._is_ours(job):
            self._state.note_unsupported(
                f"database.continuous_aggregate is off: events_per_minute stays as it is and is not refreshed; {drop}"
            )
            gone: list[Step] = [("forget_policy", (REFRESH.key,)), ("forget_policy", ("filled",))]
            return [("remove_refresh", ()), *gone] if job is not None else []
        self._state.note_unsupported(
            f"database.continuous_aggregate is off, and events_per_minute is refreshed by a policy made by hand (job "
            f"{job['job_id']}); {drop}"
        )
        return []

    async def _reach(self) -> timedelta | None:
        """How far back a refresh may look without counting nothing where something was dropped; None: to the start."""
        job = await self._job(RETENTION)
        spans = [span for span in (self._settings.retention, job and job["after"]) if span]
        dropped = await self._noted_at("dropped")
        if dropped:
            age = datetime.now(UTC) - dropped
            if not spans or age < min(spans):
                spans.append(max(age - DROPPED_MARGIN, timedelta(hours=1)))
        return min(spans, default=None)

    async def _report_jobs(self) -> None:
        for row in await self._jobs():
            key = next(
                policy.key for policy in (RETENTION, COLUMNSTORE, REFRESH) if policy.procedure == row["proc_name"]
            )
            number, said = row["job_id"], len(self._state.unsupported)
            if not row["scheduled"]:
                self._state.note_unsupported(
                    f"database.{key}: job {number} is paused; run: SELECT alter_job({number}, scheduled => true)"
                )
            elif row["failed"]:
                self._state.note_unsupported(
                    f"database.{key}: job {number} fails ({row['failures']} times); the reason is in "
                    "timescaledb_information.job_errors"
                )
            elif row["late"]:
                self._state.note_unsupported(
                    f"database.{key}: job {number} is over an hour late; the server may have too few "
                    "timescaledb.max_background_workers or max_worker_processes"
                )
            self._state.failing_jobs += len(self._state.unsupported) - said

    async def _jobs(self) -> list[asyncpg.Record]:
        return await self._connection.fetch(TIMESCALE["jobs"], self._schema)

    async def _job(self, policy: _Policy) -> asyncpg.Record | None:
        return next((row for row in await self._jobs() if row["proc_name"] == policy.procedure), None)

    async def _is_ours(self, refresh: asyncpg.Record) -> bool:
        """Whether Mothership made this refresh; earlier versions noted nothing, and made one that nobody else makes."""
        recorded = await self._recorded(REFRESH.key)
        return bool(recorded == refresh["job_id"] or (recorded is None and refresh["start_offset"] == EARLIER_REACH))

    async def _recorded(self, key: str) -> int | None:
        rows = await self._connection.fetch(TIMESCALE["recorded_policies"])
        return next((row["job_id"] for row in rows if row["name"] == key), None)

    async def _noted_at(self, name: str) -> datetime | None:
        rows = await self._connection.fetch(TIMESCALE["recorded_policies"])
        return next((row["noted_at"] for row in rows if row["name"] == name), None)

    async def _fetchval(self, name: str) -> Any:
        return await self._connection.fetchval(statement(name, self._state))

    async def _attempt(
        self, what: str, decide: Callable[[], Awaitable[Sequence[Step]]], *, is_needed: bool = True
    ) -> bool:
        """Run the steps that are decided on, together; when the server can't, note it and go on.

        Decided again when it is this instance's turn: another may have been first.
        """
        noted = len(self._state.unsupported)
        steps = await decide()
        if not steps:
            return True
        del self._state.unsupported[noted:]
        try:
            async with self._connection.transaction():
                await self._connection.fetchval(WRITE["advisory_lock"], SCHEMA_LOCK_ID)
                await self._connection.execute(SCHEMA["limit_locks"])
                steps = await decide()
                for name, arguments in steps:
                    await self._connection.fetch(statement(name, self._state), *arguments)
        except asyncpg.PostgresConnectionError:
            raise
        except asyncpg.PostgresError as error:
            if is_transient(error):
                self._state.needs_recheck = True
                self._state.note_unsupported(
                    f"{what}: the server was busy (SQLSTATE {error.sqlstate}); it is tried again soon"
                )
            elif is_needed:
                self._state.note_unsupported(f"{what}: {self._remedy(error, steps)}")
            return False
        return True

    def _remedy(self, error: asyncpg.PostgresError, steps: Sequence[Step]) -> str:
        """Why the server refuses these steps, and what to do."""
        if isinstance(error, asyncpg.InsufficientPrivilegeError):
            told = [_readable(step, self._state) for step in steps if not step[0].startswith(INTERNAL_STEPS)]
            return f"the role may not; as the owner of events run: {'; '.join(told)}"
        if isinstance(error, asyncpg.FeatureNotSupportedError) and self._license == "apache":
            return "the server's TimescaleDB has the Apache license, which does not have it"
        if error.sqlstate == "TS103":
            return "a unique index or primary key without the column ts is in the way; drop it"
        return f"the server refuses it (SQLSTATE {error.sqlstate})"


def _readable(step: Step, state: DatabaseState) -> str:
    """The statement with its arguments in it, for a person to run."""
    name, arguments = step
    text = " ".join(statement(name, state).rstrip(";").split())
    for number, value in enumerate(arguments, 1):
        text = text.replace(f"${number}::INTERVAL", "NULL" if value is None else interval(value))
    return text


def _by_hand(policy: _Policy, job: asyncpg.Record, wanted: timedelta | None, remove: str) -> str:
    after = f"older than {format_duration(job['after'])}" if job["after"] else "by another rule"
    is_wanted = f"is {format_duration(wanted)}" if wanted else "is not set"
    return (
        f"database.{policy.key} {is_wanted}, and a policy made by hand (job {job['job_id']}) {policy.does} {after}; "
        f"set the key to the same, or run: {remove.rstrip(';')}"
    )


def _reaches(found: timedelta | None, wanted: timedelta | None) -> bool:
    """Whether a refresh reaches as far back as it can, and no further than it may."""
    if found is None or wanted is None:
        return found == wanted
    return found <= wanted < found + REACH_TOLERANCE


def _reach_words(found: timedelta | None, wanted: timedelta | None) -> str:
    if wanted is not None and (found is None or found > wanted):
        return "reaches back to what was dropped, where it would count nothing"
    return "never counts what comes later than that"
