"""A batch whose senders wait for their answer."""

import asyncio
from collections.abc import Sequence

from mothership.event import Receipt, Tally
from mothership.relay.route import DeliveryResult
from mothership.relay.spool.spool_file import BatchStatus


class PendingBatch:
    """What is known so far; forgotten when nobody waits any more."""

    def __init__(self, identities: Sequence[bytes], appended: "asyncio.Future[BatchStatus]") -> None:
        self.identities = identities
        """What another request is known to bring the same batch by."""
        self.appended = appended
        self.seq = 0
        self.waiters = 0
        self.waits_for: set[str] = set()
        self._results: dict[str, DeliveryResult] = {}
        self._change: asyncio.Future[None] | None = None

    def record_result(self, result: DeliveryResult) -> None:
        """Note what a sink did with it, and wake those who wait."""
        self.waits_for.discard(result.sink)
        self._results[result.sink] = result
        self.notify()

    def notify(self) -> None:
        """Let those who wait look again."""
        if self._change is not None and not self._change.done():
            self._change.set_result(None)
        self._change = None

    async def wait_for_change(self) -> None:
        """Wait for the next `tell`."""
        if self._change is None:
            self._change = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._change)

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
