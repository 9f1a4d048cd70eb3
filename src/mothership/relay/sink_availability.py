"""Whether writes to a sink are tried now, and why not: its circuit breaker, its pauses, and the words for people."""

from collections.abc import Callable

from mothership import telemetry
from mothership.errors import Transient
from mothership.relay.settings import RetrySettings
from mothership.relay.sink_route import DeliveryListener
from mothership.retry import BreakerState, CircuitBreaker, backoff_seconds
from mothership.telemetry import log

HEALTHY_PAUSE_SECONDS_MAX = 5.0
"""A sink that rests longer than this is not well, whatever the reason."""
PAUSE_SECONDS_MAX = 300.0
"""What a sink may ask for, unless `relay.retry.max_seconds` is more."""
BREAKER_STATE_VALUES = {"closed": 0, "half_open": 1, "open": 2}


class SinkAvailability:
    """Of one sink. It is told how each write ended."""

    def __init__(
        self,
        sink: str,
        settings: RetrySettings,
        listener: DeliveryListener,
        *,
        ticks: Callable[[], float],
        jitter: Callable[[], float],
    ) -> None:
        self.breaker = CircuitBreaker(settings.breaker_failures)
        self.reason = ""
        """Why the last write failed; empty when all is well."""
        self.is_paused = False
        """Whether a person must act."""
        self.retries = 0
        self._sink, self._settings, self._listener = sink, settings, listener
        self._ticks, self._jitter = ticks, jitter
        self._pause_seconds = 0.0

    @property
    def breaker_state(self) -> BreakerState:
        """Whether writes are tried."""
        return self.breaker.state(self._ticks())

    @property
    def is_healthy(self) -> bool:
        """Are writes going well, as far as is known?"""
        return self.breaker.is_closed and not self.is_paused

    @property
    def unhealthy_reason(self) -> str:
        """Why events don't move; empty when all is well."""
        if self.is_healthy and self._pause_seconds <= HEALTHY_PAUSE_SECONDS_MAX:
            return ""
        return self.reason or "it is being tried again"

    def ready_in(self) -> float:
        """Seconds until a write may be tried."""
        return self.breaker.ready_in(self._ticks())

    def backoff_seconds(self, attempt: int) -> float:
        """How long to rest after so many attempts."""
        settings = self._settings
        return backoff_seconds(
            attempt, first=settings.initial_seconds, longest=settings.max_seconds, jitter=self._jitter()
        )

    def record_failure(self, error: Exception, *, counts: bool = True) -> None:
        """A write failed. Unless it `counts`, the sink is well and the batch is to blame."""
        self.retries += 1
        telemetry.sink_retries.labels(self._sink, type(error).__name__).inc()
        if not counts and self.breaker.is_closed:
            return
        asked = error.retry_after_seconds if isinstance(error, Transient) else None
        pause = asked if asked is not None else self.backoff_seconds(self.breaker.failures + 1)
        pause = min(pause, max(self._settings.max_seconds, PAUSE_SECONDS_MAX))
        self.reason = cause(error)
        self._pause_seconds = pause
        opened = self.breaker.fail(self._ticks(), pause)
        self._export_breaker_state()
        log.warning(
            "write_failed", sink=self._sink, cause=self.reason, breaker=self.breaker_state,
            pause_seconds=round(pause, 3),
        )  # fmt: skip
        if opened:
            self._listener.on_change()

    def pause(self, reason: str) -> None:
        """A person must act: it is only looked at now and then."""
        if not self.is_paused or self.reason != reason:
            log.error("sink_paused", sink=self._sink, reason=reason, probe_seconds=self._settings.pause_probe_seconds)
        self.is_paused, self.reason = True, reason
        self.retries += 1
        telemetry.sink_retries.labels(self._sink, "Paused").inc()
        self.breaker.trip(self._ticks(), self._settings.pause_probe_seconds)
        self._export_breaker_state()
        self._listener.on_change()

    def record_success(self) -> bool:
        """A write succeeded, or the sink opened and there is nothing to write. Tells whether that ended an outage."""
        has_recovered = self.breaker.succeed() or self.is_paused
        self.is_paused, self.reason, self._pause_seconds = False, "", 0.0
        self._export_breaker_state()
        return has_recovered

    def _export_breaker_state(self) -> None:
        value = 3 if self.is_paused else BREAKER_STATE_VALUES[self.breaker_state]
        telemetry.breaker_state.labels(self._sink).set(value)


def cause(error: Exception) -> str:
    """What may be said of an error: our own words, or a foreign one's type."""
    return error.reason if isinstance(error, Transient) else type(error).__name__
