"""The events of a question as a file: NDJSON or CSV, page after page as they are found, newest first."""

import csv
import io
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from mothership.console.live_events import asked
from mothership.console.respond import HEADERS
from mothership.edge.browser import CONSOLE
from mothership.errors import BadQuery, ReadError, Refusal
from mothership.ports import Clock, EventReader
from mothership.search.parameters import iso_time, parse_query
from mothership.search.query import MESSAGE, EventQuery
from mothership.search.results import EventPage, StoredEvent
from mothership.spreadsheet_escaping import defused

ROWS_MAX = 100_000
"""Most events of a file."""
PAGE_ROWS = 500
COLUMNS = ("time", "type", "source", "severity_num", "service", "message", "data")


def routes(reader: EventReader, *, clock: Clock = time.time) -> list[Route]:
    """`/console/events/download.ndjson` and `.csv`."""
    kinds: dict[str, tuple[str, Callable[[Sequence[StoredEvent], bool], str]]] = {
        "ndjson": ("application/x-ndjson", ndjson_lines),
        "csv": ("text/csv; charset=utf-8; header=present", csv_lines),
    }

    def route(kind: str) -> Route:
        media_type, lines = kinds[kind]

        async def download(request: Request) -> Response:
            try:
                query = parse_query(asked(request), now=clock())
                first = await reader.search(query, limit=PAGE_ROWS)
            except BadQuery as error:
                raise Refusal(400, str(error)) from None
            except ReadError as error:
                raise Refusal(503, error.reason, retry_after_seconds=5) from None
            name = f"events-{iso_time(int(clock() * 1e6))[:19].replace(':', '')}Z.{kind}"
            headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
            return StreamingResponse(_file(reader, query, first, lines), headers=headers, media_type=media_type)

        return Route(f"{CONSOLE}/events/download.{kind}", download)

    return [route(kind) for kind in kinds]


async def _file(
    reader: EventReader, query: EventQuery, page: EventPage, lines: Callable[[Sequence[StoredEvent], bool], str]
) -> AsyncIterator[str]:
    """The whole of it. An error in the middle ends the connection: nobody takes a part for the whole."""
    left = ROWS_MAX
    yield lines(page.events, True)
    while page.next is not None and left > len(page.events):
        left -= len(page.events)
        page = await reader.search(query, limit=min(PAGE_ROWS, left), before=page.next)
        if page.events:
            yield lines(page.events, False)


def ndjson_lines(events: Sequence[StoredEvent], _is_first: bool) -> str:
    """A line of JSON each, as a live tail has it."""
    lines = []
    for event in events:
        head = {"ts": event.ts, "time": iso_time(event.ts), "type": event.type, "source": event.source}
        is_cut = "true" if event.is_cut else "false"
        lines.append(f'{orjson.dumps(head).decode()[:-1]},"is_cut":{is_cut},"data":{event.data}}}\n')
    return "".join(lines)


def csv_lines(events: Sequence[StoredEvent], is_first: bool) -> str:
    """RFC 4180, and no text that a spreadsheet would run."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if is_first:
        writer.writerow(COLUMNS)
    for event in events:
        writer.writerow(map(defused, _cells(event)))
    return text.getvalue()


def _cells(event: StoredEvent) -> tuple[Any, ...]:
    data = orjson.loads(event.data)
    fields = data if isinstance(data, dict) else {}
    message = fields.get(MESSAGE)
    return (
        iso_time(event.ts),
        event.type,
        event.source,
        *(_cell(fields.get(name)) for name in ("severity_num", "service")),
        message if isinstance(message, str) else "",
        event.data,
    )


def _cell(value: Any) -> Any:
    return value if isinstance(value, int | float | str) or value is None else orjson.dumps(value).decode()
