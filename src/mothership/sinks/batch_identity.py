"""Which batches of a write were stored before, decided without the store: it only says which notes were new to it.

A write notes the fingerprint of each batch, and the content of each first transmission, by which a retry of it is
known. A retry is noted by its content alone. One that reaches the store before its first transmission (that waited in
another instance's spool) is stored, and noted with its time: the first of that content that was received earlier is
taken for the one it repeats, once.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from mothership.event import RowBatch


class IdentityNote(NamedTuple):
    """What is to be known once the write is committed."""

    fingerprint: bytes
    events: int
    retry_received: int | None
    """When a retry whose first transmission has not been seen was received: microseconds since the Unix epoch."""


def notes(batches: Sequence[RowBatch]) -> list[IdentityNote]:
    """What this write notes, each fingerprint once, in their order."""
    firsts, retries = _earliest(batches, of_retries=False), _earliest(batches, of_retries=True)
    found: dict[bytes, IdentityNote] = {}
    for batch in batches:
        for mark in (batch.fingerprint, batch.content):
            if mark and mark not in found:
                received = retries.get(mark)
                awaits = received is not None and firsts.get(mark, received + 1) > received
                found[mark] = IdentityNote(mark, len(batch.rows), received if awaits else None)
    return sorted(found.values())


def first_transmissions(batches: Sequence[RowBatch], new: Collection[bytes]) -> dict[bytes, int]:
    """For contents that the store had noted before: when the earliest first transmission here was received."""
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
    firsts = _earliest([batch for batch in batches if batch.fingerprint in new], of_retries=False)
    left, owed = set(new), set(repeated)
    taken = []
    for position, batch in enumerate(batches):
        if batch.fingerprint not in left or batch.half_of in stored_split_batches:
            continue
        left.discard(batch.fingerprint)
        if batch.is_retry:
            if firsts.get(batch.content, batch.received + 1) <= batch.received:
                continue
        elif batch.content in owed and firsts[batch.content] == batch.received:
            owed.discard(batch.content)
            continue
        taken.append(position)
    return taken


def _earliest(batches: Sequence[RowBatch], *, of_retries: bool) -> dict[bytes, int]:
    """For each content, when the earliest retry, or first transmission, of it was received."""
    found: dict[bytes, int] = {}
    for batch in batches:
        if batch.content and batch.is_retry is of_retries:
            found[batch.content] = min(batch.received, found.get(batch.content, batch.received))
    return found
