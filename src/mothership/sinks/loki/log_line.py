"""The line of an event: its bytes as they are, or cut to what Loki takes, and then still JSON that says so."""

from typing import Any

import orjson

from mothership.event import Row
from mothership.telemetry import loki_lines_cut

MARK = "_cut"
"""Added to a cut event: how many bytes it had."""
ELLIPSIS = "…"


def log_line(row: Row, max_bytes: int) -> bytes:
    """Give the event as it is, or, when too long, with its longest texts cut. The same event gives the same line."""
    if len(row.data) <= max_bytes:
        return row.data
    loki_lines_cut.inc()
    try:
        event = orjson.loads(row.data)
    except orjson.JSONDecodeError:
        event = None
    if isinstance(event, dict):
        low, high, best = 0, max_bytes, b""
        while low <= high:  # the longest texts that still fit
            middle = (low + high) // 2
            shorter = _dump({**_shorten(event, middle), MARK: len(row.data)})
            if len(shorter) <= max_bytes:
                best, low = shorter, middle + 1
            else:
                high = middle - 1
        if best:
            return best
    return _truncated(row, max_bytes)


def _shorten(value: Any, characters: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= characters + len(ELLIPSIS) else value[:characters] + ELLIPSIS
    if isinstance(value, dict):
        return {key: _shorten(item, characters) for key, item in value.items()}
    if isinstance(value, list):
        return [_shorten(item, characters) for item in value]
    return value


def _truncated(row: Row, max_bytes: int) -> bytes:
    """What is left of an event that is long by its structure, not by its texts: the beginning of its JSON as a text."""
    start = row.data[: max_bytes // 3].decode(errors="ignore")
    while True:
        truncated = _dump({MARK: len(row.data), "type": row.type[:128], "source": row.source[:128], "start": start})
        if len(truncated) <= max_bytes or not start:
            return truncated
        start = start[: len(start) // 2]


def _dump(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
