"""How many connections are open, which of them gives way to a new one, and why others were ended.

The newcomer may hold a right token, and nobody knows before it has spoken. So at a bound it is an older connection
that ends, of those that have shown no right token, or rest between two requests: whoever opens connections without end
displaces its own. Only where all are busy with requests of callers that may enter, the newcomer is refused.

Used from one event loop only.
"""

from collections import Counter
from enum import IntEnum
from typing import Protocol

from mothership.edge.client_addresses import Networks, holder, rate_limit_key
from mothership.edge.limit_settings import LimitSettings
from mothership.log_limiter import LogLimiter
from mothership.telemetry import connections_open, connections_refused


class ConnectionStage(IntEnum):
    """How far a connection's request is: the further, the more is lost with it."""

    DELAYED = 0
    """It waits for the answer to a wrong login."""
    UNKNOWN = 1
    """It has shown no right token yet."""
    IDLE = 2
    """Between two requests of a caller that may enter."""
    RECEIVING = 3
    """A request is being sent."""
    WORKING = 4
    """A request is being answered."""


class Connection(Protocol):
    """An open connection."""

    @property
    def caller(self) -> str:
        """Whose request came last; empty while none has shown a right token."""

    @property
    def stage(self) -> ConnectionStage:
        """How far its request is."""

    def evict(self) -> None:
        """End, with an answer that lets the client try again where it waits for one."""


class ConnectionLimiter:
    """The open connections, by where they come from."""

    def __init__(self, limits: LimitSettings, proxies: Networks) -> None:
        self._limits = limits
        self._proxies = proxies
        self._network_of: dict[Connection, str] = {}
        self._by_network: dict[str, dict[Connection, None]] = {}
        self._log_refused = LogLimiter("info", "connections_refused")

    @property
    def total(self) -> int:
        """How many are open."""
        return len(self._network_of)

    def add(self, connection: Connection, address: str) -> str:
        """Count one more; why it can't stay, if it can't."""
        network = self._network_of[connection] = rate_limit_key(address)
        mine = self._by_network.setdefault(network, {})
        mine[connection] = None
        connections_open.inc()
        if len(mine) > self._limits.connections_per_client and address not in self._proxies:
            return "" if self._end_one(network, connection, address) else "client"
        if self.total > self._limits.connections:
            largest = max(self._by_network, key=lambda one: len(self._by_network[one]))
            return "" if self._end_one(largest, connection, address) else "total"
        return ""

    def drop(self, connection: Connection) -> None:
        """Count one less. May be called twice."""
        network = self._network_of.pop(connection, None)
        if network is None:
            return
        mine = self._by_network[network]
        del mine[connection]
        connections_open.dec()
        if not mine:
            del self._by_network[network]

    def refused(self, cause: str, status: int, address: str) -> None:
        """Count one, and log it, at most every ten seconds for each cause and address."""
        connections_refused.labels(reason=cause).inc()
        self._log_refused(holder(address), cause, cause=cause, status=status, address=address)

    def _end_one(self, network: str, newcomer: Connection, address: str) -> bool:
        """Make room in this network. Whether there was something to end."""
        victim = self._expendable([one for one in self._by_network[network] if one is not newcomer])
        if victim is None:
            return False
        self.refused("connections_gave_way", 503, address)
        self.drop(victim)
        victim.evict()
        return True

    def _expendable(self, others: list[Connection]) -> Connection | None:
        """The one with which the least is lost; among equals the oldest of the caller that has most."""
        by_caller = Counter(one.caller for one in others)
        idle = [one for one in others if one.stage <= ConnectionStage.IDLE]
        if idle:
            return min(idle, key=lambda one: (one.stage, -by_caller[one.caller]))
        # All are busy. A caller that has more than half of the places sends one request less.
        receiving = [one for one in others if one.stage is ConnectionStage.RECEIVING]
        crowding = [one for one in receiving if not one.caller or 2 * by_caller[one.caller] > len(others)]
        return crowding[0] if crowding else None
