"""Through the events of a range, newest first, a bounded number of rows at a time.

Rows come in the order that an index has, so the first page costs as much in a table of ten million rows as in one of a
thousand. Where the first part had not enough of a condition that the index of `data` knows, the rest is found through
that. A walk that would take too long ends, and says how far it came.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg

from mothership.errors import ReadError, WalkTooSlow
from mothership.named_sql import statements
from mothership.search.query import Contains, EventQuery, Position
from mothership.sinks.tsdb import event_sql
from mothership.sinks.tsdb.connection_pool import Connection
from mothership.sinks.tsdb.event_sql import Arguments, moment

READING = statements("mothership.sinks", "sql/reading.sql")

STEP_ROWS, STEP_ROWS_MIN, STEP_ROWS_MAX = 20_000, 300, 160_000
"""How many rows are looked at in one statement."""
TYPES_MAX = 64
"""Up to so many types the table is read by their index, in the order of time."""
FOUND_MAX = 20_000
"""Most rows that a condition's own index may bring."""
WINDOW_MICROS, WINDOW_MICROS_MAX = 60_000_000, 200 * 365 * 86_400_000_000
"""First and last span of time that is looked at where no index has the order of time."""
AHEAD_MICROS = 2 * 86_400_000_000
"""How far ahead of the clock an event's time may be."""
TOO_SLOW = "the database took longer than database.search.seconds: choose a shorter time, a type or a source"

Build = Callable[[str, Arguments], str]
"""Makes a statement of the rows that it looks at."""


class Reading:
    """A read-only transaction, and the time that it has."""

    def __init__(self, connection: Connection, seconds: float, ticks: Callable[[], float]) -> None:
        self.connection = connection
        self._ticks = ticks
        self._seconds = seconds
        self._deadline = ticks() + seconds

    @property
    def seconds_left(self) -> float:
        """How much of the reading's time is left; less than nothing when it is up."""
        return self._deadline - self._ticks()

    async def begin(self) -> None:
        """Open it; once more after a statement that was cancelled."""
        milliseconds = max(50, int(self.seconds_left * 1000))
        await self.connection.execute(READING["begin_reading"].format(statement_milliseconds=milliseconds))

    async def end(self) -> None:
        """End the transaction: nothing was changed in it."""
        await self.connection.execute("ROLLBACK")

    async def allow(self, seconds: float) -> None:
        """Give the next statements so long each."""
        milliseconds = max(50, int(seconds * 1000))
        await self.connection.execute(READING["statement_timeout"].format(statement_milliseconds=milliseconds))

    async def fetch(self, statement: str, arguments: Arguments) -> list[Any]:
        """Run a statement."""
        return list(await self.connection.fetch(statement, *arguments.values))


class Walk:
    """Part after part of a range: `fetch` from it, then `advance`, while it `goes_on`."""

    def __init__(
        self,
        reading: Reading,
        query: EventQuery,
        before: Position | None,
        *,
        types: Sequence[str] | None,
        by_time: bool,
        by_data: bool,
    ) -> None:
        """`types` are all those of the table, where they are few enough to be read by."""
        self._reading, self._query = reading, query
        self.place = before
        """All before this, in the order of the walk, has been looked at."""
        self.ended = False
        self._moved = False
        self._rows = STEP_ROWS
        self._column, self._values = "", list[str]()
        if sources := query.values("source"):
            self._column, self._values = "source", sources
        elif asked := query.values("type"):
            self._column, self._values = "type", asked
        elif not by_time and types is not None:
            self._column, self._values = "type", [*types]
        self._window = None if by_time or self._column else WINDOW_MICROS
        self._ceiling = int(time.time() * 1_000_000) + AHEAD_MICROS
        self._indexed = by_data and any(
            not clause.negated and all(isinstance(test, Contains) for test in clause.tests)
            for clause in query.clauses()
        )
        self._through_data = False

    @property
    def goes_on(self) -> bool:
        """There may be more, and time is left. Raises `ReadError` when all of the time led nowhere."""
        if self.ended:
            return False
        if self._reading.seconds_left > 0:
            return True
        if not self._moved:
            raise ReadError(TOO_SLOW)
        return False

    async def fetch(self, build: Build) -> list[Any]:
        """What a statement says of this part. One that takes too long looks at fewer rows."""
        while True:
            arguments = Arguments()
            statement = build(self._rows_looked_at(arguments), arguments)
            try:
                await self._reading.allow(self._reading.seconds_left / 2)
                return await self._reading.fetch(statement, arguments)
            except asyncpg.QueryCanceledError:
                await self._shrink()

    async def advance(self) -> None:
        """Go on to the next part."""
        if self._through_data:
            self.ended = True
            return
        arguments = Arguments()
        scan = self._rows_looked_at(arguments, offset=self._rows - 1)
        try:
            await self._reading.allow(max(0.1, self._reading.seconds_left))
            last = await self._reading.fetch(READING["scan_end"].format(scan=scan), arguments)
        except asyncpg.QueryCanceledError:
            await self._shrink()
            self.ended = False
            return
        self._moved = True
        if last:
            self.place = Position(last[0]["micros"], last[0]["id"])
            self._rows = min(2 * self._rows, STEP_ROWS_MAX)
        elif self._window is None or self._window >= WINDOW_MICROS_MAX:
            self.ended = True
            return
        else:
            self.place = Position(self._floor(), -1)
            self._window *= 4
        if self._indexed:
            self._indexed = False
            self._through_data = await self._is_rare()

    async def _is_rare(self) -> bool:
        """Whether few rows satisfy the conditions on `data`, so that its index has all that is left at once."""
        arguments = Arguments()
        rows = f"{self._rows_by_data(arguments)} LIMIT {FOUND_MAX}"
        await self._reading.connection.execute(READING["prefer_bitmap"])
        try:
            await self._reading.allow(max(0.1, self._reading.seconds_left / 2))
            counted = await self._reading.fetch(READING["scan_count"].format(scan=rows), arguments)
        except asyncpg.QueryCanceledError:
            await self._restart()
            return False
        if counted[0][0] < FOUND_MAX:
            return True
        await self._reading.connection.execute(READING["any_plan"])
        return False

    async def _shrink(self) -> None:
        """A statement took too long: look at fewer rows, in the order of time."""
        if self._reading.seconds_left <= 0 or (not self._through_data and self._rows <= STEP_ROWS_MIN):
            if not self._moved:
                raise ReadError(TOO_SLOW)
            raise WalkTooSlow
        if not self._through_data:
            self._rows = max(STEP_ROWS_MIN, self._rows // 8)
        await self._restart()

    async def _restart(self) -> None:
        self._through_data = False
        await self._reading.end()
        await self._reading.begin()

    def _rows_looked_at(self, arguments: Arguments, *, offset: int = 0) -> str:
        if self._through_data:
            return self._rows_by_data(arguments)
        ranged = event_sql.in_range(self._query, self.place, arguments)
        if self._window is not None:
            ranged.append(f"ts >= {arguments.add(moment(self._floor()))}")
        each = [[f"{self._column} = {arguments.add(value)}"] for value in self._values]
        if not each:
            each = [["false"]] if self._column else [[]]  # a table without any type is empty
        branches = " UNION ALL ".join(
            READING["branch"].format(conditions=" AND ".join([*one, *ranged]) or "true", rows=self._rows)
            for one in each
        )
        rows = f"{self._rows}" if not offset else f"1 OFFSET {offset}"
        return READING["scan"].format(branches=branches, rows=rows).rstrip(";")

    def _rows_by_data(self, arguments: Arguments) -> str:
        conditions = [
            *event_sql.in_range(self._query, self.place, arguments),
            *(event_sql.condition(clause, arguments) for clause in self._query.clauses()),
        ]
        return READING["by_condition"].format(conditions=" AND ".join(conditions) or "true")

    def _floor(self) -> int:
        """The earliest time of this part, where it is bounded by time."""
        top = self._query.until if self._query.until is not None else self._ceiling
        return (self.place.ts if self.place else top) - (self._window or 0)
