"""The bytes of a push: `logproto.PushRequest` in protobuf's wire form, snappy's block form around it, or JSON.

The message has five fields on three levels, so it is written by hand: measured against protobuf's own C
implementation it is faster, because an entry is bytes already and only wants its lengths put before it.

    PushRequest {1: Stream {1: labels, 2: Entry {1: Timestamp {1: seconds, 2: nanos}, 2: line, 3: LabelPair {1, 2}}}}
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cramjam
import orjson

from mothership.sinks.loki_streams import Labels

NANOS = 1_000_000_000
SEVEN_BITS = 0x7F
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

    @property
    def size(self) -> int:
        """About what it takes in a push: never less."""
        return (
            len(self.line) + OVERHEAD_BYTES + sum(8 + 2 * len(name) + 4 * len(value) for name, value in self.metadata)
        )


class Block(NamedTuple):
    """Entries of one stream, in the order of time."""

    stream: Labels
    entries: Sequence[Entry]

    @property
    def size(self) -> int:
        """About what it takes in a push: never less."""
        return sum(entry.size for entry in self.entries) + len(self.stream) * 256


Push = tuple[Block, ...]


def selector(stream: Labels) -> str:
    """Write labels as Loki parses and prints them: `{host="web01", type="syslog"}`."""
    return "{" + ", ".join(f'{name}="{_quoted(value)}"' for name, value in stream) + "}"


def protobuf_body(push: Iterable[Block], *, metadata: bool) -> bytes:
    """Encode a push as Loki takes it by default: protobuf, compressed with snappy."""
    return bytes(cramjam.snappy.compress_raw(protobuf(push, metadata=metadata)))


def protobuf(push: Iterable[Block], *, metadata: bool) -> bytes:
    """Encode a push as `logproto.PushRequest`."""
    out = bytearray()
    for stream, entries in push:
        labels = selector(stream).encode()
        parts = [b"\x0a", varint(len(labels)), labels]
        size = 1 + len(parts[1]) + len(labels)
        for ns, line, pairs, _, _ in entries:
            seconds, nanos = divmod(ns, NANOS)
            time = b"\x08" + varint(seconds)
            if nanos:
                time += b"\x10" + varint(nanos)
            entry = b"\x0a%c%b\x12%b%b" % (len(time), time, varint(len(line)), line)
            if metadata and pairs:
                entry += b"".join(map(_pair, pairs))
            parts += (b"\x12", varint(len(entry)), entry)
            size += 1 + len(parts[-2]) + len(entry)
        out += b"\x0a"
        out += varint(size)
        out += b"".join(parts)
    return bytes(out)


def json_body(push: Iterable[Block], *, metadata: bool) -> bytes:
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
    if 0 <= number <= SEVEN_BITS:
        return _ONE_BYTE[number]
    number &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while number > SEVEN_BITS:
        out.append(number & SEVEN_BITS | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_ONE_BYTE = [bytes([number]) for number in range(SEVEN_BITS + 1)]


def _pair(pair: tuple[str, str]) -> bytes:
    name, value = pair[0].encode(), pair[1].encode()
    body = b"\x0a%b%b\x12%b%b" % (varint(len(name)), name, varint(len(value)), value)
    return b"\x1a%b%b" % (varint(len(body)), body)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
