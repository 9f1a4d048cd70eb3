"""What an event says of its labels and its structured metadata, before anything is capped."""

import re
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from mothership.event import Row, is_nil
from mothership.sinks.loki.settings import LokiSettings

UNKNOWN = "unknown"
ANONYMOUS = "anonymous"
"""Stands in `received_from` where the caller has no name."""
ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}(:\d+)?|\[?[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*\]?(:\d+)?")
METADATA_VALUE_BYTES = 4096
SHORT_CHARACTERS = METADATA_VALUE_BYTES // 4
"""No text of so few characters is cut."""


class _Tags(msgspec.Struct, frozen=True):
    """What of `tags` labels are read from."""

    service: Any = None
    site: Any = None
    environment: Any = None
    env: Any = None


class _Fields(msgspec.Struct):
    """What labels are read from. The rest of an event is skipped, not built."""

    service: Any = None
    app_name: Any = None
    host: Any = None
    hostname: Any = None
    source: Any = None
    received_from: Any = None
    severity: Any = None
    level: Any = None
    severity_num: Any = None
    site: Any = None
    env: Any = None
    environment: Any = None
    tags: _Tags | list[Any] | str | int | float | bool | None = None
    source_ip: Any = None


KEY_FIELDS = _Fields.__struct_fields__.index("source_ip")
"""By these first fields labels are remembered: not by the address, which is another one in each event."""
NO_TAGS = _Tags()
SEVERITY, SEVERITY_NUM = map(_Fields.__struct_fields__.index, ("severity", "severity_num"))
KEYS_MAX = 4096
KEY_CHARACTERS_MAX = 1024

RawLabels: TypeAlias = tuple[str | None, ...]
"""In the order of `LABELS`: what an event says of each, before it is normalised and capped."""
Metadata: TypeAlias = tuple[tuple[str, str], ...]


def decoder(settings: LokiSettings) -> tuple[dict[str, str], Callable[[bytes], Any]]:
    """Compile a decoder for the fields that are wanted; also tell in which attribute each metadata field lands."""
    own = set(_Fields.__struct_fields__)
    slots = {name: name if name in own else f"m{n}" for n, name in enumerate(settings.structured_metadata_fields)}
    extra = {slot: name for name, slot in slots.items() if slot != name}
    struct = msgspec.defstruct("Fields", [(slot, Any, None) for slot in extra], bases=(_Fields,), rename=extra)
    return slots, msgspec.json.Decoder(struct).decode


class LabelReader:
    """Tells an event's labels. Equal fields give equal labels, so those of the fields seen lately are remembered."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], RawLabels] = {}

    def read(self, fields: Any, values: tuple[Any, ...], row: Row) -> RawLabels:
        """Tell what `label_values` does. `values` are those of `fields`, in their order."""
        source: str | None = row.source
        if source == values[KEY_FIELDS] and ADDRESS.fullmatch(row.source):
            source = None  # a sender's address is not a label: which one it is does not matter
        # The types, because 1, 1.0 and True are equal.
        key = (row.type, source, type(values[SEVERITY]), type(values[SEVERITY_NUM]), values[:KEY_FIELDS])
        try:
            known = self._known.get(key)
        except TypeError:  # a field holds a list or an object
            return label_values(fields, row)
        if known is None:
            known = label_values(fields, row)
            if len(row.type) + len(row.source) + sum(map(_length, values[:KEY_FIELDS])) <= KEY_CHARACTERS_MAX:
                if len(self._known) >= KEYS_MAX:
                    self._known.clear()
                self._known[key] = known
        return known


def _length(value: Any) -> int:
    if isinstance(value, _Tags):
        return sum(map(_length, msgspec.structs.astuple(value)))
    return len(value) if isinstance(value, str) else 8


def label_values(fields: Any, row: Row) -> RawLabels:
    """In the order of `LABELS`: what the event says of each, before it is normalised and capped."""
    tags = fields.tags if isinstance(fields.tags, _Tags) else NO_TAGS
    return (
        row.type or UNKNOWN,
        _first(fields.service, tags.service, fields.app_name),
        _host(fields, row),
        _first(tags.site, fields.site),
        _first(tags.environment, tags.env, fields.environment, fields.env),
        _first(fields.severity, fields.level) or _digit(fields.severity, fields.severity_num),
    )


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
    if source is not None and not is_sender:
        return source
    return None if fields.received_from == ANONYMOUS else _first(fields.received_from)


def _first(*candidates: Any) -> str | None:
    for value in candidates:
        if isinstance(value, str) and not is_nil(value):
            return value
    return None


def metadata_reader(slots: dict[str, str], settings: LokiSettings) -> Callable[[tuple[Any, ...]], Metadata]:
    """Compile the reader of structured metadata: bounded in count and size, the same for the same event.

    It takes the values of what `decoder` decodes, in their order.
    """
    order = [*_Fields.__struct_fields__, *(slot for slot in slots.values() if slot not in _Fields.__struct_fields__)]
    wanted = [
        (re.sub(r"[^a-zA-Z0-9_]", "_", f"_{name}" if name[0].isdigit() else name), order.index(slot))
        for name, slot in slots.items()
    ]
    entries_max, bytes_max = settings.max_structured_metadata_entries, settings.max_structured_metadata_bytes

    def read(values: tuple[Any, ...]) -> Metadata:
        found: list[tuple[str, str]] = []
        room = bytes_max
        for name, value in [(name, values[at]) for name, at in wanted if values[at] is not None]:
            text = value if type(value) is str and len(value) <= SHORT_CHARACTERS else _text(value)
            if not text:
                continue
            room -= len(name) + (len(text) if text.isascii() else len(text.encode()))
            if room < 0 or len(found) == entries_max:
                break
            found.append((name, text))
        return tuple(found)

    return read


def _text(value: Any) -> str:
    if isinstance(value, str):
        return truncated(value, METADATA_VALUE_BYTES)
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, int | float) else ""


def truncated(text: str, size: int) -> str:
    """Shorten to so many bytes of UTF-8, at a character's edge."""
    if len(text) * 4 <= size:
        return text
    return text.encode()[:size].decode(errors="ignore")
