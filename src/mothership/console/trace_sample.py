"""What was found for one question for the next events, by this worker and by the others."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mothership.search.query import EventQuery


@dataclass(frozen=True, slots=True)
class TraceQuestion:
    """Which events, how many of them, and how long they are waited for."""

    query: EventQuery
    count: int
    seconds: float


class TraceSample:
    """Takes what is found until it is enough."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self.traces: list[Mapping[str, Any]] = []
        self.examined = 0
        """Events that came by, at those who looked."""
        self.missed = 0
        """Workers that did not look: somebody else's question was there first, or they are gone."""
        self._enough = asyncio.Event()

    def add(self, trace: Mapping[str, Any]) -> None:
        """One more, if it is still wanted."""
        if len(self.traces) < self._wanted:
            self.traces.append(trace)
        if len(self.traces) >= self._wanted:
            self._enough.set()

    async def gather(self, looks: Sequence[Coroutine[Any, Any, None]]) -> None:
        """Let all look until there is enough, or each has ended. Raises what the first of them raises."""
        own, *others = [asyncio.create_task(look, name="sample") for look in looks]
        enough = asyncio.create_task(self._enough.wait(), name="sample-enough")
        all_ended: asyncio.Future[Any] = asyncio.gather(own, *others, return_exceptions=True)
        first: set[asyncio.Future[Any]] = {enough, all_ended}
        try:
            await asyncio.wait({*first, own}, return_when=asyncio.FIRST_COMPLETED)
            if not (own.done() and own.exception()):
                await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (enough, own, *others):
                task.cancel()
            await asyncio.wait({enough, own, *others})
        if not own.cancelled() and (error := own.exception()):
            raise error
