"""Times in words and figures, wherever in a text they begin: `time_at` reads one there and says where it ends.

Each spelling is one expression with a fixed number of parts, each of a few characters, tried only where its first
character fits: a text can't make one of them slow. ISO 8601 alone and Unix epochs are `enrichment.timestamp_forms`.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND, _DAY = 1_000_000, 86_400_000_000
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
ZONES = {
    # RFC 5322
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    # and those that mean one thing only
    "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "AEST": 10, "AEDT": 11,
    "NZST": 12, "NZDT": 13,
}  # fmt: skip
"""Hours east of Greenwich."""

_OFFSET = r"[+-]\d{2}(?::?\d{2})?"
_NAME = "|".join(sorted(ZONES, key=len, reverse=True))
_ZONE = (
    rf"(?:\s?(?P<offset>{_OFFSET})(?![\d.:])(?:\s[A-Z]{{1,3}}T\b)?"  # +01:00, Go's +0100 CET
    rf"|\s?(?:UTC|[A-Z]{{1,3}}T)(?P<named>[+-]\d{{1,2}}(?::?\d{{2}})?)(?![\d.:])"  # GMT+2, CET+01:00
    rf"|\s?(?P<name>{_NAME})(?![A-Za-z0-9+-])"
    rf")?(?:\[[A-Za-z]{{2,14}}/[A-Za-z_/+-]{{2,40}}\])?"  # Java's [Europe/Berlin]
)
_FRACTION = r"(?:[.,](?P<fraction>\d{1,9}))?"
_CLOCK = rf"(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}}):(?P<second>\d{{2}}){_FRACTION}"
_HALF = r"(?:\s?(?P<half>[AaPp])\.?[Mm]\b\.?)?"
_MONTH = r"(?P<month>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))[a-z]{0,6}"
_WEEKDAY = r"(?:(?i:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},?\s{1,2})?"
_YEAR = r"(?P<year>(?:19|20)\d{2})"

_FIGURES = (
    # 2026-11-29T10:00:00.123+01:00 · 2026/11/29 10:00 · 2026-11-29-10.00.00.123456 · 2026-11-29 10:00:00,123
    (
        rf"{_YEAR}(?P<dash>[-/.])(?P<month>\d{{1,2}})(?P=dash)(?P<day>\d{{1,2}})"
        r"(?:[T_]|,?\s{1,2}|-(?=\d\d[:.]\d\d[:.]))(?P<hour>\d{1,2})(?P<colon>[:.])(?P<minute>\d{2})"
        rf"(?:(?P=colon)(?P<second>\d{{2}}){_FRACTION})?{_HALF}{_ZONE}"
    ),
    # 10/Oct/2000:13:55:36 -0700 · 29-Nov-2026 10:00:00.123 · 29 Nov 2026 10:00:00
    rf"(?P<day>\d{{1,2}})[-/ ]{_MONTH}[-/ ]{_YEAR}[: T]{{1,2}}{_CLOCK}{_HALF}{_ZONE}",
    # 2026 Nov 29 10:00:00
    rf"{_YEAR}\s{{1,2}}{_MONTH}\s{{1,2}}(?P<day>\d{{1,2}})\s{{1,2}}{_CLOCK}{_ZONE}",
    # 20261129T100000Z · 20171223-22:15:29:606
    (
        rf"{_YEAR}(?P<month>\d{{2}})(?P<day>\d{{2}})[T -]"
        r"(?P<hour>\d{1,2}):?(?P<minute>\d{1,2}):?(?P<second>\d{1,2})"
        rf"(?:[.,:](?P<fraction>\d{{1,9}}))?(?!\d){_ZONE}"
    ),
    # 29.11.2026 10:00:00
    rf"(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.{_YEAR},?\s{{1,2}}{_CLOCK}{_ZONE}",
    # 11/29/2026 10:00:00 AM, which nobody but Americans writes; 29/11/2026 10:00:00 is told by its 29
    rf"(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})/{_YEAR},?\s{{1,2}}{_CLOCK}\s?(?P<half>[AaPp])\.?[Mm]\b\.?",
    rf"(?P<month>0?[1-9]|1[0-2])/(?P<day>1[3-9]|2\d|3[01])/{_YEAR},?\s{{1,2}}{_CLOCK}{_ZONE}",
    rf"(?P<day>1[3-9]|2\d|3[01])/(?P<month>0?[1-9]|1[0-2])/{_YEAR},?\s{{1,2}}{_CLOCK}{_ZONE}",
)
_WORDS = (
    # Oct 11 22:14:15 · *Nov 29 10:00:00.123 · Nov 29 2026 10:00:00 EST · Sun Dec 04 04:47:44 2005
    # Nov 29, 2026 1:00:00 PM
    (
        rf"[*.]?{_WEEKDAY}{_MONTH}\s{{1,2}}(?P<day>\d{{1,2}}),?\s{{1,2}}(?:{_YEAR},?\s{{1,2}})?{_CLOCK}{_HALF}{_ZONE}"
        rf"(?:\s(?P<year2>(?:19|20)\d{{2}})(?![\d:-]|\.\d))?"
    ),
    # Tue, 24 Nov 2026 21:12:27 GMT
    rf"{_WEEKDAY}(?P<day>\d{{1,2}})\s{{1,2}}{_MONTH}\s{{1,2}}{_YEAR}\s{{1,2}}{_CLOCK}{_ZONE}",
)
_SHORT = (
    # 17/06/09 20:10:40 (Spark), 081109 203615 (HDFS), 081109 20:36:15 (MySQL)
    rf"(?P<year>\d{{2}})/(?P<month>\d{{2}})/(?P<day>\d{{2}})\s{_CLOCK}(?![\d:])",
    (
        r"(?P<year>\d{2})(?P<month>[01]\d)(?P<day>[0-3]\d)\s{1,2}"
        rf"(?P<hour>[ 0-2]?\d):?(?P<minute>[0-5]\d):?(?P<second>[0-5]\d){_FRACTION}(?!\S)"
    ),
    # 03-17 16:13:38.811 (Android), 10.30 16:49:06 (Proxifier)
    rf"(?P<month>[01]\d)[-.](?P<day>[0-3]\d)\s{_CLOCK}(?![\d:])",
)


def _compiled(forms: tuple[str, ...]) -> "tuple[re.Pattern[str], ...]":
    return tuple(re.compile(form, re.ASCII) for form in forms)


_OF_FIGURES, _OF_WORDS, _OF_SHORT = _compiled(_FIGURES), _compiled(_WORDS), _compiled(_SHORT)
_WORD_BEGINS = frozenset("JFMASONDjfmasondTWtw*.")


class FoundTime(NamedTuple):
    """A time that was read in a text."""

    micros: int
    """Since the Unix epoch, UTC; a time without a zone is UTC."""
    end: int
    """Where the text goes on behind it."""
    has_year: bool
    has_zone: bool


def time_at(text: str, start: int, *, now: int, short: bool = False) -> FoundTime | None:
    """Read the time that begins there. One without a year gets the year that puts it nearest to `now`.

    `short`: also spellings that only a log line's place makes a time, such as `081109 203615`.
    """
    first = text[start : start + 1]
    if "0" <= first <= "9":
        forms = (*_OF_FIGURES, *_OF_SHORT) if short else _OF_FIGURES
    elif first in _WORD_BEGINS:
        forms = _OF_WORDS
    else:
        return None
    for form in forms:
        if match := form.match(text, start):
            parts = match.groupdict()
            micros = _micros(parts, now)
            if micros is not None:
                year = parts.get("year") or parts.get("year2")
                zone = parts.get("offset") or parts.get("named") or parts.get("name")
                return FoundTime(micros, match.end(), year is not None, zone is not None)
    return None


def _micros(parts: dict[str, str | None], now: int) -> int | None:
    written = parts["month"] or ""
    month = int(written) if written.isdigit() else _MONTHS[written.lower()]
    day, hour = int(parts["day"] or 0), int(parts["hour"] or 0)
    minute, second = int(parts["minute"] or 0), int(parts["second"] or 0)
    if half := parts.get("half"):
        if not 1 <= hour <= 12:  # noqa: PLR2004 - a clock's face
            return None
        hour = hour % 12 + (12 if half in "pP" else 0)
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):  # noqa: PLR2004 - 24:00:00 is the next day's 0:00
        return None
    of_day = (hour * 3600 + minute * 60 + second) * _SECOND + int((parts.get("fraction") or "")[:6].ljust(6, "0"))
    of_day -= _offset(parts)
    year = parts.get("year") or parts.get("year2")
    if not year:
        return _of_nearest_year(month, day, of_day, now)
    begins = day_micros(int(year) + (2000 if len(year) == 2 else 0), month, day)  # noqa: PLR2004 - of two figures
    return None if begins is None else begins + of_day


def _offset(parts: dict[str, str | None]) -> int:
    if name := parts.get("name"):
        return ZONES[name] * 3600 * _SECOND
    if not (offset := parts.get("offset") or parts.get("named")):
        return 0
    figures = offset[1:].replace(":", "")
    minutes = int(figures[:2] if len(figures) != 3 else figures[0]) * 60 + int(figures[-2:] if len(figures) > 2 else 0)  # noqa: PLR2004 - hours and minutes, in two, three or four figures
    return (-minutes if offset[0] == "-" else minutes) * 60 * _SECOND


def _of_nearest_year(month: int, day: int, of_day: int, now: int) -> int | None:
    best: int | None = None
    for begins in _candidates(month, day, _year_of(now // _DAY)):
        micros = begins + of_day
        if best is None or abs(micros - now) < abs(best - now):
            best = micros
    return best


@lru_cache(maxsize=8)
def _year_of(days: int) -> int:
    return (_EPOCH + timedelta(days=days)).year


@lru_cache(maxsize=4096)
def _candidates(month: int, day: int, year: int) -> tuple[int, ...]:
    """When that day begins, in the years around."""
    for reach in (1, 8):  # 29 February may be eight years away
        begins = (day_micros(each, month, day) for each in range(year - reach, year + reach + 1))
        if near := tuple(micros for micros in begins if micros is not None):
            return near
    return ()


@lru_cache(maxsize=4096)
def day_micros(year: int, month: int, day: int) -> int | None:
    """When a day begins; None when there is no such day."""
    try:
        return (datetime(year, month, day, tzinfo=UTC) - _EPOCH) // _MICROSECOND
    except ValueError:
        return None
