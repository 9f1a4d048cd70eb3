"""A sink that takes some rows and can't take others yet: nobody waits for the others, and none is lost or doubled."""

import time
from collections.abc import Sequence
from pathlib import Path

from tests.relay.support import rows_batch, running, until

from mothership.errors import Deferred, FailedRow, Transient
from mothership.event import RowBatch, Tally
from mothership.sinks.memory import MemorySink


class CrowdedSink(MemorySink):
    """Has no room for rows that hold the marker, until it has."""

    def __init__(self, crowded: bytes, refused: bytes = b"\xff") -> None:
        super().__init__()
        self.crowded, self.refused = crowded, refused
        self.asked = 0

    async def write(self, batches: Sequence[RowBatch]) -> frozenset[int]:
        """Store what there is room for."""
        deferred, bad = (
            [
                FailedRow(at, n, "why")
                for at, batch in enumerate(batches)
                for n, row in enumerate(batch.rows)
                if mark in row.data
            ]
            for mark in (self.crowded, self.refused)
        )
        self.asked += len(deferred)
        named = {(one.batch, one.row) for one in (*deferred, *bad)}
        sound = [
            RowBatch(b.fingerprint, b.request_id, b.received, [r for j, r in enumerate(b.rows) if (i, j) not in named])
            for i, b in enumerate(batches)
        ]
        duplicates = await super().write(sound)
        if deferred:
            raise Deferred("no room", deferred, refused=bad)
        return duplicates


async def test_rows_that_can_not_be_had_yet_hold_nobody_up(tmp_path: Path) -> None:
    """Every batch has one of them; all others flow, at a closed breaker, and health says what waits."""
    sink, later = CrowdedSink(b'-1"'), [0.0]
    async with running(tmp_path, sink, ticks=lambda: time.monotonic() + later[0]) as relay:
        receipts = [await relay.keep(rows_batch(number)) for number in range(20)]
        assert {receipt.sinks["memory"] for receipt in receipts} == {Tally(2, 1, 0)}
        status = relay.status().sinks["memory"]
        assert (status.breaker, status.healthy, status.queued_events) == ("closed", False, 20)
        assert status.reason == "no room (20 batches waiting)"
        assert len(sink.rows) == 40
        sink.crowded = b"\xff"
        later[0] += 16.0
        await until(lambda: len(sink.rows) == 60)
        await until(lambda: relay.status().sinks["memory"].healthy)
    assert len(set(sink.rows)) == 60


async def test_they_are_asked_for_more_and_more_seldom(tmp_path: Path) -> None:
    """A pause that doubles, not a try with each write."""
    sink = CrowdedSink(b'-1"')
    async with running(tmp_path, sink) as relay:
        for number in range(50):
            await relay.keep(rows_batch(number))
    assert sink.asked == 50


async def test_what_is_put_off_outlasts_the_process(tmp_path: Path) -> None:
    """It is on disk, as a batch of its own; nothing of the others is written again."""
    sink = CrowdedSink(b'-1"')
    async with running(tmp_path, sink) as relay:
        await relay.keep(rows_batch(1))
    sink.crowded = b"\xff"
    async with running(tmp_path, sink) as relay:
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
    assert len(sink.rows) == len(set(sink.rows)) == 3


async def test_what_expires_while_it_waits_is_no_trouble_for_ever(tmp_path: Path) -> None:
    """It is in the dead letters then, and the sink is well."""
    sink, later = CrowdedSink(b'-1"'), [0.0]
    spool = {"max_age_seconds": 0.2}
    async with running(tmp_path, sink, ticks=lambda: time.monotonic() + later[0], spool=spool) as relay:
        await relay.keep(rows_batch(1))
        await until(lambda: relay.status().dead_letters.events == 1)
        later[0] += 16.0
        await until(lambda: relay.status().sinks["memory"].healthy)


async def test_refused_and_deferred_rows_of_one_write(tmp_path: Path) -> None:
    """One goes to the dead letters, one waits, one is stored; a batch all of whose rows wait stays as it is."""
    sink = CrowdedSink(b'-1"', b'-2"')
    async with running(tmp_path, sink) as relay:
        receipt = await relay.keep(rows_batch(1))
        assert receipt.sinks["memory"] == Tally(1, 1, 1)
        sink.crowded = b'"n"'
        assert (await relay.keep(rows_batch(2, 2))).sinks["memory"] == Tally(0, 2, 0)
        assert relay.status().sinks["memory"].queued_events == 3
        await until(lambda: relay.status().dead_letters.events == 1)


async def test_too_many_that_wait_go_to_the_dead_letters(tmp_path: Path) -> None:
    """The bound, and what happens past it."""
    sink = CrowdedSink(b'-1"')
    async with running(tmp_path, sink, retry={"deferred_batches": 5}) as relay:
        for number in range(8):
            await relay.keep(rows_batch(number))
        await until(lambda: relay.status().dead_letters.events == 3)
        assert relay.status().sinks["memory"].queued_events == 5
    assert len(sink.rows) == 16


async def test_a_long_pause_is_not_health(tmp_path: Path) -> None:
    """One 429 with a far `Retry-After`: the breaker is closed, and nothing moves for two minutes."""
    sink = MemorySink()
    sink.failures = [Transient("come again", retry_after_seconds=120.0)]
    async with running(tmp_path, sink, answer_seconds=0.01) as relay:
        await relay.keep(rows_batch(1))
        await until(lambda: relay.status().sinks["memory"].retries == 1)
        status = relay.status().sinks["memory"]
        assert (status.breaker, status.healthy, status.reason) == ("closed", False, "come again")
