"""The spool: what was acknowledged and is not yet everywhere, on disk.

append ──▶ lease ──▶ commit | release | bury | split | defer        each per sink; the file's thread does the work
"""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from mothership import telemetry
from mothership.errors import ConfigurationError, Failed, Unsafe
from mothership.event import RowBatch
from mothership.ports import Clock
from mothership.relay.settings import DeadLetterSettings, SpoolSettings
from mothership.relay.spool import age, directory, rebuild, reserve
from mothership.relay.spool.deliveries import Limits
from mothership.relay.spool.file import Lent, SpoolFile, Standing
from mothership.relay.spool.lease import Lease, halves, later_parts, letters
from mothership.relay.spool.record import Kept, kept, pack
from mothership.relay.spool.room import Room
from mothership.relay.spool.shelf import PIPELINE, Letter, Totals
from mothership.relay.spool.writer import SpoolWriter
from mothership.telemetry import log

ENDLESS = 2**62


class Snapshot(NamedTuple):
    """How the spool stands."""

    totals: dict[str, Totals]
    letters: Totals
    letters_by_sink: dict[str, int]
    stored_bytes: int
    oldest: dict[str, int]
    """For each sink, when the oldest batch that waits was appended: microseconds since the epoch."""
    foreign: bool
    """Somebody else has written to the file since the last look: a dead letter was retried, or dropped."""


class Spool:
    """One worker's spool. Open it in a running loop; every method but `open` returns at once or awaits the disk."""

    def __init__(self, claim: directory.Claim, writer: SpoolWriter, settings: SpoolSettings, clock: Clock) -> None:
        self.claim = claim
        self.live_from = writer.file.last_seq + 1
        """Batches from here on were appended by this process."""
        self._writer = writer
        self._settings = settings
        self._clock = clock
        self._closed = False
        self._room = Room(settings)

    @classmethod
    async def open(cls, data_dir: Path, settings: SpoolSettings, clock: Clock) -> "Spool":
        """Own a spool file under the data directory. A damaged one is set aside and what it held saved."""
        loop = asyncio.get_running_loop()
        try:
            claim = await asyncio.to_thread(directory.claim_own, directory.spool_directory(data_dir))
        except OSError as error:
            raise _unusable(error) from None
        try:
            file = await asyncio.to_thread(_opened, claim.path, settings.cache_bytes)
        except (sqlite3.Error, OSError) as error:
            claim.release()
            raise _unusable(error) from None
        except BaseException:
            claim.release()
            raise
        writer = SpoolWriter(file, loop, rebuild=rebuild.rebuild, retry_after_seconds=settings.retry_after_seconds)
        return cls(claim, writer, settings, clock)

    @property
    def failed(self) -> asyncio.Future[None]:
        """Done when the writing thread has died of an error."""
        return self._writer.failed

    @property
    def trouble(self) -> str:
        """Why nothing can be written, or empty."""
        return self._writer.trouble or self._room.trouble

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

    def append(self, batch: RowBatch, sinks: Sequence[str]) -> "asyncio.Future[Standing]":
        """Keep a batch on disk for these sinks; done after the fsync. `Unsafe` when it can't be kept."""
        sealed: list[tuple[Kept, bytes]] = []

        def prepare() -> None:
            item = kept(batch, list(sinks), self._now())
            sealed.append((item, pack(item)))

        def act(file: SpoolFile) -> Standing:
            item, record = sealed[0]
            if known := file.standing(item.fingerprint, is_retry=item.is_retry):
                return known
            self._room.need(file, item.client, len(record))
            return file.add(item, record, batch)

        return self._writer.submit(act, prepare=prepare)

    async def lease(
        self,
        sink: str,
        limits: Limits,
        *,
        ranges: Sequence[tuple[int, int]] = ((0, ENDLESS),),
        exclude: Collection[int] = (),
    ) -> Lease | None:
        """The oldest batches that wait for this sink and fit one write, attempt counted; None if there are none.

        They come from the first of the ranges (of batch numbers, the end not included) that has any.
        """

        def pick(file: SpoolFile) -> tuple[int, list[Lent]]:
            tries = (file.pick(sink, limits, first=first, end=end, exclude=exclude) for first, end in ranges)
            found = next((lent for lent in tries if lent), [])
            file.deliveries.lend(sink, [lent.seq for lent in found])
            return self._writer.generation, found

        def act(file: SpoolFile) -> tuple[int, list[Lent]]:
            generation, found = pick(file)
            file.deliveries.mark(sink, [lent.seq for lent in found])
            return generation, found

        while True:
            try:
                generation, found = await self._writer.submit(act, durable=False, on_trouble="fall_back", fallback=pick)
            except Unsafe:
                return None
            if not found:
                return None
            if lease := await self._unpacked(sink, generation, found):
                return lease

    def commit(self, lease: Lease) -> "asyncio.Future[None]":
        """The sink has these batches. Need not be awaited: whatever is asked next comes after it."""
        now = self._now()

        def act(file: SpoolFile) -> None:
            if lease.generation == self._writer.generation:
                file.finish(lease.sink, lease.seqs, now)

        return self._writer.submit(act, durable=False, on_trouble="owe")

    def release(self, lease: Lease) -> "asyncio.Future[None]":
        """The sink has not got these batches, or may not: they wait again. Need not be awaited either."""

        def act(file: SpoolFile) -> None:
            if lease.generation == self._writer.generation:
                file.deliveries.give_back(lease.sink, lease.seqs)
                file.deliveries.release(lease.sink, lease.seqs)

        return self._writer.submit(act, durable=False, on_trouble="owe")

    async def bury(self, lease: Lease, failed: Sequence[Failed], *, seen: bool) -> None:
        """Set the named rows aside and commit all others of the lease.

        `seen`: the sink has taken note of the batch, so a retry of the rows needs an identity of its own.
        """
        now = self._now()
        sealed: list[tuple[str, Kept, bytes]] = []

        def prepare() -> None:
            sealed.extend(letters(lease, failed, now, seen=seen))

        def act(file: SpoolFile) -> None:
            if lease.generation != self._writer.generation:
                return
            for reason, item, record in sealed:
                file.shelf.bury(lease.sink, reason, item, record, now)
            file.finish(lease.sink, lease.seqs, now)

        await self._writer.submit(act, on_trouble="owe", prepare=prepare)
        telemetry.dead_letters_total.labels(lease.sink).inc(len(failed))

    async def set_aside(self, batch: RowBatch, reasons: Sequence[str]) -> None:
        """Keep rows that were rejected among the dead letters, each with its reason, while there is room for them.

        Raises `Unsafe` when the disk refuses.
        """
        now = self._now()
        lease = Lease(PIPELINE, 0, (0,), (batch,), (1,), (0,))
        failed = [Failed(0, row, reason) for row, reason in enumerate(reasons)]
        sealed: list[tuple[str, Kept, bytes]] = []

        def prepare() -> None:
            sealed.extend(letters(lease, failed, now, seen=True))

        def act(file: SpoolFile) -> None:
            for reason, item, record in sealed:
                if self._room.has(file, item.client, len(record)):
                    file.shelf.bury(PIPELINE, reason, item, record, now)
                    telemetry.dead_letters_total.labels(PIPELINE).inc(len(item.rows))

        await self._writer.submit(act, durable=False, prepare=prepare)

    async def split(self, lease: Lease) -> list[int]:
        """Put two halves in the place of the lease's only batch, for this sink. Returns their numbers."""
        (batch,), (seq,), now = lease.batches, lease.seqs, self._now()
        parts: list[tuple[Kept, bytes]] = []

        def prepare() -> None:
            parts.extend(halves(lease.sink, batch, now))

        def act(file: SpoolFile) -> list[int]:
            if lease.generation != self._writer.generation:
                return []
            file.deliveries.give_back(lease.sink, [seq])
            return file.split(lease.sink, seq, parts, now)

        numbers: list[int] = await self._writer.submit(act, prepare=prepare)
        return numbers

    async def defer(self, lease: Lease, deferred: Sequence[Failed], refused: Sequence[Failed]) -> list[int]:
        """Keep the deferred rows waiting, set the refused ones aside, and commit all others of the lease.

        Returns the numbers of the batches that wait: those of which no other row was written stay as they are.
        """
        now = self._now()
        gone = {one.batch for one in refused}
        counts = Counter(one.batch for one in deferred)
        whole = [at for at, count in counts.items() if count == len(lease.batches[at].rows) and at not in gone]
        parts: list[tuple[Kept, bytes]] = []
        sealed: list[tuple[str, Kept, bytes]] = []

        def prepare() -> None:
            parts.extend(later_parts(lease, [one for one in deferred if one.batch not in whole], now))
            sealed.extend(letters(lease, refused, now, seen=True))

        def act(file: SpoolFile) -> list[int]:
            if lease.generation != self._writer.generation:
                return []
            kept_back = lease.only(whole).seqs
            file.deliveries.give_back(lease.sink, kept_back)
            file.deliveries.release(lease.sink, kept_back)
            for reason, item, record in sealed:
                file.shelf.bury(lease.sink, reason, item, record, now)
            numbers = [file.add_part(item, record) for item, record in parts]
            file.finish(lease.sink, [seq for seq in lease.seqs if seq not in kept_back], now)
            return [*kept_back, *numbers]

        numbers: list[int] = await self._writer.submit(act, prepare=prepare)
        telemetry.dead_letters_total.labels(lease.sink).inc(len(refused))
        return numbers

    async def sweep(self, letters: DeadLetterSettings) -> Snapshot:
        """Do what is due: expire, prune, notice what others wrote; and say how all stands."""
        now = self._now()

        def act(file: SpoolFile) -> Snapshot:
            foreign = file.has_changed()
            if self._writer.trouble:
                file.touch()
            self._writer.shrinks = file.is_loose(self._settings.shrink_bytes)
            age.expire_batches(file, self._settings.max_age_seconds, now)
            age.drop_letters(file, letters, now)
            self._room.look_again(file)
            file.finished.prune(now - _micros(self._settings.remember_seconds), self._settings.remember_batches)
            oldest = {
                sink: when for sink in file.deliveries.sinks if (when := file.deliveries.oldest(sink)) is not None
            }
            by_sink = file.shelf.by_sink()
            return Snapshot(
                dict(file.deliveries.totals), file.shelf.totals, by_sink, file.stored_bytes, oldest, foreign
            )

        snapshot: Snapshot = await self._writer.submit(act, durable=bool(self._writer.trouble))
        return snapshot

    async def take_in(self, items: Sequence[tuple[Kept, bytes]]) -> None:
        """Keep batches of a file that a dead worker left behind, whatever the bounds: they are on disk already."""

        def act(file: SpoolFile) -> None:
            for item, record in items:
                file.take_in(item, record)

        await self._writer.submit(act)

    async def take_in_letters(self, letters: Sequence[Letter]) -> None:
        """The same for dead letters."""

        def act(file: SpoolFile) -> None:
            for letter in letters:
                file.shelf.take_in(letter)

        await self._writer.submit(act)

    async def close(self) -> None:
        """Write what was submitted, close the file, give it up. May be called twice."""
        if not self._closed:
            self._closed = True
            await self._writer.stop()
            self.claim.release()

    async def _unpacked(self, sink: str, generation: int, found: list[Lent]) -> Lease | None:
        def decoded() -> list[RowBatch | None]:
            return [lent.decoded() for lent in found]

        whole = await asyncio.to_thread(decoded) if any(lent.record for lent in found) else decoded()
        damaged = [lent.seq for lent, batch in zip(found, whole, strict=True) if batch is None]
        if damaged:
            await self._quarantine(generation, sink, damaged)
        sound = [(lent, batch) for lent, batch in zip(found, whole, strict=True) if batch is not None]
        if not sound:
            return None
        return Lease(
            sink,
            generation,
            tuple(lent.seq for lent, _ in sound),
            tuple(batch for _, batch in sound),
            tuple(lent.attempts for lent, _ in sound),
            tuple(lent.crashes for lent, _ in sound),
        )

    async def _quarantine(self, generation: int, sink: str, seqs: list[int]) -> None:
        def act(file: SpoolFile) -> list[tuple[int, bytes, int]]:
            if generation != self._writer.generation:
                return []
            file.deliveries.give_back(sink, seqs)
            return [(seq, *taken) for seq in seqs if (taken := file.discard(seq))]

        for seq, record, events in await self._writer.submit(act, on_trouble="owe") or []:
            rebuild.quarantine_record(self.claim.path, seq, record)
            telemetry.spool_damaged.inc(events)
            log.error("spool_record_damaged", file=self.claim.path.name, seq=seq, events=events)

    def _now(self) -> int:
        return _micros(self._clock())


def _opened(path: Path, memory_bytes: int) -> SpoolFile:
    """Open it, on a full disk by the room that was set aside for that."""
    try:
        file = rebuild.open_sound(path, memory_bytes)
    except (sqlite3.Error, OSError) as error:
        if not reserve.give_up(path, error):
            raise
        return rebuild.open_sound(path, memory_bytes)
    reserve.keep(path)
    return file


def _unusable(error: Exception) -> ConfigurationError:
    name = getattr(error, "sqlite_errorname", None) or getattr(error, "strerror", None) or type(error).__name__
    return ConfigurationError([f"server.data_dir: the spool can't be opened: {name}"])


def _micros(seconds: float) -> int:
    return int(seconds * 1_000_000)
