"""Which batch makes writes fail when the sink itself is well: the poison batch.

The batches of a failed write are tried alone, one by one.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(slots=True)
class PoisonSuspect:
    """A batch that was in a failed write."""

    failures: int
    successes: int
    """How many writes had succeeded when it failed last."""
    until: float
    """Not to be tried before."""


class PoisonTracker:
    """Failures of each batch that was in a failed write, as far as the batch is to blame for them.

    A failure counts against a batch only if the sink is proven well: by a write of others that succeeded since,
    or, for an error that the sink does not know, by its health.
    """

    def __init__(self, failures_max: int) -> None:
        self._failures_max = failures_max
        self._successes = 0
        self._suspects: dict[int, PoisonSuspect] = {}
        self._first = (0, 0)
        """The batch that failing writes began with, and how many in a row did so at a sink that was well."""

    @property
    def seqs(self) -> set[int]:
        """The batches to be kept out of common writes."""
        return set(self._suspects)

    def failures(self, seq: int) -> int:
        """How many failures count against a batch."""
        return self._suspects[seq].failures if seq in self._suspects else 0

    def may_be_poison(self, first: int, *, unknown: bool) -> bool:
        """A write that began with this batch failed at a sink that says it is well: by chance, or by the batch?"""
        seq, times = self._first
        self._first = (first, times + 1 if seq == first else 1)
        return unknown or first in self._suspects or self._first[1] >= self._failures_max

    def record_failure(self, seqs: Iterable[int], *, unknown: bool, until: float) -> None:
        """A write of these failed although the sink says that it is well."""
        batches = list(seqs)
        fresh = [seq for seq in batches if seq not in self._suspects]
        if fresh and not unknown and any(suspect.successes == self._successes for suspect in self._suspects.values()):
            self._suspects.clear()  # others fail as well, with no success between: the sink is to blame
            return
        for seq in batches:
            known = self._suspects.get(seq)
            if known is None:
                self._suspects[seq] = PoisonSuspect(int(unknown and len(batches) == 1), self._successes, until)
                continue
            if unknown or known.successes < self._successes:
                known.failures += 1
            known.successes, known.until = self._successes, until

    def track_parts(self, seqs: Iterable[int], *, one_failure_left: bool) -> None:
        """The parts of a poison batch, one of which is poison."""
        for seq in seqs:
            self._suspects[seq] = PoisonSuspect(self._failures_max - 1 if one_failure_left else 0, self._successes, 0.0)

    def record_success(self, seqs: Iterable[int]) -> None:
        """A write of these succeeded."""
        self._successes += 1
        for seq in seqs:
            self._suspects.pop(seq, None)

    def is_poison(self, seq: int) -> bool:
        """Whether it has failed often enough, at a sink that is well, to be split or set aside."""
        return self.failures(seq) >= self._failures_max

    def take_due(self, now: float, hold_seconds: float) -> int | None:
        """A suspect to be tried alone now. Nobody else gets it meanwhile."""
        due = [seq for seq, suspect in self._suspects.items() if suspect.until <= now]
        if not due:
            return None
        self._suspects[min(due)].until = now + hold_seconds
        return min(due)

    def due_in(self, now: float) -> float:
        """Seconds until the next is due."""
        return max(0.0, min((suspect.until - now for suspect in self._suspects.values()), default=float("inf")))

    def forget(self, seq: int) -> None:
        """The batch is delivered, or among the dead letters: its failures count no more."""
        self._suspects.pop(seq, None)

    def reset(self) -> None:
        """Forget every failure: the sink itself is not well."""
        self._suspects.clear()
        self._first = (0, 0)
