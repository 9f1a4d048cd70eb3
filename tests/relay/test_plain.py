"""The decisions that need neither disk nor loop."""

from contextlib import AbstractAsyncContextManager

import pytest

from mothership.errors import Refusal
from mothership.fairness import Holder, WaitBudget
from mothership.relay.event_rate import EventRate
from mothership.relay.in_flight_limiter import InFlightLimiter
from mothership.relay.poison_tracker import PoisonTracker
from mothership.relay.settings import InFlightSettings


async def test_retry_after_follows_the_pace() -> None:
    """What is in flight, divided by how fast it goes."""
    now = 0.0
    limiter = InFlightLimiter(InFlightSettings(max_events=1000, max_bytes=10**9), lambda: now)

    def hold(client: str, events: int) -> AbstractAsyncContextManager[None]:
        return limiter.hold(Holder(client), events, 1, WaitBudget(0.0))

    for _ in range(10):
        async with hold("a", 50):
            now += 1.0
    async with hold("a", 500), hold("b", 400):
        with pytest.raises(Refusal) as refusal:
            async with hold("c", 200):
                pass
    assert refusal.value.retry_after_seconds == pytest.approx(900 / 50, rel=0.3)
    assert limiter.events == limiter.bytes == 0


async def test_a_single_batch_is_never_too_large() -> None:
    """A bound that no retry can get under would be a loss."""
    limiter = InFlightLimiter(InFlightSettings(max_events=10, max_bytes=10), lambda: 0.0)
    async with limiter.hold(Holder("a"), 5000, 10**7, WaitBudget(0.0)):
        assert limiter.events == 5000


def test_a_rate_settles_and_fades() -> None:
    """Young or old, it is near the truth; after the end it falls."""
    rate = EventRate(half_life_seconds=5.0)
    assert rate.per_second(0.0) == 0.0
    for step in range(300):
        rate.add(10, step / 10)
    assert rate.per_second(30.0) == pytest.approx(100, rel=0.1)
    assert rate.per_second(60.0) < 10


def test_no_batch_is_blamed_for_a_sick_sink() -> None:
    """Failures count only when another write succeeded since, or the error is of a kind that the sink doesn't know."""
    poison = PoisonTracker(3)
    for _ in range(10):
        poison.record_failure([1], unknown=False, until=0.0)
    assert not poison.is_poison(1)
    for _ in range(3):
        poison.record_success([7])
        poison.record_failure([1], unknown=False, until=0.0)
    assert poison.is_poison(1)
    poison.record_failure([2], unknown=True, until=0.0)
    poison.record_failure([2], unknown=True, until=0.0)
    poison.record_failure([2], unknown=True, until=0.0)
    assert poison.is_poison(2)
