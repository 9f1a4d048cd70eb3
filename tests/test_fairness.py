"""Bounded room is shared: nobody fills it, whoever waits has a turn, and nothing is counted twice or forgotten."""

import asyncio
import random
from functools import partial

import pytest

from mothership.errors import NoRoom
from mothership.fairness import FairLimiter, Holder, Shares, Slot

GREEDY, QUIET = Holder("greedy", "192.0.2.1"), Holder("quiet", "192.0.2.2")
NEIGHBOUR = Holder("greedy", "192.0.2.3")
"""Has the same token as the greedy one, and another address."""


async def fill(limiter: FairLimiter, who: Holder, size: int = 1) -> list[Slot]:
    """Take as much as this one gets."""
    slots = []
    while True:
        try:
            slots.append(await limiter.enter(who, 1, size, wait_seconds=0))
        except NoRoom:
            return slots


async def turns(number: int = 5) -> None:
    """Let others go on."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_whoever_is_alone_is_served_whatever_it_asks_for() -> None:
    """Refused, it would come again for ever."""
    limiter = FairLimiter(1, 10)
    with await limiter.enter(GREEDY, 5, 1000, wait_seconds=0), pytest.raises(NoRoom):
        await limiter.enter(QUIET, 1, 1, wait_seconds=0)
    assert (limiter.count.used, limiter.size.used) == (0, 0)


async def test_one_that_takes_all_it_can_leaves_room_for_others() -> None:
    """For another caller, and for another address of the same caller; and these leave some again."""
    limiter = FairLimiter(1000, 1_000_000)
    assert 750 < len(await fill(limiter, GREEDY)) <= 800
    assert len(await fill(limiter, NEIGHBOUR)) > 50
    assert len(await fill(limiter, QUIET)) > 50
    assert limiter.count.used < 1000


@pytest.mark.parametrize("size", [1, 10, 100, 150, 200])
async def test_some_is_left_however_large_the_pieces_are_that_one_takes(size: int) -> None:
    """Four uploads of a quarter each held all of the room, and whoever came next waited for their end."""
    limiter = FairLimiter(1000, 400)
    await fill(limiter, GREEDY, size)
    assert 400 - limiter.size.used >= 400 // 5
    await limiter.enter(QUIET, 1, 20, wait_seconds=0)
    await limiter.enter(NEIGHBOUR, 1, 10, wait_seconds=0)


async def test_many_addresses_of_one_caller_leave_room_for_another_caller() -> None:
    """A taken-over token is no use for shutting others out, wherever it is used from."""
    limiter = FairLimiter(1000, 1_000_000)
    for number in range(100):
        await fill(limiter, Holder("greedy", f"192.0.2.{number}"))
    assert len(await fill(limiter, QUIET)) > 50


@pytest.mark.parametrize("other", [QUIET, NEIGHBOUR], ids=["another caller", "another address"])
async def test_turns_are_taken_by_caller_and_by_address(other: Holder) -> None:
    """However many of one wait already, another is next but one."""
    limiter = FairLimiter(1, 1000, waiting_max=1000)
    held = await limiter.enter(GREEDY, 1, 1, wait_seconds=1)
    order: list[Holder] = []

    async def work(who: Holder) -> None:
        with await limiter.enter(who, 1, 1, wait_seconds=30):
            order.append(who)

    waiting = [asyncio.create_task(work(GREEDY)) for _ in range(50)]
    await turns()
    waiting.append(asyncio.create_task(work(other)))
    await turns()
    held.release()
    await asyncio.gather(*waiting)
    assert order.index(other) <= 1


async def test_those_that_wait_are_bounded_and_leave_places_too() -> None:
    """The number that waits has a bound of its own, and nobody takes all of its places."""
    limiter = FairLimiter(20, 1000)
    held = await fill(limiter, GREEDY)
    waiting = [asyncio.create_task(limiter.enter(GREEDY, 1, 1, wait_seconds=30)) for _ in range(100)]
    await turns()
    refused = [task for task in waiting if task.done()]
    assert {str(task.exception()) for task in refused} == {"waiting"}
    assert 12 <= limiter.waiting <= 16
    while limiter.count.used < 20:
        held.append(await limiter.enter(Holder(f"other-{limiter.count.used}"), 1, 1, wait_seconds=0))
    quiet = asyncio.create_task(limiter.enter(Holder("third"), 1, 1, wait_seconds=30))
    await turns()
    assert not quiet.done()
    held[0].release()
    await quiet
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_wait_has_an_end_and_says_for_what_it_was() -> None:
    """By the bound that was reached."""
    limiter = FairLimiter(5, 100)
    await limiter.enter(GREEDY, 5, 5, wait_seconds=0)
    with pytest.raises(NoRoom, match="count"):
        await limiter.enter(QUIET, 1, 1, wait_seconds=0.01)
    with pytest.raises(NoRoom, match="size"):
        await limiter.enter(QUIET, 0, 99, wait_seconds=0.01)
    assert limiter.waiting == 0


async def test_what_can_give_way_does_so_for_one_that_holds_less() -> None:
    """The largest of the largest holder; and never for one that would hold as much itself."""
    limiter = FairLimiter(1000, 100)
    gone: list[str] = []
    first = await limiter.enter(GREEDY, 0, 30, wait_seconds=0, on_evict=lambda: gone.append("first"))
    await limiter.enter(GREEDY, 0, 50, wait_seconds=0, on_evict=lambda: gone.append("second"))
    with pytest.raises(NoRoom):
        await limiter.enter(GREEDY, 0, 20, wait_seconds=0)
    with pytest.raises(NoRoom):
        await limiter.enter(QUIET, 0, 90, wait_seconds=0)
    await limiter.enter(NEIGHBOUR, 0, 8, wait_seconds=0)
    assert gone == []
    await limiter.enter(QUIET, 0, 40, wait_seconds=0)
    assert gone == ["second"]
    assert first.size == 30
    assert limiter.size.used == 78


def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()


async def test_nothing_is_counted_twice_or_forgotten() -> None:
    """Slots that grow, shrink, wait, are cancelled and give way, in every order: at the end all is free."""
    chance = random.Random(7)
    limiter = FairLimiter(20, 200)
    callers = [Holder(f"c{number % 3}", f"a{number % 5}") for number in range(15)]

    async def work(who: Holder) -> None:
        task = asyncio.current_task()
        assert task
        way = partial(_cancel, task) if chance.random() < 0.5 else None
        try:
            slot = await limiter.enter(who, chance.randrange(3), chance.randrange(30), wait_seconds=0.02, on_evict=way)
            with slot:
                await asyncio.sleep(chance.random() / 200)
                await slot.grow(chance.randrange(30), wait_seconds=0.01)
                slot.resize(chance.randrange(60))
                await asyncio.sleep(chance.random() / 200)
        except NoRoom:
            return

    tasks = [asyncio.create_task(work(chance.choice(callers))) for _ in range(400)]
    for task in chance.sample(tasks, 100):
        await asyncio.sleep(chance.random() / 1000)
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (limiter.count.used, limiter.size.used, limiter.waiting) == (0, 0, 0)
    assert not limiter.size.by_holder
    assert not limiter.size.by_caller


def test_shares_follow_what_is_free() -> None:
    """Three that take turns end with about the same, and none is asked how many there are."""
    shares = Shares(900)
    holders = [Holder(name) for name in "abc"]
    for _ in range(900):
        for who in holders:
            if shares.fits(who, 1):
                shares.add(who, 1)
    assert max(shares.by_holder.values()) - min(shares.by_holder.values()) <= 1
    assert 820 < shares.used < 900


async def test_who_waits_behind_one_whose_time_is_up_is_let_in() -> None:
    """The one before wanted more than there was; nobody gives anything back, and what is left is enough."""
    limiter = FairLimiter(10, 1000)
    held = [await limiter.enter(QUIET, 1, 600, wait_seconds=0), await limiter.enter(GREEDY, 1, 10, wait_seconds=0)]
    large = asyncio.create_task(limiter.enter(GREEDY, 1, 450, wait_seconds=0.01))
    await turns()
    small = asyncio.create_task(limiter.enter(GREEDY, 1, 1, wait_seconds=None))
    with pytest.raises(NoRoom):
        await large
    held.append(await small)
    for slot in held:
        slot.release()
    assert (limiter.count.used, limiter.size.used, limiter.waiting) == (0, 0, 0)


async def test_what_has_no_size_is_not_refused_for_its_size() -> None:
    """There is room again, and one that waits no longer stands before it: the edge had no words for that, but a 500."""
    limiter = FairLimiter(1, 100)
    held = await limiter.enter(QUIET, 1, 0, wait_seconds=0)
    waiting = asyncio.create_task(limiter.enter(GREEDY, 1, 0, wait_seconds=None))
    await turns()
    waiting.cancel()
    held.release()
    with pytest.raises(NoRoom, match="count"):
        await limiter.enter(GREEDY, 1, 0, wait_seconds=0)


async def test_who_asks_for_nothing_yet_does_not_wait() -> None:
    """A request begins, whatever others of its address hold and wait for; it waits once it has something to hold."""
    limiter = FairLimiter(10, 100)
    held = await fill(limiter, GREEDY, 10)
    waiting = asyncio.create_task(limiter.enter(GREEDY, 1, 50, wait_seconds=None))
    await turns()
    with await limiter.enter(GREEDY, 0, 0, wait_seconds=0), pytest.raises(NoRoom):
        await limiter.enter(GREEDY, 1, 50, wait_seconds=0)
    waiting.cancel()
    for slot in held:
        slot.release()
