"""One SQLite file of a spool, and every statement on its batches. Used by one thread at a time.

    batches ◀── deliveries, one for each sink that has not got it    finished: fingerprints of what is through
       └──▶ letters: rows that a sink refused (`shelf`)

A transaction belongs to the caller. What must only be believed after its commit (counts, what is in memory) waits
in `_after` until then.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from mothership.event import RowBatch
from mothership.relay.spool.deliveries import Deliveries, Limits, Waiting
from mothership.relay.spool.finished import Finished
from mothership.relay.spool.memory import Memory
from mothership.relay.spool.record import Damaged, Kept, pack, unpack, weight
from mothership.relay.spool.schema import PAGE_BYTES, ROW_OVERHEAD_BYTES, SCHEMA_VERSION, connect
from mothership.relay.spool.shelf import Letter, Shelf


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

    def decoded(self) -> RowBatch | None:
        """The batch, wherever it is; None when its record is damaged."""
        try:
            return self.batch or unpack(self.record).batch()
        except Damaged:
            return None


class SpoolFile:
    """The transactions, and the table of batches. `memory_bytes` bounds the recent ones that are kept decoded."""

    def __init__(self, path: Path, *, memory_bytes: int) -> None:
        self.path = path
        self.link = connect(path)
        self.stored_bytes = 0
        self.held: Counter[str] = Counter()
        """Bytes of the batches of each caller."""
        self.last_seq = 0
        self.deliveries = Deliveries(self.link, self._after_commit)
        self.finished = Finished(self.link, self._after_commit)
        self.shelf = Shelf(self.link, self._after_commit)
        self._memory = Memory(memory_bytes)
        self._after: list[Callable[[], None]] = []
        self._version = -1
        self._recount = False
        self._durable = True

    # --- transactions --------------------------------------------------------------------------------------------

    def begin(self, *, durable: bool) -> None:
        """Start a transaction; `durable` ones end with an fsync, the others survive a killed process without."""
        if durable != self._durable:
            self.link.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._durable = durable
        self._after.clear()
        self.deliveries.begin()
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
        self.deliveries.rollback()
        if self.link.in_transaction:
            self.link.execute("ROLLBACK")

    @property
    def memory_bytes(self) -> int:
        """The bound of what is kept decoded."""
        return self._memory.bytes_max

    def _after_commit(self, believe: Callable[[], None]) -> None:
        self._after.append(believe)

    def recover(self) -> int:
        """After opening: leases of a process that died are over. Returns how many there were."""
        died = self.deliveries.recover()
        # A batch without deliveries, or the reverse, is left only by damage.
        self.link.execute("DELETE FROM deliveries WHERE seq NOT IN (SELECT seq FROM batches)")
        self.link.execute("DELETE FROM batches WHERE seq NOT IN (SELECT seq FROM deliveries)")
        return died

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
        self.deliveries.count()
        self.shelf.count()
        self.finished.count()
        self.stored_bytes = self.deliveries.stored_bytes()
        self.held = Counter(dict(self.link.execute("SELECT client, sum(size) FROM batches GROUP BY client").fetchall()))
        last = self.link.execute("SELECT seq FROM sqlite_sequence WHERE name='batches'").fetchone()
        self.last_seq = last[0] if last else 0

    # --- batches -------------------------------------------------------------------------------------------------

    def standing(self, fingerprint: bytes, *, is_retry: bool = False) -> Standing | None:
        """What is known of the batch that it names, if it was taken before: a retry's names its content."""
        row = self._waiting("fingerprint", fingerprint)
        if row is None and is_retry:
            row = self._waiting("content", fingerprint)
        if row is None and (through := self.finished.find(fingerprint, is_retry=is_retry)) is not None:
            row = (0, *through)
        if row is None:
            return None
        seq, fingerprint, events = row
        queued = dict.fromkeys(self.deliveries.awaited_by(seq), events) if seq else {}
        for part, waiting in self.link.execute("SELECT seq, events FROM batches WHERE parent=?", (fingerprint,)):
            for sink in self.deliveries.awaited_by(part):
                queued[sink] = queued.get(sink, 0) + waiting
        return Standing(seq, events, new=False, queued=queued, errors=self.shelf.of_batch(fingerprint))

    def _waiting(self, column: str, value: bytes) -> tuple[int, bytes, int] | None:
        """Number, fingerprint and events of the newest whole batch that has this there."""
        row: tuple[int, bytes, int] | None = self.link.execute(
            f"SELECT seq, fingerprint, events FROM batches WHERE {column}=? AND parent IS NULL"  # noqa: S608  # constants
            " ORDER BY seq DESC LIMIT 1",
            (value,),
        ).fetchone()
        return row

    def append(self, item: Kept, record: bytes, batch: RowBatch | None = None) -> Standing:
        """Keep a batch for its sinks, unless its sender says that it was sent before, and it was."""
        if known := self.standing(item.fingerprint, is_retry=item.is_retry):
            return known
        return self.add(item, record, batch)

    def add(self, item: Kept, record: bytes, batch: RowBatch | None = None) -> Standing:
        """Keep a batch that is known to be new."""
        seq = self._insert(item, record, batch)
        return Standing(seq, len(item.rows), new=True, queued=dict.fromkeys(item.sinks, len(item.rows)), errors={})

    def take_in(self, item: Kept, record: bytes) -> None:
        """Keep a batch out of another file; a part of one is never mistaken for the whole."""
        if item.parent:
            self._insert(item, record)
        else:
            self.append(item, record)

    def _insert(self, item: Kept, record: bytes, batch: RowBatch | None = None) -> int:
        events, size = len(item.rows), len(record) + ROW_OVERHEAD_BYTES
        heavy = weight(batch or item.batch())
        seq = self.link.execute(
            "INSERT INTO batches(fingerprint, parent, events, size, record, content, client) VALUES(?,?,?,?,?,?,?)",
            (item.fingerprint, item.parent or None, events, size, record, item.content or None, item.client),
        ).lastrowid
        assert seq is not None  # noqa: S101  # an INSERT has one
        self.deliveries.add(seq, item.sinks, item.appended, events, heavy, size)

        def believe() -> None:
            self.last_seq = max(self.last_seq, seq)
            self._hold(item.client, size)
            if batch is not None:
                self._memory.keep(seq, batch)

        self._after.append(believe)
        return seq

    def pick(self, sink: str, limits: Limits, *, first: int, end: int, exclude: Collection[int] = ()) -> list[Lent]:
        """The oldest batches with first ≤ seq < end that fit one write: as they are in memory, or their records."""
        picked = self.deliveries.pick(sink, limits, first=first, end=end, exclude=exclude)
        return [self._lent(waiting) for waiting in picked]

    def _lent(self, waiting: Waiting) -> Lent:
        seq, attempts, crashes, events, _ = waiting
        batch = self._memory.get(seq)
        return Lent(seq, attempts + 1, crashes, events, batch, b"" if batch else self.record(seq))

    def record(self, seq: int) -> bytes:
        """A batch as it is on disk."""
        record: bytes = self.link.execute("SELECT record FROM batches WHERE seq=?", (seq,)).fetchone()[0]
        return record

    def finish(self, sink: str, seqs: Iterable[int], now: int) -> None:
        """The sink has these, or will never take them. A batch that all sinks are through with goes."""
        done = list(seqs)
        for seq in done:
            self._finish(sink, seq, now)
        self._after.append(lambda: self.deliveries.give_back(sink, done))

    def _finish(self, sink: str, seq: int, now: int) -> None:
        found = self.link.execute("SELECT events, size, client FROM batches WHERE seq=?", (seq,)).fetchone()
        events, size, client = found or (0, 0, "")
        if self.deliveries.remove(seq, sink, events, size) and not self.deliveries.awaited_by(seq):
            self.finished.add(seq, client, now)
            self._remove(seq, client, size)

    def _remove(self, seq: int, client: str, size: int) -> None:
        self.link.execute("DELETE FROM batches WHERE seq=?", (seq,))

        def believe() -> None:
            self._hold(client, -size)
            self._memory.forget(seq)

        self._after.append(believe)

    def _hold(self, client: str, size: int) -> None:
        self.stored_bytes += size
        self.held[client] += size
        if not self.held[client]:
            del self.held[client]

    def split(self, sink: str, seq: int, parts: Sequence[tuple[Kept, bytes]], now: int) -> list[int]:
        """Put parts in the place of a batch, for this sink alone. Returns their numbers."""
        numbers = [self.add_part(item, record) for item, record in parts]
        self._finish(sink, seq, now)
        return numbers

    def add_part(self, item: Kept, record: bytes) -> int:
        """Keep a part of a batch. Returns its number."""
        return self._insert(item, record)

    def discard(self, seq: int) -> tuple[bytes, int] | None:
        """Take a damaged batch out, for all sinks. Returns its record and how many events it held."""
        row = self.link.execute("SELECT record, events, size, client FROM batches WHERE seq=?", (seq,)).fetchone()
        if row is None:
            return None
        record, events, size, client = row
        for sink in self.deliveries.awaited_by(seq):
            self.deliveries.remove(seq, sink, events, size)
        self._remove(seq, client, size)
        return record, events

    def requeue_letter(self, letter: Letter, item: Kept, now: int) -> None:
        """Put a dead letter's rows back in line, for the sink that refused them."""
        again = Kept(item.fingerprint, item.request_id, item.client, item.received, now, [letter.sink],
                     item.parent or item.fingerprint, item.rows, item.content)  # fmt: skip
        self._insert(again, pack(again))
        self.shelf.drop(letter.id)

    # --- upkeep --------------------------------------------------------------------------------------------------

    def touch(self) -> None:
        """Write the least there is to write: does the disk take it?"""
        self.link.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def is_loose(self, free_bytes_max: int) -> bool:
        """Is it empty, and much larger than it needs to be?"""
        free = self.link.execute("PRAGMA freelist_count").fetchone()[0] * PAGE_BYTES
        return free > free_bytes_max and not any(total.batches for total in self.deliveries.totals.values())

    def shrink(self) -> None:
        """Give the space of an emptied file back to the disk. Outside a transaction."""
        self.link.execute("VACUUM")
        self.link.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Fold the log into the file and let go of it."""
        self.link.close()
