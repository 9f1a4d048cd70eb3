"""A batch as bytes on disk, and back: magic, length, checksum, then msgpack under zstd.

The record describes itself, so that it can be found again in a file whose other structure is damaged.
"""

import struct
import zlib
from collections.abc import Iterable
from hashlib import blake2b
from threading import local
from typing import Any

import msgspec
import zstandard

from mothership.errors import CorruptRecord
from mothership.event import UNKNOWN_ARRIVAL, Arrival, MachineTime, Row, RowBatch

MAGIC = b"\xa5MsR1"
HEAD = struct.Struct("<5sII")
INFLATED_BYTES_MAX = 1 << 30
ROW_BYTES = 200


HALVES = ("front", "back")


class SpoolRecord(msgspec.Struct, frozen=True, array_like=True):
    """All that is known about a kept batch."""

    fingerprint: bytes
    request_id: str
    client: str
    received: int
    appended: int
    """Microseconds since the Unix epoch, by the spool's clock."""
    sinks: list[str]
    parent: bytes
    """Fingerprint of the whole batch it was split from; empty for a whole one."""
    rows: list[Row]
    content: bytes = b""
    """As `RowBatch.content`. Records of earlier versions end before it."""
    arrival: Arrival = UNKNOWN_ARRIVAL
    """As `RowBatch.arrival`. Here, too."""
    arrived_at: MachineTime | None = None
    """As `RowBatch.arrived_at`. And here."""
    halves: tuple[bytes, ...] = ()
    """As `RowBatch.half_of`. And here: a half's parent is its whole, and tells that it is a half."""

    @property
    def is_retry(self) -> bool:
        """As `RowBatch.is_retry`."""
        return self.fingerprint == self.content

    def batch(self) -> RowBatch:
        """As the sinks take it."""
        half_of = self.halves
        if self.parent and not half_of and self.fingerprint in half_fingerprints(self.parent, self.sinks):
            half_of = (self.parent,)
        # Whether a retry that came apart was stored before, its halves are asked by `half_of`. Were it their content,
        # too, the first of them to be stored would note it, and so say that the others are there.
        content = b"" if self.content in half_of else self.content
        return RowBatch(
            self.fingerprint,
            self.request_id,
            self.received,
            self.rows,
            self.client,
            content,
            arrival=self.arrival,
            arrived_at=self.arrived_at,
            half_of=half_of,
        )

    def for_sinks(self, sinks: list[str]) -> "SpoolRecord":
        """The same for these sinks only."""
        return msgspec.structs.replace(self, sinks=sinks)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(SpoolRecord)
_codecs = local()


def spool_record(batch: RowBatch, sinks: list[str], appended: int, parent: bytes | None = None) -> SpoolRecord:
    """Describe a batch that is about to be kept for these sinks. `parent`: as there; left out, of a half its whole."""
    rows = batch.rows if isinstance(batch.rows, list) else list(batch.rows)
    return SpoolRecord(
        batch.fingerprint,
        batch.request_id,
        batch.client,
        batch.received,
        appended,
        sinks,
        b"".join(batch.half_of[:1]) if parent is None else parent,
        rows,
        batch.content,
        batch.arrival,
        batch.arrived_at,
        batch.half_of,
    )


def pack(record: SpoolRecord) -> bytes:
    """Encode, compress, seal."""
    body: bytes = _codec("pack", _compressor).compress(_encoder.encode(record))
    return HEAD.pack(MAGIC, len(body), zlib.crc32(body)) + body


def unpack(packed: bytes) -> SpoolRecord:
    """Verify, inflate, decode; or raise `CorruptRecord`."""
    if len(packed) < HEAD.size:
        raise CorruptRecord("shorter than its head")
    magic, length, checksum = HEAD.unpack_from(packed)
    body = memoryview(packed)[HEAD.size : HEAD.size + length]
    if magic != MAGIC or len(body) != length:
        raise CorruptRecord("head and length differ")
    if zlib.crc32(body) != checksum:
        raise CorruptRecord("checksum differs")
    try:
        packed = _codec("unpack", zstandard.ZstdDecompressor).decompress(body, max_output_size=INFLATED_BYTES_MAX)
        return _decoder.decode(packed)
    except (zstandard.ZstdError, msgspec.MsgspecError) as error:
        raise CorruptRecord(type(error).__name__) from None


def part_fingerprint(fingerprint: bytes, part: str) -> bytes:
    """Identity of a part of a batch: the same part of the same batch always gets the same one."""
    return blake2b(part.encode(), key=fingerprint[:64], digest_size=32).digest()


def half_fingerprints(fingerprint: bytes, sinks: Iterable[str]) -> list[bytes]:
    """Identities of the two halves of a batch, for each of these sinks."""
    return [part_fingerprint(fingerprint, f"{sink} {half}") for sink in sinks for half in HALVES]


def weight(batch: RowBatch) -> int:
    """Bytes that a batch takes in memory, roughly."""
    return sum([len(row[3]) for row in batch.rows]) + ROW_BYTES * len(batch.rows)


def _compressor() -> zstandard.ZstdCompressor:
    return zstandard.ZstdCompressor(level=1, write_checksum=False, write_content_size=True)


def _codec(name: str, make: Any) -> Any:
    # zstandard's objects may not be shared between threads.
    if (codec := getattr(_codecs, name, None)) is None:
        codec = make()
        setattr(_codecs, name, codec)
    return codec
