"""What it costs to make events safe: appends of 1,000 events with compression and fsync, against two floors.

Floors in the same run: the msgpack encoding and zstd compression alone, and one fsync of the same bytes to a file.
"""

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import orjson

from mothership.event import Row, RowBatch
from mothership.leases import BatchStatus, LeaseLimits
from mothership.ports import Spool
from mothership.relay.relay import Relay
from mothership.relay.settings import RelaySettings
from mothership.relay.sink_route import SinkRoute
from mothership.relay.spool.file_spool import FileSpool
from mothership.relay.spool.record import pack, spool_record, unpack
from mothership.sinks.memory import MemorySink

EVENTS = 1000
BATCHES = 200
CLIENTS = 8
WORDS = "pump valve mast deck winch hull keel alarm pressure level temperature restarted failed started".split()  # noqa: SIM905 - words read best as text


def batch(number: int, events: int = EVENTS) -> RowBatch:
    """A request of events of about 460 bytes each, that compress as logs do."""
    chance = random.Random(number)
    rows = [
        Row(
            1_700_000_000_000_000 + i,
            "syslog",
            f"web{i % 20}",
            orjson.dumps(
                {
                    "type": "syslog",
                    "timestamp": f"2026-11-24T12:00:{i % 60:02}.{i:06}Z",
                    "hostname": f"web{i % 20}",
                    "severity": "info",
                    "facility": "daemon",
                    "app_name": "sshd",
                    "proc_id": str(chance.randrange(30000)),
                    "message": " ".join(chance.choices(WORDS, k=24)),
                    "tags": {"site": "north", "environment": "prod", "processed_by": "mothership", "version": "1.5"},
                    "severity_num": 6,
                },
                option=orjson.OPT_SORT_KEYS,
            ),
        )
        for i in range(events)
    ]
    chance = random.Random(-number - 1)
    fingerprint, content = chance.randbytes(32), chance.randbytes(32)
    return RowBatch(fingerprint, f"request-{number}", 1_700_000_000_000_000, rows, content=content)


async def main(directory: Path | None) -> None:
    """Measure, print."""
    batches = [batch(number) for number in range(BATCHES)]
    size = statistics.mean(len(row.data) for row in batches[0].rows)
    records = [pack(spool_record(one, ["memory"], 1)) for one in batches]
    ratio = sum(len(row.data) for row in batches[0].rows) / len(records[0])
    print(f"{BATCHES} batches of {EVENTS} events, {size:.0f} bytes each; compressed {ratio:.1f}:1")
    began = time.perf_counter()
    for one in batches:
        pack(spool_record(one, ["memory"], 1))
    told("floor: encode and compress", began)
    began = time.perf_counter()
    for record in records:
        unpack(record)
    told("       verify, inflate, decode", began)
    with tempfile.TemporaryDirectory(dir=directory) as home:
        fsync_floor(Path(home) / "floor", records)
        await appends(Path(home), batches)
        await small(Path(home))
        await through(Path(home), batches)


def fsync_floor(path: Path, records: Sequence[bytes]) -> None:
    """The same bytes, one fsync for each."""
    with path.open("wb", buffering=0) as out:
        began = time.perf_counter()
        for record in records:
            out.write(record)
            os.fdatasync(out.fileno())
        told("floor: write and fdatasync", began)


async def appended(spool: Spool, one: RowBatch) -> None:
    """Return once it is on disk."""
    on_disk: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def resolve(_status: BatchStatus | None, error: BaseException | None) -> None:
        on_disk.set_exception(error) if error else on_disk.set_result(None)

    spool.append(one, ["memory"], resolve)
    await on_disk


async def appends(home: Path, batches: Sequence[RowBatch]) -> None:
    """One after another, and several clients at once: how long, and how long the event loop was held."""
    spool = await FileSpool.open(home / "one", RelaySettings(), time.time)
    began = time.perf_counter()
    for one in batches:
        await appended(spool, one)
    told("append, one client", began)
    began, found = time.perf_counter(), 0
    while lease := await spool.lease("memory", LeaseLimits(5000, 1 << 25, 5)):
        found += lease.events
        spool.commit(lease)
    told("lease and commit", began, found)
    await spool.close()
    spool = await FileSpool.open(home / "many", RelaySettings(), time.time)
    held = asyncio.create_task(longest_hold())
    began = time.perf_counter()

    async def client(mine: Sequence[RowBatch]) -> None:
        for one in mine:
            await appended(spool, one)

    await asyncio.gather(*(client(batches[number::CLIENTS]) for number in range(CLIENTS)))
    told(f"append, {CLIENTS} clients", began)
    held.cancel()
    print(f"  longest time the event loop was held: {1000 * await held:.1f} ms")
    await spool.close()
    spool = await FileSpool.open(home / "many", RelaySettings(), time.time)
    began, found = time.perf_counter(), 0
    while lease := await spool.lease("memory", LeaseLimits(5000, 1 << 25, 5)):
        found += lease.events
        spool.commit(lease)
    told("lease from disk and commit", began, found)
    await spool.close()


async def small(home: Path) -> None:
    """Requests of 100 events, as a node sends them, from many nodes."""
    batches = [batch(number, 100) for number in range(10_000, 11_000)]
    spool = await FileSpool.open(home / "small", RelaySettings(), time.time)
    began = time.perf_counter()

    async def client(mine: Sequence[RowBatch]) -> None:
        for one in mine:
            await appended(spool, one)

    await asyncio.gather(*(client(batches[number::50]) for number in range(50)))
    told("append 100 events, 50 clients", began, 100_000)
    await spool.close()


async def through(home: Path, batches: Sequence[RowBatch]) -> None:
    """The whole relay before a sink that costs nothing."""
    relay = await Relay.open(home / "through", RelaySettings(), [SinkRoute(MemorySink())])
    task = asyncio.create_task(relay.run())
    waits: list[float] = []

    async def client(mine: Sequence[RowBatch]) -> None:
        for one in mine:
            asked = time.perf_counter()
            await relay.keep(one)
            waits.append(time.perf_counter() - asked)

    began = time.perf_counter()
    await asyncio.gather(*(client(batches[number::CLIENTS]) for number in range(CLIENTS)))
    told(f"keep, {CLIENTS} clients", began)
    print(f"  an answer: median {1000 * statistics.median(waits):.1f} ms, longest {1000 * max(waits):.1f} ms")
    await relay.close(5.0)
    await task


async def longest_hold() -> float:
    """How late a task that wants to run every millisecond was at worst."""
    worst = 0.0
    try:
        while True:
            asked = time.perf_counter()
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - asked - 0.001)
    except asyncio.CancelledError:
        return worst


def told(what: str, began: float, events: int = EVENTS * BATCHES) -> None:
    """One line."""
    seconds = time.perf_counter() - began
    print(f"{what:<34}{1e6 * seconds / events:>8.2f} µs an event{events / seconds:>12,.0f} events/s")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "directory", nargs="?", type=Path, help="on the disk to be measured; without it, where temporary files are"
    )
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main(_options().directory))
