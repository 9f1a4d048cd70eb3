"""Which batches the spool takes for the same, and what it keeps of an earlier version's."""

import asyncio
import sqlite3
import zlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import zstandard
from tests.relay.support import ToxicSink, rows_batch, running, until

from mothership.errors import FailedRow
from mothership.event import RowBatch, Tally
from mothership.leases import Lease
from mothership.relay.spool import rebuild
from mothership.relay.spool.batch_splitting import dead_letters, deferred_parts, halves
from mothership.relay.spool.record import HEAD, MAGIC, pack, spool_record, unpack
from mothership.relay.spool.schema import APPLICATION_ID, SCHEMA_VERSION
from mothership.relay.spool.sqlite_file import SpoolFile

CONTENT = b"c" * 32


def first(number: int) -> RowBatch:
    """A first transmission; all of them have equal messages."""
    return replace(rows_batch(number), content=CONTENT)


def retry(number: int) -> RowBatch:
    """And its retry, as another request."""
    return replace(rows_batch(number), fingerprint=CONTENT, content=CONTENT)


async def test_equal_first_transmissions_are_all_delivered(tmp_path: Path) -> None:
    """One after the other and at once: none is a duplicate."""
    sink = ToxicSink()
    async with running(tmp_path, sink) as relay:
        receipts = [await relay.keep(first(1))]
        receipts += await asyncio.gather(*(relay.keep(first(number)) for number in range(2, 10)))
        assert not any(receipt.duplicate for receipt in receipts)
        assert len(sink.rows) == 27


async def test_a_retry_of_a_waiting_batch_waits_with_it(tmp_path: Path) -> None:
    """Two requests, one record: the second learns that it was a repeat."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    async with running(tmp_path, sink) as relay:
        waiting = [asyncio.create_task(relay.keep(batch)) for batch in (first(1), retry(2), retry(3))]
        await until(lambda: relay.in_flight.events == 9)
        sink.open_for_writes.set()
        receipts = await asyncio.gather(*waiting)
    assert [receipt.duplicate for receipt in receipts] == [False, True, True]
    assert {receipt.sinks["memory"] for receipt in receipts} == {Tally(3, 0, 0)}
    assert sink.writes == [3]


async def test_a_retry_is_known_after_a_restart(tmp_path: Path) -> None:
    """Whether its first transmission still waits or is delivered."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    async with running(tmp_path, sink, answer_seconds=0.0) as relay:
        await relay.keep(first(1))
    async with running(tmp_path, sink, answer_seconds=0.0) as relay:
        assert await relay.keep(retry(2)) == replace(await relay.keep(retry(3)), duplicate=True)
        assert (await relay.keep(retry(2))).sinks["memory"] == Tally(0, 3, 0)
        sink.open_for_writes.set()
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
        assert (await relay.keep(retry(2))).sinks["memory"] == Tally(3, 0, 0)
    async with running(tmp_path, sink) as relay:
        assert (await relay.keep(retry(2))).duplicate
        assert not (await relay.keep(first(4))).duplicate
    assert sink.writes == [3, 3]


async def test_a_retry_that_nobody_knows_is_taken_once(tmp_path: Path) -> None:
    """Its first attempt never arrived, or the process died before it was on disk."""
    sink = ToxicSink()
    async with running(tmp_path, sink) as relay:
        receipts = await asyncio.gather(*(relay.keep(retry(number)) for number in range(5)))
        assert sorted(receipt.duplicate for receipt in receipts) == [False, True, True, True, True]
    async with running(tmp_path, sink) as relay:
        assert (await relay.keep(retry(9))).duplicate
    assert sink.writes == [3]


async def test_a_retry_of_refused_rows_is_told_so(tmp_path: Path) -> None:
    """What became of the first transmission is what the retry's answer says."""
    sink = ToxicSink(poison=b"1-2")
    async with running(tmp_path, sink) as relay:
        assert (await relay.keep(first(1))).sinks["memory"] == Tally(2, 0, 1)
        assert await relay.keep(retry(1)) == replace(await relay.keep(retry(1)), duplicate=True)
        assert (await relay.keep(retry(1))).sinks["memory"] == Tally(2, 0, 1)


async def test_a_part_of_a_batch_is_no_repeat_of_another(tmp_path: Path) -> None:
    """Both of two equal batches come apart at the event that no sink takes, and everything else is stored."""
    sink = ToxicSink(poison=b"-1", how="raise")
    async with running(tmp_path, sink, retry={"split_attempts": 1}, answer_seconds=0.0) as relay:
        await relay.keep(first(1))
        await relay.keep(first(2))
        await until(lambda: len(sink.rows) == 4)
        await until(lambda: relay.status().dead_letters.events == 2)
        assert (await relay.keep(retry(2))).duplicate


OLD_SCHEMA = """
CREATE TABLE batches(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, fingerprint BLOB NOT NULL, parent BLOB, events INTEGER NOT NULL,
    size INTEGER NOT NULL, record BLOB NOT NULL);
CREATE INDEX batches_fingerprint ON batches(fingerprint);
CREATE INDEX batches_parent ON batches(parent) WHERE parent IS NOT NULL;
CREATE TABLE deliveries(
    sink TEXT NOT NULL, seq INTEGER NOT NULL, appended INTEGER NOT NULL, events INTEGER NOT NULL,
    weight INTEGER NOT NULL, size INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0, leased INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(sink, seq)) WITHOUT ROWID;
CREATE TABLE finished(
    fingerprint BLOB PRIMARY KEY, finished INTEGER NOT NULL, events INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX finished_when ON finished(finished);
CREATE TABLE letters(
    id INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, reason TEXT NOT NULL, buried INTEGER NOT NULL,
    request_id TEXT NOT NULL, origin BLOB NOT NULL, fingerprint BLOB NOT NULL, events INTEGER NOT NULL,
    size INTEGER NOT NULL, record BLOB NOT NULL);
CREATE UNIQUE INDEX letters_once ON letters(sink, fingerprint);
CREATE INDEX letters_origin ON letters(origin);
PRAGMA user_version=1;
"""
"""Of version 1.5's first spools."""


def old_file(data_dir: Path) -> Path:
    """A spool as the first version left it: one batch waits, another is delivered."""
    path = data_dir / "spool" / "spool-0.sqlite"
    path.parent.mkdir()
    link = sqlite3.connect(path)
    link.executescript(f"PRAGMA journal_mode=WAL; {OLD_SCHEMA} PRAGMA application_id={APPLICATION_ID ^ 1};")
    batch = rows_batch(1)
    fields = [
        batch.fingerprint,
        "request-1",
        "ship",
        batch.received,
        4_000_000_000_000_000,
        ["memory"],
        b"",
        batch.rows,
    ]
    body = zstandard.ZstdCompressor(level=1).compress(msgspec.msgpack.encode(fields))
    record = HEAD.pack(MAGIC, len(body), zlib.crc32(body)) + body
    link.execute("INSERT INTO batches VALUES(1, ?, NULL, 3, 500, ?)", (batch.fingerprint, record))
    link.execute("INSERT INTO deliveries VALUES('memory', 1, 4000000000000000, 3, 600, 500, 0, 0, 0)")
    link.execute("INSERT INTO finished VALUES(?, 4000000000000000, 3)", (rows_batch(2).fingerprint,))
    link.commit()
    link.close()
    return path


async def test_a_spool_of_the_first_version_delivers_and_remembers(tmp_path: Path) -> None:
    """What waits is delivered once, and what was known by its content still is."""
    path = old_file(tmp_path)
    sink = ToxicSink()
    async with running(tmp_path, sink) as relay:
        await until(lambda: len(sink.rows) == 3)
        for number in (1, 2):
            known = replace(rows_batch(number), content=rows_batch(number).fingerprint)
            assert (await relay.keep(known)).duplicate
        assert not (await relay.keep(first(3))).duplicate
    assert sink.writes == [3, 3]
    with closing(sqlite3.connect(path)) as link:
        assert link.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


async def test_a_damaged_spool_of_the_first_version_is_saved(tmp_path: Path) -> None:
    """Its records and what it remembers, though its header is gone."""
    path = old_file(tmp_path)
    raw = bytearray(path.read_bytes())
    raw[60:64] = b"\x7f\x7f\x7f\x7f"  # the version
    path.write_bytes(raw)
    sink = ToxicSink()
    async with running(tmp_path, sink) as relay:
        await until(lambda: len(sink.rows) == 3)
        assert (await relay.keep(rows_batch(2))).duplicate
    assert sink.writes == [3]


def remembered(file: SpoolFile) -> dict[str, int]:
    return dict(file.connection.execute("SELECT client, count(*) FROM finished GROUP BY client"))


def deliver(file: SpoolFile, numbers: range, client: str, now: int) -> None:
    file.begin(durable=False)
    for number in numbers:
        item = spool_record(replace(rows_batch(number), client=client), ["memory"], now)
        seq = file.append(item, pack(item)).seq
        file.finish("memory", [seq], now)
    file.commit()


def prune(file: SpoolFile, before: int, most: int) -> dict[str, int]:
    file.begin(durable=False)
    file.fingerprints.prune(before, most)
    file.commit()
    return remembered(file)


def test_who_sends_a_great_many_batches_shortens_only_its_own_memory(tmp_path: Path) -> None:
    """Past the bound the largest holder gives way, oldest first; age counts for all."""
    file = rebuild.open_or_rebuild(tmp_path / "spool-0.sqlite", 0)
    deliver(file, range(10), "small", now=1)
    deliver(file, range(100, 130), "middle", now=2)
    deliver(file, range(1000, 2000), "loud", now=3)
    assert prune(file, before=0, most=100) == {"small": 10, "middle": 30, "loud": 60}
    assert file.batch_status(rows_batch(1999).fingerprint)
    assert prune(file, before=0, most=60) == {"small": 10, "middle": 25, "loud": 25}
    assert prune(file, before=2, most=60) == {"middle": 25, "loud": 25}
    file.count()
    assert prune(file, before=0, most=50) == {"middle": 25, "loud": 25}
    file.close()


def test_a_half_knows_the_whole_that_it_is_of() -> None:
    """And nothing else that a batch comes apart into: rows that were refused are not there when the whole is."""
    whole = rows_batch(1, 4)
    lease = Lease("tsdb", 0, (1,), (whole,), (1,), (0,))
    failed = [FailedRow(0, 1, "refused")]
    parts = [unpack(record).batch() for _, record in halves("tsdb", whole, 0)]
    others = [unpack(record).batch() for _, record in deferred_parts(lease, failed, 0)]
    others += [unpack(record).batch() for _, _, record in dead_letters(lease, failed, 0, known_to_sink=True)]
    assert [part.half_of for part in parts] == [(whole.fingerprint,)] * 2
    assert [part.half_of for part in others] == [(), ()]
