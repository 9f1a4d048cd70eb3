"""What is looked at now and then: how much waits and whose it is, and what is past its time or beyond its bounds."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime

from nats.aio.client import Client
from nats.js.errors import NotFoundError

from mothership.errors import FailedRow, NotPersisted, SpoolFull
from mothership.fairness import ADDRESS_SHARE
from mothership.leases import Lease, SpoolStats, Totals
from mothership.relay.settings import RelaySettings
from mothership.relay.spool.expiry import ExpiryLog, expiry_reason
from mothership.relay.spool.jetstream import dead_letter_messages
from mothership.relay.spool.jetstream.connection import LOST, cancellable
from mothership.relay.spool.jetstream.counts import StreamState, stream_state, subjects_in_use
from mothership.relay.spool.jetstream.held import HeldBatch
from mothership.relay.spool.jetstream.publisher import ID, Message, Publisher
from mothership.relay.spool.jetstream.record_publisher import RecordPublisher
from mothership.relay.spool.jetstream.sink_queue import APPENDED, SinkQueue
from mothership.relay.spool.jetstream.subjects import Subjects, client_token, counted
from mothership.status import ClusterStatus

SUBJECTS_PER_SECOND = 2_000
"""Of many callers and sizes the list is long: it is asked for that much less often."""
TRIMMED_MAX = 100
NOTES_MAX = 100
SWEEP_SECONDS_MAX = 10.0
ROOM_AGAIN = 0.95
"""A stream that was full takes batches again below this part of its bytes."""
DAMAGED = "the record is damaged"


class StreamMaintenance:
    """What `JetStreamSpool.sweep` does, and how it found the cluster."""

    def __init__(
        self,
        client: Client,
        subjects: Subjects,
        settings: RelaySettings,
        state: StreamState,
        publisher: Publisher,
        records: RecordPublisher,
        queues: Mapping[str, SinkQueue],
    ) -> None:
        """`state`: of the batches' stream, at the start. `queues`: those that there are, at any time, by sink."""
        self._client, self._js, self._subjects = client, client.jetstream(), subjects
        self._settings, self._publisher, self._records = settings, publisher, records
        self._queues = queues
        self._due = 0.0
        self._state = state
        self._letters: StreamState | None = None
        self._bytes_by_client: dict[str, int] = {}
        self._reachable = True
        self._ack_pending: dict[str, int] = {}
        self._log = ExpiryLog()

    async def look(self, now: int) -> StreamState:
        """How the batches' stream stands. Raises `NotPersisted` when the cluster does not answer."""
        try:
            # The client's own time-outs begin when it has written, which it may wait for while it looks for a server.
            async with asyncio.timeout(SWEEP_SECONDS_MAX):
                await self._count(now)
                self._ack_pending = {sink: await queue.ack_pending() for sink, queue in list(self._queues.items())}
        except LOST:
            reason = "the JetStream cluster can't be reached or has no majority"
            self._publisher.refused_reason, self._reachable = reason, False
            raise NotPersisted(reason, retry_after_seconds=self._settings.spool.retry_after_seconds) from None
        self._reachable = True
        if self._state.bytes < self._settings.spool.max_bytes * ROOM_AGAIN:
            self._publisher.refused_reason = ""
        return self._state

    async def _count(self, now: int) -> None:
        loop = asyncio.get_running_loop()
        if self._letters is None or loop.time() >= self._due:
            state = await stream_state(self._client, self._subjects.stream, self._subjects.all_batches)
            self._letters = await stream_state(self._client, self._subjects.letters_stream, self._subjects.all_letters)
            self._state = state
            self._due = loop.time() + len(state.counted) / SUBJECTS_PER_SECOND
            self._bytes_by_client = dict(state.bytes_by_client())
            await self._trim(self._letters, now)  # by fresh counts: what is gone must not be made room for again
            if state.messages > sum(one.batches for one in state.counted):
                await self._forget_notes()

    async def _forget_notes(self) -> None:
        """Drop the notes of attempts whose batch is gone: one may come after its batch, or its writer may have died.

        Nobody is handed a note, so nobody else would ever take it away.
        """
        stream = self._subjects.stream
        for subject in (await subjects_in_use(self._client, stream, self._subjects.all_attempts))[:NOTES_MAX]:
            seq = int(subject.rpartition(".")[2])
            try:
                await cancellable(self._js.get_msg(stream, seq=seq))
            except NotFoundError:
                await cancellable(self._js.purge_stream(stream, subject=subject))

    async def stats(self, totals: Mapping[str, Totals]) -> SpoolStats:
        """How both streams stand, as they were looked at last; `totals` are what waits for each sink."""
        letters_by_sink = self._letters.totals() if self._letters else {}
        by_sink = {sink: dead.events for sink, dead in letters_by_sink.items()}
        dead = Totals(self._letters.messages, sum(by_sink.values()), self._letters.bytes) if self._letters else Totals()
        oldest = {sink: when for sink in list(totals) if (when := await self._oldest(sink)) is not None}
        return SpoolStats(dict(totals), dead, by_sink, self._state.bytes, oldest, changed_by_others=False)

    async def _oldest(self, sink: str) -> int | None:
        """When the oldest batch that waits for a sink was appended: of those held here, or else of all."""
        if (queue := self._queues.get(sink)) and queue.held.count:
            return min(held.appended for held in queue.held.all())
        subject = self._subjects.batches_of(sink)
        try:
            async with asyncio.timeout(SWEEP_SECONDS_MAX):
                first = await cancellable(
                    self._js.get_msg(self._subjects.stream, seq=self._state.first_seq, subject=subject, next=True)
                )
        except LOST:
            return None
        return int((first.headers or {}).get(APPENDED, 0)) or None

    async def expire(self, now: int, finish: Callable[[Lease], Awaitable[None]]) -> None:
        """Set aside what has waited too long, and `finish` its lease. Where the cluster refuses, it is done later."""
        seconds = self._settings.spool.max_age_seconds
        reason = expiry_reason(seconds)
        for sink, queue in list(self._queues.items()):  # a sink may be leased for the first time meanwhile
            for held in queue.held.expired(now - int(seconds * 1e6)):
                batch = held.batch()
                if batch is None:
                    continue  # found and set aside when it is leased
                lease = Lease(sink, 0, (held.seq,), (batch,), (held.attempts,), (held.crashes,))
                failed = [FailedRow(0, row, reason) for row in range(len(batch.rows))]
                held.leased = True
                try:
                    await self._records.dead_letters(lease, failed, now, known_to_sink=False)
                except NotPersisted:
                    held.leased = False
                    return
                # A cluster that goes now is told of at the next sweep, and that must come.
                with suppress(TimeoutError):
                    async with asyncio.timeout(SWEEP_SECONDS_MAX):
                        await finish(lease)
                self._log.batch(sink, batch.client, len(batch.rows), batch.request_id)

    def cluster(self) -> ClusterStatus:
        """As the leader told at the last look."""
        return ClusterStatus(
            reachable=self._reachable,
            leader=self._state.leader,
            replicas=len(self._state.replicas) + 1,
            out_of_step=sum(1 for one in self._state.replicas if one.get("offline") or not one.get("current")),
            ack_pending=dict(self._ack_pending),
            max_ack_pending=self._settings.spool.jetstream.max_ack_pending,
            file_takes_over=False,
        )

    def require_share(self, client: str, size: int) -> None:
        """Raise `SpoolFull` when this caller has its share of the room, as counted last."""
        state, token = self._state, client_token(client)
        if not (held := self._bytes_by_client.get(token)) or len(self._bytes_by_client) == 1:
            return
        free = self._settings.spool.max_bytes - state.bytes - size
        if held > ADDRESS_SHARE * free:
            raise SpoolFull(
                "this client has its share of the spool (relay.spool.max_bytes)",
                retry_after_seconds=self._settings.spool.retry_after_seconds,
            )

    async def keep_damaged(self, sink: str, held: HeldBatch, now: int) -> None:
        """Put a record that can't be read among the dead letters, for a person to look at."""
        head = dead_letter_messages.LetterHead(sink, DAMAGED, now, "", "", "", held.events, "")
        headers = {ID: f"damaged.{sink}.{held.seq}", dead_letter_messages.HEADER: dead_letter_messages.ascii_head(head)}
        subject = self._subjects.letter(sink, "damaged", held.events, len(held.message.data))
        await self._publisher.publish([Message(subject, held.message.data, headers)], 5.0)

    async def _trim(self, state: StreamState, now: int) -> None:
        """Dead letters go, past their age the oldest, for want of room the oldest of whoever holds most: loudly."""
        bounds, size, left, held = self._settings.dead_letters, state.bytes, state.messages, state.bytes_by_client()
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
                head = dead_letter_messages.head_of(oldest.headers or {})
                if some_are_old and now - head.buried <= bounds.max_age_seconds * 1e6:
                    some_are_old = False
                    continue
                await cancellable(self._js.delete_msg(self._subjects.letters_stream, oldest.seq or seq))
            except NotFoundError:
                return  # another instance was quicker
            # With its headers, which are often larger: as much as the average takes.
            gone = max(len(oldest.data or b""), state.bytes // state.messages)
            size -= gone
            left, first[whose] = left - 1, (oldest.seq or seq) + 1
            for one in counted({oldest.subject: 1} if oldest.subject else {}):
                held[one.client] -= gone
            self._log.dead_letters(head.client, 1, head.events)


def _seconds(timestamp: str) -> float:
    """Of a server's timestamp, which has nanoseconds."""
    head = timestamp.partition(".")[0].rstrip("Z")
    try:
        return datetime.fromisoformat(f"{head}+00:00").timestamp()
    except ValueError:
        return float("inf")
