"""The LLM's verdicts in a real PostgreSQL."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import date

import asyncpg
import pytest

from mothership.errors import SinkError
from mothership.ports import VerdictStore
from mothership.sinks.tsdb import DatabaseSettings, TsdbSink
from mothership.sinks.tsdb_verdicts import TsdbVerdicts

DAY = date(2026, 11, 24)


@pytest.fixture
async def stores(database_dsn: str) -> AsyncIterator[tuple[VerdictStore, VerdictStore]]:
    """Two instances on one database."""
    sinks = [TsdbSink(DatabaseSettings(dsn=database_dsn)) for _ in range(2)]
    yield TsdbVerdicts(sinks[0].session), TsdbVerdicts(sinks[1].session)
    for sink in sinks:
        await sink.close()


async def test_a_verdict_is_shared_and_replaced(stores: tuple[VerdictStore, VerdictStore]) -> None:
    """What one instance keeps the other finds; keeping again replaces."""
    one, other = stores
    assert await one.get(b"k") is None
    await one.put(b"k", b'{"a": "\\u00e4"}', expires=time.time() + 60)
    assert json.loads(await other.get(b"k") or b"") == {"a": "ä"}
    await other.put(b"k", b'{"a": 2}', expires=time.time() + 60)
    assert json.loads(await one.get(b"k") or b"") == {"a": 2}


async def test_an_expired_verdict_is_not_found_and_goes(
    stores: tuple[VerdictStore, VerdictStore], database_dsn: str
) -> None:
    """The table holds no more than what is valid, but for a few."""
    one, _ = stores
    await one.put(b"old", b"{}", expires=time.time() - 1)
    assert await one.get(b"old") is None
    await one.put(b"new", b"{}", expires=time.time() + 60)
    connection = await asyncpg.connect(database_dsn)
    try:
        assert await connection.fetchval("SELECT count(*) FROM llm_verdicts") == 1
    finally:
        await connection.close()


async def test_spending_adds_up_across_instances(stores: tuple[VerdictStore, VerdictStore]) -> None:
    """Twenty calls at once from two instances are all counted, and each day for itself."""
    one, other = stores
    await one.spend(DAY, 0, 0)
    await asyncio.gather(*[store.spend(DAY, 10, 3) for store in [one, other] * 10])
    assert await one.spend(DAY, -50, 0) == (150, 60)
    assert await other.spend(date(2026, 11, 25), 1, 1) == (1, 1)


async def test_a_database_that_is_away_raises_an_error_of_ours() -> None:
    """And no foreign one, whose text may hold a value."""
    store = TsdbVerdicts(TsdbSink(DatabaseSettings(dsn="postgresql://x:y@127.0.0.1:9/z")).session)
    with pytest.raises(SinkError):
        await store.get(b"k")
