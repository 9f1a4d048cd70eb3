"""A move from the embedded database arrives in the chunks of a hypertable."""

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mothership.database_copy import copy_all
from mothership.event import Row, RowBatch
from mothership.sinks.tsdb.connection_pool import Connector
from mothership.sinks.tsdb.dsn import parse_dsn
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink

pytestmark = [pytest.mark.timescale, pytest.mark.xdist_group("timescale")]

DAY = 86_400_000_000
NOW = int(time.time() * 1_000_000)


async def test_what_is_moved_lies_in_chunks_and_is_known(
    database_dsn: str,
    timescale_dsn: str,
    make_sink: Callable[..., TsdbSink],
    sql: Callable[..., Awaitable[Any]],
) -> None:
    """A chunk for each day, every count as it was, and a batch that is sent again adds nothing."""
    rows = [Row(NOW - day * DAY, "log", "host", json.dumps({"d": day}).encode()) for day in range(4) for _ in range(3)]
    batch = RowBatch((1).to_bytes(32, "big"), "request-1", NOW, rows)
    old = TsdbSink(DatabaseSettings(), embedded_dsn=database_dsn)
    await old.write([batch])
    await old.close()
    sink = make_sink()
    await sink.open()
    source = await Connector(parse_dsn(database_dsn), timeout_seconds=10.0, statement_cache_size=0).connect()
    target = await Connector(parse_dsn(timescale_dsn), timeout_seconds=10.0, statement_cache_size=0).connect()
    counts = await copy_all(source, target)
    await source.close()
    await target.close(timeout=2)
    assert counts["events"] == 12
    assert await sql("SELECT count(*) FROM timescaledb_information.chunks WHERE hypertable_name = 'events'") == 4
    assert await sink.write([batch]) == {0}
    assert await sql("SELECT count(*) FROM events") == 12
