"""Which batches of a write were stored before, decided without the store: it only says what it had noted.

A write notes the fingerprint of each batch, and the content of each first transmission, by which a retry of it is
known. A retry is noted by its content alone. One that reaches the store before its first transmission (that waited in
another instance's spool) is stored, and noted with its time: the first of that content that surely arrived earlier is
taken for the one it repeats, once. Nor is a retry a repeat of first transmissions that all surely arrived after it,
were they written before it or not: it is news that was late, of another node under the same name.

So the order of writes makes no difference: of equal batches as many are stored as if each had been written when it
arrived. Surely, and by the clock that instances share: where it can't be told which came first, the order of writes
decides, and batches of one write are as if written one after the other.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from mothership.event import UNKNOWN_ARRIVAL, Arrival, RowBatch


class Noted(NamedTuple):
    """What is known of a content, in microseconds of the clock that instances share."""

    retry_arrived: int | None = None
    """When a retry whose first transmission has not been seen arrived, at the earliest; None where it can't be told.

    It was stored, and came before all first transmissions that were.
    """
    first_arrived: int | None = None
    """When the first of the first transmissions arrived, at the earliest; None where it can't be told, or there is a
    retry that came before them all."""


class FingerprintNote(NamedTuple):
    """What is to be known once the write is committed."""

    fingerprint: bytes
    events: int
    retry_arrived: int | None
    """As in `Noted`."""
    first_arrived: int | None
    """As in `Noted`."""


class Arrivals(NamedTuple):
    """When the transmissions of a content arrived that a write holds. A time that can't be told is 0, or left out."""

    first_earliest: int | None
    first_latest: int | None
    retry_earliest: int | None
    retry_latest: int | None


class Amended(NamedTuple):
    """What becomes of a content that was noted before."""

    noted: Noted
    repeats_first: bool
    """Whether one first transmission of the write was stored before: a retry has brought it."""
    retry_is_new: bool
    """Whether the write's retry was not stored before, as it came before whatever was."""


def notes(batches: Sequence[RowBatch]) -> list[FingerprintNote]:
    """What this write notes of what the store had not noted, each fingerprint once, in their order."""
    arrivals, repeats = _arrivals(batches), _repeats(batches)
    found: dict[bytes, FingerprintNote] = {}
    for batch in batches:
        for mark in (batch.fingerprint, batch.content):
            if mark and mark not in found:
                noted = _first_noted(arrivals[mark], is_repeat=mark in repeats) if mark == batch.content else Noted()
                found[mark] = FingerprintNote(mark, len(batch.rows), *noted)
    return sorted(found.values())


def noted_before(batches: Sequence[RowBatch], new: Collection[bytes]) -> dict[bytes, Arrivals]:
    """Contents that the store had noted before, of retries and of first transmissions that are new to it."""
    fresh = [batch for batch in batches if batch.is_retry or batch.fingerprint in new]
    return {content: found for content, found in _arrivals(fresh).items() if content not in new}


def amended(noted: Noted, here: Arrivals) -> Amended:
    """What is known of a content after a write that holds these."""
    retry_arrived, first_arrived = noted
    if retry_arrived is not None:
        retry_arrived = min(retry_arrived, here.retry_earliest or retry_arrived)
        if here.first_latest is not None and here.first_latest <= retry_arrived:
            return Amended(Noted(None, here.first_earliest or None), repeats_first=True, retry_is_new=False)
        return Amended(Noted(retry_arrived, None), repeats_first=False, retry_is_new=False)
    if first_arrived is not None and here.first_earliest is not None:
        first_arrived = min(first_arrived, here.first_earliest) or None
    if first_arrived is not None and here.retry_latest is not None and here.retry_latest < first_arrived:
        return Amended(Noted(here.retry_earliest, None), repeats_first=False, retry_is_new=True)
    return Amended(Noted(None, first_arrived), repeats_first=False, retry_is_new=False)


def split_batches(batches: Sequence[RowBatch]) -> list[bytes]:
    """Fingerprints of the batches that halves here were split from: their write may have been committed after all."""
    return sorted({whole for batch in batches for whole in batch.half_of})


def to_store(
    batches: Sequence[RowBatch],
    new: Collection[bytes],
    amendments: Mapping[bytes, Amended],
    stored_split_batches: Collection[bytes] = (),
) -> list[int]:
    """The positions of the batches to be stored, given the notes that were new to the store.

    `amendments` are what became of `noted_before`, `stored_split_batches` those of `split_batches` that the store had
    noted before.
    """
    stored = frozenset(stored_split_batches)
    left = {*new, *(content for content, each in amendments.items() if each.retry_is_new)}
    fresh = [batch for batch in batches if batch.fingerprint in left]
    repeats = _repeats(fresh)
    owed = {content for content, each in amendments.items() if each.repeats_first}
    arrivals = _arrivals(fresh) if owed else {}
    taken = []
    for position, batch in enumerate(batches):
        if batch.fingerprint not in left or not stored.isdisjoint(batch.half_of):
            continue
        left.discard(batch.fingerprint)
        if batch.is_retry:
            if batch.content in repeats:
                continue
        elif batch.content in owed and arrivals[batch.content].first_latest == batch.arrival.latest:
            owed.discard(batch.content)
            continue
        taken.append(position)
    return taken


def _first_noted(here: Arrivals, *, is_repeat: bool) -> Noted:
    awaits = here.retry_earliest is not None and (here.first_latest is None or here.first_latest > here.retry_earliest)
    return Noted(here.retry_earliest, None) if awaits and not is_repeat else Noted(None, here.first_earliest or None)


def _arrivals(batches: Sequence[RowBatch]) -> dict[bytes, Arrivals]:
    """For each content, of the first transmissions and of the retries the times of the first to come."""
    found: dict[bytes, Arrivals] = {}
    for batch in batches:
        if batch.content:
            earliest, latest = batch.arrival
            if batch.is_retry:
                here = Arrivals(None, None, earliest or None, latest or None)
            else:
                here = Arrivals(earliest, latest or None, None, None)
            known = found.get(batch.content)
            found[batch.content] = _merged(known, here) if known else here
    return found


def _merged(one: Arrivals, other: Arrivals) -> Arrivals:
    retries = [each[2:] for each in (one, other) if each.retry_earliest is not None]
    return Arrivals(
        min((each.first_earliest for each in (one, other) if each.first_earliest is not None), default=None),
        min((each.first_latest for each in (one, other) if each.first_latest is not None), default=None),
        *min(retries, default=(None, None)),
    )


def _repeats(batches: Sequence[RowBatch]) -> set[bytes]:
    """Contents of retries that all repeat a first transmission in the same write."""
    retries = {batch.content for batch in batches if batch.is_retry}
    if not retries:
        return retries
    arrivals = _arrivals(batches)
    before: dict[bytes, list[Arrival]] = {}
    for batch in batches:
        if not batch.is_retry:
            before.setdefault(batch.content, []).append(batch.arrival)
        elif not (
            0 < (arrivals[batch.content].first_latest or 0) <= batch.arrival.earliest
            or not all(_surely_before(batch.arrival, first) for first in before.get(batch.content, ()))
        ):
            retries.discard(batch.content)
    return retries


def _surely_before(one: Arrival, other: Arrival) -> bool:
    return UNKNOWN_ARRIVAL not in (one, other) and one.latest < other.earliest
