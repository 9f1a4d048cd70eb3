"""The parts that a batch may come apart into: halves, what waits longer, dead letters."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import msgspec

from mothership.errors import FailedRow
from mothership.event import Row, RowBatch
from mothership.leases import Lease
from mothership.relay.spool.record import SpoolRecord, half_fingerprints, pack, part_fingerprint, spool_record


def halves(sink: str, batch: RowBatch, now: int) -> Iterable[tuple[SpoolRecord, bytes]]:
    """A batch in two, each with an identity of its own that is the same whenever it is halved."""
    middle = len(batch.rows) // 2
    marks = half_fingerprints(batch.fingerprint, [sink])
    for mark, rows in zip(marks, (batch.rows[:middle], batch.rows[middle:]), strict=True):
        half = replace(batch, fingerprint=mark, rows=rows, half_of=(*batch.half_of, batch.fingerprint))
        record = spool_record(half, [sink], now)
        yield record, pack(record)


def deferred_parts(lease: Lease, deferred: Sequence[FailedRow], now: int) -> Iterable[tuple[SpoolRecord, bytes]]:
    """One part for each batch that has deferred rows."""
    rows: dict[int, list[int]] = {}
    for position, row, _ in deferred:
        rows.setdefault(position, []).append(row)
    for position, at in rows.items():
        batch = lease.batches[position]
        mark = part_fingerprint(batch.fingerprint, f"{lease.sink} later {at}")
        part = RowBatch(mark, batch.request_id, batch.received, [batch.rows[row] for row in at], batch.client)
        record = spool_record(part, [lease.sink], now, batch.fingerprint)
        yield record, pack(record)


def dead_letters(
    lease: Lease, failed: Sequence[FailedRow], now: int, *, known_to_sink: bool
) -> Iterable[tuple[str, SpoolRecord, bytes]]:
    """One letter for each batch and reason."""
    groups: dict[tuple[int, str], list[int]] = {}
    for position, row, reason in failed:
        groups.setdefault((position, reason), []).append(row)
    for (position, reason), at in groups.items():
        batch = lease.batches[position]
        own = known_to_sink or len(at) < len(batch.rows)
        mark = part_fingerprint(batch.fingerprint, f"{lease.sink} rows {at}") if own else batch.fingerprint
        rows = [batch.rows[row] for row in at]
        part = replace(batch, fingerprint=mark, rows=rows, half_of=() if own else batch.half_of)
        record = spool_record(part, [lease.sink], now, batch.fingerprint if own else b"")
        yield reason, record, pack(record)


def sent_again(sink: str, record: SpoolRecord, now: int) -> SpoolRecord:
    """A dead letter's rows, for the sink that refused them. The batch they came with is their parent."""
    parent = record.parent or record.fingerprint
    return msgspec.structs.replace(record, appended=now, sinks=[sink], parent=parent)


def replaced_row(
    sink: str, record: SpoolRecord, position: int, row: Row | None, now: int
) -> tuple[SpoolRecord | None, SpoolRecord | None]:
    """A dead letter without one of its rows: the row in its place, for its sink, and what is left as a letter.

    Raises `KeyError` for a row that is not there.
    """
    if not 0 <= position < len(record.rows):
        raise KeyError(position)
    origin = record.parent or record.fingerprint
    repaired = rest = None
    if row is not None:
        mark = part_fingerprint(record.fingerprint, f"repaired {position} {now}")
        repaired = SpoolRecord(mark, record.request_id, record.client, record.received, now, [sink], origin, [row])
    if left := [*record.rows[:position], *record.rows[position + 1 :]]:
        mark = part_fingerprint(record.fingerprint, f"without {position}")
        rest = msgspec.structs.replace(record, fingerprint=mark, parent=origin, rows=left, content=b"")
    return repaired, rest
