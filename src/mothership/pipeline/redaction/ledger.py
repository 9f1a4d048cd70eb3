"""What redaction did: counts by rule, and one log line for each batch in which it did anything."""

from collections import Counter

from mothership.event import Batch
from mothership.telemetry import log, redactions


class Ledger:
    """Adds up what the processors of one pipeline did."""

    def __init__(self, rules_hash: str) -> None:
        self.rules_hash = rules_hash
        self._total: Counter[str] = Counter()
        self._batch: Counter[str] = Counter()

    def add(self, rule: str, count: int = 1) -> None:
        """Count hits of a rule."""
        self._batch[rule] += count

    def settle(self, batch: Batch) -> None:
        """Close the books on a batch."""
        if not self._batch:
            return
        counts, self._batch = self._batch, Counter()
        self._total += counts
        for rule, count in counts.items():
            redactions.labels(rule=rule).inc(count)
        log.info(
            "batch_redacted",
            request_id=batch.request_id,
            events=len(batch.events),
            by_rule=dict(sorted(counts.items())),
            rules_hash=self.rules_hash,
        )

    def counts(self) -> dict[str, int]:
        """Return hits by rule since the start."""
        return dict(sorted((self._total + self._batch).items()))
