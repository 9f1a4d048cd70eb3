"""From the first byte over HTTP to committed rows, against a server-side COPY of the same rows into the same table.

    .venv/bin/python bench/end_to_end.py [--events 100000] [--rounds 3] [--clients 8] [--batch 1000] [--clean]
        [--workers 1]

Both run in turns in one process tree on one PostgreSQL, so the ratio holds on a noisy machine where no absolute time
does. The clients send what a node sends: gzipped batches, each on its own connection, the next after the answer.
What each process spends on an event says where the limit is: on two cores an event can't take less than half the sum.
"""

import argparse
import asyncio
import contextlib
import gzip
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import orjson

from mothership.data_directory_lock import lock_data_dir
from mothership.embedded.processes import server_processes
from mothership.embedded.server import PostgresServer
from mothership.event import Event
from mothership.sample.fleet import sample

COLUMNS = "ts, type, source, data"


def main() -> None:
    """Measure and print."""
    options = _options()
    events = _events(options)
    bodies = [
        gzip.compress(
            orjson.dumps(
                {
                    "messages": events[start : start + options.batch],
                    "batch_size": options.batch,
                    "timestamp": "2026-01-01T00:00:00+00:00",
                    "source": "edgebot",
                    "is_retry": False,
                }
            ),
            1,
        )
        for start in range(0, len(events), options.batch)
    ]
    size = sum(len(orjson.dumps(event)) for event in events) / len(events)
    print(f"{len(events)} events of {size:.0f} bytes, {options.batch} a batch, {options.clients} clients")
    with tempfile.TemporaryDirectory(prefix="mothership-bench-") as home:
        Path(home).chmod(0o711)
        with lock_data_dir(Path(home) / "database") as locked:
            server = PostgresServer(locked, superuser=True)
            dsn = server.start()
            try:
                with service(dsn, Path(home) / "service", options.workers) as (port, pid):
                    asyncio.run(_measure(options, dsn, port, bodies, Path(home), pid))
            finally:
                server.stop()


def _events(options: argparse.Namespace) -> list[Event]:
    """The demo's mix, of which a fifth holds something to redact; with --clean only the others."""
    if not options.clean:
        return sample(options.events, seed=7, now=time.time()).events
    story = sample(options.events * 2, seed=7, now=time.time())
    planted = {each.event for each in story.planted}
    return [event for at, event in enumerate(story.events) if at not in planted][: options.events]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=1, help="the service's server.workers")
    parser.add_argument("--clean", action="store_true", help="events with nothing to redact only")
    return parser.parse_args()


async def _measure(
    options: argparse.Namespace, dsn: str, port: int, bodies: list[bytes], home: Path, service: int
) -> None:
    connection = await asyncpg.connect(dsn)
    cluster = home / "database" / "postgres"
    dump = cluster / "floor.copy"
    ours, floor = [], []
    await _ship(connection, port, bodies, options)  # to warm up
    for turn in range(options.rounds):
        await connection.execute("TRUNCATE events, ingested_batches")
        await connection.execute("CHECKPOINT")
        before = service_spent(service), sum(map(spent, server_processes(cluster))), time.process_time()
        ours.append(await _ship(connection, port, bodies, options))
        after = service_spent(service), sum(map(spent, server_processes(cluster))), time.process_time()
        await connection.execute(f"COPY events ({COLUMNS}) TO '{dump}' (FORMAT binary)")
        await connection.execute("TRUNCATE events")
        await connection.execute("CHECKPOINT")
        begin = time.perf_counter()
        await connection.execute(f"COPY events ({COLUMNS}) FROM '{dump}' (FORMAT binary)")
        floor.append(options.events / (time.perf_counter() - begin))
        print(
            f"round {turn + 1}: over HTTP into committed rows {ours[-1]:,.0f} events/s, "
            f"server-side COPY {floor[-1]:,.0f} rows/s, ratio {ours[-1] / floor[-1]:.2f}"
        )
        costs = [(late - early) / options.events * 1e6 for early, late in zip(before, after, strict=True)]
        print("         µs of processor an event: service {:.1f}, database {:.1f}, clients {:.1f}".format(*costs))
    await connection.close()
    ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, floor, strict=True))
    print(f"median ratio {ratio:.2f} (goal ≥ 0.90)")


def service_spent(pid: int) -> float:
    """Processor seconds of the service: its one process, or the one that watches and its workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(map(spent, [pid, *map(int, children)]))


def spent(pid: int) -> float:
    """Processor seconds of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


async def _ship(connection: asyncpg.Connection, port: int, bodies: list[bytes], options: argparse.Namespace) -> float:
    """Events a second, until the last row is committed."""
    queue = list(bodies)
    begin = time.perf_counter()
    await asyncio.gather(*(client(port, queue) for _ in range(options.clients)))
    while await connection.fetchval("SELECT count(*) FROM events") < options.events:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.01)
    events: int = options.events
    return events / (time.perf_counter() - begin)


async def client(port: int, queue: list[bytes]) -> None:
    """One connection: sends what is in the queue, the next after the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while queue:
        body = queue.pop()
        for _attempt in range(100):
            writer.write(
                b"POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
            )
            writer.write(body)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            answer = await reader.readexactly(length)
            if b" 200 " in head.split(b"\r\n")[0]:
                break
            if b" 429 " not in head and b" 503 " not in head:
                raise RuntimeError(answer)
            await asyncio.sleep(0.2)
            if b"connection: close" in head.lower():
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


@contextlib.contextmanager
def service(dsn: str, data_dir: Path, workers: int, **more: str) -> Iterator[tuple[int, int]]:
    """Run the service, with more variables in its environment. Yields its port and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "mothership", "serve"],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(data_dir),
            "MOTHERSHIP_DB_DSN": dsn,
            "MOTHERSHIP_DATA_DIR": str(data_dir),
            "MOTHERSHIP_PORT": str(port),
            "MOTHERSHIP_WORKERS": str(workers),
            "MOTHERSHIP_LOG_LEVEL": "WARNING",
            **more,
            **({"PYTHONPATH": os.environ["BENCH_SRC"]} if "BENCH_SRC" in os.environ else {}),
        },
    )
    try:
        for _attempt in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2)
                break
            time.sleep(0.1)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    main()
