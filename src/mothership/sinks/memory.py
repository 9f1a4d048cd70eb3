"""The double that ships: a sink in memory that keeps the contract of `ports.Sink`, and can be told to fail."""

from collections.abc import Sequence

from mothership.errors import SinkError
from mothership.event import Row, RowBatch
from mothership.ports import Health


class MemorySink:
    """Keeps rows in a list. `failures` are raised by the next writes, first in, first out."""

    def __init__(self, name: str = "memory") -> None:
        self.name = name
        self.rows: list[Row] = []
        self.fingerprints: set[bytes] = set()
        self.failures: list[SinkError] = []

    async def open(self) -> None:
        """Nothing to open."""

    async def write(self, batches: Sequence[RowBatch]) -> frozenset[int]:
        """Append the rows of every batch not seen before, or raise the next failure."""
        if self.failures:
            raise self.failures.pop(0)
        duplicates: set[int] = set()
        for position, batch in enumerate(batches):
            if batch.fingerprint in self.fingerprints:
                duplicates.add(position)
            else:
                self.fingerprints.add(batch.fingerprint)
                self.rows += batch.rows
        return frozenset(duplicates)

    async def health(self) -> Health:
        """Healthy unless the next write is set to fail."""
        return Health(not self.failures, self.failures[0].reason if self.failures else "")

    async def close(self) -> None:
        """Nothing to close."""
