"""Records that no event could be made of: set apart from the others, and explained to whoever sent them."""

from mothership.event import Batch, Event

REASONS_SHOWN = 5
"""Most rejected records that an answer explains; it counts them all."""


def take_unreadable(decoded: list[Event | str]) -> tuple[list[Event], dict[int, str]]:
    """Return the events, and by place the reason that stood there instead of one: an empty event takes its place."""
    unreadable = {place: reason for place, reason in enumerate(decoded) if isinstance(reason, str)}
    events: list[Event] = decoded  # type: ignore[assignment]  # it is, after the next two lines
    for place in unreadable:
        events[place] = {}
    return events, unreadable


def explained(batch: Batch) -> str:
    """Why records were rejected, the first few by their place in the request."""
    rejected = sorted(batch.rejected, key=lambda rejection: rejection.index)
    shown = [f"record {fault.index}: {fault.reason}" for fault in rejected[:REASONS_SHOWN]]
    more = len(rejected) - len(shown)
    return "; ".join([*shown, f"and {more} more"] if more else shown)
