"""What is left of rejected events: redacted like any other, for the operator alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from mothership.event import Batch, Event, Row, RowBatch
from mothership.pipeline.row_encoding import encode_rows
from mothership.ports import Processor
from mothership.truncation import ELLIPSIS

REJECTED_FIELD = "_rejected"
"""Of what is left: the reason, and where the event stood in the request."""
EVENTS_MAX = 100


async def rejected_rows(batch: Batch, processors: Sequence[Processor]) -> tuple[RowBatch, list[str]]:
    """Rows of a batch's first rejected events with their reasons.

    What the edge refused is redacted here. Of what a processor rejected, which may be redacted by half, only the reason
    is left; so it is of what redaction refuses now.
    """
    rows: list[Row] = []
    reasons: list[str] = []
    for rejection in sorted(batch.rejected, key=lambda one: one.index)[:EVENTS_MAX]:
        sent = batch.remains.get(rejection.index)
        event = {} if sent is None else _redacted(batch, sent, processors)
        event[REJECTED_FIELD] = {"index": rejection.index, "reason": rejection.reason}
        rows += encode_rows(_alone(batch, event), lambda part: [part.received] * len(part.events))
        reasons.append(rejection.reason)
        await asyncio.sleep(0)
    return RowBatch(batch.fingerprint, batch.request_id, batch.received, rows, batch.client), reasons


def _alone(batch: Batch, event: Event) -> Batch:
    return replace(batch, events=[event], indices=[0], times=[], rejected=[], unsafe=set(), oversized={0: frozenset()})


def _redacted(batch: Batch, event: Event, processors: Sequence[Processor]) -> Event:
    part = _alone(batch, event)
    for processor in processors:
        try:
            processor(part)
        except Exception:  # noqa: BLE001 - whatever it is, nothing that is not redacted may be kept
            return {"value": ELLIPSIS}
    return part.events[0] if part.events else {"value": ELLIPSIS}
