"""Who sends: each caller with its sources, when they were last seen, how their clocks go, and what has gone quiet."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from starlette.requests import Request

from mothership.activity.sources import CallerActivity, SourceActivity, SourcesSnapshot
from mothership.console.attention import AHEAD_SECONDS, BEHIND_SECONDS
from mothership.console.page import Page
from mothership.ports import Clock

SOURCES_SHOWN = 500


class Activity(Protocol):
    """What came in lately, over all workers."""

    def sources(self) -> SourcesSnapshot:
        """Who sends."""


def page(activity: Activity, *, clock: Clock = time.time) -> Page:
    """Who sends, and who has gone quiet."""

    async def content(request: Request) -> Mapping[str, Any]:
        """Those that have gone quiet first, then by when they were last seen; `q` looks for a part of a name."""
        now, wanted = clock(), request.query_params.get("q", "")[:200]
        found = activity.sources()
        sources = [each for each in found.sources if wanted.casefold() in f"{each.caller} {each.source}".casefold()]
        sources.sort(key=lambda each: (not each.is_quiet(now), -each.last))
        return {
            "q": wanted,
            "total": len(sources),
            "quiet": sum(each.is_quiet(now) for each in sources),
            "callers": [_caller(each, found.sources, now) for each in sorted(found.callers, key=lambda one: -one.last)],
            "sources": [_source(each, now) for each in sources[:SOURCES_SHOWN]],
            "left_out": max(0, len(sources) - SOURCES_SHOWN),
        }

    return Page("/sources", "Sources", "sources.html", content)


def _caller(caller: CallerActivity, sources: Sequence[SourceActivity], now: float) -> dict[str, Any]:
    return {
        "caller": caller.caller,
        "agent": caller.agent,
        "seen_seconds_ago": max(0.0, now - caller.last),
        "events": caller.events,
        "rejected": caller.rejected,
        "sources": sum(each.caller == caller.caller for each in sources),
    }


def _source(source: SourceActivity, now: float) -> dict[str, Any]:
    lag = source.lag_seconds
    return {
        "caller": source.caller,
        "source": source.source,
        "seen_seconds_ago": max(0.0, now - source.last),
        "is_quiet": source.is_quiet(now),
        "usual_pause_seconds": round(source.pause_seconds, 1),
        "events": source.events,
        "lag_seconds": round(lag, 1),
        "clock": "ahead" if lag < -AHEAD_SECONDS else "late" if lag > BEHIND_SECONDS else "fine",
    }
