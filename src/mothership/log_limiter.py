"""Log lines that a flood of requests can't turn into a flood of lines, and that nobody can use up for the others."""

import time
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

from mothership.fair_cache import FairCache
from mothership.fairness import Holder, Shares
from mothership.ports import Clock
from mothership.telemetry import log

KEY_SECONDS = 10.0
"""How often a line about the same thing is written."""
LINES_PER_SECOND = 5.0
LINES_BURST = 50
KEYS_MAX = 1000


@dataclass(slots=True)
class _Key:
    told_at: float | None
    untold: int


class LogLimiter:
    """One kind of line: at once when a thing is new, then every ten seconds, with a `count` of what it stands for.

    Things are told apart by whom they are about and a key, so that a noisy one does not hide another. Over all it
    writes five lines a second, after a burst of 50; of these one client leaves some to the others, however many things
    it thinks of. How many lines it left out is in the metrics.
    """

    def __init__(
        self,
        level: Literal["info", "warning", "error"],
        event: str,
        *,
        key_seconds: float = KEY_SECONDS,
        clock: Clock = time.monotonic,
    ) -> None:
        """`key_seconds` is how often a line about the same thing is written; 0: whenever there is room."""
        self._level = level
        self._event = event
        self._key_seconds = key_seconds
        self._clock = clock
        self._keys: FairCache[Hashable, _Key] = FairCache(KEYS_MAX)
        self._room = Shares(LINES_BURST)
        self._written: deque[Holder] = deque()
        """Whose the lines are that take up room, oldest first."""
        self._since = clock()
        """Since when the oldest of them has been the oldest."""

    def __call__(self, who: Holder, key: Hashable, **fields: object) -> None:
        """It happened again, to this one."""
        now = self._clock()
        one = self._keys.get(who, key)
        if one is None:
            one = _Key(None, 0)
            self._keys.put(who, key, one)
        one.untold += 1
        is_told = one.told_at is not None and now - one.told_at < self._key_seconds
        if is_told or not self._may_write(who, now):
            return
        getattr(log, self._level)(self._event, count=one.untold, **fields)
        one.told_at, one.untold = now, 0

    def _may_write(self, who: Holder, now: float) -> bool:
        while self._written and now - self._since >= 1 / LINES_PER_SECOND:
            self._since += 1 / LINES_PER_SECOND
            self._room.add(self._written.popleft(), -1)
        if not self._room.fits(who, 1):
            return False
        if not self._written:
            self._since = now
        self._written.append(who)
        self._room.add(who, 1)
        return True
