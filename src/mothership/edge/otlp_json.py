"""The JSON encoding of `ExportLogsServiceRequest`: ids in hex, 64-bit integers as text or number, the rest ignored."""

import re
from collections.abc import Iterator
from typing import Any

from mothership.edge.limit_settings import LimitSettings
from mothership.edge.otlp_events import EventBuilder, LogRecord
from mothership.edge.shared_field_budget import SharedFieldBudget
from mothership.errors import Refusal
from mothership.event import Event
from mothership.truncation import ELLIPSIS

LEVELS_MAX = 64
"""A value within so many others is left out."""
_SEVERITY_NAME = re.compile(r"SEVERITY_NUMBER_(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)([234]?)")
_SEVERITY_BASES = {"TRACE": 1, "DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17, "FATAL": 21}
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_INTEGER = re.compile(r"-?[0-9]{1,20}")


class _MalformedError(Exception):
    """A record that is none; the text names the field."""


def events(request: Any, limits: LimitSettings) -> list[Event | str]:
    """Return an event for each record, or why there is none. Raises `Refusal` (400, 413)."""
    if type(request) is not dict:
        raise Refusal(400, "the body is not a JSON object with a list `resourceLogs`")
    found: list[Event | str] = []
    shared = SharedFieldBudget(limits)
    try:
        for build, records in _scopes(request):
            if len(found) + len(records) > limits.events:
                raise Refusal(413, f"more than {limits.events} events: send fewer at a time (limits.events)")
            shared.spend(build.shared, len(records))
            found += [_event(build, record) for record in records]
    except _MalformedError as error:
        raise Refusal(400, f"not the JSON that this path takes: {error}") from None
    return found


def _scopes(request: dict[str, Any]) -> Iterator[tuple[EventBuilder, list[Any]]]:
    for resource_logs in _objects(request, "resourceLogs"):
        resource = _attributes(_object(resource_logs, "resource"))
        for scope_logs in _objects(resource_logs, "scopeLogs"):
            yield EventBuilder(resource, _scope(_object(scope_logs, "scope"))), _list(scope_logs, "logRecords")


def _event(build: EventBuilder, record: Any) -> Event | str:
    try:
        return build.event(_record(record))
    except _MalformedError as error:
        return f"no log record: {error}"


def _record(record: Any) -> LogRecord:
    if type(record) is not dict:
        raise _MalformedError("it is not an object")
    return LogRecord(
        max(0, _integer(record, "timeUnixNano")),
        max(0, _integer(record, "observedTimeUnixNano")),
        _severity_number(record.get("severityNumber")),
        _text(record, "severityText"),
        None if record.get("body") is None else _value(record["body"], LEVELS_MAX),
        _attributes(record),
        _integer(record, "flags"),
        _identity(record, "traceId"),
        _identity(record, "spanId"),
        _text(record, "eventName"),
    )


def _scope(scope: dict[str, Any]) -> dict[str, Any]:
    named = {name: text for name in ("name", "version") if (text := _text(scope, name))}
    attributes = _attributes(scope)
    return {**named, "attributes": attributes} if attributes else named


def _attributes(holder: dict[str, Any]) -> dict[str, Any]:
    return _pairs(holder, "attributes", LEVELS_MAX)


def _pairs(holder: dict[str, Any], name: str, levels: int) -> dict[str, Any]:
    pairs = holder.get(name)
    if pairs is None:
        return {}
    if type(pairs) is not list:
        raise _MalformedError(f"`{name}` is not a list")
    found: dict[str, Any] = {}
    for pair in pairs:
        if type(pair) is not dict or type(key := pair.get("key", "")) is not str:
            raise _MalformedError(f"`{name}` holds something else than a key and a value")
        found[key] = _value(pair.get("value"), levels)
    return found


def _value(value: Any, levels: int) -> Any:  # noqa: PLR0911 - one for each kind of value
    if value is None:
        return None
    if type(value) is not dict:
        raise _MalformedError("a value is not an object such as {`stringValue`: …}")
    if not levels:
        return ELLIPSIS
    for name in ("stringValue", "boolValue", "doubleValue", "bytesValue"):
        if name in value:
            return value[name] if isinstance(value[name], (str, bool, int, float)) else None
    if "intValue" in value:
        return _integer(value, "intValue")
    if "kvlistValue" in value:
        return _pairs(_object(value, "kvlistValue"), "values", levels - 1)
    if "arrayValue" in value:
        return [_value(inner, levels - 1) for inner in _list(_object(value, "arrayValue"), "values")]
    return None


def _integer(holder: dict[str, Any], name: str) -> int:
    written = holder.get(name)
    if written is None:
        return 0
    if type(written) is int:
        return written
    if type(written) is float and written.is_integer():
        return int(written)
    if type(written) is str and _INTEGER.fullmatch(written):
        return int(written)
    raise _MalformedError(f"`{name}` is not an integer")


def _severity_number(written: Any) -> int:
    if type(written) is str:
        named = _SEVERITY_NAME.fullmatch(written)
        if named:
            return _SEVERITY_BASES[named[1]] + int(named[2] or 1) - 1
        return int(written) if written.isdecimal() and len(written) <= 2 else 0  # noqa: PLR2004 - up to 24
    return written if type(written) is int else 0


def _identity(record: dict[str, Any], name: str) -> str:
    written = record.get(name)
    return written.lower() if type(written) is str and _HEX.fullmatch(written) else ""


def _text(holder: dict[str, Any], name: str) -> str:
    written = holder.get(name)
    return written if type(written) is str else ""


def _object(holder: dict[str, Any], name: str) -> dict[str, Any]:
    inner = holder.get(name)
    if inner is not None and type(inner) is not dict:
        raise _MalformedError(f"`{name}` is not an object")
    return inner or {}


def _objects(holder: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    for inner in _list(holder, name):
        if type(inner) is not dict:
            raise _MalformedError(f"`{name}` holds something else than objects")
        yield inner


def _list(holder: dict[str, Any], name: str) -> list[Any]:
    inner = holder.get(name)
    if inner is not None and type(inner) is not list:
        raise _MalformedError(f"`{name}` is not a list")
    return inner or []
