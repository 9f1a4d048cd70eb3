"""What one client sends takes no room from the others: in flight, in the spool, among the dead letters."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.relay.support import ToxicSink, rows_batch, running, until
from tests.starvation import unstarved_time

from mothership.errors import SpoolFull
from mothership.event import Row, RowBatch, Tally
from mothership.relay.relay import Relay
from mothership.relay.spool.dead_letter_admin import DeadLetterAdmin
from mothership.relay.spool.expiry import ExpiryLog
from mothership.relay.spool.schema import SCHEMA_VERSION, connect
from mothership.sinks.memory import MemorySink


async def test_a_batch_waits_for_room_in_flight_before_it_is_refused(tmp_path: Path) -> None:
    """A real node loses what is refused."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    async with running(tmp_path, sink, answer_seconds=20.0, in_flight={"max_events": 5}) as relay:
        sent = [asyncio.create_task(relay.keep(rows_batch(number))) for number in range(4)]
        await until(lambda: relay.in_flight.events == 3)
        await asyncio.sleep(0.05)
        assert not any(task.done() for task in sent)
        sink.open_for_writes.set()
        assert [receipt.sinks["memory"] for receipt in await asyncio.gather(*sent)] == [Tally(3, 0, 0)] * 4


@pytest.mark.parametrize(
    ("client", "address"), [("quiet", "192.0.2.1"), ("noisy", "192.0.2.9")], ids=["client", "address"]
)
async def test_large_events_of_one_leave_room_in_flight_for_others(tmp_path: Path, client: str, address: str) -> None:
    """In bytes as in events; and one token may be a whole fleet's."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    bounds = {"max_bytes": 100_000, "max_events": 1_000_000}

    def heavy(number: int) -> RowBatch:
        rows = [Row(1, "log", "web", b'"%d %s"' % (number, b"x" * 9_000))]
        return RowBatch(number.to_bytes(32, "big"), "r", 1, rows, "noisy", address="192.0.2.1")

    async with running(tmp_path, sink, answer_seconds=0.3, in_flight=bounds) as relay:
        noisy = [asyncio.create_task(relay.keep(heavy(number))) for number in range(30)]
        await asyncio.sleep(0)
        quiet = replace(rows_batch(99, client=client), address=address)
        began = unstarved_time()
        assert (await relay.keep(quiet)).sinks["memory"].queued == 3
        assert relay.in_flight.bytes <= 100_000
        assert unstarved_time() - began < 10
        await asyncio.gather(*noisy, return_exceptions=True)


async def fill(relay: Relay, client: str, numbers: range) -> int:
    """Send until the spool takes no more; how many it took."""
    for number in numbers:
        try:
            await relay.keep(rows_batch(number, client=client))
        except SpoolFull:
            return number - numbers.start
    return len(numbers)


async def test_one_that_fills_the_spool_leaves_room_for_others(tmp_path: Path) -> None:
    """A caller that is alone may have all of it; with others there, each has a share."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    async with running(tmp_path, sink, answer_seconds=0.0, spool={"max_bytes": 100_000}) as relay:
        await relay.keep(rows_batch(0, client="quiet"))
        assert 100 < await fill(relay, "noisy", range(1, 1000)) < 160
        assert await fill(relay, "quiet", range(1000, 2000)) > 10
        assert relay.status().spool.reason
        sink.open_for_writes.set()
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
    sink.open_for_writes.clear()
    async with running(tmp_path / "alone", sink, answer_seconds=0.0, spool={"max_bytes": 100_000}) as relay:
        assert await fill(relay, "only", range(1000)) > 170


async def test_a_batch_waits_for_room_in_the_spool_before_it_is_refused(tmp_path: Path) -> None:
    """Room comes with the next delivery."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    async with running(tmp_path, sink, answer_seconds=0.3, spool={"max_bytes": 2000}) as relay:
        await fill(relay, "node", range(100))
        late = asyncio.create_task(relay.keep(rows_batch(200, client="node"), waited_seconds=-20.0))
        await asyncio.sleep(0.1)
        assert not late.done()
        sink.open_for_writes.set()
        assert (await late).sinks["memory"].errors == 0
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
    assert rows_batch(200).rows[0] in sink.rows


async def test_dead_letters_of_one_do_not_push_out_those_of_another(tmp_path: Path) -> None:
    """Past the bound the oldest of whoever holds most give way, and each that goes is counted and told."""
    sink = ToxicSink(poison=b"-1")
    with capture_logs() as lines:
        await _keep_many_refused(tmp_path, sink)
    kept = {view.request_id for view in DeadLetterAdmin(tmp_path).views()}
    assert "request-1" in kept
    assert "request-159" in kept
    assert "request-100" not in kept
    dropped = [line for line in lines if line["event"] == "dead_letters_expired"]
    assert {line["client"] for line in dropped} == {"noisy"}
    assert sum(line["letters"] for line in dropped) > 40
    told = [line["client"] for line in lines if line["event"] == "events_refused"]
    assert told.count("quiet") == 1
    assert told.count("noisy") < 60, "one client's flood of refused events is no flood of lines"


def test_lines_about_what_expires_are_shared() -> None:
    """One client's backlog that expires at once is no flood of lines, and hides no other client's."""
    expiry_log = ExpiryLog(clock=lambda: 0.0)
    with capture_logs() as lines:
        for number in range(100):
            expiry_log.batch("loki", "noisy", 3, f"request-{number}")
            expiry_log.dead_letters("noisy", 1, 3)
        expiry_log.batch("loki", "quiet", 3, "request-100")
        expiry_log.dead_letters("quiet", 1, 3)
    for event in ("events_expired", "dead_letters_expired"):
        told = [line["client"] for line in lines if line["event"] == event]
        assert told.count("quiet") == 1
        assert 10 < told.count("noisy") < 60


async def _keep_many_refused(tmp_path: Path, sink: ToxicSink) -> None:
    async with running(tmp_path, sink, dead_letters={"max_bytes": 6000}) as relay:
        await relay.keep(rows_batch(1, client="quiet"))
        for number in range(100, 160):
            await relay.keep(rows_batch(number, client="noisy"))
        # All have been refused, and those past the bound are gone from the file: a count may be of a sweep before that.
        await until(lambda: not relay.status().sinks["memory"].queued_events)
        await until(lambda: 1 < len(list(DeadLetterAdmin(tmp_path).views())) < 20)


async def test_a_spool_of_the_second_version_keeps_its_letters(tmp_path: Path) -> None:
    """Their callers were not noted then: they count as one."""
    async with running(tmp_path, ToxicSink(poison=b"-1")) as relay:
        await relay.keep(rows_batch(1))
    path = tmp_path / "spool" / "spool-0.sqlite"
    with closing(connect(path)) as link:
        mark = link.execute("PRAGMA application_id").fetchone()[0] ^ SCHEMA_VERSION ^ 2
        link.executescript(
            "DROP INDEX letters_held; DROP INDEX batches_held; ALTER TABLE letters DROP COLUMN client;"
            f"PRAGMA user_version=2; PRAGMA application_id={mark};"
        )
    async with running(tmp_path, MemorySink()) as relay:
        assert relay.status().dead_letters.events in (0, 1)
        await until(lambda: relay.status().dead_letters.events == 1)
    with closing(sqlite3.connect(path)) as link:
        assert link.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert link.execute("SELECT client FROM letters").fetchall() == [("",)]
