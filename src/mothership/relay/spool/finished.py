"""The fingerprints of batches that every sink is through with: what is sent again is known."""

import sqlite3
from collections.abc import Callable, Iterable

STEP_ROWS = 5_000


class Finished:
    """The table of them. What it counts is believed after the commit, through `after`."""

    def __init__(self, link: sqlite3.Connection, after: Callable[[Callable[[], None]], None]) -> None:
        self._link = link
        self._after = after
        self._rows = 0

    def count(self) -> None:
        """Count what is there."""
        self._rows = self._link.execute("SELECT count(*) FROM finished").fetchone()[0]

    def events_of(self, fingerprint: bytes) -> int | None:
        """How many events the batch held; None if it is not known here."""
        row = self._link.execute("SELECT events FROM finished WHERE fingerprint=?", (fingerprint,)).fetchone()
        return row[0] if row else None

    def add(self, seq: int, now: int) -> None:
        """Remember a batch that is about to go. A part of one is not worth it."""
        added = self._link.execute(
            "INSERT OR REPLACE INTO finished(fingerprint, finished, events)"
            " SELECT fingerprint, ?, events FROM batches WHERE seq=? AND parent IS NULL",
            (now, seq),
        ).rowcount
        self._after(lambda: self._change(added))

    def take_in(self, rows: Iterable[tuple[bytes, int, int]]) -> None:
        """Know these fingerprints, with time and events, from another file."""
        self._link.executemany("INSERT OR IGNORE INTO finished(fingerprint, finished, events) VALUES(?,?,?)", rows)

    def prune(self, before: int, most: int) -> None:
        """Forget some of those that are too old or too many."""
        gone = self._forget("WHERE finished<? ORDER BY finished LIMIT ?", before, STEP_ROWS)
        if (over := self._rows - most) > 0:
            gone += self._forget("ORDER BY finished LIMIT ?", min(over, STEP_ROWS))
        self._after(lambda: self._change(-gone))

    def _forget(self, which: str, *values: int) -> int:
        sql = f"DELETE FROM finished WHERE fingerprint IN (SELECT fingerprint FROM finished {which})"  # noqa: S608  # constants
        return self._link.execute(sql, values).rowcount

    def _change(self, rows: int) -> None:
        self._rows += rows
