"""Events → batches, each with the name by which the service knows it again."""

from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

BATCH_BYTES_MAX = 1024 * 1024
"""A batch is closed when its events are this long together."""


class OutgoingBatch(NamedTuple):
    """A batch on its way."""

    origin: bytes
    """What it comes from: a file, as it is known; a run, for standard input."""
    start: int
    """Where in that it begins."""
    end: int
    """Where the next one begins."""
    events: list[bytes]
    content: bytes = b""
    """A digest of what stood there."""
    part: str = ""
    """Which half of which half it is, when it was too large as a whole."""

    @property
    def key(self) -> str:
        """Its `Idempotency-Key`: the same place with the same content in the same file is the same batch."""
        place = b"%d %d %s %d " % (self.start, self.end, self.part.encode(), len(self.origin))
        return blake2b(place + self.origin + self.content, digest_size=16).hexdigest()

    def halves(self) -> "tuple[OutgoingBatch, OutgoingBatch]":
        """Two batches in its place, with keys of their own."""
        middle = len(self.events) // 2
        return (
            self._replace(events=self.events[:middle], part=f"{self.part}0"),
            self._replace(events=self.events[middle:], part=f"{self.part}1"),
        )


class Batcher:
    """Collects the events of one origin. A batch ends with one of its events, never inside."""

    def __init__(self, origin: bytes, size: int, bytes_max: int = BATCH_BYTES_MAX, start: int = 0) -> None:
        self._origin = origin
        self._size, self._bytes_max = size, bytes_max
        self._start = self._end = start
        self._new()

    @property
    def holds(self) -> bool:
        """Whether events wait."""
        return bool(self._events)

    def add(self, events: list[bytes], raw: bytes, end: int) -> Iterator[OutgoingBatch]:
        """Take the events that were made of these bytes, which end there; give the batch that is full now."""
        self._events += events
        self._bytes += sum(map(len, events))
        self._content.update(b"%d %s" % (len(raw), raw))
        self._end = end
        if len(self._events) >= self._size or self._bytes >= self._bytes_max:
            yield from self.flush()

    def flush(self) -> Iterator[OutgoingBatch]:
        """Give what waits."""
        if self._events:
            yield OutgoingBatch(self._origin, self._start, self._end, self._events, self._content.digest())
            self._start = self._end
            self._new()

    def _new(self) -> None:
        self._events: list[bytes] = []
        self._bytes = 0
        self._content = blake2b(digest_size=16)
