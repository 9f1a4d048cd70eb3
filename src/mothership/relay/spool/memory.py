"""Recent batches, decoded, so that couriers need not read the disk on good days."""

from collections import OrderedDict

from mothership.event import RowBatch
from mothership.relay.spool.record import weight


class Memory:
    """Keeps the newest batches, as many as fit."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self._room = bytes_max
        self._held: OrderedDict[int, tuple[RowBatch, int]] = OrderedDict()

    def keep(self, seq: int, batch: RowBatch) -> None:
        """Hold a batch, and let the oldest go for it."""
        size = weight(batch)
        self._held[seq] = (batch, size)
        self._room -= size
        while self._room < 0:
            _, (_, freed) = self._held.popitem(last=False)
            self._room += freed

    def get(self, seq: int) -> RowBatch | None:
        """The batch, if it is still here."""
        held = self._held.get(seq)
        return held[0] if held else None

    def forget(self, seq: int) -> None:
        """It is needed no more."""
        if held := self._held.pop(seq, None):
            self._room += held[1]
