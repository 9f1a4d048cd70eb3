"""Instances that share a cluster: what one took another delivers, and what can't keep the promise is refused."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

import nats
import orjson
import pytest
from nats.aio.client import Client
from tests.contracts.spools import append, leased
from tests.relay.nats_cluster import NatsCluster, cluster
from tests.relay.support import ToxicSink, rows_batch, running, settings, until
from tests.starvation import PATIENCE_SECONDS

from mothership import telemetry
from mothership.errors import MayBeKept, NotPersisted, SpoolFull
from mothership.event import Receipt, Row, RowBatch, Tally
from mothership.leases import LeaseLimits
from mothership.relay.relay import Relay
from mothership.relay.spool.jetstream.connection import cancellable
from mothership.relay.spool.jetstream.counts import stream_state
from mothership.relay.spool.jetstream.spool import JetStreamSpool
from mothership.sinks.memory import MemorySink


def on(servers: NatsCluster, stream: str, **changes: Any) -> dict[str, Any]:
    """Settings of a spool there."""
    to = {"servers": servers.urls, "stream": stream, "sync_always": True, "ack_wait_seconds": 2.0, **changes}
    return {"kind": "jetstream", "jetstream": to, "max_bytes": 1 << 26}


@pytest.fixture
def stream() -> str:
    """A name of this test's own."""
    return f"T{token_hex(6)}"


async def test_any_instance_delivers_what_any_instance_took(
    tmp_path: Path, nats_cluster: NatsCluster, stream: str
) -> None:
    """One that only takes, one that only delivers; and the data directories stay empty."""
    spool = on(nats_cluster, stream)
    stuck, sink = ToxicSink(), MemorySink()
    stuck.open_for_writes.clear()
    async with running(tmp_path / "a", stuck, answer_seconds=0.0, spool=spool) as taking:
        for number in range(20):
            assert (await taking.keep(rows_batch(number))).sinks == {"memory": Tally(0, 3, 0)}
    assert not (tmp_path / "a").exists()
    async with running(tmp_path / "b", sink, spool=spool) as delivering:
        await until(lambda: len(sink.rows) == 60)
        await until(lambda: delivering.status().sinks["memory"].queued_events == 0)
        await until(lambda: delivering.status().spool.bytes == 0)
    assert len(set(sink.rows)) == 60


async def test_a_batch_that_is_delivered_in_time_is_answered_as_written(
    tmp_path: Path, nats_cluster: NatsCluster, stream: str
) -> None:
    """As with a file: the answer waits for the sink; a repeat says that it is one."""
    async with running(tmp_path, MemorySink(), spool=on(nats_cluster, stream)) as relay:
        receipts = await asyncio.gather(*(relay.keep(rows_batch(number)) for number in range(50)))
        assert {receipt.sinks["memory"] for receipt in receipts} == {Tally(3, 0, 0)}
        assert (await relay.keep(rows_batch(7))).duplicate


async def test_an_answer_waits_for_a_delivery_by_another_instance(
    tmp_path: Path, nats_cluster: NatsCluster, stream: str
) -> None:
    """The one that takes can't deliver, and learns from the other what was written, refused, and known."""
    spool = on(nats_cluster, stream)
    stuck, sink = ToxicSink(), ToxicSink(poison=b"-1")
    stuck.open_for_writes.clear()
    async with running(tmp_path / "a", stuck, spool=spool) as taking, running(tmp_path / "b", sink, spool=spool):
        held = [asyncio.create_task(taking.keep(rows_batch(1000 + number))) for number in range(300)]
        receipts = await asyncio.wait_for(_first(held, 30), 60.0)
        assert {receipt.sinks["memory"] for receipt in receipts} == {Tally(2, 0, 1)}
        stuck.open_for_writes.set()
        await asyncio.gather(*held)
    assert len(sink.writes) > 0


async def _first(tasks: list[asyncio.Task[Receipt]], count: int) -> list[Receipt]:
    return [await next(done) for done in [asyncio.as_completed(tasks)] for _ in range(count)]


async def test_a_batch_larger_than_a_message_is_kept_in_portions(
    tmp_path: Path, nats_cluster: NatsCluster, stream: str
) -> None:
    """Twenty mebibytes that do not compress; sent again it adds nothing."""
    rows = [
        Row(1_700_000_000_000_000 + n, "log", "web", b'{"n":"%s"}' % os.urandom(250_000).hex().encode())
        for n in range(40)
    ]
    batch = RowBatch(b"\x07" * 32, "request", 1, rows)
    sink = MemorySink()
    async with running(tmp_path, sink, answer_seconds=0.0, spool=on(nats_cluster, stream)) as relay:
        assert (await relay.keep(batch)).sinks["memory"].queued == 40
        assert (await relay.keep(batch)).duplicate
        await until(lambda: len(sink.rows) == 40)
        await until(lambda: relay.status().spool.bytes == 0)
    assert sorted(sink.rows) == sorted(rows)


async def test_what_a_cluster_does_not_answer_may_be_kept(tmp_path: Path) -> None:
    """Two of three hang: nobody knows, and the sender is told so; they go on, and it is delivered, once."""
    with cluster(tmp_path / "nats") as harmed:
        await harmed.ready()
        sink = ToxicSink()
        sink.open_for_writes.clear()
        async with running(tmp_path, sink, spool=on(harmed, "DOUBT"), answer_seconds=0.0) as relay:
            await relay.keep(rows_batch(1))
            for number in await followers(harmed, "DOUBT"):
                harmed.kill(number, signal.SIGSTOP)
            with pytest.raises(MayBeKept):
                await relay.keep(rows_batch(2))
            for number in range(3):
                harmed.kill(number, signal.SIGCONT)
            await keep_again(relay, rows_batch(2))
            sink.open_for_writes.set()
            await until(lambda: len(sink.rows) >= 6)
            await until(lambda: relay.status().sinks["memory"].queued_events == 0)
    assert len(sink.rows) == len(set(sink.rows)) == 6


async def test_one_server_that_is_left_is_no_cluster_that_can_be_reached(tmp_path: Path) -> None:
    """It answers for the stream, with what it has and no leader: nothing can be kept all the same."""
    with cluster(tmp_path / "nats") as harmed:
        await harmed.ready()
        async with running(tmp_path, MemorySink(), spool=on(harmed, "ALONE"), answer_seconds=0.0) as relay:
            (left, *_) = await followers(harmed, "ALONE")
            for number in {0, 1, 2} - {left}:
                harmed.kill(number)
            async with harmed.client() as client, asyncio.timeout(PATIENCE_SECONDS):
                await answers_without_leader(client, "ALONE")
                with pytest.raises(TimeoutError):
                    await stream_state(client, "ALONE", ">")
            await until(lambda: (told := relay.status().spool.cluster) is not None and not told.reachable)


async def answers_without_leader(client: Client, stream: str) -> None:
    """Wait for it, from any server."""
    while True:
        with suppress(nats.errors.Error):
            answer = await client.request(f"$JS.API.STREAM.INFO.{stream}", b"{}", timeout=1)
            if not orjson.loads(answer.data).get("cluster", {"leader": "refused"}).get("leader"):
                return
        await asyncio.sleep(0.1)


async def followers(servers: NatsCluster, stream: str) -> list[int]:
    """The servers that do not lead a stream."""
    async with servers.client() as client:
        info = (await client.jetstream().stream_info(stream)).cluster
        assert info
        return [int((one.name or "").rpartition("-")[2]) for one in info.replicas or []]


async def keep_again(relay: Relay, batch: RowBatch) -> None:
    """Until it is acknowledged, as a node does."""
    while True:
        with suppress(NotPersisted):
            await relay.keep(batch)
            return
        await asyncio.sleep(0.1)


async def test_a_share_is_of_bytes_and_not_of_events(nats_cluster: NatsCluster, stream: str) -> None:
    """Few large events are much, many small ones are little."""
    wanted = settings(spool={**on(nats_cluster, stream), "max_bytes": 1 << 22})
    spool = await JetStreamSpool.open(wanted, time.time)
    try:
        await append(spool, rows_batch(1, 2_000, client="small"), "a")
        with pytest.raises(SpoolFull, match="share"):  # noqa: PT012 - how many it takes is the spool's business
            for number in range(2, 20):
                row = Row(1, "log", "web", b'{"n":"%s"}' % os.urandom(200_000).hex().encode())
                await append(spool, RowBatch(number.to_bytes(32, "big"), "large", 1, [row], "large"), "a")
                stats = await spool.sweep()
        large = (number - 2) * 200_000
        assert stats.totals["a"].bytes == stats.stored_bytes > large
        held = spool._maintenance._bytes_by_client
        assert large / 1.5 < held["large"] < large * 1.5
        assert held["small"] < large / 4
        await append(spool, rows_batch(20, 2_000, client="small"), "a")
    finally:
        await spool.close()


async def test_a_sink_may_be_leased_for_the_first_time_during_a_sweep(nats_cluster: NatsCluster, stream: str) -> None:
    """It ended the service: a dictionary was gone through while it grew."""
    spool = await JetStreamSpool.open(settings(spool=on(nats_cluster, stream)), time.time)
    limits = LeaseLimits(100, 1 << 20, 3)
    try:
        await append(spool, rows_batch(1), "a", "b")
        await asyncio.gather(*(spool.lease(sink, limits) for sink in ("a", "b")))
        sweeping, number = asyncio.create_task(spool.sweep()), 0
        while not sweeping.done() and number < 30:
            await spool.lease(f"new-{number}", limits)
            number += 1
            await asyncio.sleep(0.001)
        assert (await sweeping).totals["a"].batches == 1
    finally:
        await spool.close()


async def test_a_note_of_an_attempt_goes_with_its_batch(nats_cluster: NatsCluster, stream: str) -> None:
    """Also one that comes after it, as out of a partition: nothing is left in the stream, and of what waits all is."""
    spool = await JetStreamSpool.open(settings(spool=on(nats_cluster, stream)), time.time)
    try:
        seq = (await append(spool, rows_batch(1), "a")).seq
        async with nats_cluster.client() as client:
            js = client.jetstream()
            for noted in (seq, seq + 1_000):
                await js.publish(spool._subjects.attempts("a", noted), b"1")
            await spool.sweep()
            assert (await js.stream_info(stream)).state.messages == 2
            lease = await leased(spool, "a")
            await spool.commit(lease)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (await js.stream_info(stream)).state.messages:
                    await spool.sweep()
    finally:
        await spool.close()


async def test_of_several_workers_one_counts_the_stream(tmp_path: Path, nats_cluster: NatsCluster, stream: str) -> None:
    """All of them see it, and `/metrics` adds up what each tells."""
    stuck, spool = ToxicSink(), on(nats_cluster, stream)
    stuck.open_for_writes.clear()
    gauges = (
        telemetry.spool_events.labels("memory"),
        telemetry.spool_bytes.labels("memory"),
        telemetry.spool_bytes_max,
    )
    async with running(tmp_path, stuck, answer_seconds=0.0, spool=spool) as relay:
        await relay.keep(rows_batch(1))
        await until(lambda: gauges[0]._value.get() == 3 and gauges[2]._value.get() == 1 << 26)
    for gauge in gauges:
        gauge.set(-1)
    async with running(tmp_path, stuck, answer_seconds=0.0, spool=spool, counts_stream=False) as relay:
        await until(lambda: relay.status().sinks["memory"].queued_events == 3)
        await until(lambda: all(gauge._value.get() != -1 for gauge in gauges))
        assert [gauge._value.get() for gauge in gauges] == [0, 0, 0]
        stuck.open_for_writes.set()
        await until(lambda: len(stuck.rows) == 3)


async def test_a_request_that_is_cancelled_ends_when_its_answer_comes_at_the_same_moment() -> None:
    """A stop would wait for ever for a loop that does not notice it."""
    for steps in range(12):
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def request(answer: asyncio.Future[int] = answer) -> int:
            return await asyncio.wait_for(answer, 60.0)

        task = asyncio.create_task(cancellable(request()))
        for _ in range(3):
            await asyncio.sleep(0)
        answer.set_result(1)
        for _ in range(steps):
            await asyncio.sleep(0)
        was_done = task.done()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() or was_done
