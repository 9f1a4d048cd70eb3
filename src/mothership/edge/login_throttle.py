"""How often an address may guess: each answer waits its turn, whether or not the client does.

Wrong answers of one address come one after the other, each after a longer pause than the one before. A right token
that was never seen from there takes its turn among them, so that neither the answer nor its time tells a right guess
from a wrong one before. One that was seen from there passes at once: nobody locks a neighbour out.
"""

from mothership.edge.client_addresses import surrounding_network
from mothership.errors import TooManyFailures
from mothership.fair_cache import FairCache
from mothership.ports import Clock
from mothership.retry import backoff_seconds

MINUTE_SECONDS = 60.0
ADDRESSES_MAX = 10_000
SEEN_MAX = 20_000
PAUSE_SECONDS_FIRST = 0.1


class _Run:
    """The failed logins of an address in the current minute, and when its next answer is due."""

    __slots__ = ("count", "free_at", "since")

    def __init__(self, now: float) -> None:
        self.since = self.free_at = now
        self.count = 0


class LoginThrottle:
    """For as many addresses as fit. Past it the network with the most of them loses the one that failed longest ago.

    And of those that passed, the token that did so from most addresses.
    """

    def __init__(self, *, failures_per_minute: int, pause_seconds_max: float, clock: Clock) -> None:
        self._most = failures_per_minute
        self._pause_seconds_max = pause_seconds_max
        self._clock = clock
        self._runs: FairCache[tuple[str, str], _Run] = FairCache(ADDRESSES_MAX)
        self._seen: FairCache[str, float] = FairCache(SEEN_MAX)
        """From when on each token passes at once from each address."""

    def failed(self, address: str, kind: str = "") -> float:
        """Count a failure; how long its answer is held back. Raises `TooManyFailures`. Each kind counts by itself."""
        run = self._run(address, kind) or _Run(self._clock())
        self._runs.put(surrounding_network(address), (address, kind), run)
        return self._turn(run)

    def passed(self, address: str, token: str) -> float:
        """A right token came; how long its answer is held back. Raises `TooManyFailures`."""
        now = self._clock()
        if (since := self._seen.get(token, address)) is not None:
            return max(0.0, min(since - now, self._pause_seconds_max))
        run = self._run(address)
        delay_seconds = self._turn(run) if run else 0.0
        self._seen.put(token, address, now + delay_seconds)
        return delay_seconds

    def failures(self, address: str, kind: str = "") -> int:
        """How many there were in the current minute."""
        run = self._run(address, kind)
        return run.count if run else 0

    def _run(self, address: str, kind: str = "") -> _Run | None:
        network = surrounding_network(address)
        run = self._runs.get(network, (address, kind))
        if run is None or not 0 <= self._clock() - run.since < MINUTE_SECONDS:
            self._runs.pop(network, (address, kind))
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
