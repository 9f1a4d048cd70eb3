"""What the sink makes of the database's speed: `TsdbSink.write` against server-side COPY of the same rows.

    make setup && .venv/bin/python bench/copy_floor.py [--rows 60000] [--rounds 3] [--batch 1000] [--dsn DSN]

Both fill the same table in turns in one run, so the ratio holds on a noisy machine. The floor is one COPY from a file
on the server: no network, no fingerprints, no counts, one commit. Both include merging what waits in the GIN index.
The variants answer what an operator may turn; the server's processor time for a row tells them apart even where others
use the machine. With `--dsn` a server of one's own is measured (a TimescaleDB, say); its role must be allowed to read
server files.
"""

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import asyncpg

from mothership.data_directory_lock import lock_data_dir
from mothership.embedded.processes import server_processes
from mothership.embedded.server import PostgresServer
from mothership.event import Row, RowBatch
from mothership.sample.fleet import sample
from mothership.sinks.tsdb import binary_copy
from mothership.sinks.tsdb.settings import DatabaseSettings, TimescaleSinkSettings
from mothership.sinks.tsdb.sink import TsdbSink

COLUMNS = "ts, type, source, data"


class Variant(NamedTuple):
    """What is different from the default."""

    name: str
    statements: tuple[str, ...] = ()
    writers: int = 1
    batch: int | None = None


VARIANTS = (
    Variant("default (jsonb_path_ops), 1 writer"),
    Variant("2 writers", writers=2),
    Variant("4 writers", writers=4),
    Variant("2 writers, 5,000 rows a write", writers=2, batch=5_000),
    Variant("gin_pending_list_limit 4 MB", ("ALTER INDEX idx_events_data_gin SET (gin_pending_list_limit = 4096)",)),
    Variant("gin_pending_list_limit 16 MB", ("ALTER INDEX idx_events_data_gin SET (gin_pending_list_limit = 16384)",)),
    Variant("fastupdate off", ("ALTER INDEX idx_events_data_gin SET (fastupdate = off)",)),
    Variant(
        "jsonb_ops",
        (
            "DROP INDEX idx_events_data_gin",
            "CREATE INDEX idx_events_data_gin ON events USING gin (data)",
        ),
    ),
    Variant("no GIN index", ("DROP INDEX idx_events_data_gin",)),
    Variant(
        "no index",
        tuple(f"DROP INDEX IF EXISTS idx_events_{name}" for name in ("type_ts", "source_ts", "data_gin", "ts_brin")),
    ),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--dsn")
    options = parser.parse_args()
    rows = _rows(options.rows)
    begin = time.perf_counter()
    for start in range(0, len(rows), binary_copy.ROWS_PER_CHUNK):
        binary_copy.encode(rows[start : start + binary_copy.ROWS_PER_CHUNK])
    encoding = (time.perf_counter() - begin) / len(rows) * 1e6
    size = sum(len(row.data) for row in rows) / len(rows)
    print(f"{len(rows)} rows of {size:.0f} bytes of JSON, {options.batch} a write; encoding {encoding:.2f} µs a row\n")
    with _server(options.dsn) as dsn:
        asyncio.run(_measure(dsn, rows, options.rounds, options.batch))


def _rows(number: int) -> list[Row]:
    now = time.time()
    events = sample(number, seed=7, now=now).events
    return [
        Row(
            int(now * 1e6) + position,
            str(event.get("type", "log")),
            str(event.get("source", "edge")),
            json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(),
        )
        for position, event in enumerate(events)
    ]


@contextlib.contextmanager
def _server(dsn: str | None) -> Iterator[str]:
    if dsn:
        yield dsn
        return
    with tempfile.TemporaryDirectory(prefix="mothership-bench-") as home:
        Path(home).chmod(0o711)
        with lock_data_dir(Path(home)) as locked:
            server = PostgresServer(locked, superuser=True)
            try:
                yield server.start()
            finally:
                server.stop()


async def _measure(dsn: str, rows: Sequence[Row], rounds: int, batch: int) -> None:
    admin = await asyncpg.connect(dsn)
    dump = f"{await admin.fetchval('SHOW data_directory')}/mothership-floor.copy"
    print(f"{'':34} {'rows a second':^25} {'':6} {'server CPU, µs a row':^21} {'longest':>9}")
    heads = f"{'variant':34} {'sink':>12} {'COPY':>12} {'ratio':>6} {'sink':>10} {'COPY':>10}"
    print(f"{heads} {'write, ms':>9} {'index MB':>9}")
    for variant in VARIANTS:
        sink = TsdbSink(DatabaseSettings(), TimescaleSinkSettings(writers=variant.writers), embedded_dsn=dsn)
        await sink.open()
        for statement in variant.statements:
            await admin.execute(statement)
        ours, floor, our_work, floor_work, longest = [], [], [], [], []
        for turn in range(rounds):
            await admin.execute("TRUNCATE events, ingested_batches, event_counts")
            await admin.execute("CHECKPOINT")
            work = _server_microseconds(dsn)
            begin = time.perf_counter()
            longest.append(await _write(sink, rows, variant.batch or batch, variant.writers, turn))
            await _merge(admin)
            ours.append(len(rows) / (time.perf_counter() - begin))
            our_work.append((_server_microseconds(dsn) - work) / len(rows))
            megabytes = await admin.fetchval("SELECT pg_indexes_size('events') / 1e6")
            await admin.execute(f"COPY events ({COLUMNS}) TO '{dump}' (FORMAT binary)")
            await admin.execute("TRUNCATE events")
            await admin.execute("CHECKPOINT")
            work = _server_microseconds(dsn)
            begin = time.perf_counter()
            await admin.execute(f"COPY events ({COLUMNS}) FROM '{dump}' (FORMAT binary)")
            await _merge(admin)
            floor.append(len(rows) / (time.perf_counter() - begin))
            floor_work.append((_server_microseconds(dsn) - work) / len(rows))
        ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, floor, strict=True))
        rates = f"{statistics.median(ours):>12,.0f} {statistics.median(floor):>12,.0f} {ratio:>6.2f}"
        cpu = f"{statistics.median(our_work):>10.1f} {statistics.median(floor_work):>10.1f}"
        print(f"{variant.name:34} {rates} {cpu} {statistics.median(longest):>9.0f} {megabytes:>9.1f}", flush=True)
        await sink.close()
        if variant.statements:
            await admin.execute("DROP TABLE events CASCADE")  # the next `open` makes it again
    await admin.close()


async def _merge(admin: asyncpg.Connection) -> None:
    """Do what an insert leaves to later ones."""
    await admin.execute("SELECT gin_clean_pending_list(oid) FROM pg_class WHERE relname = 'idx_events_data_gin'")


def _server_microseconds(dsn: str) -> float:
    """Processor time of the embedded server's processes so far; 0 where the server is someone else's."""
    home = parse_qs(urlsplit(dsn).query).get("host", ["/"])[0]
    ticks = 0
    for pid in server_processes(Path(home).parent / "postgres"):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK") * 1e6


async def _write(sink: TsdbSink, rows: Sequence[Row], size: int, writers: int, turn: int) -> float:
    """Write as `writers` couriers would. Returns the longest write in milliseconds."""
    longest = 0.0
    batches = [
        RowBatch((turn * 1_000_000 + start).to_bytes(32, "big"), "bench", 0, rows[start : start + size])
        for start in range(0, len(rows), size)
    ]

    async def courier() -> None:
        nonlocal longest
        while batches:
            begin = time.perf_counter()
            await sink.write([batches.pop()])
            longest = max(longest, (time.perf_counter() - begin) * 1000)

    await asyncio.gather(*(courier() for _ in range(writers)))
    return longest


if __name__ == "__main__":
    main()
