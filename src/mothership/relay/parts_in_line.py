"""The parts of batches that were too much for one write: they are written before what came after them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class _SplitBatch:
    parts: list[int]
    """In the order of their events."""
    due: float
    """When they may be written."""


class PartsInLine:
    """Of one sink. Forgotten with the process: then they come last."""

    def __init__(self) -> None:
        self._batches: list[_SplitBatch] = []
        self._taken: set[int] = set()

    @property
    def seqs(self) -> set[int]:
        """All of them, to be kept out of other writes."""
        return {seq for batch in self._batches for seq in batch.parts}

    def take_due(self, now: float) -> int | None:
        """The first that may be written now. Nobody else gets it until it is given back."""
        for batch in self._batches:
            for seq in batch.parts if batch.due <= now else ():
                if seq not in self._taken:
                    self._taken.add(seq)
                    return seq
        return None

    def give_back(self, seqs: Iterable[int]) -> None:
        """These were not written."""
        self._taken.difference_update(seqs)

    def put(self, parts: Sequence[int], *, instead_of: int, due: float) -> None:
        """In the place of a batch, or of a part of one, come its parts. Until they are due, the rest waits."""
        self._taken.discard(instead_of)
        for batch in self._batches:
            if instead_of in batch.parts:
                at = batch.parts.index(instead_of)
                batch.parts[at : at + 1] = parts
                batch.due = due
                return
        self._batches.append(_SplitBatch([*parts], due))

    def discard(self, seqs: Iterable[int]) -> None:
        """These are written, set aside, or wait for something else."""
        if not self._batches:
            return
        gone = set(seqs)
        self._taken -= gone
        for batch in self._batches:
            batch.parts = [seq for seq in batch.parts if seq not in gone]
        self._batches = [batch for batch in self._batches if batch.parts]

    def due_in(self, now: float) -> float:
        """Seconds until the next may be written."""
        due = [batch.due for batch in self._batches if not self._taken.issuperset(batch.parts)]
        return max(0.0, min(due, default=float("inf")) - now)
