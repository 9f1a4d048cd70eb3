"""The fingerprints of batches that every sink is through with: what is sent again is known.

There is room for so many. Past it the caller with the most gives way, so that one who sends a great many small
batches shortens nobody's memory but its own.

A fingerprint is a number by chance, so each of a few goes to a page of its own of each index. Those of the last second
are therefore in memory, and put to the others together. A process that is killed forgets them: what is sent again then
is written again, and recognised by the database, that noted it in the transaction of its rows.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from mothership.named_sql import statements
from mothership.relay.spool import multi_row_sql

SQL = statements(__package__, "sql/fingerprints.sql")

PRUNE_ROWS_MAX = 5_000
RECENT_MAX = 2_000
"""Most that are in memory."""

FingerprintRow: TypeAlias = tuple[bytes, int, int, bytes | None, str]
"""Fingerprint, time, events, content, caller."""


class FingerprintTable:
    """The table of them. Its counts change after the commit, through `on_commit`."""

    def __init__(self, connection: sqlite3.Connection, on_commit: Callable[[Callable[[], None]], None]) -> None:
        self._connection = connection
        self._on_commit = on_commit
        self._rows_by_client: Counter[str] = Counter()
        """Rows of each caller."""
        self._recent = 0
        """How many at most are in memory."""
        connection.execute(SQL["create_recent"])
        connection.execute(SQL["create_recent_content"])

    def count(self) -> None:
        """Count the rows of each client in the file."""
        self._rows_by_client = Counter(dict(self._connection.execute(SQL["rows_by_client"])))

    def find(self, fingerprint: bytes, *, is_retry: bool) -> tuple[bytes, int] | None:
        """Fingerprint and events of the batch that it names: a retry's names its content. None if it isn't known."""
        names = ("recent_by_fingerprint", "by_fingerprint", "recent_by_content", "by_content")
        for name in names if is_retry else names[:2]:
            row: tuple[bytes, int] | None = self._connection.execute(SQL[name], (fingerprint,)).fetchone()
            if row is not None:
                return row
        return None

    def add(self, seqs: Sequence[int], clients: Sequence[str], now: int) -> None:
        """Remember whole batches that are about to go, each with its caller. A part of one is not worth it."""
        if not seqs:
            return
        added = self._connection.execute(SQL["add_batches"], (now, multi_row_sql.numbers(seqs))).rowcount
        self._recent += len(seqs)
        if self._recent >= RECENT_MAX:
            self._recent = 0
            self.keep_recent()
        if added == len(seqs):
            self._on_commit(lambda: self._change(Counter(clients)))
        else:  # some were known already
            self._on_commit(self.count)

    @property
    def holds_recent(self) -> bool:
        """Whether any are in memory only."""
        return self._connection.execute(SQL["any_recent"]).fetchone() is not None

    def keep_recent(self) -> None:
        """Put those in memory to the others, in the transaction that is open."""
        kept = self._connection.execute(SQL["keep_recent"]).rowcount
        if kept != self._connection.execute(SQL["forget_recent"]).rowcount:  # some were known already
            self._on_commit(self.count)

    def take_in(self, rows: Iterable[FingerprintRow]) -> None:
        """Remember what another file did."""
        self._connection.executemany(SQL["add"], rows)

    def prune(self, before: int, most: int) -> None:
        """Forget some of those that are too old or too many."""
        self.keep_recent()
        gone = self._forget("older_than", before, PRUNE_ROWS_MAX)
        over = min(self._rows_by_client.total() - gone.total() - most, PRUNE_ROWS_MAX - gone.total())
        while over > 0:
            (client, rows), *others = (self._rows_by_client - gone).most_common(2)
            lead = rows - (others[0][1] if others else 0)
            more = self._forget("oldest_of_client", client, min(over, max(lead, 1)))
            if not more:
                break  # counted wrong; the next count puts it right
            gone += more
            over -= more.total()
        self._on_commit(lambda: self._change({client: -rows for client, rows in gone.items()}))

    def _forget(self, name: str, value: object, most: int) -> Counter[str]:
        """Forget the oldest of these. Returns how many of each caller they were."""
        found = self._connection.execute(SQL[name], (value, most)).fetchall()
        self._connection.executemany(SQL["remove"], [(mark,) for _, mark in found])
        return Counter(client for client, _ in found)

    def _change(self, rows: Mapping[str, int]) -> None:
        self._rows_by_client.update(rows)
        self._rows_by_client = +self._rows_by_client
