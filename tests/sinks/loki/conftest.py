"""A strict Loki for each test, and sinks that speak to it."""

import time
from collections.abc import AsyncIterator

import orjson
import pytest
from tests.sinks.loki.makers import BatchOf, Naps, RowOf, SinkOf
from tests.sinks.loki.strict_loki import StrictLoki

from mothership.event import Row, RowBatch
from mothership.sinks.loki.sink import LokiSettings, LokiSink


@pytest.fixture
async def loki() -> AsyncIterator[StrictLoki]:
    """A Loki that is well."""
    async with StrictLoki() as server:
        yield server


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
async def sink_of(naps: Naps) -> AsyncIterator[SinkOf]:
    """Make sinks; the naps between quick retries are noted, not slept."""
    made: list[LokiSink] = []

    def make(server: StrictLoki, **settings: object) -> LokiSink:
        sink = LokiSink(
            LokiSettings.model_validate({"enabled": True, "url": server.url, **settings}),
            clock=server.clock,
            sleep=naps,
            jitter=lambda: 0.5,
        )
        made.append(sink)
        return sink

    yield make
    for sink in made:
        await sink.close()


@pytest.fixture
def row() -> RowOf:
    """Make a row as the pipeline does: compact JSON with sorted keys."""

    def make(message: str = "hello", *, at: float | None = None, type: str = "syslog", **fields: object) -> Row:  # noqa: A002 - as in an event
        event = {"type": type, "message": message, **fields}
        source = str(fields.get("source") or fields.get("hostname") or fields.get("host") or "unknown")
        ts = int((time.time() if at is None else at) * 1_000_000)
        return Row(ts, type, source, orjson.dumps(event, option=orjson.OPT_SORT_KEYS))

    return make


@pytest.fixture
def batch() -> BatchOf:
    """Make a batch of rows."""

    def make(*rows: Row, fingerprint: bytes = b"f" * 32) -> RowBatch:
        return RowBatch(fingerprint, "request-1", int(time.time() * 1e6), rows)

    return make
