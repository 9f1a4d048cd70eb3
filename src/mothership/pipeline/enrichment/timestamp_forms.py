"""One time in the spellings that machines use for it: ISO 8601, Unix epochs, and those of `spelled_times`."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from mothership.pipeline.times_in_text import time_at

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST = 96  # no spelling of a time is longer; what is, isn't worth a regular expression
_NUMBER = re.compile(r"[+-]?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_END = re.compile(r":?|\s+m=[+-][\d.]{1,24}", re.ASCII)
_LEAP = re.compile(r"(\d{2}:\d{2}):60(?=\D|$)", re.ASCII)
# Seconds, milliseconds, microseconds or nanoseconds, by size: the bounds are the year 5138 in each unit.
_UNITS = ((10**11, 10**6, 1), (10**14, 10**3, 1), (10**17, 1, 1), (10**20, 1, 10**3))


def micros_of(value: Any, *, now: int) -> int | None:
    """Read a time as microseconds since the epoch, UTC. None when it can't be read as one.

    A time without a zone is UTC. One without a year gets the year that puts it nearest to `now`.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _of_number(value)
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    text = value.strip().removeprefix("\ufeff").lstrip()
    if _NUMBER.fullmatch(text):
        return _of_digits(text)
    try:
        return _of_iso(text)
    except (ValueError, OverflowError):
        return _of_words(text, now)


def text_of(micros: int) -> str | None:
    """Spell a time the standard way, `2025-08-22T17:11:27.936809Z`; None outside the years 1 to 9999."""
    try:
        return (_EPOCH + timedelta(microseconds=micros)).isoformat(timespec="microseconds")[:26] + "Z"
    except OverflowError:
        return None


def _micros(moment: datetime) -> int:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


def _of_number(value: Any) -> int | None:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    for bound, times, over in _UNITS:
        if abs(value) < bound:
            return int(value * times // over) if isinstance(value, int) else round(value * times / over)
    return None


def _of_digits(text: str) -> int | None:
    if len(text) in (8, 14) and text.isdigit() and text[:2] in ("19", "20"):  # 20250822, 20250822171127
        try:
            return _micros(datetime.fromisoformat(text[:8] + ("T" + text[8:] if text[8:] else "")))
        except ValueError:
            pass
    if text.lstrip("+-").isdigit():
        return _of_number(int(text))
    whole, _, fraction = text.partition(".")
    if fraction.isdigit() and abs(int(whole)) < _UNITS[0][0]:  # digit by digit: a float holds too few
        micros = int(fraction[:6].ljust(6, "0"))
        return int(whole) * 10**6 + (-micros if whole.startswith("-") else micros)
    return _of_number(float(text))


def _of_iso(text: str) -> int:
    text = text.upper()
    for word in (" UTC", " GMT", " Z", "UTC"):
        if text.endswith(word):
            text = text[: -len(word)] + "Z"
            break
    leap = _LEAP.search(text)
    if leap:
        text = _LEAP.sub(r"\1:59", text)
    return _micros(datetime.fromisoformat(text)) + (10**6 if leap else 0)


def _of_words(text: str, now: int) -> int | None:
    text = text.removeprefix("[").removesuffix("]") if text.startswith("[") else text
    found = time_at(text, 0, now=now)
    # Cisco ends a time with a colon, Go's monotonic clock follows one.
    return found.micros if found and _END.fullmatch(text, found.end) else None
