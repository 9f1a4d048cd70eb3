"""Whose turn it is at the processor: so many at a time, and those beyond wait, in turns by caller, then by address.

As `fairness.FairLimiter`, for turns that last a round of the event loop: what waits costs little, since at many
connections every small request does. One timer for all that wait; and turns end together, so the next are called once.
"""

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass

from mothership.errors import NoRoom
from mothership.fairness import Holder, Shares


@dataclass(slots=True, eq=False)
class _Waiter:
    who: Holder
    until: float
    turn: "asyncio.Future[bool]"
    """Done when it goes on: whether it was called, or its time is up."""
    is_queued: bool = True


class TurnQueue:
    """Used from one event loop only."""

    def __init__(self, waiting_max: int) -> None:
        """`waiting_max`: how many may wait. They are shared as all room is, so that nobody takes all places."""
        self.most = 1
        """How many may have a turn at a time."""
        self._taken = 0
        self._waiting = Shares(waiting_max)
        self._queues: OrderedDict[str, OrderedDict[Holder, deque[_Waiter]]] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None
        self._look_at = float("inf")

    @property
    def is_waited_for(self) -> bool:
        """Whether any wait."""
        return bool(self._queues)

    async def enter(self, who: Holder, *, wait_seconds: float) -> None:
        """Take a turn, at once or after a wait. Raises `NoRoom` when the wait was in vain. Ends with `leave`."""
        if not self._queues and self._taken < self.most:
            self._taken += 1
            return
        if wait_seconds <= 0:
            raise NoRoom("count")
        if not self._waiting.fits(who, 1):
            raise NoRoom("waiting")
        loop = asyncio.get_running_loop()
        waiter = _Waiter(who, loop.time() + wait_seconds, loop.create_future())
        self._queue(waiter, loop)
        try:
            was_called = await waiter.turn
        except BaseException:
            self._unqueue(waiter)
            if not waiter.turn.cancelled() and waiter.turn.result():
                self.leave(1)
            raise
        if not was_called:
            raise NoRoom("count")

    def leave(self, turns: int) -> None:
        """So many have ended. Calls the next."""
        self._taken -= turns
        while self._queues and self._taken < self.most:
            self._call_next()

    def _queue(self, waiter: _Waiter, loop: asyncio.AbstractEventLoop) -> None:
        who = waiter.who
        queues = self._queues.get(who.caller)
        if queues is None:
            queues = self._queues[who.caller] = OrderedDict()
        queue = queues.get(who)
        if queue is None:
            queue = queues[who] = deque()
        queue.append(waiter)
        self._waiting.add(who, 1)
        if waiter.until < self._look_at:
            self._set_timer(waiter.until, loop)

    def _call_next(self) -> None:
        """The caller that has had no turn for longest, and of its addresses the one that has had none for longest."""
        caller, queues = self._queues.popitem(last=False)
        who, queue = queues.popitem(last=False)
        waiter = queue.popleft()
        waiter.is_queued = False
        if queue:
            queues[who] = queue
        if queues:
            self._queues[caller] = queues
        self._waiting.add(who, -1)
        if not waiter.turn.done():  # else it was cancelled just now
            self._taken += 1
            waiter.turn.set_result(True)

    def _unqueue(self, waiter: _Waiter) -> None:
        """It waits no more."""
        if not waiter.is_queued:
            return
        waiter.is_queued = False
        queues = self._queues[waiter.who.caller]
        queue = queues[waiter.who]
        queue.remove(waiter)
        if not queue:
            del queues[waiter.who]
        if not queues:
            del self._queues[waiter.who.caller]
        self._waiting.add(waiter.who, -1)

    def _set_timer(self, at: float, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._look_at = at
        self._timer = loop.call_at(at, self._end_waits)

    def _end_waits(self) -> None:
        """Send away those whose time is up."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        waiting = [one for queues in self._queues.values() for queue in queues.values() for one in queue]
        for waiter in waiting:
            if waiter.until <= now:
                self._unqueue(waiter)
                if not waiter.turn.done():
                    waiter.turn.set_result(False)
        self._timer, self._look_at = None, float("inf")
        if left := [waiter.until for waiter in waiting if waiter.until > now]:
            self._set_timer(min(left), loop)
