"""Rows in PostgreSQL's binary COPY format, built by hand: a microsecond a row, and nothing is parsed twice."""

import struct
from collections.abc import AsyncIterator, Sequence

from mothership.errors import Unencodable
from mothership.event import Row

COLUMNS = ("ts", "type", "source", "data")
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
EPOCH_MICROSECONDS = 946_684_800_000_000
"""PostgreSQL counts from 2000-01-01."""
JSONB_VERSION = 1
ROWS_PER_CHUNK = 500
"""What is encoded between two looks at the event loop, and what the server works on while the next is encoded."""

_head = struct.Struct(">hiq").pack
_length = struct.Struct(">i").pack
_data_head = struct.Struct(">iB").pack


def encode(rows: Sequence[Row]) -> bytes:
    """The tuples of these rows, without header and trailer.

    Text is passed on even where it isn't UTF-8 (a lone surrogate): the server refuses it and says where.
    """
    names: dict[tuple[str, str], bytes] = {}
    parts: list[bytes] = []
    add = parts.extend
    try:
        for ts, kind, source, data in rows:
            middle = names.get((kind, source))
            if middle is None:
                middle = names[kind, source] = _text(kind) + _text(source)
            add((_head(4, 8, ts - EPOCH_MICROSECONDS), middle, _data_head(len(data) + 1, JSONB_VERSION), data))
    except struct.error:
        raise Unencodable from None
    return b"".join(parts)


async def stream(rows: Sequence[Row]) -> AsyncIterator[bytes]:
    """The whole COPY, chunk by chunk."""
    yield HEADER
    for start in range(0, len(rows), ROWS_PER_CHUNK):
        yield encode(rows[start : start + ROWS_PER_CHUNK])
    yield TRAILER


def _text(value: str) -> bytes:
    encoded = value.encode("utf-8", "surrogatepass")
    return _length(len(encoded)) + encoded
