"""A file that was cut off or changed starts all the same, with everything that is whole in it."""

import asyncio
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest
from tests.relay.support import rows_batch

from mothership.errors import CorruptRecord
from mothership.relay.spool import rebuild, salvage
from mothership.relay.spool.record import pack, spool_record, unpack
from mothership.relay.spool.schema import connect
from mothership.relay.spool.sqlite_file import SpoolFile

BATCHES = 40


def filled(path: Path, *, checkpointed: int = 0, batches: int = BATCHES) -> Path:
    """A spool file and its log as a killed process leaves them, each batch in a transaction of its own."""
    scratch = path.with_name("scratch.sqlite")
    file = SpoolFile(scratch, cache_bytes=0)
    for number in range(batches):
        rows = 3 if number % 3 else 600  # some on one page, some over several
        batch = rows_batch(number, rows)
        noise = [row._replace(data=b'{"n":"%d","r":"%s"}' % (number, random.Random(i).randbytes(16).hex().encode()))
                 for i, row in enumerate(batch.rows)]  # fmt: skip
        item = spool_record(batch, ["memory"], 1)
        item = item.__class__(item.fingerprint, item.request_id, item.client, 1, 1, ["memory"], b"", noise)
        file.begin(durable=False)
        file.append(item, pack(item))
        file.commit()
        if number + 1 == checkpointed:
            file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for suffix in ("", "-wal"):
        shutil.copy(scratch.with_name(scratch.name + suffix), path.with_name(path.name + suffix))
    file.close()
    scratch.unlink()
    return path


def numbers(path: Path) -> set[int]:
    """Which batches a start finds in the file."""
    file = rebuild.open_or_rebuild(path, 0)
    try:
        assert file.connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        found = set()
        for (record,) in file.connection.execute("SELECT record FROM batches").fetchall():
            with suppress(CorruptRecord):  # set aside when it is leased
                found.add(int.from_bytes(unpack(record).fingerprint, "big"))
        return found
    finally:
        file.close()


def copy(source: Path, to: Path) -> Path:
    """A fresh copy of a file and its log."""
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    for part in source.parent.glob(source.name + "*"):
        shutil.copy(part, to / part.name)
    return to / source.name


def test_the_log_cut_off_anywhere_in_the_last_record_loses_only_that(tmp_path: Path) -> None:
    """A torn last write was never acknowledged; all before it was."""
    source = filled(tmp_path / "spool-0.sqlite", batches=8)
    log = salvage.wal_path(source)
    whole = log.read_bytes()
    frames = salvage.read_wal(whole).frames
    commits = [at for at, frame in enumerate(frames) if frame.commits]
    last_begins = frames[commits[-2] + 1].at - salvage.FRAME_HEAD.size
    cuts = range(last_begins, len(whole), 151)
    for cut in cuts:
        damaged = copy(source, tmp_path / "cut")
        with salvage.wal_path(damaged).open("r+b") as file:
            file.truncate(cut)
        assert numbers(damaged) >= set(range(7))


@pytest.mark.parametrize("where", ["log", "file"])
def test_a_flipped_byte_anywhere_loses_at_most_what_it_hit(tmp_path: Path, where: str) -> None:
    """The service starts, and what the byte was no part of is there."""
    source = filled(tmp_path / "spool-0.sqlite", checkpointed=BATCHES if where == "file" else 0)
    size = (salvage.wal_path(source) if where == "log" else source).stat().st_size
    chance = random.Random(7)
    spots = [*range(0, 100, 17), *(chance.randrange(size) for _ in range(25))]
    losses = []
    for spot in spots:
        damaged = copy(source, tmp_path / "flipped")
        target = salvage.wal_path(damaged) if where == "log" else damaged
        raw = bytearray(target.read_bytes())
        raw[spot] ^= 0xFF
        target.write_bytes(raw)
        losses.append(BATCHES - len(numbers(damaged)))
    assert max(losses) <= 15  # a page of small records  # fmt: skip
    assert sum(loss > 1 for loss in losses) <= len(spots) // 10
    assert (source.parent / "flipped").exists()


@pytest.mark.parametrize("left", [0, 1, 50, 100, 4095, 4096, 8192, 100_000, -5000])
def test_a_truncated_file_starts(tmp_path: Path, left: int) -> None:
    """However short: what is whole is saved, the rest set aside."""
    source = filled(tmp_path / "spool-0.sqlite", checkpointed=BATCHES)
    with source.open("r+b") as file:
        file.truncate(left if left >= 0 else source.stat().st_size + left)
    found = numbers(source)
    assert left >= 0 or len(found) > BATCHES // 2
    assert left == 0 or list(tmp_path.glob("*.quarantine-*"))


def test_rubbish_is_set_aside(tmp_path: Path) -> None:
    """Not a database at all: counted, kept beside, and a new one begun."""
    path = tmp_path / "spool-0.sqlite"
    path.write_bytes(random.Random(1).randbytes(100_000))
    assert numbers(path) == set()
    assert len(list(tmp_path.glob("*.quarantine-*"))) == 1
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_delivered_is_not_raised_from_the_dead(tmp_path: Path) -> None:
    """Old page images hold finished batches: their fingerprints tell."""
    path = filled(tmp_path / "spool-0.sqlite", checkpointed=BATCHES)
    file = rebuild.open_or_rebuild(path, 0)
    file.begin(durable=True)
    file.finish("memory", range(1, 31), 1)
    file.commit()
    file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()
    raw = bytearray(path.read_bytes())
    raw[60:64] = b"\x7f\x7f\x7f\x7f"  # the version
    path.write_bytes(raw)
    assert numbers(path) == set(range(30, BATCHES))


KILLED = """
import asyncio, sys
from pathlib import Path
from mothership.relay.relay import Relay
from mothership.relay.sink_route import SinkRoute
from tests.relay.support import ToxicSink, rows_batch, settings
async def main():
    sink = ToxicSink()
    if sys.argv[2] == "hang": sink.open_for_writes.clear()
    relay = await Relay.open(Path(sys.argv[1]), settings(answer_seconds=0.0), [SinkRoute(sink)])
    asyncio.create_task(relay.run())
    async def one(number):
        await relay.keep(rows_batch(number, 200))
        print(number, flush=True)
    for start in range(0, 100_000, 10):
        await asyncio.gather(*(one(start + i) for i in range(10)))
asyncio.run(main())
"""


@pytest.mark.parametrize("moment", [0.0, 0.01, 0.05, 0.1, 0.2, 0.4])
def test_a_killed_process_loses_nothing_that_it_acknowledged(tmp_path: Path, moment: float) -> None:
    """`kill -9` at any moment: every number printed is in the file, or was delivered and is remembered."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), "hang"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    asyncio.run(asyncio.sleep(moment))
    process.send_signal(signal.SIGKILL)
    printed = [int(line) for line in (first + process.stdout.read()).split(b"\n")[:-1]]
    process.stdout.close()
    process.wait()
    assert printed
    assert numbers(tmp_path / "spool" / "spool-0.sqlite") >= set(printed)


def test_a_file_changed_while_it_is_open_is_rebuilt(tmp_path: Path) -> None:
    """Damage found in the middle of the work: the thread goes on with a sound file."""
    path = filled(tmp_path / "spool-0.sqlite", checkpointed=BATCHES)
    file = rebuild.open_or_rebuild(path, 0)
    with path.open("r+b") as raw:
        raw.seek(4096)
        raw.write(os.urandom(4096))
    rebuilt = rebuild.rebuild(file)
    assert rebuilt.connection.execute("SELECT count(*) FROM batches").fetchone()[0] > BATCHES // 2
    rebuilt.close()


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """A downgrade must not take a spool for damaged."""
    path = tmp_path / "spool-0.sqlite"
    link = connect(path)
    link.execute("PRAGMA user_version=9")
    link.execute(f"PRAGMA application_id={0x4D735370 ^ 9}")
    link.close()
    with pytest.raises(Exception, match="newer Mothership"):
        rebuild.open_or_rebuild(path, 0)
    with closing(sqlite3.connect(path)) as link:
        assert link.execute("PRAGMA user_version").fetchone() == (9,)
