"""Is an equal request the same one, sent again? For clients that send again and do not say so: OTLP's and Loki's.

It is for some minutes only: a device whose clock begins anew at each start says the same every day, and a file that is
replayed is meant to be. Nothing is remembered for it here, so every worker and instance decides alike: the identity of
a request holds the period of time in which it came.
"""

from collections.abc import Iterable
from datetime import datetime

from mothership.edge.batch_builder import BatchBuilder
from mothership.edge.ingest_protocol import IngestRequest
from mothership.edge.unreadable import take_unreadable
from mothership.event import Batch, Event

AHEAD_MICROSECONDS = 60_000_000
"""How far a sender's clock may be ahead for its records to count as new ones."""
LIVE = 0
"""The period of requests whose records are as new as that: an equal one can't come later than the window is long."""


class RepeatWindow:
    """How long an equal request is taken for the same."""

    def __init__(self, minutes: float) -> None:
        self._microseconds = int(minutes * 60_000_000)

    def build(
        self,
        builder: BatchBuilder,
        decoded: list[Event | str],
        request: IngestRequest,
        idempotency_key: str | None,
        *,
        input_name: str,
        body_bytes: int,
        needs_repair: bool,
    ) -> Batch:
        """The batch of what was decoded: for each record an event, or why there is none. Raises `Refusal`."""
        events, unreadable = take_unreadable(decoded)
        period = self.period(events, request.received)
        return builder.build(
            events,
            request,
            input=input_name,
            idempotency_key=idempotency_key,
            # A client sends again what lost its answer and does not say so.
            is_retry=period is not None,
            period=period or LIVE,
            body_bytes=body_bytes,
            needs_repair=needs_repair,
            unreadable=unreadable,
        )

    def period(self, events: Iterable[Event], received: int) -> int | None:
        """The period of time in which an equal request is this one, sent again; None: it is none in any.

        Only times finer than a second tell a repeat from records that are merely equal. Where the first of these is
        older than the window, the period is a piece of the service's clock as long as the window: no equal request
        after that is a repeat, and one before it may end early.
        """
        for event in events:
            said = (event.get("timestamp"), event.get("observed_timestamp"))
            ages = [received - _microseconds(text) for text in said if text is not None and _is_finer(text)]
            if ages:
                is_live = any(-AHEAD_MICROSECONDS <= age <= self._microseconds for age in ages)
                return LIVE if is_live else 1 + received // self._microseconds
        return None


def _is_finer(text: str) -> bool:
    """Whether a time that `iso_text` wrote says more than a second."""
    return "." in text and not text.endswith(".000000Z")


def _microseconds(text: str) -> int:
    """Microseconds since the Unix epoch."""
    return int(datetime.fromisoformat(text).timestamp() * 1_000_000)
