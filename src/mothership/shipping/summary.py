"""What became of the events that were shipped, as the service's receipts tell."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_REASONS_MAX = 1000


@dataclass(slots=True)
class SinkCounts:
    """What became of the accepted events at one sink."""

    written: int = 0
    queued: int = 0
    dead: int = 0


@dataclass(slots=True)
class Summary:
    """What became of the events so far."""

    sent: int = 0
    """Events in batches that were answered with a 2xx."""
    accepted: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """How often each reason was given. An answer lists only the first hundred rejections."""
    duplicates: int = 0
    """Events in batches that had been taken before."""
    sinks: dict[str, SinkCounts] = field(default_factory=dict)
    retries: int = 0
    seconds: float = 0.0

    @property
    def dead(self) -> int:
        """Events that a sink refused: they are among the dead letters."""
        return max((sink.dead for sink in self.sinks.values()), default=0)

    def add(self, events: int, said: Mapping[str, Any]) -> None:
        """Count a batch of so many events that was answered so. What is no number of ours counts nothing."""
        errors = said.get("errors")
        reasons = (
            [str(error.get("reason")) for error in errors if isinstance(error, dict)]
            if isinstance(errors, list)
            else []
        )
        rejected = said["rejected"] if isinstance(said.get("rejected"), int) else len(reasons)
        self.sent += events
        self.rejected += rejected
        self.accepted += events - rejected
        if len(self.reasons) < _REASONS_MAX:
            self.reasons.update(reasons)
        results = said.get("sink_results")
        for name, result in results.items() if isinstance(results, dict) else ():
            if isinstance(result, dict):
                counts = self.sinks.setdefault(str(name), SinkCounts())
                counts.written += _whole(result.get("written"))
                counts.queued += _whole(result.get("queued"))
                counts.dead += _whole(result.get("errors"))
        if said.get("duplicate") is True:
            self.duplicates += events - rejected


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
