"""The double that ships: a sink in memory that keeps the contract of `ports.Sink`, and can be told to fail."""

from collections.abc import Sequence

from mothership.errors import SinkError
from mothership.event import Row, RowBatch
from mothership.ports import Health
from mothership.sinks import batch_deduplication
from mothership.sinks.batch_deduplication import Noted


class MemorySink:
    """Keeps rows in a list. `failures` are raised by the next writes, first in, first out."""

    def __init__(self, name: str = "memory") -> None:
        self.name = name
        self.rows: list[Row] = []
        self.noted: dict[bytes, Noted] = {}
        """Fingerprints and contents."""
        self.failures: list[SinkError] = []

    async def open(self) -> None:
        """Nothing to open."""

    async def write(self, batches: Sequence[RowBatch]) -> frozenset[int]:
        """Append the rows of every batch not seen before, or raise the next failure."""
        if self.failures:
            raise self.failures.pop(0)
        noted = {note.fingerprint: Noted(*note[2:]) for note in batch_deduplication.notes(batches)}
        new = {mark: note for mark, note in noted.items() if mark not in self.noted}
        amendments = {
            content: batch_deduplication.amended(self.noted[content], here)
            for content, here in batch_deduplication.noted_before(batches, new).items()
        }
        stored = [mark for mark in batch_deduplication.split_batches(batches) if mark in self.noted]
        self.noted |= new | {content: each.noted for content, each in amendments.items()}
        taken = batch_deduplication.to_store(batches, new, amendments, stored)
        for position in taken:
            self.rows += batches[position].rows
        return frozenset(range(len(batches))) - set(taken)

    async def health(self) -> Health:
        """Healthy unless the next write is set to fail."""
        return Health(not self.failures, self.failures[0].reason if self.failures else "")

    async def close(self) -> None:
        """Nothing to close."""
