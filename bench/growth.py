"""How the cost of an event grows: with the connections that send, with its bytes, and with the rows that are stored.

    .venv/bin/python -m bench.growth [--rounds 3] [--rows 100000 1000000 10000000] [--only connections bytes rows]

The steps of a series take turns, so that each has had the same machine; but rows only become more: there each step has
a COPY of the same events into the same table beside it. Told is processor time, of the service and of the database, an
event and a byte of JSON, and how many times the first step's it is.
"""

import argparse
import asyncio
import contextlib
import gzip
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import asyncpg
import orjson
from bench.end_to_end import COLUMNS, client, service, service_spent, spent

from mothership.data_directory_lock import lock_data_dir
from mothership.embedded.processes import server_processes
from mothership.embedded.server import PostgresServer
from mothership.event import Event
from mothership.sample.fleet import sample

CONNECTIONS = (1, 8, 64, 256, 1_000)
BYTES = (200, 2_000, 20_000, 200_000)
ROWS = (100_000, 1_000_000, 10_000_000)
BATCH = 100
EVENTS_OF_CONNECTIONS = 30_000
EVENTS_OF_ROWS = 20_000
BYTES_OF_A_TURN = 16_000_000
BODY_BYTES = 1_000_000
"""Most that a request of large events holds."""
CONFIGURATION = "limits: {connections: 2000, connections_per_client: 2000}"
"""Of the service: all connections come from one address."""
STORED = """
INSERT INTO events (ts, type, source, data)
SELECT ts - make_interval(secs => copy * 0.1), type, source, data
FROM (SELECT * FROM events LIMIT $1) AS known, generate_series(1, $2) AS copy
"""


class Step(NamedTuple):
    """What is sent in a turn of a series."""

    name: str
    bodies: list[bytes]
    events: int
    json_bytes: int
    connections: int


class Cost(NamedTuple):
    """Microseconds of processor an event, and events a second."""

    service: float
    database: float
    events_a_second: float


class Servers:
    """A PostgreSQL and a service before it."""

    def __init__(self, dsn: str, cluster: Path, port: int, process: int) -> None:
        self._dsn, self._cluster, self._port, self._process = dsn, cluster, port, process

    async def send(self, step: Step, *, keep_rows: bool = False) -> Cost:
        """Send what a step holds until all is committed, into an empty table if its rows are not to be kept."""
        connection = await asyncpg.connect(self._dsn)
        await connection.execute(f"TRUNCATE ingested_batches{'' if keep_rows else ', events'}")
        await connection.execute("CHECKPOINT")
        queue = list(step.bodies)
        service_before, database_before, began = service_spent(self._process), self._database_spent(), time.monotonic()
        await asyncio.gather(*(client(self._port, queue) for _ in range(step.connections)))
        while await _committed(connection) < step.events:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)
        seconds = time.monotonic() - began
        ours, theirs = service_spent(self._process) - service_before, self._database_spent() - database_before
        await connection.close()
        return Cost(ours / step.events * 1e6, theirs / step.events * 1e6, step.events / seconds)

    async def fill(self, rows: int) -> None:
        """Let the table have so many rows, of copies of those that it has."""
        connection = await asyncpg.connect(self._dsn)
        there = await connection.fetchval("SELECT count(*) FROM events")
        copies = (rows - there) // EVENTS_OF_ROWS
        if copies > 0:
            await connection.execute(STORED, EVENTS_OF_ROWS, copies, timeout=7_200)
        await connection.execute("VACUUM ANALYZE events", timeout=7_200)
        await connection.close()

    async def copy(self, step: Step) -> Cost:
        """COPY what was sent last into the same table once more."""
        connection = await asyncpg.connect(self._dsn)
        dump = self._cluster / "growth.copy"
        await connection.execute(
            f"COPY (SELECT {COLUMNS} FROM events ORDER BY id DESC LIMIT {step.events}) TO '{dump}' (FORMAT binary)"  # noqa: S608 - names and a number of our own
        )
        await connection.execute("CHECKPOINT")
        before, began = self._database_spent(), time.monotonic()
        await connection.execute(f"COPY events ({COLUMNS}) FROM '{dump}' (FORMAT binary)", timeout=600)
        seconds, cost = time.monotonic() - began, self._database_spent() - before
        await connection.close()
        return Cost(0.0, cost / step.events * 1e6, step.events / seconds)

    def _database_spent(self) -> float:
        return sum(map(spent, server_processes(self._cluster)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument(
        "--only", nargs="+", choices=("connections", "bytes", "rows"), default=("connections", "bytes", "rows")
    )
    options = parser.parse_args()
    with _servers() as servers:
        if "connections" in options.only:
            _turns("connections", servers, [_connections(each) for each in CONNECTIONS], options.rounds)
        if "bytes" in options.only:
            _turns("bytes of an event", servers, [_bytes(each) for each in BYTES], options.rounds)
        if "rows" in options.only:
            _rows(servers, options.rows, options.rounds)


@contextlib.contextmanager
def _servers() -> Iterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="mothership-bench-") as name:
        home = Path(name)
        home.chmod(0o711)
        with lock_data_dir(home / "database") as locked:
            server = PostgresServer(locked, superuser=True)
            dsn = server.start()
            try:
                settings = home / "config.yaml"
                settings.write_text(CONFIGURATION)
                with service(dsn, home / "service", 1, MOTHERSHIP_CONFIG=str(settings)) as (port, process):
                    yield Servers(dsn, home / "database" / "postgres", port, process)
            finally:
                server.stop()


def _turns(series: str, servers: Servers, steps: Sequence[Step], rounds: int) -> None:
    """Let the steps of a series take turns, and print what each costs."""
    for step in steps:
        asyncio.run(servers.send(step))  # to warm up
    costs = [[asyncio.run(servers.send(step)) for step in steps] for _ in range(rounds)]
    _heading(
        series, "bytes of JSON", "service µs", "a byte, ÷ the first", "database µs", "a byte, ÷ the first", "events/s"
    )
    first_size = steps[0].json_bytes / steps[0].events
    for at, step in enumerate(steps):
        size = step.json_bytes / step.events
        larger = size / first_size
        ours = statistics.median(row[at].service / row[0].service for row in costs) / larger
        theirs = statistics.median(row[at].database / row[0].database for row in costs) / larger
        middle = _medians([row[at] for row in costs])
        _line(
            step.name, f"{size:,.0f}", f"{middle.service:,.1f}", f"{ours:.2f}", f"{middle.database:,.1f}",
            f"{theirs:.2f}", f"{middle.events_a_second:,.0f}",
        )  # fmt: skip


def _rows(servers: Servers, rows: Sequence[int], rounds: int) -> None:
    """Send into a table that has ever more rows, with a COPY after each turn, and print what both cost."""
    step = _connections(8, EVENTS_OF_ROWS)
    asyncio.run(servers.send(step))
    _heading("rows stored", "service µs", "database µs", "COPY: database µs", "events/s", "COPY: rows/s", "÷ COPY")
    for count in rows:
        asyncio.run(servers.fill(count))
        pairs = [
            (asyncio.run(servers.send(step, keep_rows=True)), asyncio.run(servers.copy(step))) for _ in range(rounds)
        ]
        sent, copied = (_medians([pair[at] for pair in pairs]) for at in (0, 1))
        ratio = statistics.median(one.events_a_second / other.events_a_second for one, other in pairs)
        _line(
            f"{count:,}", f"{sent.service:,.1f}", f"{sent.database:,.1f}", f"{copied.database:,.1f}",
            f"{sent.events_a_second:,.0f}", f"{copied.events_a_second:,.0f}", f"{ratio:.2f}",
        )  # fmt: skip


def _medians(costs: Sequence[Cost]) -> Cost:
    return Cost(*(statistics.median(each) for each in zip(*costs, strict=True)))


def _heading(*columns: str) -> None:
    print()
    _line(*columns)
    _line("---", *["---:"] * (len(columns) - 1))


def _line(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def _connections(connections: int, count: int = EVENTS_OF_CONNECTIONS) -> Step:
    """The demo's mix in batches as nodes send them, over so many connections."""
    return _step(f"{connections:,}", sample(count, seed=7, now=time.time()).events, BATCH, connections)


def _bytes(size: int) -> Step:
    """Events of a log's text, each with as many lines as make so many bytes."""
    lines = [
        event["message"]
        for event in sample(20_000, seed=7, now=time.time()).events
        if isinstance(event.get("message"), str)
    ]
    chance = random.Random(size)
    events: list[Event] = []
    for number in range(max(40, BYTES_OF_A_TURN // 8 // size)):
        text = chance.choice(lines)
        while len(text) < size - 100:
            text += f"\n{chance.choice(lines)}"
        events.append({"type": "log", "service": "app", "number": number, "message": text[: max(1, size - 100)]})
    return _step(f"{size:,}", events, max(1, min(BATCH, BODY_BYTES // size)), 8)


def _step(name: str, events: Sequence[Event], batch: int, connections: int) -> Step:
    encoded = [
        orjson.dumps({"messages": events[start : start + batch], "batch_size": batch, "source": "edgebot"})
        for start in range(0, len(events), batch)
    ]
    return Step(name, [gzip.compress(each, 1) for each in encoded], len(events), sum(map(len, encoded)), connections)


async def _committed(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    """How many events of this turn are stored: to count the rows would cost what is measured."""
    return int(await connection.fetchval("SELECT coalesce(sum(events), 0) FROM ingested_batches"))


if __name__ == "__main__":
    main()
