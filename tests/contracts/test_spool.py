"""What `ports.Spool` promises, asked of every spool."""

import asyncio
from dataclasses import replace

import pytest
from tests.contracts.spools import (
    LIMITS,
    SpoolBench,
    all_leased,
    append,
    leased,
    letters,
    nothing_waits,
    rows_of,
    stats_once,
)
from tests.relay.support import rows_batch
from tests.starvation import PATIENCE_SECONDS

from mothership.errors import FailedRow, NotPersisted, SpoolFull
from mothership.event import Arrival, MachineTime, Row
from mothership.leases import SEQ_MAX


async def test_what_is_leased_is_what_was_appended(spools: SpoolBench) -> None:
    """Rows, identities, caller and time of arrival; the address is of no use any more."""
    spool = await spools.open()
    batch = replace(rows_batch(1), content=b"c" * 32, arrival=Arrival(5, 7), address="192.0.2.1")
    batch = replace(batch, arrived_at=MachineTime("boot", 9))
    status = await append(spool, batch, "a")
    assert (status.fingerprint, status.events, status.new) == (batch.fingerprint, 3, True)
    assert (status.queued, status.errors) == ({"a": 3}, {})
    await spool.close()
    lease = await leased(await spools.open(), "a")
    assert lease.batches == (replace(batch, address=""),)
    assert lease.attempts == (1,)
    assert lease.crashes == (0,)
    assert lease.events == 3


async def test_each_sink_has_its_own_place(spools: SpoolBench) -> None:
    """What one has is not taken from another."""
    spool = await spools.open()
    await append(spool, rows_batch(1), "a", "b")
    await append(spool, rows_batch(2), "b")
    await spool.commit(await leased(spool, "a"))
    assert await spool.lease("a", LIMITS) is None
    found = await all_leased(spool, "b", 2)
    assert rows_of(found) == [*rows_batch(1).rows, *rows_batch(2).rows]
    for lease in found:
        await spool.commit(lease)
    await nothing_waits(spool, "a", "b")
    assert spool.waiting() == {}


async def test_the_oldest_come_first_within_the_limits(spools: SpoolBench) -> None:
    """Rows and bytes; a batch larger than both goes alone."""
    spool = await spools.open()
    for number, rows in enumerate((3, 3, 50, 3, 3)):
        await append(spool, rows_batch(number, rows), "a")
    await all_leased(spool, "a", 5)  # all are there
    await spool.close()
    spool = await spools.open()
    for lease in await all_leased(spool, "a", 5):  # and here again: a cluster gives back one by one what another held
        spool.release(lease)
    few = LIMITS._replace(rows=6)
    taken: list[list[Row]] = []
    for _ in range(20):
        lease = await leased(spool, "a", few)
        taken.append([row for batch in lease.batches for row in batch.rows])
        assert lease.events <= 6 or len(lease.seqs) == 1
        assert list(lease.seqs) == sorted(lease.seqs)
        if sum(map(len, taken)) == 62:
            break
    assert [row for each in taken for row in each] == [
        row for number, size in enumerate((3, 3, 50, 3, 3)) for row in rows_batch(number, size).rows
    ]


async def test_a_leased_batch_is_nobody_elses_until_it_is_released(spools: SpoolBench) -> None:
    """And then it is the oldest again, with one more attempt."""
    spool = await spools.open()
    await append(spool, rows_batch(1), "a")
    lease = await leased(spool, "a")
    assert await spool.lease("a", LIMITS) is None
    await append(spool, rows_batch(2), "a")
    await leased(spool, "a")
    await spool.release(lease)
    again = await leased(spool, "a")
    assert again.batches == lease.batches
    assert again.seqs == lease.seqs
    assert again.attempts == (2,)
    assert again.crashes == (0,)


async def test_a_part_of_a_lease_is_a_lease(spools: SpoolBench) -> None:
    """One committed, the other released."""
    spool = await spools.open()
    for number in (1, 2):
        await append(spool, rows_batch(number), "a")
    for lease in await all_leased(spool, "a", 2):
        spool.release(lease)
    both = await leased(spool, "a")
    assert len(both.seqs) == 2
    spool.release(both.only([1]))
    await spool.commit(both.only([0]))
    assert (await leased(spool, "a")).seqs == both.seqs[1:]


async def test_a_courier_chooses_by_number(spools: SpoolBench) -> None:
    """From the first range that has any, without those that it keeps back."""
    spool = await spools.open()
    for number in range(4):
        await append(spool, rows_batch(number), "a")
    everything = await all_leased(spool, "a", 4)
    seqs = [seq for lease in everything for seq in lease.seqs]
    assert seqs == sorted(seqs)
    assert spool.last_seq >= seqs[-1]
    assert spool.first_live_seq <= seqs[0]
    for lease in everything:
        spool.release(lease)
    one = LIMITS._replace(rows=3)
    assert (await leased(spool, "a", one, ranges=[(seqs[2], seqs[2] + 1)])).seqs == (seqs[2],)
    found = await leased(spool, "a", one, ranges=[(seqs[3] + 1, SEQ_MAX), (seqs[1], SEQ_MAX)], exclude={seqs[1]})
    assert found.seqs == (seqs[3],)
    assert await spool.lease("a", LIMITS, exclude=set(seqs)) is None


async def test_what_was_safe_outlasts_the_process(spools: SpoolBench) -> None:
    """A death between two writes: what a sink has is not delivered again, and the rest is, with the death counted."""
    spool = await spools.open()
    for number in range(6):
        await append(spool, rows_batch(number), "a")
    before = await all_leased(spool, "a", 6)
    for lease in before:
        spool.release(lease)
    first = await leased(spool, "a", LIMITS._replace(rows=6))
    await spool.commit(first)
    dying = await leased(spool, "a", LIMITS._replace(rows=6))
    await spools.die(spool)
    spool = await spools.open()
    found = await all_leased(spool, "a", 4)
    assert sorted(rows_of(found)) == sorted(row for number in range(2, 6) for row in rows_batch(number).rows)
    crashes = {seq: count for lease in found for seq, count in zip(lease.seqs, lease.crashes, strict=True)}
    assert all(crashes[seq] >= 1 for seq in dying.seqs)


async def test_each_death_is_counted_before_the_next_write(spools: SpoolBench) -> None:
    """So that a batch which ends the process is set aside in the end; it goes alone from `poison_attempts` on."""
    spool = await spools.open()
    await append(spool, rows_batch(1), "a")
    for deaths in range(4):
        lease = await leased(spool, "a")
        assert lease.crashes[0] == deaths
        await spools.die(spool)
        spool = await spools.open()
    await append(spool, rows_batch(2), "a")
    found = await leased(spool, "a")
    while found.batches[0].fingerprint != rows_batch(1).fingerprint:  # the other has come first
        found = await leased(spool, "a")
    assert len(found.seqs) == 1
    assert found.crashes == (4,)
    await spool.release(found)  # the write ended badly, and the process lives
    assert (await leased(spool, "a")).crashes[0] == 0


async def test_a_repeat_is_not_kept_again(spools: SpoolBench) -> None:
    """While the first waits, and right after it is through."""
    spool = await spools.open()
    await append(spool, rows_batch(1), "a", "b")
    again = await append(spool, rows_batch(1), "a", "b")
    assert not again.new
    assert again.fingerprint == rows_batch(1).fingerprint
    assert again.events == 3
    for sink in ("a", "b"):
        await spool.commit(await leased(spool, sink))
        assert await spool.lease(sink, LIMITS) is None
    assert not (await append(spool, rows_batch(1), "a", "b")).new
    assert await spool.lease("a", LIMITS) is None


async def test_named_rows_are_set_aside_and_the_others_are_through(spools: SpoolBench) -> None:
    """Each with its reason."""
    spool = await spools.open()
    await append(spool, rows_batch(1), "a")
    lease = await leased(spool, "a")
    await spool.dead_letter(lease, [FailedRow(0, 0, "too long"), FailedRow(0, 2, "too short")], known_to_sink=True)
    assert await spool.lease("a", LIMITS) is None
    rows = rows_batch(1).rows
    assert sorted(await letters(spools)) == [("a", "too long", [rows[0]]), ("a", "too short", [rows[2]])]
    stats = await spool.sweep()
    assert stats.dead_letters.events == 2
    assert stats.dead_letters_by_sink == {"a": 2}


async def test_rejected_rows_are_set_aside(spools: SpoolBench) -> None:
    """They were never accepted, and belong to no sink."""
    spool = await spools.open()
    await spool.keep_rejected(rows_batch(1, 2), ["no type", "no type"])
    assert await letters(spools) == [("pipeline", "no type", list(rows_batch(1, 2).rows))]


async def test_a_batch_is_split_for_one_sink(spools: SpoolBench) -> None:
    """Two halves that are known as such, and the same whenever it is done."""
    spool = await spools.open()
    await append(spool, rows_batch(1, 4), "a", "b")
    numbers = await spool.split(await leased(spool, "a"))
    assert len(numbers) == 2
    halves = await all_leased(spool, "a", 2)
    assert [seq for lease in halves for seq in lease.seqs] == numbers
    batches = [batch for lease in halves for batch in lease.batches]
    assert [len(batch.rows) for batch in batches] == [2, 2]
    assert rows_of(halves) == list(rows_batch(1, 4).rows)
    assert {batch.half_of for batch in batches} == {(rows_batch(1).fingerprint,)}
    assert len({batch.fingerprint for batch in batches}) == 2
    assert (await leased(spool, "b")).batches == (rows_batch(1, 4),)


async def test_halves_of_halves_know_the_whole(spools: SpoolBench) -> None:
    """What was too much at once may come apart more than once; of a retry, its content is no content of a part's."""
    spool = await spools.open()
    retry = replace(rows_batch(1, 4), content=rows_batch(1).fingerprint)
    await append(spool, retry, "a")
    await spool.split(await leased(spool, "a"))
    half, other = [lease.only([at]) for lease in await all_leased(spool, "a", 2) for at in range(len(lease.seqs))]
    await spool.split(half)
    spool.release(other)
    batches = [batch for lease in await all_leased(spool, "a", 3) for batch in lease.batches]
    assert sorted(list(batch.half_of) for batch in batches) == sorted(
        [[retry.fingerprint]] + 2 * [[retry.fingerprint, half.batches[0].fingerprint]]
    )
    assert {batch.content for batch in batches} == {b""}
    assert sorted(row for batch in batches for row in batch.rows) == list(retry.rows)


async def test_deferred_rows_wait_and_the_others_are_through(spools: SpoolBench) -> None:
    """A batch of which none was written stays as it is; of another the rest becomes a part of its own."""
    spool = await spools.open()
    for number in (1, 2):
        await append(spool, rows_batch(number), "a")
    found = await all_leased(spool, "a", 2)
    for lease in found:
        spool.release(lease)
    whole, part = [await leased(spool, "a", LIMITS._replace(rows=3)) for _ in range(2)]
    assert await spool.defer(whole, [FailedRow(0, row, "later") for row in range(3)], []) == list(whole.seqs)
    (number,) = await spool.defer(part, [FailedRow(0, 1, "later")], [FailedRow(0, 2, "never")])
    assert number > part.seqs[0]
    again = await all_leased(spool, "a", 2)
    assert rows_of(again) == [*rows_batch(1).rows, rows_batch(2).rows[1]]
    assert await letters(spools) == [("a", "never", [rows_batch(2).rows[2]])]


async def test_who_holds_most_of_a_spool_is_refused_before_others(spools: SpoolBench) -> None:
    """Its share, with words; another that holds little finds room."""
    spool = await spools.open(spool={"max_bytes": 20_000})
    await append(spool, rows_batch(1_000, client="quiet"), "a")
    with pytest.raises(SpoolFull, match="share"):  # noqa: PT012 - how many it takes is the spool's business
        for number in range(60):
            await append(spool, rows_batch(number, client="noisy"), "a")
            await spool.sweep()
    await append(spool, rows_batch(1_001, client="quiet"), "a")
    await append(spool, rows_batch(1_002, client="new"), "a")


async def test_a_full_spool_refuses_until_something_is_delivered(spools: SpoolBench) -> None:
    """`SpoolFull`, with a time; what was refused is not there."""
    spool = await spools.open(spool={"max_bytes": 6_000})
    kept = 0
    with pytest.raises(SpoolFull) as refusal:  # noqa: PT012 - how many it takes is the spool's business
        for number in range(60):
            await append(spool, rows_batch(number), "a")
            kept += 1
    assert refusal.value.retry_after_seconds > 0
    assert 2 < kept < 60
    assert spool.unwritable_reason
    for lease in await all_leased(spool, "a", kept):
        await spool.commit(lease)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                await append(spool, rows_batch(1_000), "a")
                break
            except NotPersisted:
                await spool.sweep()
    await spool.sweep()
    assert not spool.unwritable_reason
    assert rows_of([await leased(spool, "a")]) == list(rows_batch(1_000).rows)


async def test_what_waits_too_long_is_set_aside(spools: SpoolBench) -> None:
    """Not what is leased: that may be on its way."""
    spool = await spools.open(spool={"max_age_seconds": 60.0})
    await append(spool, rows_batch(1), "a")
    lease = await leased(spool, "a")
    await append(spool, rows_batch(2), "a")
    spools.clock.now += 61.0
    await stats_once(spool, lambda stats: stats.dead_letters.events == 3)
    ((sink, reason, rows),) = await letters(spools)
    assert (sink, rows) == ("a", list(rows_batch(2).rows))
    assert "max_age_seconds" in reason
    await spool.commit(lease)
    assert await spool.lease("a", LIMITS) is None


async def test_it_says_what_waits(spools: SpoolBench) -> None:
    """By sink, with the age of the oldest; nothing is there once all is delivered."""
    spool = await spools.open()
    assert (await spool.sweep()).stored_bytes == 0
    for number in range(3):
        await append(spool, rows_batch(number), "a", "b")
    await spool.commit(await leased(spool, "b", LIMITS._replace(rows=3)))
    stats = await stats_once(spool, lambda stats: stats.totals["b"].batches == 2)
    assert stats.totals["a"].batches == 3
    assert stats.totals["a"].events == 9
    assert stats.stored_bytes > 0
    assert stats.oldest["a"] == pytest.approx(spools.clock.now * 1e6, abs=60e6)
    assert {sink: events for sink, events in spool.waiting().items() if events} == {"a": 9, "b": 6}
    assert spool.totals("a").batches == 3
    for sink, count in (("a", 3), ("b", 2)):
        for lease in await all_leased(spool, sink, count):
            await spool.commit(lease)
    await nothing_waits(spool, "a", "b")


async def test_many_append_and_lease_at_once(spools: SpoolBench) -> None:
    """Nothing twice, nothing lost."""
    spool = await spools.open()
    done: list[int] = []

    async def deliver() -> None:
        while len(done) < 100:
            if lease := await spool.lease("a", LIMITS._replace(rows=9)):
                done.extend(int.from_bytes(batch.fingerprint) for batch in lease.batches)
                spool.commit(lease)
            else:
                await asyncio.sleep(0.005)

    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(deliver())
        for number in range(100):
            group.create_task(append(spool, rows_batch(number), "a"))
    assert sorted(done) == list(range(100))
    await nothing_waits(spool, "a")


async def test_it_may_be_closed_twice(spools: SpoolBench) -> None:
    """And what was acknowledged is there afterwards."""
    spool = await spools.open()
    await append(spool, rows_batch(1), "a")
    await spool.close()
    await spool.close()
    assert not spool.failed.done()
    assert (await leased(await spools.open(), "a")).batches == (rows_batch(1),)
