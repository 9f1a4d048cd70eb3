"""The dead letters in a spool file: rows that a sink refused, by batch and reason."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mothership.dead_letters import PIPELINE, DeadLetter
from mothership.leases import Totals
from mothership.named_sql import statements
from mothership.relay.spool.record import SpoolRecord
from mothership.relay.spool.schema import ROW_OVERHEAD_BYTES

SQL = statements(__package__, "sql/dead_letters.sql")

REASON_CHARACTERS = 500


def select_dead_letters(connection: sqlite3.Connection, sink: str | None = None) -> Iterator[DeadLetter]:
    """Dead letters, oldest first; all, or a sink's."""
    for row in connection.execute(SQL["all"], (sink,)):
        yield DeadLetter(*row)


class DeadLetterTable:
    """The table of dead letters. Its counts change after the commit, through `on_commit`."""

    def __init__(self, connection: sqlite3.Connection, on_commit: Callable[[Callable[[], None]], None]) -> None:
        self.totals = Totals()
        self.bytes_by_client: Counter[str] = Counter()
        """Bytes of each caller."""
        self._connection = connection
        self._on_commit = on_commit

    def count(self) -> None:
        """Count what the file holds; afterwards the counts follow each commit."""
        self.totals = Totals(*self._connection.execute(SQL["totals"]).fetchone())
        self.bytes_by_client = Counter(dict(self._connection.execute(SQL["bytes_by_client"]).fetchall()))

    def add(self, sink: str, reason: str, record: SpoolRecord, packed: bytes, now: int) -> None:
        """Set rows aside. `item.fingerprint` is what a retry will use, `item.parent` the batch they came from."""
        origin, size = record.parent or record.fingerprint, len(packed) + ROW_OVERHEAD_BYTES
        self._add((sink, reason[:REASON_CHARACTERS], now, record.request_id, origin, record.fingerprint,
                   len(record.rows), size, packed, record.client))  # fmt: skip

    def take_in(self, letter: DeadLetter) -> None:
        """Keep a dead letter out of another file."""
        self._add(letter[1:])

    def drop(self, letter_id: int) -> tuple[int, str]:
        """Forget a dead letter. Returns its events, and who brought them."""
        row = self._connection.execute(SQL["sizes"], (letter_id,)).fetchone()
        if row is None:
            return 0, ""
        events, size, client = row
        self._connection.execute(SQL["remove"], (letter_id,))
        self._on_commit(lambda: self._change(client, -1, -events, -size))
        return int(events), client

    def expired(self, before: int, bytes_max: int) -> list[int]:
        """Dead letters past their age; and past the bound of bytes the oldest of whoever holds most."""
        if not self.totals.batches:
            return []
        found = [row[0] for row in self._connection.execute(SQL["older_than"], (before,))]
        return list(dict.fromkeys([*found, *self._beyond(bytes_max)]))

    def _beyond(self, bytes_max: int) -> Iterator[int]:
        """A caller with too many dead letters pushes its own letters out, not others'; rejected events go first."""
        held, oldest = self.bytes_by_client.copy(), {}
        while held and held.total() > bytes_max:
            client = max(held, key=held.__getitem__)
            if client not in oldest:
                oldest[client] = iter(self._connection.execute(SQL["oldest_of_client"], (client, PIPELINE)).fetchall())
            letter_id, size = next(oldest[client], (0, 0))
            if not letter_id:
                return  # the rest at the next look
            held[client] -= size
            yield letter_id

    def by_sink(self) -> dict[str, int]:
        """Events among the dead letters, for each sink."""
        if not self.totals.batches:
            return {}
        return dict(self._connection.execute(SQL["events_by_sink"]).fetchall())

    def of_batch(self, fingerprint: bytes) -> dict[str, int]:
        """Events of one batch that were set aside, for each sink."""
        return dict(self._connection.execute(SQL["events_of_batch"], (fingerprint,)).fetchall())

    def _add(self, columns: Sequence[Any]) -> None:
        events, size, _record, client = columns[-4:]
        if self._connection.execute(SQL["add"], columns).rowcount:
            self._on_commit(lambda: self._change(client, 1, events, size))

    def _change(self, client: str, letters: int, events: int, size: int) -> None:
        self.bytes_by_client[client] += size
        if not self.bytes_by_client[client]:
            del self.bytes_by_client[client]
        was = self.totals
        self.totals = Totals(was.batches + letters, was.events + events, was.bytes + size)
