"""Opening a spool file that may be damaged: what can be read is saved, the rest set aside, the service starts."""

import sqlite3
import time
from pathlib import Path

from mothership.relay.spool_file import SpoolFile, is_damage
from mothership.telemetry import log


def open_sound(path: Path, memory_bytes: int) -> SpoolFile:
    """Open the file; a damaged one is rebuilt first."""
    try:
        return _open(path, memory_bytes)
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
    set_aside(path)
    return _open(path, memory_bytes)


def _open(path: Path, memory_bytes: int) -> SpoolFile:
    file = SpoolFile(path, memory_bytes=memory_bytes)
    try:
        if (answer := file.link.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            error = sqlite3.DatabaseError("quick_check")
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            del answer
            raise error  # noqa: TRY301  # closes below
        file.begin(durable=True)
        died = file.recover()
        file.commit()
        file.count()
        if died:
            log.warning("spool_leases_recovered", file=path.name, batches=died)
    except BaseException:
        file.close()
        raise
    return file


def rebuild(file: SpoolFile) -> SpoolFile:
    """Make a sound file out of one that turned out to be damaged while it was in use."""
    file.close()
    return open_sound(file.path, 0)


def set_aside(path: Path) -> Path:
    """Move a damaged file, with its log, out of the way."""
    kept_as = path.with_name(f"{path.name}.quarantine-{int(time.time())}")
    for suffix in ("", "-wal"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(kept_as.with_name(kept_as.name + suffix))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    return kept_as


def quarantine_record(path: Path, seq: int, record: bytes) -> None:
    """Keep a damaged record beside the file, for a person to look at."""
    aside = path.with_name(f"{path.name}.quarantine")
    aside.mkdir(mode=0o700, exist_ok=True)
    target = aside / f"{seq}.record"
    target.touch(mode=0o600)
    target.write_bytes(record)
