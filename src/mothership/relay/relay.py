"""The relay: keeps what the pipeline made until every sink has it, and tells the truth about it.

keep ──▶ spool (fsync) ──▶ couriers ──▶ receipt: written | queued | errors, per sink
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from mothership import telemetry
from mothership.errors import NotPersisted, SpoolFull
from mothership.event import Receipt, RowBatch, Tally
from mothership.fairness import Holder, WaitBudget
from mothership.leases import BatchStatus, DeliveryResult, SpoolStats, Totals
from mothership.log_limiter import LogLimiter
from mothership.ports import Clock, Spool
from mothership.relay.answer_deadline import AnswerDeadline
from mothership.relay.awaited_receipt import AwaitedReceipt
from mothership.relay.courier import Courier
from mothership.relay.in_flight_limiter import InFlightLimiter
from mothership.relay.settings import RelaySettings
from mothership.relay.sink_route import SinkRoute
from mothership.relay.spool.kinds import open_spool
from mothership.relay.spool.record import weight
from mothership.status import DeadLetterStatus, DeliveryStatus, InFlightStatus, RelayStatus, SpoolStatus
from mothership.telemetry import log

DRAIN_SECONDS_DEFAULT = 10.0
SPACE_POLL_SECONDS = 0.1
"""Between two looks for room in a full spool."""


class Relay:
    """`ports.Relay` over a spool on disk. Made by `open`, works while `run` runs, ends with `close`."""

    def __init__(
        self,
        spool: Spool,
        settings: RelaySettings,
        routes: Sequence[SinkRoute],
        *,
        clock: Clock,
        ticks: Callable[[], float],
        jitter: Callable[[], float],
        counts_stream: bool = True,
    ) -> None:
        """`counts_stream`: the metrics of this worker tell of a stream that all workers share; one of them does."""
        self.couriers = [Courier(route, spool, settings, self, ticks=ticks, jitter=jitter) for route in routes]
        self.in_flight = InFlightLimiter(settings.in_flight, ticks)
        self._spool = spool
        spool.on_arrival, spool.on_result = self._wake, self._record_result
        self._settings = settings
        self._counts_stream = counts_stream
        self._clock = clock
        self._ticks = ticks
        self._sinks = [courier.name for courier in self.couriers]
        self._log_not_kept = LogLimiter("warning", "rejected_events_not_kept")
        self._by_identity: dict[bytes, AwaitedReceipt] = {}
        """By fingerprint, and by content: there a retry finds the first transmission that it repeats."""
        self._delivering: dict[bytes, AwaitedReceipt] = {}
        """Those on disk, by the fingerprint under which they are there."""
        self._deadline = AnswerDeadline(settings.answer_seconds)
        self._spool_stats = SpoolStats({}, Totals(), {}, 0, {}, changed_by_others=False)
        self._delivered = asyncio.Event()
        self._end = asyncio.Event()
        self._ended = asyncio.Event()
        self._stop_now = asyncio.Event()
        self._deadline_seconds = DRAIN_SECONDS_DEFAULT
        self._running = False
        self._accepting = True

    @classmethod
    async def open(
        cls,
        data_dir: Path,
        settings: RelaySettings,
        routes: Sequence[SinkRoute],
        *,
        clock: Clock = time.time,
        ticks: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        counts_stream: bool = True,
    ) -> "Relay":
        """Open the spool under the data directory; whatever it holds is delivered as soon as `run` runs."""
        spool = await open_spool(data_dir, settings, clock)
        for sink, events in spool.waiting().items():
            if sink not in {route.sink.name for route in routes}:
                log.warning("spool_holds_events_for_a_sink_that_is_off", sink=sink, events=events)
        return cls(
            spool, settings, routes, clock=clock, ticks=ticks, jitter=jitter, counts_stream=counts_stream
        )  # fmt: skip

    async def keep(self, batch: RowBatch, *, waited_seconds: float = 0.0) -> Receipt:
        """As `ports.Relay.keep` promises."""
        if not batch.rows:
            return Receipt({sink: Tally(0, 0, 0) for sink in self._sinks}, duplicate=False)
        if not self._accepting:
            raise NotPersisted("the service is stopping", retry_after_seconds=self._settings.spool.retry_after_seconds)
        who = Holder(batch.client, batch.address)
        budget = WaitBudget(self._settings.room_seconds - waited_seconds)
        async with self.in_flight.hold(who, len(batch.rows), weight(batch), budget):
            return await self._keep_once_there_is_space(batch, budget)

    async def keep_rejected(self, batch: RowBatch, reasons: Sequence[str]) -> None:
        """Keep what is left of rejected rows among the dead letters, if there is room: they were never accepted."""
        try:
            await self._spool.keep_rejected(batch, reasons)
        except NotPersisted as error:
            who = Holder(batch.client, batch.address)
            self._log_not_kept(who, None, client=batch.client, events=len(batch.rows), reason=error.reason)

    async def _keep_once_there_is_space(self, batch: RowBatch, budget: WaitBudget) -> Receipt:
        while True:
            try:
                return await self._keep(batch)
            except SpoolFull:
                if budget.left_seconds <= 0:
                    telemetry.spool_refused.inc()
                    raise
            except NotPersisted:
                telemetry.spool_refused.inc()
                raise
            await budget.spend(self._wait_for_space)

    async def _wait_for_space(self, *, wait_seconds: float) -> None:
        """Until a delivery has made some, or may have."""
        self._delivered.clear()
        # Not at once after each: many that wait would ask again for the room of one.
        await asyncio.sleep(min(wait_seconds, SPACE_POLL_SECONDS))
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds - SPACE_POLL_SECONDS):
                await self._delivered.wait()

    async def _keep(self, batch: RowBatch) -> Receipt:
        pending = self._by_identity.get(batch.fingerprint)
        repeated = pending is not None
        if pending is None:
            pending = self._start(batch)
        try:
            return pending.receipt(self._sinks, await pending.wait(), repeated=repeated)
        finally:
            if not pending.is_waited_for:
                self._forget(pending)

    def _start(self, batch: RowBatch) -> AwaitedReceipt:
        pending = AwaitedReceipt((batch.fingerprint, batch.content) if batch.content else (batch.fingerprint,))
        for identity in pending.identities:
            self._by_identity[identity] = pending
        self._spool.append(batch, self._sinks, partial(self._appended, pending))
        return pending

    def _appended(self, pending: AwaitedReceipt, status: BatchStatus | None, error: BaseException | None) -> None:
        pending.status, pending.error = status, error
        if status is None:
            pending.settle()
            return
        if status.seq and pending.is_waited_for:
            pending.waits_for = {sink for sink in self._sinks if sink in status.queued}
            self._delivering[status.fingerprint] = pending
        self._settle_unless_waited_for(pending)
        if not pending.is_settled:
            self._deadline.start(pending)
        self._wake()

    def _wake(self) -> None:
        for courier in self.couriers:
            courier.wake()

    def _settle_unless_waited_for(self, pending: AwaitedReceipt) -> None:
        """Let its answer go, unless a sink that is worth waiting for has not got it."""
        for courier in self.couriers:
            if courier.name in pending.waits_for and courier.is_waited_for:
                return
        pending.settle()

    def _forget(self, pending: AwaitedReceipt) -> None:
        for identity in pending.identities:
            if self._by_identity.get(identity) is pending:
                del self._by_identity[identity]
        if pending.status is not None and self._delivering.get(pending.status.fingerprint) is pending:
            del self._delivering[pending.status.fingerprint]

    def on_result(self, result: DeliveryResult) -> None:
        """A courier is through with a batch: here, or in another process, somebody may wait to hear of it."""
        self._record_result(result)
        self._spool.announce(result)

    def _record_result(self, result: DeliveryResult) -> None:
        self._delivered.set()
        if pending := self._delivering.get(result.fingerprint):
            pending.record_result(result)
            self._settle_unless_waited_for(pending)

    def on_change(self) -> None:
        """A courier is waited for, or no longer."""
        for pending in self._delivering.values():
            self._settle_unless_waited_for(pending)

    async def run(self) -> None:
        """Deliver until `close`. Raises what a courier or the spool dies of."""
        self._running = True
        try:
            async with asyncio.TaskGroup() as group:
                couriers = [group.create_task(courier.run(), name=courier.name) for courier in self.couriers]
                maintenance = [group.create_task(self._sweep()), group.create_task(self._take_over_orphans())]
                watch = group.create_task(self._watch())
                await self._end.wait()
                await self._drain(couriers)
                for task in (*couriers, *maintenance, watch):
                    task.cancel()
        finally:
            self._accepting = False
            await self._spool.close()
            self._ended.set()

    async def close(self, deadline_seconds: float = DRAIN_SECONDS_DEFAULT) -> None:
        """Deliver for so long what can be delivered, then stop; the rest waits on disk. Asked again: end at once."""
        if self._end.is_set():
            self._stop_now.set()
        self._deadline_seconds = deadline_seconds
        self._end.set()
        if not self._running:
            self._accepting = False
            await self._spool.close()
            self._ended.set()
        await self._ended.wait()

    async def _drain(self, couriers: Sequence["asyncio.Task[None]"]) -> None:
        for courier in self.couriers:
            courier.end()
        hurry: asyncio.Future[Any] = asyncio.ensure_future(self._stop_now.wait())
        everyone: asyncio.Future[Any] = asyncio.ensure_future(asyncio.wait(couriers))
        await asyncio.wait([hurry, everyone], timeout=self._deadline_seconds, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        everyone.cancel()
        left = {courier.name: self._spool.totals(courier.name).events for courier in self.couriers}
        log.info("relay_stopped", **{f"{name}_queued": events for name, events in left.items()})

    async def _watch(self) -> None:
        await asyncio.shield(self._spool.failed)

    async def _sweep(self) -> None:
        while True:
            with suppress(NotPersisted):
                self._spool_stats = await self._spool.sweep()
                if self._spool_stats.changed_by_others:
                    self._wake()
            self._export_metrics()
            await asyncio.sleep(self._settings.spool.sweep_seconds)

    async def _take_over_orphans(self) -> None:
        while True:
            with suppress(NotPersisted):
                if await self._spool.take_over_orphans():
                    self._wake()
            await asyncio.sleep(self._settings.spool.adopt_seconds)

    def _export_metrics(self) -> None:
        status = self.status()
        counted_elsewhere = status.spool.cluster and not self._counts_stream
        if counted_elsewhere:
            status = status.without_counts()
        telemetry.spool_bytes_max.set(0 if counted_elsewhere else status.spool.max_bytes)
        for name, sink in status.sinks.items():
            telemetry.spool_events.labels(name).set(sink.queued_events)
            telemetry.spool_bytes.labels(name).set(sink.queued_bytes)
            telemetry.spool_oldest_seconds.labels(name).set(sink.oldest_seconds)
            telemetry.sink_drain_rate.labels(name).set(sink.drain_rate)
        if cluster := status.spool.cluster:
            stream = self._settings.spool.jetstream.stream
            telemetry.jetstream_reachable.labels(stream).set(cluster.reachable)
            telemetry.jetstream_out_of_step.labels(stream).set(cluster.out_of_step)
            telemetry.jetstream_ack_pending_max.labels(stream).set(cluster.max_ack_pending)
            for name, batches in cluster.ack_pending.items():
                telemetry.jetstream_ack_pending.labels(name).set(batches)
        telemetry.in_flight_events.set(self.in_flight.events)
        telemetry.dead_letters_waiting.set(status.dead_letters.events)

    def status(self) -> RelayStatus:
        """For /stats, /healthz and the metrics."""
        spool = SpoolStatus(
            healthy=not self._spool.unwritable_reason,
            reason=self._spool.unwritable_reason,
            bytes=self._spool_stats.stored_bytes,
            max_bytes=self._settings.spool.max_bytes,
            cluster=self._spool.cluster(),
        )
        dead_letters = self._spool_stats.dead_letters
        return RelayStatus(
            healthy=spool.healthy and all(courier.is_healthy for courier in self.couriers),
            spool=spool,
            dead_letters=DeadLetterStatus(events=dead_letters.events, bytes=dead_letters.bytes),
            in_flight=InFlightStatus(
                events=self.in_flight.events, bytes=self.in_flight.bytes, refused=self.in_flight.refused
            ),
            sinks={courier.name: self._delivery_status(courier) for courier in self.couriers},
        )

    def _delivery_status(self, courier: Courier) -> DeliveryStatus:
        waits, availability = self._spool.totals(courier.name), courier.availability
        oldest = self._spool_stats.oldest.get(courier.name)
        return DeliveryStatus(
            healthy=not courier.unhealthy_reason,
            breaker="paused" if availability.is_paused else availability.breaker_state,
            reason=availability.reason or courier.unhealthy_reason,
            queued_events=waits.events,
            queued_bytes=waits.bytes,
            oldest_seconds=round(max(0.0, self._clock() - oldest / 1e6), 3) if oldest and waits.events else 0.0,
            retries=availability.retries,
            dead_letters=self._spool_stats.dead_letters_by_sink.get(courier.name, 0),
            drain_rate=round(courier.rate.per_second(self._ticks()), 1),
        )
