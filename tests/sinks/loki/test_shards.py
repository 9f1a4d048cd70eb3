"""Loki divides a busy stream into shards and answers for the last of them: no late event vanishes behind it."""

import time

import pytest
from tests.sinks.loki.loki_ingester import Limits
from tests.sinks.loki.makers import BatchOf, Naps, RowOf, SinkOf
from tests.sinks.loki.strict_loki import Disturbance, StrictLoki

from mothership.errors import Permanent
from mothership.event import Row

HOUR = 3600.0


def _fates(loki: StrictLoki, rows: list[Row], refused: set[int]) -> tuple[int, int]:
    """How many are nowhere, and how many are at rest and set aside."""
    stored = {(entry.ns, entry.line) for entry in loki.entries}
    at_rest = [(one.ts * 1000, one.data.decode()) in stored for one in rows]
    nowhere = sum(not (rest or number in refused) for number, rest in enumerate(at_rest))
    return nowhere, sum(rest and number in refused for number, rest in enumerate(at_rest))


async def test_late_events_of_a_busy_stream_are_at_rest_or_named(sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """The last shard is new and takes its part; the others refuse theirs, and Loki says 204."""
    clock = [time.time()]
    limits = Limits(rate_bytes=1e9, burst_bytes=1e9, shard_bytes=20_000)
    async with StrictLoki(limits, clock=lambda: clock[0]) as loki:
        sink = sink_of(loki, batch_size=1000, shard_bytes_per_second=20_000)
        for second in range(3):
            fresh = [row("x" * 100, hostname="h", at=clock[0], n=n, second=second) for n in range(1000)]
            await sink.write([batch(*fresh)])
            clock[0] += 1
        [rate] = loki.ingester.rates.values()
        rate.look(clock[0])
        shards = -int(-rate.bytes // 20_000)
        rate.next_shard = 0
        last = next(key for key in loki.streams if ("__stream_shard__", str(shards - 1)) in key)
        del loki.streams[last]  # as Loki forgets one that idles
        before = loki.counted
        late = [row("late", hostname="h", at=clock[0] - 3 * HOUR + n) for n in range(50)]
        with pytest.raises(Permanent) as caught:
            await sink.write([batch(*late)])
        assert shards > 3
        assert loki.counted - before + len(caught.value.failed) == 50
        assert _fates(loki, late, {one.row for one in caught.value.failed}) == (0, 0)


async def test_late_events_of_a_quiet_stream_share_a_push(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """An answer is about all of them there."""
    sink, now = sink_of(loki), time.time()
    await sink.write([batch(row("first", hostname="h", at=now))])
    with pytest.raises(Permanent) as caught:
        await sink.write([batch(*[row("late", hostname="h", at=now - 3 * HOUR + n) for n in range(50)])])
    assert len(caught.value.failed) == 50
    assert len(loki.pushes) == 2


async def test_a_backlog_in_order_is_not_pushed_one_by_one(sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """It is old, and not behind: once its oldest was taken, the rest of it goes in full pushes, however busy."""
    async with StrictLoki(Limits(rate_bytes=1e9, burst_bytes=1e9)) as loki:
        sink, now = sink_of(loki, shard_bytes_per_second=200_000), time.time()
        rows = [row("x" * 200, hostname="h", at=now - 5 * HOUR + n * 5) for n in range(3000)]
        await sink.write([batch(*rows)])
        assert loki.counted == 3000
        assert len(loki.pushes) < 60


@pytest.mark.parametrize("cut", ["every answer", "one answer"])
async def test_what_is_sent_again_is_mostly_known_again(
    sink_of: SinkOf, row: RowOf, batch: BatchOf, naps: Naps, cut: str
) -> None:
    """20,000 events whose answers were cut once counted 40,000: Loki knows a copy within its block only."""
    async with StrictLoki(Limits(rate_bytes=1e9, burst_bytes=1e9, shard_bytes=0)) as loki:
        sink, now = sink_of(loki, batch_size=1000), time.time()
        rows = [row("x" * 300, hostname="h", at=now - 10 + n / 2000, n=n) for n in range(20_000)]
        if cut == "every answer":
            for start in range(0, 20_000, 1000):
                # Each first answer of a write is lost: 64 KB of it is sent twice.
                loki.next.append(Disturbance(cut=True, stored=True))
                await sink.write([batch(*rows[start : start + 1000])])
        else:
            loki.next.append(Disturbance(cut=True, stored=True))
            await sink.write([batch(*rows)])
        assert len(loki.lines) == 20_000
        assert loki.counted - 20_000 <= (1200 if cut == "every answer" else 200)
        assert naps.seconds
