"""Spans of time as settings: always with a unit, read by one parser and written so that it reads them again.

`7 days`, `12 hours`, `1 day 12 hours`, `90d`, `1h30m`, `15 min` (as people and PostgreSQL write them), `12:00:00` and
`1 day 12:00:00` (as PostgreSQL prints them), `P7DT12H` (ISO 8601). A bare number is refused: nobody can tell whether
90 is seconds or days, and a retention of 90 seconds deletes a table.
"""

import re
from datetime import timedelta
from fractions import Fraction
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

LONGEST = timedelta(days=365_250)
"""A thousand years: what databases can still subtract from today."""
EXAMPLES = "`90 seconds`, `12 hours`, `7 days` or `4 weeks`"
WORDS_FOR_NEVER = frozenset({"off", "never", "null", "none", "no", "false", "~"})

_NUMBER = r"\d{1,15}(?:\.\d{1,9})?"
_PART = re.compile(rf"\s*({_NUMBER})\s*([A-Za-zµ]+)\s*,?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,9}):([0-5]\d):([0-5]\d(?:\.\d{1,9})?)", re.ASCII)
_ISO = re.compile(
    rf"P(?!$)(?:({_NUMBER})W)?(?:({_NUMBER})D)?(?:T(?!$)(?:({_NUMBER})H)?(?:({_NUMBER})M)?(?:({_NUMBER})S)?)?", re.ASCII
)
_ISO_CALENDAR = re.compile(r"P[^T]*[YM]", re.ASCII)
_SECONDS = {
    **dict.fromkeys(("us", "microsecond", "microseconds"), Fraction(1, 1_000_000)),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), Fraction(1, 1_000)),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), Fraction(1)),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), Fraction(60)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), Fraction(3_600)),
    **dict.fromkeys(("d", "day", "days"), Fraction(86_400)),
    **dict.fromkeys(("w", "week", "weeks"), Fraction(604_800)),
}
_ISO_SECONDS = tuple(_SECONDS[unit] for unit in ("week", "day", "hour", "minute", "second"))
_CALENDAR = frozenset({"M", "mo", "mon", "mons", "month", "months", "q", "quarter", "quarters", "y", "yr", "yrs"}) | {
    *("year", "years", "decade", "decades"),
}


def parse_duration(text: str) -> timedelta:
    """The span that a text means, or `ValueError` with the way out; the text is not quoted."""
    text = text.strip()
    if re.fullmatch(rf"[+-]?{_NUMBER}", text, re.ASCII):
        raise ValueError(f"a number alone has no unit: write one, like {EXAMPLES}")
    if _ISO_CALENDAR.match(text):
        raise ValueError("months and years differ in length: write days, like `P90D` or `90 days`")
    iso, clock = _ISO.fullmatch(text), _CLOCK.search(text)
    if iso is not None:
        seconds = sum(
            (Fraction(part or 0) * unit for part, unit in zip(iso.groups(), _ISO_SECONDS, strict=True)), Fraction()
        )
    elif clock is not None and clock.end() == len(text):
        hours, minutes, rest = clock.groups()
        seconds = int(hours) * 3_600 + int(minutes) * 60 + Fraction(rest) + _parts(text[: clock.start()])
    elif text:
        seconds = _parts(text)
    else:
        raise ValueError(f"must be a number and a unit, like {EXAMPLES}")
    return _bounded(seconds)


def format_duration(value: timedelta) -> str:
    """The span as `parse_duration` reads it: `1 day 12 hours`."""
    seconds, micros = divmod(value // timedelta(microseconds=1), 1_000_000)
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    counts = {"day": str(days), "hour": str(hours), "minute": str(minutes)}
    counts["second"] = f"{seconds}.{micros:06d}".rstrip("0") if micros else str(seconds)
    parts = [f"{count} {unit}{'' if count == '1' else 's'}" for unit, count in counts.items() if count != "0"]
    return " ".join(parts) or "0 seconds"


def _parts(text: str) -> Fraction:
    """Seconds in a row of numbers with units."""
    seconds, at = Fraction(), 0
    while at < len(text):
        match = _PART.match(text, at)
        if match is None:
            if text[at:].isspace():
                break
            raise ValueError(f"must be a number and a unit, like {EXAMPLES}")
        unit = match[2] if match[2] == "M" else match[2].lower()
        if unit in _CALENDAR:
            raise ValueError("months and years differ in length: write days, like `90 days` (a minute is `m` or `min`)")
        if unit not in _SECONDS:
            raise ValueError(f"unknown unit: write seconds, minutes, hours, days or weeks, like {EXAMPLES}")
        seconds += Fraction(match[1]) * _SECONDS[unit]
        at = match.end()
    return seconds


def _bounded(seconds: Fraction) -> timedelta:
    micros = round(seconds * 1_000_000)
    if micros <= 0:
        raise ValueError("must be longer than nothing")
    if micros > LONGEST // timedelta(microseconds=1):
        raise ValueError(f"must be at most {LONGEST.days} days")
    return timedelta(microseconds=micros)


def _read(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return _bounded(Fraction(value // timedelta(microseconds=1), 1_000_000))
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"a number alone has no unit: write one, like {EXAMPLES}")  # noqa: TRY004 - pydantic's way
    raise ValueError(f"must be a number and a unit, like {EXAMPLES}")


def _read_or_never(value: Any) -> timedelta | None:
    if value is None or value is False or (isinstance(value, str) and value.strip().lower() in WORDS_FOR_NEVER):
        return None
    if (isinstance(value, int | float) and value == 0) or (isinstance(value, str) and _is_zero(value)):
        raise ValueError("must be longer than nothing: `null` or `off` switches it off")
    return _read(value)


def _read_seconds_too(value: Any) -> timedelta:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _bounded(Fraction(value)) if abs(value) < LONGEST.total_seconds() else _read(f"{LONGEST.days + 1} days")
    if isinstance(value, str) and re.fullmatch(_NUMBER, value.strip(), re.ASCII):
        return _bounded(Fraction(value.strip()))
    return _read(value)


def _is_zero(text: str) -> bool:
    digits = re.findall(r"\d+", text)
    return bool(digits) and all(int(digit) == 0 for digit in digits)


_WRITTEN = PlainSerializer(format_duration, return_type=str, when_used="json")
_SCHEMA = WithJsonSchema({"type": "string", "examples": ["12 hours", "7 days"]})

Duration: TypeAlias = Annotated[timedelta, BeforeValidator(_read), _WRITTEN, _SCHEMA]
"""A span with its unit. What every setting is that is a span and has no unit in its name."""
DurationOrNever: TypeAlias = Annotated[
    timedelta | None,
    BeforeValidator(_read_or_never),
    PlainSerializer(lambda value: value and format_duration(value), return_type=str | None, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "string", "examples": ["12 hours", "7 days"]}, {"type": "null"}]}),
]
"""The same, or `null`, `off` or `never`. A zero is refused: it could mean at once as well as never."""
DurationOrSeconds: TypeAlias = Annotated[timedelta, BeforeValidator(_read_seconds_too), _WRITTEN, _SCHEMA]
"""A span whose bare number is seconds. Only for keys that the specification gives a bare number."""
