"""What TimescaleDB adds to the table, held to what is configured: hypertable, policies, continuous aggregate.

A policy that Mothership made follows the configuration, and goes when its key is taken away. One that a person made is
left alone, and named when it does something else than the configuration says. `mothership_policies` tells them apart.
"""

from collections.abc import Sequence
from datetime import timedelta

from mothership.sinks.tsdb.connection_pool import Connection
from mothership.sinks.tsdb.continuous_aggregate import ContinuousAggregate
from mothership.sinks.tsdb.database_state import DatabaseState, interval
from mothership.sinks.tsdb.policy_jobs import COLUMNSTORE, RETENTION, Policy, PolicyJobs, by_hand
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sql_files import SCHEMA, TIMESCALE
from mothership.sinks.tsdb.timescale_steps import Step, TimescaleSteps, statement

SMALL_TABLE_BYTES = 256 * 1024 * 1024
"""Up to this size a table is indexed, made a hypertable and counted into the aggregate while writers wait."""


class Timescale:
    """One look at what the server does with the table, and what is changed to make it do what is configured.

    Nothing here is fatal, and each part stands for itself: what the server refuses is noted, and the rest goes on.
    """

    def __init__(
        self, steps: TimescaleSteps, jobs: PolicyJobs, settings: DatabaseSettings, schema: str, *, is_small: bool
    ) -> None:
        self._steps, self._jobs, self._settings = steps, jobs, settings
        self._connection, self._state = steps.connection, steps.state
        self._schema, self._is_small = schema, is_small
        self._aggregate = ContinuousAggregate(steps, jobs, settings, schema, is_small=is_small)

    @classmethod
    async def open(cls, connection: Connection, settings: DatabaseSettings, state: DatabaseState) -> "Timescale":
        """Look at the table on this connection."""
        schema = await connection.fetchval(TIMESCALE["schema_of_events"])
        row = await connection.fetchrow(TIMESCALE["extension"])
        steps = TimescaleSteps(connection, state, license_name=(row and row["license"]) or "unknown")
        is_small = await connection.fetchval(SCHEMA["table_bytes"]) <= SMALL_TABLE_BYTES
        return cls(steps, PolicyJobs(connection, schema), settings, schema, is_small=is_small)

    async def hold_to_settings(self) -> None:
        """Hypertable first, for all else needs it; the aggregate before retention, so that it counts what goes."""
        self._state.is_hypertable = await self._is_hypertable()
        if not self._state.is_hypertable:
            await self._make_hypertable()
        if not self._state.is_hypertable:
            return
        await self._steps.attempt("idx_events_ts_brin", self._drop_brin)
        await self._steps.attempt("database.chunk_interval", self._set_chunk_interval)
        await self._aggregate.keep()
        await self._steps.attempt("database.columnstore_after", self._set_columnstore)
        await self._keep_retention()
        await self._jobs.report(self._state)

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

        self._state.is_hypertable = await self._steps.attempt("a hypertable", decide)

    async def _drop_brin(self) -> Sequence[Step]:
        return [("drop_brin", ())] if await self._connection.fetchval(TIMESCALE["has_brin"]) else []

    async def _set_chunk_interval(self) -> Sequence[Step]:
        wanted = self._settings.chunk_interval
        if await self._connection.fetchval(TIMESCALE["chunk_interval"], self._schema) == wanted:
            return []
        return [("set_chunk_interval", (wanted,))]

    async def _set_columnstore(self) -> Sequence[Step]:
        wanted = self._settings.columnstore_after
        kind = "columnstore" if await self._steps.fetchval("has_columnstore") else "compression"
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
        took = await self._steps.attempt("database.retention", self._set_retention, is_needed=False)
        job = await self._jobs.job(RETENTION)
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
        self, policy: Policy, wanted: timedelta | None, add: Sequence[Step], remove: Step
    ) -> Sequence[Step]:
        """The steps that make the server's policy what is wanted."""
        job = await self._jobs.job(policy)
        record: Step = ("record_policy", (policy.key, self._schema, policy.procedure))
        if job is None:
            return [*add, record] if wanted else []
        if job["after"] == wanted:
            return []
        if await self._jobs.recorded(policy.key) == job["job_id"]:
            return [remove, *add, record] if wanted else [remove, ("forget_policy", (policy.key,))]
        self._state.note_unsupported(by_hand(policy, job, wanted, statement(remove[0], self._state)))
        return []
