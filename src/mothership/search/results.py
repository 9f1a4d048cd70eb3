"""What is answered to a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mothership.search.query import Position


class StoredEvent(NamedTuple):
    """One event at rest."""

    ts: int
    """Microseconds since the Unix epoch."""
    id: int
    type: str
    source: str
    data: str
    """JSON; where the event was too big for the answer, an object with `_cut`, its size, and the message's begin."""
    is_cut: bool = False

    @property
    def position(self) -> Position:
        """Its place in the order of events."""
        return Position(self.ts, self.id)


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some of the events that are meant, newest first."""

    events: Sequence[StoredEvent]
    next: Position | None
    """From where on there may be more; None when there are none."""
    is_partial: bool = False
    """The search ran out of its time before the page was full: all from `next` on has not been looked at."""


class Facet(NamedTuple):
    """How often the values of a field occur."""

    field: str
    values: Sequence[tuple[str, int]]
    """The most frequent ones, and their counts."""


@dataclass(frozen=True, slots=True)
class Facets:
    """Values and counts, of the newest events that are meant."""

    facets: Sequence[Facet]
    counted: int
    """How many events were counted."""
    is_complete: bool
    """These are all that there are."""


class TemplateCount(NamedTuple):
    """The events of one template."""

    id: str
    events: int
    newest: int
    """Microseconds since the Unix epoch."""
    example: str | None
    """The begin of one of their messages, where they have any."""
    verdict: str | None
    """What the language model said of it, as JSON."""


@dataclass(frozen=True, slots=True)
class TemplateCounts:
    """Templates and how many events each has, of the newest events that are meant, in no order."""

    templates: Sequence[TemplateCount]
    counted: int
    """How many events were counted, those without a template among them."""
    is_complete: bool
    """These are all that there are."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many events there are in each span of time."""

    begin: int
    """Begin of the first bucket: microseconds since the epoch."""
    width: int
    """Of a bucket, in microseconds."""
    counts: Sequence[int]
    is_estimate: bool
    """A part of each bucket was counted."""


@dataclass(frozen=True, slots=True)
class EventContext:
    """What happened around an event at its source, newest first."""

    after: Sequence[StoredEvent]
    at: Sequence[StoredEvent]
    """The event itself, and what has its very time."""
    before: Sequence[StoredEvent]


class LastError(NamedTuple):
    """When a source had its last error."""

    ts: int | None
    """None: none was found."""
    looked_back_to: int | None
    """Where the search ended, if it did not see all of the source's events."""
