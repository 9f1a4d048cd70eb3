"""Keeps JSON inside a text JSON: no quotation mark, bracket or escape is torn by what is taken out."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import TypeAlias

import orjson

Span: TypeAlias = tuple[int, int]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|-?[0-9][0-9.eE+-]*+|true|false|null', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPE_CHARACTERS = 6


class JsonText:
    """A text that is one JSON document, and where its strings, numbers and words stand."""

    def __init__(self, text: str) -> None:
        self._spans = [match.span() for match in _TOKEN.finditer(text)]
        self._starts = [start for start, _ in self._spans]
        self._text = text

    def within(self, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
        """Yield the parts of a span that lie inside of values or keys, each with whether it needs quotation marks."""
        first = max(0, bisect_right(self._starts, start) - 1)
        for begin, stop in self._spans[first:]:
            if begin >= end:
                return
            if self._text[begin] != '"':
                if start < stop and end > begin:
                    yield begin, stop, True
                continue
            low, high = whole_escapes(self._text, max(start, begin + 1), min(end, stop - 1))
            if low < high:
                yield low, high, False


def json_text(text: str) -> JsonText | None:
    """Return the text's values if it is a JSON object or list, else None."""
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        orjson.loads(text)
    except ValueError:
        return None
    return JsonText(text)


def whole_escapes(text: str, start: int, end: int) -> Span:
    r"""Move the borders of a span out of the middle of an escape such as `\n` or `\u00e9`."""
    for at in range(max(0, start - _ESCAPE_CHARACTERS + 1), start):
        escape = _begins_escape(text, at)
        if escape and escape.end() > start:
            start = at
            break
    for at in range(max(start, end - _ESCAPE_CHARACTERS + 1), end):
        escape = _begins_escape(text, at)
        if escape and escape.end() > end:
            return start, at
    return start, end


def _begins_escape(text: str, at: int) -> "re.Match[str] | None":
    if text[at] != "\\":
        return None
    before = at
    while before > 0 and text[before - 1] == "\\":
        before -= 1
    return _ESCAPE.match(text, at) if (at - before) % 2 == 0 else None
