"""What redaction did: counts by rule, for the metrics and for what the log says of the batch."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from mothership.event import Batch
from mothership.telemetry import redactions


class RedactionCounters:
    """Adds up what the processors of one pipeline did."""

    def __init__(self, rules_hash: str) -> None:
        self.rules_hash = rules_hash
        self._total: Counter[str] = Counter()
        self._batch: Counter[str] = Counter()

    def continue_from(self, other: "RedactionCounters") -> None:
        """Count on where another one is, which may go on counting, too."""
        self._total = other._total  # noqa: SLF001 - of the same kind

    def add(self, rule: str, count: int = 1) -> None:
        """Count hits of a rule."""
        self._batch[rule] += count

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Count nothing meanwhile: what is explained is no event that came."""
        kept, self._batch = self._batch, Counter()
        try:
            yield
        finally:
            self._batch = kept

    def settle(self, batch: Batch) -> None:
        """Close the books on a batch."""
        if not self._batch:
            return
        counts, self._batch = self._batch, Counter()
        self._total.update(counts)  # in place: it may be shared
        batch.redactions.update(counts)
        for rule, count in counts.items():
            redactions.labels(rule=rule).inc(count)

    def counts(self) -> dict[str, int]:
        """Return hits by rule since the start."""
        return dict(sorted((self._total + self._batch).items()))
