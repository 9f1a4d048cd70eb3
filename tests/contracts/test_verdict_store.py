"""`ports.VerdictStore`: what keeps the LLM's verdicts, the double of the tests and the real thing alike."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import date

import pytest
from tests.pipeline.llm.harness import MemoryStore

from mothership.ports import VerdictStore
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink
from mothership.sinks.tsdb.verdict_store import TsdbVerdictStore

DAY = date(2026, 11, 24)


@pytest.fixture(params=["memory", "tsdb"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    """A database for the real thing, none for the double."""
    return request.getfixturevalue("database_dsn") if request.param == "tsdb" else None


@pytest.fixture
async def stores(dsn: str | None) -> AsyncIterator[tuple[VerdictStore, VerdictStore]]:
    """The store as two instances have it."""
    if dsn is None:
        store = MemoryStore()
        yield store, store
        return
    sinks = [TsdbSink(DatabaseSettings(dsn=dsn)) for _ in range(2)]
    yield TsdbVerdictStore(sinks[0].session), TsdbVerdictStore(sinks[1].session)
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


async def test_an_expired_verdict_is_not_found(stores: tuple[VerdictStore, VerdictStore]) -> None:
    """A verdict holds until its time."""
    one, other = stores
    await one.put(b"old", b"{}", expires=time.time() - 1)
    assert await other.get(b"old") is None


async def test_spending_adds_up_across_instances(stores: tuple[VerdictStore, VerdictStore]) -> None:
    """Twenty calls at once from two instances are all counted, and each day for itself."""
    one, other = stores
    await one.spend(DAY, 0, 0)
    await asyncio.gather(*[store.spend(DAY, 10, 3) for store in [one, other] * 10])
    assert await one.spend(DAY, -50, 0) == (150, 60)
    assert await other.spend(date(2026, 11, 25), 1, 1) == (1, 1)
