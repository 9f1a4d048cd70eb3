"""The bytes of a push: `logproto.PushRequest` in protobuf's wire form, snappy's block form around it, or JSON.

The message has five fields on three levels, so it is written by hand: measured against protobuf's own C
implementation it is faster, because an entry is bytes already and only wants its lengths put before it.

    PushRequest {1: Stream {1: labels, 2: Entry {1: Timestamp {1: seconds, 2: nanos}, 2: line, 3: LabelPair {1, 2}}}}
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import cramjam
import orjson

from mothership.sinks.loki.streams import Labels

NANOS = 1_000_000_000
SEVEN_BITS = 0x7F
LOOKED_UP = 2048
"""Lengths under this are encoded beforehand."""
OVERHEAD_BYTES = 64
"""More than an entry's tags, lengths and timestamp can take."""


class Entry(NamedTuple):
    """One line on its way, and where it came from."""

    ns: int
    """Nanoseconds since the Unix epoch."""
    line: bytes
    metadata: tuple[tuple[str, str], ...]
    batch: int
    row: int

    size: int
    """About what it takes in a push: never less."""


class StreamEntries(NamedTuple):
    """Entries of one stream, in the order of time."""

    stream: Labels
    entries: Sequence[Entry]

    @property
    def size(self) -> int:
        """About what it takes in a push: never less."""
        labels = sum([8 + len(name) + 4 * len(value) for name, value in self.stream])
        return labels + sum([entry.size for entry in self.entries])


Push = tuple[StreamEntries, ...]


def selector(stream: Labels) -> str:
    """Write labels as Loki parses and prints them: `{host="web01", type="syslog"}`."""
    return "{" + ", ".join(f'{name}="{_quoted(value)}"' for name, value in stream) + "}"


def protobuf_body(push: Iterable[StreamEntries], *, metadata: bool) -> bytes:
    """Encode a push as Loki takes it by default: protobuf, compressed with snappy."""
    return bytes(cramjam.snappy.compress_raw(protobuf(push, metadata=metadata)))


def protobuf(push: Iterable[StreamEntries], *, metadata: bool) -> bytes:
    """Encode a push as `logproto.PushRequest`."""
    out = bytearray()
    for stream, entries in push:
        labels = selector(stream).encode()
        parts = [b"\x0a" + varint(len(labels)) + labels]
        for ns, line, pairs, *_ in entries:
            time = _time(ns)
            entry = b"\x0a%c%b\x12%b%b" % (len(time), time, varint(len(line)), line)
            if metadata and pairs:
                entry += b"".join([_pair(name, value) for name, value in pairs])
            parts.append(b"\x12%b%b" % (varint(len(entry)), entry))
        body = b"".join(parts)
        out += b"\x0a" + varint(len(body))
        out += body
    return bytes(out)


def json_body(push: Iterable[StreamEntries], *, metadata: bool) -> bytes:
    """Encode a push in the JSON form of the same endpoint."""
    streams = []
    for stream, entries in push:
        values: list[list[object]] = []
        for entry in entries:
            value: list[object] = [str(entry.ns), entry.line.decode(errors="replace")]
            if metadata and entry.metadata:
                value.append(dict(entry.metadata))
            values.append(value)
        streams.append({"stream": dict(stream), "values": values})
    return orjson.dumps({"streams": streams})


def varint(number: int) -> bytes:
    """Encode an unsigned number (a negative one as its 64-bit two's complement, as protobuf has it)."""
    if 0 <= number < LOOKED_UP:
        return _VARINTS[number]
    return _varint(number)


def _varint(number: int) -> bytes:
    number &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while number > SEVEN_BITS:
        out.append(number & SEVEN_BITS | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_VARINTS = [_varint(number) for number in range(LOOKED_UP)]


@lru_cache(maxsize=64)
def _seconds(seconds: int) -> bytes:
    return b"\x08" + varint(seconds) if seconds else b""


def _time(ns: int) -> bytes:
    seconds, nanos = divmod(ns, NANOS)
    return _seconds(seconds) + b"\x10" + _varint(nanos) if nanos else _seconds(seconds)


@lru_cache(maxsize=256)
def _name(name: str) -> bytes:
    encoded = name.encode()
    return b"\x0a" + varint(len(encoded)) + encoded + b"\x12"


def _pair(name: str, value: str) -> bytes:
    encoded, head = value.encode(), _name(name)
    size = varint(len(encoded))
    return b"\x1a%b%b%b%b" % (varint(len(head) + len(size) + len(encoded)), head, size, encoded)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
