"""When to try again, decided in plain functions: the pause after a failure, and a circuit breaker.

Two libraries were weighed. tenacity decides by raising through a retried call; a courier must release its lease,
answer waiters and be stopped between two tries, so only its formula is left, and that is one line. pybreaker's
asynchronous side needs Tornado, it counts by the wall clock and has no limit on probes at one time; what is
needed is a state and three transitions.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

BreakerState: TypeAlias = Literal["closed", "open", "half_open"]


def backoff_seconds(attempt: int, *, jitter: float, initial: float, longest: float) -> float:
    """Pause before try number `attempt` + 1, doubling up to `longest`; `jitter` in [0, 1) takes away up to a half."""
    full = min(longest, initial * 2.0 ** min(attempt - 1, 60))
    return full * (1.0 - jitter / 2.0)


@dataclass(slots=True)
class Breaker:
    """Opens after `failures` in a row; once its pause is over it lets one probe through."""

    failures: int
    state: BreakerState = "closed"
    failed: int = 0
    """Failures in a row."""
    opens_until: float = 0.0
    probing: bool = False

    def ready_in(self, now: float) -> float:
        """Seconds until a write may be tried; 0 when one may be tried now."""
        if self.probing:
            return float("inf")
        return max(0.0, self.opens_until - now)

    def begin(self) -> None:
        """A write starts. In an open breaker it is the probe, and the only one."""
        if self.state != "closed":
            self.state, self.probing = "half_open", True

    def succeed(self) -> bool:
        """A write ended well. Tells whether that closed the breaker."""
        was = self.state
        self.state, self.failed, self.opens_until, self.probing = "closed", 0, 0.0, False
        return was != "closed"

    def fail(self, now: float, pause_seconds: float) -> bool:
        """A write failed: none is tried for the pause. Tells whether that opened the breaker."""
        was, self.probing = self.state, False
        self.failed += 1
        self.opens_until = max(self.opens_until, now + pause_seconds)
        if self.failed >= self.failures or was == "half_open":
            self.state = "open"
        return was == "closed" and self.state == "open"

    def trip(self, now: float, pause_seconds: float) -> None:
        """Open at once."""
        self.state, self.probing, self.failed = "open", False, max(self.failed + 1, self.failures)
        self.opens_until = now + pause_seconds
