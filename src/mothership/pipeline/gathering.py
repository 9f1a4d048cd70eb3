"""Small batches that come in one round of the event loop, worked on one after the other.

Each is a batch of its own all the same. But the processor's caches hold the chain's code and tables from one to the
next, and what becomes of them reaches the spool together: at batches of ten events about a twentieth less of the
service's processor than where each was decoded, worked on and kept before the next was decoded.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TypeAlias

from mothership.event import Batch

EVENTS_MAX = 25
BYTES_MAX = 16 * 1024
"""What is larger is worked on at once: it has little to win."""
GATHERED_EVENTS_MAX = 100
GATHERED_BYTES_MAX = 128 * 1024
"""So much does not wait for the end of the round: other batches begin in it by how long it has taken."""
ROUND_SECONDS = 0.01
"""After so long the event loop runs between two batches."""

_Work: TypeAlias = Callable[[Batch], None]


class Gathering:
    """Used from one event loop only."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Batch, _Work, asyncio.Future[None]]] = []
        self._events = 0
        self._bytes = 0

    @staticmethod
    def takes(batch: Batch) -> bool:
        """Whether it is small enough to wait for others."""
        return len(batch.events) <= EVENTS_MAX and batch.body_bytes <= BYTES_MAX

    async def run(self, batch: Batch, work: _Work) -> None:
        """Do the work, after that of those that came before. Raises what it raises."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._work, loop)
        self._waiting.append((batch, work, done))
        self._events += len(batch.events)
        self._bytes += batch.body_bytes
        if self._events >= GATHERED_EVENTS_MAX or self._bytes >= GATHERED_BYTES_MAX:
            self._work(loop)
        await done

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting, self._waiting = self._waiting, []
        self._events = self._bytes = 0
        until = time.perf_counter() + ROUND_SECONDS
        for number, (batch, work, done) in enumerate(waiting, 1):
            if done.done():  # its request was cancelled
                continue
            try:
                work(batch)
            except Exception as error:  # noqa: BLE001 - belongs to the one who waits
                done.set_exception(error)
            else:
                done.set_result(None)
            if number < len(waiting) and time.perf_counter() > until:
                self._waiting = waiting[number:]
                loop.call_soon(self._work, loop)
                return
