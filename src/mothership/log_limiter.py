"""Log lines that a flood of requests can't turn into a flood of lines."""

import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

from mothership.ports import Clock
from mothership.telemetry import log

KEY_SECONDS = 10.0
"""How often a line about the same thing is written."""
LINES_PER_SECOND = 5.0
LINES_BURST = 50.0
KEYS_MAX = 1000


@dataclass(slots=True)
class _Key:
    told_at: float | None
    untold: int


class LogLimiter:
    """One kind of line: at once when a thing is new, then every ten seconds, with a `count` of what it stands for.

    Things are told apart by a key, so that a noisy one does not hide another. Over all keys it writes five lines a
    second, after a burst of 50; how many it left out is in the metrics.
    """

    def __init__(self, level: Literal["info", "warning"], event: str, *, clock: Clock = time.monotonic) -> None:
        self._level = level
        self._event = event
        self._clock = clock
        self._keys: OrderedDict[Hashable, _Key] = OrderedDict()
        self._spent = 0.0
        self._since = clock()

    def __call__(self, key: Hashable, **fields: object) -> None:
        """It happened again, to this one."""
        now = self._clock()
        known = self._keys.pop(key, None)
        one = self._keys[key] = known or _Key(None, 0)
        one.untold += 1
        if len(self._keys) > KEYS_MAX:
            self._keys.popitem(last=False)
        is_told = one.told_at is not None and now - one.told_at < KEY_SECONDS
        if is_told or not self._may_write(now):
            return
        getattr(log, self._level)(self._event, count=one.untold, **fields)
        one.told_at, one.untold = now, 0

    def _may_write(self, now: float) -> bool:
        self._spent = max(0.0, self._spent - (now - self._since) * LINES_PER_SECOND)
        self._since = now
        if self._spent >= LINES_BURST:
            return False
        self._spent += 1
        return True
