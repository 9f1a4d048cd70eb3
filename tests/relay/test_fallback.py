"""A local file takes over while the cluster can't be reached; and batches move between both kinds without loss."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest
import yaml
from tests import preloaded
from tests.relay.nats_cluster import NatsCluster, cluster
from tests.relay.support import ToxicSink, rows_batch, running, settings, until
from tests.relay.test_jetstream import on

from mothership.dead_letters import Chosen, Moved
from mothership.event import Tally
from mothership.ports import DeadLetterStore
from mothership.relay.relay import Relay
from mothership.relay.spool.check import check_spool
from mothership.relay.spool.kinds import dead_letter_store
from mothership.sinks.memory import MemorySink


@pytest.fixture
def harmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    """A cluster of this test's own."""
    with cluster(tmp_path_factory.mktemp("nats")) as started:
        yield started


def events_in_files(data_dir: Path) -> int:
    """What waits in spool files."""
    return sum(found.events for found in check_spool(data_dir))


async def keep_until(relay: Relay, numbers: Iterator[int], done: asyncio.Event) -> list[int]:
    """Keep one after the other, each acknowledged, until told."""
    kept = []
    while not done.is_set():
        number = next(numbers)
        await relay.keep(rows_batch(number))
        kept.append(number)
        await asyncio.sleep(0.005)
    return kept


async def test_the_file_takes_over_and_gives_back(tmp_path: Path, harmed: NatsCluster) -> None:
    """Two of three servers die: not one batch is refused; when they are back, the cluster has all that waits."""
    sink = ToxicSink()
    sink.open_for_writes.clear()
    spool = on(harmed, "FALLBACK", fallback=True, publish_seconds=2.0)
    async with running(tmp_path, sink, answer_seconds=0.0, batch_size=3, spool=spool) as relay:
        done = asyncio.Event()
        keeping = asyncio.create_task(keep_until(relay, iter(range(100_000)), done))
        await until(lambda: relay.status().sinks["memory"].queued_events > 30)
        assert events_in_files(tmp_path) == 0
        harmed.kill(0)
        harmed.kill(1)
        await until(lambda: events_in_files(tmp_path) > 30)
        harmed.start_one(0)
        harmed.start_one(1)
        await until(lambda: events_in_files(tmp_path) <= 3)  # but what a courier holds
        done.set()
        kept = await keeping
        sink.open_for_writes.set()
        wanted = {row for number in kept for row in rows_batch(number).rows}
        await until(lambda: set(sink.rows) >= wanted)
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
        assert relay.status().spool.healthy
    assert sorted(sink.rows) == sorted(wanted)


async def test_a_start_without_the_cluster_takes_to_the_file(tmp_path: Path, harmed: NatsCluster) -> None:
    """And the cluster has it as soon as it is there; sinks get it from the file meanwhile."""
    harmed.stop()
    stuck, sink = ToxicSink(), MemorySink("other")
    stuck.open_for_writes.clear()
    spool = on(harmed, "LATER", fallback=True, connect_seconds=0.5)
    async with running(tmp_path, stuck, sink, answer_seconds=0.0, batch_size=3, spool=spool) as relay:
        for number in range(10):
            assert (await relay.keep(rows_batch(number))).sinks["memory"] == Tally(0, 3, 0)
        await until(lambda: len(sink.rows) == 30)
        for number in range(3):
            harmed.start_one(number)
        await until(lambda: events_in_files(tmp_path) <= 3)
        stuck.open_for_writes.set()
        await until(lambda: len(stuck.rows) == 30)
        await until(lambda: relay.status().sinks["memory"].queued_events == 0)
    assert len(set(stuck.rows)) == len(set(sink.rows)) == 30


async def test_dead_letters_of_both_are_one_list(tmp_path: Path, nats_cluster: NatsCluster) -> None:
    """What the file set aside while the cluster was away is listed, repaired and dropped beside what is there."""
    spool = on(nats_cluster, f"T{token_hex(6)}")
    async with running(tmp_path, ToxicSink(poison=b"-1"), batch_size=3) as relay:
        await asyncio.gather(*(relay.keep(rows_batch(number)) for number in (1, 2)))
    (tmp_path / "elsewhere").mkdir()
    async with running(tmp_path / "elsewhere", ToxicSink(poison=b"-1"), batch_size=3, spool=spool) as relay:
        await asyncio.gather(*(relay.keep(rows_batch(number)) for number in (3, 4)))
    store = dead_letter_store(tmp_path, settings(spool=spool))
    await asyncio.to_thread(_look_through_both, store)


def _look_through_both(store: DeadLetterStore) -> None:
    ids = [view.id for view in store.views()]
    assert [one.partition("-")[0] for one in ids] == ["0", "0", "jetstream", "jetstream"]
    assert [(group.letters, group.events) for group in store.groups()] == [(4, 4)]
    paged: list[str] = []
    while page := store.page(None, None, paged[-1] if paged else "", 3 if paged else 1):
        paged += [view.id for view in page]
    assert paged == ids
    assert sorted(row.data for one in ids for row in store.rows(one)) == [b'{"n":"%d-1"}' % n for n in (1, 2, 3, 4)]
    assert store.drop([ids[1], ids[2]], None) == 2
    assert store.drop_some(Chosen(None, None), 1) == Moved(letters=1, events=1, left=1)
    assert [view.id for view in store.views()] == [ids[3]]
    with pytest.raises(KeyError):
        store.letter(ids[0])


async def test_dead_letters_of_the_file_are_told_while_the_cluster_is_away(tmp_path: Path) -> None:
    """And then, that there may be more."""
    async with running(tmp_path, ToxicSink(poison=b"-1"), batch_size=3) as relay:
        await relay.keep(rows_batch(1))
    spool = {"kind": "jetstream", "jetstream": {"servers": ["nats://127.0.0.1:1"], "connect_seconds": 0.3}}
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"server": {"data_dir": str(tmp_path)}, "relay": {"spool": spool}}))
    done = await asyncio.to_thread(preloaded.run, ["dead-letters", "list", "--config", str(config)])
    assert done.stdout.startswith("0-1  ")
    assert "none of them can be reached" in done.stderr
    assert done.returncode == 1


async def test_what_a_file_holds_goes_to_the_cluster_when_the_kind_is_changed(
    tmp_path: Path, nats_cluster: NatsCluster
) -> None:
    """Batches and dead letters; the file is gone afterwards."""
    stuck = ToxicSink(poison=b"-1")
    async with running(tmp_path, stuck, batch_size=3) as relay:
        await relay.keep(rows_batch(1))  # one event of it is refused
        stuck.open_for_writes.clear()
        waiting = [asyncio.create_task(relay.keep(rows_batch(number))) for number in (2, 3)]
        await until(lambda: relay.status().sinks["memory"].queued_events == 6)
        for one in waiting:
            one.cancel()
    sink = MemorySink()
    async with running(tmp_path, sink, spool=on(nats_cluster, f"T{token_hex(6)}")) as relay:
        await until(lambda: len(sink.rows) == 6)
        await until(lambda: relay.status().dead_letters.events == 1)
        await until(lambda: not check_spool(tmp_path))


async def test_the_command_moves_there_and_back(tmp_path: Path, nats_cluster: NatsCluster) -> None:
    """File to cluster to file: batches and dead letters, whole; each is delivered once in the end."""
    stuck = ToxicSink(poison=b"-1")
    async with running(tmp_path, stuck, batch_size=3) as relay:
        await relay.keep(rows_batch(1))
        stuck.open_for_writes.clear()
        waiting = [asyncio.create_task(relay.keep(rows_batch(number))) for number in range(2, 40)]
        await until(lambda: relay.status().sinks["memory"].queued_events == 114)
        for one in waiting:
            one.cancel()
    spool = on(nats_cluster, f"T{token_hex(6)}")
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"server": {"data_dir": str(tmp_path)}, "relay": {"spool": spool}}))

    async def command(*arguments: str) -> str:
        return await asyncio.to_thread(_command, *arguments, "--config", str(config))

    assert await command("spool", "move", "--to", "jetstream") == "114 events and 1 dead letter moved\n"
    assert not check_spool(tmp_path)
    assert "1 dead letter with 1 event" in await command("dead-letters", "list")
    assert await command("spool", "move", "--to", "file") == "114 events and 1 dead letter moved\n"
    assert await command("spool", "move", "--to", "file") == "0 events and 0 dead letters moved\n"
    sink = MemorySink()
    async with running(tmp_path, sink) as relay:
        await until(lambda: len(sink.rows) == 114)
        assert relay.status().dead_letters.events == 1
    assert sorted(sink.rows) == sorted(row for number in range(2, 40) for row in rows_batch(number).rows)


def _command(*arguments: str) -> str:
    done = preloaded.run(arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout
