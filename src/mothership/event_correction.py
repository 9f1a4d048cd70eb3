"""A person corrects an event that was set aside, and it goes the whole way again: redaction, check, enrichment.

What a sink had refused goes to that sink alone: the others have the event. What the pipeline had rejected goes to all.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from mothership import lossless_decimals
from mothership.dead_letters import PIPELINE
from mothership.errors import CorruptRecord, NotPersisted, Refusal
from mothership.event import Batch, Event, Row, RowBatch
from mothership.pipeline.rejected_rows import REJECTED_FIELD
from mothership.ports import Clock, DeadLetterStore
from mothership.relay.spool.record import SpoolRecord, unpack

REPAIRED_FIELD = "_repaired"
"""On the event: by whom and when."""
EVENT_CHARACTERS_MAX = 2 * 1024 * 1024


class Repaired(NamedTuple):
    """What became of an event that was corrected by hand."""

    sink: str
    """`pipeline`: it went to all."""
    type: str


class Repairs:
    """Over the dead letters of a data directory."""

    def __init__(
        self,
        store: Callable[[], DeadLetterStore],
        run: Callable[[Batch], Awaitable[RowBatch]],
        keep: Callable[[RowBatch], Awaitable[Any]],
        *,
        clock: Clock,
    ) -> None:
        """`run` is the pipeline, `keep` the relay."""
        self._store = store
        self._run = run
        self._keep = keep
        self._clock = clock

    async def repair(self, letter_id: str, position: int, text: str, by: str) -> Repaired:
        """Put this event in the place of a letter's. Raises `Refusal`, which quotes nothing of it."""
        try:
            letter = await asyncio.to_thread(self._store().letter, letter_id)
            record = unpack(letter.packed)
            record.rows[position]
        except (KeyError, IndexError):
            raise Refusal(404, "this event is no longer among the dead letters") from None
        except CorruptRecord:
            raise Refusal(409, "the record of this dead letter is damaged") from None
        batch = self._batch(_event(text), record.rows[position].source, record, by)
        rows = await self._run(batch)
        if not rows.rows:
            reasons = "; ".join(sorted({rejection.reason for rejection in batch.rejected}))
            raise Refusal(422, f"the repaired event is still refused: {reasons}")
        row: Row = rows.rows[0]
        try:
            if letter.sink == PIPELINE:
                # Kept before it is taken out: a process that dies in between leaves it twice, not nowhere.
                await self._keep(rows)
                await asyncio.to_thread(self._store().replace_row, letter_id, position, None)
            else:
                await asyncio.to_thread(self._store().replace_row, letter_id, position, row)
        except KeyError:
            raise Refusal(404, "this event is no longer among the dead letters") from None
        except NotPersisted as failure:
            raise Refusal(503, failure.reason, retry_after_seconds=failure.retry_after_seconds) from None
        return Repaired(letter.sink, row.type)

    def _batch(self, event: Event, source: str, record: SpoolRecord, by: str) -> Batch:
        event.pop(REJECTED_FIELD, None)
        at = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        event[REPAIRED_FIELD] = {"by": by, "at": at}
        batch = Batch([event], [0], secrets.token_bytes(32), record.request_id, record.received, client=record.client)
        batch.source, batch.oversized = source, {0: frozenset()}
        return batch


def _event(text: str) -> Event:
    if len(text) > EVENT_CHARACTERS_MAX:
        raise Refusal(413, "the repaired event is too large")
    try:
        event = lossless_decimals.decode(text.encode())
    except (ValueError, UnicodeEncodeError, RecursionError):
        raise Refusal(422, "the repaired event is not JSON") from None
    if not isinstance(event, dict):
        raise Refusal(422, "the repaired event is not a JSON object")
    if not isinstance(event.get("type"), str) or not event["type"]:
        raise Refusal(422, "the repaired event needs a `type`, a text")
    return event
