"""A question as SQL: with parameters for the reader, and with literals for a person to paste."""

from datetime import UTC, datetime
from typing import Any

from mothership.search.parameters import iso_time
from mothership.search.query import MESSAGE, Clause, Column, EventQuery, Position

TEXT = f"coalesce(data ->> '{MESSAGE}', data::TEXT)"
"""What text is looked for in."""
_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Arguments:
    """The values of a statement, each with its `$n`."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def add(self, value: Any) -> str:
        """Name one."""
        self.values.append(value)
        return f"${len(self.values)}"


class Literals(Arguments):
    """The same, written into the statement."""

    def add(self, value: Any) -> str:
        """Quote one, whatever `standard_conforming_strings` says."""
        if isinstance(value, datetime):
            return f"'{value.isoformat()}'"
        text = str(value).replace("'", "''")
        return f"E'{text.replace(chr(92), chr(92) * 2)}'" if "\\" in text else f"'{text}'"


def moment(micros: int) -> datetime:
    """A time as the driver takes it; what no calendar holds is its end."""
    seconds, rest = divmod(micros, 1_000_000)
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
    except (ValueError, OverflowError, OSError):
        return _EARLIEST if micros < 0 else _LATEST


def in_range(query: EventQuery, before: Position | None, arguments: Arguments) -> list[str]:
    """The conditions on time, and the place from which on to look."""
    conditions = []
    if query.since is not None:
        conditions.append(f"ts >= {arguments.add(moment(query.since))}")
    if before is not None:
        ts, identity = arguments.add(moment(before.ts)), arguments.add(before.id)
        conditions.append(f"ts <= {ts} AND (ts, id) < ({ts}, {identity})")
    if query.until is not None:
        conditions.append(f"ts < {arguments.add(moment(query.until))}")
    return conditions


def on_data(query: EventQuery, arguments: Arguments) -> list[str]:
    """All other conditions."""
    conditions = [condition(clause, arguments) for clause in query.clauses()]
    conditions += [f"{TEXT} ILIKE {arguments.add(pattern(word))}" for word in query.words]
    return conditions + [f"{TEXT} NOT ILIKE {arguments.add(pattern(word))}" for word in query.without_words]


def condition(clause: Clause, arguments: Arguments) -> str:
    """One clause."""
    tests = [
        f"{test.name} = {arguments.add(test.value)}"
        if isinstance(test, Column)
        else f"data @> {arguments.add(test.document)}"
        for test in clause.tests
    ]
    text = " OR ".join(tests)
    if clause.negated:
        return f"NOT ({text})"
    return f"({text})" if len(tests) > 1 else text


def pattern(word: str) -> str:
    """What `ILIKE` takes for a text that contains the word."""
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def as_sql(query: EventQuery, *, limit: int) -> str:
    """The question for a person to paste into `psql`."""
    literals = Literals()
    conditions = []
    if query.since is not None:
        conditions.append(f"ts >= '{iso_time(query.since)}'")
    if query.until is not None:
        conditions.append(f"ts < '{iso_time(query.until)}'")
    conditions += on_data(query, literals)
    where = "\nWHERE " + "\n  AND ".join(conditions) if conditions else ""
    return f"SELECT ts, type, source, data\nFROM events{where}\nORDER BY ts DESC, id DESC\nLIMIT {limit};"
