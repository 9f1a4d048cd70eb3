"""What an event says of its labels and its structured metadata, before anything is capped."""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from mothership.event import Row, is_nil
from mothership.sinks.loki.settings import LokiSettings

UNKNOWN = "unknown"
ANONYMOUS = "anonymous"
"""Stands in `received_from` where the caller has no name."""
ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}(:\d+)?|\[?[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*\]?(:\d+)?")
METADATA_VALUE_BYTES = 4096


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


def decoder(settings: LokiSettings) -> tuple[dict[str, str], Callable[[bytes], Any]]:
    """Compile a decoder for the fields that are wanted; also tell in which attribute each metadata field lands."""
    own = set(_Fields.__struct_fields__)
    slots = {name: name if name in own else f"m{n}" for n, name in enumerate(settings.structured_metadata_fields)}
    extra = {slot: name for name, slot in slots.items() if slot != name}
    struct = msgspec.defstruct("Fields", [(slot, Any, None) for slot in extra], bases=(_Fields,), rename=extra)
    return slots, msgspec.json.Decoder(struct).decode


def label_values(fields: Any, row: Row) -> tuple[str | None, ...]:
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


def metadata_reader(slots: dict[str, str], settings: LokiSettings) -> Callable[[Any], tuple[tuple[str, str], ...]]:
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
        return truncated(value, METADATA_VALUE_BYTES)
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, int | float) else ""


def truncated(text: str, size: int) -> str:
    """Shorten to so many bytes of UTF-8, at a character's edge."""
    if len(text) * 4 <= size:
        return text
    return text.encode()[:size].decode(errors="ignore")
