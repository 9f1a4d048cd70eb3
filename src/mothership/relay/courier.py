"""One courier a sink: lease ──▶ write ──▶ commit | release | dead-letter | defer, for as long as the process lives.

While one write is under way the next forms from whatever arrives. A sink that fails is tried again after a pause
that grows, with less at once if it was not through in time; one that waits for a person rests loudly; rows it refuses
for good go to the dead letters.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from mothership import telemetry
from mothership.errors import Deferred, FailedRow, NotPersisted, Paused, Permanent, TimedOut, Transient
from mothership.fairness import Holder
from mothership.leases import DeliveryResult, Lease
from mothership.log_limiter import LogLimiter
from mothership.plurals import counted
from mothership.ports import Health, Spool
from mothership.relay.event_rate import EventRate
from mothership.relay.lease_rows import new_rows, rows_of
from mothership.relay.lease_selection import LeaseSelection
from mothership.relay.settings import RelaySettings
from mothership.relay.sink_availability import SinkAvailability, cause
from mothership.relay.sink_route import DeliveryListener, SinkRoute
from mothership.telemetry import log

IDLE_SECONDS = 1.0
PAUSE_POLL_SECONDS = 0.2
"""How soon a pause notices that it is over, or that the process ends."""
HEALTH_SECONDS_MAX = 3.0
QUICK_SPLIT_ROWS_MIN = 4
"""Halves of fewer may be single rows, and those are set aside: they get their full number of tries."""


class Courier:
    """Delivers what waits in the spool to one sink."""

    def __init__(
        self,
        route: SinkRoute,
        spool: Spool,
        settings: RelaySettings,
        listener: DeliveryListener,
        *,
        ticks: Callable[[], float],
        jitter: Callable[[], float],
    ) -> None:
        self.name = route.sink.name
        self.availability = SinkAvailability(self.name, settings.retry, listener, ticks=ticks, jitter=jitter)
        self.rate = EventRate()
        self._log_events_refused = LogLimiter("warning", "events_refused", key_seconds=0.0)
        self._route, self._sink, self._spool = route, route.sink, spool
        self._settings, self._retry = settings, settings.retry
        self._listener, self._ticks = listener, ticks
        self._selection = selection = LeaseSelection(route, spool, settings, ticks=ticks)
        self._poison, self._size, self._parts = selection.poison, selection.size, selection.parts
        self._deferred, self._order = selection.deferred, selection.order
        self._write_seconds = telemetry.sink_write_seconds.labels(self.name)
        self._write_events = telemetry.sink_write_events.labels(self.name)
        self._stored_events = telemetry.sink_events.labels(self.name)
        self._work = asyncio.Event()
        self._opening = asyncio.Lock()
        self._opened = False
        self._ending = False
        self._write_began = float("-inf")

    @property
    def is_healthy(self) -> bool:
        """Are writes going well, as far as is known?"""
        return self.availability.is_healthy

    @property
    def unhealthy_reason(self) -> str:
        """Why events don't move, or some don't; empty when all is well."""
        return self.availability.unhealthy_reason or self._deferred.reason

    @property
    def is_waited_for(self) -> bool:
        """May an answer wait for this sink? Not when rows linger there longer than any answer waits."""
        return self.is_healthy and self._route.linger_seconds < self._settings.answer_seconds

    def wake(self) -> None:
        """Something was appended."""
        self._work.set()

    def end(self) -> None:
        """Deliver what can be delivered, then stop."""
        self._ending = True
        self._work.set()

    async def run(self) -> None:
        """Deliver until `end`. Raises only what is a fault of this program."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._route.writers):
                group.create_task(self._deliver_all(), name=f"courier-{self.name}-{number}")

    async def _deliver_all(self) -> None:
        while self.is_healthy or not self._ending:
            if not await self._may_write():
                continue
            self._work.clear()
            lease = await self._next()
            if lease is not None:
                await self._deliver(lease)
            elif self._ending:
                return
            else:
                self._on_idle()
                await self._wait_for_work(min(IDLE_SECONDS, self._selection.due_in()))

    async def _may_write(self) -> bool:
        breaker = self.availability.breaker
        pause = self.availability.ready_in()
        if pause > 0:
            await asyncio.sleep(min(pause, PAUSE_POLL_SECONDS))
            return False
        async with self._opening:
            if self.availability.ready_in() > 0:
                return False
            if self._opened and breaker.is_closed:
                return True
            breaker.begin()
            return await self._open()

    async def _open(self) -> bool:
        try:
            async with asyncio.timeout(self._retry.write_seconds):
                await self._sink.open()
        except Paused as error:
            self.availability.pause(error.reason)
        except Exception as error:  # noqa: BLE001 - a sink may fail in ways it does not know itself
            self.availability.record_failure(error)
        else:
            self._opened = True
            return True
        return False

    async def _next(self) -> Lease | None:
        return await self._selection.next(
            probing=not self.availability.breaker.is_closed, wait_for_company=self._wait_for_company
        )

    async def _wait_for_company(self) -> None:
        """Let what is about to be written become more, as long as the sink's route says."""
        until = max(self._ticks() + self._route.linger_seconds, self._write_began + self._route.gather_seconds)
        full = self._route.full_rows or self._route.batch_size
        while not self._ending and (left := until - self._ticks()) > 0:
            if not 0 < self._spool.totals(self.name).events < full:
                return
            self._work.clear()
            await self._wait_for_work(left)

    # --- writing -------------------------------------------------------------------------------------------------

    async def _deliver(self, lease: Lease) -> None:
        # As often alone as in company: a process that is killed by others dies in the midst of innocent writes, too.
        if lease.crashes[0] >= 2 * self._retry.poison_attempts:
            await self._dead_letter(
                lease, f"the process died {counted(lease.crashes[0], 'time')} while writing this batch"
            )
        elif self._selection.is_too_much(lease) and await self._split(lease, self._ticks()):
            self.availability.breaker.abandon()  # if it was to be the probe: another is
        else:
            await self._write(lease)

    async def _write(self, lease: Lease) -> None:
        began = self._write_began = self._ticks()
        try:
            async with asyncio.timeout(self._retry.write_seconds):
                duplicates = await self._sink.write(lease.batches)
        except asyncio.CancelledError:
            self._spool.release(lease)
            raise
        except Permanent as error:
            await self._on_refused_rows(lease, error)
        except Deferred as error:
            await self._defer(lease, error)
        except Paused as error:
            self._release(lease)
            self.availability.pause(error.reason)
        except (TimedOut, TimeoutError) as error:
            await self._on_timeout(lease, error)
        except Exception as error:  # noqa: BLE001 - a sink may fail in ways it does not know itself
            await self._on_failed_write(lease, error)
        else:
            self._size.record_success(lease.events, self._ticks() - began)
            committed = self._spool.commit(lease)
            self._on_stored(lease, duplicates)
            if self._route.linger_seconds or self._route.gather_seconds:
                await committed  # who waits for company counts what waits
        self._write_seconds.observe(self._ticks() - began)
        self._write_events.observe(lease.events)

    def _on_stored(
        self,
        lease: Lease,
        duplicates: frozenset[int],
        refused: Sequence[FailedRow] = (),
        deferred: Sequence[FailedRow] = (),
    ) -> None:
        """All is stored but these rows."""
        errors, later = (Counter(one.batch for one in rows) for rows in (refused, deferred))
        moved = lease.events - len(deferred)
        self.rate.add(moved, self._ticks())
        self._stored_events.inc(moved - len(refused))
        self._poison.record_success(lease.seqs)
        self._deferred.discard(lease.seqs)
        self._parts.discard(lease.seqs)
        for at, batch in enumerate(lease.batches):
            self._listener.on_result(
                DeliveryResult(self.name, batch.fingerprint, errors[at], at in duplicates, later[at])
            )
        self._mark_healthy()
        watcher = self._route.watcher
        if watcher is not None and watcher.is_watched:
            for rows in new_rows(lease, duplicates, [*refused, *deferred]):
                watcher.stored(rows)

    async def _on_refused_rows(self, lease: Lease, error: Permanent) -> None:
        failed = rows_of(lease, error.failed)
        await self._spool.dead_letter(lease, failed, known_to_sink=True)
        self._log_refused(lease, failed, error.reason)
        self._on_stored(lease, error.duplicates, failed)

    async def _defer(self, lease: Lease, error: Deferred) -> None:
        """Some rows can't be had yet: they wait by themselves, and those behind them go on."""
        deferred, refused = rows_of(lease, error.deferred), rows_of(lease, error.refused)
        if self._deferred.full:
            reason = f"{error.reason}; relay.retry.deferred_batches batches wait for that already"
            await self._on_refused_rows(lease, Permanent(reason, [*refused, *deferred]))
            return
        try:
            seqs = await self._spool.defer(lease, deferred, refused)
        except NotPersisted as full:  # the disk refuses: later
            self._release(lease)
            self.availability.record_failure(Transient(full.reason))
            return
        note = log.debug if self._deferred.reason else log.warning  # one line when it begins
        note("events_deferred", sink=self.name, events=len(deferred), reason=error.reason)
        if refused:
            self._log_refused(lease, refused, refused[0].reason)
        self._on_stored(lease, frozenset(), refused, deferred)
        self._deferred.defer(seqs, max(lease.attempts), self._ticks(), error.reason)

    def _log_refused(self, lease: Lease, refused: Sequence[FailedRow], reason: str) -> None:
        for client, events in Counter(lease.batches[one.batch].client for one in refused).items():
            self._log_events_refused(Holder(client), None, sink=self.name, client=client, events=events, reason=reason)

    async def _dead_letter(self, lease: Lease, reason: str) -> None:
        """Give up on the first batch of a lease, whole."""
        first, others = lease.only([0]), lease.only(range(1, len(lease.seqs)))
        if others.seqs:
            self._spool.release(others)
        rows = len(first.batches[0].rows)
        await self._spool.dead_letter(first, [FailedRow(0, row, reason) for row in range(rows)], known_to_sink=False)
        log.error("batch_set_aside", sink=self.name, events=rows, reason=reason)
        self._deferred.discard(first.seqs)
        self._parts.discard(first.seqs)
        self._poison.forget(first.seqs[0])
        self._listener.on_result(DeliveryResult(self.name, first.batches[0].fingerprint, rows, duplicate=False))

    async def _on_failed_write(self, lease: Lease, error: Exception) -> None:
        """A write failed in a way that may pass, or that the sink does not understand itself."""
        unknown = not isinstance(error, (Transient, TimeoutError))
        healthy = await self._sink_is_healthy()
        alone = len(lease.seqs) == 1 and lease.seqs[0] in self._poison.seqs
        if not healthy:
            self._poison.reset()
        elif self._poison.may_be_poison(lease.seqs[0], unknown=unknown):
            pause = self.availability.backoff_seconds(self._poison.failures(lease.seqs[0]) + 1)
            self._poison.record_failure(lease.seqs, unknown=unknown, until=self._ticks() + pause)
            self._parts.discard(self._poison.seqs.intersection(lease.seqs))
        if len(lease.seqs) == 1 and self._poison.is_poison(lease.seqs[0]):
            await self._isolate_poison(lease, error)
        else:
            self._release(lease)
        self.availability.record_failure(error, counts=not (healthy and alone))

    async def _on_timeout(self, lease: Lease, error: Exception) -> None:
        """Less at once from now on. What is a single event can't be less: it is like any other failure."""
        if lease.events == 1:
            await self._on_failed_write(lease, error)
            return
        self._size.record_timeout(lease.events)
        # If it is the batch and not the sink, others have as much of its time: unless it wants all in order.
        pause = 0.0 if self._route.in_order else self._retry.write_seconds
        if len(lease.seqs) > 1 or not await self._split(lease, self._ticks() + pause):
            self._release(lease)
        self.availability.record_failure(error)

    async def _split(self, lease: Lease, due: float) -> bool:
        """Put the halves of the lease's only batch in its place, to be written first. False where the disk refuses."""
        (seq,) = lease.seqs
        try:
            halves = await self._spool.split(lease)
        except NotPersisted:
            return False
        log.info("batch_halved", sink=self.name, events=lease.events)
        self._poison.forget(seq)
        self._parts.put(halves, instead_of=seq, due=due)
        return True

    def _release(self, lease: Lease) -> None:
        self._spool.release(lease)
        self._parts.give_back(lease.seqs)

    async def _isolate_poison(self, lease: Lease, error: Exception) -> None:
        rows = len(lease.batches[0].rows)
        if rows == 1:
            await self._dead_letter(lease, f"{self.name} failed on this event alone, again and again: {cause(error)}")
            return
        log.warning("batch_split", sink=self.name, events=rows, cause=cause(error))
        self._poison.forget(lease.seqs[0])
        try:
            halves = await self._spool.split(lease)
        except NotPersisted:  # the disk refuses: later
            self._spool.release(lease)
            return
        self._poison.track_parts(halves, one_failure_left=rows >= QUICK_SPLIT_ROWS_MIN)

    def _mark_healthy(self) -> None:
        if self.availability.record_success():
            self._order.record_recovery(self._spool.last_seq)
            log.info("sink_recovered", sink=self.name, events_waiting=self._spool.totals(self.name).events)
            self._listener.on_change()

    def _on_idle(self) -> None:
        self._deferred.forget_due(self._ticks())
        if not self.availability.breaker.is_closed:  # it opened well, and there is nothing to try it with
            self._mark_healthy()

    async def _sink_is_healthy(self) -> bool:
        try:
            async with asyncio.timeout(HEALTH_SECONDS_MAX):
                health: Health = await self._sink.health()
        except Exception:  # noqa: BLE001 - whatever it is, it is not health
            return False
        return health.healthy

    async def _wait_for_work(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._work.wait()
        except TimeoutError:
            return
