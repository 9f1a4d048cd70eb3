"""Is a retry a repeat? Not of a batch that was refused here: its sender has the only copy.

A node that sends `is_retry: true` names the batch by its messages. Equal messages may have come from others under the
same name, so a batch that was refused after it was read is remembered, and its retry counts as a first transmission.
What this process has not read, or another has refused, can't be remembered, and of what may be kept nobody knows: then
the messages alone decide.
"""

import asyncio
from types import TracebackType
from typing import TypeAlias

from mothership.edge.random_bytes import random_bytes
from mothership.errors import MayBeKept
from mothership.event import Arrival, Batch, MachineTime
from mothership.fair_cache import FairCache
from mothership.telemetry import refusals_forgotten

REFUSALS_MAX = 100
"""Of equal batches of one caller, so many refusals are remembered."""


def new_identity() -> bytes:
    """The fingerprint of a first transmission: no other batch has it."""
    return random_bytes()


class RefusedBatches:
    """First transmissions that are under way in this process, and those that were refused."""

    def __init__(self, *, refused_max: int) -> None:
        self._refused = _Refused(refused_max)
        self._under_way: dict[bytes, list[asyncio.Future[None]]] = {}

    def track(self, batch: Batch) -> "_Transmission":
        """Stand around what keeps the batch, and learn from its end whether it was kept.

        A retry first waits for the transmissions that it may repeat, and takes the place of one of them that was
        refused: an identity of its own, and that one's arrival.
        """
        return _Transmission(self, batch)

    async def begin(self, batch: Batch) -> "asyncio.Future[None] | None":
        """Wait for what the batch may repeat; what ends with it, if others may have to wait for it."""
        if batch.is_retry:
            while under_way := self._under_way.get(batch.content):
                await asyncio.wait(under_way)
            refused = self._refused.take(batch.client, batch.content)
            if refused is None:
                return None
            batch.fingerprint, (batch.arrival, batch.arrived_at) = new_identity(), refused
        elif not batch.content:
            return None
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._under_way.setdefault(batch.content, []).append(over)
        return over

    def end(self, batch: Batch, over: "asyncio.Future[None]", *, kept: bool) -> None:
        """It is over, and those that wait for it go on."""
        if not kept:
            self._refused.add(batch.client, batch.content, (batch.arrival, batch.arrived_at))
        over.set_result(None)
        rest = self._under_way[batch.content]
        rest.remove(over)
        if not rest:
            del self._under_way[batch.content]


class _Transmission:
    """One attempt to keep a batch."""

    __slots__ = ("_batch", "_over", "_tracker")

    def __init__(self, tracker: RefusedBatches, batch: Batch) -> None:
        self._tracker = tracker
        self._batch = batch

    async def __aenter__(self) -> None:
        self._over = await self._tracker.begin(self._batch)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._over is not None:
            self._tracker.end(self._batch, self._over, kept=kind is None or issubclass(kind, MayBeKept))


_Arrived: TypeAlias = tuple[Arrival, MachineTime | None]


class _Refused:
    """When those of each content arrived that were refused, for so many contents.

    Past it the caller with the most gives way.
    """

    def __init__(self, most: int) -> None:
        self._arrivals: FairCache[bytes, tuple[_Arrived, ...]] = FairCache(most)

    def add(self, client: str, content: bytes, arrival: _Arrived) -> None:
        """One more was refused."""
        known = self._arrivals.get(client, content) or ()
        others_went = self._arrivals.put(client, content, (*known, arrival)[-REFUSALS_MAX:])
        if others_went or len(known) == REFUSALS_MAX:
            refusals_forgotten.inc()

    def take(self, client: str, content: bytes) -> _Arrived | None:
        """Forget the oldest of these, and say when it arrived. None where none was refused."""
        known = self._arrivals.pop(client, content)
        if not known:
            return None
        if others := known[1:]:
            self._arrivals.put(client, content, others)
        return known[0]
