"""The schema comes by itself, adopts what is there, and never takes a lock that hurts."""

import asyncio
import os
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.sinks.tsdb.facts import facts_of

from mothership.errors import Paused
from mothership.event import Row, RowBatch
from mothership.sinks.tsdb import failures, schema
from mothership.sinks.tsdb.failures import OWN_TABLES
from mothership.sinks.tsdb.maintenance import Maintenance
from mothership.sinks.tsdb.sink import TsdbSink
from mothership.sinks.tsdb.sql_files import SCHEMA, TIMESCALE, WRITE, migrations

NOW = int(time.time() * 1_000_000)
Sql = Callable[..., Awaitable[Any]]
MakeSink = Callable[..., TsdbSink]


def _batch(number: int, rows: list[Row]) -> RowBatch:
    return RowBatch(number.to_bytes(32, "big"), "request", NOW, rows)


ROW = Row(NOW, "log", "host", b'{"a":1}')


async def test_table_columns_and_indexes_are_the_specifications(make_sink: MakeSink, sql: Sql) -> None:
    """Names, types, defaults: what users' queries and dashboards rely on."""
    await make_sink().open()
    columns = (
        "SELECT array_agg(column_name || ' ' || data_type ORDER BY ordinal_position) FROM information_schema.columns"
    )
    assert await sql(f"{columns} WHERE table_name = 'events'") == [
        "ts timestamp with time zone",
        "type text",
        "source text",
        "data jsonb",
        "id bigint",
        "created_at timestamp with time zone",
    ]
    definition = "SELECT indexdef FROM pg_indexes WHERE indexname = $1"
    assert (await sql(definition, "idx_events_type_ts")).endswith("USING btree (type, ts DESC)")
    assert (await sql(definition, "idx_events_source_ts")).endswith("USING btree (source, ts DESC)")
    assert (await sql(definition, "idx_events_data_gin")).endswith("USING gin (data jsonb_path_ops)")


async def test_id_and_created_at_are_filled_by_the_database(make_sink: MakeSink, sql: Sql) -> None:
    """COPY sends four columns."""
    await make_sink().write([_batch(1, [ROW, ROW])])
    assert await sql("SELECT array_agg(id ORDER BY id) FROM events") == [1, 2]
    assert await sql("SELECT bool_and(created_at > now() - INTERVAL '1 minute') FROM events")


@pytest.mark.parametrize(("gin", "found"), [("jsonb_ops", "gin (data)"), ("none", None)])
async def test_the_gin_index_is_the_operators_choice(
    make_sink: MakeSink, sql: Sql, gin: str, found: str | None
) -> None:
    """`jsonb_ops` for `?`, none for the fastest writes."""
    sink = make_sink(gin=gin)
    await sink.open()
    definition = await sql("SELECT indexdef FROM pg_indexes WHERE indexname = 'idx_events_data_gin'")
    assert definition is None if found is None else definition.endswith(found)
    assert facts_of(sink).gin == gin


async def test_the_older_services_plain_table_is_adopted(make_sink: MakeSink, sql: Sql) -> None:
    """With its rows, its indexes and its operator class."""
    await sql(
        "CREATE TABLE events (ts TIMESTAMPTZ NOT NULL DEFAULT NOW(), type TEXT NOT NULL, source TEXT NOT NULL, "
        "data JSONB NOT NULL, id BIGSERIAL, created_at TIMESTAMPTZ DEFAULT NOW())"
    )
    await sql("CREATE INDEX idx_events_data_gin ON events USING GIN (data)")
    await sql("INSERT INTO events (type, source, data) VALUES ('a', 'b', '{}')")
    sink = make_sink()
    await sink.write([_batch(1, [ROW])])
    assert facts_of(sink).gin == "jsonb_ops"
    assert await sql("SELECT count(*) FROM events") == 2
    assert await sql("SELECT count(*) FROM pg_indexes WHERE tablename = 'events'") == 4


async def test_a_table_of_another_shape_pauses_and_says_why(make_sink: MakeSink, sql: Sql) -> None:
    """It is somebody else's; it stays as it is."""
    await sql("CREATE TABLE events (ts TIMESTAMPTZ, type TEXT, source TEXT, data JSON)")
    with pytest.raises(Paused, match="column data of type json, and jsonb is needed"):
        await make_sink().write([_batch(1, [ROW])])
    await sql("ALTER TABLE events DROP COLUMN source")
    with pytest.raises(Paused, match="column source of type none at all"):
        await make_sink().open()


async def test_a_schema_from_the_future_pauses(make_sink: MakeSink, sql: Sql) -> None:
    """A newer Mothership was here; an older one must not guess."""
    await make_sink().open()
    await sql("INSERT INTO mothership_migrations VALUES (4711, 'from the future')")
    with pytest.raises(Paused, match=r"schema 4711 .* upgrade Mothership"):
        await make_sink().write([_batch(1, [ROW])])


async def test_a_look_that_fails_is_shown_and_stops_no_write(make_sink: MakeSink, sql: Sql) -> None:
    """A newer instance has upgraded the schema: the older one goes on until it is replaced."""
    sink = make_sink()
    await sink.open()
    await sql("INSERT INTO mothership_migrations VALUES (4711, 'from the future')")
    await sink.recheck()
    assert "the last check of the database failed: the database has schema 4711" in facts_of(sink).unsupported[-1]
    assert await sink.write([_batch(1, [ROW])]) == frozenset()
    await sql("DELETE FROM mothership_migrations WHERE number = 4711")
    await sink.recheck()
    assert not any("look" in lack for lack in facts_of(sink).unsupported)


async def test_a_big_table_is_not_locked_for_an_index(
    make_sink: MakeSink, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statement is told instead, to be run in a quiet hour."""
    await make_sink().open()
    await sql("DROP INDEX idx_events_type_ts")
    monkeypatch.setattr(schema, "SMALL_TABLE_BYTES", 1)
    sink = make_sink()
    await sink.write([_batch(1, [ROW])])
    assert await sql("SELECT to_regclass('idx_events_type_ts') IS NULL")
    assert any("CREATE INDEX IF NOT EXISTS idx_events_type_ts" in lack for lack in facts_of(sink).unsupported)


async def test_few_rights_are_enough_after_the_first_start(make_sink: MakeSink, sql: Sql, database_dsn: str) -> None:
    """The list in docs/how-to/run-the-database.md."""
    await make_sink().open()
    role = f"modest_{os.getpid()}"
    others = ", ".join(OWN_TABLES)
    await sql(f"CREATE ROLE {role} LOGIN")
    await sql(f"GRANT INSERT, SELECT, UPDATE, DELETE ON {others} TO {role}")
    await sql(f"GRANT INSERT, SELECT ON events TO {role}")
    await sql(f"GRANT USAGE ON events_id_seq TO {role}")
    sink = make_sink(database_dsn.replace("//mothership@", f"//{role}@"), columnstore_after="7 days")
    try:
        assert await sink.write([_batch(1, [ROW])]) == frozenset()
        assert await sink.write([_batch(1, [ROW])]) == {0}
        assert await sink.shared_key("fingerprint", b"x") == b"x"
        assert (await sink.stats()).total_inserts == 1
        assert sink._state
        await Maintenance(sink._side_pool, sink._settings, time.time).run_once(sink._state)
        assert "database.columnstore_after: needs TimescaleDB" in facts_of(sink).unsupported
    finally:
        await sink.close()
        await sql(f"DROP OWNED BY {role}")
        await sql(f"DROP ROLE {role}")


async def test_an_index_that_only_the_owner_can_make_is_said_and_stops_nothing(
    make_sink: MakeSink, sql: Sql, database_dsn: str
) -> None:
    """A table adopted with few rights; the statement that is told works, and the next look sees it."""
    await make_sink().open()
    await sql("DROP INDEX idx_events_source_ts")
    role = f"index_{os.getpid()}"
    await sql(f"CREATE ROLE {role} LOGIN")
    await sql(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
    await sql(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}")
    sink = make_sink(database_dsn.replace("//mothership@", f"//{role}@"))
    try:
        assert await sink.write([_batch(1, [ROW])]) == frozenset()
        lack = facts_of(sink).unsupported[-1]
        assert lack.startswith("events lacks an index, and making it failed (SQLSTATE 42501)")
        await sql(lack.rpartition("run: ")[2])
        await sink.check_database()
        assert not any("index" in lack for lack in facts_of(sink).unsupported)
    finally:
        await sink.close()
        await sql(f"DROP OWNED BY {role}")
        await sql(f"DROP ROLE {role}")


async def test_a_lock_at_the_start_is_no_reason_for_ever(
    make_sink: MakeSink, sql: Sql, database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's transaction ends; the next look makes what is missing."""
    await make_sink().open()
    await sql("DROP INDEX idx_events_source_ts")
    monkeypatch.setitem(SCHEMA, "limit_locks", "SET LOCAL lock_timeout = '50ms'")
    other = await asyncpg.connect(database_dsn)
    sink = make_sink()
    async with other.transaction():
        await other.execute("LOCK TABLE events IN ROW EXCLUSIVE MODE")
        await sink.open()
    await other.close()
    assert "(SQLSTATE 55P03)" in facts_of(sink).unsupported[-1]
    assert sink._state
    assert sink._state.needs_recheck
    await sink.check_database()
    assert not any("index" in lack for lack in facts_of(sink).unsupported)
    assert not sink._state.needs_recheck


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_a_database_that_is_not_utf8_says_so_and_loses_nothing(
    make_sink: MakeSink, postgres_dsn: str, encoding: str
) -> None:
    """Its events went to the dead letters, one by one, for reasons that were not theirs."""
    name = f"latin_{os.getpid()}"
    admin = await asyncpg.connect(postgres_dsn)
    await admin.execute(
        f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"
    )
    sink = make_sink(postgres_dsn.replace("/mothership?", f"/{name}?"))
    row = ROW._replace(data='{"a":"Ж"}'.encode())
    try:
        if encoding == "LATIN1":
            with pytest.raises(Paused, match=r"encoding is LATIN1.*UTF8 is needed"):
                await sink.write([_batch(1, [row])])
        else:
            assert await sink.write([_batch(1, [row])]) == frozenset()
            assert any("encoding is SQL_ASCII" in lack for lack in facts_of(sink).unsupported)
    finally:
        await sink.close()
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


async def test_the_advice_names_every_right_of_the_docs() -> None:
    """And the docs every table there is."""
    page = " ".join((Path(__file__).parents[3] / "docs" / "how-to" / "run-the-database.md").read_text().split())
    rights = page.partition("## Give it fewer rights")[2].partition("are enough")[0]
    assert set(re.findall(r"`(\w+_\w+|events)`", rights)) == {*OWN_TABLES, "events", "events_id_seq"}
    assert all(name in failures.ADVICE["42501"] for name in (*OWN_TABLES, "events", "events_id_seq"))


@pytest.mark.parametrize(
    "error", [asyncpg.DuplicatePreparedStatementError("x"), asyncpg.InvalidSQLStatementNameError("x")]
)
def test_what_a_pooler_does_to_statements_names_the_setting(error: Exception) -> None:
    """A PgBouncer in transaction mode."""
    assert "set database.statement_cache_size to 0" in failures.classify(error).reason


async def test_instances_agree_on_a_shared_key(make_sink: MakeSink, sql: Sql) -> None:
    """The first candidate wins, and nobody else may read the table."""
    sinks = [make_sink() for _ in range(5)]
    keys = await asyncio.gather(*(sink.shared_key("fingerprint", bytes([n]) * 32) for n, sink in enumerate(sinks)))
    assert len(set(keys)) == 1
    assert keys[0] in {bytes([n]) * 32 for n in range(5)}
    assert await sinks[0].shared_key("another", b"x") == b"x"
    assert await sql("SELECT has_table_privilege('pg_read_server_files', 'mothership_keys', 'SELECT')") is False


async def test_stats_count_what_was_inserted_and_what_is_of_the_last_hour(make_sink: MakeSink, sql: Sql) -> None:
    """By the event's own time, to the minute; old and future events count for the total alone."""
    sink = make_sink()
    now = int(time.time() * 1_000_000)  # not the module's: a long run may have been going for minutes
    hours = [0, -0.5, -0.9, -1.5, -24, -8760, 2]
    await sink.write([_batch(1, [ROW._replace(ts=now + int(hour * 3_600_000_000)) for hour in hours])])
    await make_sink().write([_batch(2, [ROW._replace(ts=now)] * 3)])
    stats = await sink.stats()
    assert (stats.total_inserts, stats.events_last_hour) == (10, 6)
    assert stats.facts
    assert (stats.facts.is_hypertable, stats.facts.timescaledb_version) == (False, None)
    assert await sql("SELECT count(*) FROM event_counts WHERE minute > 0") <= 5


async def test_maintenance_forgets_what_is_old_and_nothing_else(make_sink: MakeSink, sql: Sql) -> None:
    """Fingerprints after their window, counts after two hours, events after their retention."""
    sink = make_sink(fingerprint_days=2, retention="30 days")
    await sink.write([_batch(n, [ROW, ROW._replace(ts=NOW - 40 * 86_400_000_000)]) for n in range(4)])
    await sql(
        "UPDATE ingested_batches SET stored_at = now() - INTERVAL '49 hours' WHERE fingerprint < $1", b"\0" * 31 + b"\2"
    )
    await sql("INSERT INTO event_counts VALUES (4711, 0, 5)")
    assert sink._state
    assert await Maintenance(sink._side_pool, sink._settings, time.time).run_once(sink._state) == 2 + 1 + 4
    assert await sql("SELECT count(*) FROM ingested_batches") == 2
    assert await sql("SELECT count(*) FROM events") == 4
    assert (await sink.stats()).total_inserts == 8


async def test_maintenance_goes_in_bounded_steps(
    make_sink: MakeSink, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No transaction that deletes a million rows while writers wait."""
    monkeypatch.setattr("mothership.sinks.tsdb.maintenance.STEP_ROWS", 100)
    monkeypatch.setattr("mothership.sinks.tsdb.maintenance.STEP_PAUSE_SECONDS", 0.0)
    sink = make_sink(retention="1 day")
    await sink.write([_batch(1, [ROW._replace(ts=NOW - 2 * 86_400_000_000)] * 950 + [ROW] * 50)])
    assert sink._state
    assert await Maintenance(sink._side_pool, sink._settings, time.time).run_once(sink._state) == 950
    assert await sql("SELECT count(*) FROM events") == 50


async def test_only_one_instance_tidies_at_a_time(make_sink: MakeSink, database_dsn: str) -> None:
    """The others skip their turn instead of waiting."""
    sink = make_sink(fingerprint_days=0.00001)
    await sink.write([_batch(1, [ROW])])
    other = await asyncpg.connect(database_dsn)
    async with other.transaction():
        await other.fetchval(WRITE["advisory_lock"], 0x6D6F7468_00000002)
        await asyncio.sleep(1)
        assert sink._state
        assert await Maintenance(sink._side_pool, sink._settings, time.time).run_once(sink._state) == 0
    await other.close()
    assert await Maintenance(sink._side_pool, sink._settings, time.time).run_once(sink._state) == 1


async def test_a_commit_is_on_disk_even_where_the_server_says_otherwise(make_sink: MakeSink, sql: Sql) -> None:
    """An acknowledged event must survive the database's own crash."""
    name = await sql("SELECT current_database()")
    await sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
    sink = make_sink()
    await sink.open()
    async with sink._writer.transaction() as connection:
        assert await connection.fetchval("SHOW synchronous_commit") == "on"
    ordinary = make_sink()
    await sql(f"ALTER DATABASE {name} SET synchronous_commit = local")
    await ordinary.open()
    async with ordinary._writer.transaction() as connection:
        assert await connection.fetchval("SHOW synchronous_commit") == "local"


def test_every_statement_has_a_name_and_a_purpose() -> None:
    """The SQL is read by people, too."""
    assert len(WRITE) + len(SCHEMA) + len(TIMESCALE) > 40
    assert [migration.number for migration in migrations()] == list(range(1, len(migrations()) + 1))
