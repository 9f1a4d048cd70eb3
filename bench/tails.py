"""What a hundred live tails cost ingestion: none, a hundred that ask the same, a hundred that all ask another thing.

    .venv/bin/python bench/tails.py [--events 30000] [--rounds 5] [--tails 100] [--workers 1]

The turns follow each other in one run on one service, the order changed each round, so that a ratio holds on a noisy
machine where no rate does. The readers are one process that takes what it is sent and looks at none of it; on a machine
of two cores it takes its processor time from the service and the database, so what the service spends on an event
(`µs`) says more than the rate: the readers of real life sit elsewhere.
"""

import argparse
import asyncio
import contextlib
import gzip
import multiprocessing
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import asyncpg
import orjson
from bench.end_to_end import client, service, service_spent, spent

from mothership.data_directory_lock import lock_data_dir
from mothership.embedded.server import PostgresServer
from mothership.sample.fleet import sample

GOAL = 0.97
BATCH, CONNECTIONS = 100, 8
KINDS = ("none", "alike", "different")


class Turn(NamedTuple):
    """What one came to."""

    events_a_second: float
    service_micros: float
    """Of the service's processor, an event."""
    reader_micros: float
    received_mb: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tails", type=int, default=100)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    events = sample(options.events, seed=7, now=time.time()).events
    bodies = [
        gzip.compress(orjson.dumps({"messages": events[at : at + BATCH], "source": "edgebot"}), 1)
        for at in range(0, len(events), BATCH)
    ]
    rounds: list[dict[str, Turn]] = []
    with tempfile.TemporaryDirectory(prefix="mothership-bench-") as home:
        Path(home).chmod(0o711)
        with lock_data_dir(Path(home) / "database") as locked:
            server = PostgresServer(locked, superuser=True)
            dsn = server.start()
            try:
                with service(dsn, Path(home) / "service", options.workers) as (port, process):
                    asyncio.run(_turn(dsn, port, process, bodies, options.events))  # to warm up
                    for number in range(options.rounds):
                        order = KINDS if number % 2 == 0 else KINDS[::-1]
                        rounds.append({kind: _with(kind, dsn, port, process, bodies, options) for kind in order})
                        _show(rounds[-1], f"round {number + 1}")
            finally:
                server.stop()
    print(f"\n{options.tails} tails, batches of {BATCH}, {CONNECTIONS} connections, {options.workers} worker(s)\n")
    print(
        "| tails | events/s ÷ none | least to most | µs of the service an event ÷ none |\n| --- | ---: | ---: | ---: |"
    )
    for kind in KINDS[1:]:
        rates = [each[kind].events_a_second / each["none"].events_a_second for each in rounds]
        costs = [each["none"].service_micros / each[kind].service_micros for each in rounds]
        rate = statistics.median(rates)
        print(f"| {kind} | {rate:.3f} | {min(rates):.3f} to {max(rates):.3f} | {1 / statistics.median(costs):.3f} |")
        print(f"  wanted: ≥ {GOAL}: {'kept' if rate >= GOAL else 'missed'}")


def _show(turns: dict[str, Turn], name: str) -> None:
    for kind in KINDS:
        turn = turns[kind]
        print(
            f"{name}, {kind}: {turn.events_a_second:,.0f} events/s, µs an event: service {turn.service_micros:.0f}, "
            f"readers {turn.reader_micros:.0f}; read {turn.received_mb:.1f} MB",
            flush=True,
        )


def _with(kind: str, dsn: str, port: int, process: int, bodies: list[bytes], options: argparse.Namespace) -> Turn:
    with _tails(kind, port, 0 if kind == "none" else options.tails) as (readers, pipe):
        began = spent(readers)
        turn = asyncio.run(_turn(dsn, port, process, bodies, options.events))
        cost = (spent(readers) - began) / options.events * 1e6
        pipe.send("stop")
        return turn._replace(reader_micros=cost, received_mb=pipe.recv() / 1e6)


async def _turn(dsn: str, port: int, process: int, bodies: list[bytes], events: int) -> Turn:
    connection = await asyncpg.connect(dsn)
    await connection.execute("TRUNCATE events, ingested_batches")
    await connection.execute("CHECKPOINT")
    queue, before, began = list(bodies), service_spent(process), time.perf_counter()
    await asyncio.gather(*(client(port, queue) for _ in range(CONNECTIONS)))
    while await connection.fetchval("SELECT count(*) FROM events") < events:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.01)
    seconds, cost = time.perf_counter() - began, service_spent(process) - before
    await connection.close()
    return Turn(events / seconds, cost / events * 1e6, 0.0, 0.0)


@contextlib.contextmanager
def _tails(kind: str, port: int, count: int) -> Iterator[tuple[int, Connection]]:
    """A process that follows. Yields it, and its pipe, once all are followed."""
    here, there = multiprocessing.Pipe()
    readers = multiprocessing.get_context("spawn").Process(target=_read, args=(there, kind, port, count), daemon=True)
    readers.start()
    there.close()  # so that its end is seen here
    try:
        assert here.recv() == count
        yield readers.pid or 0, here
    finally:
        readers.kill()
        readers.join()
        _wait_until_nobody_follows(port)


def _wait_until_nobody_follows(port: int) -> None:
    for _attempt in range(600):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            if b"mothership_tail_readers 0.0" in answer.read():
                return
        time.sleep(0.05)
    raise RuntimeError("readers that are gone are still counted")


def _read(pipe: Connection, kind: str, port: int, count: int) -> None:
    asyncio.run(_follow(pipe, kind, port, count))


async def _follow(pipe: Connection, kind: str, port: int, count: int) -> None:
    received = 0

    async def one(number: int) -> None:
        nonlocal received
        asked = "" if kind == "alike" else f"?-source=nobody-{number}&q=e"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"GET /console/events{asked} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head, head + await reader.read(4096)
        await reader.readuntil(b"event: following")
        following.release()
        while text := await reader.read(256 * 1024):
            received += len(text)

    following = asyncio.Semaphore(0)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(number)) for number in range(count)]
        for _ in range(count):
            await following.acquire()
        pipe.send(count)
        await asyncio.to_thread(pipe.recv)
        pipe.send(received)
        for task in tasks:
            task.cancel()


if __name__ == "__main__":
    main()
