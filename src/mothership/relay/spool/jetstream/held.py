"""The batches that this instance has been given for one sink and has not acknowledged: nobody else gets them meanwhile.

The server hands them out in their order; couriers lease from here as they would from a file.
"""

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from cachetools import FIFOCache
from nats.aio.msg import Msg

from mothership.errors import CorruptRecord
from mothership.event import RowBatch
from mothership.leases import LeaseLimits
from mothership.relay.spool.jetstream.publisher import ID
from mothership.relay.spool.record import unpack

FINISHED_MAX = 10_000


@dataclass(slots=True)
class HeldBatch:
    """One of them."""

    seq: int
    message: Msg
    """As it was handed out last: an acknowledgement goes to its reply subject."""
    events: int
    weight: int
    appended: int
    crashes: int
    attempts: int
    """Leases so far, as far as they are known here."""
    is_suspect: bool
    """It was handed out before, and the process that had it may have died of it: attempts are noted on the cluster."""
    leased: bool = False

    @property
    def identity(self) -> str:
        """Its message's, by which the cluster keeps it once."""
        return (self.message.headers or {}).get(ID, "")

    def batch(self) -> RowBatch | None:
        """What it holds, decoded; None where that is damaged."""
        try:
            return unpack(self.message.data).batch()
        except CorruptRecord:
            return None


class HeldBatches:
    """They, by number."""

    def __init__(self) -> None:
        self.bytes = 0
        self._order: list[int] = []
        self._held: dict[int, HeldBatch] = {}
        self._finished: FIFOCache[int, None] = FIFOCache(FINISHED_MAX)
        """Acknowledged here, and maybe not there yet."""

    @property
    def count(self) -> int:
        """How many are held."""
        return len(self._order)

    def __contains__(self, seq: int) -> bool:
        return seq in self._held

    def add(self, batch: HeldBatch) -> None:
        """It has been handed out."""
        insort(self._order, batch.seq)
        self._held[batch.seq] = batch
        self.bytes += len(batch.message.data)

    def renew(self, seq: int, message: Msg) -> None:
        """It has been handed out again, while it is held: only its reply subject is new."""
        self._held[seq].message = message

    def select(
        self, limits: LeaseLimits, ranges: Sequence[tuple[int, int]], exclude: Collection[int]
    ) -> list[HeldBatch]:
        """As `ports.Spool.lease` has it; they are leased from now on."""
        for first, end in ranges:
            picked = self._fitting(limits, first, end, exclude)
            if picked:
                for batch in picked:
                    batch.leased, batch.attempts = True, batch.attempts + 1
                return picked
        return []

    def _fitting(self, limits: LeaseLimits, first: int, end: int, exclude: Collection[int]) -> list[HeldBatch]:
        picked: list[HeldBatch] = []
        rows = heavy = 0
        for at in range(bisect_left(self._order, first), bisect_left(self._order, end)):
            batch = self._held[self._order[at]]
            if batch.leased or batch.seq in exclude:
                continue
            alone = batch.crashes >= limits.poison_attempts
            full = rows + batch.events > limits.rows or heavy + batch.weight > limits.bytes
            if picked and (alone or full):
                break
            picked.append(batch)
            rows, heavy = rows + batch.events, heavy + batch.weight
            if alone:
                break
        return picked

    def release(self, seqs: Iterable[int]) -> list[HeldBatch]:
        """They are not leased any more. Returns those that are held."""
        found = [self._held[seq] for seq in seqs if seq in self._held]
        for batch in found:
            batch.leased = False
            batch.crashes = 0  # the process lives
        return found

    def get(self, seqs: Iterable[int]) -> list[HeldBatch]:
        """Those of them that are held."""
        return [self._held[seq] for seq in seqs if seq in self._held]

    def finish(self, seqs: Iterable[int]) -> list[HeldBatch]:
        """They are through: forget them. Returns those that were held."""
        found = self.drop(seqs)
        for batch in found:
            self._finished[batch.seq] = None
        return found

    def drop(self, seqs: Iterable[int]) -> list[HeldBatch]:
        """They are held no longer. Returns those that were."""
        found = []
        for seq in seqs:
            if (batch := self._held.pop(seq, None)) is not None:
                del self._order[bisect_left(self._order, seq)]
                self.bytes -= len(batch.message.data)
                found.append(batch)
        return found

    def is_finished(self, seq: int) -> bool:
        """Whether it is through, and the cluster may not have learned of it."""
        return seq in self._finished

    def forget_finished(self, seq: int) -> None:
        """The cluster knows."""
        self._finished.pop(seq, None)

    def all(self) -> list[HeldBatch]:
        """All of them, oldest first."""
        return [self._held[seq] for seq in self._order]

    def expired(self, before: int) -> list[HeldBatch]:
        """Those that have waited since before then, and are not leased."""
        return [batch for batch in self._held.values() if batch.appended < before and not batch.leased]
