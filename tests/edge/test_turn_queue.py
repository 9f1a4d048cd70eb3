"""Whose turn it is: as many as there may be at a time, shared by caller and address, and none counted twice or lost."""

import asyncio
import random

import pytest

from mothership.edge.turn_queue import TurnQueue
from mothership.errors import NoRoom
from mothership.fairness import Holder

GREEDY, QUIET = Holder("greedy", "192.0.2.1"), Holder("quiet", "192.0.2.2")
NEIGHBOUR = Holder("greedy", "192.0.2.3")
"""Has the same token as the greedy one, and another address."""


async def rounds(number: int = 5) -> None:
    """Let others go on."""
    for _ in range(number):
        await asyncio.sleep(0)


@pytest.mark.parametrize("other", [QUIET, NEIGHBOUR])
async def test_turns_are_taken_by_caller_and_by_address(other: Holder) -> None:
    """However many of one wait already, another is next but one; and of one the first come is the first served."""
    queue = TurnQueue(1000)
    await queue.enter(GREEDY, wait_seconds=1)
    order: list[tuple[Holder, int]] = []

    async def work(who: Holder, number: int) -> None:
        await queue.enter(who, wait_seconds=30)
        order.append((who, number))
        queue.leave(1)

    waiting = [asyncio.create_task(work(GREEDY, number)) for number in range(50)]
    await rounds()
    waiting.append(asyncio.create_task(work(other, 0)))
    await rounds()
    queue.leave(1)
    await asyncio.gather(*waiting)
    assert order.index((other, 0)) <= 1
    assert [number for who, number in order if who == GREEDY] == list(range(50))
    assert not queue.is_waited_for


async def test_as_many_are_called_as_may_have_a_turn() -> None:
    """Those of one round end together, and so many are called for the next."""
    queue = TurnQueue(1000)
    await queue.enter(GREEDY, wait_seconds=1)
    called: list[int] = []

    async def wait(number: int) -> None:
        await queue.enter(GREEDY, wait_seconds=30)
        called.append(number)

    waiting = [asyncio.create_task(wait(number)) for number in range(9)]
    await rounds()
    assert not called
    queue.most = 4
    queue.leave(1)
    await rounds()
    assert called == [0, 1, 2, 3]
    queue.most = 8
    queue.leave(4)
    await asyncio.gather(*waiting)
    assert called == list(range(9))


async def test_whoever_comes_while_others_wait_stands_behind_them() -> None:
    """Though there be room: the one that waits was called, and has not gone on yet."""
    queue = TurnQueue(1000)
    await queue.enter(GREEDY, wait_seconds=1)
    first = asyncio.create_task(queue.enter(GREEDY, wait_seconds=30))
    second = asyncio.create_task(queue.enter(GREEDY, wait_seconds=30))
    await rounds()
    with pytest.raises(NoRoom, match="count"):
        await queue.enter(QUIET, wait_seconds=0)
    queue.leave(1)
    await first
    assert not second.done()
    queue.leave(1)
    await second


async def test_those_that_wait_are_bounded_and_leave_places_too() -> None:
    """The number that waits has a bound of its own, and nobody takes all of its places."""
    queue = TurnQueue(20)
    await queue.enter(GREEDY, wait_seconds=1)
    waiting = [asyncio.create_task(queue.enter(GREEDY, wait_seconds=30)) for _ in range(100)]
    await rounds()
    refused = [task for task in waiting if task.done()]
    assert {str(task.exception()) for task in refused} == {"waiting"}
    assert 12 <= len(waiting) - len(refused) <= 16
    quiet = asyncio.create_task(queue.enter(QUIET, wait_seconds=30))
    await rounds()
    assert not quiet.done()
    queue.leave(1)
    await rounds()
    queue.leave(1)
    await quiet
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_wait_has_an_end_and_the_others_wait_on() -> None:
    """Each its own, by one timer; a shorter one that comes later ends before."""
    queue = TurnQueue(1000)
    await queue.enter(GREEDY, wait_seconds=1)
    ended: list[float] = []

    async def wait(seconds: float) -> None:
        with pytest.raises(NoRoom, match="count"):
            await queue.enter(GREEDY, wait_seconds=seconds)
        ended.append(seconds)

    stays = asyncio.create_task(queue.enter(GREEDY, wait_seconds=30))
    await asyncio.gather(*(wait(seconds) for seconds in (0.12, 0.06, 0.03, 0.09)))
    assert ended == [0.03, 0.06, 0.09, 0.12]
    assert not stays.done()
    queue.leave(1)
    await stays
    assert not queue.is_waited_for


async def test_no_turn_is_counted_twice_or_forgotten() -> None:
    """Whatever becomes of those that wait: called, out of time, cancelled, or cancelled just when they are called."""
    chance = random.Random(7)
    queue = TurnQueue(1000)
    queue.most = 3
    inside = 0

    async def work(who: Holder) -> None:
        nonlocal inside
        try:
            await queue.enter(who, wait_seconds=chance.choice([0, 0.001, 0.01, 30]))
        except NoRoom:
            return
        inside += 1
        assert inside <= 3
        try:
            await rounds(chance.randrange(3))
        finally:
            inside -= 1
            queue.leave(1)

    tasks = [asyncio.create_task(work(chance.choice([GREEDY, QUIET, NEIGHBOUR]))) for _ in range(500)]
    while not all(task.done() for task in tasks):
        for task in chance.sample(tasks, 5):
            if chance.random() < 0.2:
                task.cancel()
        await asyncio.sleep(0)
    for task in tasks:
        assert task.cancelled() or task.exception() is None
    assert not queue.is_waited_for
    for _ in range(3):
        await queue.enter(GREEDY, wait_seconds=0)
    with pytest.raises(NoRoom):
        await queue.enter(GREEDY, wait_seconds=0)
