"""Opening a spool file that may be damaged: what can be read is saved, the rest set aside, the service starts."""

import shutil
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from mothership import telemetry
from mothership.errors import CorruptRecord
from mothership.relay.spool import salvage
from mothership.relay.spool.deduplication import SQL, FingerprintRow
from mothership.relay.spool.record import unpack
from mothership.relay.spool.schema import connect, corruption_error, is_disk_failure
from mothership.relay.spool.sqlite_file import SpoolFile
from mothership.telemetry import log

INTEGRITY_CHECK_BYTES_MAX = 256 * 1024**2
"""Up to this size a start also compares the indexes with the tables: about a second."""
QUARANTINED_MAX = 6
"""Most damaged files (a log counts as one) that are kept beside a spool file."""
FINGERPRINTS_MAX = 1_000_000
FINGERPRINT_ROW_TYPES = ([bytes, int, int, bytes, str], [bytes, int, int, type(None), str])


def open_or_rebuild(path: Path, cache_bytes: int) -> SpoolFile:
    """Open the file; what is damaged is set aside and what it held saved."""
    log_damaged, forgotten = salvage.unread_wal_records(path)
    if log_damaged:
        _quarantine_wal(path)
    try:
        file = _open(path, cache_bytes)
    except sqlite3.Error as error:
        if is_disk_failure(error):
            raise
    else:
        if forgotten:
            _restore(file, forgotten, log_damaged=log_damaged)
        return file
    records, finished = salvage.all_records(path), _readable_fingerprints(path)
    aside = _quarantine_file(path)
    file = _open(path, cache_bytes)
    file.begin(durable=True)
    file.fingerprints.take_in(finished)
    file.commit()
    log.error("spool_rebuilt", file=path.name, records=len(records), aside=aside.name)
    _restore(file, records, log_damaged=True)
    return file


def rebuild(file: SpoolFile) -> SpoolFile:
    """Make a sound file out of one that turned out to be damaged while it was in use."""
    with suppress(sqlite3.Error):
        file.close()
    return open_or_rebuild(file.path, file.cache_bytes)


def quarantine_record(path: Path, seq: int, packed: bytes) -> None:
    """Keep a damaged record beside the file, for a person to look at."""
    aside = path.with_name(f"{path.name}.quarantine")
    try:
        aside.mkdir(mode=0o700, exist_ok=True)
        target = aside / f"{seq}.record"
        target.touch(mode=0o600)
        target.write_bytes(packed)
    except OSError as error:
        log.error("damaged_record_not_kept", file=path.name, seq=seq, error=type(error).__name__)


def _open(path: Path, cache_bytes: int) -> SpoolFile:
    file = SpoolFile(path, cache_bytes=cache_bytes)
    try:
        look = "integrity_check" if path.stat().st_size < INTEGRITY_CHECK_BYTES_MAX else "quick_check"
        if file.connection.execute(f"PRAGMA {look}(1)").fetchone()[0] != "ok":
            raise corruption_error()  # noqa: TRY301 - closes below
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
        if not is_disk_failure(error):
            raise
        # A full disk is no reason not to start: what is there can be delivered.
        file.rollback()
        log.error("spool_not_recovered", file=file.path.name, error=getattr(error, "sqlite_errorname", "?"))
    else:
        if died:
            log.warning("spool_leases_recovered", file=file.path.name, batches=died)


def _restore(file: SpoolFile, records: Sequence[bytes], *, log_damaged: bool) -> None:
    """Keep what was found, unless it is known; and count what is not whole."""
    batches = events = broken = 0
    file.begin(durable=True)
    for packed in dict.fromkeys(records):
        try:
            record = unpack(packed)
        except CorruptRecord:
            broken += 1
            continue
        if file.batch_status(record.fingerprint, is_retry=record.is_retry) is None:
            file.take_in(record, packed)
            batches, events = batches + 1, events + len(record.rows)
    file.commit()
    if log_damaged:
        telemetry.spool_damaged.inc(broken)
        log.error("spool_salvaged", file=file.path.name, batches=batches, events=events, records_broken=broken)
    else:
        log.warning("spool_tail_taken_in", file=file.path.name, batches=batches, events=events)


def _readable_fingerprints(path: Path) -> list[FingerprintRow]:
    """Fingerprints that the damaged file still gives: what they name needs no second delivery."""
    found: list[FingerprintRow] = []
    for statement in (SQL["all"], SQL["all_of_version_1"]):
        with suppress(sqlite3.Error), closing(connect(path, read_only=True)) as connection:
            for row in connection.execute(statement, (FINGERPRINTS_MAX,)):
                if [type(value) for value in row] in FINGERPRINT_ROW_TYPES:
                    found.append(row)  # noqa: PERF401 - what was read before an error counts
        if found:
            break
    return found


def _quarantine_path(path: Path) -> Path:
    number = int(time.time())
    while (aside := path.with_name(f"{path.name}.quarantine-{number}")).exists():
        number += 1
    return aside


def _quarantine_wal(path: Path) -> None:
    aside = _quarantine_path(path)
    copy = aside.with_name(aside.name + "-wal")
    try:
        shutil.copy2(salvage.wal_path(path), copy)
        copy.chmod(0o600)
    except OSError as error:  # no room for a copy is no reason not to start
        copy.unlink(missing_ok=True)
        log.error("damaged_log_not_kept", file=path.name, error=type(error).__name__)
    _remove_old_quarantine(path)


def _remove_old_quarantine(path: Path) -> None:
    """Keep the newest of what was set aside: a disk that damages files again and again must not fill up as well."""
    kept = sorted(path.parent.glob(f"{path.name}.quarantine-*"), key=lambda part: part.stat().st_mtime)
    for part in kept[:-QUARANTINED_MAX]:
        part.unlink(missing_ok=True)
        log.warning("quarantined_file_removed", file=part.name)


def _quarantine_file(path: Path) -> Path:
    """Move a damaged file, with its log, out of the way."""
    kept_as = _quarantine_path(path)
    for suffix in ("", "-wal"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(kept_as.with_name(kept_as.name + suffix))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    _remove_old_quarantine(path)
    return kept_as
