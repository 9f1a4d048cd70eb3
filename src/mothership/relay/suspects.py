"""Which batch makes writes fail, when the sink itself is well? Those of a failed write are tried alone, one by one."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(slots=True)
class Suspect:
    """A batch that was in a failed write."""

    strikes: int
    successes: int
    """How many writes had succeeded when it failed last."""
    until: float
    """Not to be tried before."""


class Suspects:
    """Who is to blame.

    A failure counts against a batch only if the sink is proven well: by a write of others that succeeded since,
    or, for an error that the sink does not know, by its health.
    """

    def __init__(self, strikes_max: int) -> None:
        self._strikes_max = strikes_max
        self._successes = 0
        self._of: dict[int, Suspect] = {}
        self._first = (0, 0)
        """The batch that failing writes began with, and how many in a row did so at a sink that was well."""

    @property
    def seqs(self) -> set[int]:
        """The batches to be kept out of common writes."""
        return set(self._of)

    def strikes(self, seq: int) -> int:
        """How many failures count against a batch."""
        return self._of[seq].strikes if seq in self._of else 0

    def worth_a_look(self, first: int, *, unknown: bool) -> bool:
        """A write that began with this batch failed at a sink that says it is well: by chance, or by the batch?"""
        seq, times = self._first
        self._first = (first, times + 1 if seq == first else 1)
        return unknown or first in self._of or self._first[1] >= self._strikes_max

    def strike(self, seqs: Iterable[int], *, unknown: bool, until: float) -> None:
        """A write of these failed although the sink says that it is well."""
        batches = list(seqs)
        fresh = [seq for seq in batches if seq not in self._of]
        if fresh and not unknown and any(suspect.successes == self._successes for suspect in self._of.values()):
            self._of.clear()  # others fail as well, with no success between: the sink is to blame
            return
        for seq in batches:
            known = self._of.get(seq)
            if known is None:
                self._of[seq] = Suspect(int(unknown and len(batches) == 1), self._successes, until)
                continue
            if unknown or known.successes < self._successes:
                known.strikes += 1
            known.successes, known.until = self._successes, until

    def accuse(self, seqs: Iterable[int], *, nearly: bool) -> None:
        """Parts of a culprit: one of them is it. `nearly`: one more failure convicts."""
        for seq in seqs:
            self._of[seq] = Suspect(self._strikes_max - 1 if nearly else 0, self._successes, 0.0)

    def acquit(self, seqs: Iterable[int]) -> None:
        """A write of these succeeded."""
        self._successes += 1
        for seq in seqs:
            self._of.pop(seq, None)

    def is_culprit(self, seq: int) -> bool:
        """Has it failed often enough, at a sink that is well?"""
        return self.strikes(seq) >= self._strikes_max

    def take_due(self, now: float, hold_seconds: float) -> int | None:
        """A suspect to be tried alone now. Nobody else gets it meanwhile."""
        due = [seq for seq, suspect in self._of.items() if suspect.until <= now]
        if not due:
            return None
        self._of[min(due)].until = now + hold_seconds
        return min(due)

    def due_in(self, now: float) -> float:
        """Seconds until the next is due."""
        return max(0.0, min((suspect.until - now for suspect in self._of.values()), default=float("inf")))

    def clear(self, seq: int) -> None:
        """It is gone."""
        self._of.pop(seq, None)

    def clear_all(self) -> None:
        """The sink is to blame."""
        self._of.clear()
        self._first = (0, 0)
