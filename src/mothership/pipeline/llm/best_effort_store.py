"""The database as the LLM step uses it: soon, or not at all."""

import asyncio
from collections.abc import Awaitable
from datetime import date
from typing import TypeVar

from mothership.ports import Clock, VerdictStore
from mothership.telemetry import log

SECONDS_MAX = 2.0
"""Longest that the database may take to answer."""
REST_SECONDS = 30.0
"""How long it is left alone after it did not: each process then knows only its own."""

T = TypeVar("T")


class BestEffortStore:
    """A `VerdictStore`, or none, that never raises: what can't be had is None."""

    def __init__(self, store: VerdictStore | None, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._failed_at: float | None = None

    async def get(self, key: bytes) -> bytes | None:
        """Fetch the record kept under a key."""
        return await self._within(self._store.get(key)) if self._is_usable() and self._store else None

    async def put(self, key: bytes, record: bytes, *, expires: float) -> None:
        """Keep a record."""
        if self._is_usable() and self._store:
            await self._within(self._store.put(key, record, expires=expires))

    async def spend(self, day: date, tokens: int, micros: int) -> tuple[int, int] | None:
        """Add to a day's sums and tell them."""
        return await self._within(self._store.spend(day, tokens, micros)) if self._is_usable() and self._store else None

    def _is_usable(self) -> bool:
        return self._failed_at is None or not 0 <= self._clock() - self._failed_at < REST_SECONDS

    async def _within(self, answer: Awaitable[T]) -> T | None:
        try:
            async with asyncio.timeout(SECONDS_MAX):
                result = await answer
        except Exception as error:  # noqa: BLE001 - it is asked for convenience
            self._failed_at = self._clock()
            log.warning("llm_store_failed", error=type(error).__name__, rest_seconds=REST_SECONDS)
            return None
        self._failed_at = None
        return result
