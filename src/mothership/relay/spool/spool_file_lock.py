"""Who owns which spool file: a lock beside each, held as long as its worker lives."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from mothership.relay.spool import directory, disk_reserve


class SpoolFileLock:
    """The right to a spool file. The lock goes with the process, however it ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def release(self) -> None:
        """Let another process lock it. May be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

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
        if held := try_lock(path):
            return held
        number += 1


def lock_orphans(spool: Path) -> Iterator[SpoolFileLock]:
    """Each existing file whose worker is gone."""
    for path in directory.spool_files(spool):
        if held := try_lock(path):
            if path.exists():
                yield held
            else:
                held.release()


def try_lock(path: Path) -> SpoolFileLock | None:
    """Own a spool file, unless a living process does."""
    lock_path = _lock_path(path)
    descriptor = os.open(lock_path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The previous owner may have removed the lock file between the two calls above.
        if os.stat(lock_path).st_ino != os.fstat(descriptor).st_ino:  # noqa: PTH116 - both by descriptor and by path
            raise BlockingIOError  # noqa: TRY301 - the same answer as a lock that is held
    except (BlockingIOError, FileNotFoundError):
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return SpoolFileLock(path, descriptor)


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")
