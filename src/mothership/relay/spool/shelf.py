"""The dead letters in a spool file: rows that a sink refused, by batch and reason."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from mothership.relay.spool.record import Kept
from mothership.relay.spool.schema import ROW_OVERHEAD_BYTES

LETTER_COLUMNS = "sink, reason, buried, request_id, origin, fingerprint, events, size, record"
REASON_CHARACTERS = 500


class Letter(NamedTuple):
    """A group of rows of one batch that a sink refused for one reason. Fields as `LETTER_COLUMNS`, after the id."""

    id: int
    sink: str
    reason: str
    buried: int
    """Microseconds since the Unix epoch."""
    request_id: str
    origin: bytes
    """Fingerprint of the batch the rows came with."""
    fingerprint: bytes
    """Under which a retry sends them."""
    events: int
    size: int
    record: bytes


class Totals(NamedTuple):
    """What waits for a sink."""

    batches: int = 0
    events: int = 0
    bytes: int = 0


def letters_of(link: sqlite3.Connection, sink: str | None = None) -> Iterator[Letter]:
    """Dead letters, oldest first; all, or a sink's."""
    sql = f"SELECT id, {LETTER_COLUMNS} FROM letters WHERE ? IS NULL OR sink=? ORDER BY id"  # noqa: S608  # constants
    for row in link.execute(sql, (sink, sink)):
        yield Letter(*row)


class Shelf:
    """The table of dead letters. What it counts is believed after the commit, through `after`."""

    def __init__(self, link: sqlite3.Connection, after: Callable[[Callable[[], None]], None]) -> None:
        self.totals = Totals()
        self._link = link
        self._after = after

    def count(self) -> None:
        """Count what is there."""
        sums = "SELECT count(*), coalesce(sum(events), 0), coalesce(sum(size), 0) FROM letters"
        self.totals = Totals(*self._link.execute(sums).fetchone())

    def bury(self, sink: str, reason: str, item: Kept, record: bytes, now: int) -> None:
        """Set rows aside. `item.fingerprint` is what a retry will use, `item.parent` the batch they came from."""
        origin, size = item.parent or item.fingerprint, len(record) + ROW_OVERHEAD_BYTES
        self._add((sink, reason[:REASON_CHARACTERS], now, item.request_id, origin, item.fingerprint,
                   len(item.rows), size, record))  # fmt: skip

    def take_in(self, letter: Letter) -> None:
        """Keep a dead letter out of another file."""
        self._add(letter[1:])

    def drop(self, letter_id: int) -> int:
        """Forget a dead letter. Returns its events."""
        row = self._link.execute("SELECT events, size FROM letters WHERE id=?", (letter_id,)).fetchone()
        if row is None:
            return 0
        events, size = row
        self._link.execute("DELETE FROM letters WHERE id=?", (letter_id,))
        self._after(lambda: self._change(-1, -events, -size))
        return int(events)

    def outworn(self, before: int, bytes_max: int) -> list[int]:
        """Dead letters past their age, and the oldest past the bound of bytes."""
        if not self.totals.batches:
            return []
        found = [row[0] for row in self._link.execute("SELECT id FROM letters WHERE buried<? LIMIT 1000", (before,))]
        over = self.totals.bytes - bytes_max
        if over > 0:
            for letter_id, size in self._link.execute("SELECT id, size FROM letters ORDER BY id LIMIT 1000"):
                if over <= 0:
                    break
                over -= size
                found.append(letter_id)
        return list(dict.fromkeys(found))

    def by_sink(self) -> dict[str, int]:
        """Events among the dead letters, for each sink."""
        if not self.totals.batches:
            return {}
        return dict(self._link.execute("SELECT sink, sum(events) FROM letters GROUP BY sink").fetchall())

    def of_batch(self, fingerprint: bytes) -> dict[str, int]:
        """Events of one batch that were set aside, for each sink."""
        refused = "SELECT sink, sum(events) FROM letters WHERE origin=? GROUP BY sink"
        return dict(self._link.execute(refused, (fingerprint,)).fetchall())

    def _add(self, columns: Sequence[Any]) -> None:
        events, size = columns[-3], columns[-2]
        marks = ",".join("?" * len(columns))
        sql = f"INSERT OR IGNORE INTO letters({LETTER_COLUMNS}) VALUES({marks})"
        if self._link.execute(sql, columns).rowcount:
            self._after(lambda: self._change(1, events, size))

    def _change(self, letters: int, events: int, size: int) -> None:
        was = self.totals
        self.totals = Totals(was.batches + letters, was.events + events, was.bytes + size)
