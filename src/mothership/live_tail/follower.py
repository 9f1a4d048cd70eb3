"""One who follows: a tab, a program, another worker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from mothership.live_tail.messages import named_message
from mothership.live_tail.tail_log import TailLog


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
            while (read := self._log.read(self._place)) is None and self._end_reason is None:
                self._news.clear()
                await self._news.wait()
            if self._end_reason is not None:
                break
            assert read is not None  # noqa: S101 - for the type checker
            self._place = read.place
            text = named_message("missed", events=read.missed) + read.text if read.missed else read.text
        yield named_message("end", reason=self._end_reason)
