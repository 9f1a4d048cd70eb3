"""From the courier that stored them to whoever follows: events, within bounds that ingestion never feels.

courier ──▶ `stored` ──▶ a bounded queue ──▶ each question once ──▶ its log ──▶ followers, at their own pace
                              other workers ──────────────────────────▲

The work for all of them together has a budget of the worker's time, and what is beyond is left out and counted.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from mothership.errors import Refusal
from mothership.event import Row
from mothership.live_tail.follower import Follower
from mothership.live_tail.messages import TailEvent
from mothership.live_tail.question import TailQuestion
from mothership.live_tail.settings import LiveTailSettings
from mothership.search.query import EventQuery
from mothership.telemetry import log, tail_readers, tails_ended

WAITING_ROWS_MAX = 20_000
WAITING_BYTES_MAX = 16 * 1024 * 1024
"""Most that waits to be looked at."""
SLICE_ROWS = 250
SLICE_SECONDS = 0.002
"""What is looked at, about, before other work has its turn."""
FULL_RATE_READERS = 25
"""With more than so many, each is shown its share of what so many would be: nobody can read even that."""
BUDGET_SHARE, BUDGET_SHARE_OF_IDLE = 0.01, 0.005
"""For looking: of the processor time that the worker has, and of all time."""
BUDGET_SECONDS_MAX = 0.1
"""What may be saved up of it: while little happens, a burst is looked at whole."""
PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX, PAUSE_SECONDS_EACH = 0.1, 0.9, 0.009
"""Between two times that readers are sent something: the more there are, the less often."""
LOOK_AFTER_SECONDS = 2.0
RETRY_SECONDS = 10.0
STOPPING = "the service is stopping"

T = TypeVar("T")


class LiveTail:
    """`ports.StoredWatcher`, for those who follow."""

    def __init__(
        self,
        settings: LiveTailSettings,
        *,
        ticks: Callable[[], float] = time.monotonic,
        processor: Callable[[], float] = time.thread_time,
    ) -> None:
        """`processor` tells the processor time of the event loop's thread, in seconds."""
        self._settings = settings
        self._ticks, self._processor = ticks, processor
        self.is_watched = False
        """Whether anybody follows: all that is asked when nobody does."""
        self.join: Callable[[EventQuery], Awaitable[None]] | None = None
        """Where there are other workers: returns when they tell what they store that is meant."""
        self._questions: dict[EventQuery, TailQuestion] = {}
        self._followers: set[Follower] = set()
        self._followers_of: Counter[EventQuery] = Counter()
        self._readers_of: Counter[EventQuery] = Counter()
        """The same without other workers."""
        self._by_caller: Counter[str] = Counter()
        self._waiting: deque[Sequence[Row]] = deque()
        self._waiting_rows = self._waiting_bytes = 0
        self._news = asyncio.Event()
        self._watched = asyncio.Event()
        self._budget = BUDGET_SECONDS_MAX
        self._budget_filled = ticks(), processor()
        self._turn = 0
        self._slice = 0.0
        self._closed = False

    # --- events in -----------------------------------------------------------------------------------------------

    def stored(self, rows: Sequence[Row]) -> None:
        """See `ports.StoredWatcher`."""
        size = sum(len(row.data) for row in rows)
        if self._waiting_rows + len(rows) > WAITING_ROWS_MAX or self._waiting_bytes + size > WAITING_BYTES_MAX:
            for question in self._questions.values():
                question.leave_out(len(rows))
        else:
            self._waiting.append(rows)
            self._waiting_rows += len(rows)
            self._waiting_bytes += size
        self._news.set()

    def stored_elsewhere(self, query: EventQuery, messages: Sequence[bytes], missed: int) -> None:
        """Another worker stored events that this question means."""
        if question := self._questions.get(query):
            question.everywhere.leave_out(missed)
            question.everywhere.append(messages)
            self._news.set()

    # --- followers -----------------------------------------------------------------------------------------------

    @contextmanager
    def following(
        self,
        query: EventQuery,
        caller: str | None = None,
        *,
        is_allowed: Callable[[], bool] = lambda: True,
        drop: Callable[[], None] = lambda: None,
    ) -> Iterator[Follower]:
        """Follow a question as long as the block lasts; its times don't count. Raises `Refusal` (503) at the bounds.

        A caller of None is another worker, which is shown what this one stored.
        """
        if caller is not None:
            self._check_room(caller)
        query = _without_times(query)
        question = self._questions.get(query)
        if question is None:
            question = self._questions[query] = TailQuestion(query, self._settings.events_per_second, self._ticks())
        where = question.here if caller is None else question.everywhere
        ready = partial(self.join, query) if self.join and caller is not None else None
        follower = Follower(caller or "", where, ticks=self._ticks, is_allowed=is_allowed, drop=drop, ready=ready)
        self._followers.add(follower)
        self._followers_of[query] += 1
        if caller is not None:
            self._by_caller[caller] += 1
            self._readers_of[query] += 1
            tail_readers.inc()
        self.is_watched = True
        self._watched.set()
        try:
            yield follower
        finally:
            self._leave(follower, query, caller)

    def _check_room(self, caller: str) -> None:
        if self._closed:
            raise Refusal(503, STOPPING, retry_after_seconds=RETRY_SECONDS)
        settings = self._settings
        if self._by_caller[caller] >= settings.readers_per_caller:
            key, most, whose = "live_tail.readers_per_caller", settings.readers_per_caller, "with your credentials"
        elif self._by_caller.total() >= settings.readers:
            key, most, whose = "live_tail.readers", settings.readers, "here"
        else:
            return
        tails_ended.labels("refused").inc()
        reason = f"{most} live tails are open {whose} ({key}): close one, or try again later"
        raise Refusal(503, reason, retry_after_seconds=RETRY_SECONDS)

    def _leave(self, follower: Follower, query: EventQuery, caller: str | None) -> None:
        self._followers.remove(follower)
        if caller is not None:
            tail_readers.dec()
            _take_one(self._by_caller, caller)
            _take_one(self._readers_of, query)
        _take_one(self._followers_of, query)
        if not self._followers_of[query]:
            del self._questions[query]
        if not self._followers:
            self.is_watched = False
            self._watched.clear()
            self._waiting.clear()
            self._waiting_rows = self._waiting_bytes = 0

    def questions(self) -> list[EventQuery]:
        """What readers ask here: the other workers are asked the same."""
        return list(self._readers_of)

    def end_all(self, reason: str) -> None:
        """Every tail ends, and may be opened again."""
        for follower in list(self._followers):
            follower.end(reason)

    def close(self) -> None:
        """The same, and none is opened again: the service stops."""
        self._closed = True
        self.end_all(STOPPING)

    # --- work ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Look at what is stored and wake followers, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._show(), name="live-tail")
            group.create_task(self._look_after(), name="live-tail-readers")

    async def _show(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self._look()
            for follower in list(self._followers):
                follower.wake()
            pause = PAUSE_SECONDS_EACH * len(self._followers)
            await asyncio.sleep(min(PAUSE_SECONDS_MAX, max(PAUSE_SECONDS_MIN, pause)))

    async def _look(self) -> None:
        now, spent = filled = self._ticks(), self._processor()
        self._budget += BUDGET_SHARE_OF_IDLE * (now - self._budget_filled[0])
        self._budget += BUDGET_SHARE * (spent - self._budget_filled[1])
        self._budget, self._budget_filled = min(BUDGET_SECONDS_MAX, self._budget), filled
        share = min(1.0, FULL_RATE_READERS / max(1, self._by_caller.total()))
        for question in self._questions.values():
            question.refill(now, share)
        while self._waiting:
            rows = self._waiting.popleft()
            self._waiting_rows -= len(rows)
            self._waiting_bytes -= sum(len(row.data) for row in rows)
            for begin in range(0, len(rows), SLICE_ROWS):
                await self._look_at(rows[begin : begin + SLICE_ROWS])

    async def _look_at(self, rows: Sequence[Row]) -> None:
        """Each question in turn, and another one first each time: where the budget ends, it ends for all alike."""
        questions = list(self._questions.values())
        self._turn += 1
        first = self._turn % max(1, len(questions))
        events = [TailEvent(row) for row in rows]
        for question in questions[first:] + questions[:first]:
            if self._budget <= 0:
                question.leave_out(len(rows))
                continue
            began = self._processor()
            question.look(events)
            spent = self._processor() - began
            self._budget -= spent
            self._slice += spent
            if self._slice >= SLICE_SECONDS:  # a round of the event loop costs as well
                self._slice = 0.0
                await asyncio.sleep(0)

    async def _look_after(self) -> None:
        """End those that may not read any more, and those that don't."""
        while True:
            await self._watched.wait()
            await asyncio.sleep(LOOK_AFTER_SECONDS)
            for follower in list(self._followers):
                if follower.stalled_seconds() > self._settings.stall_seconds:
                    tails_ended.labels("stalled").inc()
                    log.info("live_tail_dropped", client=follower.caller, reason="it took nothing")
                    follower.end("too slow")
                elif not follower.is_allowed():
                    tails_ended.labels("revoked").inc()
                    follower.end("your credentials are no longer valid")


def _take_one(counts: Counter[T], key: T) -> None:
    counts[key] -= 1
    if not counts[key]:
        del counts[key]


def _without_times(query: EventQuery) -> EventQuery:
    """What is stored now is meant, whatever its own time."""
    return replace(query, since=None, until=None)
