"""Which stream a row belongs to, and the caps that keep streams few.

Decisions are made once and kept for the life of the process: a value that was let in stays in, one that became
`other` stays `other`. So a batch sent again makes the very same lines in the very same streams, and Loki drops it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from mothership.event import Row, is_nil
from mothership.sinks.loki.settings import LABELS, LokiSettings
from mothership.telemetry import loki_label_overflows, loki_streams

OTHER = "other"
UNKNOWN = "unknown"
SEVERITIES = {
    "emergency": "emergency", "emerg": "emergency", "panic": "emergency", "0": "emergency",
    "alert": "alert", "1": "alert",
    "critical": "critical", "crit": "critical", "fatal": "critical", "2": "critical",
    "error": "error", "err": "error", "3": "error",
    "warning": "warning", "warn": "warning", "4": "warning",
    "notice": "notice", "5": "notice",
    "info": "info", "informational": "info", "information": "info", "6": "info",
    "debug": "debug", "7": "debug",
    "trace": "trace", "verbose": "trace",
}  # fmt: skip
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffd]+")
ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}(:\d+)?|\[?[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*\]?(:\d+)?")
METADATA_VALUE_BYTES = 4096
NORMALISED_MAX = 4096
"""Characters of a value that are looked at."""
SHORT = 128
SHORTCUTS_MAX = 10_000
"""Most sets of raw label values whose stream is remembered: it spares normalising them again."""

ADDED_BY_LOKI = frozenset({"service_name", "__stream_shard__"})
"""Labels that Loki puts beside ours."""

Labels = tuple[tuple[str, str], ...]


class _Fields(msgspec.Struct):
    """What labels are read from. The rest of an event is skipped, not built."""

    service: Any = None
    app_name: Any = None
    host: Any = None
    hostname: Any = None
    source: Any = None
    source_ip: Any = None
    received_from: Any = None
    severity: Any = None
    level: Any = None
    severity_num: Any = None
    site: Any = None
    env: Any = None
    environment: Any = None
    tags: Any = None


class Placed(NamedTuple):
    """A row's stream and its structured metadata."""

    stream: Labels
    metadata: tuple[tuple[str, str], ...]


class StreamTable:
    """The streams of this process: computes a row's labels, and holds the caps."""

    def __init__(self, settings: LokiSettings) -> None:
        self._caps = settings.max_label_values.model_dump()
        self._value_bytes = settings.max_label_value_bytes
        self._streams_max = settings.max_streams - self._caps["type"] - 1
        self._known: dict[str, set[str]] = {label: set() for label in LABELS}
        self._streams: dict[tuple[str | None, ...], Labels] = {}
        self._overflow: dict[str, Labels] = {}
        self._shortcuts: dict[tuple[str | None, ...], Labels] = {}
        names, self._decode = _decoder(settings)
        self._metadata = _metadata_reader(names, settings)

    @property
    def streams(self) -> int:
        """How many streams there are by now."""
        return len(self._streams) + len(self._overflow)

    @property
    def values(self) -> dict[str, int]:
        """How many distinct values each label has taken, `other` not counted."""
        return {label: len(known) for label, known in self._known.items()}

    def place(self, row: Row) -> Placed:
        """Tell the row's stream and structured metadata."""
        try:
            fields = self._decode(row.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Placed(self._stream((row.type or UNKNOWN, None, None, None, None, None)), ())
        return Placed(self._stream(_label_values(fields, row)), self._metadata(fields))

    def recall(self, streams: Iterable[Mapping[str, str]]) -> int:
        """Take over streams that were made before, here or by another instance. Tells how many.

        Only an empty table does: later, a value that had become `other` would change its stream.
        """
        if self.streams:
            return 0
        for labels in sorted(streams, key=lambda labels: sorted(labels.items())):
            key = tuple(labels.get(name) for name in LABELS)
            ours = set(labels) - ADDED_BY_LOKI <= set(LABELS) and key[0] is not None
            if ours and set(key[1:]) != {OTHER} and len(self._streams) < self._streams_max and self._readmit(key):
                self._new_stream(key)
        return self.streams

    def _readmit(self, key: tuple[str | None, ...]) -> bool:
        """Let a stream's values in, if they are such as this table makes and there is room for all of them."""
        wanted = [(label, value) for label, value in zip(LABELS, key, strict=True) if value not in (None, OTHER)]
        for label, value in wanted:
            known = self._known[label]
            if value not in known and (value != self._normal(label, value) or len(known) >= self._caps[label]):
                return False
        for label, value in wanted:
            self._known[label].add(value)
        return True

    def _stream(self, raw: tuple[str | None, ...]) -> Labels:
        if raw in self._shortcuts:
            return self._shortcuts[raw]
        key = tuple(
            None if value is None else self._admit(label, value) for label, value in zip(LABELS, raw, strict=True)
        )
        stream = self._streams.get(key)
        if stream is None:
            stream = self._new_stream(key)
        elif len(self._shortcuts) < SHORTCUTS_MAX and OTHER not in key and all(map(_is_short, raw)):
            self._shortcuts[raw] = stream
        return stream

    def _admit(self, label: str, value: str) -> str | None:
        """Normalise a value, and let it in while there is room."""
        known = self._known[label]
        if value in known:
            return value
        value = self._normal(label, value)
        if not value or value == OTHER:
            return value or None
        if value in known:
            return value
        if len(known) < self._caps[label]:
            known.add(value)
            return value
        loki_label_overflows.labels(label).inc()
        return OTHER

    def _normal(self, label: str, value: str) -> str:
        value = CONTROL.sub(" ", value[:NORMALISED_MAX]).strip()
        if label == "severity":
            return SEVERITIES.get(value.lower(), OTHER)
        if label in {"host", "env"}:
            value = value.lower()
        return _cut(value, self._value_bytes)

    def _new_stream(self, key: tuple[str | None, ...]) -> Labels:
        if len(self._streams) < self._streams_max:
            labels = tuple(sorted((name, value) for name, value in zip(LABELS, key, strict=True) if value is not None))
            self._streams[key] = labels
            loki_streams.set(self.streams)
            return labels
        loki_label_overflows.labels("stream").inc()
        kind = key[0] or OTHER
        if kind not in self._overflow:
            self._overflow[kind] = tuple(sorted((name, kind if name == "type" else OTHER) for name in LABELS))
            loki_streams.set(self.streams)
        return self._overflow[kind]


def _decoder(settings: LokiSettings) -> tuple[dict[str, str], Callable[[bytes], Any]]:
    """Compile a decoder for the fields that are wanted; also tell in which attribute each metadata field lands."""
    own = set(_Fields.__struct_fields__)
    slots = {name: name if name in own else f"m{n}" for n, name in enumerate(settings.structured_metadata_fields)}
    extra = {slot: name for name, slot in slots.items() if slot != name}
    struct = msgspec.defstruct("Fields", [(slot, Any, None) for slot in extra], bases=(_Fields,), rename=extra)
    return slots, msgspec.json.Decoder(struct).decode


def _label_values(fields: Any, row: Row) -> tuple[str | None, ...]:
    """In the order of `LABELS`: what the event says of each, before it is normalised and capped."""
    tags = fields.tags if isinstance(fields.tags, dict) else {}
    return (
        row.type or UNKNOWN,
        _first(fields.service, tags.get("service"), fields.app_name),
        _host(fields, row),
        _first(tags.get("site"), fields.site),
        _first(tags.get("environment"), tags.get("env"), fields.environment, fields.env),
        _first(fields.severity, fields.level) or _digit(fields.severity, fields.severity_num),
    )


def _is_short(value: str | None) -> bool:
    return value is None or len(value) <= SHORT


def _digit(*candidates: Any) -> str | None:
    """Take a severity given as a number, as syslog has it."""
    return next((str(value) for value in candidates if type(value) is int), None)


def _host(fields: Any, row: Row) -> str | None:
    """The machine that the event is about, by name.

    An address is taken only where the event calls it a host (an SNMP device), or where it is all that tells nodes apart
    (`auth.client_address_as_source`): a sender's address is not a label, the node that brought the event is.
    Weather's `source` is the service that was asked, not a machine.
    """
    named = (
        _first(fields.host, fields.hostname) if row.type.startswith("snmp") else _first(fields.hostname, fields.host)
    )
    if named or row.type.startswith("weather"):
        return named
    source = _first(fields.source, row.source)
    is_sender = source is not None and source in (fields.source, fields.source_ip) and ADDRESS.fullmatch(source)
    return _first(fields.received_from) if source is None or is_sender else source


def _first(*candidates: Any) -> str | None:
    for value in candidates:
        if isinstance(value, str) and not is_nil(value):
            return value
    return None


def _metadata_reader(slots: dict[str, str], settings: LokiSettings) -> Callable[[Any], tuple[tuple[str, str], ...]]:
    """Compile the reader of structured metadata: bounded in count and size, the same for the same event."""
    names = {
        slot: re.sub(r"[^a-zA-Z0-9_]", "_", f"_{name}" if name[0].isdigit() else name) for name, slot in slots.items()
    }
    entries_max, bytes_max = settings.max_structured_metadata_entries, settings.max_structured_metadata_bytes

    def read(fields: Any) -> tuple[tuple[str, str], ...]:
        found: list[tuple[str, str]] = []
        room = bytes_max
        for slot, name in names.items():
            value = getattr(fields, slot)
            if value is None:
                continue
            text = _text(value)
            if not text:
                continue
            room -= len(name) + len(text.encode())
            if room < 0 or len(found) == entries_max:
                break
            found.append((name, text))
        return tuple(found)

    return read


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _cut(value, METADATA_VALUE_BYTES)
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, int | float) else ""


def _cut(text: str, size: int) -> str:
    """Shorten to so many bytes of UTF-8, at a character's edge."""
    if len(text) * 4 <= size:
        return text
    return text.encode()[:size].decode(errors="ignore")
