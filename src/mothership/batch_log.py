"""What the log says of batches: a line for each that needs a look, and every minute the sums of all."""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from mothership.event import Batch, Receipt
from mothership.fairness import Holder
from mothership.log_format import LogBatches
from mothership.log_limiter import LogLimiter
from mothership.telemetry import log

SLOW_SECONDS = 2.0
"""A batch that took longer is worth a line: a node waits five."""
SUMMARY_SECONDS = 60.0


_root = logging.getLogger()


@dataclass(slots=True)
class _Sums:
    """Of the batches since the last summary."""

    counts: Counter[str] = field(default_factory=Counter)
    redactions: Counter[str] = field(default_factory=Counter)
    slowest_seconds: float = 0.0


class BatchLog:
    """`notable`: a line when something was rejected, queued, set aside, repeated or slow, and the summary.

    Five such lines a second, after a burst of 50, shared by who sends: the `count` of each says how many it stands for.

    `each`: a line for every batch with every step's count and time, as at level DEBUG. `none`: neither, but warnings.
    """

    def __init__(self, batches: LogBatches, rules_hash: str = "") -> None:
        self.use(batches, rules_hash)
        self._sums = _Sums()
        self._log_notable = LogLimiter("info", "batch_taken", key_seconds=0.0)

    def use(self, batches: LogBatches, rules_hash: str) -> None:
        """From the next batch on."""
        self._batches = batches
        self._rules_hash = rules_hash

    def add(self, batch: Batch, receipt: Receipt, seconds: float) -> None:
        """Tell of a batch that was taken."""
        if self._is_ordinary(batch, receipt, seconds):
            self._count(batch, receipt, {}, {}, seconds)
            return
        queued = {name: tally.queued for name, tally in receipt.sinks.items() if tally.queued}
        errors = {name: tally.errors for name, tally in receipt.sinks.items() if tally.errors}
        self._count(batch, receipt, queued, errors, seconds)
        notable = bool(batch.rejected or queued or errors or receipt.duplicate or seconds > SLOW_SECONDS)
        debug = _root.isEnabledFor(logging.DEBUG)
        if not debug and (self._batches == "none" or (self._batches == "notable" and not notable)):
            return
        fields: dict[str, Any] = {
            "events": len(batch.indices),
            "rejected": len(batch.rejected),
            "queued": queued,
            "set_aside": errors,
            "duplicate": receipt.duplicate,
            "body_bytes": batch.body_bytes,
            "seconds": round(seconds, 4),
        }
        if debug or self._batches == "each":
            fields |= {
                "redactions": dict(sorted(batch.redactions.items())),
                "steps": {
                    name: {"events": int(step[0]), "seconds": round(step[1], 6)} for name, step in batch.steps.items()
                },
            }
        if self._batches == "notable" and notable:
            self._log_notable(Holder(batch.client, batch.address), None, **fields)
        else:
            (log.info if self._batches == "each" else log.debug)("batch_taken", **fields)

    def _is_ordinary(self, batch: Batch, receipt: Receipt, seconds: float) -> bool:
        """Whether there is nothing to tell of it but that it was. Asked of every batch, so it asks little."""
        if self._batches == "each" or batch.rejected or receipt.duplicate or seconds > SLOW_SECONDS:
            return False
        for tally in receipt.sinks.values():
            if tally.queued or tally.errors:
                return False
        return not _root.isEnabledFor(logging.DEBUG)

    async def run(self) -> None:
        """Write the summaries, for ever."""
        while True:
            await asyncio.sleep(SUMMARY_SECONDS)
            self.summarise()

    def summarise(self) -> None:
        """Write the sums since the last time, if there was anything and it is wanted."""
        sums, self._sums = self._sums, _Sums()
        if sums.counts["batches"] and self._batches == "notable":
            log.info(
                "batches_taken",
                **{name: sums.counts[name] for name in COUNTED},
                slowest_seconds=round(sums.slowest_seconds, 4),
                redactions=dict(sorted(sums.redactions.items())),
                rules_hash=self._rules_hash,
            )

    def _count(
        self, batch: Batch, receipt: Receipt, queued: dict[str, int], errors: dict[str, int], seconds: float
    ) -> None:
        counts = self._sums.counts
        counts["batches"] += 1
        counts["events"] += len(batch.indices)
        counts["rejected"] += len(batch.rejected)
        counts["queued"] += sum(queued.values())
        counts["set_aside"] += sum(errors.values())
        counts["duplicates"] += receipt.duplicate
        if batch.redactions:
            self._sums.redactions.update(batch.redactions)
        self._sums.slowest_seconds = max(self._sums.slowest_seconds, seconds)


COUNTED = ("batches", "events", "rejected", "queued", "set_aside", "duplicates")
"""What a summary counts; `queued` and `set_aside` over all sinks."""
