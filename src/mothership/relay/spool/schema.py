"""A spool file's tables, how it is opened, and what SQLite's errors mean for it."""

import os
import sqlite3
from pathlib import Path

from mothership.errors import ConfigurationError
from mothership.named_sql import statements
from mothership.relay.spool.multi_row_sql import STATEMENTS_CACHED

SCHEMA_VERSION = 3
PAGE_BYTES = 4096
ROW_OVERHEAD_BYTES = 400
"""What a batch takes on disk beside its record: columns, deliveries, indexes."""
SQL = statements(__package__, "sql/schema.sql")
DAMAGE_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})


DISK_CODES = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOMEM,
    }
)
APPLICATION_ID = 0x4D735370
"""Marks our files, and by its difference to the version tells a newer file from a damaged one."""


def is_disk_failure(error: sqlite3.Error) -> bool:
    """Is the disk full or away, rather than the file broken? When it is opened, anything else is damage."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF) in DISK_CODES


def is_corruption(error: sqlite3.Error) -> bool:
    """Is the file itself broken, rather than the disk full or away?"""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF) in DAMAGE_CODES


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a spool file with the pragmas that its promises rest on."""
    if read_only:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5.0)
        connection.execute("PRAGMA query_only=ON")
        return connection
    if not path.exists():
        os.close(
            os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        )  # SQLite gives -wal and -shm the same mode
    with path.open("rb") as file:
        head = file.read(20)
    if head and head[18:] != b"\x02\x02" and head[18:] != b"\x01\x01":
        raise corruption_error()  # SQLite would call a file with other bytes there read-only
    path.chmod(0o600)
    connection = sqlite3.connect(
        path, isolation_level=None, timeout=5.0, check_same_thread=False, cached_statements=STATEMENTS_CACHED
    )
    try:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=OFF")
        connection.execute("PRAGMA wal_autocheckpoint=2000")
        connection.execute("PRAGMA cache_size=-16384")
        connection.execute("PRAGMA temp_store=MEMORY")
        _bring_up_to_date(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    if version == mark == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        connection.executescript(
            f"BEGIN IMMEDIATE; {SQL['create']} PRAGMA user_version={SCHEMA_VERSION};"
            f" PRAGMA application_id={APPLICATION_ID ^ SCHEMA_VERSION}; COMMIT;"
        )
    elif mark != APPLICATION_ID ^ version:
        raise corruption_error()
    elif version > SCHEMA_VERSION:
        raise ConfigurationError([f"server.data_dir: {path.name} was written by a newer Mothership"])
    elif version < SCHEMA_VERSION:
        steps = "".join(SQL[f"upgrade_{step}"] for step in range(version, SCHEMA_VERSION))
        connection.executescript(
            f"BEGIN IMMEDIATE; {steps} {SQL['create']} PRAGMA user_version={SCHEMA_VERSION};"
            f" PRAGMA application_id={APPLICATION_ID ^ SCHEMA_VERSION}; COMMIT;"
        )


def corruption_error() -> sqlite3.DatabaseError:
    """What SQLite would say of a file that it can read and we can't."""
    error = sqlite3.DatabaseError("malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error
