"""Recent batches, decoded, so that couriers need not read the disk on good days."""

from collections import OrderedDict
from collections.abc import Hashable

from mothership.event import RowBatch
from mothership.relay.spool.record import weight


class BatchCache:
    """Keeps the newest batches, as many as fit."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self._free_bytes = bytes_max
        self._batches: OrderedDict[Hashable, tuple[RowBatch, int]] = OrderedDict()

    def put(self, seq: Hashable, batch: RowBatch) -> None:
        """Hold a batch, and let the oldest go for it."""
        size = weight(batch)
        self._batches[seq] = (batch, size)
        self._free_bytes -= size
        while self._free_bytes < 0:
            _, (_, freed) = self._batches.popitem(last=False)
            self._free_bytes += freed

    def get(self, seq: Hashable) -> RowBatch | None:
        """The batch, if it is still here."""
        held = self._batches.get(seq)
        return held[0] if held else None

    def discard(self, seq: Hashable) -> None:
        """Free its room: every sink is through with it."""
        if held := self._batches.pop(seq, None):
            self._free_bytes += held[1]
