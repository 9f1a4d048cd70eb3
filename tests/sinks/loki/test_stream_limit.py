"""Loki has as many streams as it lets, or one is too fast: the others go on."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.relay.support import running, until
from tests.sinks.loki.loki_ingester import Limits
from tests.sinks.loki.loki_texts import VERSIONS
from tests.sinks.loki.makers import BatchOf, RowOf, SinkOf
from tests.sinks.loki.strict_loki import StrictLoki

from mothership.errors import Deferred, Transient
from mothership.event import Row, RowBatch


@pytest.fixture(params=list(VERSIONS))
async def loki(request: pytest.FixtureRequest) -> AsyncIterator[StrictLoki]:
    """A Loki of each version that takes three streams, and a clock that is turned by hand."""
    now = time.time()
    async with StrictLoki(Limits(max_streams=3), clock=lambda: now, words=VERSIONS[request.param]) as server:
        yield server


async def test_streams_that_can_be_had_are_stored(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """The rows of the others are named; nothing is retried, nothing of them stored."""
    sink = sink_of(loki)
    await sink.write([batch(*[row("before", hostname=f"h{n}") for n in range(2)])])
    rows = [row(f"{n}", hostname=f"h{n % 5}") for n in range(20)]
    with pytest.raises(Deferred, match="max_global_streams_per_user") as caught:
        await sink.write([batch(*rows)])
    assert len({rows[one.row].source for one in caught.value.deferred}) == 2
    assert len(caught.value.deferred) == 8
    assert loki.counted == 2 + 12
    assert loki.answers[429] == 2


async def test_a_stream_that_can_not_be_had_is_asked_for_once_a_minute(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """And taken when there is room for it."""
    sink = sink_of(loki)
    await sink.write([batch(*[row(hostname=f"h{n}") for n in range(3)])])
    for _ in range(50):
        with pytest.raises(Deferred):
            await sink.write([batch(row("new", hostname="new"), row("known", hostname="h0"))])
    assert loki.answers[429] == 1
    loki.limits.max_streams = 4
    loki.turn(61)
    await sink.write([batch(row("new", hostname="new"))])
    assert loki.counted == 3 + 50 + 1


async def test_what_is_refused_beside_what_waits(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """One write, three fates."""
    sink = sink_of(loki)
    await sink.write([batch(*[row(hostname=f"h{n}") for n in range(3)])])
    old = row("old", hostname="h0", at=time.time() - 8 * 86_400)
    with pytest.raises(Deferred) as caught:
        await sink.write([batch(row("new", hostname="new"), old, row("fine", hostname="h1"))])
    assert [one.row for one in caught.value.deferred] == [0]
    assert [one.row for one in caught.value.refused] == [1]
    assert loki.counted == 4


async def test_known_streams_flow_past_those_that_can_not_be_had(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, tmp_path: Path
) -> None:
    """Every request holds a new stream: none stops the known ones, and once there is room all is stored once."""
    sink, later = sink_of(loki), [0.0]
    async with running(tmp_path, sink, batch_size=20, ticks=lambda: time.monotonic() + later[0]) as relay:

        async def keep(number: int, *rows: Row) -> None:
            await relay.keep(RowBatch(number.to_bytes(32, "big"), "r", int(time.time() * 1e6), rows))

        await keep(0, *[row("known", hostname=f"h{n}") for n in range(3)])
        for number in range(1, 41):
            await keep(number, row(f"{number}", hostname=f"h{number % 3}"), row(f"{number}", hostname=f"n{number % 8}"))
        status = relay.status().sinks["loki"]
        assert (status.breaker, status.healthy, status.queued_events) == ("closed", False, 40)
        assert "max_global_streams_per_user" in status.reason
        assert loki.counted == 43
        loki.limits.max_streams = 100
        loki.turn(61)
        later[0] += 16.0
        await until(lambda: relay.status().sinks["loki"].queued_events == 0)
        assert relay.status().sinks["loki"].healthy
    assert loki.counted == len(loki.lines) == 83


async def test_a_stream_over_its_own_rate_does_not_stop_the_others(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """Alone in its push or among others: they are stored, and what is left is sent later."""
    loki.limits.max_streams, loki.limits.stream_rate_bytes, loki.limits.stream_burst_bytes = 100, 2000, 2000
    sink = sink_of(loki, max_retries=0)
    fast = [row("x" * 900, hostname="fast", n=n) for n in range(2)]
    for known in (False, True):
        loki.turn(60)
        rows = [row(f"{known}", hostname=f"h{n}") for n in range(20)]
        await sink.write([batch(fast[known])])
        before = loki.counted
        with pytest.raises(Transient, match="per_stream_rate_limit"):
            await sink.write([batch(*rows, *[row("y" * 900, hostname="fast", n=n) for n in range(2)])])
        assert loki.counted >= before + 20


async def test_pushes_that_fail_for_more_than_five_seconds_are_no_health(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """Though `/ready` says it is well; the first push that is taken ends it."""
    loki.limits.max_streams, loki.limits.burst_bytes = 100, 10.0
    sink = sink_of(loki, max_retries=0)
    for seconds in (0, 4, 2):
        assert (await sink.health()).healthy
        loki.turn(seconds)
        with pytest.raises(Transient):
            await sink.write([batch(row())])
    assert await sink.health() == (False, "Loki answers 429: the tenant's rate limit (ingestion_rate_mb)")
    loki.limits.burst_bytes, loki.tenant = 1e6, None
    await sink.write([batch(row())])
    assert (await sink.health()).healthy
