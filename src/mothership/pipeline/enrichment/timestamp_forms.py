"""One time in the spellings that machines use for it: ISO 8601, Unix epochs, RFC 3164, RFC 5322, common log format."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST = 64  # no spelling of a time is longer; what is, isn't worth a regular expression
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2}):(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?"
_ZONE = r"(?:\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
_WEEKDAY = r"(?:[a-z]{3},?\s+)?"
_YEAR_LAST = r"(?:\s+(?P<year2>\d{4}))?"
_WORDED = tuple(
    re.compile(form, re.ASCII | re.IGNORECASE)
    for form in (
        # Oct 11 22:14:15 · Sun Dec 04 04:47:44 2005 · Oct 11 2025 22:14:15
        rf"{_WEEKDAY}(?P<month>[a-z]{{3}})\s+(?P<day>\d{{1,2}})\s+(?:(?P<year>\d{{4}})\s+)?{_CLOCK}{_ZONE}{_YEAR_LAST}",
        # Tue, 24 Nov 2026 21:12:27 GMT
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})\s+(?P<month>[a-z]{{3}})\s+(?P<year>\d{{4}})\s+{_CLOCK}{_ZONE}",
        # 10/Oct/2000:13:55:36 -0700
        rf"\[?(?P<day>\d{{1,2}})/(?P<month>[a-z]{{3}})/(?P<year>\d{{4}}):{_CLOCK}{_ZONE}\]?",
        # 2025/08/22 17:11:27
        rf"(?P<year>\d{{4}})/(?P<month>\d{{2}})/(?P<day>\d{{2}})[ T]{_CLOCK}{_ZONE}",
    )
)
_NUMBER = re.compile(r"[+-]?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
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
    text = value.strip()
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
    for form in _WORDED:
        found = form.fullmatch(text)
        if found:
            parts = found.groupdict()
            month = _MONTHS.get(parts["month"].lower()) or (int(parts["month"]) if parts["month"].isdigit() else 0)
            year = parts["year"] or parts.get("year2")
            return _built(parts, month, int(year)) if year else _of_nearest_year(parts, month, now)
    return None


def _of_nearest_year(parts: dict[str, str], month: int, now: int) -> int | None:
    this_year = (_EPOCH + timedelta(microseconds=now)).year
    for reach in (1, 8):  # 29 February may be eight years away
        years = (_built(parts, month, year) for year in range(this_year - reach, this_year + reach + 1))
        if near := [micros for micros in years if micros is not None]:
            return min(near, key=lambda micros: abs(micros - now))
    return None


def _built(parts: dict[str, str], month: int, year: int) -> int | None:
    fraction = (parts["fraction"] or "")[:6].ljust(6, "0")
    seconds = int(parts["second"])
    try:
        moment = datetime(
            year, month, int(parts["day"]), int(parts["hour"]), int(parts["minute"]), min(seconds, 59), tzinfo=UTC
        )
        return _micros(moment) + int(fraction) + (10**6 if seconds == 60 else 0) - _offset(parts["zone"])  # noqa: PLR2004 - the leap second
    except (ValueError, OverflowError):
        return None


def _offset(zone: str | None) -> int:
    if not zone or zone.upper() in ("Z", "UTC", "GMT"):
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return (-minutes if zone[0] == "-" else minutes) * 60_000_000
