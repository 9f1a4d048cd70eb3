"""A batch whose senders wait for their answer."""

import asyncio
from collections.abc import Sequence

from mothership.event import Receipt, Tally
from mothership.relay.route import Settled
from mothership.relay.spool.file import Standing


class Pending:
    """What is known so far; forgotten when nobody waits any more."""

    def __init__(self, identities: Sequence[bytes], kept: "asyncio.Future[Standing]") -> None:
        self.identities = identities
        """What another request is known to bring the same batch by."""
        self.kept = kept
        self.seq = 0
        self.waiters = 0
        self.waits_for: set[str] = set()
        self._outcomes: dict[str, Settled] = {}
        self._news: asyncio.Future[None] | None = None

    def settle(self, outcome: Settled) -> None:
        """A sink is through with it."""
        self.waits_for.discard(outcome.sink)
        self._outcomes[outcome.sink] = outcome
        self.tell()

    def tell(self) -> None:
        """Let those who wait look again."""
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
        self._news = None

    async def news(self) -> None:
        """Wait for the next `tell`."""
        if self._news is None:
            self._news = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._news)

    def receipt(self, sinks: Sequence[str], standing: Standing, *, repeated: bool) -> Receipt:
        """What may be said by now."""
        duplicate = repeated or not standing.new or any(outcome.duplicate for outcome in self._outcomes.values())
        return Receipt({sink: self._tally(sink, standing) for sink in sinks}, duplicate)

    def _tally(self, sink: str, standing: Standing) -> Tally:
        if outcome := self._outcomes.get(sink):
            written = standing.events - outcome.errors - outcome.deferred
            return Tally(written, outcome.deferred, outcome.errors)
        queued = min(standing.queued.get(sink, 0), standing.events)
        errors = min(standing.errors.get(sink, 0), standing.events - queued)
        return Tally(standing.events - queued - errors, queued, errors)
