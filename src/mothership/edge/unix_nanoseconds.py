"""Nanoseconds since 1970, in which OTLP and Loki tell time, as text."""

from datetime import UTC, datetime
from functools import lru_cache

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


@lru_cache(maxsize=1024)
def _whole_seconds(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()
