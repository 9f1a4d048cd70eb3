"""From a body's first byte to its decoding: how much may arrive, be decoded and be at work at a time, who is next.

    arriving (as sent) ──▶ a turn: at work (decompressed) ──▶ decoded ──▶ pipeline and relay, still at work
                                  └── larger than a mebibyte: first a turn at being decoded, one at a time

Nothing that waits for a turn holds what another waits for: a body at work is there by its own pace, not its sender's.
One that has not arrived yet gives way to whoever holds less.

The turn is at the processor: one body begins in a round of the event loop, and what a small one needs until it is on
its way to the disk is done in that round; further small ones begin in it as long as it is short, and of those that wait
as many are called for it as the last rounds had time for. All that is ready at
once used to be worked on in one round, so under load each round was longer than the one before, nobody's wait was seen
by any bound, and every answer came too late.
"""

import asyncio
import time
from collections.abc import AsyncIterable, Awaitable, Callable
from functools import cache, partial
from types import TracebackType
from typing import Protocol, Self, TypeVar

from mothership.buffered_metrics import Observes, observed_in_loop
from mothership.edge.decompression import RequestBody
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.turn_queue import TurnQueue
from mothership.errors import NoRoom, Refusal
from mothership.fairness import FairLimiter, Holder, Slot, WaitBudget
from mothership.ports import Clock
from mothership.telemetry import load_refused, load_wait_seconds

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
RETRY_AFTER_SECONDS = 1.0
NOTICED_SECONDS = 0.001
"""A shorter wait is none."""
ROUND_SECONDS = 0.01
"""A turn that comes so soon is no wait: who was held back for its rate until its time was up has one, too."""
SHORT_ROUND_SECONDS = 0.01
"""While the bodies of a round have taken less, another one that is small may begin in it, if nobody waits."""
SMALL_BYTES = 16 * 1024
CALLED_MAX = 8
"""Most bodies of those that wait that are called for one round of the event loop, as long as rounds are short."""
OWN_THREAD_BYTES = 1024 * 1024
"""From this size on a body is decoded in a thread, so that other requests do not wait for it."""
COMPRESSED_SMALL_BYTES = 64 * 1024
"""A compressed body up to this size is likely to be small decompressed, too."""
UPLOAD_WINDOW_SECONDS = 10.0
"""Over how long the pace of an upload is measured."""


OVERLOAD_REASONS = {
    ("arriving", "size"): "too many bytes are arriving (limits.arriving_bytes)",
    ("arriving", "waiting"): "too many bodies wait for room to arrive (limits.arriving_bytes)",
    ("turn", "count"): "more arrives than can be worked on in time (more workers or instances would help)",
    ("turn", "waiting"): "too many requests wait for their turn (limits.concurrent_requests)",
    ("work", "count"): "too many requests at a time (limits.concurrent_requests)",
    ("work", "size"): "too many bytes at a time (limits.in_flight_bytes)",
    ("work", "waiting"): "too many requests wait for their turn (limits.concurrent_requests)",
}


class AdmissionControl:
    """Used from one event loop only."""

    def __init__(self, limits: LimitSettings, *, stopwatch: Clock = time.perf_counter) -> None:
        self._limits = limits
        self._stopwatch = stopwatch
        self._round_until = 0.0
        self._begun = 0
        self._called_and_begun = 0
        self._arriving = FairLimiter(limits.connections, limits.arriving_bytes)
        self._working = FairLimiter(limits.concurrent_requests, limits.in_flight_bytes)
        self._turns = TurnQueue(limits.concurrent_requests)
        # What large bodies become needs more memory than they do.
        self._large = FairLimiter(1, limits.in_flight_bytes, waiting_max=limits.concurrent_requests)

    async def first_chunk(self, chunk: Awaitable[T]) -> T:
        """Return a body's first piece, if it comes as soon as any other must. Raises `Refusal`.

        It may be a long time coming after the head: within a chunk's extension, say.
        """
        try:
            async with asyncio.timeout(min(self._limits.body_seconds, UPLOAD_WINDOW_SECONDS)):
                return await chunk
        except TimeoutError:
            raise self._too_slow() from None

    def try_receive(self, body: RequestBody, who: Holder) -> "Received | None":
        """Take a body that is whole with its first piece, as `receive_whole` does, if it has to wait for nothing.

        Else None, and nothing has changed. Most bodies are such: for them no place among those that arrive is made, to
        be given back in the same breath. Raises `Refusal`.
        """
        sent_bytes = body.sent_bytes
        if sent_bytes > (COMPRESSED_SMALL_BYTES if body.is_compressed else OWN_THREAD_BYTES):
            return None
        if self._turns.is_waited_for or not self._arriving.has_room(who, 0, sent_bytes):
            return None
        if not self._may_begin(sent_bytes):
            return None
        at_work = self._working.try_enter(who, 1, OWN_THREAD_BYTES if body.is_compressed else sent_bytes)
        if at_work is None:
            return None
        return _read(body, at_work)

    def _may_begin(self, sent_bytes: int) -> bool:
        """Whether a body begins in this round of the event loop: it is the first, or small while the round is short."""
        if not self._begun:
            self._round_until = self._stopwatch() + SHORT_ROUND_SECONDS
            # What comes now runs to its first wait before the loop has seen to timers, connections and answers.
            asyncio.get_running_loop().call_soon(self._end_round)
        elif sent_bytes > SMALL_BYTES or self._stopwatch() >= self._round_until:
            return False
        self._begun += 1
        return True

    def _end_round(self) -> None:
        """Call twice as many for the next round as had time in this one, and one more; if it was long, call one."""
        is_short = self._stopwatch() < self._round_until
        self._turns.most = min(2 * self._begun + 1, CALLED_MAX) if is_short else 1
        ended, self._called_and_begun, self._begun = self._called_and_begun, 0, 0
        self._turns.leave(ended)

    async def receive(
        self, chunks: AsyncIterable[bytes], body: RequestBody, who: Holder, budget: WaitBudget
    ) -> "Received":
        """Return the body, whole and decompressed, with the place at work that it holds. Raises `Refusal`."""
        ticks = asyncio.get_running_loop().time
        gone: list[bool] = []
        try:
            deadline = UploadDeadline(self._limits, ticks())
            async with asyncio.timeout_at(deadline.until) as limit:

                def on_evict() -> None:
                    gone.append(True)
                    limit.reschedule(ticks())

                with await self._arriving.enter(who, 0, 0, wait_seconds=None, on_evict=on_evict) as arriving:
                    async for chunk in chunks:
                        body.feed(chunk)
                        await _wait(budget, "arriving", partial(arriving.grow, len(chunk)))
                        until = deadline.until
                        if deadline.progress(body.sent_bytes, ticks()) != until and not gone:
                            limit.reschedule(deadline.until)
                    body.end()
                    if not gone:
                        limit.reschedule(None)
                    return await self._admit(arriving, body, budget)
        except TimeoutError:
            raise (_evicted() if gone else self._too_slow()) from None

    async def receive_whole(self, body: RequestBody, who: Holder, budget: WaitBudget) -> "Received":
        """As `receive`, for a body that is whole with its first piece: it can't come too slowly any more."""
        task, sent_bytes = asyncio.current_task(), body.sent_bytes
        assert task is not None  # noqa: S101 - a coroutine runs in one
        cancelling, gone = task.cancelling(), False

        def on_evict() -> None:
            nonlocal gone
            # While this is called the task waits for something, so it hears of it there and nowhere else: all that
            # a time-out of `asyncio` would see to. Nearly every small request comes here, and hardly any is evicted.
            gone = True
            task.cancel()

        try:
            arriving = self._arriving.try_enter(who, 0, sent_bytes, on_evict)
            if arriving is None:
                enter = partial(self._arriving.enter, who, 0, sent_bytes, on_evict=on_evict)
                arriving = await _wait(budget, "arriving", enter)
            with arriving:
                return await self._admit(arriving, body, budget)
        except asyncio.CancelledError:
            if gone and task.uncancel() <= cancelling:
                raise _evicted() from None
            raise

    def _too_slow(self) -> Refusal:
        seconds, bytes_per_second = self._limits.body_seconds, self._limits.body_bytes_per_second
        reason = (
            f"the body took longer than {seconds:g} seconds, or came slower than {bytes_per_second} bytes a second "
            "(limits.body_seconds, limits.body_bytes_per_second)"
        )
        return overloaded("slow", reason)

    async def _admit(self, arrived: Slot, body: RequestBody, budget: WaitBudget) -> "Received":
        """Wait for a turn, and decompress."""
        size = OWN_THREAD_BYTES if body.is_compressed else body.sent_bytes
        at_work = await self._turn(arrived.who, body.sent_bytes, size, budget)
        if received := _read(body, at_work):
            return received
        try:
            turn = await self._large.enter(arrived.who, 1, body.sent_bytes, wait_seconds=self._limits.body_seconds)
        except NoRoom:
            raise overloaded("large", "too many large bodies wait to be decoded: send fewer events at a time") from None
        try:
            at_work = await self._begin(arrived.who, body.sent_bytes, budget)
            arrived.release()
            try:
                data = await asyncio.to_thread(body.read) or b""
                at_work.resize(len(data))
                return Received(data, at_work, turn)
            except BaseException:
                at_work.release()
                raise
        except BaseException:
            turn.release()
            raise

    async def _turn(self, who: Holder, sent_bytes: int, size: int, budget: WaitBudget) -> Slot:
        """A place at work, with the processor to itself until the next round of the event loop."""
        await self._processor(who, sent_bytes, budget)
        if at_work := self._working.try_enter(who, 1, size):
            return at_work
        at_work = await self._begin(who, size, budget)
        try:
            await self._processor(who, sent_bytes, budget)
        except BaseException:
            at_work.release()
            raise
        return at_work

    async def _processor(self, who: Holder, sent_bytes: int, budget: WaitBudget) -> None:
        """Wait for the processor."""
        await _wait(budget, "turn", partial(self._called, who, sent_bytes), at_least_seconds=ROUND_SECONDS)

    async def _called(self, who: Holder, sent_bytes: int, *, wait_seconds: float) -> None:
        """Wait to be called, and begin, in the next round if this one has become long. Raises `NoRoom`."""
        until = asyncio.get_running_loop().time() + wait_seconds
        await self._turns.enter(who, wait_seconds=wait_seconds)
        try:
            await self._round_with_room(sent_bytes, until)
        except BaseException:
            asyncio.get_running_loop().call_soon(self._turns.leave, 1)
            raise
        self._called_and_begun += 1  # its turn ends with the round

    async def _round_with_room(self, sent_bytes: int, until: float) -> None:
        is_next = False
        while not self._may_begin(sent_bytes):
            if is_next and asyncio.get_running_loop().time() >= until:
                raise NoRoom("count")
            await asyncio.sleep(0)
            is_next = True

    async def _begin(self, who: Holder, size: int, budget: WaitBudget) -> Slot:
        return await _wait(budget, "work", partial(self._working.enter, who, 1, size))


class Received:
    """A whole body. Until the block ends it holds a place at work, and a turn at being decoded if it is large.

    It is decoded once: then it is let go of, and so is the turn.
    """

    def __init__(self, data: bytes, at_work: Slot, large_turn: Slot | None = None) -> None:
        self._data = data
        self._at_work = at_work
        self._large_turn = large_turn

    async def decode(self, decode: Callable[[bytes], T]) -> T:
        """Decode it, in a thread if it is large."""
        data, self._data = self._data, b""
        if self._large_turn is None:
            return decode(data)
        with self._large_turn:
            return await asyncio.to_thread(decode, data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._at_work.release()
        if self._large_turn is not None:
            self._large_turn.release()


class _Bounded(Protocol[T_co]):
    def __call__(self, *, wait_seconds: float) -> Awaitable[T_co]: ...


async def _wait(budget: WaitBudget, stage: str, wait: _Bounded[T], *, at_least_seconds: float = 0.0) -> T:
    left_seconds = budget.left_seconds
    try:
        got = await budget.spend(wait, at_least_seconds=at_least_seconds)
    except NoRoom as no_room:
        raise overloaded(stage, OVERLOAD_REASONS[stage, no_room.bound]) from None
    if (waited_seconds := left_seconds - budget.left_seconds) > NOTICED_SECONDS:
        _waited(stage).observe(waited_seconds)
    return got


@cache
def _waited(stage: str) -> Observes:
    return observed_in_loop(load_wait_seconds.labels(stage))


def _read(body: RequestBody, at_work: Slot) -> Received | None:
    """Decompress a body that is whole, and hand it the place; None if it is too large to be read without a thread."""
    try:
        data = body.read(OWN_THREAD_BYTES)
    except BaseException:
        at_work.release()
        raise
    if data is None:
        at_work.release()
        return None
    at_work.resize(len(data))
    return Received(data, at_work)


def _evicted() -> Refusal:
    return overloaded("arriving", "others needed the room that this body took (limits.arriving_bytes)")


def overloaded(
    stage: str, reason: str, *, status: int = 503, retry_after_seconds: float = RETRY_AFTER_SECONDS
) -> Refusal:
    """A request that is refused for load, counted."""
    load_refused.labels(stage).inc()
    return Refusal(status, reason, retry_after_seconds=retry_after_seconds)


class UploadDeadline:
    """Until when a body that arrives is waited for."""

    def __init__(self, limits: LimitSettings, now: float) -> None:
        self._end = now + limits.body_seconds
        self._step_bytes = limits.body_bytes_per_second * UPLOAD_WINDOW_SECONDS
        self._from_bytes = 0.0
        self.until = min(self._end, now + UPLOAD_WINDOW_SECONDS)

    def progress(self, sent_bytes: int, now: float) -> float:
        """It has come so far by now."""
        if sent_bytes - self._from_bytes >= self._step_bytes:
            self._from_bytes = sent_bytes
            self.until = min(self._end, now + UPLOAD_WINDOW_SECONDS)
        return self.until
