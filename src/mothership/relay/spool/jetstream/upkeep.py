"""What is looked at now and then: how much waits and whose it is, and dead letters beyond their bounds."""

import asyncio
from datetime import datetime

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from mothership import telemetry
from mothership.errors import SpoolFull
from mothership.fairness import ADDRESS_SHARE
from mothership.leases import SpoolStats, Totals
from mothership.relay.settings import RelaySettings
from mothership.relay.spool.jetstream import letters
from mothership.relay.spool.jetstream.connection import cancellable
from mothership.relay.spool.jetstream.counts import StreamState, stream_state
from mothership.relay.spool.jetstream.held import HeldBatch
from mothership.relay.spool.jetstream.publisher import ID, Message, Publisher
from mothership.relay.spool.jetstream.subjects import Subjects, client_token, counted
from mothership.telemetry import log

SUBJECTS_PER_SECOND = 2_000
"""Of many callers and sizes the list is long: it is asked for that much less often."""
TRIMMED_MAX = 100
DAMAGED = "the record is damaged"


class Upkeep:
    """Of both streams."""

    def __init__(
        self, client: Client, js: JetStreamContext, subjects: Subjects, settings: RelaySettings, publisher: Publisher
    ) -> None:
        self._client, self._js, self._subjects = client, js, subjects
        self._settings, self._publisher = settings, publisher
        self._due = 0.0
        self._state: StreamState | None = None
        self._letters: StreamState | None = None
        self._events_by_client: dict[str, int] = {}

    async def look(self, now: int) -> tuple[StreamState, SpoolStats]:
        """How both stand. Raises what requests raise."""
        loop = asyncio.get_running_loop()
        if self._state is None or self._letters is None or loop.time() >= self._due:
            self._state = await stream_state(self._client, self._subjects.stream, self._subjects.all_batches)
            self._letters = await stream_state(self._client, self._subjects.letters_stream, self._subjects.all_letters)
            self._due = loop.time() + len(self._state.counted) / SUBJECTS_PER_SECOND
            self._events_by_client = dict(self._state.events_by_client())
            await self._trim(self._letters, now)  # by fresh counts: what is gone must not be made room for again
        by_sink = {sink: totals.events for sink, totals in self._letters.totals().items()}
        dead = Totals(self._letters.messages, sum(by_sink.values()), self._letters.bytes)
        return self._state, SpoolStats({}, dead, by_sink, 0, {}, changed_by_others=False)

    def require_share(self, client: str, size: int) -> None:
        """Raise `SpoolFull` when this caller has its share of the room. Its bytes are estimated by its events."""
        state, token = self._state, client_token(client)
        if state is None or not (held := self._events_by_client.get(token)) or len(self._events_by_client) == 1:
            return
        every = sum(self._events_by_client.values())
        free = self._settings.spool.max_bytes - state.bytes - size
        if state.bytes * held / every > ADDRESS_SHARE * free:
            raise SpoolFull(
                "this client has its share of the spool (relay.spool.max_bytes)",
                retry_after_seconds=self._settings.spool.retry_after_seconds,
            )

    async def keep_damaged(self, sink: str, held: HeldBatch, now: int) -> None:
        """Put a record that can't be read among the dead letters, for a person to look at."""
        head = letters.LetterHead(sink, DAMAGED, now, "", "", "", held.events, "")
        headers = {ID: f"damaged.{sink}.{held.seq}", letters.HEADER: letters.ascii_head(head)}
        subject = self._subjects.letter(sink, "damaged", held.events)
        await self._publisher.publish([Message(subject, held.message.data, headers)], 5.0)

    async def _trim(self, state: StreamState, now: int) -> None:
        """Dead letters go, past their age the oldest, for want of room the oldest of whoever holds most: loudly.

        As in `require_share`, what a caller holds is estimated by its events.
        """
        bounds, size, left, held = self._settings.dead_letters, state.bytes, state.messages, state.events_by_client()
        first: dict[str, int] = {}
        some_are_old = bool(left) and now / 1e6 - _seconds(state.first_at) > bounds.max_age_seconds
        for _ in range(TRIMMED_MAX):
            if not left or not (size > bounds.max_bytes or some_are_old):
                return
            largest = self._subjects.letters_by(max(held, key=held.__getitem__)) if held else ""
            whose = self._subjects.all_letters if some_are_old or not largest else largest
            seq = first.get(whose, state.first_seq)
            try:
                oldest = await cancellable(
                    self._js.get_msg(self._subjects.letters_stream, seq=seq, subject=whose, next=True)
                )
                head = letters.head_of(oldest.headers or {})
                if some_are_old and now - head.buried <= bounds.max_age_seconds * 1e6:
                    some_are_old = False
                    continue
                await cancellable(self._js.delete_msg(self._subjects.letters_stream, oldest.seq or seq))
            except NotFoundError:
                return  # another instance was quicker
            # With its headers, which are often larger: as much as the average takes.
            size -= max(len(oldest.data or b""), state.bytes // state.messages)
            left, first[whose] = left - 1, (oldest.seq or seq) + 1
            for gone in counted({oldest.subject: 1} if oldest.subject else {}):
                held[gone.client] -= gone.events
            telemetry.dead_letters_dropped.inc(head.events)
            log.error(
                "dead_letters_expired", client=head.client, letters=1, events=head.events,
                reason="past relay.dead_letters bounds",
            )  # fmt: skip


def _seconds(timestamp: str) -> float:
    """Of a server's timestamp, which has nanoseconds."""
    head = timestamp.partition(".")[0].rstrip("Z")
    try:
        return datetime.fromisoformat(f"{head}+00:00").timestamp()
    except ValueError:
        return float("inf")
