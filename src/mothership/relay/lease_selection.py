"""What is written next to a sink: a suspect by itself, a part of what was too much at once, or what waits together."""

from collections.abc import Awaitable, Callable

from mothership.leases import Lease, LeaseLimits
from mothership.ports import Spool
from mothership.relay.deferred_batches import DeferredBatches
from mothership.relay.lease_order import LeaseOrder
from mothership.relay.parts_in_line import PartsInLine
from mothership.relay.poison_tracker import PoisonTracker
from mothership.relay.settings import RelaySettings
from mothership.relay.sink_route import SinkRoute
from mothership.relay.write_size import WriteSize


class LeaseSelection:
    """Of one sink. Its courier tells those that it asks how each write ended."""

    def __init__(self, route: SinkRoute, spool: Spool, settings: RelaySettings, *, ticks: Callable[[], float]) -> None:
        self.poison = PoisonTracker(settings.retry.split_attempts)
        self.size = WriteSize(route.batch_size, settings.retry.write_seconds)
        self.parts = PartsInLine()
        self.deferred = DeferredBatches(settings.retry)
        self.order = LeaseOrder(spool.first_live_seq, drain_rate=settings.drain_rate, in_order=route.in_order)
        self._sink, self._spool, self._ticks = route.sink.name, spool, ticks
        self._limits = LeaseLimits(route.batch_size, settings.write_bytes, settings.retry.poison_attempts)
        self._write_seconds = settings.retry.write_seconds

    async def next(self, *, probing: bool, wait_for_company: Callable[[], Awaitable[None]]) -> Lease | None:
        """Lease it. `probing`: little, to see whether the sink takes it. None where nothing may be written now."""
        seq = None if probing else self.poison.take_due(self._ticks(), self._write_seconds)
        if seq is not None:
            if lease := await self._spool.lease(self._sink, self._limits, ranges=[(seq, seq + 1)]):
                return lease
            self.poison.forget(seq)
        if lease := await self._next_part(self._ticks()):
            return lease
        if not probing:
            await wait_for_company()
        limits = self._limits._replace(rows=1 if probing else self.size.rows)
        deferred = self.deferred.not_due(self._ticks())
        exclude = self.poison.seqs | self.parts.seqs | deferred
        lease = await self._spool.lease(self._sink, limits, ranges=self.order.ranges(self._ticks()), exclude=exclude)
        if lease is None and probing and self.poison.seqs:
            lease = await self._spool.lease(self._sink, limits, exclude=deferred)
        if lease is None:
            return await self._next_part(float("inf"))  # there are no others to have the time
        self.order.record_lease(lease, self._ticks())
        return lease

    def due_in(self) -> float:
        """Seconds until something that waits for a time may be tried."""
        now, waiting = self._ticks(), (self.poison, self.parts, self.deferred, self.order)
        return max(0.01, min(each.due_in(now) for each in waiting))

    def is_too_much(self, lease: Lease) -> bool:
        """Whether it is a batch that has to come apart before it is written."""
        return len(lease.seqs) == 1 and self.size.is_too_much(lease.events)

    async def _next_part(self, now: float) -> Lease | None:
        while (seq := self.parts.take_due(now)) is not None:
            if lease := await self._spool.lease(self._sink, self._limits, ranges=[(seq, seq + 1)]):
                return lease
            self.parts.discard([seq])
        return None
