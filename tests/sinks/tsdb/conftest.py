"""Sinks on real databases."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink


@pytest.fixture
async def make_sink(database_dsn: str) -> AsyncIterator[Callable[..., TsdbSink]]:
    """Makes sinks on the test's database, or another; closes them after."""
    made: list[TsdbSink] = []

    def make(dsn: str = database_dsn, **settings: Any) -> TsdbSink:
        sink = TsdbSink(DatabaseSettings(**settings), embedded_dsn=dsn)
        made.append(sink)
        return sink

    yield make
    for sink in made:
        await sink.close()


@pytest.fixture
async def sql(database_dsn: str) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """One value from the test's database."""
    connection = await asyncpg.connect(database_dsn)

    async def value(statement: str, *arguments: Any) -> Any:
        return await connection.fetchval(statement, *arguments)

    yield value
    await connection.close(timeout=2)
