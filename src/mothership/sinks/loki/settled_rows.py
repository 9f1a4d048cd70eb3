"""What is settled of writes that failed: done again from the start, a write might never pass a rate limit.

The spool may cut what follows otherwise: one batch alone, then the others. So each batch is remembered until a write
with it went well.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from mothership.event import RowBatch
from mothership.sinks.loki.push_encoding import Entry

ROWS_MAX = 100_000
"""Most rows that are remembered. Where more are settled, those of the batches that failed first are sent again."""
KEPT_SECONDS = 600.0
"""How long a batch is remembered that does not come again: a dead letter that is tried again is asked for anew."""

Outcomes: TypeAlias = Mapping[tuple[int, bytes], str | None]
"""By a row's time and data: None where Loki has it, the reason where it refuses it."""
NOTHING: Outcomes = {}


class _FailedBatch(NamedTuple):
    since: float
    rows: dict[tuple[int, bytes], str | None]


class SettledRows:
    """Remembers, by batch, which rows need not be sent again."""

    def __init__(self) -> None:
        self._by_batch: dict[bytes, _FailedBatch] = {}
        self.count = 0

    def of(self, batch: RowBatch) -> Outcomes:
        """What is settled of a batch."""
        found = self._by_batch.get(batch.fingerprint)
        return found.rows if found else NOTHING

    def add(self, batches: Sequence[RowBatch], settled: Iterable[tuple[Entry, str | None]], now: float) -> None:
        """A write failed after these were settled."""
        for entry, why in settled:
            batch = batches[entry.batch]
            row = batch.rows[entry.row]
            found = self._by_batch.get(batch.fingerprint)
            if found is None:
                found = self._by_batch[batch.fingerprint] = _FailedBatch(now, {})
            before = len(found.rows)
            found.rows[row.ts, row.data] = why
            self.count += len(found.rows) - before
        while self.count > ROWS_MAX:
            self._forget(next(iter(self._by_batch)))

    def forget(self, batches: Iterable[RowBatch], now: float) -> None:
        """A write with these went well."""
        for batch in batches if self._by_batch else ():
            if batch.fingerprint in self._by_batch:
                self._forget(batch.fingerprint)
        for fingerprint in [key for key, failed in self._by_batch.items() if failed.since < now - KEPT_SECONDS]:
            self._forget(fingerprint)

    def _forget(self, fingerprint: bytes) -> None:
        self.count -= len(self._by_batch.pop(fingerprint).rows)
