"""What waits for its answer: bounded, and shared fairly between clients."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mothership import telemetry
from mothership.errors import Refusal
from mothership.relay.rate import Rate
from mothership.relay.settings import InFlightSettings

RETRY_AFTER_SECONDS_MIN = 1.0
RETRY_AFTER_SECONDS_MAX = 30.0


class Flight:
    """Counts events and bytes of every request between its arrival and its answer."""

    def __init__(self, settings: InFlightSettings, ticks: Callable[[], float]) -> None:
        self.events = 0
        self.bytes = 0
        self.refused = 0
        self._settings = settings
        self._ticks = ticks
        self._clients: dict[str, int] = {}
        self._rate = Rate()

    @contextmanager
    def hold(self, client: str, events: int, size: int) -> Iterator[None]:
        """Count a request in while it waits, or refuse it with 429."""
        if reason := self._refusal(client, events, size):
            self.refused += 1
            telemetry.in_flight_refused.inc()
            raise Refusal(429, reason, retry_after_seconds=self.retry_after_seconds())
        self._count(client, events, size)
        try:
            yield
        finally:
            self._count(client, -events, -size)
            self._rate.add(events, self._ticks())

    def retry_after_seconds(self) -> float:
        """When what is in flight now should be through, at the pace of the last seconds."""
        rate = self._rate.per_second(self._ticks())
        seconds = self.events / rate if rate > 0 else RETRY_AFTER_SECONDS_MIN
        return min(max(seconds, RETRY_AFTER_SECONDS_MIN), RETRY_AFTER_SECONDS_MAX)

    def _refusal(self, client: str, events: int, size: int) -> str | None:
        if not self.events:
            return None  # alone, any batch the edge lets in is taken
        if self.events + events > self._settings.max_events:
            return "too many events in flight (relay.in_flight.max_events); send the batch again later"
        if self.bytes + size > self._settings.max_bytes:
            return "too many bytes in flight (relay.in_flight.max_bytes); send the batch again later"
        # One place is always kept for a client that has nothing in flight yet.
        mine = self._clients.get(client, 0)
        share = self._settings.max_events // (len(self._clients) + (0 if mine else 1) + 1)
        if mine and mine + events > share:
            return "this client has its share in flight (relay.in_flight.max_events); send the batch again later"
        return None

    def _count(self, client: str, events: int, size: int) -> None:
        self.events += events
        self.bytes += size
        left = self._clients.get(client, 0) + events
        if left:
            self._clients[client] = left
        else:
            del self._clients[client]
        telemetry.in_flight_events.set(self.events)
