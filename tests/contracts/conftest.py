"""Every sink under one roof. To add one: a maker here, and its name in `SINKS`."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import asyncpg
import pytest
from tests.contracts.spools import SPOOLS, SpoolBench
from tests.pipeline.llm.endpoint import Endpoint

from mothership.event import Row
from mothership.ports import Sink
from mothership.sinks.memory import MemorySink
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink


@dataclass(frozen=True, slots=True)
class Bench:
    """A sink under test, and a way to look at what rests in it."""

    sink: Sink
    rows: Callable[[], Awaitable[list[Row]]]
    """What is stored, in any order."""


def _memory(_request: pytest.FixtureRequest) -> Bench:
    sink = MemorySink()

    async def rows() -> list[Row]:
        return list(sink.rows)

    return Bench(sink, rows)


def _tsdb(request: pytest.FixtureRequest) -> Bench:
    dsn = request.getfixturevalue("database_dsn")

    async def rows() -> list[Row]:
        connection = await asyncpg.connect(dsn)
        try:
            found = await connection.fetch(
                "SELECT (extract(epoch FROM ts) * 1000000)::BIGINT AS ts, type, source, data::TEXT FROM events"
            )
        finally:
            await connection.close()
        return [Row(row["ts"], row["type"], row["source"], row["data"].encode()) for row in found]

    return Bench(TsdbSink(DatabaseSettings(), embedded_dsn=dsn), rows)


SINKS: dict[str, Callable[[pytest.FixtureRequest], Bench]] = {"memory": _memory, "tsdb": _tsdb}


@pytest.fixture(params=sorted(SPOOLS))
async def spools(request: pytest.FixtureRequest) -> AsyncIterator[SpoolBench]:
    """One kind of spool after the other."""
    opened = SPOOLS[request.param](request)
    yield opened
    await opened.end()


@pytest.fixture(params=sorted(SINKS))
def made(request: pytest.FixtureRequest) -> Bench:
    """One sink after the other."""
    return SINKS[request.param](request)


@pytest.fixture
async def bench(made: Bench) -> AsyncIterator[Bench]:
    """The sink, open."""
    await made.sink.open()
    yield made
    await made.sink.close()


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    """A language model that says what a test wants."""
    async with Endpoint() as endpoint:
        yield endpoint
