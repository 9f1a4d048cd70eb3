"""One courier a sink: lease ──▶ deliver, again and again for as long as the process lives.

While one write is under way the next forms from whatever arrives. A sink that fails is tried again after a pause
that grows; one that waits for a person rests loudly.
"""

import asyncio
from collections.abc import Callable

from mothership.errors import Paused
from mothership.leases import Lease
from mothership.ports import Spool
from mothership.relay.delivery import Delivery
from mothership.relay.event_rate import EventRate
from mothership.relay.lease_selection import LeaseSelection
from mothership.relay.settings import RelaySettings
from mothership.relay.sink_availability import SinkAvailability
from mothership.relay.sink_route import DeliveryListener, SinkRoute

IDLE_SECONDS = 1.0
PAUSE_POLL_SECONDS = 0.2
"""How soon a pause notices that it is over, or that the process ends."""


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
        self._route, self._sink, self._spool = route, route.sink, spool
        self._settings, self._ticks = settings, ticks
        self._selection = LeaseSelection(route, spool, settings, ticks=ticks)
        self._delivery = Delivery(
            route, spool, settings.retry, listener,
            availability=self.availability, selection=self._selection, ticks=ticks,
        )  # fmt: skip
        self._work = asyncio.Event()
        self._opening = asyncio.Lock()
        self._opened = False
        self._ending = False

    @property
    def is_healthy(self) -> bool:
        """Are writes going well, as far as is known?"""
        return self.availability.is_healthy

    @property
    def unhealthy_reason(self) -> str:
        """Why events don't move, or some don't; empty when all is well."""
        return self.availability.unhealthy_reason or self._selection.deferred.reason

    @property
    def rate(self) -> EventRate:
        """Events that were stored, by time."""
        return self._delivery.rate

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
                await self._delivery.deliver(lease)
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
            async with asyncio.timeout(self._settings.retry.write_seconds):
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
        until = max(self._ticks() + self._route.linger_seconds, self._delivery.began + self._route.gather_seconds)
        full = self._route.full_rows or self._route.batch_size
        while not self._ending and (left := until - self._ticks()) > 0:
            if not 0 < self._spool.totals(self.name).events < full:
                return
            self._work.clear()
            await self._wait_for_work(left)

    def _on_idle(self) -> None:
        self._selection.deferred.forget_due(self._ticks())
        if not self.availability.breaker.is_closed:  # it opened well, and there is nothing to try it with
            self._delivery.record_health()

    async def _wait_for_work(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._work.wait()
        except TimeoutError:
            return
