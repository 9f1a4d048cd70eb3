"""Two versions of the service in turns, from HTTP into committed rows, each with a database of its own on one server.

    .venv/bin/python -m bench.beside SOURCE [--batch 1] [--connections 256] [--events 2500] [--rounds 6] [--clean]

SOURCE is the `src` of the older checkout; the newer one is where this runs. Printed are medians, and those of the
ratios of each round, newer by older: no rate holds on a machine that has other work, and hardly any absolute time.
"""

import argparse
import asyncio
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import asyncpg
from bench.end_to_end import client, service, service_spent, spent
from bench.goals import Load, bodies, database, stored

from mothership.data_directory_lock import lock_data_dir
from mothership.embedded.processes import server_processes
from mothership.embedded.server import PostgresServer

NEWER = Path(__file__).parents[1] / "src"


class Measured(NamedTuple):
    """What a turn came to; processor time in microseconds a request."""

    events_a_second: float
    service: float
    database: float


class Version(NamedTuple):
    """One of the two services."""

    dsn: str
    port: int
    process: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, metavar="SOURCE")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--events", type=int, default=2500)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--clean", action="store_true", help="events with nothing to redact only")
    options = parser.parse_args()
    load = Load(options.events, options.batch, options.connections, is_clean=options.clean)
    older, newer = _run([options.source, NEWER], load, options.rounds)
    print("| | older | newer | newer ÷ older | least to most |\n| --- | ---: | ---: | ---: | --- |")
    names = ("events/s", "µs of the service's processor a request", "of the database's")
    for name, before, after in zip(names, zip(*older, strict=True), zip(*newer, strict=True), strict=True):
        ratios = [new / old for old, new in zip(before, after, strict=True)]
        medians = f"{statistics.median(before):.0f} | {statistics.median(after):.0f} | {statistics.median(ratios):.2f}"
        print(f"| {name} | {medians} | {min(ratios):.2f} to {max(ratios):.2f} |")


def _run(sources: Sequence[Path], load: Load, rounds: int) -> tuple[list[Measured], list[Measured]]:
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mothership-bench-")))
        home.chmod(0o711)
        server = PostgresServer(stack.enter_context(lock_data_dir(home / "database")), superuser=True)
        dsn = server.start()
        stack.callback(server.stop)
        versions = []
        for name, source in zip(("older", "newer"), sources, strict=True):
            os.environ["BENCH_SRC"] = str(source.resolve())
            own = asyncio.run(database(dsn, name))
            versions.append(Version(own, *stack.enter_context(service(own, home / name, 1))))
        sent = bodies(load)
        measured: tuple[list[Measured], list[Measured]] = ([], [])
        for number in range(rounds + 1):
            for version, found in zip(versions, measured, strict=True):
                turn = asyncio.run(_turn(version, load, sent, home / "database" / "postgres"))
                if number:  # the first warms up
                    found.append(turn)
    return measured


async def _turn(version: Version, load: Load, sent: Sequence[bytes], cluster: Path) -> Measured:
    connection = await asyncpg.connect(version.dsn)
    await connection.execute("TRUNCATE events, ingested_batches")
    await connection.execute("CHECKPOINT")
    queue = list(sent)
    before = service_spent(version.process), sum(map(spent, server_processes(cluster)))
    began = time.perf_counter()
    await asyncio.gather(*(client(version.port, queue) for _ in range(load.connections)))
    while await stored(connection) < load.events:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.01)
    seconds = time.perf_counter() - began
    after = service_spent(version.process), sum(map(spent, server_processes(cluster)))
    await connection.close()
    ours, theirs = ((late - early) / len(sent) * 1e6 for early, late in zip(before, after, strict=True))
    return Measured(load.events / seconds, ours, theirs)


if __name__ == "__main__":
    main()
