"""Which events travel together: as many as may, and none whose refusal Loki would hide."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.relay.support import settings
from tests.sinks.loki.loki_ingester import Limits
from tests.sinks.loki.makers import BatchOf, RowOf, SinkOf
from tests.sinks.loki.strict_loki import Disturbance, StrictLoki

from mothership.assembly import routes
from mothership.config import Settings
from mothership.errors import Permanent, Transient
from mothership.event import Row, RowBatch
from mothership.live_tail.live_tail import LiveTail
from mothership.relay.relay import Relay
from mothership.sinks.loki.sink import LokiSink

MINUTE = 60.0
HOSTS = 40


def _rows(row: RowOf, text: str, at: float) -> list[Row]:
    return [row(text, hostname=f"h{host}", at=at + host / 1000) for host in range(HOSTS)]


async def _pushes_of(loki: StrictLoki, sink: LokiSink, batch: BatchOf, rows: Sequence[Row]) -> int:
    """How many pushes a write takes."""
    before = len(loki.pushes)
    await sink.write([batch(*rows)])
    return len(loki.pushes) - before


async def test_events_that_no_other_writer_can_make_late_share_a_push(
    sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """Another instance has sent each stream the newest line that Loki takes: 44 minutes are still within its hour."""
    now = time.time()
    async with StrictLoki(Limits(), clock=lambda: now) as loki:
        sink, other = sink_of(loki), sink_of(loki)
        await sink.write([batch(*_rows(row, "first", now - 44 * MINUTE))])
        await other.write([batch(*_rows(row, "ahead", now + 9.9 * MINUTE))])
        assert await _pushes_of(loki, sink, batch, _rows(row, "second", now - 44 * MINUTE)) == 1
        assert loki.counted == 3 * HOSTS


async def test_events_that_another_writer_can_make_late_travel_alone(
    sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """These streams took older lines, then another instance went ahead: none vanishes behind a 204."""
    now = time.time()
    async with StrictLoki(Limits(), clock=lambda: now) as loki:
        sink, other = sink_of(loki), sink_of(loki)
        await sink.write([batch(*_rows(row, "first", now - 58 * MINUTE))])
        await other.write([batch(*_rows(row, "ahead", now + 9.9 * MINUTE))])
        with pytest.raises(Permanent) as caught:
            await sink.write([batch(*_rows(row, "second", now - 57 * MINUTE))])
        assert len(caught.value.failed) == HOSTS
        assert loki.counted == 2 * HOSTS


async def test_a_rate_limit_does_not_make_known_streams_strangers(sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """Loki answers, so it has not been restarted: what follows the 429 shares a push as before."""
    clock = [time.time()]
    async with StrictLoki(Limits(rate_bytes=1e4, burst_bytes=1e4), clock=lambda: clock[0]) as loki:
        sink = sink_of(loki, max_retries=0)
        await sink.write([batch(*_rows(row, "first", clock[0]))])
        with pytest.raises(Transient, match="429"):
            await sink.write([batch(*_rows(row, "x" * 300, clock[0]))])
        clock[0] += 60
        assert await _pushes_of(loki, sink, batch, _rows(row, "third", clock[0])) <= 3


async def test_after_an_outage_each_stream_is_asked_for_alone(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """Loki may have been restarted, and know no stream any more."""
    sink = sink_of(loki, max_retries=0)
    await sink.write([batch(*_rows(row, "first", time.time()))])
    for trouble in (Disturbance(status=503), Disturbance(cut=True)):
        loki.next.append(trouble)
        with pytest.raises(Transient):
            await sink.write([batch(*_rows(row, "second", time.time()))])
        assert await _pushes_of(loki, sink, batch, _rows(row, "third", time.time())) == HOSTS


async def test_what_a_failed_write_has_settled_is_not_sent_again(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """However the spool cuts what follows: one batch alone first, as after a failure, and then the others."""
    sink, now = sink_of(loki, max_retries=0, concurrent_pushes=1), time.time()
    batches = [
        batch(
            *[row(f"{number}", hostname=f"h{number} {n}", at=now) for n in range(5)], fingerprint=bytes([number] * 32)
        )
        for number in range(4)
    ]
    loki.next.extend([*[Disturbance(status=204, stored=True)] * 12, Disturbance(status=503)])
    with pytest.raises(Transient):
        await sink.write(batches)
    await sink.write(batches[:1])
    loki.next.append(Disturbance(status=503))
    with pytest.raises(Transient):
        await sink.write(batches[1:3])
    await sink.write(batches[3:])
    await sink.write(batches[1:3])
    sent = [entry for push in loki.pushes for stream in push.streams for entry in stream.entries]
    assert len(sent) == len(set(sent)) == loki.counted == 20


async def test_what_is_kept_of_failed_writes_is_bounded(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches that never come again, as those that went to the dead letters, are forgotten."""
    monkeypatch.setattr("mothership.sinks.loki.settled_rows.ROWS_MAX", 20)
    sink = sink_of(loki, max_retries=0, concurrent_pushes=1)
    for number in range(10):
        loki.next.extend([*[Disturbance(status=204, stored=True)] * 4, Disturbance(status=503)])
        with pytest.raises(Transient):
            await sink.write(
                [batch(*[row(hostname=f"{number} {n}") for n in range(5)], fingerprint=bytes([number] * 32))]
            )
    assert sink._settled_before.count == 20
    loki.turn(601)
    await sink.write([batch(row())])
    assert sink._settled_before.count == 0


async def test_small_requests_share_pushes(loki: StrictLoki, sink_of: SinkOf, row: RowOf, tmp_path: Path) -> None:
    """201 requests of one event each, by the route that the service makes, whose time never comes here."""
    sink = sink_of(loki, batch_size=20)
    configured = Settings.model_validate({"sinks": {"loki": {"enabled": True, "url": loki.url, "batch_size": 20}}})
    [route] = routes(configured, None, sink, LiveTail(configured.live_tail))
    assert (route.batch_size, route.full_rows, route.gather_seconds) == (80, 20, 0.02)
    relay = await Relay.open(tmp_path, settings(), [replace(route, gather_seconds=3600.0)])
    task = asyncio.create_task(relay.run())

    async def keep(number: int) -> None:
        await relay.keep(RowBatch(number.to_bytes(32, "big"), "r", int(time.time() * 1e6), [row(f"{number}")]))

    await keep(0)
    await asyncio.gather(*map(keep, range(1, 201)))
    await relay.close(1.0)
    await task
    assert loki.counted == 201
    assert len(loki.pushes) <= 21
