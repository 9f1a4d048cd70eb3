"""When to try again: the pause after a failure, a `Retry-After`, and a circuit breaker. The caller waits.

tenacity (9.2) and stamina (26.1) were weighed. Both repeat one call inside one task, and nothing here is such a call:
between two tries a courier gives its lease back, answers who waits and may be told to stop; a worker is a process; a
login's pause is the caller's. Of either only the formula would be left, which is one line. Neither reads a
`Retry-After` (their documentation shows how one would) or has a circuit breaker. pybreaker's
asynchronous side needs Tornado; it reads the wall clock itself and lets any number of probes through.
"""

import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias

BreakerState: TypeAlias = Literal["closed", "open", "half_open"]

RETRY_AFTER_SECONDS_MAX = 3600.0
"""Longest pause that another's `Retry-After` is granted."""
_DOUBLINGS_MAX = 60
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def backoff_seconds(attempt: int, *, first: float, longest: float, jitter: float = 0.0) -> float:
    """Pause after the failure of try number `attempt`: doubles up to `longest`, less up to half of it.

    `jitter` is a random number in [0, 1): tries that failed together are not made together again.
    """
    full = min(longest, first * 2.0 ** min(max(attempt, 1) - 1, _DOUBLINGS_MAX))
    return full * (1.0 - jitter / 2.0)


def retry_after_seconds(header: str | None, *, now: float) -> float | None:
    """Read a `Retry-After`: seconds, or an HTTP date. None when there is none, or none that can be read."""
    if header is None:
        return None
    value = header.strip()
    if _SECONDS.fullmatch(value):
        seconds = float(value)
    else:
        try:
            date = parsedate_to_datetime(value)
            seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
        except (TypeError, ValueError, IndexError, OverflowError):
            return None
    return min(max(seconds, 0.0), RETRY_AFTER_SECONDS_MAX)


@dataclass(slots=True)
class CircuitBreaker:
    """Opens after `failures_max` failures in a row; when its pause is over, one probe at a time may be made.

    closed ──failures_max in a row──▶ open ──its pause──▶ half_open ──success──▶ closed
                                       ▲                      │
                                       └───────failure────────┘

    It reads no clock, sleeps and logs nothing: it is told what happened, and when.
    """

    failures_max: int
    failures: int = 0
    """In a row."""
    is_probing: bool = False
    _is_open: bool = False
    _pause_began: float = 0.0
    _pause_seconds: float = 0.0

    def state(self, now: float) -> BreakerState:
        """As it is now. `half_open`: a probe may be made, or is being made."""
        if not self._is_open:
            return "closed"
        return "open" if self._pause_left(now) > 0 and not self.is_probing else "half_open"

    @property
    def is_closed(self) -> bool:
        """Whether calls are made as usual."""
        return not self._is_open

    def admits(self, now: float) -> bool:
        """Whether a call may be made: any in a closed breaker, the only probe in a half-open one."""
        return not self._is_open or (not self.is_probing and self._pause_left(now) <= 0)

    def would_open(self, calls: int) -> bool:
        """Whether it is closed, and would be open if so many calls under way all failed."""
        return not self._is_open and self.failures + calls >= self.failures_max

    def ready_in(self, now: float) -> float:
        """Seconds until the pause after the last failure is over; infinite during a probe."""
        return float("inf") if self.is_probing else self._pause_left(now)

    def begin(self) -> None:
        """A call starts. In an open breaker it is the probe."""
        self.is_probing = self._is_open

    def succeed(self) -> bool:
        """A call ended well. Tells whether that closed the breaker."""
        was_open = self._is_open
        self._is_open, self.is_probing, self.failures, self._pause_seconds = False, False, 0, 0.0
        return was_open

    def fail(self, now: float, pause_seconds: float) -> bool:
        """A call failed: a pause begins, or a longer one goes on. Tells whether that opened the breaker."""
        was_open, self.is_probing = self._is_open, False
        self.failures += 1
        if pause_seconds >= self._pause_left(now):
            self._pause_began, self._pause_seconds = now, pause_seconds
        self._is_open = was_open or self.failures >= self.failures_max
        return self._is_open and not was_open

    def abandon(self) -> None:
        """A call ended without showing anything: it was cancelled, or was never sent."""
        self.is_probing = False

    def trip(self, now: float, pause_seconds: float) -> None:
        """Open at once."""
        self._is_open, self.is_probing, self.failures = True, False, max(self.failures + 1, self.failures_max)
        self._pause_began, self._pause_seconds = now, pause_seconds

    def _pause_left(self, now: float) -> float:
        # A clock that was set back must not make the pause longer.
        waited = now - self._pause_began
        return self._pause_seconds - waited if 0 <= waited < self._pause_seconds else 0.0
