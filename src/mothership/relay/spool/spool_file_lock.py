"""Who owns which spool file: a lock beside each, held as long as its worker lives."""

from collections.abc import Iterator
from pathlib import Path

from mothership.file_lock import FileLock, try_lock
from mothership.relay.spool import directory, disk_reserve


class SpoolFileLock:
    """The right to a spool file. The lock goes with the process, however it ends."""

    def __init__(self, path: Path, lock: FileLock) -> None:
        self.path = path
        self._lock = lock

    def release(self) -> None:
        """Let another process lock it. May be called twice."""
        self._lock.release()

    def remove(self) -> None:
        """Take the emptied file away, then let go."""
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        disk_reserve.remove(self.path)
        _lock_path(self.path).unlink(missing_ok=True)
        self.release()


def lock_own_file(spool: Path) -> SpoolFileLock:
    """The first file that no living worker owns, or a new one."""
    directory.create(spool)
    number = 0
    while True:
        path = directory.spool_file(spool, number)
        if held := _try_lock(path):
            return held
        number += 1


def lock_orphans(spool: Path) -> Iterator[SpoolFileLock]:
    """Each existing file whose worker is gone."""
    for path in directory.spool_files(spool):
        if held := _try_lock(path):
            if path.exists():
                yield held
            else:
                held.release()


def orphan_names(spool: Path) -> list[str]:
    """The names of the existing files whose worker is gone."""
    found = list(lock_orphans(spool))
    for lock in found:
        lock.release()
    return [lock.path.name for lock in found]


def _try_lock(path: Path) -> SpoolFileLock | None:
    """Own a spool file, unless a living process does."""
    lock = try_lock(_lock_path(path))
    return SpoolFileLock(path, lock) if lock else None


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")
