"""A spool on a cluster, and a local file that takes over while the cluster can't be reached.

What the file has taken is delivered from there, and moves to the cluster as soon as that is back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mothership.errors import ClusterUnavailable, ConfigurationError, FailedRow, NotPersisted, SpoolFull
from mothership.event import RowBatch
from mothership.leases import SEQ_MAX, BatchStatus, DeliveryResult, Lease, LeaseLimits, SpoolStats, Totals
from mothership.relay.spool.dead_letter_admin import DeadLetterAdmin
from mothership.relay.spool.file_spool import FileSpool
from mothership.relay.spool.transfer import ClusterSpool, move_batches, move_dead_letters
from mothership.status import ClusterStatus
from mothership.telemetry import log

FILE_SEQS = 2**61
"""Numbers from here on are those of the file."""
CONNECT_PAUSE_SECONDS = 1.0


class FallbackSpool:
    """`ports.Spool` over both. `connect` opens the cluster's, and is tried until it works."""

    def __init__(
        self,
        file: FileSpool,
        data_dir: Path,
        connect: Callable[[], Awaitable[ClusterSpool]],
        cluster: ClusterSpool | None,
    ) -> None:
        self._file, self._data_dir, self._connect = file, data_dir, connect
        self._cluster = cluster
        self._on_arrival: Callable[[], None] = lambda: None
        self._on_result: Callable[[DeliveryResult], None] = lambda _result: None
        self._away = cluster is None
        """Whether what comes goes to the file."""
        self._closed = False
        self._connecting = None if cluster else asyncio.create_task(self._until_connected())

    @classmethod
    async def open(
        cls, file: FileSpool, data_dir: Path, connect: Callable[[], Awaitable[ClusterSpool]]
    ) -> "FallbackSpool":
        """With the cluster where it answers. Raises `ConfigurationError` for one that can't keep the promise."""
        try:
            cluster: ClusterSpool | None = await connect()
        except ClusterUnavailable:
            log.error("jetstream_unreachable", reason="the local file takes over until the cluster answers")
            cluster = None
        except ConfigurationError:
            await file.close()
            raise
        return cls(file, data_dir, connect, cluster)

    async def _until_connected(self) -> None:
        while True:
            with suppress(ConfigurationError):
                self._cluster = await self._connect()
                self._cluster.on_arrival, self._cluster.on_result = self._on_arrival, self._on_result
                return
            await asyncio.sleep(CONNECT_PAUSE_SECONDS)

    @property
    def on_arrival(self) -> Callable[[], None]:
        """As `ports.Spool` has it."""
        return self._on_arrival

    @on_arrival.setter
    def on_arrival(self, wake: Callable[[], None]) -> None:
        self._on_arrival = wake
        if self._cluster:
            self._cluster.on_arrival = wake

    @property
    def on_result(self) -> Callable[[DeliveryResult], None]:
        """As `ports.Spool` has it."""
        return self._on_result

    @on_result.setter
    def on_result(self, tell: Callable[[DeliveryResult], None]) -> None:
        self._on_result = tell
        if self._cluster:
            self._cluster.on_result = tell

    @property
    def first_live_seq(self) -> int:
        """Of the cluster; what the file takes is always of now."""
        return self._cluster.first_live_seq if self._cluster else 0

    @property
    def last_seq(self) -> int:
        """The cluster's highest number."""
        return self._cluster.last_seq if self._cluster else 0

    @property
    def failed(self) -> "asyncio.Future[None]":
        """Of the file's thread."""
        return self._file.failed

    @property
    def unwritable_reason(self) -> str:
        """Empty while either of them takes what comes."""
        if not self._away and self._cluster:
            return self._cluster.unwritable_reason
        return self._file.unwritable_reason

    def totals(self, sink: str) -> Totals:
        """What waits for a sink, at the cluster and in the file together."""
        there = self._cluster.totals(sink) if self._cluster else Totals()
        return there.merge(self._file.totals(sink))

    def waiting(self) -> dict[str, int]:
        """For each sink, the events that wait at the cluster and in the file together."""
        there, here = self._cluster.waiting() if self._cluster else {}, self._file.waiting()
        return {sink: there.get(sink, 0) + here.get(sink, 0) for sink in {**there, **here}}

    def append(
        self,
        batch: RowBatch,
        sinks: list[str],
        resolve: Callable[[BatchStatus | None, BaseException | None], None],
    ) -> None:
        """On the cluster, or else in the file. A full cluster is no reason: that is what its bound is for."""
        if self._away or self._cluster is None:
            self._file.append(batch, sinks, resolve)
            return

        def resolve_or_fall_back(status: BatchStatus | None, error: BaseException | None) -> None:
            if not isinstance(error, NotPersisted) or isinstance(error, SpoolFull) or self._closed:
                resolve(status, error)
                return
            self._fall_back(error.reason)
            self._file.append(batch, sinks, resolve)

        self._cluster.append(batch, sinks, resolve_or_fall_back)

    async def lease(
        self,
        sink: str,
        limits: LeaseLimits,
        *,
        ranges: Sequence[tuple[int, int]] = ((0, SEQ_MAX),),
        exclude: Collection[int] = (),
    ) -> Lease | None:
        """From the cluster, and then from the file."""
        if self._cluster and (lease := await self._cluster.lease(sink, limits, ranges=ranges, exclude=exclude)):
            return lease
        if not self._file.totals(sink).batches:
            return None
        shifted = [(max(0, first - FILE_SEQS), end - FILE_SEQS) for first, end in ranges if end > FILE_SEQS]
        kept_back = {seq - FILE_SEQS for seq in exclude if seq >= FILE_SEQS}
        lease = await self._file.lease(sink, limits, ranges=shifted, exclude=kept_back)
        return replace(lease, seqs=tuple(seq + FILE_SEQS for seq in lease.seqs)) if lease else None

    def commit(self, lease: Lease) -> "asyncio.Future[None]":
        """Where it came from."""
        spool, own = self._of(lease)
        return spool.commit(own)

    def release(self, lease: Lease) -> "asyncio.Future[None]":
        """Where it came from."""
        spool, own = self._of(lease)
        return spool.release(own)

    def announce(self, result: DeliveryResult) -> None:
        """To other instances; the file has none."""
        if self._cluster:
            self._cluster.announce(result)

    async def dead_letter(self, lease: Lease, failed: Sequence[FailedRow], *, known_to_sink: bool) -> None:
        """Where it came from."""
        spool, own = self._of(lease)
        await spool.dead_letter(own, failed, known_to_sink=known_to_sink)

    async def keep_rejected(self, batch: RowBatch, reasons: Sequence[str]) -> None:
        """On the cluster, or else in the file."""
        if self._cluster and not self._away:
            await self._cluster.keep_rejected(batch, reasons)
        else:
            await self._file.keep_rejected(batch, reasons)

    async def split(self, lease: Lease) -> list[int]:
        """Where it came from."""
        spool, own = self._of(lease)
        return self._numbers(spool, await spool.split(own))

    async def defer(self, lease: Lease, deferred: Sequence[FailedRow], refused: Sequence[FailedRow]) -> list[int]:
        """Where it came from."""
        spool, own = self._of(lease)
        return self._numbers(spool, await spool.defer(own, deferred, refused))

    async def sweep(self) -> SpoolStats:
        """Both; and whether the cluster is back."""
        here = await self._file.sweep()
        if self._cluster is None:
            return here
        try:
            there = await self._cluster.sweep()
        except NotPersisted as error:
            self._fall_back(error.reason)
            return here
        if self._away and not self._cluster.unwritable_reason:
            self._away = False
            log.info("jetstream_reachable", events_in_file=sum(self._file.waiting().values()))
        return there.merge(here)

    def cluster(self) -> ClusterStatus:
        """The cluster, and whether the file takes over."""
        known = self._cluster.cluster() if self._cluster else None
        if known is None:
            return ClusterStatus(
                reachable=False, leader="", replicas=0, out_of_step=0, ack_pending={}, max_ack_pending=0,
                file_takes_over=True,
            )  # fmt: skip
        return replace(known, file_takes_over=self._away)

    async def take_over_orphans(self) -> int:
        """What dead workers left goes to the file, and what is in the file to the cluster."""
        taken = await self._file.take_over_orphans()
        if self._cluster and not self._away:
            with suppress(NotPersisted):
                moved = await move_batches(self._file, self._cluster)
                letters = await move_dead_letters(DeadLetterAdmin(self._data_dir), self._cluster)
                if moved or letters:
                    log.info("spool_moved", events=moved, dead_letters=letters)
        return taken

    async def close(self) -> None:
        """Close both, and stop looking for the cluster."""
        self._closed = True
        if self._connecting:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        if self._cluster:
            await self._cluster.close()
        await self._file.close()

    def _fall_back(self, reason: str) -> None:
        if not self._away:
            self._away = True
            log.error("jetstream_unreachable", reason=f"{reason}: the local file takes over")

    def _of(self, lease: Lease) -> tuple[FileSpool | ClusterSpool, Lease]:
        if lease.seqs and lease.seqs[0] >= FILE_SEQS:
            return self._file, replace(lease, seqs=tuple(seq - FILE_SEQS for seq in lease.seqs))
        assert self._cluster is not None  # noqa: S101 - it has given the lease
        return self._cluster, lease

    def _numbers(self, spool: FileSpool | ClusterSpool, seqs: list[int]) -> list[int]:
        return [seq + FILE_SEQS for seq in seqs] if spool is self._file else seqs
