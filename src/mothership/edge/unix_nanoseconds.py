"""Nanoseconds since 1970, in which OTLP and Loki tell time, as text."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

from mothership.event import Event

SECOND = 1_000_000_000
_MICROSECOND = 1000


def iso_text(nanoseconds: int) -> str:
    """ISO 8601 in UTC: microseconds where they say all, else nanoseconds. What no calendar has stays a number."""
    fraction = nanoseconds % SECOND
    try:
        whole = _whole_seconds(nanoseconds // SECOND)
    except (ValueError, OverflowError, OSError):
        return str(nanoseconds)
    if fraction % _MICROSECOND:
        return f"{whole}.{fraction:09d}Z"
    return f"{whole}.{fraction // _MICROSECOND:06d}Z"


def any_finer_than_seconds(events: Iterable[Event]) -> bool:
    """Whether a time that `iso_text` wrote for one of them says more than a second: then equal events are the same."""
    return any(_is_finer(event.get("timestamp")) or _is_finer(event.get("observed_timestamp")) for event in events)


def _is_finer(text: str | None) -> bool:
    return text is not None and "." in text and not text.endswith(".000000Z")


@lru_cache(maxsize=1024)
def _whole_seconds(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()
