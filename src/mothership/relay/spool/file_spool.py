"""The spool on the local disk: one file a worker.

append ──▶ lease ──▶ commit | release | dead-letter | split | defer    each per sink; the file's thread does the work
"""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

from mothership import telemetry
from mothership.dead_letters import PIPELINE, DeadLetter
from mothership.errors import ConfigurationError, FailedRow, NotPersisted
from mothership.event import RowBatch
from mothership.leases import SEQ_MAX, BatchStatus, DeliveryResult, Lease, LeaseLimits, SpoolStats, Totals
from mothership.ports import Clock
from mothership.relay.settings import RelaySettings
from mothership.relay.spool import directory, disk_reserve, rebuild, spool_file_lock
from mothership.relay.spool.appends import keep_all
from mothership.relay.spool.batch_splitting import dead_letters, deferred_parts, halves
from mothership.relay.spool.expiry import ExpiryLog
from mothership.relay.spool.maintenance import stats, sweep
from mothership.relay.spool.operation import Append
from mothership.relay.spool.quota import Quota
from mothership.relay.spool.record import SpoolRecord
from mothership.relay.spool.sqlite_file import LeasedRecord, SpoolFile
from mothership.relay.spool.takeover import take_over_orphans
from mothership.relay.spool.writer import SpoolWriter
from mothership.telemetry import log

LOOK_SECONDS = 0.9
"""After so long the file is asked what waits, whatever is counted. An idle courier comes a little less often."""


class FileSpool:
    """`ports.Spool` in a file of this worker's own. Open it in a running loop."""

    def __init__(
        self,
        lock: spool_file_lock.SpoolFileLock,
        writer: SpoolWriter,
        settings: RelaySettings,
        quota: Quota,
        clock: Clock,
    ) -> None:
        self.on_arrival: Callable[[], None] = lambda: None
        self.on_result: Callable[[DeliveryResult], None] = lambda _result: None
        self.lock = lock
        self.first_live_seq = writer.file.last_seq + 1
        """Batches from here on were appended by this process."""
        self._writer = writer
        self._settings = settings
        self._clock = clock
        self._closed = False
        self._quota = quota
        self._expiry_log = ExpiryLog()
        self._giving_back = 0
        """Leases that are being released: what they hold may be leased by whoever asks next, and does not wait yet."""
        self._looked: dict[str, float] = {}
        """For each sink, when the file was asked last what waits."""

    @classmethod
    async def open(cls, data_dir: Path, settings: RelaySettings, clock: Clock) -> "FileSpool":
        """Own a spool file under the data directory. A damaged one is set aside and what it held saved."""
        loop = asyncio.get_running_loop()
        try:
            lock = await asyncio.to_thread(spool_file_lock.lock_own_file, directory.spool_directory(data_dir))
        except OSError as error:
            raise _cannot_open(error) from None
        try:
            file = await asyncio.to_thread(_open_file, lock.path, settings.spool.cache_bytes)
        except (sqlite3.Error, OSError) as error:
            lock.release()
            raise _cannot_open(error) from None
        except BaseException:
            lock.release()
            raise
        quota = Quota(settings.spool)
        writer = SpoolWriter(
            file,
            loop,
            keep=partial(keep_all, quota),
            rebuild=rebuild.rebuild,
            retry_after_seconds=settings.spool.retry_after_seconds,
        )
        return cls(lock, writer, settings, quota, clock)

    @property
    def failed(self) -> asyncio.Future[None]:
        """Done when the writing thread has died of an error."""
        return self._writer.failed

    @property
    def unwritable_reason(self) -> str:
        """Why nothing can be written, or empty."""
        return self._writer.disk_error or self._quota.full_reason

    @property
    def last_seq(self) -> int:
        """Number of the batch appended last."""
        return self._writer.file.last_seq

    def totals(self, sink: str) -> Totals:
        """What waits for a sink."""
        return self._writer.file.deliveries.totals.get(sink, Totals())

    def waiting(self) -> dict[str, int]:
        """For each sink that the file knows, how many events wait."""
        return {sink: total.events for sink, total in self._writer.file.deliveries.totals.items() if total.events}

    def append(
        self,
        batch: RowBatch,
        sinks: list[str],
        resolve: Callable[[BatchStatus | None, BaseException | None], None],
    ) -> None:
        """Keep a batch on disk for these sinks. Told after the fsync: `NotPersisted` when it can't be kept."""
        self._writer.append(Append(batch, sinks, self._now(), resolve))

    async def lease(
        self,
        sink: str,
        limits: LeaseLimits,
        *,
        ranges: Sequence[tuple[int, int]] = ((0, SEQ_MAX),),
        exclude: Collection[int] = (),
    ) -> Lease | None:
        """The oldest batches that wait for this sink and fit one write, attempt counted; None if there are none.

        They come from the first of the ranges (of batch numbers, the end not included) that has any.
        """

        def select(file: SpoolFile) -> tuple[int, list[LeasedRecord]]:
            tries = (file.select(sink, limits, first=first, end=end, exclude=exclude) for first, end in ranges)
            found = next((leased for leased in tries if leased), [])
            file.deliveries.lock(sink, [leased.seq for leased in found])
            return self._writer.generation, found

        def act(file: SpoolFile) -> tuple[int, list[LeasedRecord]]:
            generation, found = select(file)
            file.deliveries.record_attempt(sink, [leased.seq for leased in found])
            return generation, found

        if not self._may_wait(sink):
            return None
        while True:
            try:
                generation, found = await self._writer.submit(
                    act, durable=False, on_disk_error="fall_back", fallback=select
                )
            except NotPersisted:
                return None
            if not found:
                return None
            if lease := await self._unpack(sink, generation, found):
                return lease

    def _may_wait(self, sink: str) -> bool:
        """Whether it is worth asking the file: by what is counted, and now and then in any case: others write, too."""
        now = time.monotonic()
        if self._giving_back or now - self._looked.get(sink, 0.0) > LOOK_SECONDS:
            self._looked[sink] = now
            return True
        return self._writer.file.deliveries.may_be_leased(sink)

    def commit(self, lease: Lease) -> "asyncio.Future[None]":
        """The sink has these batches. Need not be awaited: whatever is asked next comes after it."""
        now = self._now()

        def act(file: SpoolFile) -> None:
            if lease.generation == self._writer.generation:
                file.finish(lease.sink, lease.seqs, now)

        # Lost with the process, it costs a second write that is recognised.
        return self._writer.submit(act, durable=False, on_disk_error="retry")

    def release(self, lease: Lease) -> "asyncio.Future[None]":
        """The sink has not got these batches, or may not: they wait again. Need not be awaited either."""

        def act(file: SpoolFile) -> None:
            if lease.generation == self._writer.generation:
                file.deliveries.unlock(lease.sink, lease.seqs)
                file.deliveries.release(lease.sink, lease.seqs)

        def done(_future: "asyncio.Future[None]") -> None:
            self._giving_back -= 1

        self._giving_back += 1
        given_back = self._writer.submit(act, durable=False, on_disk_error="retry")
        given_back.add_done_callback(done)
        return given_back

    def announce(self, result: DeliveryResult) -> None:
        """Nobody else appends to this file."""

    async def dead_letter(self, lease: Lease, failed: Sequence[FailedRow], *, known_to_sink: bool) -> None:
        """Set the named rows aside and commit all others of the lease.

        `known_to_sink`: it has taken note of the batch, so a retry of the rows needs an identity of its own.
        """
        now = self._now()
        sealed: list[tuple[str, SpoolRecord, bytes]] = []

        def prepare() -> None:
            sealed.extend(dead_letters(lease, failed, now, known_to_sink=known_to_sink))

        def act(file: SpoolFile) -> None:
            if lease.generation != self._writer.generation:
                return
            for reason, record, packed in sealed:
                file.dead_letters.add(lease.sink, reason, record, packed, now)
            file.finish(lease.sink, lease.seqs, now)

        await self._writer.submit(act, on_disk_error="retry", prepare=prepare)
        telemetry.dead_letters_total.labels(lease.sink).inc(len(failed))

    async def keep_rejected(self, batch: RowBatch, reasons: Sequence[str]) -> None:
        """Keep rows that were rejected among the dead letters, each with its reason, while there is room for them.

        Raises `NotPersisted` when the disk refuses.
        """
        now = self._now()
        lease = Lease(PIPELINE, 0, (0,), (batch,), (1,), (0,))
        failed = [FailedRow(0, row, reason) for row, reason in enumerate(reasons)]
        sealed: list[tuple[str, SpoolRecord, bytes]] = []

        def prepare() -> None:
            sealed.extend(dead_letters(lease, failed, now, known_to_sink=True))

        def act(file: SpoolFile) -> None:
            for reason, record, packed in sealed:
                if self._quota.allows(file, record.client, len(packed)):
                    file.dead_letters.add(PIPELINE, reason, record, packed, now)
                    telemetry.dead_letters_total.labels(PIPELINE).inc(len(record.rows))

        await self._writer.submit(act, durable=False, prepare=prepare)

    async def split(self, lease: Lease) -> list[int]:
        """Put two halves in the place of the lease's only batch, for this sink. Returns their numbers."""
        (batch,), (seq,), now = lease.batches, lease.seqs, self._now()
        parts: list[tuple[SpoolRecord, bytes]] = []

        def prepare() -> None:
            parts.extend(halves(lease.sink, batch, now))

        def act(file: SpoolFile) -> list[int]:
            if lease.generation != self._writer.generation:
                return []
            file.deliveries.unlock(lease.sink, [seq])
            return file.split(lease.sink, seq, parts, now)

        numbers: list[int] = await self._writer.submit(act, prepare=prepare)
        return numbers

    async def defer(self, lease: Lease, deferred: Sequence[FailedRow], refused: Sequence[FailedRow]) -> list[int]:
        """Keep the deferred rows waiting, set the refused ones aside, and commit all others of the lease.

        Returns the numbers of the batches that wait: those of which no other row was written stay as they are.
        """
        now = self._now()
        gone = {one.batch for one in refused}
        counts = Counter(one.batch for one in deferred)
        whole = [at for at, count in counts.items() if count == len(lease.batches[at].rows) and at not in gone]
        parts: list[tuple[SpoolRecord, bytes]] = []
        sealed: list[tuple[str, SpoolRecord, bytes]] = []

        def prepare() -> None:
            parts.extend(deferred_parts(lease, [one for one in deferred if one.batch not in whole], now))
            sealed.extend(dead_letters(lease, refused, now, known_to_sink=True))

        def act(file: SpoolFile) -> list[int]:
            if lease.generation != self._writer.generation:
                return []
            kept_back = lease.only(whole).seqs
            file.deliveries.unlock(lease.sink, kept_back)
            file.deliveries.release(lease.sink, kept_back)
            for reason, record, packed in sealed:
                file.dead_letters.add(lease.sink, reason, record, packed, now)
            numbers = [file.add_part(record, packed) for record, packed in parts]
            file.finish(lease.sink, [seq for seq in lease.seqs if seq not in kept_back], now)
            return [*kept_back, *numbers]

        numbers: list[int] = await self._writer.submit(act, prepare=prepare)
        telemetry.dead_letters_total.labels(lease.sink).inc(len(refused))
        return numbers

    async def sweep(self) -> SpoolStats:
        """Do what is due: expire, prune, notice what others wrote; and say how all stands."""
        now = self._now()

        def act(file: SpoolFile) -> SpoolStats:
            changed_by_others = file.has_changed()
            if self._writer.disk_error:
                file.touch()
            self._writer.shrink_requested = file.is_mostly_free(self._settings.spool.shrink_bytes)
            sweep(file, self._settings.spool, self._settings.dead_letters, now, self._expiry_log)
            self._quota.recheck(file)
            return stats(file, changed_by_others=changed_by_others)

        standing: SpoolStats = await self._writer.submit(act, durable=bool(self._writer.disk_error))
        return standing

    def cluster(self) -> None:
        """There is none."""

    async def take_over_orphans(self) -> int:
        """Keep what workers that died have left behind in this data directory."""
        return await take_over_orphans(self, self.lock.path.parent)

    async def take_in(self, records: Sequence[tuple[SpoolRecord, bytes]]) -> None:
        """Keep batches of a file that a dead worker left behind, whatever the bounds: they are on disk already."""

        def act(file: SpoolFile) -> None:
            for record, packed in records:
                file.take_in(record, packed)

        await self._writer.submit(act)

    async def take_in_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        """The same for dead letters."""

        def act(file: SpoolFile) -> None:
            for letter in letters:
                file.dead_letters.take_in(letter)

        await self._writer.submit(act)

    async def close(self) -> None:
        """Write what was submitted, close the file, give it up. May be called twice."""
        if not self._closed:
            self._closed = True
            await self._writer.stop()
            self.lock.release()

    async def _unpack(self, sink: str, generation: int, found: list[LeasedRecord]) -> Lease | None:
        def decoded() -> list[RowBatch | None]:
            return [leased.decoded() for leased in found]

        whole = await asyncio.to_thread(decoded) if any(leased.packed for leased in found) else decoded()
        damaged = [leased.seq for leased, batch in zip(found, whole, strict=True) if batch is None]
        if damaged:
            await self._quarantine(generation, sink, damaged)
        sound = [(leased, batch) for leased, batch in zip(found, whole, strict=True) if batch is not None]
        if not sound:
            return None
        return Lease(
            sink,
            generation,
            tuple(leased.seq for leased, _ in sound),
            tuple(batch for _, batch in sound),
            tuple(leased.attempts for leased, _ in sound),
            tuple(leased.crashes for leased, _ in sound),
        )

    async def _quarantine(self, generation: int, sink: str, seqs: list[int]) -> None:
        def act(file: SpoolFile) -> list[tuple[int, bytes, int]]:
            if generation != self._writer.generation:
                return []
            file.deliveries.unlock(sink, seqs)
            return [(seq, *taken) for seq in seqs if (taken := file.discard(seq))]

        for seq, packed, events in await self._writer.submit(act, on_disk_error="retry") or []:
            rebuild.quarantine_record(self.lock.path, seq, packed)
            telemetry.spool_damaged.inc(events)
            log.error("spool_record_damaged", file=self.lock.path.name, seq=seq, events=events)

    def _now(self) -> int:
        return _micros(self._clock())


def _open_file(path: Path, cache_bytes: int) -> SpoolFile:
    """Open it, on a full disk with the help of the disk reserve."""
    try:
        file = rebuild.open_or_rebuild(path, cache_bytes)
    except (sqlite3.Error, OSError) as error:
        if not disk_reserve.release(path, error):
            raise
        return rebuild.open_or_rebuild(path, cache_bytes)
    disk_reserve.create(path)
    return file


def _cannot_open(error: Exception) -> ConfigurationError:
    name = getattr(error, "sqlite_errorname", None) or getattr(error, "strerror", None) or type(error).__name__
    return ConfigurationError([f"server.data_dir: the spool can't be opened: {name}"])


def _micros(seconds: float) -> int:
    return int(seconds * 1_000_000)
