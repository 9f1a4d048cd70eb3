"""`events_per_minute` tells the truth: over refreshes, late events, dropped chunks and changes of the configuration."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.sinks.tsdb.facts import facts_of

from mothership.event import Row, RowBatch
from mothership.sinks.tsdb import sql_files, timescale
from mothership.sinks.tsdb.sink import TsdbSink

pytestmark = [pytest.mark.timescale, pytest.mark.xdist_group("timescale")]

DAY = 86_400_000_000
NOON = int(time.time()) // 86_400 * DAY - DAY // 2
"""Of yesterday: every age in days lies in a chunk of its own, and in the past."""
Sql = Callable[..., Awaitable[Any]]
MakeSink = Callable[..., TsdbSink]
COUNT = "SELECT coalesce(sum(events), 0)::INT FROM events_per_minute"
ONLY_STORED = "ALTER MATERIALIZED VIEW events_per_minute SET (timescaledb.materialized_only = true)"


def _batch(number: int, *ages_days: int) -> RowBatch:
    rows = [Row(NOON - days * DAY, ("log", "syslog")[days % 2], "host", b"{}") for days in ages_days]
    return RowBatch(number.to_bytes(32, "big"), f"request-{number}", NOON, rows)


async def _run(sql: Sql, procedure: str) -> None:
    job = await sql("SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = $1", procedure)
    await sql(f"CALL run_job({job})")


async def _refresh(sql: Sql) -> None:
    await _run(sql, "policy_refresh_continuous_aggregate")


async def test_history_is_counted_at_creation_and_after_every_refresh(make_sink: MakeSink, sql: Sql) -> None:
    """A table that was there before, with events of a year."""
    await make_sink(continuous_aggregate=False).write([_batch(1, *range(0, 360, 30), 2, 4, 8)])
    sink = make_sink()
    await sink.open()
    assert await sql(COUNT) == 15
    for _ in range(2):
        await _refresh(sql)
        assert await sql(COUNT) == 15
    assert facts_of(sink).unsupported == []


async def test_late_events_are_counted_however_late(make_sink: MakeSink, sql: Sql) -> None:
    """The spool holds seven days, a node at sea more."""
    sink = make_sink()
    await sink.write([_batch(1, 0, 1, 2)])
    await _refresh(sql)
    await sink.write([_batch(2, 0, 1, 2, 3, 5, 7, 40)])
    await _refresh(sql)
    assert await sql(COUNT) == await sql("SELECT count(*) FROM events") == 10


async def test_what_retention_drops_stays_counted(make_sink: MakeSink, sql: Sql) -> None:
    """Late events beside the dropped are counted, too; those older than the retention are not."""
    sink = make_sink(retention="20 days")
    await sink.write([_batch(1, 0, 5, 15, 30, 31, 60)])
    await _refresh(sql)
    await sink.check_database()
    await sql("CALL refresh_continuous_aggregate('events_per_minute', NULL, now() - INTERVAL '1 minute')")
    assert await sql(COUNT) == 6
    await _run(sql, "policy_retention")
    assert await sql("SELECT count(*) FROM events") == 3
    await sink.write([_batch(2, 5, 15)])
    for _ in range(2):
        await _refresh(sql)
        assert await sql(COUNT) == 8


async def test_history_that_a_new_retention_drops_is_counted_before(make_sink: MakeSink, sql: Sql) -> None:
    """The aggregate is filled before the first policy can run."""
    await make_sink(continuous_aggregate=False).write([_batch(1, 0, 5, 15, 30, 31, 60)])
    sink = make_sink(retention="20 days")
    await sink.open()
    await _run(sql, "policy_retention")
    await _refresh(sql)
    assert await sql("SELECT count(*) FROM events") == 3
    assert await sql(COUNT) == 6


@pytest.mark.parametrize("later", ["90 days", None])
async def test_what_an_earlier_retention_dropped_stays_counted(
    make_sink: MakeSink, sql: Sql, later: str | None
) -> None:
    """A refresh must not reach behind it, though the new policy would let it."""
    await make_sink(continuous_aggregate=False).write([_batch(1, 0, 5, 15, 30, 31, 60)])
    await make_sink(retention="20 days").open()
    await _run(sql, "policy_retention")
    sink = make_sink(retention=later)
    await sink.open()
    for _ in range(2):
        await _refresh(sql)
        assert await sql(COUNT) == 6
    await sink.write([_batch(2, 15)])
    await _refresh(sql)
    assert await sql(COUNT) == 7
    assert facts_of(sink).unsupported == []


async def test_what_an_earlier_version_lost_is_counted_again(make_sink: MakeSink, sql: Sql) -> None:
    """Its refresh reached back three days, and hid all that was older."""
    await make_sink(continuous_aggregate=False).write([_batch(1, 0, 1, 5, 15, 30)])
    await sql(sql_files.TIMESCALE["create_aggregate"].replace("{extension}", "public"))
    await sql(
        "SELECT add_continuous_aggregate_policy('events_per_minute', start_offset => INTERVAL '3 days', "
        "end_offset => INTERVAL '1 minute', schedule_interval => INTERVAL '5 minutes')"
    )
    # What its job does, in one step: of itself the job takes one for every minute.
    await sql(
        "CALL refresh_continuous_aggregate('events_per_minute', now() - INTERVAL '3 days', now() - INTERVAL '1 minute')"
    )
    assert await sql(COUNT) == 2
    sink = make_sink()
    await sink.open()
    await sink.write([_batch(2, 5)])
    await _refresh(sql)
    assert await sql(COUNT) == 6
    assert facts_of(sink).unsupported == []


async def test_a_refresh_made_by_hand_that_forgets_is_named(make_sink: MakeSink, sql: Sql) -> None:
    """With the statement that leaves it to Mothership, which works."""
    await make_sink(continuous_aggregate=False).write([_batch(1, 0, 1, 5, 15, 30)])
    await sql(sql_files.TIMESCALE["create_aggregate"].replace("{extension}", "public"))
    await sql(
        "SELECT add_continuous_aggregate_policy('events_per_minute', start_offset => INTERVAL '10 days', "
        "end_offset => INTERVAL '1 hour', schedule_interval => INTERVAL '1 hour')"
    )
    sink = make_sink()
    await sink.open()
    [lack] = facts_of(sink).unsupported
    assert "never counts what comes later than that" in lack
    await sql(lack.rpartition("run: ")[2])
    await sink.check_database()
    assert facts_of(sink).unsupported == []
    await _refresh(sql)
    assert await sql(COUNT) == 5


async def test_a_big_table_is_counted_while_nobody_waits(
    make_sink: MakeSink, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first write does not wait for it; until it is done, no policy runs that would hide or drop anything."""
    await make_sink(continuous_aggregate=False).write([_batch(1, 0, 5, 15, 30, 31, 60)])
    monkeypatch.setattr(timescale, "SMALL_TABLE_BYTES", 1)
    sink = make_sink(retention="20 days")
    await sink.open()
    assert [lack.partition(": ")[2] for lack in facts_of(sink).unsupported] == [
        "events_per_minute is being filled with what is there",
        "waits until events_per_minute has counted what is there",
    ]
    jobs = "SELECT count(*) FROM timescaledb_information.jobs WHERE hypertable_name LIKE 'events%'"
    assert (await sql(jobs), await sql(COUNT)) == (0, 6)
    await sink.check_database()
    assert (facts_of(sink).unsupported, await sql(jobs)) == ([], 2)
    await _run(sql, "policy_retention")
    await _refresh(sql)
    assert await sql(COUNT) == 6


async def test_whoever_may_read_events_may_read_their_counts(make_sink: MakeSink, sql: Sql) -> None:
    """Grafana's role got its right before the aggregate was there."""
    await make_sink(continuous_aggregate=False).open()
    await sql("DROP ROLE IF EXISTS reader")
    await sql("CREATE ROLE reader")
    await sql("GRANT SELECT ON events TO reader")
    try:
        sink = make_sink()
        await sink.write([_batch(1, 0, 1)])
        await sql("SELECT 1")
        assert await sql("SELECT has_table_privilege('reader', 'events_per_minute', 'SELECT')")
        assert not await sql("SELECT has_table_privilege('reader', 'events_per_minute', 'INSERT')")
    finally:
        await sql("DROP OWNED BY reader")
        await sql("DROP ROLE reader")
