"""Bounded room that callers share: nobody can fill it, and whoever waits has a turn.

How much may one hold? A fixed share would leave room empty while others are quiet. Here it is a multiple of what is
free afterwards (the "dynamic threshold" of shared-memory switches, Choudhury and Hahne 1998): one that is alone gets
most of the room, two get about half each, and some is always left for one that holds nothing, without anybody counting
who is there. It holds twice: for a caller, and for an address within a caller, since a whole fleet may share one token.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

from mothership.errors import NoRoom

T = TypeVar("T")

ADDRESS_SHARE = 4
"""An address may hold up to so many times what it leaves free: alone, four fifths of the room."""
CALLER_SHARE = 8
"""The same for all addresses of one caller together: eight ninths."""


class Holder(NamedTuple):
    """Who holds something: a caller by its name, and the address (or the network) that it calls from."""

    caller: str
    address: str = ""


class Shares:
    """Who holds how much of a room."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.used = 0
        self.by_caller: dict[str, int] = {}
        self.by_holder: dict[Holder, int] = {}

    def fits(self, who: Holder, amount: int) -> bool:
        """Whether it may hold so much more. Whoever is alone may, whatever it is: or it would come again for ever."""
        # As `caller_fits` and the same of the address, in one: this is asked ten times a request.
        if not self.used:
            return True
        left = self.capacity - self.used - amount
        if left < 0:
            return False
        held = self.by_caller.get(who.caller, 0)
        if held and held + amount > CALLER_SHARE * left:
            return False
        held = self.by_holder.get(who, 0)
        return not held or held + amount <= ADDRESS_SHARE * left

    def caller_fits(self, caller: str, amount: int) -> bool:
        """The same, as far as it is the room's or the caller's bound."""
        if not self.used:
            return True
        # Whoever holds nothing may have all that is left. Others leave some, however large the piece they want.
        left, held = self.capacity - self.used - amount, self.by_caller.get(caller, 0)
        return left >= 0 and (not held or held + amount <= CALLER_SHARE * left)

    def add(self, who: Holder, amount: int) -> None:
        """Count what it holds from now on; less, when negative."""
        if not amount:
            return
        self.used += amount
        caller = who.caller
        if left := self.by_caller.get(caller, 0) + amount:
            self.by_caller[caller] = left
        else:
            del self.by_caller[caller]
        if left := self.by_holder.get(who, 0) + amount:
            self.by_holder[who] = left
        else:
            del self.by_holder[who]


class Slot:
    """What one request holds of a limiter. Gives it back when the block ends."""

    def __init__(
        self, limiter: "FairLimiter", who: Holder, count: int, size: int, on_evict: Callable[[], None] | None
    ) -> None:
        self.who = who
        self.count = count
        self.size = size
        self.on_evict = on_evict
        self._limiter = limiter

    async def grow(self, size: int, *, wait_seconds: float | None) -> None:
        """Hold so much more, as `FairLimiter.enter` does."""
        await self._limiter.take(self.who, 0, size, wait_seconds=wait_seconds)
        self.size += size

    def resize(self, size: int) -> None:
        """Say what it holds in truth, whatever the bound."""
        if size != self.size:
            self._limiter.give_back(self.who, 0, self.size - size)
            self.size = size

    def release(self) -> None:
        """Give all back. May be called twice."""
        if self.on_evict is not None:
            self._limiter.forget(self)
        (count, size), (self.count, self.size) = (self.count, self.size), (0, 0)
        if count or size:
            self._limiter.give_back(self.who, count, size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


@dataclass(slots=True, eq=False)
class _Waiter:
    who: Holder
    count: int
    size: int
    turn: "asyncio.Future[bool]"
    """Done when it goes on: whether it has what it wants, or its time is up."""
    is_queued: bool = True


class FairLimiter:
    """So many things of so much size at a time. Those beyond wait, in turns by caller, then by address.

    Those that wait are bounded as well, in number and size, and shared in the same way. Used from one event loop only.
    """

    def __init__(self, count_max: int, size_max: int, *, waiting_max: int | None = None) -> None:
        """`waiting_max`: how many may wait; as many as may be inside when left out."""
        self.count = Shares(count_max)
        self.size = Shares(size_max)
        self._waiting_count = Shares(waiting_max or count_max)
        self._waiting_size = Shares(size_max)
        self._queues: OrderedDict[str, OrderedDict[Holder, deque[_Waiter]]] = OrderedDict()
        self._evictable: dict[Holder, set[Slot]] = {}

    @property
    def is_waited_for(self) -> bool:
        """Whether any wait."""
        return bool(self._queues)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(len(queue) for queues in self._queues.values() for queue in queues.values())

    async def enter(
        self,
        who: Holder,
        count: int,
        size: int,
        *,
        wait_seconds: float | None,
        on_evict: Callable[[], None] | None = None,
    ) -> Slot:
        """Hold so much, at once or after a wait (None: however long). Raises `NoRoom` when the wait was in vain.

        What has an `on_evict` can be taken back: it is called when somebody who holds less needs the room, and the slot
        is empty by then.
        """
        await self.take(who, count, size, wait_seconds=wait_seconds)
        return self._slot(who, count, size, on_evict)

    async def take(self, who: Holder, count: int, size: int, *, wait_seconds: float | None) -> None:
        """As `enter`, for whoever counts for itself."""
        if not (count or size):
            return  # what holds nothing is in nobody's way
        if who in self._queues.get(who.caller, ()) or not (
            self._fits(who, count, size) or self._reclaim(who, count, size)
        ):
            await self._wait(_Waiter(who, count, size, asyncio.get_running_loop().create_future()), wait_seconds)
        else:
            self.count.add(who, count)
            self.size.add(who, size)

    def has_room(self, who: Holder, count: int, size: int) -> bool:
        """Whether so much can be held at once: nobody waits, and nothing has to be taken back."""
        return not self._queues and self._fits(who, count, size)

    def try_enter(self, who: Holder, count: int, size: int, on_evict: Callable[[], None] | None = None) -> Slot | None:
        """As `enter`, if there is room at once."""
        if self._queues or not self._fits(who, count, size):
            return None
        if count:
            self.count.add(who, count)
        if size:
            self.size.add(who, size)
        return self._slot(who, count, size, on_evict)

    def _slot(self, who: Holder, count: int, size: int, on_evict: Callable[[], None] | None) -> Slot:
        slot = Slot(self, who, count, size, on_evict)
        if on_evict:
            self._evictable.setdefault(who, set()).add(slot)
        return slot

    def give_back(self, who: Holder, count: int, size: int) -> None:
        """Hold so much less, and let those go on who have waited for it."""
        if count:
            self.count.add(who, -count)
        if size:
            self.size.add(who, -size)
        if self._queues:
            self._admit_waiting()

    def forget(self, slot: Slot) -> None:
        """A slot has ended: it is not evicted any more."""
        if slots := self._evictable.get(slot.who):
            slots.discard(slot)
            if not slots:
                del self._evictable[slot.who]

    def _fits(self, who: Holder, count: int, size: int) -> bool:
        return (not count or self.count.fits(who, count)) and self.size.fits(who, size)

    async def _wait(self, waiter: _Waiter, wait_seconds: float | None) -> None:
        who, count, size, turn = waiter.who, waiter.count, waiter.size, waiter.turn
        bound = "size" if size and (not count or self.count.fits(who, count)) else "count"
        if wait_seconds is not None and wait_seconds <= 0:
            raise NoRoom(bound)
        if not (self._waiting_count.fits(who, 1) and self._waiting_size.fits(who, size)):
            raise NoRoom("waiting")
        self._queues.setdefault(who.caller, OrderedDict()).setdefault(who, deque()).append(waiter)
        self._waiting_count.add(who, 1)
        self._waiting_size.add(who, size)
        timer = None if wait_seconds is None else turn.get_loop().call_later(wait_seconds, _time_is_up, turn)
        try:
            has_it = await turn
        except BaseException:
            if turn.done() and not turn.cancelled() and turn.result():
                self.give_back(who, count, size)
            raise
        finally:
            if timer is not None:
                timer.cancel()
            if self._leave(waiter):
                self._admit_waiting()  # whoever stood behind it may need less
        if not has_it:
            raise NoRoom(bound)

    def _leave(self, waiter: _Waiter) -> bool:
        """It waits no more. Whether it still did."""
        if not waiter.is_queued:
            return False
        waiter.is_queued = False
        queues = self._queues[waiter.who.caller]
        queue = queues[waiter.who]
        queue.remove(waiter)
        self._waiting_count.add(waiter.who, -1)
        self._waiting_size.add(waiter.who, -waiter.size)
        if not queue:
            del queues[waiter.who]
        if not queues:
            del self._queues[waiter.who.caller]
        return True

    def _admit_waiting(self) -> None:
        """Give turns to those that fit, the caller that has had none for longest first."""
        while waiter := self._next():
            self._leave(waiter)
            self.count.add(waiter.who, waiter.count)
            self.size.add(waiter.who, waiter.size)
            waiter.turn.set_result(True)
            if queues := self._queues.get(waiter.who.caller):
                self._queues.move_to_end(waiter.who.caller)
                if waiter.who in queues:
                    queues.move_to_end(waiter.who)

    def _next(self) -> _Waiter | None:
        for caller, queues in self._queues.items():
            for queue in queues.values():
                waiter = queue[0]
                if waiter.turn.done():
                    continue  # its time is up: it is about to leave
                if not (self.size.caller_fits(caller, waiter.size) and self._caller_counts(caller, waiter.count)):
                    break
                if self._fits(waiter.who, waiter.count, waiter.size):
                    return waiter
        return None

    def _caller_counts(self, caller: str, count: int) -> bool:
        return not count or self.count.caller_fits(caller, count)

    def _reclaim(self, who: Holder, count: int, size: int) -> bool:
        """Take room back from those that hold more than this one would. Whether it fits then."""
        while self._evictable and not self.size.fits(who, size):
            if (victim := self._largest_beside(who, size)) is None:
                return False
            self.forget(victim)
            self.count.add(victim.who, -victim.count)
            self.size.add(victim.who, -victim.size)
            victim.count = victim.size = 0
            if victim.on_evict:
                victim.on_evict()
        return self._fits(who, count, size)

    def _largest_beside(self, who: Holder, size: int) -> Slot | None:
        """The largest slot of the largest holder, if that one holds more than this one would."""
        by_caller, by_holder = self.size.by_caller, self.size.by_holder
        caller = max((holder.caller for holder in self._evictable), key=lambda one: by_caller.get(one, 0))
        if caller != who.caller and by_caller.get(caller, 0) <= by_caller.get(who.caller, 0) + size:
            return None
        largest = max((one for one in self._evictable if one.caller == caller), key=lambda one: by_holder.get(one, 0))
        if caller == who.caller and by_holder.get(largest, 0) <= by_holder.get(who, 0) + size:
            return None
        return max(self._evictable[largest], key=lambda slot: slot.size)


def _time_is_up(turn: "asyncio.Future[bool]") -> None:
    if not turn.done():
        turn.set_result(False)


class WaitBudget:
    """How long one request may wait for room, over all its waits."""

    def __init__(self, seconds: float) -> None:
        self.left_seconds = seconds

    async def spend(self, wait: Callable[..., Awaitable[T]], *, at_least_seconds: float = 0.0) -> T:
        """Wait, with what is left as its `wait_seconds`, and so long in any case."""
        ticks = asyncio.get_running_loop().time
        began = ticks()
        try:
            return await wait(wait_seconds=max(self.left_seconds, at_least_seconds))
        finally:
            self.left_seconds -= ticks() - began
