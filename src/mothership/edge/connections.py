"""How many connections are open, and why others were ended. Used from one event loop only."""

from collections import Counter

from mothership.edge.addresses import Networks, neighbourhood
from mothership.edge.limits import LimitSettings
from mothership.telemetry import connections_open, connections_refused, log

LOG_SECONDS = 1.0


class Connections:
    """How many connections are open, in all and from each address."""

    def __init__(self, limits: LimitSettings, proxies: Networks) -> None:
        self._limits = limits
        self._proxies = proxies
        self._by_address: Counter[str] = Counter()
        self._untold: Counter[str] = Counter()
        self._told_at: dict[str, float] = {}
        self.total = 0

    def add(self, address: str) -> str:
        """Count one more; the reason when it is one too many."""
        self.total += 1
        self._by_address[neighbourhood(address)] += 1
        connections_open.inc()
        if self.total > self._limits.connections:
            return "total"
        shared = address in self._proxies
        many = self._by_address[neighbourhood(address)] > self._limits.connections_per_client
        return "client" if many and not shared else ""

    def drop(self, address: str) -> None:
        """Count one less."""
        place = neighbourhood(address)
        self.total -= 1
        self._by_address[place] -= 1
        connections_open.dec()
        if not self._by_address[place]:
            del self._by_address[place]

    def refused(self, cause: str, status: int, address: str, now: float) -> None:
        """Count one, and log it, at most once a second for each cause: a flood of them must not become one of lines."""
        connections_refused.labels(reason=cause).inc()
        self._untold[cause] += 1
        if now - self._told_at.get(cause, -LOG_SECONDS) >= LOG_SECONDS:
            self._told_at[cause] = now
            log.info("connections_refused", cause=cause, status=status, address=address, count=self._untold.pop(cause))
