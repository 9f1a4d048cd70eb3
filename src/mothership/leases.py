"""What passes between the relay and its spool: statuses of batches, leases, counts.

append ──▶ BatchStatus        lease(LeaseLimits) ──▶ Lease ──▶ commit | release | dead-letter | split | defer
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from mothership.event import RowBatch

SEQ_MAX = 2**62
"""Above every number of a batch."""


class BatchStatus(NamedTuple):
    """What is known of a fingerprint: events, and for each sink how many still wait and how many were set aside."""

    seq: int
    """Of the pending batch; 0 when it is through."""
    fingerprint: bytes
    """Under which it is kept: a retry's is not that of the first transmission which it repeats."""
    events: int
    new: bool
    queued: dict[str, int]
    errors: dict[str, int]


class LeaseLimits(NamedTuple):
    """How much a lease may hold."""

    rows: int
    bytes: int
    poison_attempts: int


class Totals(NamedTuple):
    """What waits for a sink."""

    batches: int = 0
    events: int = 0
    bytes: int = 0

    def merge(self, other: "Totals") -> "Totals":
        """Of both spools together."""
        return Totals(self.batches + other.batches, self.events + other.events, self.bytes + other.bytes)


class SpoolStats(NamedTuple):
    """How a spool stands."""

    totals: dict[str, Totals]
    dead_letters: Totals
    dead_letters_by_sink: dict[str, int]
    stored_bytes: int
    oldest: dict[str, int]
    """For each sink, when the oldest batch that waits was appended: microseconds since the epoch."""
    changed_by_others: bool
    """Somebody else has changed what waits since the last look: a dead letter was retried, or dropped."""

    def merge(self, other: "SpoolStats") -> "SpoolStats":
        """Of both spools together."""
        return SpoolStats(
            totals={
                sink: self.totals.get(sink, Totals()).merge(other.totals.get(sink, Totals()))
                for sink in {**self.totals, **other.totals}
            },
            dead_letters=self.dead_letters.merge(other.dead_letters),
            dead_letters_by_sink={
                sink: self.dead_letters_by_sink.get(sink, 0) + other.dead_letters_by_sink.get(sink, 0)
                for sink in {**self.dead_letters_by_sink, **other.dead_letters_by_sink}
            },
            stored_bytes=self.stored_bytes + other.stored_bytes,
            oldest={
                sink: min(stats.oldest[sink] for stats in (self, other) if sink in stats.oldest)
                for sink in {**self.oldest, **other.oldest}
            },
            changed_by_others=self.changed_by_others or other.changed_by_others,
        )


@dataclass(frozen=True, slots=True)
class Lease:
    """Batches that a courier holds: no other courier gets them until it says what became of them."""

    sink: str
    generation: int
    """Of the spool's: a lease of an earlier one means nothing any more."""
    seqs: tuple[int, ...]
    batches: tuple[RowBatch, ...]
    attempts: tuple[int, ...]
    """For each batch, how often it was leased, this time included."""
    crashes: tuple[int, ...]
    """For each batch, how often the process died while it was leased."""

    @property
    def events(self) -> int:
        """Rows in all batches."""
        return sum(len(batch.rows) for batch in self.batches)

    def only(self, positions: Iterable[int]) -> "Lease":
        """The part of the lease at these positions."""
        at = tuple(positions)
        return Lease(
            self.sink,
            self.generation,
            tuple(self.seqs[i] for i in at),
            tuple(self.batches[i] for i in at),
            tuple(self.attempts[i] for i in at),
            tuple(self.crashes[i] for i in at),
        )


class DeliveryResult(NamedTuple):
    """What became of a batch at a sink."""

    sink: str
    fingerprint: bytes
    errors: int
    duplicate: bool
    deferred: int = 0
    """Rows that wait still, because the sink can't take them yet."""
