"""What every sink is through with is known: the last second's from memory, all others from the file."""

import os
import sqlite3
from pathlib import Path

import pytest

from mothership.event import Row, RowBatch
from mothership.relay.spool import deduplication
from mothership.relay.spool.record import pack, spool_record
from mothership.relay.spool.sqlite_file import SpoolFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "spool.db"


def opened(path: Path) -> SpoolFile:
    """As a worker opens it."""
    file = SpoolFile(path, cache_bytes=1 << 20)
    file.count()
    return file


def delivered(file: SpoolFile, client: str = "node") -> RowBatch:
    """A batch that was kept and is through, in a transaction that goes on."""
    batch = RowBatch(os.urandom(32), "request", 1, [Row(1, "syslog", "web", b"{}")], client, os.urandom(32))
    record = spool_record(batch, ["tsdb"], 1)
    (status,) = file.add([(record, pack(record), batch)])
    file.finish("tsdb", [status.seq], 5)
    return batch


def is_known(file: SpoolFile, batch: RowBatch) -> bool:
    """By the name of its transmission, and by what a retry of it would be named."""
    by_name = file.batch_status(batch.fingerprint) is not None
    assert (file.batch_status(batch.content, is_retry=True) is not None) == by_name
    return by_name


def on_disk(path: Path) -> int:
    """How many another process would find."""
    with sqlite3.connect(path) as connection:
        count: int = connection.execute("SELECT count(*) FROM finished").fetchone()[0]
    connection.close()
    return count


def test_what_is_through_is_known_at_once_and_kept_with_the_next_sweep(path: Path) -> None:
    """Before, between and after; and each is counted for its caller once."""
    file = opened(path)
    file.begin(durable=True)
    first, second = delivered(file), delivered(file, "other")
    assert is_known(file, first)
    file.commit()
    assert on_disk(path) == 0
    file.begin(durable=False)
    file.fingerprints.prune(before=0, most=100)
    file.commit()
    assert on_disk(path) == 2
    file.begin(durable=True)
    third = delivered(file)
    file.commit()
    assert [is_known(file, one) for one in (first, second, third)] == [True] * 3
    counted = file.fingerprints._rows_by_client
    assert counted == {"node": 2, "other": 1}
    file.count()
    assert file.fingerprints._rows_by_client == counted
    file.close()


def test_a_file_that_is_closed_has_them_all(path: Path) -> None:
    """An orderly stop forgets nothing."""
    file = opened(path)
    file.begin(durable=True)
    batch = delivered(file)
    file.commit()
    file.close()
    again = opened(path)
    assert is_known(again, batch)
    again.close()


def test_many_are_not_held_in_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past a bound they are kept in the transaction in which they come."""
    monkeypatch.setattr(deduplication, "RECENT_MAX", 3)
    file = opened(path)
    batches = []
    for _ in range(7):
        file.begin(durable=True)
        batches.append(delivered(file))
        file.commit()
    assert on_disk(path) == 6
    assert all(is_known(file, batch) for batch in batches)
    file.close()


def test_a_transaction_that_is_rolled_back_leaves_them_as_they_were(path: Path) -> None:
    """The disk refused: what was not delivered is not known, and what was is kept the next time."""
    file = opened(path)
    file.begin(durable=True)
    kept = delivered(file)
    file.commit()
    file.begin(durable=True)
    undone = delivered(file)
    file.fingerprints.keep_recent()
    file.rollback()
    assert (is_known(file, kept), is_known(file, undone)) == (True, False)
    assert on_disk(path) == 0
    file.close()
    assert on_disk(path) == 1


def test_old_ones_are_forgotten_wherever_they_are(path: Path) -> None:
    """A sweep puts those in memory to the others before it looks for what is too old or too many."""
    file = opened(path)
    file.begin(durable=True)
    batch = delivered(file)
    file.fingerprints.prune(before=6, most=100)
    file.commit()
    assert not is_known(file, batch)
    assert not file.fingerprints._rows_by_client
    file.close()
