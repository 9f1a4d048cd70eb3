"""`mothership spool move` is killed in the middle, there and back: nothing is lost, and nothing is there twice."""

import asyncio
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any

import yaml
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError
from tests import preloaded
from tests.relay.nats_cluster import NatsCluster
from tests.relay.support import ToxicSink, rows_batch, running, until
from tests.relay.test_jetstream import on
from tests.starvation import PATIENCE_SECONDS

from mothership.dead_letters import DeadLetter, DeadLetterSummary
from mothership.relay.spool.check import check_spool
from mothership.relay.spool.dead_letter_admin import DeadLetterAdmin
from mothership.relay.spool.directory import spool_directory
from mothership.relay.spool.record import SpoolRecord
from mothership.relay.spool.transfer import move_dead_letters
from mothership.sinks.memory import MemorySink

LETTERS, BATCHES, ROWS, KILLS = 30, 500, 120, 3
EVENTS = ROWS * BATCHES
"""More than one lease takes."""
Left = Callable[[], Awaitable[int]]


async def fill(data_dir: Path) -> None:
    """A spool file with batches that wait and dead letters."""
    stuck = ToxicSink(poison=b"-1")
    async with running(data_dir, stuck, batch_size=3) as relay:
        await asyncio.gather(*(relay.keep(rows_batch(number)) for number in range(LETTERS)))
    stuck.open_for_writes.clear()
    async with running(data_dir, stuck, batch_size=3, answer_seconds=0.0) as relay:
        for first in range(0, BATCHES, 100):
            await asyncio.gather(*(relay.keep(rows_batch(1000 + first + number, ROWS)) for number in range(100)))
        await until(lambda: relay.status().sinks["memory"].queued_events == EVENTS)


async def in_file(data_dir: Path) -> tuple[int, int]:
    """Events that wait, and dead letters."""
    found = await asyncio.to_thread(check_spool, data_dir)
    letters = sum(one.dead_letters for one in found)
    return sum(one.events for one in found) - letters, letters


async def on_cluster(client: Client, stream: str) -> tuple[int, int]:
    """The same. A stream that was asked for just now has no leader for a moment, and answers nothing."""
    held = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        for name in (stream, f"{stream}_DEAD_LETTERS"):
            while True:
                try:
                    held.append((await client.jetstream(timeout=1.0).stream_info(name)).state.messages)
                except NotFoundError:
                    held.append(0)
                except (NatsError, TimeoutError):
                    continue
                break
    return ROWS * held[0], held[1]


async def left_in_file(data_dir: Path) -> int:
    """How much of it is still to be moved, told at once."""
    left = 0
    for path in spool_directory(data_dir).glob("*.sqlite"):
        with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as link:
            left += link.execute(
                "SELECT (SELECT count(*) FROM deliveries) + (SELECT count(*) FROM letters)"
            ).fetchone()[0]
    return left


async def move(config: Path, target: str, left: Left) -> int:
    """Run the command until it ends by itself, killed as soon as less is left; returns how often that hit it."""
    hits = 0
    command = ["spool", "move", "--to", target, "--config", str(config)]
    while True:
        before, log = await left(), config.with_name("move.log")
        with log.open("wb") as out:
            process = preloaded.start(command, environ=os.environ, cwd=config.parent, out=out)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while process.poll() is None and (hits == KILLS or await left() >= before):  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.002)
        if hits < KILLS:
            process.kill()
        if (status := process.wait()) == -signal.SIGKILL:
            hits += 1
        elif status == 0:
            return hits
        else:  # a file that is looked at just then, or a cluster that elects somebody: it says so
            assert "run it again" in log.read_text(), log.read_text()


async def test_a_move_that_is_killed_and_run_again_loses_nothing(tmp_path: Path, nats_cluster: NatsCluster) -> None:
    """There and back, `kill -9` while some is here and some is there; then each is delivered once."""
    stream = f"T{token_hex(6)}"
    await fill(tmp_path)
    assert await in_file(tmp_path) == (EVENTS, LETTERS)
    config = tmp_path / "config.yaml"
    spool = on(nats_cluster, stream)
    config.write_text(yaml.safe_dump({"server": {"data_dir": str(tmp_path)}, "relay": {"spool": spool}}))
    async with nats_cluster.client() as client:

        async def left_there() -> int:
            return sum(await on_cluster(client, stream))

        hit = Counter({"jetstream": 0, "file": 0})
        while not all(hit.values()):  # on a busy machine a move may end before it is seen to have begun
            hit["jetstream"] += await move(config, "jetstream", partial(left_in_file, tmp_path))
            assert (await on_cluster(client, stream), await in_file(tmp_path)) == ((EVENTS, LETTERS), (0, 0))
            hit["file"] += await move(config, "file", left_there)
            assert (await on_cluster(client, stream), await in_file(tmp_path)) == ((0, 0), (EVENTS, LETTERS))
    sink = MemorySink()
    async with running(tmp_path, sink) as relay:
        await until(lambda: len(sink.rows) == EVENTS)
        assert relay.status().dead_letters.events == LETTERS
    assert sorted(sink.rows) == sorted(
        row for number in range(1000, 1000 + BATCHES) for row in rows_batch(number, ROWS).rows
    )


async def test_a_file_that_cannot_be_moved_now_is_told(tmp_path: Path, nats_cluster: NatsCluster) -> None:
    """It was passed over with `0 events moved` and the exit status of success."""
    stuck = ToxicSink()
    stuck.open_for_writes.clear()
    async with running(tmp_path, stuck, answer_seconds=0.0) as relay:
        await relay.keep(rows_batch(1, ROWS))
    config = tmp_path / "config.yaml"
    spool = on(nats_cluster, f"T{token_hex(6)}")
    config.write_text(yaml.safe_dump({"server": {"data_dir": str(tmp_path)}, "relay": {"spool": spool}}))
    command = ["spool", "move", "--to", "jetstream", "--config", str(config)]
    (file,) = spool_directory(tmp_path).glob("*.sqlite")
    said = []
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with (tmp_path / "move.log").open("wb") as out:
                process = preloaded.start(command, environ=os.environ, cwd=tmp_path, out=out)
            said.append((await asyncio.to_thread(process.wait), (tmp_path / "move.log").read_text()))
            if other.in_transaction:
                other.execute("ROLLBACK")
    assert said[0][0] == 1
    assert f"{file.name}: not everything could be moved; run it again" in said[0][1]
    assert said[1] == (0, f"{ROWS} events and 0 dead letters moved\n")


class LateRemoval(DeadLetterAdmin):
    """What a killed move had asked to be dropped goes when the next one has listed it."""

    is_due = True

    def page(self, *asked: Any) -> list[DeadLetterSummary]:
        """List, and then drop the first."""
        listed = super().page(*asked)
        if self.is_due and listed:
            self.is_due = False
            self.drop([listed[0].id], None)
        return listed


class Kept:
    """Takes all that it is given."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []

    async def take_in(self, records: Sequence[tuple[SpoolRecord, bytes]]) -> None:
        """No batch is moved here."""
        raise AssertionError(records)

    async def take_in_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        """Keep them."""
        self.letters += letters


async def test_a_letter_that_goes_while_it_is_moved_ends_no_move(tmp_path: Path) -> None:
    """It is in the target already; the others follow, and each is dropped only when it was read."""
    async with running(tmp_path, ToxicSink(poison=b"-1"), batch_size=3) as relay:
        await asyncio.gather(*(relay.keep(rows_batch(number)) for number in range(5)))
    kept = Kept()
    assert await move_dead_letters(LateRemoval(tmp_path), kept) == len(kept.letters) == 4
    assert DeadLetterAdmin(tmp_path).page(None, None, "", 10) == []
