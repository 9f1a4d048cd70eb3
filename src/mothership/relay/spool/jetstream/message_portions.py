"""A batch that is larger than a message may be, in portions that are batches of their own.

A portion's identities come from the batch's and from which rows it holds: a batch that is sent again comes apart in the
same way, and each portion is known.
"""

from collections.abc import Iterator

import msgspec

from mothership.errors import NotPersisted
from mothership.relay.spool.record import SpoolRecord, pack, part_fingerprint

RETRY_AFTER_SECONDS = 60.0


def portions(record: SpoolRecord, packed: bytes, bytes_max: int) -> Iterator[tuple[SpoolRecord, bytes]]:
    """The record itself where it fits. Raises `NotPersisted` for a single event that does not."""
    if len(packed) <= bytes_max:
        yield record, packed
        return
    if len(record.rows) == 1:
        reason = "an event is larger than a message of the JetStream cluster may be (max_payload)"
        raise NotPersisted(reason, retry_after_seconds=RETRY_AFTER_SECONDS)
    middle = len(record.rows) // 2
    for name, rows in (("front", record.rows[:middle]), ("back", record.rows[middle:])):
        mark = f"portion {name} of {len(record.rows)}"
        piece = msgspec.structs.replace(
            record,
            fingerprint=part_fingerprint(record.fingerprint, mark),
            content=part_fingerprint(record.content, mark) if record.content else b"",
            rows=rows,
        )
        yield from portions(piece, pack(piece), bytes_max)
