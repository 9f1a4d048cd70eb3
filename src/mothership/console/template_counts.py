"""Kinds of messages: the commonest, what is new since yesterday, what has become rare or frequent, with their verdicts.

Counted over the stored events of the last 24 hours and of the 24 before, within the bounds of every search. What is
compared are shares where not all could be counted.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from mothership.console.page import Page
from mothership.edge.browser import CONSOLE
from mothership.errors import ReadError, Refusal
from mothership.ports import Clock, EventReader
from mothership.search.query import EventQuery
from mothership.search.results import TemplateCount, TemplateCounts

DAY_MICROS = 86_400_000_000
FIRST_EVENTS, ALL_EVENTS = 20_000, 100_000
"""Of each day, so many of the newest are counted for the page, and so many when it asks for more: that takes longer."""
SHOWN = 50
CHANGE_FACTOR = 3.0
"""So many times as many, or as few, is a change worth a look."""
EVENTS_MIN = 10
"""With fewer than that, on the side that has more, it is chance."""
ALWAYS_ON = "pipeline:\n  templates:\n    enabled: true\n"


def page(reader: EventReader | None, text_of: Callable[[str], str | None] | None, *, clock: Clock = time.time) -> Page:
    """The page. `reader` is None without TimescaleDB; `text_of` tells a template's text, None while none are made."""

    async def content(request: Request) -> Mapping[str, Any]:
        now = int(clock() * 1_000_000)
        most = ALL_EVENTS if "more" in request.query_params else FIRST_EVENTS
        told: dict[str, Any] = {"is_on": text_of is not None, "has_reader": reader is not None, "turn_on": ALWAYS_ON}
        if reader is None:
            return told
        try:
            today = await reader.template_counts(EventQuery(since=now - DAY_MICROS, until=now + 1), most=most)
            before = await reader.template_counts(
                EventQuery(since=now - 2 * DAY_MICROS, until=now - DAY_MICROS), most=most
            )
        except ReadError as error:
            raise Refusal(503, error.reason, retry_after_seconds=5) from None
        is_first = most == FIRST_EVENTS and not (today.is_complete and before.is_complete)
        more = f"{CONSOLE}/templates?more=1" if is_first else None
        return told | compared(today, before, text_of or (lambda _identity: None)) | {"more": more}

    return Page("/templates", "Templates", "templates.html", content)


def compared(today: TemplateCounts, before: TemplateCounts, text_of: Callable[[str], str | None]) -> dict[str, Any]:
    """Both days, side by side."""
    here = {each.id: each for each in today.templates}
    there = {each.id: each for each in before.templates}
    scale = 1.0
    if not (today.is_complete and before.is_complete) and before.counted:
        scale = today.counted / before.counted
    rows = {
        identity: _row(here.get(identity), there.get(identity), text_of(identity), scale)
        for identity in (*here, *(each for each in there if each not in here))
    }
    by_events = sorted(rows.values(), key=lambda row: (-row["events"], row["id"]))
    changed = [row for row in by_events if row["events"] and row["events_before"] and row["change"]]
    new = [row for row in by_events if row["events"] and not row["events_before"]]
    # An event may be missing in a day of which a part was counted; then nobody knows whether it is new, or gone.
    return {
        "templates": len(here),
        "counted": today.counted,
        "counted_all": today.is_complete,
        "counted_before": before.counted,
        "compares": bool(before.counted),
        "with_template": sum(each.events for each in today.templates),
        "commonest": [row for row in by_events if row["events"]][:SHOWN],
        "new": new[:SHOWN] if before.counted and before.is_complete else None,
        "frequent": [row for row in changed if row["change"] > 1][:SHOWN],
        "rare": _rare(rows.values(), today)[:SHOWN],
    }


def _rare(rows: Any, today: TemplateCounts) -> Sequence[dict[str, Any]]:
    fewer = [row for row in rows if row["change"] and row["change"] < 1]
    fewer += [row for row in rows if not row["events"] and row["events_before"] >= EVENTS_MIN and today.is_complete]
    return sorted(fewer, key=lambda row: (-row["events_before"], row["id"]))


def _row(today: TemplateCount | None, before: TemplateCount | None, text: str | None, scale: float) -> dict[str, Any]:
    newest = today or before
    if newest is None:
        raise ValueError("a template of neither day")
    events, events_before = today.events if today else 0, before.events if before else 0
    return {
        "id": newest.id,
        "text": text or newest.example or "",
        "is_example": text is None,
        "events": events,
        "events_before": events_before,
        "newest": newest.newest,
        "change": _change(events, events_before * scale),
        "verdict": _verdict(newest.verdict),
        "events_page": f"/console/events?{urlencode({'has': json.dumps({'template_id': newest.id})})}",
    }


def _change(events: int, expected: float) -> float | None:
    """How many times as many as expected, where that is no chance; None: about as many, or nobody can tell."""
    if not (events and expected) or max(events, expected) < EVENTS_MIN:
        return None
    factor = events / expected
    return round(factor, 2) if factor >= CHANGE_FACTOR or factor <= 1 / CHANGE_FACTOR else None


def _verdict(text: str | None) -> Mapping[str, str] | None:
    """What the language model said, of which nothing is taken for granted: a node may send such a field."""
    try:
        said = json.loads(text or "null")
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    return {name: str(said.get(name, ""))[:300] for name in ("category", "priority", "summary")}
