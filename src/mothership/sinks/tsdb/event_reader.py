"""`ports.EventReader` over the table `events`: hypertable and plain table alike."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from mothership.errors import ReadError, SinkError, WalkTooSlow
from mothership.search.query import COLUMNS, ERROR, FIELDS, SEVERITIES, EventQuery, Position
from mothership.search.results import (
    EventContext,
    EventPage,
    Facet,
    Facets,
    Histogram,
    LastError,
    StoredEvent,
    TemplateCount,
    TemplateCounts,
)
from mothership.sinks.tsdb import event_histogram, event_sql
from mothership.sinks.tsdb.connection_pool import Connection, ConnectionPool
from mothership.sinks.tsdb.event_histogram import HistogramQuery
from mothership.sinks.tsdb.event_sql import Arguments, moment
from mothership.sinks.tsdb.event_walk import READING, TOO_SLOW, TYPES_MAX, Reading, Walk
from mothership.sinks.tsdb.failures import DRIVER_ERRORS, classify, sqlstate
from mothership.sinks.tsdb.settings import SearchSettings

CUT_CHARACTERS = 1000
"""Of the message of an event that is too big for an answer."""
FACET_ROWS = 10_000
"""Most events whose values are counted."""
FACET_VALUES = 10
TEMPLATE_ROWS = 100_000
"""Most events whose templates are counted."""
TEMPLATES_MAX = 20_000
INDEXES_SECONDS = 60.0
"""For how long it is believed which indexes there are."""
WAIT_SECONDS = 2.0
"""Longest a search waits for a connection."""
BUSY = "too many searches are under way: try again in a moment"
QUERY_CANCELED = "57014"


class _Indexes(NamedTuple):
    by_time: bool
    by_data: bool
    looked: float


class TsdbEventReader:
    """Searches in short read-only transactions, on connections of its own: never on one that ingestion has."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        settings: SearchSettings,
        *,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._select_event = READING["select_event"].format(bytes=settings.event_bytes, begin=CUT_CHARACTERS)
        self._pool = ConnectionPool(connect, limit=settings.connections)
        self._ticks = ticks
        self._indexes: _Indexes | None = None

    async def search(self, query: EventQuery, *, limit: int, before: Position | None = None) -> EventPage:
        """See `ports.EventReader`."""
        limit = max(1, min(limit, self._settings.rows_max))
        found: list[StoredEvent] = []
        async with self._reading(self._settings.seconds) as reading:
            walk = await self._walk(reading, query, before)
            try:
                while walk.goes_on:
                    left = limit + 1 - len(found)
                    found += [_event(row) for row in await walk.fetch(self._newest(query, left))]
                    if len(found) > limit:
                        break
                    await walk.advance()
            except WalkTooSlow:
                pass
            return self._page(found, limit, walk)

    async def facets(self, query: EventQuery) -> Facets:
        """See `ports.EventReader`."""
        counts: dict[str, Counter[str]] = {field: Counter() for field in ("", *FIELDS)}
        async with self._reading(self._settings.seconds / 2) as reading:
            walk = await self._walk(reading, query, None)
            try:
                while walk.goes_on and counts[""][""] < FACET_ROWS:
                    for row in await walk.fetch(_count_values(query, FACET_ROWS - counts[""][""])):
                        counts[row["field"]][row["value"]] += row["events"]
                    if counts[""][""] < FACET_ROWS:
                        await walk.advance()
            except WalkTooSlow:
                pass
        return Facets([_facet(field, counts[field]) for field in FIELDS], counts[""][""], is_complete=walk.ended)

    async def template_counts(self, query: EventQuery, *, most: int) -> TemplateCounts:
        """See `ports.EventReader`."""
        most = min(most, TEMPLATE_ROWS)
        found: dict[str, TemplateCount] = {}
        counted = 0
        async with self._reading(self._settings.seconds / 2) as reading:
            walk = await self._walk(reading, query, None)
            try:
                while walk.goes_on and counted < most:
                    for row in await walk.fetch(_count_templates(query, most - counted)):
                        counted += row["events"]
                        _add_template(found, row)
                    if counted < most:
                        await walk.advance()
            except WalkTooSlow:
                pass
        return TemplateCounts([*found.values()], counted, is_complete=walk.ended)

    async def histogram(self, query: EventQuery, *, since: int, until: int, buckets: int) -> Histogram:
        """See `ports.EventReader`."""
        async with self._reading(self._settings.seconds) as reading:
            indexes = await self._known_indexes(reading.connection)
            types = None
            if not indexes.by_time and not any(query.values(field) for field in COLUMNS):
                types = await self._types(reading.connection)
            wanted = HistogramQuery.of_buckets(query, types, since=since, until=until, buckets=buckets)
            return await event_histogram.count(reading, wanted)

    async def context(self, source: str, ts: int, identity: int | None = None, *, each: int) -> EventContext:
        """See `ports.EventReader`."""
        each = min(each, self._settings.rows_max)
        place = moment(ts)
        async with self._reading(self._settings.seconds) as reading:

            async def around(relation: str, direction: str) -> list[StoredEvent]:
                arguments = Arguments()
                arguments.values += [source, each]
                at = arguments.add(place)
                if identity is None:
                    conditions = f"ts {relation} {at}"
                else:
                    bound = "=" if relation == "=" else f"{relation}="
                    conditions = f"ts {bound} {at} AND (ts, id) {relation} ({at}, {arguments.add(identity)})"
                statement = READING["around"].format(
                    select_event=self._select_event, conditions=conditions, direction=direction
                )
                return [_event(row) for row in await reading.fetch(statement, arguments)]

            before, at = await around("<", "DESC"), await around("=", "DESC")
            return EventContext((await around(">", "ASC"))[::-1], at, before)

    async def last_error(self, source: str) -> LastError:
        """See `ports.EventReader`."""
        page = await self.search(EventQuery(include=frozenset({("source", source)}), severity_at_least=ERROR), limit=1)
        if page.events:
            return LastError(page.events[0].ts, None)
        return LastError(None, page.next.ts if page.next else None)

    def sql(self, query: EventQuery, *, limit: int) -> str:
        """See `ports.EventReader`."""
        return event_sql.as_sql(query, limit=limit)

    async def close(self) -> None:
        """Give back every connection."""
        await self._pool.close()

    async def _walk(self, reading: Reading, query: EventQuery, before: Position | None) -> Walk:
        indexes = await self._known_indexes(reading.connection)
        types = None
        if not indexes.by_time and not any(query.values(field) for field in COLUMNS):
            types = await self._types(reading.connection)
        return Walk(reading, query, before, types=types, by_time=indexes.by_time, by_data=indexes.by_data)

    def _newest(self, query: EventQuery, rows: int) -> Callable[[str, Arguments], str]:
        def build(scan: str, arguments: Arguments) -> str:
            return READING["newest"].format(
                select_event=self._select_event,
                scan=scan,
                conditions=" AND ".join(event_sql.on_data(query, arguments)) or "true",
                rows=rows,
            )

        return build

    def _page(self, found: Sequence[StoredEvent], limit: int, walk: Walk) -> EventPage:
        """As many as fit into an answer, and one at least."""
        size = 0
        for position, event in enumerate(found[:limit]):
            size += len(event.data)
            if size > self._settings.page_bytes and position:
                return EventPage(found[:position], found[position - 1].position)
        if len(found) > limit:
            return EventPage(found[:limit], found[limit - 1].position)
        return EventPage(found, None) if walk.ended else EventPage(found, walk.place, is_partial=True)

    async def _known_indexes(self, connection: Connection) -> _Indexes:
        known = self._indexes
        if known is None or self._ticks() - known.looked > INDEXES_SECONDS:
            row = await connection.fetchrow(READING["indexes_to_read_by"])
            known = _Indexes(bool(row and row["by_time"]), bool(row and row["by_data"]), self._ticks())
            self._indexes = known
        return known

    async def _types(self, connection: Connection) -> list[str] | None:
        """The types of the table, or None when they are too many to read by."""
        found = [row["type"] for row in await connection.fetch(READING["types"], TYPES_MAX + 1)]
        return None if len(found) > TYPES_MAX else found

    @asynccontextmanager
    async def _reading(self, seconds: float) -> AsyncIterator[Reading]:
        """A read-only transaction. Raises `ReadError`."""
        self._pool.open()
        waiting = True
        try:
            # A server that hangs is left soon after its own time-out.
            async with asyncio.timeout(WAIT_SECONDS) as bound, self._pool.acquire() as connection:
                waiting = False
                bound.reschedule(asyncio.get_running_loop().time() + seconds + 2.0)
                reading = Reading(connection, seconds, self._ticks)
                await reading.begin()
                yield reading
                await reading.end()
        except TimeoutError:
            raise ReadError(BUSY if waiting else TOO_SLOW) from None
        except DRIVER_ERRORS as error:
            raise ReadError(TOO_SLOW if sqlstate(error) == QUERY_CANCELED else classify(error).reason) from None
        except SinkError as error:  # of connecting
            raise ReadError(error.reason) from None


def _count_values(query: EventQuery, rows: int) -> Callable[[str, Arguments], str]:
    def build(scan: str, arguments: Arguments) -> str:
        conditions = " AND ".join(event_sql.on_data(query, arguments)) or "true"
        return READING["count_values"].format(scan=scan, conditions=conditions, rows=rows, values=FACET_VALUES)

    return build


def _count_templates(query: EventQuery, rows: int) -> Callable[[str, Arguments], str]:
    def build(scan: str, arguments: Arguments) -> str:
        conditions = " AND ".join(event_sql.on_data(query, arguments)) or "true"
        return READING["count_templates"].format(scan=scan, conditions=conditions, rows=rows)

    return build


def _add_template(found: dict[str, TemplateCount], row: Any) -> None:
    """Join what two parts say; what is newer was found first."""
    identity = row["template_id"]
    if identity is None:
        return
    known = found.get(identity)
    if known is not None:
        found[identity] = known._replace(events=known.events + row["events"], verdict=known.verdict or row["verdict"])
    elif len(found) < TEMPLATES_MAX:
        found[identity] = TemplateCount(identity, row["events"], row["micros"], row["example"], row["verdict"])


def _facet(field: str, counts: Counter[str]) -> Facet:
    named = counts.most_common(FACET_VALUES)
    if field == "severity":
        numbers = {str(number): word for number, word in enumerate(SEVERITIES)}
        named = [(numbers[value], count) for value, count in named if value in numbers]
    return Facet(field, named)


def _event(row: Any) -> StoredEvent:
    return StoredEvent(row["micros"], row["id"], row["type"], row["source"], row["data"], row["is_cut"])
