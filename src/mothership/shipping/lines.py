"""Bytes → lines, each with its place in the file."""

from collections.abc import Iterator
from typing import NamedTuple

from mothership.shipping.text import Encoding

LINE_BYTES_MAX = 4 * 1024 * 1024
"""Of a longer line the beginning is shipped. The service cuts far shorter ones, after redaction."""
_CUT_LOOKS_BACK_BYTES = 64 * 1024


class Line(NamedTuple):
    """A line without its end."""

    data: bytes
    start: int
    """Where it begins in the file, unpacked."""
    end: int
    """Where the next one begins."""
    is_cut: bool = False
    """It was longer than `LINE_BYTES_MAX`."""


class LineSplitter:
    """Takes a file's bytes in pieces and gives its lines."""

    def __init__(self, encoding: Encoding, start: int = 0) -> None:
        self._end = encoding.line_end
        self._unit = encoding.unit
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._position = start
        """Where the next line begins."""
        self._dropped = 0

    @property
    def half_line_bytes(self) -> int:
        """How much of a line that has no end yet is held."""
        return self._held_bytes + self._dropped

    def feed(self, data: bytes) -> Iterator[Line]:
        """Give the lines that end in this piece."""
        if self._unit > 1 and self._held:
            data = b"".join(self._held) + data
            self._held, self._held_bytes = [], 0
        at = 0
        while (found := self._find(data, at)) >= 0:
            self._hold(data[at:found])
            yield self._line(len(self._end))
            at = found + len(self._end)
        if at < len(data):
            self._hold(data[at:])

    def finish(self) -> Iterator[Line]:
        """Give what is left: a last line without an end."""
        if self.half_line_bytes:
            yield self._line(0)

    def _find(self, data: bytes, start: int) -> int:
        found = data.find(self._end, start)
        while found >= 0 and (found - start) % self._unit:  # half of one character and half of the next
            found = data.find(self._end, found + 1)
        return found

    def _hold(self, data: bytes) -> None:
        room = LINE_BYTES_MAX - self._held_bytes
        if len(data) > room:
            self._dropped += len(data) - room
            data = data[:room]
        if data:
            self._held.append(data)
            self._held_bytes += len(data)

    def _line(self, line_end_bytes: int) -> Line:
        start, whole = self._position, b"".join(self._held)
        self._position += len(whole) + self._dropped + line_end_bytes
        is_cut = self._dropped > 0
        self._held, self._held_bytes, self._dropped = [], 0, 0
        if is_cut:  # between words: half a secret is one that no rule knows
            space = max(whole.rfind(mark, len(whole) - _CUT_LOOKS_BACK_BYTES) for mark in (b" ", b"\t", b",", b"&"))
            whole = whole[: max(space, 0)]
        return Line(whole, start, self._position, is_cut)
