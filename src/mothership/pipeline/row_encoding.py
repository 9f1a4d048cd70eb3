"""Encodes events as rows: encoded once, and these bytes go to every sink.

JSON can say more than a JSONB column can hold. What is decided, so that no event poisons a batch:

| in the event | in the row |
| --- | --- |
| the NUL character (JSONB refuses it) | U+FFFD, in keys too |
| half of a surrogate pair (not UTF-8) | U+FFFD, in keys too |
| NaN, Infinity, -Infinity (not JSON) | null; but the edge has already made strings of those that were sent |
| an integer of more than 64 bits | its decimal digits as a string |
| two keys that become one by this | the last one |
| nested deeper than the encoder goes (254 levels) | the event is refused |
| anything that is not JSON | the event is refused |
| no `type` left, because redaction took it | the type `unknown`; the data stays without it |
"""

import re
from collections.abc import Callable
from typing import Any

import orjson

from mothership.event import NIL_BEGINS, Batch, Event, Row, is_nil

TYPE_CHARACTERS_MAX = 256
SOURCE_CHARACTERS_MAX = 256
_COMPACT = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
_LEAST, _MOST = -(2**63), 2**64 - 1
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SOURCES = ("source", "hostname", "host", "source_ip")


def encode_rows(batch: Batch, times: Callable[[Batch], list[int]]) -> list[Row]:
    """Make a row of every event. An event that can't be one is rejected; the others are not touched by it.

    `times` gives the events' times when `batch.times` is empty, that is when TimestampNormalizer is switched off.
    """
    fallback = "unknown" if is_nil(batch.source) else storable_text(batch.source)
    rows: list[Row] = []
    faults: dict[int, str] = {}
    dumps, append, make = orjson.dumps, rows.append, tuple.__new__
    moments = batch.times or times(batch)
    for position, (event, ts) in enumerate(zip(batch.events, moments, strict=True)):
        try:
            # The encoder's own result sits in a block of several KiB. Cut by its last character it is a copy of its
            # own size: a fifth of the time, as every block would be a page not seen before, and of the memory.
            data = dumps(event, None, _COMPACT)[:-1]
            if 92 in data and b"\\u0000" in data:  # noqa: PLR2004 - a backslash, which is found ten times faster
                event, data = _repaired(event)  # noqa: PLW2901 - the loop goes on with what is stored
        except TypeError:
            try:
                event, data = _repaired(event)  # noqa: PLW2901 - the loop goes on with what is stored
            except (TypeError, ValueError, RecursionError):
                faults[position] = "the event can't be stored as JSON: it is nested too deeply or holds no JSON value"
                continue
        get = event.get
        source = get("source") or get("hostname") or get("host") or get("source_ip")
        if source is None:
            source = fallback
        elif source.__class__ is not str or not source or (source[0] in NIL_BEGINS and is_nil(source)):
            source = _source_of(event, fallback)
        kind = get("type")
        if kind.__class__ is not str or not kind:
            kind = "unknown"
        if len(kind) > TYPE_CHARACTERS_MAX or len(source) > SOURCE_CHARACTERS_MAX:
            kind, source = kind[:TYPE_CHARACTERS_MAX], source[:SOURCE_CHARACTERS_MAX]
        # Row(…) without the generated constructor: half the time.
        append(make(Row, (ts, kind, source, data)))
    batch.reject(faults)
    return rows


def storable(value: Any) -> Any:
    """Copy a JSON value as JSONB can hold it."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, dict):
        return {storable_text(key): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        return str(value)
    return value


def storable_text(text: str) -> str:
    """Put U+FFFD where PostgreSQL or UTF-8 have no character."""
    return _UNSTORABLE.sub("\ufffd", text)


def _repaired(event: Event) -> tuple[Event, bytes]:
    repaired: Event = storable(event)
    return repaired, orjson.dumps(repaired, option=_COMPACT)[:-1]


def _source_of(event: Event, fallback: str) -> str:
    for name in _SOURCES:
        value = event.get(name)
        if isinstance(value, str) and not is_nil(value):
            return value
    return fallback
