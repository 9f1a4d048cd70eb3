"""A question as the parameters of an address, so that it can be shared: `?type=syslog&-source=edge-7&q=timeout`."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from mothership.durations import parse_duration
from mothership.errors import BadQuery
from mothership.search.query import FIELDS, SEVERITIES, EventQuery, Position, document

Parameters = Iterable[tuple[str, str]]

VALUES_MAX = 50
"""Most values of a question, over all parameters."""
CHARACTERS_MAX = 2000
"""Longest value."""
AT_LEAST = "at-least"
OTHERS = frozenset({"since", "until", AT_LEAST, "q", "has", "lacks"})
_WORD = re.compile(r'(-?)(?:"([^"]*)"|(\S+))')
_MICROS_BEFORE, _MICROS_AFTER = -62_135_596_800_000_000, 253_402_300_799_000_000
_decode = msgspec.json.decode
"""Strict, and it refuses what is nested too deep."""


def parse_query(parameters: Parameters, *, now: float) -> EventQuery:  # noqa: C901 - one branch a parameter
    """Read the question; parameters that are none of its own are left to others. Raises `BadQuery`.

    `since` and `until` are times (ISO 8601) or spans before `now`, seconds since the epoch: `1h`, `7 days`.
    """
    include: set[tuple[str, str]] = set()
    exclude: set[tuple[str, str]] = set()
    found: dict[str, Any] = {"has": [], "lacks": [], "words": [], "without_words": []}
    count = 0
    for name, value in parameters:
        field = name.removeprefix("-")
        if (field not in FIELDS and name not in OTHERS) or not value:
            continue
        count += 1
        if count > VALUES_MAX or len(value) > CHARACTERS_MAX:
            raise BadQuery(f"{name}: a question has at most {VALUES_MAX} values of {CHARACTERS_MAX} characters each")
        if "\0" in value:
            raise BadQuery(f"{name}: no event holds a NUL character")
        if field in FIELDS:
            if field == "severity" and value not in SEVERITIES:
                raise BadQuery(f"{name} must be one of {', '.join(SEVERITIES)}")
            (include if name == field else exclude).add((field, value))
        elif name in {"since", "until"}:
            found[name] = parse_time(name, value, now)
        elif name == AT_LEAST:
            if value not in SEVERITIES:
                raise BadQuery(f"{AT_LEAST} must be one of {', '.join(SEVERITIES)}")
            found["severity_at_least"] = SEVERITIES.index(value)
        elif name == "q":
            words, without = parse_text(value)
            found["words"] += words
            found["without_words"] += without
        else:
            found[name].append(_condition(name, value))
    asked: dict[str, Any] = {
        name: tuple(dict.fromkeys(value)) if isinstance(value, list) else value for name, value in found.items()
    }
    return EventQuery(include=frozenset(include), exclude=frozenset(exclude), **asked)


def parse_text(text: str) -> tuple[list[str], list[str]]:
    """Words that must be there, and words that must not: `timeout "no route" -debug`."""
    words: list[str] = []
    without: list[str] = []
    for match in _WORD.finditer(text):
        word = match[2] if match[2] is not None else match[3]
        if match[1] and not word:
            word = "-"
        if word:
            (without if match[1] and word != "-" else words).append(word)
    return words, without


def parse_time(name: str, value: str, now: float) -> int:
    """Microseconds since the epoch. Raises `BadQuery` that names the parameter."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        try:
            return int(now * 1_000_000) - round(parse_duration(value).total_seconds() * 1_000_000)
        except ValueError:
            raise BadQuery(f"{name} must be a time like 2026-11-30T12:00:00Z or a span like 1h or 7d") from None
    return micros_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def micros_of(moment: datetime) -> int:
    """Microseconds since the epoch, exactly."""
    since_epoch = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since_epoch.days * 86_400 + since_epoch.seconds) * 1_000_000 + since_epoch.microseconds


def iso_time(micros: int) -> str:
    """The same as text: `2026-11-30T12:00:00.000001Z`. What no calendar holds is its end."""
    seconds, rest = divmod(min(max(micros, _MICROS_BEFORE), _MICROS_AFTER), 1_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest, tzinfo=None)
    return moment.isoformat(timespec="microseconds") + "Z"


def parse_position(value: str) -> Position:
    """Read a place in the order of events, `<microseconds>.<id>`. Raises `BadQuery`."""
    match = re.fullmatch(r"(-?\d{1,18})\.(-?\d{1,18})", value, re.ASCII)
    if match is None:
        raise BadQuery("before must be a place that an earlier answer named")
    return Position(int(match[1]), int(match[2]))


def format_position(position: Position) -> str:
    """As `parse_position` reads it."""
    return f"{position.ts}.{position.id}"


def address(path: str, parameters: Parameters) -> str:
    """The address of a question at a page."""
    asked = urlencode(list(parameters))
    return f"{path}?{asked}" if asked else path


def _condition(name: str, value: str) -> str:
    try:
        read = _decode(value)
        if not isinstance(read, dict):
            raise BadQuery(f'{name} must be a JSON object, like {{"service": "nginx"}}')
        text = document(read)
    except (msgspec.DecodeError, TypeError, RecursionError, UnicodeError):
        raise BadQuery(f'{name} must be a JSON object, like {{"service": "nginx"}}') from None
    if "\\u0000" in text:
        raise BadQuery(f"{name}: no event holds a NUL character")
    return text
