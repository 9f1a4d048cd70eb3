"""The protobuf encoding of `ExportLogsServiceRequest`, read by the library, a record at a time.

The library builds an object for each message that it is asked for, and most of a record is attributes, each a message
with another one in it; yet records of one request say much the same. So a record's attributes are read as the bytes
they are, and those that this request has had are not built again.
"""

import base64
import math
from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1 import resource_pb2

from mothership.edge.limit_settings import LimitSettings
from mothership.edge.otlp_events import EventBuilder, LogRecord
from mothership.edge.protobuf_fields import RepeatedFieldSplitter, not_protobuf
from mothership.edge.shared_field_budget import SharedFieldBudget
from mothership.errors import Refusal
from mothership.event import Event

RECORD_FACTOR = 4
"""A record larger than so many times the largest event is not built: it would be forty times that."""
_RESOURCE_LOGS, _SCOPE_LOGS, _LOG_RECORDS = 1, 2, 2
"""Numbers of the repeated fields, from the request to its records."""
_KNOWN_MAX = 4096
"""Most attributes of a request's records that are kept for the next records."""
_SCALARS = (str, int, float, type(None))
"""Values that events can share: none of these can be changed in place."""


class ProtobufReader:
    """Reads one body. No request holds more values than `containers`."""

    def __init__(self, limits: LimitSettings) -> None:
        self._events_max = limits.events
        self._containers_max = limits.containers
        self._record_bytes_max = RECORD_FACTOR * limits.event_bytes
        self._values_left = limits.containers
        self._known: dict[bytes, tuple[str, Any]] = {}
        """Attributes as they are encoded, and what they say."""
        self._shared = SharedFieldBudget(limits)
        self._frames = RepeatedFieldSplitter(limits.containers)

    def events(self, body: bytes) -> list[Event | str]:
        """Return an event for each record, or why there is none. Raises `Refusal` (400, 413)."""
        events: list[Event | str] = []
        for resource_logs in self._frames.split(body, _RESOURCE_LOGS)[1]:
            rest, scopes = self._frames.split(resource_logs, _SCOPE_LOGS)
            resource = self._attributes(_parsed("ResourceLogs", rest).resource.attributes)
            for scope_logs in scopes:
                rest, records = self._frames.split(scope_logs, _LOG_RECORDS)
                if len(events) + len(records) > self._events_max:
                    raise Refusal(413, f"more than {self._events_max} events: send fewer at a time (limits.events)")
                builder = EventBuilder(resource, self._scope(_parsed("ScopeLogs", rest).scope))
                self._shared.spend(builder.shared, len(records))
                build = builder.event
                events += [self._event(record, build) for record in records]
        return events

    def _event(self, record: bytes, build: Callable[[LogRecord], Event]) -> Event | str:
        if len(record) > self._record_bytes_max:
            return f"a log record of more than {self._record_bytes_max} bytes (limits.event_bytes)"
        try:
            message = _parse_record(record)
            attributes = self._encoded_attributes(message.attributes)
        except DecodeError:
            return "no log record: it is damaged, or nested too deeply"
        return build(
            LogRecord(
                message.time_unix_nano,
                message.observed_time_unix_nano,
                message.severity_number,
                message.severity_text.decode("utf-8", "replace"),
                self._value(message.body),
                attributes,
                message.flags,
                message.trace_id.hex(),
                message.span_id.hex(),
                message.event_name.decode("utf-8", "replace"),
            )
        )

    def _encoded_attributes(self, pairs: Sequence[bytes]) -> dict[str, Any]:
        """A record's attributes, each still encoded. Raises `DecodeError`."""
        self._spend(len(pairs) + 1)  # the body is the other one
        known = self._known
        attributes: dict[str, Any] = {}
        for encoded in pairs:
            name, value = known.get(encoded) or self._pair(encoded)
            attributes[name] = value
        return attributes

    def _pair(self, encoded: bytes) -> tuple[str, Any]:
        """An attribute that this request has not had. Raises `DecodeError`."""
        read = _parse_pair(encoded)
        pair = read.key.decode("utf-8", "replace"), self._value(read.value)
        if len(self._known) < _KNOWN_MAX and isinstance(pair[1], _SCALARS):
            self._known[encoded] = pair
        return pair

    def _scope(self, scope: Any) -> dict[str, Any]:
        named = {"name": _text(scope.name), "version": _text(scope.version)}
        named = {name: value for name, value in named.items() if value}
        attributes = self._attributes(scope.attributes)
        return {**named, "attributes": attributes} if attributes else named

    def _attributes(self, pairs: Any) -> dict[str, Any]:
        self._spend(len(pairs))
        return {_text(pair.key): self._value(pair.value) for pair in pairs}

    def _spend(self, values: int) -> None:
        self._values_left -= values
        if self._values_left < 0:
            raise Refusal(413, f"more than {self._containers_max} values: send fewer at a time (limits.containers)")

    def _value(self, value: Any) -> Any:  # noqa: PLR0911 - one for each kind of value
        """What it says. Whoever holds it has counted it."""
        if text := value.string_value:
            return text.decode("utf-8", "replace")
        kind = value.WhichOneof("value")
        if kind is None:
            return None
        if kind == "string_value":
            return ""
        if kind == "kvlist_value":
            return self._attributes(value.kvlist_value.values)
        if kind == "array_value":
            self._spend(len(value.array_value.values))
            return [self._value(inner) for inner in value.array_value.values]
        if kind == "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        if kind == "double_value" and not math.isfinite(value.double_value):
            return _NOT_FINITE.get(value.double_value, "NaN")
        return getattr(value, kind)


def _parsed(kind: str, data: bytes) -> Any:
    try:
        return _MESSAGES[kind].FromString(data)
    except DecodeError:
        raise not_protobuf() from None


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _messages() -> dict[str, Any]:
    """OTLP's own messages, with bytes where they have text, and for a record's attributes.

    Senders in C and Go do not look whether their text is UTF-8.
    """
    pool = DescriptorPool()
    names = {}
    for module in (common_pb2, resource_pb2, logs_pb2):
        file = FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        for message in file.message_type:
            names[message.name] = f"{file.package}.{message.name}"
            for described in message.field:
                is_attribute = (message.name, described.name) == ("LogRecord", "attributes")
                if is_attribute or described.type == FieldDescriptorProto.TYPE_STRING:
                    described.type = FieldDescriptorProto.TYPE_BYTES
                    described.ClearField("type_name")
        pool.Add(file)
    return {name: GetMessageClass(pool.FindMessageTypeByName(full)) for name, full in names.items()}


_MESSAGES = _messages()
_parse_record, _parse_pair = _MESSAGES["LogRecord"].FromString, _MESSAGES["KeyValue"].FromString
_NOT_FINITE = {math.inf: "Infinity", -math.inf: "-Infinity"}
