"""A real database that takes rows slowly, behind the relay."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from tests.relay.support import running, until

from mothership.event import Row, RowBatch
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink

START = 1_767_225_600_000_000
SLOW = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION slow();
"""


@pytest.fixture
async def connection(database_dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """To the test's database."""
    made = await asyncpg.connect(database_dsn)
    yield made
    await made.close(timeout=2)


@pytest.mark.parametrize("is_retry", [False, True])
async def test_what_a_statement_has_no_time_for_is_stored_in_parts(
    database_dsn: str, connection: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path, *, is_retry: bool
) -> None:
    """Batches that each take longer than `database.statement_timeout_seconds`: every event is stored, once."""
    sink = TsdbSink(DatabaseSettings(statement_timeout_seconds=0.5), embedded_dsn=database_dsn)
    await sink.open()
    await connection.execute(SLOW)
    async with running(tmp_path, sink, answer_seconds=0.01) as relay:
        for number in range(2):
            await relay.keep(_batch(number, 120, is_retry=is_retry))
        await until(lambda: relay.status().sinks["tsdb"].queued_events == 0)
        assert relay.status().dead_letters.events == 0
    await sink.close()
    found = await connection.fetchrow("SELECT count(*), count(DISTINCT data) FROM events")
    assert found is not None
    assert (found[0], found[1]) == (240, 240)


def _batch(number: int, rows: int, *, is_retry: bool) -> RowBatch:
    content = bytes([1, number]) * 16
    fingerprint = content if is_retry else bytes([2, number]) * 16
    made = [Row(START + row, "log", "web", json.dumps({"batch": number, "row": row}).encode()) for row in range(rows)]
    return RowBatch(fingerprint, f"request-{number}", START, made, content=content)
