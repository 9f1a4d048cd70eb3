"""A spool file copied as it is at one moment, beside a live service."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from mothership.relay.spool import directory
from mothership.relay.spool.schema import connect


def copy_spool(data_dir: Path, target: Path) -> list[Path]:
    """Copy every spool file of a data directory into another directory, each a whole one; returns the copies."""
    copies = []
    for path in directory.spool_files(directory.spool_directory(data_dir)):
        copy = target / path.name
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with closing(connect(path, read_only=True)) as source, closing(sqlite3.connect(copy)) as sink:
            source.backup(sink)
        copies.append(copy)
    return copies
