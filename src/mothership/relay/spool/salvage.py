"""Finds records in the raw bytes of a damaged spool file and its write-ahead log, without SQLite.

SQLite stops reading a log at the first frame that is wrong and forgets, without a word, every commit behind it; and
a file with a broken header it does not read at all. But each record describes itself, so what is whole can be found
page by page. A record found this way may have been delivered long ago: its fingerprint keeps it from being stored
twice.
"""

import mmap
import struct
import sys
from array import array
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

from mothership.relay.spool.record import HEAD, MAGIC

PAGE_BYTES = 4096
TABLE_LEAF = 0x0D
FILE_HEAD_BYTES = 100
WAL_HEAD = struct.Struct(">IIIIIIII")
FRAME_HEAD = struct.Struct(">IIIIII")
WAL_MAGIC_LITTLE, WAL_MAGIC_BIG = 0x377F0682, 0x377F0683
LOCAL_MAX = PAGE_BYTES - 35
LOCAL_MIN = (PAGE_BYTES - 12) * 32 // 255 - 23
WORD = 0xFFFFFFFF


class WalFrame(NamedTuple):
    """One page image in a log."""

    page: int
    at: int
    """Where its image begins."""
    commits: bool
    sound: bool
    """Its checksum follows from what the frame before it says."""


class SqliteWal(NamedTuple):
    """A write-ahead log, as far as it belongs to the last round."""

    frames: list[WalFrame]
    readable_frames: int
    """How many frames SQLite will believe, to the last commit before the first fault."""
    damaged: bool
    """There is something behind a fault."""


def read_wal(raw: "mmap.mmap | bytes") -> SqliteWal:
    """The frames of a log. Those of an earlier round, told by other salts, are left out at its end."""
    if len(raw) < WAL_HEAD.size + FRAME_HEAD.size:
        return SqliteWal([], 0, damaged=False)
    magic, _, page_bytes, _, salt1, salt2, *sums = WAL_HEAD.unpack_from(raw)
    big = magic == WAL_MAGIC_BIG
    head_sound = (
        magic in (WAL_MAGIC_LITTLE, WAL_MAGIC_BIG)
        and page_bytes == PAGE_BYTES
        and _checksum((0, 0), raw[:24], big=big) == tuple(sums)
    )
    if not head_sound:
        salt1, salt2 = FRAME_HEAD.unpack_from(raw, WAL_HEAD.size)[2:4]
        big = False
    frames, salted, before = [], 0, tuple(sums)
    step = FRAME_HEAD.size + PAGE_BYTES
    for at in range(WAL_HEAD.size, len(raw) - step + 1, step):
        page, size, one, two, *stored = FRAME_HEAD.unpack_from(raw, at)
        content = at + FRAME_HEAD.size
        mine = (one, two) == (salt1, salt2)
        sound = mine and (
            _checksum(_checksum(before, raw[at : at + 8], big=big), raw[content : content + PAGE_BYTES], big=big)
            == tuple(stored)
        )
        frames.append(WalFrame(page, content, commits=size > 0, sound=sound))
        salted = len(frames) if mine else salted
        if not mine and len(frames) - salted > STALE_FRAMES_MAX:
            break
        before = tuple(stored)
    del frames[salted:]
    good = next((i for i, frame in enumerate(frames) if not frame.sound), len(frames)) if head_sound else 0
    readable_frames = max((i + 1 for i in range(good) if frames[i].commits), default=0)
    return SqliteWal(
        frames, readable_frames, damaged=any(frame.sound for frame in frames[good:]) or (not head_sound and salted > 0)
    )


STALE_FRAMES_MAX = 4
"""So many frames in a row with other salts are the rest of an earlier round, not damage."""


def wal_path(path: Path) -> Path:
    """The write-ahead log beside a file."""
    return path.with_name(path.name + "-wal")


def unread_wal_records(path: Path) -> tuple[bool, list[bytes]]:
    """Is the log damaged, and which records are in the part of it that SQLite will not believe?"""
    with ExitStack() as stack:
        file, log = _map(stack, path), _map(stack, wal_path(path))
        found = read_wal(log)
        whole = all(frame.sound for frame in found.frames) and not found.damaged
        if len(found.frames) == found.readable_frames or whole:
            return False, []  # whole, or the rest of a transaction that was never committed
        return found.damaged, list(_records(file, log, found, first=found.readable_frames))


def all_records(path: Path) -> list[bytes]:
    """Every record that can be found in the file and its log, each once."""
    with ExitStack() as stack:
        file, log = _map(stack, path), _map(stack, wal_path(path))
        return list(dict.fromkeys(_records(file, log, read_wal(log), first=-1)))


def _records(file: "mmap.mmap | bytes", log: "mmap.mmap | bytes", found: SqliteWal, *, first: int) -> Iterator[bytes]:
    """Records on leaf pages of the file (when `first` is negative) and of the frames from `first` on."""
    pages = _Pages(file, log)
    if first < 0:
        for number in range(1, len(file) // PAGE_BYTES + 1):
            yield from pages.records(number)
    touched: list[int] = []
    for position, frame in enumerate(found.frames):
        pages.overlay[frame.page] = frame.at
        if position >= first:
            touched.append(frame.page)
            if frame.commits or position == len(found.frames) - 1:
                for number in dict.fromkeys(touched):
                    yield from pages.records(number)
                touched.clear()


class _Pages:
    """Pages by number, the log's images over the file's."""

    def __init__(self, file: "mmap.mmap | bytes", log: "mmap.mmap | bytes") -> None:
        self.overlay: dict[int, int] = {}
        self._file, self._log = file, log

    def page(self, number: int) -> bytes:
        """Its newest image, or nothing."""
        if (at := self.overlay.get(number)) is not None:
            return self._log[at : at + PAGE_BYTES]
        return self._file[(number - 1) * PAGE_BYTES : number * PAGE_BYTES] if number > 0 else b""

    def records(self, number: int) -> Iterator[bytes]:
        """Whole records on a page, if it is a leaf of a table."""
        page = self.page(number)
        start = FILE_HEAD_BYTES if number == 1 else 0
        if len(page) < PAGE_BYTES or page[start] != TABLE_LEAF:
            return
        cells = int.from_bytes(page[start + 3 : start + 5], "big")
        for cell in range(min(cells, PAGE_BYTES // 4)):
            pointer = start + 8 + 2 * cell
            if packed := self._record(page, int.from_bytes(page[pointer : pointer + 2], "big")):
                yield packed

    def _record(self, page: bytes, at: int) -> bytes | None:
        length, at = _varint(page, at)
        _, at = _varint(page, at)
        if length > LOCAL_MAX:
            local = LOCAL_MIN + (length - LOCAL_MIN) % (PAGE_BYTES - 4)
            local = local if local <= LOCAL_MAX else LOCAL_MIN
        else:
            local = length
        payload = bytearray(page[at : at + local])
        found = payload.find(MAGIC)
        if found < 0:
            return None
        if length > local:
            self._follow(payload, int.from_bytes(page[at + local : at + local + 4], "big"), length)
        if found + HEAD.size > len(payload):
            return None
        size = HEAD.unpack_from(payload, found)[1]
        return bytes(payload[found : found + HEAD.size + size])

    def _follow(self, payload: bytearray, number: int, length: int) -> None:
        """Add the overflow pages, as far as they go."""
        while number and len(payload) < length:
            page = self.page(number)
            if len(page) < PAGE_BYTES:
                return
            payload += page[4 : 4 + length - len(payload)]
            number = int.from_bytes(page[:4], "big")


def _varint(page: bytes, at: int) -> tuple[int, int]:
    value = 0
    for step in range(9):
        if at + step >= len(page):
            return 0, at
        byte = page[at + step]
        if step == 8:  # noqa: PLR2004 - the ninth byte has no flag
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004 - the flag of those that go on
            return value, at + step + 1
    return value, at + 9


def _checksum(before: tuple[int, ...], raw: bytes, *, big: bool) -> tuple[int, int]:
    words = array("I", raw)
    if big != (sys.byteorder == "big"):
        words.byteswap()
    one, two = before
    pairs = iter(words)
    for word in pairs:
        one = (one + word + two) & WORD
        two = (two + next(pairs) + one) & WORD
    return one, two


def _map(stack: ExitStack, path: Path) -> "mmap.mmap | bytes":
    if not path.exists() or not path.stat().st_size:
        return b""
    with path.open("rb") as file:
        return stack.enter_context(closing(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
