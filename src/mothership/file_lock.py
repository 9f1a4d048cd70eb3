"""A file that one process at a time holds. The kernel lets go of it with the process, however that ends."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from mothership.data_directory import open_own

HOLDER_BYTES_MAX = 32


class FileLock:
    """A lock file that this process holds."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def sign(self) -> None:
        """Write this process's number into it, for people."""
        with suppress(OSError):  # a full disk has no room for it
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let another process hold it. May be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def try_lock(path: Path, *, only_own: bool = False) -> FileLock | None:
    """Hold a lock file, made if need be; None while another process does.

    Raises `OSError` where it can't be opened or is a link, and with `only_own` where it is somebody else's.
    """
    flags = os.O_RDWR | os.O_CREAT
    descriptor = open_own(path, flags) if only_own else os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The previous holder may have removed the file between the two calls above.
        is_there = os.stat(path).st_ino == os.fstat(descriptor).st_ino  # noqa: PTH116 - both by descriptor and by path
    except (BlockingIOError, FileNotFoundError):
        is_there = False
    except BaseException:
        os.close(descriptor)
        raise
    if is_there:
        return FileLock(descriptor)
    os.close(descriptor)
    return None


def is_held(path: Path) -> bool:
    """Whether a process holds this lock file now. It is not made, and not held for longer than the question takes."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def holder(path: Path) -> str:
    """The number of the process that has signed a lock file; `unknown` where none has."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return "unknown"
    try:
        return os.read(descriptor, HOLDER_BYTES_MAX).decode("ascii", "replace").strip() or "unknown"
    finally:
        os.close(descriptor)
