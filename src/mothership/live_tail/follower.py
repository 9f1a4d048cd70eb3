"""One who follows: a tab, a program, another worker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from mothership.live_tail.messages import named_message
from mothership.live_tail.tail_log import Read, TailLog

MISSED_SECONDS = 2.0


def _nothing() -> None:
    """There is no connection to drop."""


class Follower:
    """Has a place in a log. `messages` is what it is sent, until it is told to `end`."""

    def __init__(
        self,
        caller: str,
        log: TailLog,
        *,
        ticks: Callable[[], float],
        is_allowed: Callable[[], bool] = lambda: True,
        drop: Callable[[], None] = _nothing,
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`is_allowed` says whether it may still read; `drop` ends its connection without another word.

        `ready` returns when all is seen that is stored from then on.
        """
        self.caller = caller
        self.is_allowed = is_allowed
        self._log = log
        self._place = log.end
        self._ticks = ticks
        self._drop = drop
        self._ready = ready
        self._told = -MISSED_SECONDS
        self._news = asyncio.Event()
        self._end_reason: str | None = None
        self._sending_since: float | None = None

    def wake(self) -> None:
        """There may be something."""
        self._news.set()

    def end(self, reason: str) -> None:
        """Tell it why, and end. One that takes nothing just now is not waited for."""
        self._end_reason = reason
        self._news.set()
        if self._sending_since is not None:
            self._drop()

    def stalled_seconds(self) -> float:
        """For how long it has taken nothing of what is sent."""
        return 0.0 if self._sending_since is None else self._ticks() - self._sending_since

    async def messages(self) -> AsyncIterator[bytes]:
        """What it is sent, as it comes."""
        if self._ready is not None:
            await self._ready()
        text = named_message("following")
        while True:
            self._sending_since = self._ticks()
            yield text
            self._sending_since = None
            read = await self._next()
            if read is None:
                break
            self._place, self._told = read.place, self._ticks()
            text = named_message("missed", events=read.missed) + read.text if read.missed else read.text
        yield named_message("end", reason=self._end_reason)

    async def _next(self) -> Read | None:
        """What follows; None at the end. That events were left out is no news by itself, more than now and then."""
        while self._end_reason is None:
            read = self._log.read(self._place)
            wait = None if read is None else max(0.0, self._told + MISSED_SECONDS - self._ticks())
            if read is not None and (read.text or not wait):
                return read
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._news.wait()
        return None
