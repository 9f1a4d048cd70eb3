"""The slow way in, for bodies that strict JSON refuses or that JSONB would: each flaw costs at most its own event.

Python nodes write lone surrogates (bytes of a log line that were no UTF-8) and NaN; devices write NUL and raw
control characters. What can be kept is kept, visibly changed; `docs/reference/security.md` has the table.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from mothership import lossless_decimals
from mothership.errors import Refusal
from mothership.lossless_decimals import exact
from mothership.truncation import ELLIPSIS

LEVELS_MAX = 200
"""What is nested deeper in an event is left out."""
TOO_DEEP = object()
"""Stands for what is nested so deep that it can't be decoded."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
NOT_JSON = "the body is not JSON"

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_INTEGER_DIGITS = len(str(2**64))
_STRING = r'"(?:[^"\\]++|\\.)*+"'
_SHALLOW = re.compile(rf"{_STRING}|[\[\]{{}},:]", re.DOTALL)
_DEEP = re.compile(rf"{_STRING}|[\[{{]+|[\]}}]+", re.DOTALL)


def decode(body: bytes) -> Any:
    """Decode what a strict decoder refused, or raise `Refusal`. What is nested too deep to decode is `TOO_DEEP`."""
    text = body.decode("utf-8", "replace")
    try:
        return _loads(text)
    except RecursionError:
        return _decode_in_parts(text)


def read(body: bytes) -> tuple[Any, bool]:
    """Decode strictly, or else leniently; and whether it was leniently. Raises `Refusal` (400)."""
    try:
        return lossless_decimals.decode(body), False
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return decode(body), True


def repair(messages: list[Any]) -> set[int]:
    """Make every event storable in place. Returns where parts were left out because they are nested too deep."""
    cut: set[int] = set()
    for position, event in enumerate(messages):
        gone: list[None] = []
        messages[position] = _repaired(event, LEVELS_MAX, gone)
        if gone:
            cut.add(position)
    return cut


def text(value: str) -> str:
    """The string with NUL and lone surrogates replaced: PostgreSQL's JSONB refuses the first, UTF-8 the second."""
    return _UNSTORABLE.sub(REPLACEMENT, value)


def _repaired(value: Any, levels: int, gone: list[None]) -> Any:
    if type(value) is str:
        return text(value)
    if value is TOO_DEEP or (not levels and type(value) in (dict, list)):
        gone.append(None)
        return ELLIPSIS
    if type(value) is dict:
        return {text(key): _repaired(inner, levels - 1, gone) for key, inner in value.items()}
    if type(value) is list:
        return [_repaired(inner, levels - 1, gone) for inner in value]
    return _integer(value) if type(value) is int else value


def _integer(value: int) -> int | str:
    """An integer beyond 64 bits as a string of its digits: no JSON encoder or number column would keep them all."""
    return value if -(2**63) <= value < 2**64 else str(value)


def _loads(source: str) -> Any:
    try:
        return json.loads(source, strict=False, parse_constant=str, parse_int=_parse_integer, parse_float=exact)
    except json.JSONDecodeError as error:
        if not source.strip():
            raise Refusal(400, f"{NOT_JSON}: it is empty") from None
        raise Refusal(400, f"{NOT_JSON}: bad syntax at character {error.pos} of {len(source)}") from None


def _parse_integer(digits: str) -> int | str:
    return _integer(int(digits)) if len(digits) <= _INTEGER_DIGITS else digits


def _decode_in_parts(source: str) -> dict[str, Any]:
    """Find what is used of the envelope without descending, and decode event by event."""
    envelope: dict[str, Any] = {}
    for name, start, end in _members(source):
        if name == "messages" and source.startswith("[", start):
            envelope["messages"] = [_event(source[first:last]) for first, last in _elements(source, start, end)]
        elif name in {"messages", "source", "is_retry"}:
            envelope[name] = _event(source[start:end])
    return envelope


def _event(source: str) -> Any:
    """An event, or as much of it as can be decoded: each of its fields that is nested too deep is `TOO_DEEP`."""
    value = _shallow(source)
    if value is not TOO_DEEP or not source.lstrip().startswith("{"):
        return value
    return {name: _shallow(source[start:end]) for name, start, end in _members(source)}


def _shallow(source: str) -> Any:
    try:
        return _loads(source)
    except RecursionError:
        return TOO_DEEP


def _members(source: str) -> Iterator[tuple[str, int, int]]:
    """Name, start and end of each member of the object that the text is."""
    opening = _next(source, 0)
    if source[opening] != "{" or source[:opening].strip():
        raise Refusal(400, "the body is not a JSON object with a list `messages`")
    at = opening + 1
    while True:
        name = _SHALLOW.search(source, at)
        if name is None or not name[0].startswith('"') or source[at : name.start()].strip():
            raise Refusal(400, NOT_JSON)
        colon = _next(source, name.end())
        if source[colon] != ":":
            raise Refusal(400, NOT_JSON)
        start, end = _value(source, colon + 1)
        yield _loads(name[0]), start, end
        at = _next(source, end) + 1
        if source[at - 1] == "}":
            if source[at:].strip():
                raise Refusal(400, NOT_JSON)
            return


def _elements(source: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Start and end of each element of the array between these places."""
    at = start + 1
    if not source[at : end - 1].strip():
        return
    while at < end:
        first, last = _value(source, at)
        yield first, last
        at = _next(source, last) + 1


def _value(source: str, at: int) -> tuple[int, int]:
    """Start and end of the value that begins here or after white space."""
    start = at
    while start < len(source) and source[start] in " \t\r\n":
        start += 1
    if not source.startswith(("[", "{"), start):
        first = _SHALLOW.search(source, start)
        if first is None:
            raise Refusal(400, NOT_JSON)
        return start, first.end() if first[0].startswith('"') else first.start()
    depth = 0
    for token in _DEEP.finditer(source, start):
        mark = token[0][0]
        if mark in "[{":
            depth += len(token[0])
        elif mark in "]}":
            if depth <= len(token[0]):
                return start, token.start() + depth
            depth -= len(token[0])
    raise Refusal(400, f"{NOT_JSON}: it ends inside a value")


def _next(source: str, at: int) -> int:
    """Where the next structural character stands."""
    token = _SHALLOW.search(source, at)
    if token is None or token[0].startswith('"') or source[at : token.start()].strip():
        raise Refusal(400, NOT_JSON)
    return token.start()


__all__ = ["REPLACEMENT", "TOO_DEEP", "decode", "read", "repair", "text"]
