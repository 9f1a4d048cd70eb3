"""Work that a person asked for and that takes a while: one at a time, beside the event loop."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from mothership.errors import Refusal

WAITING_MAX = 4
T = TypeVar("T")


class SerialExecutor:
    """Lets one after the other work in a thread, and sends away whoever would wait long."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def alone(self, work: Callable[[], T]) -> T:
        """Do it. Raises `Refusal` (429)."""
        if self._waiting > WAITING_MAX:
            raise Refusal(429, "others are trying something just now: try again", retry_after_seconds=2)
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1
