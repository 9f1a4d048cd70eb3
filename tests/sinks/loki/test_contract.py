"""The suite of `tests/contracts`, as far as it can hold for a store that never tells what it had before.

Left out, because Loki's own rules differ: that a repeated batch is reported as such, and that two equal lines of one
moment in one stream are both kept. `test_a_batch_sent_again_is_stored_once` in `test_way.py` stands for the first.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

import pytest
from tests.contracts.test_sink import (
    START,
    test_a_sink_that_can_write_says_that_it_is_healthy,  # noqa: F401 - collected here
    test_an_empty_write_and_an_empty_batch_are_no_failure,  # noqa: F401
    test_close_may_be_called_twice,  # noqa: F401
    test_every_row_of_a_write_is_stored_as_it_was,  # noqa: F401
    test_open_may_be_called_again,  # noqa: F401
    test_text_of_every_alphabet_comes_back_equal,  # noqa: F401
)
from tests.sinks.loki.strict_loki import StrictLoki

from mothership.event import Row
from mothership.ports import Sink
from mothership.sinks.loki.sink import LokiSettings, LokiSink


class Bench(NamedTuple):
    """A sink under test, and a way to look at what rests in it."""

    sink: Sink
    rows: Callable[[], Awaitable[list[Row]]]


@pytest.fixture(params=["protobuf", "json"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """The sink, open, before a Loki whose clock stands a minute after the suite's events."""
    async with StrictLoki(clock=lambda: START / 1e6 + 60) as loki:
        sink = LokiSink(LokiSettings(url=loki.url, encoding=request.param), clock=loki.clock)

        async def rows() -> list[Row]:
            return [
                Row(entry.ns // 1000, stream.labels["type"], stream.labels["host"], entry.line.encode())
                for stream in loki.streams.values()
                for entry in stream.lines.values()
            ]

        await sink.open()
        yield Bench(sink, rows)
        await sink.close()
