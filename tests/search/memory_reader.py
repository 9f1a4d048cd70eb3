"""The double of `ports.EventReader`, over the rows of a `MemorySink`."""

import json
from collections import Counter

from mothership.search.matching import EventAtHand, matcher
from mothership.search.query import ERROR, FIELDS, PATHS, SEVERITIES, EventQuery, Position
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
from mothership.sinks.memory import MemorySink
from mothership.sinks.tsdb.event_histogram import bucket_width


class MemoryEventReader:
    """Looks at every row. An event's id is its place in the sink."""

    def __init__(self, sink: MemorySink) -> None:
        self._sink = sink

    def _meant(self, query: EventQuery) -> list[StoredEvent]:
        matches = matcher(query)
        found = [
            StoredEvent(row.ts, number, row.type, row.source, row.data.decode())
            for number, row in enumerate(self._sink.rows)
            if matches(EventAtHand(row))
        ]
        return sorted(found, key=lambda event: event.position, reverse=True)

    async def search(self, query: EventQuery, *, limit: int, before: Position | None = None) -> EventPage:
        """See `ports.EventReader`."""
        found = [event for event in self._meant(query) if before is None or event.position < before]
        return EventPage(found[:limit], found[limit - 1].position if len(found) > limit else None)

    async def facets(self, query: EventQuery) -> Facets:
        """See `ports.EventReader`."""
        found = self._meant(query)
        counts = {field: Counter(filter(None, (_value(event, field) for event in found))) for field in FIELDS}
        return Facets([Facet(field, counts[field].most_common(10)) for field in FIELDS], len(found), is_complete=True)

    async def template_counts(self, query: EventQuery, *, most: int) -> TemplateCounts:
        """See `ports.EventReader`."""
        found: dict[str, TemplateCount] = {}
        meant = self._meant(query)
        events = meant[:most]
        for event in events:
            data = json.loads(event.data)
            if identity := data.get("template_id"):
                known = found.get(identity) or TemplateCount(identity, 0, event.ts, None, None)
                verdict = json.dumps(data["llm"]) if "llm" in data else known.verdict
                example = max(known.example or "", data.get("message") or "") or None
                found[identity] = known._replace(events=known.events + 1, example=example, verdict=verdict)
        return TemplateCounts([*found.values()], len(events), is_complete=len(events) == len(meant))

    async def histogram(self, query: EventQuery, *, since: int, until: int, buckets: int) -> Histogram:
        """See `ports.EventReader`."""
        width = bucket_width(since, until, buckets)
        begin = since // width * width
        counts = [0] * -(-(until - begin) // width)
        for event in self._meant(query):
            if since <= event.ts < until:
                counts[(event.ts - begin) // width] += 1
        return Histogram(begin, width, counts, is_estimate=False)

    async def context(self, source: str, ts: int, identity: int | None = None, *, each: int) -> EventContext:
        """See `ports.EventReader`."""
        found = self._meant(EventQuery(include=frozenset({("source", source)})))

        def key(event: StoredEvent) -> tuple[int, ...]:
            return (event.ts,) if identity is None else event.position

        place = (ts,) if identity is None else Position(ts, identity)
        after = [event for event in found if key(event) > place]
        return EventContext(
            after[-each:],
            [event for event in found if key(event) == place],
            [event for event in found if key(event) < place][:each],
        )

    async def last_error(self, source: str) -> LastError:
        """See `ports.EventReader`."""
        found = self._meant(EventQuery(include=frozenset({("source", source)}), severity_at_least=ERROR))
        return LastError(found[0].ts if found else None, None)

    def sql(self, query: EventQuery, *, limit: int) -> str:
        """See `ports.EventReader`."""
        return f"{query} {limit}"

    async def close(self) -> None:
        """Nothing to close."""


def _value(event: StoredEvent, field: str) -> str | None:
    if field in {"type", "source"}:
        return str(getattr(event, field))
    for path in PATHS[field]:
        value = json.loads(event.data)
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            return SEVERITIES[value] if field == "severity" else str(value)
    return None
