"""`EventQuery`: which events are meant. One reading of it serves the database, the live tail and LogQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import orjson

SEVERITIES = ("emergency", "alert", "critical", "error", "warning", "notice", "info", "debug")
"""The words of syslog, by `severity_num`."""
ERROR = 3
"""The number from which on, downwards, an event is an error."""
FIELDS = ("type", "source", "service", "site", "severity")
"""What events are filtered by, and counted by."""
COLUMNS = frozenset({"type", "source"})
"""Those that the table has a column for."""
PATHS: dict[str, tuple[tuple[str, ...], ...]] = {
    "service": (("service",), ("tags", "service"), ("app_name",)),
    "site": (("tags", "site"), ("site",)),
    "severity": (("severity_num",),),
}
"""Where in `data` the other fields may stand, the usual place first."""
MESSAGE = "message"
"""The field that text is searched in; where an event has none, its whole JSON is."""


class Position(NamedTuple):
    """A place in the order of events: newest first, and of one time the one stored last."""

    ts: int
    """Microseconds since the Unix epoch."""
    id: int


class Column(NamedTuple):
    """A column has this value."""

    name: str
    value: str


class Contains(NamedTuple):
    """`data @> document`."""

    document: str
    """A JSON object, compact, with sorted keys."""


Test: TypeAlias = Column | Contains


class Clause(NamedTuple):
    """One of these tests holds, or, where negated, none of them."""

    tests: tuple[Test, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events are meant: all that it says must hold. Equal questions are equal, and may be a key."""

    since: int | None = None
    """Microseconds since the Unix epoch; inclusive."""
    until: int | None = None
    """Exclusive."""
    include: frozenset[tuple[str, str]] = frozenset()
    """Fields (of `FIELDS`) and values; of one field any of its values, of several fields each."""
    exclude: frozenset[tuple[str, str]] = frozenset()
    severity_at_least: int | None = None
    """The least severe number that is meant."""
    words: tuple[str, ...] = ()
    """Each is somewhere in the text, whatever its case."""
    without_words: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    """JSON objects that `data` contains."""
    lacks: tuple[str, ...] = ()

    def values(self, field: str, *, excluded: bool = False) -> list[str]:
        """The values that are asked for of a field, sorted."""
        return sorted(value for name, value in (self.exclude if excluded else self.include) if name == field)

    def clauses(self) -> Iterator[Clause]:
        """What must hold, but for time and text."""
        for field in FIELDS:
            if values := self.values(field):
                yield Clause(tuple(test for value in values for test in _tests(field, value)))
            if values := self.values(field, excluded=True):
                yield Clause(tuple(test for value in values for test in _tests(field, value)), negated=True)
        if self.severity_at_least is not None:
            numbers = range(self.severity_at_least + 1)
            yield Clause(tuple(Contains(document({"severity_num": number})) for number in numbers))
        for text in self.has:
            yield Clause((Contains(text),))
        for text in self.lacks:
            yield Clause((Contains(text),), negated=True)


def document(value: Any) -> str:
    """The one spelling of a JSON value here."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _tests(field: str, value: str) -> Iterator[Test]:
    if field in COLUMNS:
        yield Column(field, value)
    elif field == "severity":
        yield Contains(document({"severity_num": SEVERITIES.index(value)}))
    else:
        for path in PATHS[field]:
            nested: Any = value
            for key in reversed(path):
                nested = {key: nested}
            yield Contains(document(nested))
