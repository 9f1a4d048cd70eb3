"""Rows of a lease: those that a sink names, and those that a write has added."""

from collections.abc import Iterator, Sequence

from mothership.errors import FailedRow
from mothership.event import Row
from mothership.leases import Lease


def rows_of(lease: Lease, named: Sequence[FailedRow]) -> list[FailedRow]:
    """The rows that a sink names, each once, and only such as there are."""
    return [
        one
        for one in dict.fromkeys(named)
        if 0 <= one.batch < len(lease.batches) and 0 <= one.row < len(lease.batches[one.batch].rows)
    ]


def new_rows(lease: Lease, duplicates: frozenset[int], left_out: Sequence[FailedRow]) -> Iterator[Sequence[Row]]:
    """What a write has added, batch by batch."""
    not_there = {(one.batch, one.row) for one in left_out}
    with_gaps = {position for position, _ in not_there}
    for position, batch in enumerate(lease.batches):
        if position in duplicates:
            continue
        if position in with_gaps:
            yield [row for number, row in enumerate(batch.rows) if (position, number) not in not_there]
        else:
            yield batch.rows
