"""The two encodings of a push: snappy protobuf (`logproto.PushRequest`) and JSON."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from mothership.edge.limit_settings import LimitSettings
from mothership.edge.loki_push_events import LokiEventBuilder, PushedEntry, parsed_labels
from mothership.edge.protobuf_fields import RepeatedFieldSplitter, not_protobuf
from mothership.edge.shared_field_budget import SharedFieldBudget
from mothership.edge.unix_nanoseconds import SECOND
from mothership.errors import Refusal
from mothership.event import Event

ENTRY_FACTOR = 4
"""An entry larger than so many times the largest event is not built."""
_STREAMS, _ENTRIES = 1, 2
_LABELS_UNREADABLE = "a stream whose labels can't be read"
_NOT_ENTRY = "no entry: it is not a list of a time in nanoseconds as text, a line and perhaps an object"


class PushReader:
    """Reads one body."""

    def __init__(self, limits: LimitSettings, tenant: Mapping[str, str]) -> None:
        """`tenant` is a field that every event gets, or nothing."""
        self._events_max = limits.events
        self._containers_max = limits.containers
        self._entry_bytes_max = ENTRY_FACTOR * limits.event_bytes
        self._shared = SharedFieldBudget(limits)
        self._tenant = tenant

    def protobuf(self, body: bytes) -> list[Event | str]:
        """Return an event for each entry, or why there is none. Raises `Refusal` (400, 413)."""
        frames = RepeatedFieldSplitter(self._containers_max)
        events: list[Event | str] = []
        for stream in frames.split(body, _STREAMS)[1]:
            rest, entries = frames.split(stream, _ENTRIES)
            self._count(len(events) + len(entries))
            labels = parsed_labels(_text(_parsed("Stream", rest).labels))
            read = None if labels is None else self._stream(labels, len(entries))
            events += [_LABELS_UNREADABLE if read is None else self._read(read, entry) for entry in entries]
        return events

    def json(self, request: Any) -> list[Event | str]:
        """The same for JSON."""
        streams = request.get("streams") if type(request) is dict else None
        if type(streams) is not list:
            raise Refusal(400, "the body is not a JSON object with a list `streams`")
        events: list[Event | str] = []
        for stream in streams:
            labels, values = (stream.get("stream"), stream.get("values")) if type(stream) is dict else (None, None)
            if type(values) is not list or type(labels) is not dict or not _are_texts(labels.values()):
                raise Refusal(400, "a stream is not an object with texts in an object `stream`, and a list `values`")
            self._count(len(events) + len(values))
            read = self._stream(labels, len(values))
            for value in values:
                entry = _json_entry(value)
                events.append(_NOT_ENTRY if entry is None else read(entry))
        return events

    def _stream(self, labels: Mapping[str, str], entries: int) -> Callable[[PushedEntry], Event]:
        self._shared.spend(labels, entries)
        return LokiEventBuilder(labels, self._tenant).event

    def _count(self, events: int) -> None:
        if events > self._events_max:
            raise Refusal(413, f"more than {self._events_max} events: send fewer at a time (limits.events)")

    def _read(self, read: Callable[[PushedEntry], Event], entry: bytes) -> Event | str:
        if len(entry) > self._entry_bytes_max:
            return f"an entry of more than {self._entry_bytes_max} bytes (limits.event_bytes)"
        try:
            message = _parse_entry(entry)
        except DecodeError:
            return "no entry: it is damaged"
        time = message.timestamp
        metadata = {_text(pair.name): _text(pair.value) for pair in message.metadata}
        return read(PushedEntry(time.seconds * SECOND + time.nanos, _text(message.line), metadata))


def _are_texts(values: Iterable[Any]) -> bool:
    return all(type(value) is str for value in values)


def _json_entry(value: Any) -> PushedEntry | None:
    if type(value) is not list or not 2 <= len(value) <= 3 or type(value[1]) is not str:  # noqa: PLR2004 - a time, a line, and maybe metadata
        return None
    time, line = value[:2]
    if type(time) is str and time.isascii() and time.isdecimal() and len(time) <= 20:  # noqa: PLR2004 - 64 bits
        time = int(time)
    metadata = value[2] if len(value) > 2 else {}  # noqa: PLR2004 - a time, a line, and maybe metadata
    if type(time) is not int or type(metadata) is not dict:
        return None
    return PushedEntry(time, line, {name: text for name, text in metadata.items() if type(text) is str})


def _parsed(kind: str, data: bytes) -> Any:
    try:
        return _MESSAGES[kind].FromString(data)
    except DecodeError:
        raise not_protobuf() from None


def _text(value: bytes) -> str:
    """Promtail ships what a file holds, which need not be UTF-8: so text is read as bytes."""
    return value.decode("utf-8", "replace")


def _messages() -> dict[str, Any]:
    """`Stream` without its entries, and `Entry`, by the numbers of Loki's push.proto."""
    kinds = {"bytes": FieldDescriptorProto.TYPE_BYTES, "int64": FieldDescriptorProto.TYPE_INT64}
    described: dict[str, dict[str, tuple[int, str]]] = {
        "Pair": {"name": (1, "bytes"), "value": (2, "bytes")},
        "Time": {"seconds": (1, "int64"), "nanos": (2, "int64")},
        "Entry": {"timestamp": (1, "Time"), "line": (2, "bytes"), "metadata": (3, "Pair")},
        "Stream": {"labels": (1, "bytes")},
    }
    file = FileDescriptorProto(name="loki_push.proto", package="push", syntax="proto3")
    for name, fields in described.items():
        message = DescriptorProto(name=name)
        for field, (number, kind) in fields.items():
            repeated = kind == "Pair"
            message.field.add(
                name=field,
                number=number,
                label=FieldDescriptorProto.LABEL_REPEATED if repeated else FieldDescriptorProto.LABEL_OPTIONAL,
                type=kinds.get(kind, FieldDescriptorProto.TYPE_MESSAGE),
                type_name=None if kind in kinds else f".push.{kind}",
            )
        file.message_type.add().CopyFrom(message)
    pool = DescriptorPool()
    pool.Add(file)
    return {name: GetMessageClass(pool.FindMessageTypeByName(f"push.{name}")) for name in described}


_MESSAGES = _messages()
_parse_entry = _MESSAGES["Entry"].FromString
