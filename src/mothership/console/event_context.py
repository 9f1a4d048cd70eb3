"""An event in its context: what came before and after it at the same source, and when that had its last error."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from mothership.console.event_rows import shown
from mothership.console.page import Page
from mothership.errors import ReadError, Refusal
from mothership.ports import EventReader
from mothership.search.parameters import CHARACTERS_MAX
from mothership.search.query import SEVERITIES

EACH = 50
NUMBER_MAX = 6 * 10**16
"""About a thousand and nine hundred years of microseconds, to either side."""


def page(reader: EventReader) -> Page:
    """The page; its address names source, time and, where it is known, the event."""

    async def content(request: Request) -> Mapping[str, Any]:
        source = request.query_params.get("source", "")
        ts, identity = (_number(request, name) for name in ("ts", "id"))
        if ts is None or not source or len(source) > CHARACTERS_MAX or "\0" in source:
            raise Refusal(400, "an event's context is asked for by its source and its ts, in microseconds since 1970")
        try:
            found = await reader.context(source, ts, identity, each=EACH)
            last_error = await reader.last_error(source)
        except ReadError as error:
            raise Refusal(503, error.reason, retry_after_seconds=5) from None
        return {
            "source": source,
            "ts": ts,
            "after": [shown(event) for event in found.after],
            "at": [shown(event) for event in found.at],
            "before": [shown(event) for event in found.before],
            "each": EACH,
            "last_error": last_error._asdict(),
            "severities": SEVERITIES,
        }

    return Page("/events/context", "Events in context", "event_context.html", content, in_navigation=False)


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    if not text:
        return None
    try:
        number = int(text)
    except ValueError:
        number = NUMBER_MAX + 1
    if abs(number) > NUMBER_MAX:
        raise Refusal(400, f"{name} must be a whole number")
    return number
