"""The spool on a JetStream cluster: any instance delivers what any instance took.

append ──▶ one message for each sink, on a majority of the servers' disks
       ──▶ lease (handed out by the sink's durable consumer) ──▶ acknowledge | give back | dead letter | parts
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from nats.aio.client import Client
from nats.js import JetStreamContext

from mothership import telemetry
from mothership.dead_letters import PIPELINE, DeadLetter
from mothership.errors import FailedRow, NotPersisted
from mothership.event import RowBatch
from mothership.leases import SEQ_MAX, BatchStatus, DeliveryResult, Lease, LeaseLimits, SpoolStats, Totals
from mothership.ports import Clock
from mothership.relay.settings import RelaySettings
from mothership.relay.spool.batch_cache import BatchCache
from mothership.relay.spool.batch_splitting import deferred_parts, halves
from mothership.relay.spool.jetstream import cluster
from mothership.relay.spool.jetstream.connection import LOST, connect
from mothership.relay.spool.jetstream.counts import StreamState, stream_state
from mothership.relay.spool.jetstream.held import HeldBatch
from mothership.relay.spool.jetstream.maintenance import StreamMaintenance
from mothership.relay.spool.jetstream.outcome_announcements import ORIGIN, Announcements
from mothership.relay.spool.jetstream.publisher import ID, Publisher
from mothership.relay.spool.jetstream.record_publisher import RecordPublisher
from mothership.relay.spool.jetstream.sink_queue import SinkQueue, waiting_message
from mothership.relay.spool.jetstream.subjects import Subjects
from mothership.relay.spool.record import SpoolRecord, spool_record, weight
from mothership.relay.spool.takeover import take_over_orphans
from mothership.status import ClusterStatus
from mothership.telemetry import log

CLOSE_SECONDS = 3.0
RETRY_SECONDS = 0.5


class JetStreamSpool:
    """`ports.Spool` on a cluster that instances share. Open it in a running loop."""

    def __init__(
        self, client: Client, settings: RelaySettings, subjects: Subjects, state: StreamState, clock: Clock
    ) -> None:
        self.first_live_seq = state.last_seq + 1
        self.last_seq = state.last_seq
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_arrival: Callable[[], None] = lambda: None
        self.on_result: Callable[[DeliveryResult], None] = lambda _result: None
        self._client = client
        self._js: JetStreamContext = client.jetstream()
        self._settings, self._to = settings, settings.spool.jetstream
        self._subjects = subjects
        self._clock = clock
        self._publisher = Publisher(client, retry_after_seconds=settings.spool.retry_after_seconds)
        self._records = RecordPublisher(client, self._publisher, subjects, self._to.publish_seconds)
        self._announcements = Announcements(client, subjects, self._tell)
        self._queues: dict[str, SinkQueue] = {}
        self._maintenance = StreamMaintenance(
            client, subjects, settings, state, self._publisher, self._records, self._queues
        )
        self._cache = BatchCache(settings.spool.cache_bytes)
        self._totals = state.totals()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._orphans: Path | None = None
        self._closed = False

    @classmethod
    async def open(cls, settings: RelaySettings, clock: Clock, *, orphans: Path | None = None) -> "JetStreamSpool":
        """Connect, and create what is missing. Raises `ConfigurationError` where the promise can't be kept.

        `orphans`: a directory of spool files that nobody writes any more: what they hold goes to the cluster.
        """
        subjects = Subjects(settings.spool.jetstream.stream)
        spool: JetStreamSpool | None = None

        async def reconnected() -> None:
            if spool is not None:
                spool._reconnected()  # its own

        client = await connect(settings.spool.jetstream, reconnected)
        try:
            await cluster.prepare(client, client.jetstream(), settings, subjects)
            state = await stream_state(client, subjects.stream, subjects.all_batches)
        except BaseException:
            await client.close()
            raise
        spool = cls(client, settings, subjects, state, clock)
        await spool._announcements.listen()
        spool._orphans = orphans  # its own
        return spool

    @property
    def unwritable_reason(self) -> str:
        """Why nothing can be kept now, or empty."""
        return self._publisher.refused_reason

    def totals(self, sink: str) -> Totals:
        """What waits for a sink, at all instances: as counted last, and what happened here since."""
        return self._totals.get(sink, Totals())

    def waiting(self) -> dict[str, int]:
        """For each sink of the stream, how many events wait."""
        return {sink: total.events for sink, total in self._totals.items() if total.events}

    # --- keeping -------------------------------------------------------------------------------------------------

    def append(
        self,
        batch: RowBatch,
        sinks: list[str],
        resolve: Callable[[BatchStatus | None, BaseException | None], None],
    ) -> None:
        """Keep a batch on a majority of the servers for these sinks."""
        self._spawn(self._append(batch, sinks, resolve))

    async def _append(
        self,
        batch: RowBatch,
        sinks: list[str],
        resolve: Callable[[BatchStatus | None, BaseException | None], None],
    ) -> None:
        now = self._now()
        self._announcements.begin(batch.fingerprint)
        try:
            self._maintenance.require_share(batch.client, weight(batch))
            record = spool_record(batch, sinks, now)
            pieces = await asyncio.to_thread(lambda: self._records.pieces(record))
            messages = []
            for piece, packed in pieces:
                part = batch if len(pieces) == 1 else piece.batch()
                for sink in sinks:
                    messages.append(waiting_message(self._subjects, piece, packed, sink, part))
                    messages[-1].headers[ORIGIN] = self._announcements.instance
                    self._cache.put(messages[-1].headers[ID], part)
            published = await self._publisher.publish(messages, self._to.publish_seconds)
        except asyncio.CancelledError:
            resolve(None, self._stopping())
            raise
        except Exception as error:  # noqa: BLE001 - belongs to the one who asked
            self._announcements.forget(batch.fingerprint)
            resolve(None, error)
            return
        events = len(batch.rows)
        if not published.duplicate:
            self._changed({sink: (len(pieces), events) for sink in sinks})
        self.last_seq = max(self.last_seq, published.last_seq)
        # A repeat, or one in portions, is not waited for: nobody here is told of each.
        seq = published.last_seq if len(pieces) == 1 and not published.duplicate else 0
        resolve(
            BatchStatus(
                seq, batch.fingerprint, events, new=not published.duplicate, queued=dict.fromkeys(sinks, events),
                errors={},
            ),
            None,
        )  # fmt: skip
        self._announcements.end(batch.fingerprint)

    async def keep_rejected(self, batch: RowBatch, reasons: Sequence[str]) -> None:
        """Set rows aside that were rejected, each with its reason, if there is room."""
        lease = Lease(PIPELINE, 0, (0,), (batch,), (1,), (0,))
        failed = [FailedRow(0, row, reason) for row, reason in enumerate(reasons)]
        self._maintenance.require_share(batch.client, weight(batch))
        await self._records.dead_letters(lease, failed, self._now(), known_to_sink=True)

    # --- leases --------------------------------------------------------------------------------------------------

    async def lease(
        self,
        sink: str,
        limits: LeaseLimits,
        *,
        ranges: Sequence[tuple[int, int]] = ((0, SEQ_MAX),),
        exclude: Collection[int] = (),
    ) -> Lease | None:
        """The oldest that this instance has been given; None where none has come yet."""
        if self._closed:
            return None
        queue = self._queue(sink)
        queue.excluded = sum(seq in queue.held for seq in exclude)
        while found := queue.held.select(limits, ranges, exclude):
            await queue.note_attempts(found, begun=True)
            if lease := await self._unpack(sink, queue, found):
                return lease
        queue.freed()
        return None

    def _queue(self, sink: str) -> SinkQueue:
        if (queue := self._queues.get(sink)) is None:
            queue = self._queues[sink] = SinkQueue(
                self._client, self._js, self._publisher, self._subjects, sink, self._settings.spool,
                on_arrival=self._arrived,
            )  # fmt: skip
        return queue

    async def _unpack(self, sink: str, queue: SinkQueue, found: list[HeldBatch]) -> Lease | None:
        batches = [self._cache.get(held.identity) for held in found]
        if None in batches:

            def decoded() -> list[RowBatch | None]:
                return [known or held.batch() for known, held in zip(batches, found, strict=True)]

            batches = await asyncio.to_thread(decoded)
        for held, batch in zip(found, batches, strict=True):
            if batch is None:
                telemetry.spool_damaged.inc(held.events)
                log.error("spool_record_damaged", stream=self._subjects.stream, seq=held.seq, events=held.events)
                await self._maintenance.keep_damaged(sink, held, self._now())
                await queue.finish([held.seq])
            else:
                self._announcements.expect(sink, batch.fingerprint, held.message)
        sound = [(held, batch) for held, batch in zip(found, batches, strict=True) if batch is not None]
        if not sound:
            return None
        return Lease(
            sink,
            0,
            tuple(held.seq for held, _ in sound),
            tuple(batch for _, batch in sound),
            tuple(held.attempts for held, _ in sound),
            tuple(held.crashes for held, _ in sound),
        )

    def commit(self, lease: Lease) -> "asyncio.Future[None]":
        """The sink has these batches."""
        return self._spawn(self._finish(lease))

    async def _finish(self, lease: Lease) -> None:
        queue = self._queue(lease.sink)
        held = queue.held.get(lease.seqs)
        for batch in held:
            self._cache.discard(batch.identity)
        self._changed({lease.sink: (-len(held), -sum(batch.events for batch in held))})
        await queue.finish(lease.seqs)

    def announce(self, result: DeliveryResult) -> None:
        """To the instance that appended it."""
        self._announcements.announce(result)

    def release(self, lease: Lease) -> "asyncio.Future[None]":
        """The sink has not got these batches, or may not: they wait here again."""
        queue = self._queue(lease.sink)
        return self._spawn(queue.note_attempts(queue.held.release(lease.seqs), begun=False))

    async def dead_letter(self, lease: Lease, failed: Sequence[FailedRow], *, known_to_sink: bool) -> None:
        """Set the named rows aside first, then acknowledge the batches: killed between, they are set aside again."""
        while not self._closed:
            with suppress(NotPersisted):
                await self._records.dead_letters(lease, failed, self._now(), known_to_sink=known_to_sink)
                await self._finish(lease)
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def split(self, lease: Lease) -> list[int]:
        """Keep the halves first, then acknowledge the whole."""
        now = self._now()
        parts = list(halves(lease.sink, lease.batches[0], now))
        return await self._in_place_of(lease, parts)

    async def defer(self, lease: Lease, deferred: Sequence[FailedRow], refused: Sequence[FailedRow]) -> list[int]:
        """Keep what comes later and what is refused first, then acknowledge. Whole batches are held back here."""
        now = self._now()
        gone = {one.batch for one in refused}
        counts = Counter(one.batch for one in deferred)
        whole = [at for at, count in counts.items() if count == len(lease.batches[at].rows) and at not in gone]
        parts = list(deferred_parts(lease, [one for one in deferred if one.batch not in whole], now))
        if refused:
            await self._records.dead_letters(lease, refused, self._now(), known_to_sink=True)
        kept_back = lease.only(whole)
        others = lease.only(at for at in range(len(lease.seqs)) if at not in whole)
        numbers = await self._in_place_of(others, parts)
        self.release(kept_back)
        return [*kept_back.seqs, *numbers]

    async def _in_place_of(self, lease: Lease, parts: Sequence[tuple[SpoolRecord, bytes]]) -> list[int]:
        """Keep parts in the place of a lease's batches, for its sink. Returns their numbers."""
        numbers = await self._records.parts(lease, parts)
        self._changed({lease.sink: (len(parts), sum(len(record.rows) for record, _ in parts))})
        if lease.seqs:
            await self._finish(lease)
        return numbers

    # --- maintenance ---------------------------------------------------------------------------------------------

    async def sweep(self) -> SpoolStats:
        """Set aside what has waited too long, and count. Raises `NotPersisted` when the cluster does not answer."""
        state = await self._maintenance.look(self._now())
        self._totals = state.totals()
        self.last_seq = max(self.last_seq, state.last_seq)
        await self._maintenance.expire(self._now(), self._finish)
        return await self._maintenance.stats(self._totals)

    def cluster(self) -> ClusterStatus:
        """As the leader told at the last sweep."""
        return self._maintenance.cluster()

    async def take_over_orphans(self) -> int:
        """What another instance held goes to the others by itself; but a local file may be left from before."""
        return await take_over_orphans(self, self._orphans) if self._orphans and self._orphans.is_dir() else 0

    async def take_in(self, records: Sequence[tuple[SpoolRecord, bytes]]) -> None:
        """Keep batches out of a spool file."""
        await self._records.take_in(records)

    async def take_in_dead_letters(self, dead: Sequence[DeadLetter]) -> None:
        """Keep dead letters out of a spool file."""
        await self._records.take_in_dead_letters(dead)

    async def close(self) -> None:
        """End what was begun, give back what is held."""
        if self._closed:
            return
        self._closed = True
        for queue in list(self._queues.values()):
            await queue.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)
        for task in self._tasks:
            task.cancel()
        for queue in list(self._queues.values()):
            await queue.close()
        with suppress(*LOST):
            async with asyncio.timeout(CLOSE_SECONDS):
                if self._client.is_connected:
                    await self._client.flush()
        with suppress(*LOST):
            await self._client.close()

    # --- the rest ------------------------------------------------------------------------------------------------

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _arrived(self) -> None:
        self.on_arrival()

    def _tell(self, result: DeliveryResult) -> None:
        self.on_result(result)

    def _reconnected(self) -> None:
        for queue in self._queues.values():
            queue.restart()

    def _changed(self, by_sink: dict[str, tuple[int, int]]) -> None:
        for sink, (batches, events) in by_sink.items():
            was = self._totals.get(sink, Totals())
            self._totals[sink] = was._replace(batches=max(0, was.batches + batches), events=max(0, was.events + events))

    def _stopping(self) -> NotPersisted:
        return NotPersisted("the service is stopping", retry_after_seconds=self._settings.spool.retry_after_seconds)

    def _now(self) -> int:
        return int(self._clock() * 1_000_000)
