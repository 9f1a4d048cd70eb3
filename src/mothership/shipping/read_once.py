"""Files and standard input, read to their end."""

import os
import select
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from pathlib import Path
from secrets import token_bytes
from typing import IO

from mothership.errors import DamagedError, InputError
from mothership.event import Event
from mothership.shipping.batches import OutgoingBatch
from mothership.shipping.decompression import CHUNK_BYTES, packing_of, unpacked
from mothership.shipping.events import EventOptions, decoded
from mothership.shipping.file_reader import FileReader, ReadOptions, begins_document
from mothership.shipping.text import LOOKED_AT_BYTES, encoding_of

LINGER_SECONDS = 1.0
"""Longest that a whole line waits for others."""
HEAD_BYTES_MAX = 1024
_STREAM_BYTES = 64 * 1024
_STOP_LOOK_SECONDS = 0.5


@dataclass
class InputReport:
    """What could not be read."""

    say: Callable[[str], None]
    unreadable: int = 0
    cut_lines: int = 0
    said: set[str] = field(default_factory=set)

    def problem(self, text: str) -> None:
        """Say it, once, and count it."""
        self.unreadable += 1
        self.note(text)

    def note(self, text: str) -> None:
        """Say it, once."""
        if text not in self.said:
            self.said.add(text)
            self.say(text)


def head_digest(head: bytes) -> tuple[str, int]:
    """What tells a file's beginning from others', and of how many bytes: of its first line, as that does not change."""
    end = head.find(b"\n", 0, HEAD_BYTES_MAX)
    first = head[: end + 1 if end >= 0 else HEAD_BYTES_MAX]
    return blake2b(first, digest_size=12).hexdigest(), len(first)


def file_id(path: Path, inode: int, head: str, *, host: str | None = None) -> str:
    """Tell a file from all others, whatever it is called in its directory, and from its like on other machines.

    Not by the number of its device, which may be another after the next start of the machine.
    """
    where = f"{_this_machine() if host is None else host} {path.absolute().parent}"
    return f"{blake2b(where.encode(errors='surrogateescape'), digest_size=12).hexdigest()}-{inode:x}-{head}"


@cache
def _this_machine() -> str:
    """Machines made of one image have files with equal inodes and equal lines."""
    try:
        number = Path("/etc/machine-id").read_text().strip()
    except OSError:
        number = ""
    return f"{socket.gethostname()} {number}"


def read_file(path: str, options: ReadOptions, report: InputReport, *, run: bytes = b"") -> Iterator[OutgoingBatch]:
    """Read a file to its end, unpacked where it is packed.

    `run` makes its batches others than those of earlier runs.
    """
    with Path(path).open("rb") as file:
        packing = packing_of(file.peek(8)[:8])
        pieces = unpacked(file, packing) if packing else iter(lambda: file.read(CHUNK_BYTES), b"")
        head, damage = _head(pieces)
        encoding = encoding_of(head[:LOOKED_AT_BYTES])
        if encoding is None:
            report.problem(f"{path} is binary and was left out")
            return
        origin = file_id(Path(path), os.fstat(file.fileno()).st_ino, head_digest(head)[0]).encode() + run
        reader = FileReader(str(Path(path).absolute()), origin, options, encoding=encoding)
        try:
            yield from reader.feed(head)
            if damage:
                raise damage
            for piece in pieces:
                yield from reader.feed(piece)
        except DamagedError as error:
            report.problem(f"{path}: {error}; the whole lines before that are shipped")
            yield from reader.abandon()
        else:
            yield from reader.finish()
        report.cut_lines += reader.cut_lines


def read_stream(
    stream: IO[bytes],
    options: ReadOptions,
    report: InputReport,
    *,
    linger_seconds: float = LINGER_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[OutgoingBatch]:
    """Read standard input as it comes: what waits is given after `linger_seconds` at the latest."""
    reader: FileReader | None = None
    waiting = _Linger(linger_seconds, clock)
    for piece in _as_they_come(stream, waiting.left_seconds, stopping):
        if reader is None:
            if not piece:
                continue
            if (reader := _stream_reader(piece, options, report)) is None:
                return
        yield from reader.feed(piece)
        if waiting.is_over():
            yield from reader.flush()
        waiting.note(waits=reader.waits)
    if reader:
        yield from reader.finish()
        report.cut_lines += reader.cut_lines


class _Linger:
    """Since when something waits, and how much longer it may."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._until: float | None = None

    def left_seconds(self) -> float | None:
        return None if self._until is None else max(0.0, self._until - self._clock())

    def is_over(self) -> bool:
        return self.left_seconds() == 0.0

    def note(self, *, waits: bool) -> None:
        if not waits:
            self._until = None
        elif self._until is None or self.is_over():
            self._until = self._clock() + self._seconds


def _stream_reader(piece: bytes, options: ReadOptions, report: InputReport) -> FileReader | None:
    if packing := packing_of(piece[:8]):
        report.problem(f"standard input is packed ({packing.name}): unpack it on the way here")
        return None
    encoding = encoding_of(piece[:LOOKED_AT_BYTES])
    if encoding is None:
        report.problem("standard input is binary and was left out")
        return None
    return FileReader("/dev/stdin", token_bytes(16).hex().encode(), options, encoding=encoding)


def read_events(path: str, *, kind: str = "log") -> Iterator[Event]:
    """Read a file (`-` is standard input) as events, one after the other. Raises `InputError`, `OSError`."""
    report = InputReport(lambda _text: None)
    options = ReadOptions(EventOptions(kind))
    batches = read_stream(sys.stdin.buffer, options, report) if path == "-" else read_file(path, options, report)
    for batch in batches:
        for encoded in batch.events:
            event = decoded(encoded)[0]
            if isinstance(event, dict):
                yield event
    if report.unreadable:
        fault, _, _what_send_does = next(iter(report.said)).partition("; ")
        raise InputError(fault)


def _head(pieces: Iterator[bytes]) -> tuple[bytes, DamagedError | None]:
    head = b""
    try:
        while len(head) < LOOKED_AT_BYTES and (piece := next(pieces, b"")):
            head += piece
    except DamagedError as error:
        return head, error
    return head, None


def _as_they_come(
    stream: IO[bytes], left_seconds: Callable[[], float | None], stopping: Callable[[], bool]
) -> Iterator[bytes]:
    """Pieces as they arrive; nothing when the time is over."""
    try:
        descriptor = stream.fileno()
        select.select([descriptor], [], [], 0)
    except (OSError, ValueError):  # no pipe and no file: a test's
        yield from iter(lambda: stream.read(_STREAM_BYTES), b"")
        return
    while not stopping():
        left = left_seconds()
        patience = _STOP_LOOK_SECONDS if left is None else min(left, _STOP_LOOK_SECONDS)
        if not select.select([descriptor], [], [], patience)[0]:
            yield b""
            continue
        piece = os.read(descriptor, _STREAM_BYTES)
        if not piece:
            return
        yield piece


def is_whole(path: str) -> bool:
    """Whether a file is read as a whole: packed, or one JSON document over many lines, so that it has no places."""
    with Path(path).open("rb") as file:
        head = file.peek(LOOKED_AT_BYTES)[:LOOKED_AT_BYTES]
    return packing_of(head) is not None or begins_document(head)
