"""One lease to a sink: write ──▶ commit | release | dead-letter | defer | split, by how the write ended.

A write that was not through in time is followed by one of less; rows that the sink refuses for good go to the dead
letters; a batch that fails at a sink that is well comes apart, down to the event that is to blame.
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
from mothership.relay.settings import RetrySettings
from mothership.relay.sink_availability import SinkAvailability, cause
from mothership.relay.sink_route import DeliveryListener, SinkRoute
from mothership.telemetry import log

HEALTH_SECONDS_MAX = 3.0
QUICK_SPLIT_ROWS_MIN = 4
"""Halves of fewer may be single rows, and those are set aside: they get their full number of tries."""


class Delivery:
    """Of one sink. What it learns of the sink and of batches is for the selection of what is written next."""

    def __init__(
        self,
        route: SinkRoute,
        spool: Spool,
        retry: RetrySettings,
        listener: DeliveryListener,
        *,
        availability: SinkAvailability,
        selection: LeaseSelection,
        ticks: Callable[[], float],
    ) -> None:
        self.rate = EventRate()
        self.began = float("-inf")
        """When the last write began."""
        self._name = route.sink.name
        self._route, self._sink, self._spool, self._retry = route, route.sink, spool, retry
        self._listener, self._ticks = listener, ticks
        self._availability, self._selection = availability, selection
        self._poison, self._size, self._parts = selection.poison, selection.size, selection.parts
        self._deferred, self._order = selection.deferred, selection.order
        self._log_events_refused = LogLimiter("warning", "events_refused", key_seconds=0.0)
        self._write_seconds = telemetry.sink_write_seconds.labels(self._name)
        self._write_events = telemetry.sink_write_events.labels(self._name)
        self._stored_events = telemetry.sink_events.labels(self._name)

    async def deliver(self, lease: Lease) -> None:
        """Write what is leased, if it may be written as it is. Raises only what is a fault of this program."""
        # As often alone as in company: a process that is killed by others dies in the midst of innocent writes, too.
        if lease.crashes[0] >= 2 * self._retry.poison_attempts:
            await self._dead_letter(
                lease, f"the process died {counted(lease.crashes[0], 'time')} while writing this batch"
            )
        elif self._selection.is_too_much(lease) and await self._split_in_line(lease, self._ticks()):
            self._availability.breaker.abandon()  # if it was to be the probe: another is
        else:
            await self._write(lease)

    def record_health(self) -> None:
        """The sink is well, as far as can be seen."""
        if self._availability.record_success():
            self._order.record_recovery(self._spool.last_seq)
            log.info("sink_recovered", sink=self._name, events_waiting=self._spool.totals(self._name).events)
            self._listener.on_change()

    async def _write(self, lease: Lease) -> None:
        began = self.began = self._ticks()
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
            self._availability.pause(error.reason)
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
                DeliveryResult(self._name, batch.fingerprint, errors[at], at in duplicates, later[at])
            )
        self.record_health()
        watcher = self._route.watcher
        if watcher is not None and watcher.is_watched:
            for rows in new_rows(lease, duplicates, [*refused, *deferred]):
                watcher.stored(rows)

    # --- rows that the sink does not take ------------------------------------------------------------------------

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
            self._availability.record_failure(Transient(full.reason))
            return
        note = log.debug if self._deferred.reason else log.warning  # one line when it begins
        note("events_deferred", sink=self._name, events=len(deferred), reason=error.reason)
        if refused:
            self._log_refused(lease, refused, refused[0].reason)
        self._on_stored(lease, frozenset(), refused, deferred)
        self._deferred.defer(seqs, max(lease.attempts), self._ticks(), error.reason)

    def _log_refused(self, lease: Lease, refused: Sequence[FailedRow], reason: str) -> None:
        for client, events in Counter(lease.batches[one.batch].client for one in refused).items():
            self._log_events_refused(Holder(client), None, sink=self._name, client=client, events=events, reason=reason)

    async def _dead_letter(self, lease: Lease, reason: str) -> None:
        """Give up on the first batch of a lease, whole."""
        first, others = lease.only([0]), lease.only(range(1, len(lease.seqs)))
        if others.seqs:
            self._spool.release(others)
        rows = len(first.batches[0].rows)
        await self._spool.dead_letter(first, [FailedRow(0, row, reason) for row in range(rows)], known_to_sink=False)
        log.error("batch_set_aside", sink=self._name, events=rows, reason=reason)
        self._deferred.discard(first.seqs)
        self._parts.discard(first.seqs)
        self._poison.forget(first.seqs[0])
        self._listener.on_result(DeliveryResult(self._name, first.batches[0].fingerprint, rows, duplicate=False))

    # --- writes that fail ----------------------------------------------------------------------------------------

    async def _on_failed_write(self, lease: Lease, error: Exception) -> None:
        """A write failed in a way that may pass, or that the sink does not understand itself."""
        unknown = not isinstance(error, (Transient, TimeoutError))
        healthy = await self._sink_is_healthy()
        alone = len(lease.seqs) == 1 and lease.seqs[0] in self._poison.seqs
        if not healthy:
            self._poison.reset()
        elif self._poison.may_be_poison(lease.seqs[0], unknown=unknown):
            pause = self._availability.backoff_seconds(self._poison.failures(lease.seqs[0]) + 1)
            self._poison.record_failure(lease.seqs, unknown=unknown, until=self._ticks() + pause)
            self._parts.discard(self._poison.seqs.intersection(lease.seqs))
        if len(lease.seqs) == 1 and self._poison.is_poison(lease.seqs[0]):
            await self._isolate_poison(lease, error)
        else:
            self._release(lease)
        self._availability.record_failure(error, counts=not (healthy and alone))

    async def _isolate_poison(self, lease: Lease, error: Exception) -> None:
        if lease.events == 1:
            await self._dead_letter(lease, f"{self._name} failed on this event alone, again and again: {cause(error)}")
            return
        halves = await self._split(lease)
        if halves is None:
            self._spool.release(lease)
            return
        log.warning("batch_split", sink=self._name, events=lease.events, cause=cause(error))
        self._poison.track_parts(halves, one_failure_left=lease.events >= QUICK_SPLIT_ROWS_MIN)

    async def _on_timeout(self, lease: Lease, error: Exception) -> None:
        """Less at once from now on. What is a single event can't be less: it is like any other failure."""
        if lease.events == 1:
            await self._on_failed_write(lease, error)
            return
        self._size.record_timeout(lease.events)
        # If it is the batch and not the sink, others have as much of its time: unless it wants all in order.
        pause = 0.0 if self._route.in_order else self._retry.write_seconds
        if len(lease.seqs) > 1 or not await self._split_in_line(lease, self._ticks() + pause):
            self._release(lease)
        self._availability.record_failure(error)

    async def _split_in_line(self, lease: Lease, due: float) -> bool:
        """Let the halves of the lease's only batch be written before what came after it. False where it stays whole."""
        halves = await self._split(lease)
        if halves is None:
            return False
        log.info("batch_halved", sink=self._name, events=lease.events)
        self._parts.put(halves, instead_of=lease.seqs[0], due=due)
        return True

    async def _split(self, lease: Lease) -> list[int] | None:
        """Put two halves in the place of the lease's only batch. Return their numbers; None where the disk refuses."""
        try:
            halves = await self._spool.split(lease)
        except NotPersisted:
            return None
        self._poison.forget(lease.seqs[0])
        return halves

    def _release(self, lease: Lease) -> None:
        self._spool.release(lease)
        self._parts.give_back(lease.seqs)

    async def _sink_is_healthy(self) -> bool:
        try:
            async with asyncio.timeout(HEALTH_SECONDS_MAX):
                health: Health = await self._sink.health()
        except Exception:  # noqa: BLE001 - whatever it is, it is not health
            return False
        return health.healthy
