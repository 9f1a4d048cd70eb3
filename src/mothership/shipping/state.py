"""What has been shipped of which file, on disk, so that a restart goes on where it was.

A batch is written down before it is sent and crossed out when it is safe. What is written down and not crossed out at
a restart is sent again as the very same batch, which the service knows if it has it.
"""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mothership.data_directory import open_own, reason_not_to_write, write_atomically
from mothership.errors import StateError
from mothership.file_lock import try_lock
from mothership.shipping.batches import OutgoingBatch

VERSION = 1


@dataclass(slots=True)
class FileRecord:
    """A file as it is known, whatever it is called now."""

    id: str
    path: str
    """Where it was found: what events say."""
    inode: int
    head: str
    """A digest of its first bytes: a number of an inode is given again."""
    head_bytes: int
    position: int = 0
    """Up to where batches were made."""
    pending: list[tuple[int, int]] = field(default_factory=list)
    """Batches that were not known to be safe."""


class State:
    """The records of one state file. Without a path they last as long as the process."""

    def __init__(self, path: Path | None, records: list[FileRecord]) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._records = {record.id: record for record in records}
        self._is_saved = True

    @property
    def is_kept(self) -> bool:
        """Whether it outlasts the process."""
        return self._path is not None

    @property
    def records(self) -> list[FileRecord]:
        """Every file that is known, and how far it was shipped."""
        with self._lock:
            return list(self._records.values())

    def add(self, record: FileRecord) -> None:
        """Know a file from now on."""
        with self._lock:
            self._records[record.id] = record
            self._is_saved = False

    def forget(self, record: FileRecord) -> None:
        """Know a file no longer: it was deleted, and all of it is safe."""
        with self._lock:
            self._records.pop(record.id, None)
            self._is_saved = False

    def plan(self, record: FileRecord, batch: OutgoingBatch) -> None:
        """Write a batch down. It is on disk when this returns, and may be sent."""
        with self._lock:
            record.pending.append((batch.start, batch.end))
            record.position = batch.end
            self._save()

    def done(self, batch: OutgoingBatch) -> None:
        """Cross a batch out: it is safe. That this is forgotten by a crash costs one request."""
        with self._lock:
            record = self._records.get(batch.origin.decode("latin-1"))
            if record is not None:
                with suppress(ValueError):
                    record.pending.remove((batch.start, batch.end))
            self._is_saved = False

    def save(self) -> None:
        """Write what has changed."""
        with self._lock:
            if not self._is_saved:
                self._save()

    def _save(self) -> None:
        self._is_saved = True
        if self._path is None:
            return
        told = {"version": VERSION, "files": [asdict(record) for record in self._records.values()]}
        try:
            write_atomically(self._path, json.dumps(told).encode())
        except OSError as error:
            raise StateError(f"the state file {self._path} can't be written: {error.strerror}") from None


@contextmanager
def opened(path: Path | None) -> Iterator[State]:
    """Open a state file, or make it. Raises `StateError`; one process at a time uses it."""
    if path is None:
        yield State(None, [])
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if reason := reason_not_to_write(path.parent, sticky_is_enough=True):
            raise StateError(f"the state file {path} can't be used: {reason}: choose another place with --state")
        lock = try_lock(path.with_name(f"{path.name}.lock"), only_own=True)
    except OSError as error:
        raise StateError(f"the state file {path} can't be used: {error.strerror}") from None
    if lock is None:
        raise StateError(f"another `mothership send` uses {path}: give this one its own with --state")
    try:
        state = State(path, _read(path))
        try:
            yield state
        finally:
            state.save()
    finally:
        lock.release()


def _read(path: Path) -> list[FileRecord]:
    try:
        with os.fdopen(open_own(path, os.O_RDONLY), "rb") as file:
            text = file.read()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StateError(f"the state file {path} can't be read: {error.strerror}") from None
    try:
        told = json.loads(text)
        if told["version"] != VERSION:
            raise StateError(f"the state file {path} is of another version of Mothership")
        records = [FileRecord(**each) for each in told["files"]]
    except (ValueError, KeyError, TypeError):
        raise StateError(
            f"the state file {path} is damaged: move it away, and the files are shipped from their beginning"
        ) from None
    for record in records:
        record.pending = [(int(start), int(end)) for start, end in record.pending]
    return records
