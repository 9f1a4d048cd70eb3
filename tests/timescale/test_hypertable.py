"""On a server with TimescaleDB: a hypertable with its policies, and the same promises as everywhere."""

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.sinks.tsdb.facts import facts_of

from mothership.errors import Permanent
from mothership.event import Row, RowBatch
from mothership.sinks.tsdb.maintenance import Maintenance
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink

pytestmark = [
    pytest.mark.timescale,
    pytest.mark.xdist_group("timescale"),  # PGlite takes seconds to start, and has one database
]

DAY = 86_400_000_000
MORNING = int(time.time()) // 86_400 * DAY
Sql = Callable[..., Awaitable[Any]]
SPECIFIED_TABLE = """
CREATE TABLE events (
    ts TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    type TEXT NOT NULL,
    source TEXT NOT NULL,
    data JSONB NOT NULL,
    id BIGSERIAL,
    created_at TIMESTAMPTZ DEFAULT NOW()
)
"""
SPECIFIED_INDEXES = (
    "CREATE INDEX idx_events_type_ts ON events (type, ts DESC)",
    "CREATE INDEX idx_events_source_ts ON events (source, ts DESC)",
    "CREATE INDEX idx_events_data_gin ON events USING GIN (data)",
)
CHUNKS = "SELECT count(*) FROM timescaledb_information.chunks WHERE hypertable_name = 'events'"
POLICY = "SELECT config->>$2 FROM timescaledb_information.jobs WHERE hypertable_name = 'events' AND proc_name = $1"


def _batch(number: int, rows: list[Row]) -> RowBatch:
    return RowBatch(number.to_bytes(32, "big"), f"request-{number}", MORNING, rows)


def _days(days: int, each: int = 10) -> list[Row]:
    return [
        Row(MORNING - day * DAY + n, ("log", "syslog")[n % 2], f"host-{n % 3}", json.dumps({"d": day, "n": n}).encode())
        for day in range(days)
        for n in range(each)
    ]


def _sink(dsn: str, **settings: Any) -> TsdbSink:
    return TsdbSink(DatabaseSettings(**settings), embedded_dsn=dsn)


async def test_events_are_a_hypertable_with_a_chunk_for_each_day(timescale_dsn: str, sql: Sql) -> None:
    """The table of the specification, made by itself, and what COPY brings lands in the right chunks."""
    sink = _sink(timescale_dsn)
    await sink.write([_batch(1, _days(5))])
    assert facts_of(sink).is_hypertable is True
    assert facts_of(sink).unsupported == []
    assert await sql(CHUNKS) == 5
    assert await sql("SELECT count(*) FROM events") == 50
    assert await sql("SELECT data->>'n' FROM events WHERE data @> '{\"d\": 3, \"n\": 7}'") == "7"
    interval = "SELECT time_interval FROM timescaledb_information.dimensions WHERE hypertable_name = 'events'"
    assert (await sql(interval)).total_seconds() == 86_400
    indexes = await sql("SELECT array_agg(indexname::TEXT) FROM pg_indexes WHERE tablename = 'events'")
    assert {"idx_events_type_ts", "idx_events_source_ts", "idx_events_data_gin"} <= set(indexes)
    await sink.close()


async def test_a_batch_sent_again_is_stored_once_in_a_hypertable(timescale_dsn: str, sql: Sql) -> None:
    """Chunks change nothing about it."""
    sink, other = _sink(timescale_dsn), _sink(timescale_dsn)
    await sink.write([_batch(1, _days(3))])
    assert await other.write([_batch(1, _days(3)), _batch(2, _days(2))]) == {0}
    assert await sql("SELECT count(*) FROM events") == 50
    stats = await sink.stats()
    assert stats.total_inserts == 50
    await sink.close()
    await other.close()


async def test_a_bad_row_costs_no_other_in_a_hypertable(timescale_dsn: str, sql: Sql) -> None:
    """It is found and named; the rows around it are in their chunks."""
    rows = _days(2, 300)
    rows[123] = rows[123]._replace(data=b'{"x":"\\u0000"}')
    sink = _sink(timescale_dsn)
    with pytest.raises(Permanent) as caught:
        await sink.write([_batch(1, rows)])
    assert [failed.row for failed in caught.value.failed] == [123]
    assert await sql("SELECT count(*) FROM events") == 599
    await sink.close()


async def test_policies_follow_the_settings(timescale_dsn: str, sql: Sql) -> None:
    """Retention and columnstore are set up when configured, and changed when the configuration changes."""
    sink = _sink(timescale_dsn, columnstore_after="7 days", retention="90 days")
    await sink.open()
    assert await sql(POLICY, "policy_retention", "drop_after") == "90 days"
    assert await sql(POLICY, "policy_compression", "compress_after") == "7 days"
    again = _sink(timescale_dsn, columnstore_after="3 days", retention="30 days", chunk_interval="12 hours")
    await again.open()
    assert await sql(POLICY, "policy_retention", "drop_after") == "30 days"
    assert await sql(POLICY, "policy_compression", "compress_after") == "3 days"
    assert facts_of(sink).unsupported == facts_of(again).unsupported == []
    await sink.close()
    await again.close()


async def test_old_chunks_become_columns_and_take_late_events(timescale_dsn: str, sql: Sql) -> None:
    """The policy's job does its work, queries see the same, and a node that was away for weeks is welcome."""
    sink = _sink(timescale_dsn, columnstore_after="7 days")
    await sink.write([_batch(1, _days(10))])
    job = await sql(
        "SELECT job_id FROM timescaledb_information.jobs "
        "WHERE hypertable_name = 'events' AND proc_name = 'policy_compression'"
    )
    await sql(f"CALL run_job({job})")
    compressed = f"{CHUNKS} AND is_compressed"
    assert await sql(compressed) >= 1
    assert await sql("SELECT count(*) FROM events WHERE data @> '{\"d\": 9}'") == 10
    await sink.write([_batch(2, [Row(MORNING - 9 * DAY + 500, "log", "late", b'{"d":9}')])])
    assert await sql("SELECT count(*) FROM events WHERE data @> '{\"d\": 9}'") == 11
    assert await sql("SELECT count(*) FROM events") == 101
    await sink.close()


async def test_old_chunks_are_dropped_by_the_retention_policy(timescale_dsn: str, sql: Sql) -> None:
    """Whole days at once."""
    sink = _sink(timescale_dsn, retention="4 days")
    await sink.write([_batch(1, _days(10))])
    job = await sql(
        "SELECT job_id FROM timescaledb_information.jobs "
        "WHERE hypertable_name = 'events' AND proc_name = 'policy_retention'"
    )
    await sql(f"CALL run_job({job})")
    assert await sql(CHUNKS) in (4, 5)
    await sink.close()


async def test_the_continuous_aggregate_counts_what_is_stored(timescale_dsn: str, sql: Sql) -> None:
    """Including what came after its last refresh."""
    sink = _sink(timescale_dsn)
    await sink.write([_batch(1, _days(3))])
    assert await sql("SELECT sum(events)::INT FROM events_per_minute") == 30
    assert await sql("SELECT sum(events)::INT FROM events_per_minute WHERE type = 'syslog'") == 15
    await sink.close()


async def test_no_continuous_aggregate_where_it_is_not_wanted(timescale_dsn: str, sql: Sql) -> None:
    """The key turns it off."""
    sink = _sink(timescale_dsn, continuous_aggregate=False)
    await sink.open()
    assert await sql("SELECT to_regclass('events_per_minute') IS NULL")
    await sink.close()


@pytest.mark.parametrize("was_hypertable", [True, False])
async def test_the_older_services_table_is_adopted(timescale_dsn: str, sql: Sql, was_hypertable: bool) -> None:
    """Made from the specification's statements, with data in it: nothing is lost, and new events join."""
    await sql("CREATE EXTENSION IF NOT EXISTS timescaledb")
    await sql(SPECIFIED_TABLE)
    if was_hypertable:
        await sql("SELECT create_hypertable('events', 'ts', chunk_time_interval => INTERVAL '1 day')")
    for statement in SPECIFIED_INDEXES:
        await sql(statement)
    await sql(
        "INSERT INTO events (ts, type, source, data) "
        "SELECT now() - n * INTERVAL '6 hours', 'log', 'old', '{\"a\": 1}' FROM generate_series(1, 40) AS n"
    )
    sink = _sink(timescale_dsn)
    await sink.write([_batch(1, _days(2))])
    facts = facts_of(sink)
    assert (facts.is_hypertable, facts.gin, facts.unsupported) == (True, "jsonb_ops", [])
    assert await sql("SELECT count(*) FROM events") == 60
    assert await sql(CHUNKS) >= 10
    await sink.close()


async def test_a_table_that_can_be_no_hypertable_still_works(timescale_dsn: str, sql: Sql) -> None:
    """A primary key without the time stands in the way: reported, not fatal."""
    await sql(SPECIFIED_TABLE.replace("id BIGSERIAL", "id BIGSERIAL PRIMARY KEY"))
    sink = _sink(timescale_dsn)
    await sink.write([_batch(1, _days(2))])
    assert facts_of(sink).is_hypertable is False
    assert any("hypertable" in lack for lack in facts_of(sink).unsupported)
    assert await sql("SELECT count(*) FROM events") == 20
    await sink.close()


async def test_maintenance_leaves_retention_to_the_server(timescale_dsn: str, sql: Sql) -> None:
    """Chunks are dropped, not emptied row by row."""
    sink = _sink(timescale_dsn, retention="4 days")
    await sink.write([_batch(1, _days(10))])
    maintenance = Maintenance(sink._side_pool, sink._settings, time.time)
    assert sink._state
    await maintenance.run_once(sink._state)
    assert await sql("SELECT count(*) FROM events") == 100
    await sink.close()
