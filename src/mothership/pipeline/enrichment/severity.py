"""SeverityMap: the word a node uses for how bad it is becomes the number of RFC 5424."""

from collections.abc import Mapping, Sequence
from typing import Any

from mothership.event import Batch

severity_names: dict[str, int] = {
    "emergency": 0,
    "alert": 1,
    "critical": 2,
    "error": 3,
    "warning": 4,
    "notice": 5,
    "info": 6,
    "debug": 7,
}
_ALIASES = {
    "emerg": "emergency",
    "panic": "emergency",
    "crit": "critical",
    "fatal": "critical",
    "f": "critical",
    "err": "error",
    "severe": "error",
    "e": "error",
    "warn": "warning",
    "w": "warning",
    "information": "info",
    "informational": "info",
    "i": "info",
    "trace": "debug",
    "verbose": "debug",
    "d": "debug",
    "v": "debug",
}
_LONGEST_WORD = 32


class SeverityMap:
    """Adds `severity_num`, 0 (emergency) to 7 (debug), from the first field that says a severity.

    Words count without case, with the usual short forms (`err`, `warn`, `crit`, `panic`, `information`, …), which
    mean what the configuration maps their long form to. A number from 0 to 7, also one written as text, is taken as
    it is. A `severity_num` that the node sent stays.
    """

    name = "SeverityMap"

    def __init__(self, mapping: Mapping[str, int], fields: Sequence[str]) -> None:
        words = {word.strip().lower(): number for word, number in mapping.items()}
        aliases = {alias: words[word] for alias, word in _ALIASES.items() if word in words}
        digits = {str(number): number for number in range(8)}
        self._numbers: dict[Any, int] = {**digits, **aliases, **words}
        self._fields = tuple(fields)

    def __call__(self, batch: Batch) -> None:
        """Number every event whose severity is known."""
        numbers, fields = self._numbers, self._fields
        for event in batch.events:
            for field in fields:
                severity = event.get(field)
                if severity is not None:
                    try:
                        number: int | None = numbers[severity]
                    except (KeyError, TypeError):  # in capitals, a number, none that is known, no word at all
                        number = self._number(severity)
                        if number is None:
                            continue
                    if event.get("severity_num") is None:
                        event["severity_num"] = number
                    break

    def _number(self, severity: Any) -> int | None:
        if severity.__class__ is str:
            return self._numbers.get(severity.strip().lower()) if len(severity) <= _LONGEST_WORD else None
        if severity.__class__ is int and 0 <= severity <= 7:  # noqa: PLR2004 - the last severity of RFC 5424
            return int(severity)
        return None
