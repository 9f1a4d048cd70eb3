"""A circuit breaker as a plain state machine: it sleeps, calls and logs nothing, and is told what happened.

closed ──failure_threshold failures in a row──▶ open ──reset_seconds──▶ half-open ──success──▶ closed
                                                 ▲                          │
                                                 └─────────failure──────────┘

Calls in flight count as if they had failed, so that it opens at its threshold and not some calls later.
"""

from collections.abc import Callable
from typing import Literal, TypeAlias

State: TypeAlias = Literal["closed", "open", "half-open"]


class Breaker:
    """Says whether a call is worth a try. Half-open lets one probe through at a time.

    Every call that `admit` let through ends with exactly one of `succeeded`, `failed`, `abandoned`.
    """

    def __init__(self, *, failure_threshold: int, reset_seconds: float, clock: Callable[[], float]) -> None:
        self._failure_threshold = failure_threshold
        self._reset_seconds = reset_seconds
        self._clock = clock
        self._failures = 0
        self._in_flight = 0
        self._opened: float | None = None
        self._probing = False

    @property
    def state(self) -> State:
        """How it stands now."""
        if self._opened is None:
            return "closed"
        # A clock that was set back must not keep it open for longer than one reset.
        waited = self._clock() - self._opened
        return "half-open" if waited >= self._reset_seconds or waited < 0 else "open"

    @property
    def failures(self) -> int:
        """Failures since the last success."""
        return self._failures

    @property
    def is_at_limit(self) -> bool:
        """Closed, but would be open if all calls in flight failed: until one of them has ended no more may be made."""
        return self.state == "closed" and self._failures + self._in_flight >= self._failure_threshold

    @property
    def admits(self) -> bool:
        """Would a call be let through, now or as soon as another has ended?"""
        state = self.state
        return state == "closed" or (state == "half-open" and not self._probing)

    def admit(self) -> bool:
        """Ask before a call: may it be made?"""
        admitted = self.admits and not self.is_at_limit
        if admitted:
            self._in_flight += 1
            self._probing = self.state == "half-open"
        return admitted

    def succeeded(self) -> None:
        """Tell that the call was answered."""
        self._in_flight -= 1
        self._failures = 0
        self._opened = None
        self._probing = False

    def failed(self) -> None:
        """Tell that the call failed."""
        self._in_flight -= 1
        self._failures += 1
        if self._probing or self._failures >= self._failure_threshold:
            self._opened = self._clock()
        self._probing = False

    def abandoned(self) -> None:
        """Tell that the call ended without showing anything: it was cancelled, or never left."""
        self._in_flight -= 1
        self._probing = False
