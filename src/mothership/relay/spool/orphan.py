"""A spool file that a dead worker left behind, while it is emptied."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from mothership.dead_letters import DeadLetter
from mothership.relay.spool import rebuild
from mothership.relay.spool.dead_letter_table import select_dead_letters
from mothership.relay.spool.sqlite_file import SQL, SpoolFile
from mothership.telemetry import log


class OrphanFile:
    """Reads and removes; the reader keeps what it read first."""

    def __init__(self, file: SpoolFile) -> None:
        self._file = file

    @classmethod
    def open(cls, path: Path) -> "OrphanFile | None":
        """Open it, rebuilt if it was damaged; None when it can't be opened now."""
        try:
            return cls(rebuild.open_or_rebuild(path, 0))
        except (sqlite3.Error, OSError) as error:
            log.error("spool_leftover_unreadable", file=path.name, error=type(error).__name__)
            return None

    def batches(self, limit: int) -> list[tuple[int, list[str], bytes]]:
        """The oldest batches: number, the sinks that have not got it, record."""
        found = self._file.connection.execute(SQL["oldest_records"], (limit,))
        return [(seq, self._file.deliveries.awaited_by(seq), packed) for seq, packed in found.fetchall()]

    def remove_batches(self, seqs: Sequence[int]) -> None:
        """Remove what the reader has kept in its own file."""
        self._file.begin(durable=False)
        for seq in seqs:
            self._file.discard(seq)
        self._file.commit()

    def dead_letters(self, limit: int) -> list[DeadLetter]:
        """The oldest dead letters, no more than `limit`."""
        return [letter for letter, _ in zip(select_dead_letters(self._file.connection), range(limit), strict=False)]

    def remove_dead_letters(self, ids: Sequence[int]) -> None:
        """Remove what the reader has kept in its own file."""
        self._file.begin(durable=False)
        for letter_id in ids:
            self._file.dead_letters.drop(letter_id)
        self._file.commit()

    def quarantine(self, seq: int, packed: bytes) -> None:
        """Keep a damaged record beside the file."""
        rebuild.quarantine_record(self._file.path, seq, packed)

    def close(self) -> None:
        """Close the file; its lock stays with whoever took it."""
        self._file.close()
