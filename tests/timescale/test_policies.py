"""What is configured is what the server does; what is not so is said, with what to do about it."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.sinks.tsdb.facts import facts_of

from mothership.event import Row, RowBatch
from mothership.sinks.tsdb import sql_files, timescale
from mothership.sinks.tsdb.maintenance import Maintenance
from mothership.sinks.tsdb.sink import TsdbSink

pytestmark = [pytest.mark.timescale, pytest.mark.xdist_group("timescale")]

DAY = 86_400_000_000
NOW = int(time.time() * 1_000_000)
Sql = Callable[..., Awaitable[Any]]
MakeSink = Callable[..., TsdbSink]
JOBS = "SELECT count(*) FROM timescaledb_information.jobs WHERE proc_name = $1 AND hypertable_schema = current_schema()"
RETENTION, COLUMNSTORE = "policy_retention", "policy_compression"
REFRESH = "policy_refresh_continuous_aggregate"
CHUNKS = "SELECT count(*) FROM timescaledb_information.chunks WHERE hypertable_name = 'events'"
ALL_KEYS = {"retention": "90 days", "columnstore_after": "7 days", "continuous_aggregate": True}


def _batch(number: int, rows: list[Row]) -> RowBatch:
    return RowBatch(number.to_bytes(32, "big"), f"request-{number}", NOW, rows)


def _rows(*ages_days: int) -> list[Row]:
    return [Row(NOW - days * DAY, "log", "host", json.dumps({"d": days}).encode()) for days in ages_days]


def _unsupported(sink: TsdbSink) -> list[str]:
    return list(facts_of(sink).unsupported)


async def test_a_key_that_is_taken_away_takes_its_policy_along(make_sink: MakeSink, sql: Sql) -> None:
    """Off undoes: a policy that goes on deleting after `retention: null` deletes what somebody wants to keep."""
    await make_sink(**ALL_KEYS).open()
    assert [await sql(JOBS, name) for name in (RETENTION, COLUMNSTORE, REFRESH)] == [1, 1, 1]
    sink = make_sink(retention=None, columnstore_after=None, continuous_aggregate=False)
    await sink.open()
    assert [await sql(JOBS, name) for name in (RETENTION, COLUMNSTORE, REFRESH)] == [0, 0, 0]
    [lack] = _unsupported(sink)
    assert "events_per_minute stays as it is and is not refreshed" in lack
    await sql(lack.rpartition("run: ")[2])
    await sink.check_database()
    assert _unsupported(sink) == []


async def test_a_key_that_comes_back_brings_its_policy_back(make_sink: MakeSink, sql: Sql) -> None:
    """On, off and on again is on."""
    for settings in (ALL_KEYS, {"continuous_aggregate": False}, ALL_KEYS):
        sink = make_sink(**settings)
        await sink.open()
    assert [await sql(JOBS, name) for name in (RETENTION, COLUMNSTORE, REFRESH)] == [1, 1, 1]
    assert _unsupported(sink) == []


@pytest.mark.parametrize("wanted", [None, "90 days"])
async def test_a_retention_made_by_hand_is_left_and_named(make_sink: MakeSink, sql: Sql, wanted: str | None) -> None:
    """It is somebody's decision; the statement that ends it is told, and works."""
    await make_sink().open()
    await sql("SELECT add_retention_policy('events', INTERVAL '5 days')")
    sink = make_sink(retention=wanted)
    await sink.open()
    assert await sql(JOBS, RETENTION) == 1
    [lack] = _unsupported(sink)
    assert lack.startswith(f"database.retention is {wanted or 'not set'}, and a policy made by hand")
    assert "drops events older than 5 days" in lack
    await sql(lack.rpartition("run: ")[2])
    await sink.check_database()
    assert _unsupported(sink) == []
    assert await sql(JOBS, RETENTION) == (1 if wanted else 0)


async def test_a_columnstore_policy_made_by_hand_is_left_and_named(make_sink: MakeSink, sql: Sql) -> None:
    """The same for the other kind."""
    await make_sink(columnstore_after="7 days").open()
    await sql("SELECT remove_compression_policy('events')")
    await sql("SELECT add_compression_policy('events', INTERVAL '9 days')")
    sink = make_sink()
    await sink.open()
    [lack] = _unsupported(sink)
    assert "database.columnstore_after is not set" in lack
    assert "compresses chunks older than 9 days" in lack
    assert await sql(JOBS, COLUMNSTORE) == 1


async def test_a_policy_that_is_as_configured_is_fine_whoever_made_it(make_sink: MakeSink, sql: Sql) -> None:
    """There is nothing to do."""
    await make_sink().open()
    await sql("SELECT add_retention_policy('events', INTERVAL '90 days')")
    sink = make_sink(retention="90 days")
    await sink.open()
    assert _unsupported(sink) == []


async def test_several_instances_on_an_empty_database_end_with_no_false_reason(make_sink: MakeSink, sql: Sql) -> None:
    """Whoever is second finds what the first has made."""
    sinks = [make_sink(**ALL_KEYS) for _ in range(4)]
    await asyncio.gather(*(sink.open() for sink in sinks))
    assert [_unsupported(sink) for sink in sinks] == [[]] * 4
    assert all(facts_of(sink).is_hypertable for sink in sinks)
    assert [await sql(JOBS, name) for name in (RETENTION, COLUMNSTORE, REFRESH)] == [1, 1, 1]


async def test_a_job_that_fails_or_is_paused_is_said(make_sink: MakeSink, sql: Sql) -> None:
    """A retention that does not delete fills the disk."""
    sink = make_sink(retention="90 days")
    await sink.open()
    job = await sql("SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = $1", RETENTION)
    await sql(f"SELECT alter_job({job}, scheduled => false)")
    await sink.check_database()
    [lack] = _unsupported(sink)
    assert lack.startswith(f"database.retention: job {job} is paused")
    await sql(lack.rpartition("run: ")[2])
    await sink.check_database()
    assert _unsupported(sink) == []
    # As the server's scheduler writes it down.
    await sql(
        "INSERT INTO _timescaledb_internal.bgw_job_stat (job_id, last_start, last_finish, next_start, "
        "last_successful_finish, last_run_success, total_runs, total_duration, total_duration_failures, "
        "total_successes, total_failures, total_crashes, consecutive_failures, consecutive_crashes) VALUES "
        "($1, now(), now(), now(), now(), false, 3, '0', '0', 0, 3, 0, 3, 0)",
        job,
    )
    await sink.check_database()
    [lack] = _unsupported(sink)
    assert lack == f"database.retention: job {job} fails (3 times); the reason is in timescaledb_information.job_errors"


async def test_something_else_by_the_aggregates_name_is_said(make_sink: MakeSink, sql: Sql) -> None:
    """An ordinary table, left by whoever tried it without TimescaleDB."""
    await sql("CREATE TABLE events_per_minute (minute INT)")
    sink = make_sink()
    await sink.open()
    [lack] = _unsupported(sink)
    assert "something else is called events_per_minute" in lack
    await sql("ALTER TABLE events_per_minute RENAME TO events_per_minute_of_ours")
    await sink.check_database()
    assert _unsupported(sink) == []


@pytest.mark.usefixtures("roles")
async def test_a_hypertable_that_the_role_may_not_see_stops_nothing(make_sink: MakeSink, sql: Sql) -> None:
    """Two Motherships with a schema each in one database; each is told of its own table alone."""
    await sql("CREATE EXTENSION IF NOT EXISTS timescaledb")
    for name in ("east", "west"):
        await sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        await sql(f"DROP ROLE IF EXISTS {name}")
        await sql(f"CREATE ROLE {name} LOGIN")
        await sql(f"CREATE SCHEMA {name} AUTHORIZATION {name}")
    sinks = {name: make_sink(role=name, search_path=f"{name}, public", **ALL_KEYS) for name in ("east", "west")}
    try:
        for name, sink in sinks.items():
            await sink.write([_batch(1, _rows(0, 1, 2)), _batch(2, _rows(0) if name == "east" else [])])
            assert (_unsupported(sink), facts_of(sink).is_hypertable) == ([], True)
        for name, count in (("east", 4), ("west", 3)):
            await sql(f"SET search_path = {name}, public")
            assert await sql("SELECT count(*) FROM events") == count
            assert await sql("SELECT sum(events)::INT FROM events_per_minute") == count
            assert await sql(JOBS, RETENTION) == 1
    finally:
        for sink in sinks.values():
            await sink.close()
        await sql("RESET search_path")
        for name in ("east", "west"):
            await sql(f"DROP SCHEMA {name} CASCADE")
            await sql(f"DROP ROLE {name}")


@pytest.mark.usefixtures("roles")
async def test_a_role_that_is_not_owner_deletes_rows_or_says_that_it_may_not(make_sink: MakeSink, sql: Sql) -> None:
    """Retention works for it, too, once it has the right to delete."""
    await make_sink(continuous_aggregate=False).write([_batch(1, _rows(0, 1, 50, 60))])
    await sql("DROP ROLE IF EXISTS modest")
    await sql("CREATE ROLE modest")
    await sql("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO modest")
    await sql("REVOKE DELETE ON events FROM modest")
    sink = make_sink(role="modest", retention="30 days", continuous_aggregate=False)
    try:
        await sink.check_database()
        assert (_unsupported(sink), facts_of(sink).retention_by) == ([], "service")
        assert sink._state
        assert await sink._maintenance.run_once(sink._state) == 0
        [lack] = _unsupported(sink)
        assert lack.startswith("database.retention: nothing is being deleted")
        await sql(lack.rpartition("run: ")[2])
        await sink._side_pool.close()
        assert await sink._maintenance.run_once(sink._state) == 2
        assert (_unsupported(sink), await sql("SELECT count(*) FROM events")) == ([], 2)
    finally:
        await sink.close()
        await sql("DROP OWNED BY modest")
        await sql("DROP ROLE modest")


async def test_the_owner_drops_chunks_where_the_server_has_no_policy(make_sink: MakeSink, sql: Sql) -> None:
    """As under the Apache license, which knows `drop_chunks` alone."""
    sink = make_sink(retention="30 days")
    await sink.write([_batch(1, _rows(0, 1, 50, 60))])
    assert sink._state
    sink._state.retention_by = "service"
    assert await sink._maintenance.run_once(sink._state) == 2
    assert (await sql(CHUNKS), await sql("SELECT count(*) FROM events")) == (2, 2)


async def test_the_index_of_the_ordinary_table_goes_when_there_are_chunks(make_sink: MakeSink, sql: Sql) -> None:
    """It costs every write and serves nothing."""
    await make_sink().open()
    await sql("CREATE INDEX idx_events_ts_brin ON events USING brin (ts)")
    sink = make_sink()
    await sink.open()
    assert _unsupported(sink) == []
    assert await sql("SELECT to_regclass('idx_events_ts_brin') IS NULL")


async def test_the_statement_for_a_big_table_has_the_configured_values(
    make_sink: MakeSink, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person copies it."""
    await sql("CREATE EXTENSION IF NOT EXISTS timescaledb")
    await sql("CREATE TABLE events (ts TIMESTAMPTZ NOT NULL, type TEXT, source TEXT, data JSONB, id BIGSERIAL)")
    monkeypatch.setattr(timescale, "SMALL_TABLE_BYTES", 1)
    sink = make_sink(chunk_interval="6 hours")
    await sink.open()
    [lack] = _unsupported(sink)
    await sql(lack.rpartition("run: ")[2])
    await sink.check_database()
    assert _unsupported(sink) == []
    interval = "SELECT time_interval FROM timescaledb_information.dimensions WHERE hypertable_name = 'events'"
    assert await sql(interval) == timedelta(hours=6)


async def test_maintenance_of_chunks_deletes_in_steps(
    make_sink: MakeSink, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ctid` is not unique in chunks: no younger row goes for being at the same place in another one."""
    monkeypatch.setattr("mothership.sinks.tsdb.maintenance.STEP_ROWS", 10)
    monkeypatch.setattr("mothership.sinks.tsdb.maintenance.STEP_PAUSE_SECONDS", 0.0)
    sink = make_sink()
    rows = [row._replace(ts=row.ts + n) for n, row in enumerate(_rows(*[0, 40] * 50))]
    await sink.write([_batch(1, rows)])
    maintenance = Maintenance(sink._side_pool, sink._settings, time.time)
    statement = "forget_events_in_chunks"
    assert await maintenance._steps(sql_files.WRITE[statement], timedelta(days=30)) == 50
    assert await sql("SELECT count(*) FROM events WHERE ts > now() - INTERVAL '30 days'") == 50
