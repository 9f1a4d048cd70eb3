"""Small batches in quick succession share a write, where each costs much; an idle sink gets them at once."""

import asyncio
import time
from pathlib import Path

from tests.relay.support import ToxicSink, rows_batch, settings, until

from mothership.event import Tally
from mothership.relay.relay import Relay
from mothership.relay.sink_route import SinkRoute

FOR_EVER = 3600.0


async def _open(tmp_path: Path, route: SinkRoute) -> tuple[Relay, asyncio.Task[None]]:
    relay = await Relay.open(tmp_path, settings(), [route])
    return relay, asyncio.create_task(relay.run())


async def test_the_first_is_written_at_once_and_those_that_follow_together(tmp_path: Path) -> None:
    """A write that is worth it begins before its time: nobody waits for it."""
    sink = ToxicSink()
    relay, task = await _open(tmp_path, SinkRoute(sink, batch_size=100, gather_seconds=FOR_EVER, full_rows=30))
    assert (await relay.keep(rows_batch(0))).sinks["memory"] == Tally(3, 0, 0)
    await asyncio.gather(*(relay.keep(rows_batch(number)) for number in range(1, 11)))
    await asyncio.gather(*(relay.keep(rows_batch(number)) for number in range(11, 21)))
    assert sink.writes == [3, 30, 30]
    await relay.close(1.0)
    await task


async def test_more_than_is_waited_for_is_written_if_it_is_there(tmp_path: Path) -> None:
    """`full_rows` ends the wait; `batch_size` bounds the write."""
    sink = ToxicSink()
    relay, task = await _open(tmp_path, SinkRoute(sink, batch_size=60, gather_seconds=FOR_EVER, full_rows=30))
    sink.open_for_writes.clear()
    kept = [asyncio.create_task(relay.keep(rows_batch(0)))]
    await until(lambda: sink.begun == [3])
    kept += [asyncio.create_task(relay.keep(rows_batch(number))) for number in range(1, 31)]
    await until(lambda: relay.status().sinks["memory"].queued_events == 93)
    sink.open_for_writes.set()
    await asyncio.gather(*kept)
    assert sink.writes == [3, 60, 30]
    await relay.close(1.0)
    await task


async def test_the_wait_for_company_has_an_end(tmp_path: Path) -> None:
    """Counted from where the write before it began."""
    sink = ToxicSink()
    relay, task = await _open(tmp_path, SinkRoute(sink, gather_seconds=0.2))
    began = time.monotonic()
    for number in range(3):
        await relay.keep(rows_batch(number))
    assert time.monotonic() - began >= 0.4
    assert sink.writes == [3, 3, 3]
    await relay.close(1.0)
    await task


async def test_a_service_that_ends_waits_for_no_company(tmp_path: Path) -> None:
    """What is there is delivered."""
    sink = ToxicSink()
    relay, task = await _open(tmp_path, SinkRoute(sink, gather_seconds=FOR_EVER))
    await relay.keep(rows_batch(0))
    await until(lambda: relay.status().sinks["memory"].queued_events == 0)
    kept = asyncio.create_task(relay.keep(rows_batch(1)))
    await until(lambda: relay.status().sinks["memory"].queued_events == 3)
    await relay.close(60.0)
    await asyncio.gather(task, kept)
    assert sink.writes == [3, 3]
