"""What waits for whom: one row for each batch and each sink that has not got it."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

import orjson

from mothership.leases import LeaseLimits, Totals
from mothership.named_sql import statements
from mothership.relay.spool import multi_row_sql

SQL = statements(__package__, "sql/deliveries.sql")

PAGE_ROWS = 256
"""What is read at a time of all that waits: about a write of small batches."""


class PendingDelivery(NamedTuple):
    """A batch that waits for a sink."""

    seq: int
    attempts: int
    """Leases so far."""
    crashes: int
    """Times the process died while the batch was leased."""
    events: int
    weight: int
    """Bytes it takes in memory."""


class NewDelivery(NamedTuple):
    """A batch that begins to wait."""

    seq: int
    sinks: Sequence[str]
    appended: int
    events: int
    weight: int
    size: int


class FinishedDelivery(NamedTuple):
    """A batch that waits for a sink no more, as the statement `finish` has it."""

    seq: int
    events: int
    size: int
    client: str
    is_whole: bool
    """It is no part of another."""
    is_awaited: bool
    """It waits for other sinks still."""


class Deliveries:
    """The table of them, and which are leased. Its counts change after the commit, through `on_commit`."""

    def __init__(self, connection: sqlite3.Connection, on_commit: Callable[[Callable[[], None]], None]) -> None:
        self.totals: dict[str, Totals] = {}
        self.sinks: set[str] = set()
        """All that the table has ever named."""
        self._connection = connection
        self._on_commit = on_commit
        self._cursor: dict[str, int] = {}
        """For each sink, a number below which nothing waits that could be leased."""
        self._locked: defaultdict[str, set[int]] = defaultdict(set)
        self._locked_now: list[tuple[str, Sequence[int]]] = []

    def count(self) -> None:
        """Count what the file holds; afterwards the counts follow each commit."""
        self.totals = {sink: Totals(*counts) for sink, *counts in self._connection.execute(SQL["totals"]).fetchall()}
        self.sinks |= set(self.totals)
        self._cursor.clear()

    def stored_bytes(self) -> int:
        """Bytes of all batches that wait for anyone, counted."""
        stored: int = self._connection.execute(SQL["stored_bytes"]).fetchone()[0]
        return stored

    # --- leases --------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """A transaction starts: what is locked from here on is unlocked by `rollback`."""
        self._locked_now.clear()

    def rollback(self) -> None:
        """Unlock what was locked in this transaction."""
        for sink, seqs in self._locked_now:
            self.unlock(sink, seqs)

    def lock(self, sink: str, seqs: Sequence[int]) -> None:
        """No other lease gets these; undone by a rollback."""
        self._locked[sink].update(seqs)
        self._locked_now.append((sink, seqs))

    def forget(self, sink: str, seqs: Iterable[int]) -> None:
        """They are gone: nobody has to be kept from them any more."""
        self._locked[sink].difference_update(seqs)

    def may_be_leased(self, sink: str) -> bool:
        """Whether any wait for this sink that are not leased, as far as was counted. Asked from another thread."""
        waiting = self.totals.get(sink)
        return waiting is not None and waiting.batches > len(self._locked[sink])

    def unlock(self, sink: str, seqs: Sequence[int]) -> None:
        """Let these be leased again."""
        self.forget(sink, seqs)
        if seqs:
            self._cursor[sink] = min(self._cursor.get(sink, 0), *seqs)

    def recover(self) -> int:
        """After opening: whatever was leased belonged to a process that died. Returns how many."""
        return self._connection.execute(SQL["recover_leases"]).rowcount

    def select(
        self, sink: str, limits: LeaseLimits, *, first: int, end: int, exclude: Collection[int] = ()
    ) -> list[PendingDelivery]:
        """The oldest batches with first ≤ seq < end that fit one write. One that keeps killing comes alone."""
        start = max(first, self._cursor.get(sink, 0))
        picked: list[PendingDelivery] = []
        rows = heavy = 0
        lowest: int | None = None
        leased, locked = 0, self._locked[sink]
        for one in self._pending(sink, start, end):
            if one.seq in locked:
                leased = one.seq
                continue
            lowest = one.seq if lowest is None else lowest
            if one.seq in exclude:
                continue
            alone = one.crashes >= limits.poison_attempts
            if picked and (alone or rows + one.events > limits.rows or heavy + one.weight > limits.bytes):
                break
            picked.append(one)
            rows, heavy = rows + one.events, heavy + one.weight
            if alone:
                break
        if first <= self._cursor.get(sink, 0):
            self._cursor[sink] = lowest or max(start, leased + 1)
        return picked

    def _pending(self, sink: str, start: int, end: int) -> Iterator[PendingDelivery]:
        """What waits for a sink from a number on, oldest first."""
        while found := multi_row_sql.select(self._connection, SQL["pending"], (sink, start, end, PAGE_ROWS)):
            for row in found:
                yield PendingDelivery(*row)
            if len(found) < PAGE_ROWS:
                return
            start = found[-1][0] + 1

    def record_attempt(self, sink: str, seqs: Sequence[int]) -> None:
        """Count an attempt before the write."""
        if seqs:
            self._connection.execute(SQL["record_attempt"], (sink, multi_row_sql.numbers(seqs)))

    def release(self, sink: str, seqs: Iterable[int]) -> None:
        """The write ended, badly but with the process alive."""
        self._connection.execute(SQL["release"], (sink, multi_row_sql.numbers(seqs)))

    # --- rows ----------------------------------------------------------------------------------------------------

    def add(self, added: Sequence[NewDelivery]) -> None:
        """Batches wait for their sinks."""
        # Known before the commit: the same transaction may ask who waits for a batch that it has added.
        self.sinks.update(*[one.sinks for one in added])
        multi_row_sql.insert(
            self._connection,
            SQL["add"],
            [
                (sink, seq, appended, events, weight, size)
                for seq, sinks, appended, events, weight, size in added
                for sink in sinks
            ],
        )

        def apply() -> None:
            for one in added:
                for sink in one.sinks:
                    self._change(sink, 1, one.events, one.size)

        self._on_commit(apply)

    def remove(self, seq: int, sink: str, events: int, size: int) -> bool:
        """A batch waits for this sink no more. Whether it did."""
        if not self._connection.execute(SQL["remove"], (sink, multi_row_sql.numbers([seq]))).rowcount:
            return False
        self._on_commit(lambda: self._change(sink, -1, -events, -size))
        return True

    def finish(self, sink: str, seqs: Sequence[int]) -> list[FinishedDelivery]:
        """These wait for this sink no more. Returns those that did."""
        numbers, others = multi_row_sql.numbers(seqs), orjson.dumps([one for one in self.sinks if one != sink]).decode()
        found = [
            FinishedDelivery(*row)
            for row in multi_row_sql.select(self._connection, SQL["finish"], (sink, numbers, others))
        ]
        if found:
            self._connection.execute(SQL["remove"], (sink, numbers))
            batches, events, size = len(found), sum(one.events for one in found), sum(one.size for one in found)
            self._on_commit(lambda: self._change(sink, -batches, -events, -size))
        return found

    def awaited_by(self, seq: int) -> list[str]:
        """The sinks that have not got a batch."""
        return [sink for sink in sorted(self.sinks) if self._connection.execute(SQL["waits"], (sink, seq)).fetchone()]

    def oldest(self, sink: str) -> int | None:
        """When the oldest batch that waits for this sink was appended."""
        row = self._connection.execute(SQL["oldest"], (sink, 1)).fetchone()
        return row[1] if row else None

    def expired(self, before: int, limit: int) -> list[tuple[str, int]]:
        """The oldest of each sink, if they have waited since before then and are not leased: sink, seq."""
        found: list[tuple[str, int]] = []
        for sink in sorted(self.sinks):
            oldest = self._connection.execute(SQL["oldest"], (sink, limit))
            old = takewhile(lambda row: row[1] < before, oldest.fetchall())
            found += [(sink, seq) for seq, _ in old if seq not in self._locked[sink]]
        return found

    def _change(self, sink: str, batches: int, events: int, size: int) -> None:
        was = self.totals.get(sink, Totals())
        self.totals[sink] = Totals(was.batches + batches, was.events + events, was.bytes + size)
