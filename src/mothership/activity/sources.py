"""Who sends, and who has stopped: of each caller and each source when it was last seen, and how its clock goes.

All names are as redaction left them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import TypeVar

import msgspec

from mothership.event import Row
from mothership.fair_cache import FairCache

SOURCES_MAX = 5_000
"""Most sources that are remembered. Past it the caller with most of them loses the one that was silent longest."""
CALLERS_MAX = 1_000
LOOKED_AT_ROWS = 100
"""Of a batch, for how the clocks of its sources go."""
REMEMBERED_SECONDS = 7 * 86400.0
SILENT_SECONDS = 300.0
"""Nobody has gone quiet before that."""
SILENT_TIMES = 6.0
"""Nor before so many times the pause that is usual for it."""
BATCHES_FOR_A_HABIT = 3
SMOOTHING = 0.2
LAG_RELAXES = 0.02
"""How fast the least lag that was seen is forgotten, a batch: clocks are set."""
_type, _source = itemgetter(1), itemgetter(2)


class SourceActivity(msgspec.Struct):
    """One source of events, behind one caller. Times are seconds since the Unix epoch."""

    caller: str
    source: str
    first: float
    last: float
    events: int = 0
    batches: int = 0
    pause_seconds: float = 0.0
    """Between two batches, as is usual for it."""
    lag_seconds: float = 0.0
    """From an event's own time to its receipt, at best: with clocks that agree it is above 0, and small."""

    def took(self, events: int, now: float, lag_seconds: float | None) -> None:
        """A batch with so many of its events came."""
        if self.batches:
            pause = max(0.0, now - self.last)
            usual = self.pause_seconds if self.batches > 1 else pause
            self.pause_seconds = usual + SMOOTHING * (pause - usual)
        if lag_seconds is not None:
            relaxed = self.lag_seconds + LAG_RELAXES * (lag_seconds - self.lag_seconds)
            self.lag_seconds = min(lag_seconds, relaxed) if self.batches else lag_seconds
        self.last = max(self.last, now)
        self.events += events
        self.batches += 1

    def is_quiet(self, now: float) -> bool:
        """Whether it has stopped: it had a habit, and is long past it."""
        late = max(SILENT_SECONDS, SILENT_TIMES * self.pause_seconds)
        return self.batches >= BATCHES_FOR_A_HABIT and now - self.last > late

    def merge(self, other: "SourceActivity") -> "SourceActivity":
        """The same source, as two workers saw it."""
        later, earlier = (self, other) if self.last >= other.last else (other, self)
        return SourceActivity(
            self.caller,
            self.source,
            min(self.first, other.first),
            later.last,
            self.events + other.events,
            self.batches + other.batches,
            _merged_pause(later.pause_seconds, earlier.pause_seconds),
            min(self.lag_seconds, other.lag_seconds),
        )


class CallerActivity(msgspec.Struct):
    """What a caller has sent lately, and when it did so last."""

    caller: str
    last: float
    events: int = 0
    rejected: int = 0
    agent: str = ""
    """What it calls itself (`User-Agent`), its version with it."""

    def merge(self, other: "CallerActivity") -> "CallerActivity":
        """The same caller, as two workers saw it."""
        later = self if self.last >= other.last else other
        return CallerActivity(
            self.caller, later.last, self.events + other.events, self.rejected + other.rejected, later.agent
        )


class SourcesSnapshot(msgspec.Struct):
    """All sources and callers that are remembered, as one worker writes them down."""

    sources: list[SourceActivity] = []
    callers: list[CallerActivity] = []

    def merge(self, other: "SourcesSnapshot") -> "SourcesSnapshot":
        """Of two workers."""
        sources = {(each.caller, each.source): each for each in self.sources}
        for each in other.sources:
            known = sources.get((each.caller, each.source))
            sources[each.caller, each.source] = known.merge(each) if known else each
        callers = {each.caller: each for each in self.callers}
        for one in other.callers:
            met = callers.get(one.caller)
            callers[one.caller] = met.merge(one) if met else one
        return SourcesSnapshot(list(sources.values()), list(callers.values()))


class Sources:
    """Of one worker."""

    def __init__(self, known: SourcesSnapshot | None = None) -> None:
        self._sources: FairCache[str, SourceActivity] = FairCache(SOURCES_MAX)
        self._callers: FairCache[str, CallerActivity] = FairCache(CALLERS_MAX)
        for source in sorted(known.sources if known else (), key=lambda each: each.last):
            self._sources.put(source.caller, source.source, source)
        for caller in sorted(known.callers if known else (), key=lambda each: each.last):
            self._callers.put("", caller.caller, caller)

    def took(self, caller: str, agent: str, rows: Sequence[Row], now: float) -> None:
        """A batch of this caller was kept. Asked for each, so it does little for an event."""
        met = self._caller(caller, now)
        met.last = max(met.last, now)
        met.events += len(rows)
        met.agent = agent or met.agent
        if len(rows) == 1:
            self._met(caller, rows[0].source, 1, rows[0].ts, now)
            return
        newest = {row.source: row.ts for row in rows[:: max(1, len(rows) // LOOKED_AT_ROWS)]}
        for name, events in Counter(map(_source, rows)).items():
            self._met(caller, name, events, newest.get(name), now)

    def _met(self, caller: str, name: str, events: int, ts: int | None, now: float) -> None:
        source = self._sources.get(caller, name)
        if source is None:
            source = SourceActivity(caller, name, now, now)
            self._sources.put(caller, name, source)
        source.took(events, now, None if ts is None else now - ts / 1_000_000)

    def rejected(self, caller: str, events: int, now: float) -> None:
        """So many events of this caller were not taken."""
        met = self._caller(caller, now)
        met.last = max(met.last, now)
        met.rejected += events

    def snapshot(self, now: float) -> SourcesSnapshot:
        """All that were seen in the last week."""
        return SourcesSnapshot(_recent(self._sources.values(), now), _recent(self._callers.values(), now))

    def _caller(self, caller: str, now: float) -> CallerActivity:
        met = self._callers.get("", caller)
        if met is None:
            met = CallerActivity(caller, now)
            self._callers.put("", caller, met)
        return met


A = TypeVar("A", SourceActivity, CallerActivity)


def _recent(activities: Iterable[A], now: float) -> list[A]:
    return [each for each in activities if now - each.last < REMEMBERED_SECONDS]


def _merged_pause(one: float, other: float) -> float:
    """The usual pause of what comes by two ways."""
    return one * other / (one + other) if one and other else one or other
