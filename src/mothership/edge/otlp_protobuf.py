"""The protobuf encoding of `ExportLogsServiceRequest`, read by the library, a record at a time."""

import base64
import math
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1 import resource_pb2

from mothership.edge.limits import LimitSettings
from mothership.edge.otlp_events import EventBuilder, LogRecord
from mothership.edge.protobuf_fields import RepeatedFieldSplitter, not_protobuf
from mothership.edge.shared_fields import SharedFieldBudget
from mothership.errors import Refusal
from mothership.event import Event

RECORD_FACTOR = 4
"""A record larger than so many times the largest event is not built: it would be forty times that."""
_RESOURCE_LOGS, _SCOPE_LOGS, _LOG_RECORDS = 1, 2, 2
"""Numbers of the repeated fields, from the request to its records."""


class ProtobufReader:
    """Reads one body. No request holds more values than `containers`."""

    def __init__(self, limits: LimitSettings) -> None:
        self._events_max = limits.events
        self._containers_max = limits.containers
        self._record_bytes_max = RECORD_FACTOR * limits.event_bytes
        self._values_left = limits.containers
        self._shared = SharedFieldBudget(limits)
        self._frames = RepeatedFieldSplitter(limits.containers)

    def events(self, body: bytes) -> list[Event | str]:
        """Return an event for each record, or why there is none. Raises `Refusal` (400, 413)."""
        events: list[Event | str] = []
        for resource_logs in self._frames.split(body, _RESOURCE_LOGS)[1]:
            rest, scopes = self._frames.split(resource_logs, _SCOPE_LOGS)
            resource = self._attributes(_parsed(logs_pb2.ResourceLogs, rest).resource.attributes)
            for scope_logs in scopes:
                rest, records = self._frames.split(scope_logs, _LOG_RECORDS)
                if len(events) + len(records) > self._events_max:
                    raise Refusal(413, f"more than {self._events_max} events: send fewer at a time (limits.events)")
                builder = EventBuilder(resource, self._scope(_parsed(logs_pb2.ScopeLogs, rest).scope))
                self._shared.spend(builder.shared, len(records))
                build = builder.event
                for record in records:
                    read = self._record(record)
                    events.append(build(read) if isinstance(read, LogRecord) else read)
        return events

    def _record(self, record: bytes) -> LogRecord | str:
        if len(record) > self._record_bytes_max:
            return f"a log record of more than {self._record_bytes_max} bytes (limits.event_bytes)"
        try:
            message = _parsed(logs_pb2.LogRecord, record)
        except Refusal:
            return "no log record: it is damaged, or nested too deeply"
        return LogRecord(
            message.time_unix_nano,
            message.observed_time_unix_nano,
            message.severity_number,
            _text(message.severity_text),
            self._value(message.body),
            self._attributes(message.attributes),
            message.flags,
            message.trace_id.hex(),
            message.span_id.hex(),
            _text(message.event_name),
        )

    def _scope(self, scope: Any) -> dict[str, Any]:
        named = {"name": _text(scope.name), "version": _text(scope.version)}
        named = {name: value for name, value in named.items() if value}
        attributes = self._attributes(scope.attributes)
        return {**named, "attributes": attributes} if attributes else named

    def _attributes(self, pairs: Any) -> dict[str, Any]:
        return {_text(pair.key): self._value(pair.value) for pair in pairs}

    def _value(self, value: Any) -> Any:  # noqa: PLR0911 - one for each kind of value
        self._values_left -= 1
        if self._values_left < 0:
            raise Refusal(413, f"more than {self._containers_max} values: send fewer at a time (limits.containers)")
        kind = value.WhichOneof("value")
        if kind == "string_value":
            return _text(value.string_value)
        if kind is None:
            return None
        if kind == "kvlist_value":
            return self._attributes(value.kvlist_value.values)
        if kind == "array_value":
            return [self._value(inner) for inner in value.array_value.values]
        if kind == "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        if kind == "double_value" and not math.isfinite(value.double_value):
            return _NOT_FINITE.get(value.double_value, "NaN")
        return getattr(value, kind)


def _parsed(kind: Any, data: bytes) -> Any:
    try:
        return kind.FromString(data)
    except DecodeError:
        pass
    try:
        # Text that is no UTF-8: senders in C and Go do not look.
        return _TWINS[kind.DESCRIPTOR.full_name].FromString(data)
    except DecodeError:
        raise not_protobuf() from None


def _text(value: Any) -> str:
    text: str = value if type(value) is str else value.decode("utf-8", "replace")
    return text


def _twins() -> dict[str, Any]:
    """The same messages with bytes where they have text."""
    pool = DescriptorPool()
    names = []
    for module in (common_pb2, resource_pb2, logs_pb2):
        file = FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        for message in file.message_type:
            names.append(f"{file.package}.{message.name}")
            for described in message.field:
                if described.type == FieldDescriptorProto.TYPE_STRING:
                    described.type = FieldDescriptorProto.TYPE_BYTES
        pool.Add(file)
    return {name: GetMessageClass(pool.FindMessageTypeByName(name)) for name in names}


_TWINS = _twins()
_NOT_FINITE = {math.inf: "Infinity", -math.inf: "-Infinity"}
