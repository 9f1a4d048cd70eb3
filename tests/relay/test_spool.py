"""What the disk promises: bounds, refusals that pass, leftovers, dead letters, poison."""

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.spools import LIMITS, append
from tests.relay.support import ToxicSink, rows_batch, running, settings, until
from tests.starvation import PATIENCE_SECONDS

from mothership import telemetry
from mothership.errors import ConfigurationError, NotPersisted, Transient
from mothership.event import RowBatch, Tally
from mothership.leases import Lease, LeaseLimits
from mothership.relay.relay import Relay
from mothership.relay.sink_route import SinkRoute
from mothership.relay.spool.batch_cache import BatchCache
from mothership.relay.spool.check import check_spool
from mothership.relay.spool.dead_letter_admin import DeadLetterAdmin
from mothership.relay.spool.file_spool import FileSpool
from mothership.relay.spool.record import weight
from mothership.relay.spool.schema import connect
from mothership.sinks.memory import MemorySink


def spool_file(tmp_path: Path, number: int = 0) -> Path:
    return tmp_path / "spool" / f"spool-{number}.sqlite"


def connection_of(relay: Relay) -> sqlite3.Connection:
    """Of the spool's own file, to give it a disk's trouble."""
    spool = relay._spool
    assert isinstance(spool, FileSpool)
    return spool._writer.file.connection


async def test_one_fsync_serves_every_request_that_waits(tmp_path: Path) -> None:
    """Group commit: a hundred requests at once need a few commits, not a hundred."""

    def commits() -> float:
        (metric,) = telemetry.spool_fsync_seconds.collect()
        return next(float(sample.value) for sample in metric.samples if sample.name.endswith("_count"))

    relay = await Relay.open(tmp_path, settings(answer_seconds=0.0), [SinkRoute(MemorySink())])
    before = commits()
    await asyncio.gather(*(relay.keep(rows_batch(number)) for number in range(300)))
    assert commits() - before < 60
    await relay.close()


async def test_what_comes_in_one_round_of_the_event_loop_is_one_transaction(tmp_path: Path) -> None:
    """However soon the thread wakes; and what became of leases goes with it."""
    spool = await FileSpool.open(tmp_path, settings(), time.time)
    file = spool._writer.file
    transactions: list[bool] = []
    begin = file.begin

    def counted(*, durable: bool) -> None:
        transactions.append(durable)
        begin(durable=durable)

    async def committed(lease: Lease) -> None:
        await spool.commit(lease)

    async def slow() -> None:
        time.sleep(0.02)  # noqa: ASYNC251 - the loop is kept in this round, and the thread is not

    await asyncio.gather(*(append(spool, rows_batch(number), "a") for number in range(3)))
    leases = [await spool.lease("a", LeaseLimits(rows=3, bytes=1 << 20, poison_attempts=5)) for _ in range(3)]
    file.begin = counted
    for number, lease in enumerate(leases):
        assert lease is not None
        first, second = (append(spool, rows_batch(10 + 2 * number + other), "a") for other in range(2))
        await asyncio.gather(committed(lease), slow(), first, slow(), second)
    assert transactions == [True] * 3
    assert spool.totals("a").batches == 6
    await spool.close()


async def test_a_delivery_that_nothing_follows_is_recorded_all_the_same(tmp_path: Path) -> None:
    """By itself."""
    spool = await FileSpool.open(tmp_path, settings(), time.time)
    await append(spool, rows_batch(1), "a")
    lease = await spool.lease("a", LIMITS)
    assert lease is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        await spool.commit(lease)
    assert spool.waiting() == {}
    await spool.close()


async def test_a_courier_with_nothing_to_do_leaves_the_file_alone(tmp_path: Path) -> None:
    """But what was released it gets at once, and what others put there soon."""
    spool = await FileSpool.open(tmp_path, settings(), time.time)
    await append(spool, rows_batch(1), "a")
    lease = await spool.lease("a", LIMITS)
    assert lease is not None
    spool._looked["a"] = float("inf")
    submit, asked = spool._writer.submit, []

    def counted(*arguments: Any, **options: Any) -> Any:
        asked.append(options)
        return submit(*arguments, **options)

    spool._writer.submit = counted
    assert await spool.lease("a", LIMITS) is None
    assert asked == []
    spool.release(lease)
    assert (await spool.lease("a", LIMITS) or lease).attempts == (2,)
    spool._looked.clear()
    assert await spool.lease("a", LIMITS) is None
    assert len(asked) == 3
    await spool.close()


async def test_nobody_else_can_read_the_spool(tmp_path: Path) -> None:
    """Redacted or not, it is the service's alone: file, log and directory."""
    async with running(tmp_path, MemorySink()) as relay:
        await relay.keep(rows_batch(1))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "spool").iterdir()}
        assert set(modes.values()) == {0o600}, modes
        assert len(modes) == 5
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700


async def test_a_full_spool_refuses_and_takes_again_when_there_is_room(tmp_path: Path) -> None:
    """At the bound of bytes: 503 with a time, nothing acknowledged; after the sink is back, as ever."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    bounds = {"max_bytes": 3000}
    async with running(tmp_path, sink, answer_seconds=0.0, spool=bounds) as relay:
        kept = 0
        refusal = None
        while refusal is None:
            try:
                await relay.keep(rows_batch(kept))
                kept += 1
            except NotPersisted as error:
                refusal = error
        assert "max_bytes" in refusal.reason
        assert refusal.retry_after_seconds > 0
        assert 2 < kept < 10
        sink.open_for_writes.set()
        await until(lambda: len(sink.rows) == 3 * kept)
        await until(lambda: relay.status().spool.bytes == 0)
        await relay.keep(rows_batch(50))


@pytest.mark.parametrize("trouble", ["PRAGMA max_page_count=1", "PRAGMA query_only=ON"], ids=["full", "read-only"])
async def test_a_disk_that_refuses_is_no_loss_and_no_end(tmp_path: Path, trouble: str) -> None:
    """SQLITE_FULL and SQLITE_READONLY: new batches get 503, kept ones are delivered, and it passes by itself."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    async with running(tmp_path, sink, answer_seconds=0.0) as relay:
        for number in range(10):
            await relay.keep(rows_batch(number, 50))
        link = connection_of(relay)
        link.execute(trouble)
        with pytest.raises(NotPersisted) as refusal:  # noqa: PT012 - there may be a little room left
            for number in range(10, 40):
                await relay.keep(rows_batch(number, 2000))
        assert "SQLITE_" in refusal.value.reason
        sink.open_for_writes.set()
        await until(
            lambda: {row.data for row in sink.rows} >= {r.data for n in range(10) for r in rows_batch(n, 50).rows}
        )
        link.execute("PRAGMA max_page_count=1000000")
        link.execute("PRAGMA query_only=OFF")
        await relay.keep(rows_batch(77))
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
        assert relay.status().spool.healthy
    assert len(sink.rows) == len(set(sink.rows))


async def test_what_waits_too_long_goes_to_the_dead_letters(tmp_path: Path) -> None:
    """The bound of age: not lost, but set aside with its reason, and a retry delivers it."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    async with running(tmp_path, sink, answer_seconds=0.0, batch_size=3, spool={"max_age_seconds": 2.0}) as relay:
        for number in range(5):
            await relay.keep(rows_batch(number))
        await until(lambda: relay.status().dead_letters.events == 12)  # the first is in the sink's hands
        box = DeadLetterAdmin(tmp_path)
        assert all("max_age_seconds" in view.reason for view in box.views())
        sink.open_for_writes.set()
        assert box.retry(None, "memory") == 12
        await until(lambda: len(sink.rows) == 15)
        assert list(box.views()) == []
    assert len(set(sink.rows)) == 15


async def test_dead_letters_can_be_seen_retried_and_dropped_beside_a_live_service(tmp_path: Path) -> None:
    """Refused for good, then put right: the retry reaches the sink under an identity of its own."""
    sink = ToxicSink(poison=b"-1")
    async with running(tmp_path, sink) as relay:
        for number in (1, 2, 3):
            assert (await relay.keep(rows_batch(number))).sinks["memory"] == Tally(2, 0, 1)
        box = DeadLetterAdmin(tmp_path)
        views = list(box.views())
        assert [(view.sink, view.events, view.reason) for view in views] == [("memory", 1, "not taken")] * 3
        assert [row.data for row in box.rows(views[0].id)] == [b'{"n":"1-1"}']
        assert box.drop([views[2].id], None) == 1
        sink.poison = b"\xff"
        assert box.retry([views[0].id], None) == 1
        await until(lambda: len(sink.rows) == 7)
        sink.poison = b"-1"
        assert box.retry(None, None) == 1  # refused again: set aside again
        await until(lambda: [view.request_id for view in box.views()] == ["request-2"])
        assert [found.fault for found in check_spool(tmp_path)] == [""]


async def test_old_dead_letters_give_way_when_there_are_too_many(tmp_path: Path) -> None:
    """The bound of the dead letters' bytes: the oldest go."""
    sink = ToxicSink(poison=b"-1")
    async with running(tmp_path, sink, dead_letters={"max_bytes": 3000}) as relay:
        for number in range(12):
            await relay.keep(rows_batch(number))
        await until(lambda: 0 < relay.status().dead_letters.events < 8)
        assert max(view.request_id for view in DeadLetterAdmin(tmp_path).views()) == "request-9"


async def test_a_damaged_record_is_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    """One record that can't be read costs its own events, and they are counted."""
    relay = await Relay.open(tmp_path, settings(answer_seconds=0.0), [SinkRoute(MemorySink())])
    for number in range(9):
        await relay.keep(rows_batch(number))
    await relay.close()
    with closing(connect(spool_file(tmp_path))) as link:
        link.execute("UPDATE batches SET record=zeroblob(length(record)) WHERE seq=4")
    assert [found.damaged for found in check_spool(tmp_path)] == [1]
    sink = MemorySink()
    async with running(tmp_path, sink) as relay:
        await until(lambda: len(sink.rows) == 24)
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
    assert len(list(spool_file(tmp_path).with_name("spool-0.sqlite.quarantine").iterdir())) == 1


async def test_no_workers_file_is_orphaned(tmp_path: Path) -> None:
    """Two workers, one dies: the other takes over what it left, dead letters too, and removes the file."""
    dead = await Relay.open(tmp_path, settings(answer_seconds=0.0), [SinkRoute(MemorySink())])
    sink = MemorySink()
    async with running(tmp_path, sink) as relay:
        assert spool_file(tmp_path, 1).exists()
        for number in range(500):
            await dead.keep(rows_batch(number))
        await relay.keep(rows_batch(499))  # the node has sent this one to both
        await dead.close()
        await until(lambda: len(sink.rows) == 1500)
        await until(lambda: not spool_file(tmp_path).exists())
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
    assert len(set(sink.rows)) == 1500


class SlowSink(ToxicSink):
    """Takes its time."""

    async def write(self, batches: Sequence[RowBatch]) -> frozenset[int]:
        """After a moment."""
        await asyncio.sleep(0.01)
        return await super().write(batches)


async def test_a_backlog_drains_at_its_rate_and_starves_nobody(tmp_path: Path) -> None:
    """After an outage what arrives now is written at once, while the past follows in order, no faster than allowed."""
    relay = await Relay.open(tmp_path, settings(answer_seconds=0.0), [SinkRoute(MemorySink())])
    for number in range(100):
        await relay.keep(rows_batch(number, 10))
    await relay.close()
    sink = SlowSink()
    began = time.monotonic()
    async with running(tmp_path, sink, batch_size=20, drain_rate=2000.0) as relay:
        for number in range(1000, 1010):
            assert (await relay.keep(rows_batch(number))).sinks["memory"] == Tally(3, 0, 0)
        drained = len(sink.rows) - 30
        assert drained <= 2000 * (time.monotonic() - began) + 20  # no faster than allowed, but for a first batch
        await until(lambda: len(sink.rows) == 1030)
    assert time.monotonic() - began > 0.4
    old = [row.data for row in sink.rows if int(row.data[6:].split(b"-")[0]) < 1000]
    assert old == [row.data for number in range(100) for row in rows_batch(number, 10).rows]


DEADLY = """
import asyncio, os, signal, sys
from pathlib import Path
from mothership.relay.relay import Relay
from mothership.relay.sink_route import SinkRoute
from tests.relay.support import ToxicSink, rows_batch, settings
class Deadly(ToxicSink):
    async def write(self, batches):
        if any(b"13-1" in row.data for batch in batches for row in batch.rows):
            os.kill(os.getpid(), signal.SIGKILL)
        for batch in batches:
            print("".join(row.data.decode() + "\\n" for row in batch.rows), end="", flush=True)
        return await super().write(batches)
async def main():
    relay = await Relay.open(Path(sys.argv[1]), settings(answer_seconds=0.0, retry={"poison_attempts": 2}),
                             [SinkRoute(Deadly(), batch_size=6)])
    if sys.argv[2] == "first":
        for number in range(20):
            await relay.keep(rows_batch(number))
    task = asyncio.create_task(relay.run())
    while relay.status().sinks["memory"].queued_events:
        await asyncio.sleep(0.01)
    await relay.close(1.0)
    await task
asyncio.run(main())
"""


def test_a_batch_that_kills_the_process_is_set_aside(tmp_path: Path) -> None:
    """Counted before each write: after a few deaths it is written alone, after as many more never. Others arrive."""
    printed: set[bytes] = set()
    lives = 0
    while True:
        process = subprocess.run(
            [sys.executable, "-c", DEADLY, str(tmp_path), "again" if lives else "first"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        printed |= {line for line in process.stdout.split(b"\n") if line.startswith(b"{")}
        lives += 1
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
        assert lives < 10
    assert lives == 5, "two in company, two alone, and the last"
    assert len(printed) == 57
    (view,) = DeadLetterAdmin(tmp_path).views()
    assert (view.request_id, view.events) == ("request-13", 3)
    assert "died" in view.reason


async def test_a_read_only_look_changes_nothing(tmp_path: Path) -> None:
    """`mothership spool check` on a damaged file says so and leaves it as it is."""
    spool_file(tmp_path).parent.mkdir()
    spool_file(tmp_path).write_bytes(os.urandom(20_000))
    before = spool_file(tmp_path).read_bytes()
    (found,) = check_spool(tmp_path)
    assert found.fault
    assert spool_file(tmp_path).read_bytes() == before


async def test_a_sink_that_passes_health_but_not_writes_buries_nothing(tmp_path: Path) -> None:
    """Without proof that the sink takes others, no batch is blamed."""

    class Liar(ToxicSink):
        async def write(self, batches: Sequence[RowBatch]) -> frozenset[int]:
            del batches
            raise Transient("no")

    async with running(tmp_path, Liar(), answer_seconds=0.0, batch_size=3) as relay:
        for number in range(5):
            await relay.keep(rows_batch(number))
        await asyncio.sleep(0.7)
        assert relay.status().sinks["memory"].queued_events == 15
        assert relay.status().dead_letters.events == 0


async def test_a_spool_is_well_again_without_a_new_batch(tmp_path: Path) -> None:
    """A load balancer that keeps traffic away from an unhealthy service must not keep it unhealthy."""
    async with running(tmp_path, MemorySink(), answer_seconds=0.0) as relay:
        link = connection_of(relay)
        link.execute("PRAGMA query_only=ON")
        with pytest.raises(NotPersisted):
            await relay.keep(rows_batch(1))
        assert not relay.status().spool.healthy
        await asyncio.sleep(0.15)
        assert not relay.status().spool.healthy
        link.execute("PRAGMA query_only=OFF")
        await until(lambda: relay.status().spool.healthy)


async def test_a_place_that_cannot_hold_a_spool_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    """One line that says what, instead of a traceback."""
    (tmp_path / "spool").write_text("a file where the directory should be")
    with pytest.raises(ConfigurationError, match=r"server\.data_dir: the spool can't be opened"):
        await Relay.open(tmp_path, settings(), [SinkRoute(MemorySink())])


async def test_a_file_that_was_large_shrinks_when_it_is_empty(tmp_path: Path) -> None:
    """After an outage the disk gets its space back."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    async with running(tmp_path, sink, answer_seconds=0.0, spool={"shrink_bytes": 100_000}) as relay:
        for number in range(300):
            await relay.keep(rows_batch(number, 300))
        link = connection_of(relay)
        assert link.execute("PRAGMA page_count").fetchone()[0] > 60
        sink.open_for_writes.set()
        await until(lambda: len(sink.rows) == 90_000)
        await until(lambda: link.execute("PRAGMA page_count").fetchone()[0] < 40)
        await relay.keep(rows_batch(1000))


async def test_a_leftover_that_can_not_be_read_ends_nobody(tmp_path: Path) -> None:
    """Rubbish of a dead worker is set aside, and the living go on."""
    sink = MemorySink()
    async with running(tmp_path, sink) as relay:
        spool_file(tmp_path, 1).write_bytes(os.urandom(30_000))
        (tmp_path / "spool" / "spool-2.sqlite").mkdir()  # not even a file
        await asyncio.sleep(0.3)
        assert (await relay.keep(rows_batch(1))).sinks["memory"] == Tally(3, 0, 0)
        await until(lambda: not spool_file(tmp_path, 1).exists())


def test_a_batch_that_is_cached_twice_takes_its_room_once() -> None:
    """JetStream's spool does so with one that is sent again: its room must not be lost for ever."""
    one, other = rows_batch(1), rows_batch(2)
    cache = BatchCache(2 * weight(one))
    for _ in range(5):
        cache.put("one", one)
    cache.put("other", other)
    assert cache.get("one") is one
    assert cache.get("other") is other
    cache.put("large", rows_batch(3, rows=100))
    assert cache.get("large") is None
    assert cache.get("one") is one
