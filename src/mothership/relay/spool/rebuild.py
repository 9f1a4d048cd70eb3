"""Opening a spool file that may be damaged: what can be read is saved, the rest set aside, the service starts."""

import shutil
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from mothership import telemetry
from mothership.relay.spool import salvage
from mothership.relay.spool.file import SpoolFile
from mothership.relay.spool.finished import FinishedRow
from mothership.relay.spool.record import Damaged, unpack
from mothership.relay.spool.schema import connect, is_disk, malformed
from mothership.telemetry import log

THOROUGH_BYTES_MAX = 256 * 1024**2
"""Up to this size a start also compares the indexes with the tables: about a second."""
QUARANTINED_MAX = 6
"""Most damaged files (a log counts as one) that are kept beside a spool file."""
FINGERPRINTS_MAX = 1_000_000
FINISHED_TYPES = ([bytes, int, int, bytes, str], [bytes, int, int, type(None), str])


def open_sound(path: Path, memory_bytes: int) -> SpoolFile:
    """Open the file; what is damaged is set aside and what it held saved."""
    log_damaged, forgotten = salvage.forgotten(path)
    if log_damaged:
        _copy_log_aside(path)
    try:
        file = _open(path, memory_bytes)
    except sqlite3.Error as error:
        if is_disk(error):
            raise
    else:
        if forgotten:
            _put_back(file, forgotten, log_damaged=log_damaged)
        return file
    records, finished = salvage.everything(path), _finished(path)
    aside = _set_aside(path)
    file = _open(path, memory_bytes)
    file.begin(durable=True)
    file.finished.take_in(finished)
    file.commit()
    log.error("spool_rebuilt", file=path.name, records=len(records), aside=aside.name)
    _put_back(file, records, log_damaged=True)
    return file


def rebuild(file: SpoolFile) -> SpoolFile:
    """Make a sound file out of one that turned out to be damaged while it was in use."""
    with suppress(sqlite3.Error):
        file.close()
    return open_sound(file.path, file.memory_bytes)


def quarantine_record(path: Path, seq: int, record: bytes) -> None:
    """Keep a damaged record beside the file, for a person to look at."""
    aside = path.with_name(f"{path.name}.quarantine")
    try:
        aside.mkdir(mode=0o700, exist_ok=True)
        target = aside / f"{seq}.record"
        target.touch(mode=0o600)
        target.write_bytes(record)
    except OSError as error:
        log.error("damaged_record_not_kept", file=path.name, seq=seq, error=type(error).__name__)


def _open(path: Path, memory_bytes: int) -> SpoolFile:
    file = SpoolFile(path, memory_bytes=memory_bytes)
    try:
        look = "integrity_check" if path.stat().st_size < THOROUGH_BYTES_MAX else "quick_check"
        if file.link.execute(f"PRAGMA {look}(1)").fetchone()[0] != "ok":
            raise malformed()  # noqa: TRY301  # closes below
        file.has_changed()
        file.count()
        _recover(file)
        file.count()
    except BaseException:
        file.close()
        raise
    return file


def _recover(file: SpoolFile) -> None:
    try:
        file.begin(durable=True)
        died = file.recover()
        file.commit()
    except sqlite3.Error as error:
        if not is_disk(error):
            raise
        # A full disk is no reason not to start: what is there can be delivered.
        file.rollback()
        log.error("spool_not_recovered", file=file.path.name, error=getattr(error, "sqlite_errorname", "?"))
    else:
        if died:
            log.warning("spool_leases_recovered", file=file.path.name, batches=died)


def _put_back(file: SpoolFile, records: Sequence[bytes], *, log_damaged: bool) -> None:
    """Keep what was found, unless it is known; and count what is not whole."""
    batches = events = broken = 0
    file.begin(durable=True)
    for record in dict.fromkeys(records):
        try:
            item = unpack(record)
        except Damaged:
            broken += 1
            continue
        if file.standing(item.fingerprint, is_retry=item.is_retry) is None:
            file.take_in(item, record)
            batches, events = batches + 1, events + len(item.rows)
    file.commit()
    if log_damaged:
        telemetry.spool_damaged.inc(broken)
        log.error("spool_salvaged", file=file.path.name, batches=batches, events=events, records_broken=broken)
    else:
        log.warning("spool_tail_taken_in", file=file.path.name, batches=batches, events=events)


def _finished(path: Path) -> list[FinishedRow]:
    """Fingerprints that the damaged file still gives: what they name needs no second delivery."""
    found: list[FinishedRow] = []
    for more in ("content, client", "NULL, ''"):  # a file of before the second version has neither
        with suppress(sqlite3.Error), closing(connect(path, read_only=True)) as link:
            columns = f"SELECT fingerprint, finished, events, {more} FROM finished LIMIT ?"  # noqa: S608  # constants
            for row in link.execute(columns, (FINGERPRINTS_MAX,)):
                if [type(value) for value in row] in FINISHED_TYPES:
                    found.append(row)  # noqa: PERF401  # what was read before an error counts
        if found:
            break
    return found


def _aside(path: Path) -> Path:
    number = int(time.time())
    while (aside := path.with_name(f"{path.name}.quarantine-{number}")).exists():
        number += 1
    return aside


def _copy_log_aside(path: Path) -> None:
    aside = _aside(path)
    copy = aside.with_name(aside.name + "-wal")
    try:
        shutil.copy2(salvage.log_of(path), copy)
        copy.chmod(0o600)
    except OSError as error:  # no room for a copy is no reason not to start
        copy.unlink(missing_ok=True)
        log.error("damaged_log_not_kept", file=path.name, error=type(error).__name__)
    _thin_out(path)


def _thin_out(path: Path) -> None:
    """Keep the newest of what was set aside: a disk that damages files again and again must not fill up as well."""
    kept = sorted(path.parent.glob(f"{path.name}.quarantine-*"), key=lambda part: part.stat().st_mtime)
    for part in kept[:-QUARANTINED_MAX]:
        part.unlink(missing_ok=True)
        log.warning("quarantined_file_removed", file=part.name)


def _set_aside(path: Path) -> Path:
    """Move a damaged file, with its log, out of the way."""
    kept_as = _aside(path)
    for suffix in ("", "-wal"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(kept_as.with_name(kept_as.name + suffix))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    _thin_out(path)
    return kept_as
