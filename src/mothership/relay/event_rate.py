"""How fast something goes lately."""

import math


class EventRate:
    """Events a second, with an old second weighing less than a new one."""

    def __init__(self, *, half_life_seconds: float = 5.0) -> None:
        self._decay = math.log(2.0) / half_life_seconds
        self._amount = 0.0
        self._at: float | None = None
        self._since: float | None = None

    def add(self, events: int, now: float) -> None:
        """Count events that are through."""
        self._amount = self._left(now) + events
        self._at = now
        self._since = now if self._since is None else self._since

    def per_second(self, now: float) -> float:
        """The rate by now; 0 before the first event."""
        if self._since is None:
            return 0.0
        # The weight of the time that was watched: without it a young rate would be far too low.
        watched = (1.0 - math.exp(-self._decay * max(now - self._since, 0.25))) / self._decay
        return self._left(now) / watched

    def _left(self, now: float) -> float:
        return self._amount * math.exp(-self._decay * max(0.0, now - self._at)) if self._at is not None else 0.0
