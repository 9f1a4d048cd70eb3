"""How many requests, and how many bytes of them, are at work at a time."""

from types import TracebackType
from typing import Self

from mothership.edge.limits import LimitSettings
from mothership.errors import Refusal

RETRY_AFTER_SECONDS = 1.0


class Admission:
    """Counts what is inside. Used from one event loop only."""

    def __init__(self, limits: LimitSettings) -> None:
        self._limits = limits
        self.requests = 0
        self.held_bytes = 0

    def visit(self) -> "Visit":
        """One request, from its first byte on."""
        return Visit(self, self._limits)


class Visit:
    """One request and the bytes that it holds. Leaves when the block ends."""

    def __init__(self, admission: Admission, limits: LimitSettings) -> None:
        self._admission = admission
        self._limits = limits
        self._held_bytes = 0
        self._at_work = False

    def hold(self, held_bytes: int) -> None:
        """Say how many bytes it holds by now. Raises `Refusal` (503) when all together hold too many."""
        self._admission.held_bytes += held_bytes - self._held_bytes
        self._held_bytes = held_bytes
        # A request that is alone is always served, or one larger than the bound would be sent again for ever.
        if self._limits.in_flight_bytes < self._admission.held_bytes > held_bytes:
            raise Refusal(503, "too many bytes at a time", retry_after_seconds=RETRY_AFTER_SECONDS)

    def begin(self) -> None:
        """Its body is whole: from here on it counts. Slow senders take no place from others before.

        Raises `Refusal` (503) when as many as may are at work.
        """
        if self._admission.requests >= self._limits.concurrent_requests:
            raise Refusal(503, "too many requests at a time", retry_after_seconds=RETRY_AFTER_SECONDS)
        self._admission.requests += 1
        self._at_work = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admission.requests -= self._at_work
        self._admission.held_bytes -= self._held_bytes
