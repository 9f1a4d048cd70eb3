"""One SQLite file of a spool, and every statement on its batches. Used by one thread at a time.

    batches ◀── deliveries, one for each sink that has not got it    finished: fingerprints of what is through
       └──▶ letters: rows that a sink refused (`dead_letters`)

A transaction belongs to the caller. What holds only once it is committed (counts, what is in memory) waits
in `_commit_actions` until then.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from mothership.dead_letters import DeadLetter
from mothership.errors import CorruptRecord
from mothership.event import Row, RowBatch
from mothership.leases import BatchStatus, LeaseLimits
from mothership.named_sql import statements
from mothership.relay.spool import multi_row_sql
from mothership.relay.spool.batch_cache import BatchCache
from mothership.relay.spool.batch_splitting import replaced_row, sent_again
from mothership.relay.spool.dead_letter_table import DeadLetterTable
from mothership.relay.spool.deduplication import FingerprintTable
from mothership.relay.spool.deliveries import Deliveries, NewDelivery, PendingDelivery
from mothership.relay.spool.record import SpoolRecord, pack, unpack, weight
from mothership.relay.spool.schema import PAGE_BYTES, ROW_OVERHEAD_BYTES, SCHEMA_VERSION, connect

SQL = statements(__package__, "sql/batches.sql")


class LeasedRecord(NamedTuple):
    """A batch out of the file, leased to a courier."""

    seq: int
    attempts: int
    """Leases so far, this one included."""
    crashes: int
    """Times the process died while the batch was leased."""
    events: int
    batch: RowBatch | None
    """When it was still in memory; otherwise `record` holds it."""
    packed: bytes

    def decoded(self) -> RowBatch | None:
        """The batch, wherever it is; None when its record is damaged."""
        try:
            return self.batch or unpack(self.packed).batch()
        except CorruptRecord:
            return None


class SpoolFile:
    """The transactions, and the table of batches. `cache_bytes` bounds the recent ones that are kept decoded."""

    def __init__(self, path: Path, *, cache_bytes: int) -> None:
        self.path = path
        self.connection = connect(path)
        self.stored_bytes = 0
        self.bytes_by_client: Counter[str] = Counter()
        """Bytes of the batches of each caller."""
        self.last_seq = 0
        self.deliveries = Deliveries(self.connection, self._on_commit)
        self.fingerprints = FingerprintTable(self.connection, self._on_commit)
        self.dead_letters = DeadLetterTable(self.connection, self._on_commit)
        self._cache = BatchCache(cache_bytes)
        self._commit_actions: list[Callable[[], None]] = []
        self._version = -1
        self._recount = False
        self._durable = True

    # --- transactions --------------------------------------------------------------------------------------------

    def begin(self, *, durable: bool) -> None:
        """Start a transaction; `durable` ones end with an fsync, the others survive a killed process without."""
        if durable != self._durable:
            self.connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._durable = durable
        self._commit_actions.clear()
        self.deliveries.begin()
        self.connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """End the transaction, and bring counts and cache up to date."""
        self.connection.execute("COMMIT")
        for apply in self._commit_actions:
            apply()
        self._commit_actions.clear()
        if self._recount:
            self.count()

    def rollback(self) -> None:
        """Forget the transaction."""
        self._commit_actions.clear()
        self.deliveries.rollback()
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    @property
    def cache_bytes(self) -> int:
        """The bound of what is kept decoded."""
        return self._cache.bytes_max

    def _on_commit(self, apply: Callable[[], None]) -> None:
        self._commit_actions.append(apply)

    def recover(self) -> int:
        """After opening: leases of a process that died are over. Returns how many there were."""
        died = self.deliveries.recover()
        # A batch without deliveries, or the reverse, is left only by damage.
        self.connection.execute(SQL["remove_deliveries_without_batch"])
        self.connection.execute(SQL["remove_batches_without_delivery"])
        return died

    def has_changed(self) -> bool:
        """Has anyone else written since the last look? Then all is counted anew after the commit."""
        version = self.connection.execute("PRAGMA data_version").fetchone()[0]
        changed: bool = version != self._version
        self._version = version
        self._recount = self._recount or changed
        return changed

    def count(self) -> None:
        """Count what is there. Outside a transaction."""
        self._recount = False
        self.deliveries.count()
        self.dead_letters.count()
        self.fingerprints.count()
        self.stored_bytes = self.deliveries.stored_bytes()
        self.bytes_by_client = Counter(dict(self.connection.execute(SQL["bytes_by_client"]).fetchall()))
        last = self.connection.execute(SQL["last_seq"]).fetchone()
        self.last_seq = last[0] if last else 0

    # --- batches -------------------------------------------------------------------------------------------------

    def batch_status(self, fingerprint: bytes, *, is_retry: bool = False) -> BatchStatus | None:
        """What is known of the batch that it names, if it was taken before: a retry's names its content."""
        row = self._find("by_fingerprint", fingerprint)
        if row is None and is_retry:
            row = self._find("by_content", fingerprint)
        if row is None and (through := self.fingerprints.find(fingerprint, is_retry=is_retry)) is not None:
            row = (0, *through)
        if row is None:
            return None
        seq, fingerprint, events = row
        queued = dict.fromkeys(self.deliveries.awaited_by(seq), events) if seq else {}
        for part, waiting in self.connection.execute(SQL["parts"], (fingerprint,)):
            for sink in self.deliveries.awaited_by(part):
                queued[sink] = queued.get(sink, 0) + waiting
        return BatchStatus(
            seq, fingerprint, events, new=False, queued=queued, errors=self.dead_letters.of_batch(fingerprint)
        )

    def _find(self, name: str, value: bytes) -> tuple[int, bytes, int] | None:
        """Number, fingerprint and events of the batch that the statement of this name finds."""
        row: tuple[int, bytes, int] | None = self.connection.execute(SQL[name], (value,)).fetchone()
        return row

    def append(self, record: SpoolRecord, packed: bytes, batch: RowBatch | None = None) -> BatchStatus:
        """Keep a batch for its sinks, unless its sender says that it was sent before, and it was."""
        if known := self.batch_status(record.fingerprint, is_retry=record.is_retry):
            return known
        return self.add([(record, packed, batch)])[0]

    def add(self, new: Sequence[tuple[SpoolRecord, bytes, RowBatch | None]]) -> list[BatchStatus]:
        """Keep batches that are known to be new."""
        if not new:
            return []
        return [
            BatchStatus(
                seq,
                record.fingerprint,
                len(record.rows),
                new=True,
                queued=dict.fromkeys(record.sinks, len(record.rows)),
                errors={},
            )
            for seq, (record, _, _) in zip(self._insert(new), new, strict=True)
        ]

    def take_in(self, record: SpoolRecord, packed: bytes) -> None:
        """Keep a batch out of another file; a part of one is never mistaken for the whole."""
        if record.parent:
            self.add_part(record, packed)
        else:
            self.append(record, packed)

    def _insert(self, new: Sequence[tuple[SpoolRecord, bytes, RowBatch | None]]) -> range:
        rows = [
            (one.fingerprint, one.parent or None, len(one.rows), len(packed) + ROW_OVERHEAD_BYTES, packed,
             one.content or None, one.client)
            for one, packed, _ in new
        ]  # fmt: skip
        last = multi_row_sql.insert(self.connection, SQL["add"], rows)
        seqs = range(last - len(new) + 1, last + 1)
        self.deliveries.add(
            [
                NewDelivery(seq, one.sinks, one.appended, events, weight(batch or one.batch()), size)
                for seq, (one, _, batch), (_, _, events, size, *_) in zip(seqs, new, rows, strict=True)
            ]
        )

        def apply() -> None:
            self.last_seq = max(self.last_seq, last)
            for seq, (one, packed, batch) in zip(seqs, new, strict=True):
                self._hold(one.client, len(packed) + ROW_OVERHEAD_BYTES)
                if batch is not None:
                    self._cache.put(seq, batch)

        self._commit_actions.append(apply)
        return seqs

    def select(
        self, sink: str, limits: LeaseLimits, *, first: int, end: int, exclude: Collection[int] = ()
    ) -> list[LeasedRecord]:
        """The oldest batches with first ≤ seq < end that fit one write: as they are in memory, or their records."""
        picked = self.deliveries.select(sink, limits, first=first, end=end, exclude=exclude)
        return [self._leased_record(waiting) for waiting in picked]

    def _leased_record(self, waiting: PendingDelivery) -> LeasedRecord:
        seq, attempts, crashes, events, _ = waiting
        batch = self._cache.get(seq)
        return LeasedRecord(seq, attempts + 1, crashes, events, batch, b"" if batch else self.packed(seq))

    def packed(self, seq: int) -> bytes:
        """A batch as it is on disk."""
        packed: bytes = self.connection.execute(SQL["record"], (seq,)).fetchone()[0]
        return packed

    def finish(self, sink: str, seqs: Iterable[int], now: int) -> None:
        """The sink has these, or will never take them. A batch that all sinks are through with goes."""
        done = list(seqs)
        through = [one for one in self.deliveries.finish(sink, done) if not one.is_awaited]
        whole = [one for one in through if one.is_whole]
        self.fingerprints.add([one.seq for one in whole], [one.client for one in whole], now)
        self._remove([(one.seq, one.client, one.size) for one in through])
        self._commit_actions.append(lambda: self.deliveries.forget(sink, done))

    def _remove(self, gone: Sequence[tuple[int, str, int]]) -> None:
        """Number, caller and size of each."""
        if not gone:
            return
        self.connection.execute(SQL["remove"], (multi_row_sql.numbers(seq for seq, _, _ in gone),))

        def apply() -> None:
            for seq, client, size in gone:
                self._hold(client, -size)
                self._cache.discard(seq)

        self._commit_actions.append(apply)

    def _hold(self, client: str, size: int) -> None:
        self.stored_bytes += size
        self.bytes_by_client[client] += size
        if not self.bytes_by_client[client]:
            del self.bytes_by_client[client]

    def split(self, sink: str, seq: int, parts: Sequence[tuple[SpoolRecord, bytes]], now: int) -> list[int]:
        """Put parts in the place of a batch, for this sink alone. Returns their numbers."""
        numbers = [self.add_part(record, packed) for record, packed in parts]
        self.finish(sink, [seq], now)
        return numbers

    def add_part(self, record: SpoolRecord, packed: bytes) -> int:
        """Keep a part of a batch. Returns its number."""
        return self._insert([(record, packed, None)])[0]

    def discard(self, seq: int) -> tuple[bytes, int] | None:
        """Take a damaged batch out, for all sinks. Returns its record and how many events it held."""
        row = self.connection.execute(SQL["record_and_sizes"], (seq,)).fetchone()
        if row is None:
            return None
        packed, events, size, client = row
        for sink in self.deliveries.awaited_by(seq):
            self.deliveries.remove(seq, sink, events, size)
        self._remove([(seq, client, size)])
        return packed, events

    def requeue_dead_letter(self, letter: DeadLetter, record: SpoolRecord, now: int) -> None:
        """Put a dead letter's rows back in line, for the sink that refused them."""
        again = sent_again(letter.sink, record, now)
        self.add_part(again, pack(again))
        self.dead_letters.drop(letter.id)

    def split_dead_letter(self, letter: DeadLetter, position: int, row: Row | None, now: int) -> None:
        """Take a row out of a dead letter. With another one in its place, that goes back in line for the sink.

        Raises `KeyError` for a row that is not there, or `CorruptRecord`.
        """
        repaired, rest = replaced_row(letter.sink, unpack(letter.packed), position, row, now)
        self.dead_letters.drop(letter.id)
        if repaired is not None:
            self.add_part(repaired, pack(repaired))
        if rest is not None:
            self.dead_letters.add(letter.sink, letter.reason, rest, pack(rest), letter.buried)

    # --- maintenance ---------------------------------------------------------------------------------------------

    def touch(self) -> None:
        """Write the least there is to write: does the disk take it?"""
        self.connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def is_mostly_free(self, free_bytes_max: int) -> bool:
        """Is it empty, and much larger than it needs to be?"""
        free = self.connection.execute("PRAGMA freelist_count").fetchone()[0] * PAGE_BYTES
        return free > free_bytes_max and not any(total.batches for total in self.deliveries.totals.values())

    def shrink(self) -> None:
        """Give the space of an emptied file back to the disk. Outside a transaction."""
        self.connection.execute("VACUUM")
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Write what is in memory only, fold the log into the file and let go of it."""
        # Where the disk refuses they are forgotten, as when the process is killed.
        with closing(self.connection), suppress(sqlite3.Error):
            if not self.connection.in_transaction and self.fingerprints.holds_recent:
                self.begin(durable=True)
                self.fingerprints.keep_recent()
                self.connection.execute("COMMIT")
