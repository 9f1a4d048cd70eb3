"""A batch whose senders wait for their answer."""

import asyncio
from collections.abc import Sequence

from mothership.event import Receipt, Tally
from mothership.leases import BatchStatus, DeliveryResult


class AwaitedReceipt:
    """What is known so far; forgotten when nobody waits any more. Who waits does so once, until it is settled."""

    __slots__ = ("_results", "_waiters", "error", "identities", "is_settled", "status", "waits_for")

    def __init__(self, identities: Sequence[bytes]) -> None:
        self.identities = identities
        """What another request is known to bring the same batch by."""
        self.status: BatchStatus | None = None
        """None until it is on disk."""
        self.waits_for: set[str] = set()
        """The sinks that it is not through with."""
        self.is_settled = False
        """Whether there is nothing more to wait for."""
        self.error: BaseException | None = None
        """Why it could not be kept."""
        self._results: dict[str, DeliveryResult] = {}
        self._waiters: list[asyncio.Future[None]] = []

    @property
    def is_waited_for(self) -> bool:
        """Whether anybody does."""
        return bool(self._waiters)

    async def wait(self) -> BatchStatus:
        """Return what the disk said, once it is settled. Raises what kept it from being kept."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            if not self.is_settled:
                await waiter
        finally:
            self._waiters.remove(waiter)
        if self.error is not None:
            raise self.error
        assert self.status is not None  # noqa: S101 - settled without an error: it is on disk
        return self.status

    def settle(self) -> None:
        """Let those go on who wait."""
        self.is_settled = True
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def record_result(self, result: DeliveryResult) -> None:
        """Note what a sink did with it."""
        self.waits_for.discard(result.sink)
        self._results[result.sink] = result

    def receipt(self, sinks: Sequence[str], status: BatchStatus, *, repeated: bool) -> Receipt:
        """What every sink has done with the batch by now."""
        duplicate = repeated or not status.new or any(result.duplicate for result in self._results.values())
        return Receipt({sink: self._tally(sink, status) for sink in sinks}, duplicate)

    def _tally(self, sink: str, status: BatchStatus) -> Tally:
        if result := self._results.get(sink):
            written = status.events - result.errors - result.deferred
            return Tally(written, result.deferred, result.errors)
        queued = min(status.queued.get(sink, 0), status.events)
        errors = min(status.errors.get(sink, 0), status.events - queued)
        return Tally(status.events - queued - errors, queued, errors)
