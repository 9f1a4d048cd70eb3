"""One open file that grows, is renamed, or is emptied."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from mothership.shipping.batches import OutgoingBatch
from mothership.shipping.decompression import CHUNK_BYTES
from mothership.shipping.file_reader import FileReader, ReadOptions
from mothership.shipping.read_once import LINGER_SECONDS, head_digest
from mothership.shipping.state import FileRecord
from mothership.shipping.text import LOOKED_AT_BYTES, Encoding, encoding_of

_TURN_BYTES = 4 * 1024 * 1024
"""As much is read of one file before the others have their turn."""


class Tail:
    """Reads on from where the file's record says."""

    def __init__(
        self,
        descriptor: int,
        record: FileRecord,
        encoding: Encoding,
        options: ReadOptions,
        *,
        clock: Callable[[], float] = time.monotonic,
        cut_lines: int = 0,
    ) -> None:
        self._cut_lines_before = cut_lines
        self.record = record
        self.encoding = encoding
        self.is_linked = True
        """Whether a pattern leads to it."""
        self.is_truncated = False
        self.moved = False
        """Whether the last turn read something."""
        self._descriptor = descriptor
        self._options = replace(options, may_be_document=False)
        self._clock = clock
        status = os.fstat(descriptor)
        self.key = (status.st_dev, status.st_ino)
        self._changed_ns = -1
        self._position = record.position
        self._reader = FileReader(
            record.path, record.id.encode(), self._options, encoding=encoding, start=record.position
        )
        self._waiting_since: float | None = None
        self.read_at = clock()

    @classmethod
    def reopened(
        cls, path: Path, record: FileRecord, options: ReadOptions, clock: Callable[[], float]
    ) -> "Tail | None":
        """Go on with a file of a former run; None when it is another one by now."""
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        head = os.pread(descriptor, LOOKED_AT_BYTES, 0)
        encoding = encoding_of(head)
        if (
            head_digest(head[: record.head_bytes])[0] != record.head
            or os.fstat(descriptor).st_size < record.position
            or encoding is None
        ):
            os.close(descriptor)
            return None
        return cls(descriptor, record, encoding, options, clock=clock)

    @property
    def waits(self) -> bool:
        """Whether whole lines wait for others."""
        return self._reader.waits

    @property
    def cut_lines(self) -> int:
        """Lines that were longer than is shipped."""
        return self._cut_lines_before + self._reader.cut_lines

    def read(self) -> Iterator[OutgoingBatch]:
        """Give the batches that are full by now, or have waited long enough."""
        self.moved = False
        for _ in range(_TURN_BYTES // CHUNK_BYTES):
            if not (piece := self._piece()):
                break
            self.moved = True
            self.read_at = self._clock()
            self._position += len(piece)
            yield from self._reader.feed(piece)
            self._note_waiting()
        since = self._waiting_since
        if self.is_truncated or (since is not None and self._clock() - since >= LINGER_SECONDS):
            yield from self.finish() if self.is_truncated else self.flush()

    def flush(self) -> Iterator[OutgoingBatch]:
        """Give the whole lines that wait."""
        yield from self._reader.flush()
        self._waiting_since = None

    def finish(self) -> Iterator[OutgoingBatch]:
        """Give all that was read."""
        yield from self._reader.finish()
        self._waiting_since = None

    def again(self, start: int, end: int) -> OutgoingBatch | None:
        """Make the batch once more that was made of this part. None when the file has not got it any more."""
        options = replace(self._options, batch=end - start + 1, bytes_max=1 << 62)
        reader = FileReader(self.record.path, self.record.id.encode(), options, encoding=self.encoding, start=start)
        batches: list[OutgoingBatch] = []
        at = start
        while at < end and (piece := os.pread(self._descriptor, min(CHUNK_BYTES, end - at), at)):
            batches += reader.feed(piece)
            at += len(piece)
        batches += reader.finish()
        return batches[0]._replace(start=start, end=end) if at == end and len(batches) == 1 else None

    def head(self) -> bytes:
        """The file's first bytes now."""
        return os.pread(self._descriptor, LOOKED_AT_BYTES, 0)

    def renewed(self, record: FileRecord) -> "Tail":
        """The same file from its beginning, as another one."""
        encoding = encoding_of(self.head()) or self.encoding
        return Tail(self._descriptor, record, encoding, self._options, clock=self._clock, cut_lines=self.cut_lines)

    def is_somewhere(self) -> bool:
        """Whether the file has a name yet, any."""
        return os.fstat(self._descriptor).st_nlink > 0

    def close(self) -> None:
        """Let the file go."""
        os.close(self._descriptor)

    def _piece(self) -> bytes:
        """What is new. Marks the file as truncated when it is shorter than it was, or begins otherwise."""
        status = os.fstat(self._descriptor)
        size, changed_ns = status.st_size, status.st_mtime_ns
        if self.is_truncated or (size == self._position and changed_ns == self._changed_ns):
            return b""
        self._changed_ns = changed_ns
        piece = b"" if size < self._position else os.pread(self._descriptor, CHUNK_BYTES, self._position)
        # Looked at after the reading: it may have been emptied and filled again in between.
        head = os.pread(self._descriptor, self.record.head_bytes, 0)
        if size < self._position or head_digest(head)[0] != self.record.head:
            self.is_truncated = True
            return b""
        return piece

    def _note_waiting(self) -> None:
        if not self._reader.waits:
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = self._clock()
