"""The LLM's verdicts in a real PostgreSQL, beyond `tests/contracts/test_verdict_store.py`."""

import asyncio
import time
from collections.abc import AsyncIterator

import asyncpg
import pytest
from tests.pipeline.llm.endpoint import Endpoint
from tests.pipeline.llm.harness import EnricherHarness, running
from tests.starvation import PATIENCE_SECONDS

from mothership.errors import SinkError
from mothership.ports import VerdictStore
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink
from mothership.sinks.tsdb.verdict_store import TsdbVerdictStore


@pytest.fixture
async def store(database_dsn: str) -> AsyncIterator[VerdictStore]:
    """A store on a database of its own."""
    sink = TsdbSink(DatabaseSettings(dsn=database_dsn))
    yield TsdbVerdictStore(sink.session)
    await sink.close()


async def test_expired_verdicts_go(store: VerdictStore, database_dsn: str) -> None:
    """The table holds no more than what is valid, but for a few."""
    await store.put(b"old", b"{}", expires=time.time() - 1)
    await store.put(b"new", b"{}", expires=time.time() + 60)
    connection = await asyncpg.connect(database_dsn)
    try:
        assert await connection.fetchval("SELECT count(*) FROM llm_verdicts") == 1
    finally:
        await connection.close()


async def test_a_database_that_is_away_raises_an_error_of_ours() -> None:
    """And no foreign one, whose text may hold a value."""
    store = TsdbVerdictStore(TsdbSink(DatabaseSettings(dsn="postgresql://x:y@127.0.0.1:9/z")).session)
    with pytest.raises(SinkError):
        await store.get(b"k")


async def test_two_instances_and_a_restart_pay_once(database_dsn: str) -> None:
    """The whole step over the real store: one call for one template, whoever sees it and whenever."""
    async with Endpoint() as endpoint:
        for _ in range(3):
            sink = TsdbSink(DatabaseSettings(dsn=database_dsn))
            harness = EnricherHarness(
                endpoint.url, store=TsdbVerdictStore(sink.session), wait_seconds=4.0, timeout_seconds=10.0
            )
            async with running(harness):
                assert (await harness.say("Failed password for root"))["llm"]["priority"] == "high"
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while harness.enricher.status().tokens_today != 340:  # noqa: ASYNC110 - nobody signals it
                        await asyncio.sleep(0.01)
            await sink.close()
        assert len(endpoint.requests) == 1
