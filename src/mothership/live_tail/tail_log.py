"""The last messages of a tail, once for all who ask the same: each reader has a place in it, and no queue."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

CHUNKS_MAX = 256
BYTES_MAX = 4 * 1024 * 1024
"""Whoever is further behind than that has missed something."""
CHUNK_BYTES_MAX = 128 * 1024
"""Most that is sent to a reader at a time."""


class _Chunk(NamedTuple):
    first: int
    """Number of its first event."""
    events: int
    left_out: int
    """Events that had been left out of the log before it, over all time."""
    text: bytes


class TailPosition(NamedTuple):
    """How far a reader has come."""

    event: int
    """Number of the next event."""
    left_out: int
    """How many left-out events it has been told of."""


class Read(NamedTuple):
    """What comes next."""

    text: bytes
    missed: int
    """Events that it will never see."""
    place: TailPosition


class TailLog:
    """Bounded: the oldest goes."""

    def __init__(self) -> None:
        self._chunks: deque[_Chunk] = deque()
        self._bytes = 0
        self._end = 0
        self._left_out = 0

    @property
    def end(self) -> TailPosition:
        """Where a reader begins that sees what is stored from now on."""
        return TailPosition(self._end, self._left_out)

    def leave_out(self, events: int) -> None:
        """So many events came that nobody is shown."""
        self._left_out += events

    def append(self, messages: Sequence[bytes]) -> None:
        """Keep these, an event each."""
        begin = size = 0
        for position, message in enumerate(messages, 1):
            size += len(message)
            if size >= CHUNK_BYTES_MAX or position == len(messages):
                self._add(messages[begin:position], size)
                begin, size = position, 0

    def _add(self, messages: Sequence[bytes], size: int) -> None:
        self._chunks.append(_Chunk(self._end, len(messages), self._left_out, b"".join(messages)))
        self._end += len(messages)
        self._bytes += size
        while len(self._chunks) > 1 and (len(self._chunks) > CHUNKS_MAX or self._bytes > BYTES_MAX):
            self._bytes -= len(self._chunks.popleft().text)

    def read(self, place: TailPosition) -> Read | None:
        """What follows a place; None when nothing does."""
        if place == self.end:
            return None
        found = None
        for chunk in reversed(self._chunks):
            if chunk.first < place.event:
                break
            found = chunk
        if found is None:
            return Read(b"", self._left_out - place.left_out, self.end)
        missed = found.first - place.event + found.left_out - place.left_out
        return Read(found.text, missed, TailPosition(found.first + found.events, found.left_out))
