"""TimescaleDB: is it there, is the table a hypertable, do the policies match the configuration and run."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from mothership.doctor.finding import Finding, error, note, ok, warning
from mothership.durations import format_duration
from mothership.named_sql import statements
from mothership.sinks.tsdb.connection_pool import Connection
from mothership.sinks.tsdb.policy_jobs import COLUMNSTORE, REFRESH, RETENTION
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sql_files import SCHEMA, TIMESCALE

PART = "timescaledb"
SQL = statements("mothership.doctor", "sql/database.sql")
SECONDS_MAX = 10.0
POLICIES = {policy.procedure: policy for policy in (RETENTION, COLUMNSTORE, REFRESH)}
ORDINARY = "events is an ordinary table: queries over long times read more, and retention deletes row by row"
COSTS = {
    RETENTION.key: "the table grows until the disk is full",
    COLUMNSTORE.key: "the table takes several times the room that it could",
    REFRESH.key: "dashboards over long times show old counts, or take long",
}


async def examine(connection: Connection, settings: DatabaseSettings) -> AsyncIterator[Finding]:
    """See the module. In a read-only transaction of the caller's."""
    row = await connection.fetchrow(TIMESCALE["extension"], timeout=SECONDS_MAX)
    if row is None or not (row["installed"] or row["available"]):
        yield note(PART, f"the server does not have the extension, so {ORDINARY}")
        if settings.columnstore_after:
            yield warning(
                PART,
                "database.columnstore_after needs TimescaleDB",
                cost=COSTS[COLUMNSTORE.key],
                remedy="take the key away, or use a server with TimescaleDB",
            )
        return
    if not row["loaded"]:
        yield error(
            PART,
            "the server has not loaded the extension",
            cost=ORDINARY,
            remedy="set shared_preload_libraries = 'timescaledb' in its configuration, and restart it",
        )
        return
    if not row["installed"]:
        yield warning(
            PART,
            "the extension is not created in this database",
            cost=ORDINARY,
            remedy="as a superuser run, in this database: CREATE EXTENSION timescaledb",
        )
        return
    yield ok(PART, f"version {row['installed']}, {row['license']} license")
    if not await connection.fetchval("SELECT to_regclass('events') IS NOT NULL", timeout=SECONDS_MAX):
        return
    schema = await connection.fetchval(TIMESCALE["schema_of_events"], timeout=SECONDS_MAX)
    if not await connection.fetchval(TIMESCALE["is_hypertable"], schema, timeout=SECONDS_MAX):
        size = await connection.fetchval(SCHEMA["table_bytes"], timeout=SECONDS_MAX)
        yield warning(
            PART,
            f"events is no hypertable ({size / 1024**2:,.0f} MiB)",
            cost=ORDINARY,
            remedy="the next start makes it one while it is small; `/healthz` has the statement for a big one",
        )
        return
    yield ok(PART, "events is a hypertable")
    jobs = await connection.fetch(SQL["job_runs"], timeout=SECONDS_MAX)
    for finding in (*_jobs(jobs), *_wanted(jobs, settings)):
        yield finding


def _jobs(jobs: Sequence[Any]) -> Iterator[Finding]:
    for job in jobs:
        policy = POLICIES.get(job["proc_name"])
        if policy is None:
            continue
        number, what = job["job_id"], f"job {job['job_id']}, which {policy.does},"
        if not job["scheduled"]:
            yield warning(
                PART,
                f"{what} is paused",
                cost=COSTS[policy.key],
                remedy=f"run: SELECT alter_job({number}, scheduled => true)",
            )
        elif job["last_run_status"] == "Failed":
            yield error(
                PART,
                f"{what} failed at its last run ({job['failures']} times in all)",
                cost=COSTS[policy.key],
                remedy=f"look at err_message of job {number} in timescaledb_information.job_errors",
            )
        elif job["late"]:
            yield error(
                PART,
                f"{what} is over an hour late",
                cost=COSTS[policy.key],
                remedy="raise timescaledb.max_background_workers and max_worker_processes",
            )
        elif job["started_seconds_ago"] is None:
            yield ok(PART, f"{what} has not run yet")
        else:
            yield ok(PART, f"{what} ran {_ago(job['started_seconds_ago'])} ago")


def _wanted(jobs: Sequence[Any], settings: DatabaseSettings) -> Iterator[Finding]:
    """What is configured against what the server does."""
    for policy, wanted in ((RETENTION, settings.retention), (COLUMNSTORE, settings.columnstore_after)):
        job = next((each for each in jobs if each["proc_name"] == policy.procedure), None)
        if job is None and wanted:
            yield warning(
                PART,
                f"database.{policy.key} is {format_duration(wanted)}, and there is no policy for it",
                cost=COSTS[policy.key],
                remedy="the next start makes it; if not, `/healthz` of the running service says why",
            )
        elif job is not None and job["after"] != wanted:
            after = format_duration(job["after"]) if job["after"] else "another rule"
            configured = format_duration(wanted) if wanted else "not set"
            yield warning(
                PART,
                f"database.{policy.key} is {configured}, and job {job['job_id']} {policy.does} after {after}",
                cost="what the server does is not what is configured",
                remedy="start the service with this configuration; `/healthz` names a policy that was made by hand",
            )


def _ago(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
