"""`ports.Clock`: seconds since the Unix epoch, the system's and the doubles' alike."""

import time
from collections.abc import Callable

import pytest

from mothership.ports import Clock


class SetClock:
    """The double: it says what it was told."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        """The time it was told."""
        return self.now


CLOCKS: dict[str, Callable[[], Clock]] = {"system": lambda: time.time, "set": lambda: SetClock(1_800_000_000.5)}


@pytest.fixture(params=sorted(CLOCKS))
def clock(request: pytest.FixtureRequest) -> Clock:
    """One clock after the other."""
    return CLOCKS[request.param]()


def test_it_counts_seconds_since_1970(clock: Clock) -> None:
    """Not milliseconds, and not since the machine was started."""
    assert 1_700_000_000 < clock() < 10_000_000_000


def test_it_may_be_asked_any_number_of_times(clock: Clock) -> None:
    """It never raises and waits for nothing; nobody takes it for monotonic."""
    assert all(isinstance(clock(), float) for _ in range(1_000))
