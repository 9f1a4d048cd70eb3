"""Stored events: search, by an address that can be shared, and the same followed live.

Without a database there is nothing to search, and what is stored can be followed only.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mothership.console import event_download, live_events
from mothership.console.event_rows import shown
from mothership.console.page import Page
from mothership.console.respond import as_json
from mothership.edge.browser import CONSOLE
from mothership.errors import BadQuery, ReadError, Refusal
from mothership.live_tail.live_tail import LiveTail
from mothership.ports import Clock, EventReader
from mothership.search.logql import as_logql
from mothership.search.parameters import address, format_position, parse_position, parse_query
from mothership.search.query import FIELDS, SEVERITIES
from mothership.search.results import EventPage

ROWS = 100
BUCKETS = 120
"""Most bars of the histogram."""
HISTOGRAM_MICROS = 24 * 3600 * 1_000_000
"""What it spans where the question names no time."""


def page(reader: EventReader | None, tail: LiveTail, *, clock: Clock = time.time) -> Page:
    """The page, and the same as JSON."""

    async def content(request: Request) -> Mapping[str, Any]:
        pairs = [(name, value) for name, value in request.query_params.multi_items() if value]
        asked = live_events.asked(request)
        found, facets, last_error = EventPage([], None), None, None
        try:
            query = parse_query(asked, now=clock())
            place = next((parse_position(value) for name, value in pairs if name == "before"), None)
            if reader is not None:
                found = await reader.search(query, limit=ROWS, before=place)
                # Counting takes longer than the page may: it asks for the counts when it is there.
                if "facets" in request.query_params:
                    facets = await reader.facets(query)
                    if len(sources := query.values("source")) == 1:
                        last_error = await reader.last_error(sources[0])
        except BadQuery as error:
            raise Refusal(400, str(error)) from None
        except ReadError as error:
            if "live" not in request.query_params:  # what is stored from now on can be followed without it
                raise Refusal(503, error.reason, retry_after_seconds=5) from None
        here = request.scope["path"].removesuffix(".json")
        return {
            "asked": dict(asked),
            "filters": [
                {
                    "name": name,
                    "value": value,
                    "without": address(here, [pair for pair in asked if pair != (name, value)]),
                }
                for name, value in asked
                if name.removeprefix("-") in FIELDS or name in {"has", "lacks"}
            ],
            "events": [shown(event) for event in found.events],
            "next": address(here, [*asked, ("before", format_position(found.next))]) if found.next else None,
            "searched_back_to": found.next.ts if found.is_partial and found.next else None,
            "facets": [
                {
                    "field": facet.field,
                    "values": [
                        {"value": value, "count": count, "only": address(here, [*asked, (facet.field, value)])}
                        for value, count in facet.values
                    ],
                }
                for facet in (facets.facets if facets else ())
            ],
            "counted": facets.counted if facets else None,
            "counted_all": bool(facets and facets.is_complete),
            "count": address(here, [*asked, ("facets", "1")]),
            "sql": reader.sql(query, limit=ROWS) if reader else "",
            "logql": as_logql(query),
            "highlight": request.query_params.get("highlight", ""),
            "last_error": last_error and {"source": query.values("source")[0], **last_error._asdict()},
            "now": int(clock() * 1_000_000),
            "question": address("", asked),
            "severities": SEVERITIES,
            "is_live": "live" in request.query_params,
            "live": address(here, [*((n, v) for n, v in asked if n not in {"since", "until"}), ("live", "1")]),
            "not_live": address(here, asked),
            "can_search": reader is not None,
        }

    routes = [] if reader is None else [_histogram(reader, clock), *event_download.routes(reader, clock=clock)]
    stream = live_events.stream(tail, clock=clock)
    return Page("/events", "Events", "events.html", content, routes=routes, stream=stream)


def _histogram(reader: EventReader, clock: Clock) -> Route:
    """How many events there are in each span of time."""

    async def tell(request: Request) -> Response:
        now = clock()
        try:
            query = parse_query(live_events.asked(request), now=now)
            until = int(now * 1_000_000) if query.until is None else query.until
            since = until - HISTOGRAM_MICROS if query.since is None else query.since
            if since >= until:
                raise Refusal(400, "since must be before until")
            found = await reader.histogram(query, since=since, until=until, buckets=BUCKETS)
        except BadQuery as error:
            raise Refusal(400, str(error)) from None
        except ReadError as error:
            raise Refusal(503, error.reason, retry_after_seconds=5) from None
        return as_json({"since": since, "until": until, **asdict(found)})

    return Route(f"{CONSOLE}/events/histogram.json", tell)
