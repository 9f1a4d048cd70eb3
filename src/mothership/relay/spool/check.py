"""A look at the spool files of a data directory that changes nothing in them: is every record readable?

Works beside a live service: SQLite lets both in.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from mothership.errors import CorruptRecord
from mothership.relay.spool import directory
from mothership.relay.spool.dead_letter_table import SQL as LETTERS
from mothership.relay.spool.record import unpack
from mothership.relay.spool.schema import connect
from mothership.relay.spool.sqlite_file import SQL as BATCHES


class SpoolFileReport(NamedTuple):
    """What a look at one spool file found."""

    file: str
    batches: int
    events: int
    bytes: int
    dead_letters: int
    damaged: int
    """Records that can't be read."""
    fault: str
    """Why the file itself can't be read; empty when it can."""


def check_spool(data_dir: Path) -> list[SpoolFileReport]:
    """Look at every spool file and every record in it, changing nothing."""
    return [_check_file(path) for path in directory.spool_files(directory.spool_directory(data_dir))]


def _check_file(path: Path) -> SpoolFileReport:
    batches = events = size = letters = damaged = 0
    fault = ""
    try:
        with closing(connect(path, read_only=True)) as connection:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            fault = "" if answer == "ok" else "the database is malformed"
            for table, statement in (("batches", BATCHES["all_records"]), ("letters", LETTERS["all_records"])):
                for count, length, packed in connection.execute(statement):
                    batches, letters = batches + (table == "batches"), letters + (table == "letters")
                    events, size = events + count, size + length
                    try:
                        unpack(packed)
                    except CorruptRecord:
                        damaged += 1
    except sqlite3.Error as error:
        fault = getattr(error, "sqlite_errorname", None) or type(error).__name__
    return SpoolFileReport(path.name, batches, events, size, letters, damaged, fault)
