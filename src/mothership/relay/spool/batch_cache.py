"""Recent batches, decoded, so that couriers need not read the disk on good days."""

from collections.abc import Hashable
from contextlib import suppress

from cachetools import FIFOCache

from mothership.event import RowBatch
from mothership.relay.spool.record import weight


class BatchCache:
    """Keeps the newest batches, as many as fit."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self._batches: FIFOCache[Hashable, RowBatch] = FIFOCache(bytes_max, getsizeof=weight)

    def put(self, seq: Hashable, batch: RowBatch) -> None:
        """Hold a batch, unless it is larger than all the room, and let the oldest go for it."""
        with suppress(ValueError):  # it is larger
            self._batches[seq] = batch

    def get(self, seq: Hashable) -> RowBatch | None:
        """The batch, if it is still here."""
        return self._batches.get(seq)

    def discard(self, seq: Hashable) -> None:
        """Free its room: every sink is through with it."""
        self._batches.pop(seq, None)
