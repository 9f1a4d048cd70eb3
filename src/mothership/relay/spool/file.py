"""One SQLite file of a spool, and every statement on its batches. Used by one thread at a time.

    batches ◀── deliveries, one for each sink that has not got it    finished: fingerprints of what is through
       └──▶ letters: rows that a sink refused (`shelf`)

A transaction belongs to the caller. What must only be believed after its commit (counts, what is in memory) waits
in `_after` until then.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from mothership.event import RowBatch
from mothership.relay.spool.memory import Memory
from mothership.relay.spool.record import Kept, pack, weight
from mothership.relay.spool.schema import PAGE_BYTES, ROW_OVERHEAD_BYTES, SCHEMA_VERSION, connect
from mothership.relay.spool.shelf import Letter, Shelf, Totals


class Standing(NamedTuple):
    """What is known of a fingerprint: events, and for each sink how many still wait and how many were set aside."""

    seq: int
    """Of the pending batch; 0 when it is through."""
    events: int
    new: bool
    queued: dict[str, int]
    errors: dict[str, int]


class Lent(NamedTuple):
    """A batch out of the file, leased to a courier."""

    seq: int
    attempts: int
    """Leases so far, this one included."""
    crashes: int
    """Times the process died while the batch was leased."""
    events: int
    batch: RowBatch | None
    """When it was still in memory; otherwise `record` holds it."""
    record: bytes


class Limits(NamedTuple):
    """How much a lease may hold."""

    rows: int
    bytes: int
    poison_attempts: int


class SpoolFile:
    """The statements. `memory_bytes` bounds the recent batches that are kept decoded."""

    def __init__(self, path: Path, *, memory_bytes: int) -> None:
        self.path = path
        self.link = connect(path)
        self.totals: dict[str, Totals] = {}
        self.stored_bytes = 0
        self.shelf = Shelf(self.link, self._after_commit)
        self.remembered = 0
        self.leased: set[tuple[str, int]] = set()
        self.sinks: set[str] = set()
        self.last_seq = 0
        self._cursor: dict[str, int] = {}
        """For each sink, a number below which nothing waits."""
        self._memory = Memory(memory_bytes)
        self._after: list[Callable[[], None]] = []
        self._version = -1
        self._recount = False
        self._lent_now: set[tuple[str, int]] = set()
        self._durable = True

    # --- transactions --------------------------------------------------------------------------------------------

    def begin(self, *, durable: bool) -> None:
        """Start a transaction; `durable` ones end with an fsync, the others survive a killed process without."""
        if durable != self._durable:
            self.link.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._durable = durable
        self._after.clear()
        self._lent_now.clear()
        self.link.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """End the transaction and believe it."""
        self.link.execute("COMMIT")
        for believe in self._after:
            believe()
        self._after.clear()
        if self._recount:
            self.count()

    def rollback(self) -> None:
        """Forget the transaction."""
        self._after.clear()
        self.leased -= self._lent_now
        if self.link.in_transaction:
            self.link.execute("ROLLBACK")

    @property
    def memory_bytes(self) -> int:
        """The bound of what is kept decoded."""
        return self._memory.bytes_max

    def _after_commit(self, believe: Callable[[], None]) -> None:
        self._after.append(believe)

    def recover(self) -> int:
        """After opening: whatever was leased belonged to a process that died. Returns how many."""
        died = self.link.execute("UPDATE deliveries SET crashes=crashes+1, leased=0 WHERE leased=1").rowcount
        # A batch without deliveries, or the reverse, is left only by damage.
        self.link.execute("DELETE FROM deliveries WHERE seq NOT IN (SELECT seq FROM batches)")
        self.link.execute("DELETE FROM batches WHERE seq NOT IN (SELECT seq FROM deliveries)")
        return died

    def lend(self, sink: str, seqs: Sequence[int]) -> None:
        """No other lease gets these; undone by a rollback."""
        fresh = {(sink, seq) for seq in seqs}
        self.leased |= fresh
        self._lent_now |= fresh

    def give_back(self, sink: str, seqs: Sequence[int]) -> None:
        """They may be leased again."""
        self.leased -= {(sink, seq) for seq in seqs}

    def has_changed(self) -> bool:
        """Has anyone else written since the last look? Then all is counted anew after the commit."""
        version = self.link.execute("PRAGMA data_version").fetchone()[0]
        changed: bool = version != self._version
        self._version = version
        self._recount = self._recount or changed
        return changed

    def count(self) -> None:
        """Count what is there. Outside a transaction."""
        self._recount = False
        rows = self.link.execute(
            "SELECT sink, count(*), sum(events), sum(size) FROM deliveries GROUP BY sink"
        ).fetchall()
        self.totals = {sink: Totals(*counts) for sink, *counts in rows}
        self.sinks |= set(self.totals)
        self.stored_bytes = self.link.execute(
            "SELECT coalesce(sum(size), 0) FROM (SELECT DISTINCT seq, size FROM deliveries)"
        ).fetchone()[0]
        self.shelf.count()
        self.remembered = self.link.execute("SELECT count(*) FROM finished").fetchone()[0]
        last = self.link.execute("SELECT seq FROM sqlite_sequence WHERE name='batches'").fetchone()
        self.last_seq = last[0] if last else 0
        self._cursor.clear()

    # --- batches -------------------------------------------------------------------------------------------------

    def standing(self, fingerprint: bytes) -> Standing | None:
        """What is known of a batch with this fingerprint, if it was taken before."""
        row = self.link.execute(
            "SELECT seq, events FROM batches WHERE fingerprint=? AND parent IS NULL", (fingerprint,)
        ).fetchone()
        if row is None:
            row = self.link.execute("SELECT 0, events FROM finished WHERE fingerprint=?", (fingerprint,)).fetchone()
        if row is None:
            return None
        seq, events = row
        queued = dict.fromkeys(self.waiting(seq), events) if seq else {}
        for part, waiting in self.link.execute("SELECT seq, events FROM batches WHERE parent=?", (fingerprint,)):
            for sink in self.waiting(part):
                queued[sink] = queued.get(sink, 0) + waiting
        return Standing(seq, events, new=False, queued=queued, errors=self.shelf.of_batch(fingerprint))

    def append(self, item: Kept, record: bytes, batch: RowBatch | None = None) -> Standing:
        """Keep a batch for its sinks, unless an equal one was taken before."""
        if known := self.standing(item.fingerprint):
            return known
        seq = self._insert(item, record, batch)
        return Standing(seq, len(item.rows), new=True, queued=dict.fromkeys(item.sinks, len(item.rows)), errors={})

    def take_in(self, item: Kept, record: bytes) -> None:
        """Keep a batch out of another file; a part of one is never mistaken for the whole."""
        if item.parent:
            self._insert(item, record)
        else:
            self.append(item, record)

    def waiting(self, seq: int) -> list[str]:
        """The sinks that have not got a batch."""
        one = "SELECT 1 FROM deliveries WHERE sink=? AND seq=?"
        return [sink for sink in sorted(self.sinks) if self.link.execute(one, (sink, seq)).fetchone()]

    def _insert(self, item: Kept, record: bytes, batch: RowBatch | None = None) -> int:
        events, size = len(item.rows), len(record) + ROW_OVERHEAD_BYTES
        heavy = weight(batch or item.batch())
        seq = self.link.execute(
            "INSERT INTO batches(fingerprint, parent, events, size, record) VALUES(?,?,?,?,?)",
            (item.fingerprint, item.parent or None, events, size, record),
        ).lastrowid
        assert seq is not None  # noqa: S101  # an INSERT has one
        self.link.executemany(
            "INSERT INTO deliveries(sink, seq, appended, events, weight, size) VALUES(?,?,?,?,?,?)",
            [(sink, seq, item.appended, events, heavy, size) for sink in item.sinks],
        )

        def believe() -> None:
            self.last_seq = max(self.last_seq, seq)
            self.stored_bytes += size
            self.sinks.update(item.sinks)
            for sink in item.sinks:
                self._add(sink, 1, events, size)
            if batch is not None:
                self._memory.keep(seq, batch)

        self._after.append(believe)
        return seq

    def pick(self, sink: str, limits: Limits, *, first: int, end: int, exclude: Collection[int] = ()) -> list[Lent]:
        """The oldest batches with first ≤ seq < end that fit one write. One that keeps killing comes alone."""
        start = max(first, self._cursor.get(sink, 0))
        picked: list[Lent] = []
        rows = heavy = 0
        found = self.link.execute(
            "SELECT seq, attempts, crashes, events, weight FROM deliveries"
            " WHERE sink=? AND seq>=? AND seq<? ORDER BY seq",
            (sink, start, end),
        )
        lowest: int | None = None
        for seq, attempts, crashes, events, bulk in found:
            lowest = seq if lowest is None else lowest
            if (sink, seq) in self.leased or seq in exclude:
                continue
            alone = crashes >= limits.poison_attempts
            if picked and (alone or rows + events > limits.rows or heavy + bulk > limits.bytes):
                break
            picked.append(self._lend(seq, attempts + 1, crashes, events))
            rows, heavy = rows + events, heavy + bulk
            if alone:
                break
        found.close()
        if lowest is not None and first <= self._cursor.get(sink, 0):
            self._cursor[sink] = lowest
        return picked

    def _lend(self, seq: int, attempts: int, crashes: int, events: int) -> Lent:
        if batch := self._memory.get(seq):
            return Lent(seq, attempts, crashes, events, batch, b"")
        return Lent(seq, attempts, crashes, events, None, self._record(seq))

    def mark(self, sink: str, seqs: Sequence[int]) -> None:
        """Count an attempt before the write."""
        self.link.executemany(
            "UPDATE deliveries SET attempts=attempts+1, leased=1 WHERE sink=? AND seq=?", [(sink, seq) for seq in seqs]
        )

    def release(self, sink: str, seqs: Iterable[int]) -> None:
        """The write ended, badly but with the process alive."""
        self.link.executemany(
            "UPDATE deliveries SET leased=0, crashes=0 WHERE sink=? AND seq=?", [(sink, seq) for seq in seqs]
        )

    def finish(self, sink: str, seqs: Iterable[int], now: int) -> None:
        """The sink has these, or will never take them. A batch that all sinks are through with goes."""
        done = list(seqs)
        for seq in done:
            self._finish(sink, seq, now)
        self._after.append(lambda: self.give_back(sink, done))

    def _finish(self, sink: str, seq: int, now: int) -> None:
        if not self.link.execute("DELETE FROM deliveries WHERE sink=? AND seq=?", (sink, seq)).rowcount:
            return
        events, size = self.link.execute("SELECT events, size FROM batches WHERE seq=?", (seq,)).fetchone() or (0, 0)
        last = not any(
            self.link.execute("SELECT 1 FROM deliveries WHERE sink=? AND seq=?", (other, seq)).fetchone()
            for other in self.sinks
            if other != sink
        )
        remembered = 0
        if last:
            remembered = self.link.execute(
                "INSERT OR REPLACE INTO finished(fingerprint, finished, events)"
                " SELECT fingerprint, ?, events FROM batches WHERE seq=? AND parent IS NULL",
                (now, seq),
            ).rowcount
            self.link.execute("DELETE FROM batches WHERE seq=?", (seq,))

        def believe() -> None:
            self._add(sink, -1, -events, -size)
            if last:
                self.stored_bytes -= size
                self.remembered += remembered
                self._memory.forget(seq)

        self._after.append(believe)

    def remember_finished(self, rows: Iterable[tuple[bytes, int, int]]) -> None:
        """Know these fingerprints, with time and events, from another file."""
        self.link.executemany("INSERT OR IGNORE INTO finished(fingerprint, finished, events) VALUES(?,?,?)", rows)

    def split(self, sink: str, seq: int, parts: Sequence[tuple[Kept, bytes]], now: int) -> list[int]:
        """Put parts in the place of a batch, for this sink alone. Returns their numbers."""
        numbers = [self._insert(item, record) for item, record in parts]
        self._finish(sink, seq, now)
        return numbers

    def discard(self, seq: int) -> tuple[bytes, int] | None:
        """Take a damaged batch out, for all sinks. Returns its record and how many events it held."""
        row = self.link.execute("SELECT record, events, size FROM batches WHERE seq=?", (seq,)).fetchone()
        if row is None:
            return None
        record, events, size = row
        waiting = self.waiting(seq)
        self.link.executemany("DELETE FROM deliveries WHERE sink=? AND seq=?", [(sink, seq) for sink in waiting])
        self.link.execute("DELETE FROM batches WHERE seq=?", (seq,))

        def believe() -> None:
            self.stored_bytes -= size
            self._memory.forget(seq)
            for sink in waiting:
                self._add(sink, -1, -events, -size)

        self._after.append(believe)
        return record, events

    def stale(self, before: int, limit: int) -> list[tuple[str, int, bytes]]:
        """The oldest deliveries, if they have waited since before then: sink, seq, record."""
        found: list[tuple[str, int, bytes]] = []
        for sink in sorted(self.sinks):
            oldest = self.link.execute(
                "SELECT seq, appended FROM deliveries WHERE sink=? AND seq>=? ORDER BY seq LIMIT ?",
                (sink, self._cursor.get(sink, 0), limit),
            )
            for seq, _ in takewhile(lambda row: row[1] < before, oldest.fetchall()):
                if (sink, seq) not in self.leased:
                    found.append((sink, seq, self._record(seq)))
        return found

    def _record(self, seq: int) -> bytes:
        record: bytes = self.link.execute("SELECT record FROM batches WHERE seq=?", (seq,)).fetchone()[0]
        return record

    def requeue_letter(self, letter: Letter, item: Kept, now: int) -> None:
        """Put a dead letter's rows back in line, for the sink that refused them."""
        again = Kept(item.fingerprint, item.request_id, item.client, item.received, now, [letter.sink],
                     item.parent or item.fingerprint, item.rows)  # fmt: skip
        self._insert(again, pack(again))
        self.shelf.drop(letter.id)

    # --- upkeep --------------------------------------------------------------------------------------------------

    def prune(self, before: int, most: int) -> None:
        """Forget fingerprints that are too old or too many."""
        gone = self.link.execute(
            "DELETE FROM finished WHERE fingerprint IN"
            " (SELECT fingerprint FROM finished WHERE finished<? ORDER BY finished LIMIT 5000)", (before,)
        ).rowcount  # fmt: skip
        if (over := self.remembered - most) > 0:
            gone += self.link.execute(
                "DELETE FROM finished WHERE fingerprint IN"
                " (SELECT fingerprint FROM finished ORDER BY finished LIMIT ?)",
                (min(over, 5000),),
            ).rowcount

        def believe() -> None:
            self.remembered -= gone

        self._after.append(believe)

    def touch(self) -> None:
        """Write the least there is to write: does the disk take it?"""
        self.link.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def oldest(self, sink: str) -> int | None:
        """When the oldest batch that waits for this sink was appended."""
        row = self.link.execute(
            "SELECT appended FROM deliveries WHERE sink=? AND seq>=? ORDER BY seq LIMIT 1",
            (sink, self._cursor.get(sink, 0)),
        ).fetchone()
        return row[0] if row else None

    def is_loose(self, free_bytes_max: int) -> bool:
        """Is it empty, and much larger than it needs to be?"""
        free = self.link.execute("PRAGMA freelist_count").fetchone()[0] * PAGE_BYTES
        return free > free_bytes_max and not any(total.batches for total in self.totals.values())

    def shrink(self) -> None:
        """Give the space of an emptied file back to the disk. Outside a transaction."""
        self.link.execute("VACUUM")
        self.link.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Fold the log into the file and let go of it."""
        self.link.close()

    def _add(self, sink: str, batches: int, events: int, size: int) -> None:
        was = self.totals.get(sink, Totals())
        self.totals[sink] = Totals(was.batches + batches, was.events + events, was.bytes + size)
