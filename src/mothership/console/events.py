"""Stored events: search, by an address that can be shared, and the same followed live.

Without a database there is nothing to search, and what is stored can be followed only.
"""

import time
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request

from mothership.console import live_events
from mothership.console.page import Page
from mothership.errors import ReadError, Refusal
from mothership.live_tail.live_tail import LiveTail
from mothership.ports import Clock, EventReader
from mothership.search.parameters import BadQuery, address, format_position, parse_position, parse_query
from mothership.search.query import FIELDS, SEVERITIES
from mothership.search.results import EventPage, StoredEvent

ROWS = 100
MESSAGE_CHARACTERS = 500
DATA_CHARACTERS = 8_000
"""Of one event on the page; its JSON has all."""


def page(reader: EventReader | None, tail: LiveTail, *, clock: Clock = time.time) -> Page:
    """The page, and the same as JSON."""

    async def content(request: Request) -> Mapping[str, Any]:
        pairs = [(name, value) for name, value in request.query_params.multi_items() if value]
        asked = live_events.asked(request)
        found, facets, sql = EventPage([], None), None, ""
        try:
            query = parse_query(asked, now=clock())
            place = next((parse_position(value) for name, value in pairs if name == "before"), None)
            if reader is not None:
                found = await reader.search(query, limit=ROWS, before=place)
                sql = reader.sql(query, limit=ROWS)
                # Counting takes longer than the page may: it asks for the counts when it is there.
                facets = await reader.facets(query) if "facets" in request.query_params else None
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
            "events": [_shown(event) for event in found.events],
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
            "sql": sql,
            "severities": SEVERITIES,
            "is_live": "live" in request.query_params,
            "live": address(here, [*((n, v) for n, v in asked if n not in {"since", "until"}), ("live", "1")]),
            "not_live": address(here, asked),
            "can_search": reader is not None,
        }

    return Page("/events", "Events", "events.html", content, stream=live_events.stream(tail, clock=clock))


def _shown(event: StoredEvent) -> dict[str, Any]:
    data = orjson.loads(event.data)
    message, severity = (data.get("message"), data.get("severity_num")) if isinstance(data, dict) else (None, None)
    text = message if isinstance(message, str) else event.data
    return {
        "ts": event.ts,
        "id": str(event.id),
        "type": event.type,
        "source": event.source,
        "severity_num": severity if severity in range(len(SEVERITIES)) else None,
        "text": text[:MESSAGE_CHARACTERS],
        "data": event.data[:DATA_CHARACTERS],
        "is_cut": event.is_cut or len(event.data) > DATA_CHARACTERS,
    }
