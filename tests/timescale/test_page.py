"""The SQL of the pages on the database runs, on a hypertable with chunks."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.doc_blocks import ROOT, blocks

from mothership.event import Row, RowBatch
from mothership.sinks.tsdb.sink import TsdbSink

pytestmark = [pytest.mark.timescale, pytest.mark.xdist_group("timescale")]

PAGES = [ROOT / "docs" / "how-to" / name for name in ("query-events.md", "run-the-database.md")]
BLOCKS = [
    block.text for page in PAGES for block in blocks(page) if block.language == "sql" and "\\c " not in block.text
]
DAY = 86_400_000_000
NOW = int(time.time() * 1_000_000)
LIMITED = """
SELECT count(*) FROM pg_class
WHERE relname LIKE '%idx_events_data_gin' AND reloptions @> '{gin_pending_list_limit=1024}'
"""


async def test_every_statement_of_the_page_runs_and_reaches_the_chunks(
    make_sink: Callable[..., TsdbSink], sql: Callable[..., Awaitable[Any]], execute: Callable[[str], Awaitable[Any]]
) -> None:
    """In their order; `gin_pending_list_limit` is set on the chunks that are there and on those to come."""
    sink = make_sink()
    rows = [Row(NOW - day * DAY, "log", "host", b'{"host":"x"}') for day in range(3)]
    await sink.write([RowBatch(b"1" * 32, "r", NOW, rows)])
    await execute("DROP ROLE IF EXISTS reader")
    assert len(BLOCKS) == 6
    try:
        for block in BLOCKS:
            await execute(block)
        assert await sql(LIMITED) == 4
        await sink.write([RowBatch(b"2" * 32, "r", NOW, [rows[0]._replace(ts=NOW - 9 * DAY)])])
        assert await sql(LIMITED) == 5
        assert await sql("SELECT has_table_privilege('reader', 'events_per_minute', 'SELECT')")
    finally:
        await execute("DROP OWNED BY reader")
        await execute("DROP ROLE reader")
