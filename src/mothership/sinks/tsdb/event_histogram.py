"""How many events there are in each span of time: all of them counted, or a slice of each span where they are many."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import orjson

from mothership.errors import ReadError
from mothership.search.query import Column, EventQuery
from mothership.search.results import Histogram
from mothership.sinks.tsdb import event_sql
from mothership.sinks.tsdb.event_sql import Arguments, moment
from mothership.sinks.tsdb.event_walk import READING, TOO_SLOW, Reading

WIDTHS_SECONDS = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400),
    *(2 * 86_400, 7 * 86_400, 14 * 86_400, 28 * 86_400, 91 * 86_400, 364 * 86_400, 3640 * 86_400, 36_400 * 86_400),
)
"""What a bucket may span."""
COUNTED_BY_INDEX_MAX, COUNTED_BY_DATA_MAX = 400_000, 60_000
"""Most rows of the range that are counted one by one: with an index alone, and with a look at each row."""
SLICES = (1, 4, 16, 64, 256, 1024)
"""Of a bucket, one part of so many is counted."""


def bucket_width(since: int, until: int, buckets: int) -> int:
    """The shortest span in microseconds that needs no more buckets than that."""
    span = max(1, until - since)
    for seconds in WIDTHS_SECONDS:
        width = seconds * 1_000_000
        if span <= width * (buckets - 1):  # it begins on a multiple
            return width
    return -(-span // (buckets - 1))


@dataclass(frozen=True, slots=True)
class HistogramQuery:
    """Which events are counted, and in which buckets. Times and widths in microseconds."""

    query: EventQuery
    types: Sequence[str] | None
    """All those of the table, where they are known."""
    since: int
    until: int
    width: int
    """Of a bucket. The first one begins on a multiple of it."""

    @classmethod
    def of_buckets(
        cls, query: EventQuery, types: Sequence[str] | None, *, since: int, until: int, buckets: int
    ) -> "HistogramQuery":
        """In so many buckets at most."""
        return cls(query, types, since, until, bucket_width(since, until, buckets))

    @property
    def begin(self) -> int:
        """Of the first bucket."""
        return self.since // self.width * self.width

    @property
    def buckets(self) -> int:
        """How many there are."""
        return -(-(self.until - self.begin) // self.width)

    @property
    def rows_max(self) -> int:
        """How many rows can be counted one by one."""
        looks_at_data = bool(event_sql.on_data(self.query, Arguments()) and not _is_by_columns(self.query))
        return COUNTED_BY_DATA_MAX if looks_at_data else COUNTED_BY_INDEX_MAX

    def conditions(self, arguments: Arguments) -> str:
        """What an event that counts satisfies."""
        conditions = [_in_range(self.since, self.until, arguments)]
        if self.types is not None:  # so that the index of types and times can be used
            conditions.append(f"type = ANY ({arguments.add([*self.types])})")
        return " AND ".join([*conditions, *event_sql.on_data(self.query, arguments)])


async def count(reading: Reading, wanted: HistogramQuery) -> Histogram:
    """Count within the time that the transaction has.

    Raises `ReadError` when even a small part of each bucket takes too long.
    """
    expected = await _expected_rows(reading, wanted.query, wanted.since, wanted.until)
    for parts in SLICES:
        if expected > wanted.rows_max * parts:
            continue
        if reading.seconds_left <= 0:
            break
        try:
            await reading.allow(reading.seconds_left / 2)
            counts = await (_count_all(reading, wanted) if parts == 1 else _count_slices(reading, wanted, parts))
        except asyncpg.QueryCanceledError:
            await reading.end()
            await reading.begin()
            continue
        return Histogram(wanted.begin, wanted.width, counts, is_estimate=parts > 1)
    raise ReadError(TOO_SLOW)


async def _count_all(reading: Reading, wanted: HistogramQuery) -> list[int]:
    arguments = Arguments()
    statement = READING["count_by_time"].format(
        conditions=wanted.conditions(arguments),
        width=f"{arguments.add(_span(wanted.width))}::INTERVAL",
        begin=arguments.add(moment(wanted.begin)),
    )
    counts = [0] * wanted.buckets
    for row in await reading.fetch(statement, arguments):
        counts[(row["micros"] - wanted.begin) // wanted.width] = row["events"]
    return counts


async def _count_slices(reading: Reading, wanted: HistogramQuery, parts: int) -> list[int]:
    arguments = Arguments()
    statement = READING["count_slices"].format(
        conditions=wanted.conditions(arguments),
        buckets=wanted.buckets,
        begin=f"{arguments.add(moment(wanted.begin))}::TIMESTAMPTZ",
        width=f"{arguments.add(_span(wanted.width))}::INTERVAL",
        slice=f"{arguments.add(_span(wanted.width // parts))}::INTERVAL",
    )
    counts = [0] * wanted.buckets
    for row in await reading.fetch(statement, arguments):
        counts[row["bucket"]] = row["events"] * parts
    return counts


async def _expected_rows(reading: Reading, query: EventQuery, since: int, until: int) -> float:
    """What the planner expects of the range, and of the conditions on columns: it keeps statistics of those."""
    arguments = Arguments()
    conditions = [
        _in_range(since, until, arguments),
        *(
            event_sql.condition(clause, arguments)
            for clause in query.clauses()
            if all(isinstance(test, Column) for test in clause.tests)
        ),
    ]
    statement = f"EXPLAIN (FORMAT JSON) SELECT FROM events WHERE {' AND '.join(conditions)}"
    plan: Any = orjson.loads((await reading.fetch(statement, arguments))[0][0])
    return float(plan[0]["Plan"]["Plan Rows"])


def _in_range(since: int, until: int, arguments: Arguments) -> str:
    return f"ts >= {arguments.add(moment(since))} AND ts < {arguments.add(moment(until))}"


def _is_by_columns(query: EventQuery) -> bool:
    tests = [test for clause in query.clauses() for test in clause.tests]
    return not (query.words or query.without_words) and all(isinstance(test, Column) for test in tests)


def _span(micros: int) -> timedelta:
    return timedelta(microseconds=micros)
