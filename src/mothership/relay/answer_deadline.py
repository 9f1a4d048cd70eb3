"""Until when answers wait: one timer for all of them, since all wait equally long."""

import asyncio
from collections import deque

from mothership.relay.awaited_receipt import AwaitedReceipt


class AnswerDeadline:
    """Settles each batch that is not settled by itself in time. Used from one event loop only."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: deque[tuple[float, AwaitedReceipt]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def start(self, pending: AwaitedReceipt) -> None:
        """Its time runs from now."""
        loop = asyncio.get_running_loop()
        self._due.append((loop.time() + self._seconds, pending))
        if self._timer is None:
            self._timer = loop.call_at(self._due[0][0], self._look)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._due and (self._due[0][0] <= now or self._due[0][1].is_settled):
            self._due.popleft()[1].settle()
        self._timer = loop.call_at(self._due[0][0], self._look) if self._due else None
