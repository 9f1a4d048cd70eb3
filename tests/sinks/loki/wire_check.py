"""Reads a push with other code than wrote it: protobuf by its descriptor, snappy and label syntax by the book."""

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
TEXT, MESSAGE, INT64, INT32, UINT64 = 9, 11, 3, 5, 4
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class BadPush(Exception):
    """What a strict server can't read."""


class PushedEntry(NamedTuple):
    """An entry as it arrived."""

    ns: int
    line: str
    metadata: tuple[tuple[str, str], ...]


class PushedStream(NamedTuple):
    """A stream as it arrived."""

    labels: dict[str, str]
    text: str
    entries: list[PushedEntry]


def _request_class() -> Any:
    """Build `logproto.PushRequest` from its published definition."""
    file = descriptor_pb2.FileDescriptorProto(name="strict_logproto.proto", package="strict", syntax="proto3")

    def message(name: str, *fields: tuple[str, int, int, str | None]) -> None:
        made = file.message_type.add(name=name)
        for number, (field, kind, label, kind_name) in enumerate(fields, 1):
            made.field.add(name=field, number=number, type=kind, label=label, type_name=kind_name)

    one, many = 1, 3
    message("Timestamp", ("seconds", INT64, one, None), ("nanos", INT32, one, None))
    message("LabelPair", ("name", TEXT, one, None), ("value", TEXT, one, None))
    message(
        "Entry",
        ("timestamp", MESSAGE, one, ".strict.Timestamp"),
        ("line", TEXT, one, None),
        ("structuredMetadata", MESSAGE, many, ".strict.LabelPair"),
    )
    message(
        "Stream",
        ("labels", TEXT, one, None),
        ("entries", MESSAGE, many, ".strict.Entry"),
        ("hash", UINT64, one, None),
    )
    message("PushRequest", ("streams", MESSAGE, many, ".strict.Stream"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("strict.PushRequest"))


PushRequest = _request_class()


def snappy_block(data: bytes) -> bytes:  # noqa: C901 - one format, told in one piece
    """Decompress snappy's raw block form, as its format description has it, and nothing else."""
    size, shift, at = 0, 0, 0
    while True:
        if at >= len(data) or shift > 28:
            raise BadPush("snappy: corrupt input")
        byte = data[at]
        at += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        kind = tag & 3
        if kind == 0:
            length = tag >> 2
            if length >= 60:
                extra = length - 59
                length = int.from_bytes(data[at : at + extra], "little")
                at += extra
            length += 1
            if at + length > len(data):
                raise BadPush("snappy: corrupt input")
            out += data[at : at + length]
            at += length
            continue
        if kind == 1:
            length, offset = (tag >> 2 & 7) + 4, (tag >> 5) << 8 | data[at]
            at += 1
        else:
            width = 2 if kind == 2 else 4
            length, offset = (tag >> 2) + 1, int.from_bytes(data[at : at + width], "little")
            at += width
        if not 0 < offset <= len(out):
            raise BadPush("snappy: corrupt input")
        start = len(out) - offset
        while length:
            piece = out[start : start + min(length, offset)]
            out += piece
            length -= len(piece)
    if len(out) != size:
        raise BadPush("snappy: corrupt input")
    return bytes(out)


def read_protobuf(body: bytes, decompress: Callable[[bytes], bytes] = snappy_block) -> list[PushedStream]:
    """Read a snappy-compressed protobuf push."""
    raw = decompress(body)
    request = PushRequest()
    try:
        request.ParseFromString(raw)
    except DecodeError:
        raise BadPush("proto: illegal wireType") from None
    if request.SerializeToString(deterministic=True) != raw:
        raise BadPush("proto: fields that Loki does not know, or out of order")
    return [
        PushedStream(
            labels(stream.labels),
            stream.labels,
            [
                PushedEntry(
                    entry.timestamp.seconds * 1_000_000_000 + _nanos(entry.timestamp.nanos),
                    entry.line,
                    tuple((pair.name, pair.value) for pair in entry.structuredMetadata),
                )
                for entry in stream.entries
            ],
        )
        for stream in request.streams
    ]


def read_json(body: bytes) -> list[PushedStream]:
    """Read a JSON push."""
    try:
        streams = json.loads(body)["streams"]
        return [
            PushedStream(
                _checked(stream["stream"]),
                "{" + ", ".join(f'{name}="{value}"' for name, value in stream["stream"].items()) + "}",
                [_json_entry(*value) for value in stream["values"]],
            )
            for stream in streams
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise BadPush(f"loghttp.PushRequest: {type(error).__name__}") from None


def labels(text: str) -> dict[str, str]:  # noqa: C901 - one grammar, told in one piece
    """Parse a stream's labels: `{name="value", …}` with Go's escapes, and nothing else."""
    if not (text.startswith("{") and text.endswith("}")):
        raise BadPush(f"Error parsing labels '{text}' with error: 1:1: parse error: unexpected IDENTIFIER")
    found: dict[str, str] = {}
    at, end = 1, len(text) - 1
    while at < end:
        name = LABEL_NAME.match(text, at)
        if name is None or text[name.end() : name.end() + 2] != '="':
            raise BadPush(f"Error parsing labels '{text}' with error: 1:{at}: parse error: syntax error")
        at, value = name.end() + 2, ""
        while text[at] != '"':
            if text[at] == "\\":
                at += 1
                if text[at] not in ESCAPES:
                    raise BadPush(f"Error parsing labels '{text}' with error: 1:{at}: parse error: invalid char escape")
                value += ESCAPES[text[at]]
            elif text[at] == "\n":
                raise BadPush(f"Error parsing labels '{text}' with error: 1:{at}: parse error: literal not terminated")
            else:
                value += text[at]
            at += 1
        if name[0] in found:
            raise BadPush(f"stream '{text}' has duplicate label name: '{name[0]}'")
        found[name[0]] = value
        at += 1
        if text[at : at + 2] == ", ":
            at += 2
        elif at != end:
            raise BadPush(f"Error parsing labels '{text}' with error: 1:{at}: parse error: syntax error")
    return found


def _json_entry(ns: Any, line: Any, metadata: Any = None) -> PushedEntry:
    if not (isinstance(ns, str) and isinstance(line, str) and isinstance(metadata or {}, dict)):
        raise TypeError
    if not all(isinstance(value, str) for value in (metadata or {}).values()):
        raise TypeError
    return PushedEntry(int(ns), line, tuple((metadata or {}).items()))


def _checked(pairs: dict[str, str]) -> dict[str, str]:
    for name, value in pairs.items():
        if not LABEL_NAME.fullmatch(name) or not isinstance(value, str):
            raise BadPush(f"Error parsing labels: '{name}'")
    return pairs


def _nanos(nanos: int) -> int:
    if not 0 <= nanos < 1_000_000_000:
        raise BadPush("timestamp: nanos out of range")
    return nanos
