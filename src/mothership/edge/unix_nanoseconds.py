"""Nanoseconds since 1970, in which OTLP and Loki tell time, as text."""

from datetime import UTC, datetime
from functools import lru_cache

SECOND = 1_000_000_000
_MICROSECOND = 1000


def iso_text(nanoseconds: int) -> str:
    """ISO 8601 in UTC: microseconds where they say all, else nanoseconds. What no calendar has stays a number."""
    seconds, fraction = divmod(nanoseconds, SECOND)
    try:
        whole = _whole_seconds(seconds)
    except (ValueError, OverflowError, OSError):
        return str(nanoseconds)
    micros, rest = divmod(fraction, _MICROSECOND)
    return f"{whole}.{fraction:09d}Z" if rest else f"{whole}.{micros:06d}Z"


def is_finer_than_seconds(text: str) -> bool:
    """Whether a time that `iso_text` wrote says more than a second."""
    return "." in text and not text.endswith(".000000Z")


@lru_cache(maxsize=1024)
def _whole_seconds(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()
