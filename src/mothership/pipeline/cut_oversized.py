"""CutOversized: what is beyond the bounds of an event is cut, after redaction has seen the whole of it, and marked."""

from typing import NamedTuple

from mothership.event import Batch
from mothership.telemetry import events_cut
from mothership.truncation import CUT_FIELD, truncate


class Bounds(NamedTuple):
    """Of one event, as it is stored."""

    size: int
    """Bytes of compact JSON."""
    characters: int
    """Of a string."""
    keys: int
    """Keys and array elements, over all levels."""
    depth: int


class CutOversized:
    """Brings the events that the edge found to be oversized within the bounds. Costs the others nothing."""

    name = "CutOversized"

    def __init__(self, bounds: Bounds, *, counts: bool = True) -> None:
        """`counts`: whether what is cut is an event that came."""
        self._bounds = bounds
        self._counts = counts

    def __call__(self, batch: Batch) -> None:
        """Cut, and say in the event what was cut."""
        if not batch.oversized:
            return
        for event, index in zip(batch.events, batch.indices, strict=True):
            if index not in batch.oversized:
                continue
            applied = truncate(event, **self._bounds._asdict())
            before = batch.oversized[index]
            for bound in applied | before if self._counts else ():
                events_cut.labels(bound).inc()
            if applied or before:
                event[CUT_FIELD] = sorted(applied | before)
