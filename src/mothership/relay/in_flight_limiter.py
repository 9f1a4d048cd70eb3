"""What waits for its answer: bounded, and shared fairly between clients and their addresses."""

from collections.abc import Callable
from functools import partial
from types import TracebackType

from mothership import telemetry
from mothership.errors import NoRoom, Refusal
from mothership.fairness import FairLimiter, Holder, Slot, WaitBudget
from mothership.relay.event_rate import EventRate
from mothership.relay.settings import InFlightSettings

RETRY_AFTER_SECONDS_MIN = 1.0
RETRY_AFTER_SECONDS_MAX = 30.0
OBSERVED_WAIT_SECONDS_MIN = 0.001
REFUSAL_REASONS = {
    "count": "too many events in flight (relay.in_flight.max_events); send the batch again later",
    "size": "too many bytes in flight (relay.in_flight.max_bytes); send the batch again later",
    "waiting": "too much waits to be in flight (relay.in_flight); send the batch again later",
}


class InFlightLimiter:
    """Counts events and bytes of every request between its arrival and its answer."""

    def __init__(self, settings: InFlightSettings, ticks: Callable[[], float]) -> None:
        self.refused = 0
        self._limiter = FairLimiter(settings.max_events, settings.max_bytes)
        self._ticks = ticks
        self._rate = EventRate()

    @property
    def events(self) -> int:
        """How many are in flight."""
        return self._limiter.count.used

    @property
    def bytes(self) -> int:
        """How many of them are in flight."""
        return self._limiter.size.used

    def hold(self, who: Holder, events: int, size: int, budget: WaitBudget) -> "_Hold":
        """Count a request in until the block ends, once there is room for it, or refuse it with 429."""
        return _Hold(self, who, events, size, budget)

    def try_enter(self, who: Holder, events: int, size: int) -> Slot | None:
        """Count it in if there is room at once."""
        return self._limiter.try_enter(who, events, size)

    async def enter(self, who: Holder, events: int, size: int, budget: WaitBudget) -> Slot:
        """Count it in once there is room for it. Raises `Refusal` (429)."""
        began = self._ticks()
        try:
            slot = await budget.spend(partial(self._limiter.enter, who, events, size))
        except NoRoom as no_room:
            self.refused += 1
            telemetry.in_flight_refused.inc()
            reason = REFUSAL_REASONS[no_room.bound]
            raise Refusal(429, reason, retry_after_seconds=self.retry_after_seconds()) from None
        if (waited_seconds := self._ticks() - began) > OBSERVED_WAIT_SECONDS_MIN:
            telemetry.load_wait_seconds.labels("in_flight").observe(waited_seconds)
        return slot

    def leave(self, slot: Slot) -> None:
        """Count it out."""
        events = slot.count
        slot.release()
        self._rate.add(events, self._ticks())

    def retry_after_seconds(self) -> float:
        """When what is in flight now should be through, at the pace of the last seconds."""
        rate = self._rate.per_second(self._ticks())
        seconds = self.events / rate if rate > 0 else RETRY_AFTER_SECONDS_MIN
        return min(max(seconds, RETRY_AFTER_SECONDS_MIN), RETRY_AFTER_SECONDS_MAX)


class _Hold:
    """What one request holds while it is kept."""

    __slots__ = ("_budget", "_events", "_limiter", "_size", "_slot", "_who")

    def __init__(self, limiter: InFlightLimiter, who: Holder, events: int, size: int, budget: WaitBudget) -> None:
        self._limiter, self._who, self._budget = limiter, who, budget
        self._events, self._size = events, size

    async def __aenter__(self) -> None:
        limiter = self._limiter
        self._slot = limiter.try_enter(self._who, self._events, self._size) or await limiter.enter(
            self._who, self._events, self._size, self._budget
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limiter.leave(self._slot)
