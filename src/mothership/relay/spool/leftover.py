"""A spool file that a dead worker left behind, while it is emptied."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from mothership.relay.spool import rebuild
from mothership.relay.spool.file import SpoolFile
from mothership.relay.spool.shelf import Letter, letters_of
from mothership.telemetry import log


class Leftover:
    """Reads and removes; the reader keeps what it read first."""

    def __init__(self, file: SpoolFile) -> None:
        self._file = file

    @classmethod
    def open(cls, path: Path) -> "Leftover | None":
        """Open it, rebuilt if it was damaged; None when it can't be opened now."""
        try:
            return cls(rebuild.open_sound(path, 0))
        except (sqlite3.Error, OSError) as error:
            log.error("spool_leftover_unreadable", file=path.name, error=type(error).__name__)
            return None

    def batches(self, limit: int) -> list[tuple[int, list[str], bytes]]:
        """The oldest batches: number, the sinks that have not got it, record."""
        found = self._file.link.execute("SELECT seq, record FROM batches ORDER BY seq LIMIT ?", (limit,))
        return [(seq, self._file.deliveries.awaited_by(seq), record) for seq, record in found.fetchall()]

    def remove_batches(self, seqs: Sequence[int]) -> None:
        """They are safe elsewhere."""
        self._file.begin(durable=False)
        for seq in seqs:
            self._file.discard(seq)
        self._file.commit()

    def letters(self, limit: int) -> list[Letter]:
        """The oldest dead letters."""
        return [letter for letter, _ in zip(letters_of(self._file.link), range(limit), strict=False)]

    def remove_letters(self, ids: Sequence[int]) -> None:
        """They are safe elsewhere."""
        self._file.begin(durable=False)
        for letter_id in ids:
            self._file.shelf.drop(letter_id)
        self._file.commit()

    def quarantine(self, seq: int, record: bytes) -> None:
        """Keep a damaged record beside the file."""
        rebuild.quarantine_record(self._file.path, seq, record)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
