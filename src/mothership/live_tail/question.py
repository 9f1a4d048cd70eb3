"""One question that somebody follows: it is asked once of each event, however many follow it."""

from collections.abc import Sequence

from mothership.live_tail.messages import TailEvent
from mothership.live_tail.tail_log import TailLog
from mothership.search.matching import Matcher, matcher
from mothership.search.query import EventQuery

BURST_SECONDS = 5.0
"""How many seconds' worth of events may come at once."""


class TailQuestion:
    """Finds the events that are meant, no more of them than can be shown."""

    def __init__(self, query: EventQuery, events_per_second: float, now: float) -> None:
        self.query = query
        self._matches: Matcher | None = None if query == EventQuery() else matcher(query)
        self._rate = events_per_second
        self._room = events_per_second * BURST_SECONDS
        self._filled = now
        self.here = TailLog()
        """What this worker stored: for the other workers."""
        self.everywhere = TailLog()
        """What all workers stored: for readers."""

    def refill(self, now: float, share: float) -> None:
        """Time has gone by: so many more may be shown, of a rate that is a share of the full one."""
        rate = self._rate * share
        self._room = min(rate * BURST_SECONDS, self._room + rate * max(0.0, now - self._filled))
        self._filled = now

    def look(self, events: Sequence[TailEvent]) -> None:
        """Show those that are meant. When there is no room, the rest is left out unseen."""
        found: list[bytes] = []
        matches = self._matches
        for position, event in enumerate(events):
            if len(found) >= self._room:
                self.leave_out(len(events) - position)
                break
            if matches is None or matches(event):
                found.append(event.message)
        if found:
            self._room -= len(found)
            self.here.append(found)
            self.everywhere.append(found)

    def leave_out(self, events: int) -> None:
        """So many were not looked at."""
        self.here.leave_out(events)
        self.everywhere.leave_out(events)
