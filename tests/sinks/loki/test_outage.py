"""Loki away behind the real relay: the other sink does not notice, and what waited is drained."""

import asyncio
import time
from pathlib import Path

import pytest
from tests.relay.support import running, settings, until
from tests.sinks.loki.loki_ingester import Limits
from tests.sinks.loki.makers import RowOf, SinkOf
from tests.sinks.loki.strict_loki import Disturbance, StrictLoki

from mothership.event import Row, RowBatch
from mothership.relay.relay import Relay
from mothership.relay.sink_route import SinkRoute
from mothership.sinks.memory import MemorySink

MINUTE = 60.0


def _minute(row: RowOf, number: int, at: float) -> RowBatch:
    rows = [row(f"minute {number}", hostname=f"h{host}", at=at + host / 1000) for host in range(5)]
    return RowBatch(number.to_bytes(32, "big"), f"r{number}", int(at * 1e6), rows)


def _waiting(relay: Relay) -> int:
    return int(relay.status().sinks["loki"].queued_events)


def _at_rest(loki: StrictLoki, rows: list[Row]) -> bool:
    return loki.lines == [one.data.decode() for one in sorted(rows)]


async def test_loki_away_for_most_of_an_hour_costs_the_database_nothing(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, tmp_path: Path
) -> None:
    """Every minute's batch reaches the database while Loki is away, and Loki has all of it soon after it is back."""
    start = time.time() - 58 * MINUTE
    database, sink = MemorySink("tsdb"), sink_of(loki, max_retries=0, timeout_seconds=1.0)
    async with running(tmp_path, database, sink, batch_size=20, answer_seconds=0.05) as relay:
        await relay.keep(_minute(row, 0, start))
        await until(lambda: _waiting(relay) == 0)
        await loki.stop()
        for number in range(1, 55):
            await relay.keep(_minute(row, number, start + number * MINUTE))
        await until(lambda: len(database.rows) == 55 * 5)
        assert _waiting(relay) == 54 * 5
        await loki.start()
        for number in range(55, 58):
            await relay.keep(_minute(row, number, start + number * MINUTE))
        await until(lambda: _waiting(relay) == 0, seconds=20)
        assert relay.status().sinks["loki"].breaker == "closed"
    assert len(database.rows) == 58 * 5
    assert _at_rest(loki, database.rows)


async def test_a_process_that_ends_in_an_outage_leaves_nothing_behind(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, tmp_path: Path
) -> None:
    """The next process, with a sink that knows nothing yet, drains the spool into the same streams."""
    now = time.time()
    database = MemorySink("tsdb")
    loki.next.extend(Disturbance(cut=True, stored=True) for _ in range(3))
    async with running(tmp_path, database, sink_of(loki, max_retries=0), batch_size=20, answer_seconds=0.05) as relay:
        await relay.keep(_minute(row, 0, now))
        await loki.stop()
        for number in range(1, 10):
            await relay.keep(_minute(row, number, now + number))
    await loki.start()
    async with running(tmp_path, database, sink_of(loki), batch_size=20) as relay:
        await until(lambda: _waiting(relay) == 0, seconds=20)
    assert _at_rest(loki, database.rows)


async def test_a_narrow_rate_limit_slows_loki_and_nothing_else(sink_of: SinkOf, row: RowOf, tmp_path: Path) -> None:
    """429 after 429: the database has everything before Loki does, and Loki gets it in its own time."""
    clock = [time.time()]

    def drained() -> bool:
        clock[0] += 0.01
        return _waiting(relay) == 0

    async with StrictLoki(Limits(rate_bytes=20_000, burst_bytes=4000), clock=lambda: clock[0]) as loki:
        database = MemorySink("tsdb")
        sink = sink_of(loki, max_retries=0)
        async with running(tmp_path, database, sink, batch_size=20, answer_seconds=0.01) as relay:
            for number in range(30):
                await relay.keep(_minute(row, number, clock[0] + number))
            await until(lambda: len(database.rows) == 150)
            assert _waiting(relay) > 0
            await until(drained, seconds=20)
        assert loki.answers[429] > 0
        assert _at_rest(loki, database.rows)


@pytest.mark.skipif(
    "in_order" not in SinkRoute.__dataclass_fields__, reason="the relay can't keep a route in order yet"
)
async def test_a_long_backlog_is_drained_before_what_arrives_meanwhile(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, tmp_path: Path
) -> None:
    """Five hours: were new events pushed in between, Loki would refuse all that is an hour behind them."""
    start = time.time() - 300 * MINUTE
    sink = sink_of(loki, max_retries=0, timeout_seconds=1.0)
    route = SinkRoute(sink, batch_size=20, in_order=True)
    relay = await Relay.open(tmp_path, settings(answer_seconds=0.05), [route])
    task = asyncio.create_task(relay.run())
    await loki.stop()
    for number in range(297):
        await relay.keep(_minute(row, number, start + number * MINUTE))
    await loki.start()
    await until(lambda: relay.couriers[0].availability.breaker.is_closed)
    arriving = 297
    while _waiting(relay) and arriving < 400:
        await relay.keep(_minute(row, arriving, time.time()))
        arriving += 1
    await until(lambda: _waiting(relay) == 0, seconds=20)
    await relay.close(1.0)
    await task
    assert loki.answers[400] == 0
    assert len(loki.lines) == 5 * arriving
