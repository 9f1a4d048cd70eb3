"""The database's time: the one clock that all instances share, since their own may be minutes apart.

A look at it takes a while, and counts from one to the next by the ticks of this machine, which are a little wrong. So
what it says is a span, and "before" is only said of spans that don't touch.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from mothership.event import UNKNOWN_ARRIVAL, Arrival

DRIFT = 0.0005
"""Seconds a second that ticks here and there may part: what NTP takes for the most that a clock is off."""
SECOND = 1_000_000


class Look(NamedTuple):
    """What it showed, some time between two ticks."""

    micros: int
    asked: float
    answered: float

    def span(self, now: float) -> Arrival:
        """What it shows now."""
        drift = DRIFT * (now - self.answered)
        earliest = self.micros + int((now - self.answered - drift) * SECOND)
        latest = self.micros + int((now - self.asked + drift) * SECOND) + 1
        return Arrival(earliest, latest)


class DatabaseClock:
    """What the database's clock shows now, as far as it is known."""

    def __init__(self, ticks: Callable[[], float], look: Look | None = None) -> None:
        """`ticks`: seconds since whenever, never set by anybody. `look`: an earlier one by the same ticks."""
        self.ticks = ticks
        self.look = look
        """The one that is counted from."""

    def learn(self, micros: int, asked: float) -> None:
        """It showed this some time between `asked` and now."""
        now = self.ticks()
        new = Look(micros, asked, now)
        if self.look is None or self._is_better(new, self.look, now):
            self.look = new

    @staticmethod
    def _is_better(new: Look, old: Look, now: float) -> bool:
        """Narrower; or the database's clock was set meanwhile."""
        fresh, known = new.span(now), old.span(now)
        was_set = fresh.latest < known.earliest or known.latest < fresh.earliest
        return was_set or fresh.latest - fresh.earliest <= known.latest - known.earliest

    def now(self) -> Arrival:
        """When something arrives that arrives now."""
        return self.look.span(self.ticks()) if self.look else UNKNOWN_ARRIVAL


def boot_ticks() -> float:
    """Seconds that go on while the machine sleeps, where the system counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
