"""Random names for requests and batches, fetched from the operating system for many at once.

To ask it takes a system call, in which the interpreter's lock goes to whoever waits for it: the event loop then waits
to get it back, for each name of each request.
"""

import os
import time
from collections import deque

from mothership.ports import Clock

NAME_BYTES = 32
NAMES_FETCHED = 128
KEPT_SECONDS = 1.0
"""Older ones are thrown away: a machine that is copied as it runs would give the same names twice."""


class RandomBytes:
    """Gives each name once, to whatever thread asks."""

    def __init__(self, *, ticks: Clock = time.monotonic) -> None:
        self._ticks = ticks
        self._names: deque[bytes] = deque()
        self._good_until = 0.0

    def __call__(self) -> bytes:
        """32 bytes that nobody else has, and nobody can guess."""
        now = self._ticks()
        if now < self._good_until:
            try:
                return self._names.pop()  # two threads never get the same one
            except IndexError:
                pass
        fetched = os.urandom(NAME_BYTES * NAMES_FETCHED)
        first, *names = (fetched[at : at + NAME_BYTES] for at in range(0, len(fetched), NAME_BYTES))
        self._names = deque(names)
        self._good_until = now + KEPT_SECONDS
        return first


random_bytes = RandomBytes()
