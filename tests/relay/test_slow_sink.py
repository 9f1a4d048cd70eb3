"""A sink that takes rows slowly: what it can't take in the time of one write is written in less at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.relay.support import rows_batch, running, until

from mothership.event import RowBatch
from mothership.ports import Health
from mothership.relay.write_size import QUICK_WRITES, WriteSize
from mothership.sinks.memory import MemorySink

SECONDS = {"write_seconds": 0.2}


class SlowSink(MemorySink):
    """Takes so many rows in the time that a write has; of more it is never through."""

    def __init__(self, rows_in_time: int, *, commits_late: bool = False) -> None:
        super().__init__()
        self.rows_in_time = rows_in_time
        self.commits_late = commits_late
        """Whether what takes too long is stored all the same."""
        self.begun: list[int] = []
        """Rows of each write."""

    async def write(self, batches: Sequence[RowBatch]) -> frozenset[int]:
        """Store what is not too much."""
        rows = sum(len(batch.rows) for batch in batches)
        self.begun.append(rows)
        if rows > self.rows_in_time:
            if self.commits_late:
                await super().write(batches)
            await asyncio.Event().wait()
        return await super().write(batches)

    async def health(self) -> Health:
        """It is well, only slow."""
        return Health(healthy=True)


class HangingSink(SlowSink):
    """Is never through with a write that holds a certain event."""

    def __init__(self, data: bytes) -> None:
        super().__init__(1000)
        self.data = data

    async def write(self, batches: Sequence[RowBatch]) -> frozenset[int]:
        """Store what does not hold it."""
        if any(self.data in row.data for batch in batches for row in batch.rows):
            await asyncio.Event().wait()
        return await super().write(batches)


@pytest.mark.parametrize("rows", [10, 40, 300])
@pytest.mark.parametrize("writers", [1, 2])
async def test_what_is_too_much_at_once_is_written_in_less(tmp_path: Path, rows: int, writers: int) -> None:
    """Batches that are too much together, and such as are too much alone, over and over: no event lost, none twice."""
    sink = SlowSink(25)
    async with running(tmp_path, sink, answer_seconds=0.01, writers=writers, retry=SECONDS) as relay:
        for number in range(8):
            await relay.keep(rows_batch(number, rows))
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
        await until(lambda: relay.status().sinks["memory"].healthy)
        assert relay.status().dead_letters.events == 0
    assert len(sink.rows) == len(set(sink.rows)) == 8 * rows


async def test_parts_come_in_the_order_of_their_events(tmp_path: Path) -> None:
    """Where a sink has one writer, and nothing else fails."""
    sink = SlowSink(20)
    async with running(tmp_path, sink, answer_seconds=0.01, retry=SECONDS) as relay:
        await relay.keep(rows_batch(1, 150))
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
    assert sink.rows == rows_batch(1, 150).rows


@pytest.mark.parametrize("rows", [10, 300])
async def test_what_is_stored_too_late_to_be_told_is_stored_once(tmp_path: Path, rows: int) -> None:
    """A commit that comes after the time is up: halves, and halves of halves, know the whole."""
    sink = SlowSink(25, commits_late=True)
    async with running(tmp_path, sink, answer_seconds=0.01, retry=SECONDS) as relay:
        await asyncio.gather(*(relay.keep(rows_batch(number, rows)) for number in range(8)))
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
    assert len(sink.rows) == len(set(sink.rows)) == 8 * rows


async def test_a_retry_that_is_too_much_comes_in_parts_that_are_all_stored(tmp_path: Path) -> None:
    """Its identity is that of its content. A part that was stored says nothing of the others."""
    sink = SlowSink(25)
    whole = rows_batch(1, 150)
    async with running(tmp_path, sink, answer_seconds=0.01, retry=SECONDS) as relay:
        await relay.keep(replace(whole, content=whole.fingerprint))
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
    assert sink.rows == whole.rows


async def test_as_much_as_before_is_written_once_the_sink_is_quick_again(tmp_path: Path) -> None:
    """A slow hour is no reason for small writes ever after."""
    sink = SlowSink(5)
    async with running(tmp_path, sink, answer_seconds=0.01, retry=SECONDS) as relay:
        await relay.keep(rows_batch(0, 100))
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
        sink.rows_in_time = 1000
        sink.begun.clear()
        number = 0
        while max(sink.begun, default=0) < 100:
            number += 1
            await relay.keep(rows_batch(number, 100))
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
    assert len(sink.rows) == len(set(sink.rows)) == 100 * (number + 1)


async def test_an_event_that_is_never_through_is_found_and_holds_nobody_up(tmp_path: Path) -> None:
    """A sink that others are no trouble for: the one event is set aside, all others are stored once."""
    sink = HangingSink(b"5-32")
    async with running(tmp_path, sink, answer_seconds=0.01, retry={"write_seconds": 0.1}) as relay:
        for number in range(10):
            await relay.keep(rows_batch(number, 50))
        await until(lambda: len(sink.rows) >= 9 * 50)
        while relay.status().dead_letters.events < 1:
            number += 1
            await relay.keep(rows_batch(number, 1))
            await asyncio.sleep(0.01)
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
        assert relay.status().dead_letters.events == 1
    assert len(sink.rows) == len(set(sink.rows)) == 9 * 50 + 49 + number - 9


def test_what_was_too_much_is_tried_again_after_a_while() -> None:
    """Half as much at once, and twice as much when that was quick; but what failed last only after many."""
    size = WriteSize(1000, 60.0)
    assert size.rows == 1000
    assert not size.is_too_much(5000)
    size.record_timeout(1000)
    size.record_timeout(500)
    assert size.rows == 250
    size.record_success(100, 0.1)
    size.record_success(250, 40.0)
    assert size.rows == 250
    for _ in range(QUICK_WRITES - 1):
        size.record_success(250, 5.0)
    assert size.rows == 250
    size.record_success(250, 5.0)
    assert size.rows == 500
    size.record_success(500, 5.0)
    assert size.rows == 1000
    assert not size.is_too_much(5000)


async def test_a_repeat_is_told_of_all_parts_that_wait(tmp_path: Path) -> None:
    """However often its first transmission came apart."""
    sink = SlowSink(25)
    whole = rows_batch(1, 150)
    async with running(tmp_path, sink, answer_seconds=0.01, retry=SECONDS) as relay:
        await relay.keep(whole)
        await until(lambda: 0 < len(sink.rows) < 150)
        sink.rows_in_time = 0
        waiting = relay.status().sinks["memory"].queued_events
        receipt = await relay.keep(whole)
        assert receipt.duplicate
        assert receipt.sinks["memory"].queued >= relay.status().sinks["memory"].queued_events
        assert receipt.sinks["memory"].queued <= waiting
        sink.rows_in_time = 25
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
    assert sink.rows == whole.rows
