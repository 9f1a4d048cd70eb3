"""How often an address may guess: each answer waits its turn, whether or not the client does.

Wrong answers of one address come one after the other, each after a longer pause than the one before. A right token
that was never seen from there takes its turn among them, so that neither the answer nor its time tells a right guess
from a wrong one before. One that was seen from there passes at once: nobody locks a neighbour out.
"""

from collections import OrderedDict
from collections.abc import Hashable

from mothership.ports import Clock
from mothership.retry import backoff_seconds

MINUTE_SECONDS = 60.0
ADDRESSES_MAX = 10_000
SEEN_MAX = 20_000
PAUSE_SECONDS_FIRST = 0.1


class TooManyFailures(Exception):  # as in errors.py
    """No answer about this login now: `retry_after_seconds` says when."""

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class _Run:
    """The failed logins of an address in the current minute, and when its next answer is due."""

    __slots__ = ("count", "free_at", "since")

    def __init__(self, now: float) -> None:
        self.since = self.free_at = now
        self.count = 0


class LoginThrottle:
    """For as many addresses as fit; the one that failed longest ago gives way."""

    def __init__(self, *, failures_per_minute: int, pause_seconds_max: float, clock: Clock) -> None:
        self._most = failures_per_minute
        self._pause_seconds_max = pause_seconds_max
        self._clock = clock
        self._runs: OrderedDict[Hashable, _Run] = OrderedDict()
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()
        """From when on each token passes at once from each address."""

    def failed(self, address: Hashable) -> float:
        """Count a failure; how long its answer is held back. Raises `TooManyFailures`."""
        run = self._run(address) or _Run(self._clock())
        self._runs[address] = run
        self._runs.move_to_end(address)
        if len(self._runs) > ADDRESSES_MAX:
            self._runs.popitem(last=False)
        return self._turn(run)

    def passed(self, address: str, token: str) -> float:
        """A right token came; how long its answer is held back. Raises `TooManyFailures`."""
        key, now = (address, token), self._clock()
        if (since := self._seen.get(key)) is not None:
            self._seen.move_to_end(key)
            return max(0.0, min(since - now, self._pause_seconds_max))
        run = self._run(address)
        delay_seconds = self._turn(run) if run else 0.0
        self._seen[key] = now + delay_seconds
        if len(self._seen) > SEEN_MAX:
            self._seen.popitem(last=False)
        return delay_seconds

    def failures(self, address: Hashable) -> int:
        """How many there were in the current minute."""
        run = self._run(address)
        return run.count if run else 0

    def _run(self, address: Hashable) -> _Run | None:
        run = self._runs.get(address)
        if run is None or not 0 <= self._clock() - run.since < MINUTE_SECONDS:
            self._runs.pop(address, None)
            return None
        return run

    def _turn(self, run: _Run) -> float:
        now = self._clock()
        run.count += 1
        if run.count > self._most:
            raise TooManyFailures(max(1.0, run.since + MINUTE_SECONDS - now))
        pause_seconds = backoff_seconds(run.count, first=PAUSE_SECONDS_FIRST, longest=self._pause_seconds_max)
        due = max(run.free_at, now) + pause_seconds
        if due - now > self._pause_seconds_max:
            raise TooManyFailures(due - now)
        run.free_at = due
        return due - now
