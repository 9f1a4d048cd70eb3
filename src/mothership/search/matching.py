"""Does an event that is at hand answer a question? As the database would say: the live tail asks this."""

import json
from collections.abc import Callable
from functools import cached_property
from typing import Any

import orjson

from mothership.event import Row
from mothership.search.query import MESSAGE, Clause, Column, Contains, EventQuery


class EventAtHand:
    """One event of which many questions are asked: decoded at most once, and only if one of them needs it."""

    def __init__(self, row: Row) -> None:
        self.row = row

    @cached_property
    def data(self) -> Any:
        """What it says. Raises `orjson.JSONDecodeError`."""
        return orjson.loads(self.row.data)

    @cached_property
    def folded_text(self) -> str:
        """What words are looked for in, in small letters."""
        return searched_text(self.data).lower()


Matcher = Callable[[EventAtHand], bool]


def matcher(query: EventQuery) -> Matcher:
    """Compile the question. Columns are asked first, and an event is decoded only when they don't settle it."""
    clauses = list(query.clauses())
    of_columns = [clause for clause in clauses if all(isinstance(test, Column) for test in clause.tests)]
    of_data = [_Prepared(clause) for clause in clauses if clause not in of_columns]
    words = [word.lower() for word in query.words]
    without = [word.lower() for word in query.without_words]

    def matches(event: EventAtHand) -> bool:  # noqa: PLR0911 - what costs least first
        row = event.row
        if not all(_columns_hold(clause, row) for clause in of_columns):
            return False
        if query.since is not None and row.ts < query.since:
            return False
        if query.until is not None and row.ts >= query.until:
            return False
        if not (of_data or words or without):
            return True
        try:
            data = event.data
        except orjson.JSONDecodeError:
            return False
        if not all(clause.holds(data) for clause in of_data):
            return False
        text = event.folded_text if words or without else ""
        return all(word in text for word in words) and not any(word in text for word in without)

    return matches


def searched_text(data: Any) -> str:
    """What text is looked for in: the message, or the whole event where it has none."""
    message = data.get(MESSAGE) if isinstance(data, dict) else None
    if isinstance(message, str):
        return message
    return json.dumps(data if message is None else message, ensure_ascii=False)


def contains(value: Any, wanted: Any) -> bool:
    """`value @> wanted`, as PostgreSQL defines it for JSONB below the top."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(
            key in value and contains(value[key], part) for key, part in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(value, list) and all(any(contains(one, part) for one in value) for part in wanted)
    if isinstance(wanted, bool) or isinstance(value, bool):
        return value is wanted
    return not isinstance(value, dict | list) and bool(value == wanted)


class _Prepared:
    """A clause with its documents decoded."""

    def __init__(self, clause: Clause) -> None:
        self._wanted = [orjson.loads(test.document) for test in clause.tests if isinstance(test, Contains)]
        self._negated = clause.negated

    def holds(self, data: Any) -> bool:
        """Whether the event's data satisfy it."""
        return any(contains(data, wanted) for wanted in self._wanted) is not self._negated


def _columns_hold(clause: Clause, row: Row) -> bool:
    found = any(
        (row.type if test.name == "type" else row.source) == test.value
        for test in clause.tests
        if isinstance(test, Column)
    )
    return found is not clause.negated
