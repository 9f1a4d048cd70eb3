"""The database's time: the one clock that all instances share, since their own may be minutes apart.

A look at it takes a while, and counts from one to the next by the ticks of this machine, which are a little wrong. So
what it says is a span, and "before" is only said of spans that don't touch.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from mothership.event import UNKNOWN_ARRIVAL, Arrival, MachineTime

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
TIME_NAMESPACE = Path("/proc/self/ns/time")
"""A container may have ticks of its own."""
DRIFT = 0.0005
"""Seconds a second that ticks here and there may part: what NTP takes for the most that a clock is off."""
SECOND = 1_000_000


class Look(NamedTuple):
    """What it showed, some time between two ticks."""

    micros: int
    asked: float
    answered: float

    def span(self, now: float) -> Arrival:
        """What it shows now, or showed before the look."""
        drift = DRIFT * abs(now - self.answered)
        earliest = self.micros + int((now - self.answered - drift) * SECOND)
        latest = self.micros + int((now - self.asked + drift) * SECOND) + 1
        return Arrival(earliest, latest)


class DatabaseClock:
    """What the database's clock shows now, as far as it is known."""

    def __init__(self, ticks: Callable[[], float], look: Look | None = None, ticks_of: str = "") -> None:
        """`ticks`: seconds since whenever, never set by anybody. `look`: an earlier one by the same ticks.

        `ticks_of`: what they belong to; empty where that is not known.
        """
        self.ticks = ticks
        self._ticks_of = ticks_of
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

    def machine_time(self) -> MachineTime | None:
        """Now, to be told by the database's clock when that has been seen; by another process of this machine, too."""
        return MachineTime(self._ticks_of, int(self.ticks() * SECOND)) if self._ticks_of else None

    def at(self, time: MachineTime) -> Arrival:
        """What it showed then; unknown for another machine's time."""
        is_ours = time.ticks_of == self._ticks_of
        return self.look.span(time.micros / SECOND) if self.look and is_ours else UNKNOWN_ARRIVAL


def boot_ticks() -> float:
    """Seconds that go on while the machine sleeps, where the system counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def ticks_of_this_boot() -> str:
    """Names machine, boot and time namespace, whose ticks they are. Empty where the system does not say it."""
    try:
        return f"{BOOT_ID.read_text().strip()} {TIME_NAMESPACE.readlink()}"
    except OSError:
        return ""
