"""Room on the disk that is kept for the day when there is none: without it a start on a full disk can't open the spool.

What waits in a spool is delivered by writing to it: its log and index grow first. So a file of that size lies beside
it, and goes when the disk is full at a start; what is delivered then makes room again.
"""

import contextlib
import errno
import os
import sqlite3
import sys
from pathlib import Path

from mothership.telemetry import log

RESERVE_BYTES = 12 * 1024 * 1024
"""The write-ahead log up to its checkpoint (2,000 pages), its index, and as much again."""
FREE_SPACE_FACTOR = 4
"""So many times as much must be free before room is set aside."""


def create(spool_file: Path) -> None:
    """Set the room aside, unless it is or the disk has little. Never raises: it is for a rainy day."""
    path = _reserve_path(spool_file)
    with contextlib.suppress(OSError):
        room = os.statvfs(spool_file.parent)
        if path.exists() or room.f_bavail * room.f_frsize < FREE_SPACE_FACTOR * RESERVE_BYTES:
            return
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            if sys.platform == "linux":
                os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
            else:
                os.write(descriptor, bytes(RESERVE_BYTES))
        finally:
            os.close(descriptor)


def release(spool_file: Path, error: Exception) -> bool:
    """Give the room to whoever needs it now, if that is what the error is about; whether there was any."""
    if not _is_full(error):
        return False
    try:
        _reserve_path(spool_file).unlink()
    except OSError:
        return False
    log.warning("spool_reserve_used", file=spool_file.name, reason="the disk is full: what waits is delivered first")
    return True


def remove(spool_file: Path) -> None:
    """The spool file goes, and its room with it."""
    _reserve_path(spool_file).unlink(missing_ok=True)


def _reserve_path(spool_file: Path) -> Path:
    return spool_file.with_name(f"{spool_file.name}.reserve")


def _is_full(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return isinstance(error, sqlite3.Error) and code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
