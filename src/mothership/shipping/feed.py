"""Reads batches in a thread of its own, so that a slow file or a quiet pipe doesn't hold up the network."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

_DONE = object()
T = TypeVar("T")


class Feed(Generic[T]):
    """Up to `room` batches ahead of whoever asks for the next one."""

    def __init__(self, batches: Iterator[T], room: int) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._room = threading.Semaphore(room)
        self._loop = asyncio.get_running_loop()
        self._closed = False
        # A daemon: a read from a terminal can't be interrupted, and must not keep the process.
        threading.Thread(target=self._read, args=(batches,), daemon=True).start()

    async def next(self) -> T | None:
        """Return the next batch; None at the end. Raises what reading raised."""
        item = await self._queue.get()
        if item is _DONE or isinstance(item, Exception):
            self._queue.put_nowait(_DONE)  # the next one who asks wants to know as well
        if isinstance(item, Exception):
            raise item
        self._room.release()
        return None if item is _DONE else item

    def close(self) -> None:
        """Let the thread end."""
        self._closed = True
        self._room.release()

    def _read(self, batches: Iterator[T]) -> None:
        try:
            for batch in batches:
                self._room.acquire()
                if self._closed:
                    return
                self._put(batch)
            self._put(_DONE)
        except Exception as error:  # noqa: BLE001 - whatever reading raises is raised where batches are awaited
            self._put(error)

    def _put(self, item: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)
        except RuntimeError:  # the loop has ended
            self._closed = True
