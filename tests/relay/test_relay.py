"""What a caller of `keep` may rely on."""

import asyncio
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.relay.support import ToxicSink, rows_batch, running, settings, until
from tests.starvation import PATIENCE_SECONDS, unstarved_time

from mothership.errors import NotPersisted, Paused, Refusal, Transient
from mothership.event import Tally
from mothership.relay.relay import Relay
from mothership.relay.settings import RelaySettings
from mothership.relay.sink_route import SinkRoute
from mothership.relay.spool.schema import connect
from mothership.sinks.memory import MemorySink

ANSWER_SECONDS = 60.0
FOREVER_SECONDS = 1_000_000.0


async def test_a_good_day_is_written(tmp_path: Path) -> None:
    """With a sink that takes everything the answer says so, and nothing is left on disk."""
    sink = MemorySink()
    async with running(tmp_path, sink) as relay:
        receipts = await asyncio.gather(*(relay.keep(rows_batch(number)) for number in range(50)))
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
    assert {receipt.sinks["memory"] for receipt in receipts} == {Tally(3, 0, 0)}
    assert not any(receipt.duplicate for receipt in receipts)
    assert len(sink.rows) == len(set(sink.rows)) == 150


async def test_an_empty_batch_is_done(tmp_path: Path) -> None:
    """A request whose events were all refused has nothing to keep."""
    async with running(tmp_path, MemorySink()) as relay:
        receipt = await relay.keep(rows_batch(1, 0))
    assert receipt.sinks == {"memory": Tally(0, 0, 0)}


async def test_a_hanging_sink_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    """The answer comes in time and says `queued`; the rows are on disk and follow."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    async with running(tmp_path, sink, answer_seconds=0.05) as relay:
        receipt = await relay.keep(rows_batch(1))
        assert receipt.sinks["memory"] == Tally(0, 3, 0)
        sink.open_for_writes.set()
        await until(lambda: len(sink.rows) == 3)


async def test_a_sink_at_rest_holds_no_other_back(tmp_path: Path) -> None:
    """Loki at rest: the database's rows are as fast and complete as before."""
    database, loki = MemorySink("tsdb"), ToxicSink("loki")
    loki.open_for_writes.clear()
    async with running(tmp_path, database, loki, answer_seconds=0.05) as relay:
        for number in range(20):
            receipt = await relay.keep(rows_batch(number))
            assert receipt.sinks == {"tsdb": Tally(3, 0, 0), "loki": Tally(0, 3, 0)}
        assert len(database.rows) == 60
        loki.open_for_writes.set()
        await until(lambda: len(loki.rows) == 60)
    assert loki.rows == database.rows


async def test_a_repeat_of_a_finished_batch_adds_nothing(tmp_path: Path) -> None:
    """A node that missed the answer sends again: it learns that all is there, and no sink is asked twice."""
    sink = ToxicSink()
    async with running(tmp_path, sink) as relay:
        await relay.keep(rows_batch(1))
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
        again = await relay.keep(replace(rows_batch(1), request_id="other"))
    async with running(tmp_path, sink) as relay:
        after_restart = await relay.keep(rows_batch(1))
    for receipt in (again, after_restart):
        assert receipt.duplicate
        assert receipt.sinks["memory"] == Tally(3, 0, 0)
    assert sink.writes == [3]


async def test_a_repeat_of_a_waiting_batch_waits_with_it(tmp_path: Path) -> None:
    """Two requests, one record: both learn the truth, the second that it was a repeat."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    async with running(tmp_path, sink) as relay:
        first = asyncio.create_task(relay.keep(rows_batch(1)))
        second = asyncio.create_task(relay.keep(rows_batch(1)))
        await asyncio.sleep(0.02)
        sink.open_for_writes.set()
        receipts = await asyncio.gather(first, second)
    assert [receipt.duplicate for receipt in receipts] == [False, True]
    assert {receipt.sinks["memory"] for receipt in receipts} == {Tally(3, 0, 0)}
    assert sink.writes == [3]


async def test_a_repeat_after_a_restart_finds_the_waiting_batch(tmp_path: Path) -> None:
    """The first answer said `queued`, the process died, the node sends again: still one record."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    relay = await Relay.open(tmp_path, settings(answer_seconds=0.01), [SinkRoute(sink)])
    await relay.keep(rows_batch(1))
    await relay.close()
    async with running(tmp_path, sink, answer_seconds=0.05) as relay:
        receipt = await relay.keep(rows_batch(1))
        assert receipt.duplicate
        assert receipt.sinks["memory"] == Tally(0, 3, 0)
        sink.open_for_writes.set()
        await until(lambda: len(sink.rows) == 3)


async def test_a_failure_that_passes_loses_nothing_and_keeps_the_order(tmp_path: Path) -> None:
    """Retries go on under a breaker, and the rows arrive in the order they were taken."""
    sink = MemorySink()
    sink.failures = [Transient("connection lost") for _ in range(12)]
    async with running(tmp_path, sink, answer_seconds=0.01) as relay:
        for number in range(10):
            await relay.keep(rows_batch(number))
        await until(lambda: len(sink.rows) == 30)
        assert relay.status().sinks["memory"].retries >= 10
    assert sink.rows == [row for number in range(10) for row in rows_batch(number).rows]


async def test_an_open_breaker_is_not_waited_for(tmp_path: Path) -> None:
    """While a sink is known to be down, an answer comes as soon as the rows are on disk."""
    sink = MemorySink()
    sink.failures = [Transient("down", retry_after_seconds=30.0)] * 3
    async with running(tmp_path, sink, answer_seconds=ANSWER_SECONDS, retry={"breaker_failures": 1}) as relay:
        began = unstarved_time()
        await relay.keep(rows_batch(1))
        receipt = await relay.keep(rows_batch(2))
        assert unstarved_time() - began < ANSWER_SECONDS / 2
        status = relay.status().sinks["memory"]
    assert receipt.sinks["memory"] == Tally(0, 3, 0)
    assert (status.breaker, status.reason, status.healthy) == ("open", "down", False)


async def test_a_paused_sink_rests_and_drops_nothing(tmp_path: Path) -> None:
    """Wrong credentials are a person's business: the rows wait, and flow once it is put right."""
    sink = MemorySink()
    sink.failures = [Paused("wrong credentials")] * 4
    async with running(tmp_path, sink, answer_seconds=ANSWER_SECONDS) as relay:
        began = unstarved_time()
        receipt = await relay.keep(rows_batch(1))
        assert unstarved_time() - began < ANSWER_SECONDS / 2
        assert receipt.sinks["memory"].queued == 3
        assert relay.status().sinks["memory"].breaker == "paused"
        await until(lambda: len(sink.rows) == 3)
        await until(lambda: relay.status().sinks["memory"].healthy)


async def test_refused_rows_are_set_aside_and_the_others_stored(tmp_path: Path) -> None:
    """One bad row among many costs nobody else anything, and the answer counts it."""
    sink = ToxicSink(poison=b"7-1")
    async with running(tmp_path, sink) as relay:
        receipts = await asyncio.gather(*(relay.keep(rows_batch(number)) for number in range(10)))
        again = await relay.keep(rows_batch(7))
        await until(lambda: relay.status().dead_letters.events == 1)
    assert receipts[7].sinks["memory"] == again.sinks["memory"] == Tally(2, 0, 1)
    assert sum(receipt.sinks["memory"].written for receipt in receipts) == len(sink.rows) == 29


@pytest.mark.parametrize("writers", [1, 3])
async def test_a_culprit_is_found_by_splitting(tmp_path: Path, writers: int) -> None:
    """A sink that fails without saying on what: the one event is set aside, all others are stored once."""
    sink = ToxicSink(poison=b"5-321", how="raise")
    async with running(tmp_path, sink, answer_seconds=0.01, writers=writers) as relay:
        for number in range(10):
            await relay.keep(rows_batch(number, 1000))
        await until(lambda: relay.status().dead_letters.events == 1, 20.0)
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
        assert relay.status().sinks["memory"].healthy
    assert len(sink.rows) == len(set(sink.rows)) == 9999


async def test_too_much_in_flight_is_refused_with_a_time(tmp_path: Path) -> None:
    """Past the bound, and when the time to wait is spent: 429, and when to come again."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    async with running(tmp_path, sink, answer_seconds=0.2, in_flight={"max_events": 10}) as relay:
        waiting = [asyncio.create_task(relay.keep(rows_batch(n, client=f"c{n}"))) for n in range(3)]
        await asyncio.sleep(0.01)
        with pytest.raises(Refusal) as refusal:
            await relay.keep(rows_batch(9, client="c9"), waited_seconds=0.2)
        assert refusal.value.status == 429
        assert refusal.value.retry_after_seconds is not None
        assert refusal.value.retry_after_seconds >= 1.0
        await asyncio.gather(*waiting)
        assert (await relay.keep(rows_batch(9))).sinks["memory"].queued == 3


async def test_room_is_waited_for_longer_than_sinks_are(tmp_path: Path) -> None:
    """A node loses what is refused, and its answer may come late: so nothing is refused while there is time."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    bounds = {"max_events": 3}
    async with running(tmp_path, sink, answer_seconds=0.05, room_seconds=60.0, in_flight=bounds) as relay:
        receipts = await asyncio.gather(*(relay.keep(rows_batch(n, client=f"c{n}")) for n in range(4)))
    assert [receipt.sinks["memory"].queued for receipt in receipts] == [3] * 4


def test_a_node_is_answered_before_it_gives_up() -> None:
    """The waits for room and for the sinks, one after the other, leave time for the work."""
    defaults = RelaySettings()
    assert defaults.room_seconds + defaults.answer_seconds <= 4.0


async def test_a_noisy_client_leaves_room_for_others(tmp_path: Path) -> None:
    """However much one client sends, another still gets in."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    async with running(tmp_path, sink, answer_seconds=0.2, in_flight={"max_events": 100}) as relay:
        noisy = [
            asyncio.create_task(relay.keep(rows_batch(n, 10, client="noisy"), waited_seconds=0.2)) for n in range(30)
        ]
        await asyncio.sleep(0.01)
        assert (await relay.keep(rows_batch(99, 10, client="quiet"))).sinks["memory"].queued == 10
        refused = [r for r in await asyncio.gather(*noisy, return_exceptions=True) if isinstance(r, Refusal)]
    assert 20 <= len(refused) < 30


async def test_nothing_is_taken_while_stopping(tmp_path: Path) -> None:
    """After the end of a relay its answer is 503, not silence."""
    relay = await Relay.open(tmp_path, settings(), [SinkRoute(MemorySink())])
    await relay.close()
    with pytest.raises(NotPersisted):
        await relay.keep(rows_batch(1))


async def test_closing_delivers_what_it_can(tmp_path: Path) -> None:
    """An orderly stop flushes, and what a hanging sink did not take is there at the next start."""
    good, hanging = MemorySink("good"), ToxicSink("hanging")
    hanging.open_for_writes.clear()
    relay = await Relay.open(tmp_path, settings(answer_seconds=0.0), [SinkRoute(good), SinkRoute(hanging)])
    task = asyncio.create_task(relay.run())
    for number in range(20):
        await relay.keep(rows_batch(number))
    await asyncio.wait_for(relay.close(0.2), PATIENCE_SECONDS)
    await task
    assert len(good.rows) == 60
    hanging.open_for_writes.set()
    async with running(tmp_path, good, hanging) as relay:
        await until(lambda: len(hanging.rows) == 60)
    assert len(good.rows) == 60


async def test_a_second_close_ends_at_once(tmp_path: Path) -> None:
    """The second signal does not wait for the deadline of the first."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    relay = await Relay.open(tmp_path, settings(answer_seconds=0.0), [SinkRoute(sink)])
    task = asyncio.create_task(relay.run())
    await relay.keep(rows_batch(1))
    first = asyncio.create_task(relay.close(FOREVER_SECONDS))
    await asyncio.sleep(0)
    await asyncio.wait_for(relay.close(FOREVER_SECONDS), PATIENCE_SECONDS)
    await asyncio.wait_for(asyncio.gather(first, task), PATIENCE_SECONDS)


async def test_a_courier_that_dies_ends_the_relay(tmp_path: Path) -> None:
    """A fault of this program may not leave a service that says 200 and delivers nothing."""
    relay = await Relay.open(tmp_path, settings(), [SinkRoute(MemorySink())])
    relay.couriers[0]._next = None  # type: ignore[assignment]  # what a slip would do
    with pytest.raises(ExceptionGroup):
        await asyncio.wait_for(relay.run(), PATIENCE_SECONDS)


async def test_a_backlog_is_not_forgotten_over_new_batches(tmp_path: Path) -> None:
    """With two writers, an outage, and others writing to the file: everything is delivered in the end."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    relay = await Relay.open(tmp_path, settings(answer_seconds=0.0), [SinkRoute(sink, batch_size=6, writers=2)])
    task = asyncio.create_task(relay.run())
    for number in range(20):
        await relay.keep(rows_batch(number))
    with closing(connect(tmp_path / "spool" / "spool-0.sqlite")) as other:
        other.execute("DELETE FROM finished")  # what a command line does: the file's version changes
    await asyncio.sleep(0.15)
    await relay.keep(rows_batch(20))
    sink.open_for_writes.set()
    await until(lambda: len(sink.rows) == 63)
    await relay.close(1.0)
    await task


async def test_little_does_not_wait_for_a_write_that_hangs(tmp_path: Path) -> None:
    """The other writer has a connection of its own."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    async with running(tmp_path, sink, writers=2) as relay:
        keeping = [asyncio.create_task(relay.keep(rows_batch(0)))]
        await until(lambda: sink.begun == [3])
        keeping.append(asyncio.create_task(relay.keep(rows_batch(1))))
        await until(lambda: sink.begun == [3, 3])
        sink.open_for_writes.set()
        await asyncio.gather(*keeping)


async def test_lingering_waits_for_company_and_delays_no_answer(tmp_path: Path) -> None:
    """Set by the user, rows wait for a fuller write; the answer says `queued` at once, and the wait has an end."""
    sink = ToxicSink()
    relay = await Relay.open(
        tmp_path, settings(answer_seconds=0.3), [SinkRoute(sink, batch_size=12, linger_seconds=0.5)]
    )
    task = asyncio.create_task(relay.run())
    await asyncio.sleep(0.05)
    began, unstarved = time.monotonic(), unstarved_time()
    for number in range(5):
        assert (await relay.keep(rows_batch(number))).sinks["memory"] == Tally(0, 3, 0)
    assert unstarved_time() - unstarved < 5 * 0.3  # what it would be if each had waited
    await until(lambda: sink.writes == [12, 3])
    assert time.monotonic() - began > 0.4
    await relay.close(1.0)
    await task
