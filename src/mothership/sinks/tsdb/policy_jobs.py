"""The jobs that the server runs for the table, and which of them Mothership made: `mothership_policies` tells."""

from datetime import datetime, timedelta
from typing import NamedTuple

import asyncpg

from mothership.durations import format_duration
from mothership.sinks.tsdb.connection_pool import Connection
from mothership.sinks.tsdb.database_state import DatabaseState
from mothership.sinks.tsdb.sql_files import TIMESCALE

EARLIER_REACH = timedelta(days=3)
"""The reach of the refresh policy that earlier versions made, without noting it."""


class Policy(NamedTuple):
    """One kind of job."""

    key: str
    procedure: str
    does: str
    """What it does to events, for people."""


RETENTION = Policy("retention", "policy_retention", "drops events")
COLUMNSTORE = Policy("columnstore_after", "policy_compression", "compresses chunks")
REFRESH = Policy("continuous_aggregate", "policy_refresh_continuous_aggregate", "refreshes events_per_minute")


class PolicyJobs:
    """Of the table in one schema."""

    def __init__(self, connection: Connection, schema: str) -> None:
        self._connection, self._schema = connection, schema

    async def report(self, state: DatabaseState) -> None:
        """Note what is paused, fails or is late."""
        for row in await self.all():
            key = next(
                policy.key for policy in (RETENTION, COLUMNSTORE, REFRESH) if policy.procedure == row["proc_name"]
            )
            number, said = row["job_id"], len(state.unsupported)
            if not row["scheduled"]:
                state.note_unsupported(
                    f"database.{key}: job {number} is paused; run: SELECT alter_job({number}, scheduled => true)"
                )
            elif row["failed"]:
                state.note_unsupported(
                    f"database.{key}: job {number} fails ({row['failures']} times); the reason is in "
                    "timescaledb_information.job_errors"
                )
            elif row["late"]:
                state.note_unsupported(
                    f"database.{key}: job {number} is over an hour late; the server may have too few "
                    "timescaledb.max_background_workers or max_worker_processes"
                )
            state.failing_jobs += len(state.unsupported) - said

    async def all(self) -> list[asyncpg.Record]:
        """Those of the table, whoever made them."""
        return await self._connection.fetch(TIMESCALE["jobs"], self._schema)

    async def job(self, policy: Policy) -> asyncpg.Record | None:
        """The job of a policy, if there is one."""
        return next((row for row in await self.all() if row["proc_name"] == policy.procedure), None)

    async def is_ours(self, refresh: asyncpg.Record) -> bool:
        """Whether Mothership made this refresh; earlier versions noted nothing, and made one that nobody else makes."""
        recorded = await self.recorded(REFRESH.key)
        return bool(recorded == refresh["job_id"] or (recorded is None and refresh["start_offset"] == EARLIER_REACH))

    async def recorded(self, key: str) -> int | None:
        """The job that Mothership made for this."""
        rows = await self._connection.fetch(TIMESCALE["recorded_policies"])
        return next((row["job_id"] for row in rows if row["name"] == key), None)

    async def noted_at(self, name: str) -> datetime | None:
        """When this was noted."""
        rows = await self._connection.fetch(TIMESCALE["recorded_policies"])
        return next((row["noted_at"] for row in rows if row["name"] == name), None)


def by_hand(policy: Policy, job: asyncpg.Record, wanted: timedelta | None, remove: str) -> str:
    """What to tell of a policy that a person made, and that is not as configured."""
    after = f"older than {format_duration(job['after'])}" if job["after"] else "by another rule"
    is_wanted = f"is {format_duration(wanted)}" if wanted else "is not set"
    return (
        f"database.{policy.key} {is_wanted}, and a policy made by hand (job {job['job_id']}) {policy.does} {after}; "
        f"set the key to the same, or run: {remove.rstrip(';')}"
    )
