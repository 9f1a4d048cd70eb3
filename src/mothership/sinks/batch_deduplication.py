"""Which batches of a write were stored before, decided without the store: it only says which notes were new to it.

A write notes the fingerprint of each batch, and the content of each first transmission, by which a retry of it is
known. A retry is noted by its content alone. One that reaches the store before its first transmission (that waited in
another instance's spool) is stored, and noted with its time: the first of that content that surely arrived earlier is
taken for the one it repeats, once. Surely, and by the clock that instances share: where it can't be told which came
first, both are stored. Batches of one write are as if written one after the other: a retry behind its first
transmission repeats it, unless it surely arrived before.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from mothership.event import UNKNOWN_ARRIVAL, Arrival, RowBatch


class FingerprintNote(NamedTuple):
    """What is to be known once the write is committed."""

    fingerprint: bytes
    events: int
    retry_arrived: int | None
    """When a retry whose first transmission has not been seen arrived, at the earliest; None where it can't be told."""


def notes(batches: Sequence[RowBatch]) -> list[FingerprintNote]:
    """What this write notes, each fingerprint once, in their order."""
    firsts, retries = _earliest(batches, of_retries=False), _earliest(batches, of_retries=True)
    repeats = _repeats(batches)
    found: dict[bytes, FingerprintNote] = {}
    for batch in batches:
        for mark in (batch.fingerprint, batch.content):
            if mark and mark not in found:
                arrived = None if mark in repeats else retries.get(mark)
                awaits = arrived is not None and firsts.get(mark, arrived + 1) > arrived
                found[mark] = FingerprintNote(mark, len(batch.rows), arrived if awaits else None)
    return sorted(found.values())


def first_transmissions(batches: Sequence[RowBatch], new: Collection[bytes]) -> dict[bytes, int]:
    """For contents that the store had noted before: when the earliest first transmission here arrived at the latest."""
    fresh = [batch for batch in batches if batch.fingerprint in new]
    return {content: at for content, at in _earliest(fresh, of_retries=False).items() if content not in new}


def split_batches(batches: Sequence[RowBatch]) -> list[bytes]:
    """Fingerprints of the batches that halves here were split from: their write may have been committed after all."""
    return sorted({batch.half_of for batch in batches if batch.half_of})


def to_store(
    batches: Sequence[RowBatch],
    new: Collection[bytes],
    repeated: Collection[bytes],
    stored_split_batches: Collection[bytes] = (),
) -> list[int]:
    """The positions of the batches to be stored, given the notes that were new to the store.

    `repeated` are contents of `first_transmissions` that a retry has brought already, `stored_split_batches` those of
    `split_batches` that the store had noted before.
    """
    fresh = [batch for batch in batches if batch.fingerprint in new]
    firsts, repeats = _earliest(fresh, of_retries=False), _repeats(fresh)
    left, owed = set(new), set(repeated)
    taken = []
    for position, batch in enumerate(batches):
        if batch.fingerprint not in left or batch.half_of in stored_split_batches:
            continue
        left.discard(batch.fingerprint)
        if batch.is_retry:
            if batch.content in repeats:
                continue
        elif batch.content in owed and firsts[batch.content] == batch.arrival.latest:
            owed.discard(batch.content)
            continue
        taken.append(position)
    return taken


def _earliest(batches: Sequence[RowBatch], *, of_retries: bool) -> dict[bytes, int]:
    """For each content, when the first retry arrived, at the earliest, or the first transmission, at the latest.

    Without those of which it can't be told.
    """
    found: dict[bytes, int] = {}
    for batch in batches:
        if batch.content and batch.is_retry is of_retries and batch.arrival != UNKNOWN_ARRIVAL:
            arrived = batch.arrival.earliest if of_retries else batch.arrival.latest
            found[batch.content] = min(arrived, found.get(batch.content, arrived))
    return found


def _repeats(batches: Sequence[RowBatch]) -> set[bytes]:
    """Contents whose retry, the first of its equals, repeats a first transmission in the same write."""
    if not any(batch.is_retry for batch in batches):
        return set()
    earliest = _earliest(batches, of_retries=False)
    before: dict[bytes, list[Arrival]] = {}
    found: dict[bytes, bool] = {}
    for batch in batches:
        if not batch.is_retry:
            before.setdefault(batch.content, []).append(batch.arrival)
        elif batch.content not in found:
            found[batch.content] = 0 < earliest.get(batch.content, 0) <= batch.arrival.earliest or not all(
                _surely_before(batch.arrival, first) for first in before.get(batch.content, ())
            )
    return {content for content, is_repeat in found.items() if is_repeat}


def _surely_before(one: Arrival, other: Arrival) -> bool:
    return UNKNOWN_ARRIVAL not in (one, other) and one.latest < other.earliest
