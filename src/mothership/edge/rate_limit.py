"""A token's rate: whoever comes too early is held back for a moment, and refused only beyond that."""

import asyncio
from collections.abc import Awaitable, Callable

from mothership.edge.admission import NOTICED_SECONDS, overloaded
from mothership.edge.caller import Caller
from mothership.errors import Refusal
from mothership.fairness import Holder, Shares
from mothership.ports import Clock
from mothership.telemetry import load_wait_seconds


class RateLimiter:
    """The rates of all tokens, by the name of the caller."""

    def __init__(
        self, wait_seconds_max: float, *, clock: Clock, pause: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._wait_seconds_max = wait_seconds_max
        self._clock = clock
        self._pause = pause
        self._buckets: dict[str, _TokenBucket] = {}

    async def acquire(self, caller: Caller, network: str) -> float:
        """Wait until this caller may go on; how many seconds it took. Raises `Refusal` (429) when it would be long."""
        rate = caller.requests_per_second
        if rate is None:
            return 0.0
        if (bucket := self._buckets.get(caller.name)) is None:
            bucket = self._buckets[caller.name] = _TokenBucket(self._clock())
        return await self._wait(bucket, rate, Holder(caller.name, network))

    async def _wait(self, bucket: "_TokenBucket", rate: float, who: Holder) -> float:
        wait_seconds = bucket.wait_seconds(rate, self._clock())
        # As many wait as will have their turn in time; an address that has none waiting finds a place among them.
        bucket.waiting.capacity = max(1, int(rate * self._wait_seconds_max))
        if wait_seconds > 0 and (wait_seconds > self._wait_seconds_max or not bucket.waiting.fits(who, 1)):
            raise self._too_fast(wait_seconds)
        bucket.spend()
        if wait_seconds > 0:
            bucket.waiting.add(who, 1)
            try:
                await self._pause(wait_seconds)
            finally:
                bucket.waiting.add(who, -1)
            if wait_seconds > NOTICED_SECONDS:
                load_wait_seconds.labels("rate").observe(wait_seconds)
        return wait_seconds

    @staticmethod
    def _too_fast(wait_seconds: float) -> Refusal:
        return overloaded(
            "rate",
            "too many requests a second for this token (requests_per_second)",
            status=429,
            retry_after_seconds=wait_seconds,
        )


class _TokenBucket:
    """A token bucket that holds twice what a second brings, and may be overdrawn by those that wait."""

    def __init__(self, now: float) -> None:
        self.waiting = Shares(1)
        self._since = now
        self._spent = 0.0

    def wait_seconds(self, rate: float, now: float) -> float:
        """How long until the next may go on."""
        self._spent = max(0.0, self._spent - max(0.0, now - self._since) * rate)
        self._since = now
        return max(0.0, self._spent + 1 - max(1.0, 2 * rate)) / rate

    def spend(self) -> None:
        """One goes on, now or when its wait is over."""
        self._spent += 1
