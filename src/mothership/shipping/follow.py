"""Follows files as they grow, through rotation, and goes on after a restart where it was.

Files are looked at four times a second. Watching them through the kernel was left out: on network file systems and
overlays nothing is told, so the looking would be needed all the same, and it costs a `stat` a file.
"""

import glob
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from secrets import token_hex

from mothership.shipping.batches import OutgoingBatch
from mothership.shipping.decompression import packing_of
from mothership.shipping.file_reader import ReadOptions
from mothership.shipping.read_once import InputReport, file_id, head_digest
from mothership.shipping.state import FileRecord, State
from mothership.shipping.tail import Tail
from mothership.shipping.text import LOOKED_AT_BYTES, encoding_of

LOOK_SECONDS = 0.25
SCAN_SECONDS = 1.0
"""How often new files are looked for."""
ROTATED_SECONDS = 600.0
"""How long a file that was renamed is followed on after its last line: its writer may still have it open."""
DELETED_SECONDS = 5.0
_BESIDE_MAX = 100_000


def matches(pattern: str) -> list[str]:
    """The files that a name or a pattern as a shell's (and `**`) leads to."""
    try:
        if Path(pattern).exists():
            return [pattern]
    except PermissionError:  # whoever opens it says so
        return [pattern]
    if not glob.has_magic(pattern):
        return []
    return [each for each in sorted(glob.glob(pattern, recursive=True)) if os.path.isfile(each)]  # noqa: PTH113, PTH207 - absolute ones, too; False for what may not be looked at


class FileFollower:
    """All files that some patterns lead to."""

    def __init__(
        self,
        patterns: Sequence[str],
        state: State,
        options: ReadOptions,
        report: InputReport,
        *,
        stop: threading.Event,
        until_end: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`until_end`: read each file to its end and be done, instead of waiting for more."""
        self._patterns = patterns
        self._state = state
        self._options = options
        self._report = report
        self._stop = stop
        self._until_end = until_end
        self._clock = clock
        self._tails: dict[tuple[int, int], Tail] = {}
        self._left_out: set[tuple[int, int]] = set()
        self._former: set[str] = set()
        """Ids of files of the state that are not what they were."""
        self._scanned_at = -SCAN_SECONDS
        self._moved = False

    def batches(self) -> Iterator[OutgoingBatch]:
        """Give batches until `stop` is set. Each is in the state file before it is given."""
        yield from self.resume()
        while True:
            is_last = self._stop.is_set()
            yield from self.turn(scan=is_last)
            if self._moved and not is_last:
                continue
            if is_last or self._until_end:
                yield from self._end()
                return
            self._state.save()
            self._stop.wait(LOOK_SECONDS)

    def turn(self, *, scan: bool = False) -> Iterator[OutgoingBatch]:
        """Look at every file once, and for new ones when it is time."""
        if scan or self._clock() - self._scanned_at >= SCAN_SECONDS:
            self._scanned_at = self._clock()
            self._scan()
        self._moved = False
        for tail in list(self._tails.values()):
            for batch in self._planned(tail, tail.read()):
                self._moved = True
                yield batch
            self._moved |= tail.moved
            self._retire(tail)

    def _planned(self, tail: Tail, batches: Iterator[OutgoingBatch]) -> Iterator[OutgoingBatch]:
        for batch in batches:
            self._state.plan(tail.record, batch)
            yield batch

    def _end(self) -> Iterator[OutgoingBatch]:
        for tail in self._tails.values():
            yield from self._planned(tail, tail.finish() if self._until_end else tail.flush())
            self._report.cut_lines += tail.cut_lines
            tail.close()
        self._state.save()

    def resume(self) -> Iterator[OutgoingBatch]:
        """Find the files of the state again, whatever they are called now, and send again what was in flight."""
        for record in self._state.records:
            tail = self._found(record)
            if tail is None:
                if record.pending:
                    self._report.problem(f"{record.path} is gone before all of it was shipped")
                self._state.forget(record)
                self._former.add(record.id)
                continue
            self._tails[tail.key] = tail
            for start, end in list(record.pending):
                batch = tail.again(start, end)
                if batch is None:
                    self._report.problem(f"{record.path} was cut before all of it was shipped")
                    record.pending.remove((start, end))
                else:
                    yield batch

    def _found(self, record: FileRecord) -> Tail | None:
        path = Path(record.path)
        beside = [path]
        with suppress(OSError), os.scandir(path.parent) as entries:
            beside += [Path(each.path) for each in islice(entries, _BESIDE_MAX) if each.inode() == record.inode]
        for each in beside:
            try:
                if each.stat().st_ino == record.inode and (
                    tail := Tail.reopened(each, record, self._options, self._clock)
                ):
                    return tail
            except OSError:
                continue
        return None

    def _scan(self) -> None:
        """Look for files that are new, and for what the known ones are called now."""
        linked = set()
        for path in self._paths():
            try:
                status = path.stat()
            except OSError:
                continue
            key = (status.st_dev, status.st_ino)
            if key in self._left_out or not status.st_size or key in linked:
                linked.add(key)
                continue
            linked.add(key)
            if key not in self._tails:
                try:
                    self._begin(path, key)
                except OSError as error:
                    self._report.note(f"{path} can't be read: {error.strerror}")
        for key, tail in self._tails.items():
            tail.is_linked = key in linked
        self._left_out &= linked  # the number of an inode is given again

    def _paths(self) -> Iterator[Path]:
        for pattern in self._patterns:
            found = matches(pattern)
            if not found and not glob.has_magic(pattern):
                self._report.note(f"waiting for {pattern} to appear")
            yield from (Path(each).absolute() for each in found)

    def _begin(self, path: Path, key: tuple[int, int]) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        head = os.pread(descriptor, LOOKED_AT_BYTES, 0)
        digest, head_bytes = head_digest(head)
        encoding = encoding_of(head)
        if packing := packing_of(head):
            self._leave_out(key, descriptor, f"{path} is packed ({packing.name}) and is not followed")
        elif encoding is None:
            self._leave_out(key, descriptor, f"{path} is binary and was left out")
        elif not self._until_end and head_bytes == len(head) and not head.endswith(encoding.line_end):
            os.close(descriptor)  # its first line will tell it from others: it is not whole yet
        else:
            name = file_id(path, key[1], digest)
            if name in self._former or any(record.id == name for record in self._state.records):
                name += f"-{token_hex(8)}"  # a file that was emptied, or an inode whose number was given again
            record = FileRecord(name, str(path), key[1], digest, head_bytes)
            self._state.add(record)
            self._tails[key] = Tail(descriptor, record, encoding, self._options, clock=self._clock)

    def _leave_out(self, key: tuple[int, int], descriptor: int, text: str) -> None:
        os.close(descriptor)
        self._left_out.add(key)
        if self._until_end:
            self._report.problem(text)
        else:
            self._report.note(text)

    def _retire(self, tail: Tail) -> None:
        """Start anew on a file that was emptied; let one go that nobody writes to any more."""
        key = tail.key
        if tail.is_truncated and not tail.waits:
            self._renew(tail, key)
        elif not tail.is_linked and not tail.waits and not tail.record.pending:
            quiet_seconds = self._clock() - tail.read_at
            if quiet_seconds > (ROTATED_SECONDS if tail.is_somewhere() else DELETED_SECONDS):
                self._report.cut_lines += tail.cut_lines
                tail.close()
                self._state.forget(tail.record)
                del self._tails[key]

    def _renew(self, tail: Tail, key: tuple[int, int]) -> None:
        if tail.record.pending:
            return  # until what was read of it before is safe
        head = tail.head()
        digest, head_bytes = head_digest(head)
        if not head or (head_bytes == len(head) and not head.endswith(tail.encoding.line_end)):
            return
        self._state.forget(tail.record)
        name = f"{file_id(Path(tail.record.path), key[1], digest)}-{token_hex(8)}"
        record = FileRecord(name, tail.record.path, key[1], digest, head_bytes)
        self._state.add(record)
        self._tails[key] = tail.renewed(record)
