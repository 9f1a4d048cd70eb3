"""What an event takes: bytes in the table, its indexes, the columnstore, Loki and the spool; processor time; memory.

    python -m bench.sizing [--events 50000] [--json]

The demo's mix goes over HTTP through one worker: once into a PostgreSQL and a Loki that counts, once, with no sink that
can be reached, into the spool. The columnstore is TimescaleDB's, in the PostgreSQL of tests/timescale (left out where
Node is not there). Bytes depend on the events and not on the machine; processor time does on both.
"""

import argparse
import asyncio
import contextlib
import gzip
import http.server
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import cramjam
import orjson
from bench.end_to_end import service, service_spent

from mothership.data_directory_lock import lock_data_dir
from mothership.embedded.server import PostgresServer
from mothership.sample.fleet import sample
from mothership.sinks.tsdb.sql_files import TIMESCALE, migrations

ROOT = Path(__file__).parents[1]
TIMESCALE_TESTS = ROOT / "tests/timescale"
BATCH = 1_000
LOKI_BLOCK_BYTES = 256 * 1024
"""What Loki compresses at a time."""
UNREACHABLE = "postgresql://nobody@127.0.0.1:1/nothing"
SIZES = """
SELECT pg_table_size('events') AS table_bytes, pg_relation_size('idx_events_type_ts') AS type_bytes,
    pg_relation_size('idx_events_source_ts') AS source_bytes, pg_relation_size('idx_events_data_gin') AS gin_bytes,
    pg_total_relation_size('ingested_batches') AS fingerprint_bytes
"""


class CountingLoki(http.server.ThreadingHTTPServer):
    """Takes every push, counts its bytes and keeps its lines by stream."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Push)
        self.pushed = 0
        self.streams: dict[str, list[bytes]] = defaultdict(list)

    def stored_bytes(self) -> int:
        """The lines as Loki compresses them: gzip, in blocks of a stream. Its index and metadata are not in it."""
        return sum(
            len(gzip.compress(text[start : start + LOKI_BLOCK_BYTES], 6))
            for lines in self.streams.values()
            for text in (b"".join(lines),)
            for start in range(0, len(text), LOKI_BLOCK_BYTES)
        )


class _Push(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Count it."""
        sys.path.insert(0, str(ROOT))
        from tests.sinks.loki.wire_check import read_protobuf  # noqa: PLC0415 - another reader than the writer

        body = self.rfile.read(int(self.headers["Content-Length"]))
        loki: Any = self.server
        loki.pushed += len(body)
        for stream in read_protobuf(body, lambda data: bytes(cramjam.snappy.decompress_raw(data))):
            loki.streams[stream.text] += [entry.line.encode() for entry in stream.entries]
        self._answer(204)

    def do_GET(self) -> None:
        """Ready."""
        self._answer(200)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = measured(options.events)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:<40} {value:>10,.1f}")


def measured(count: int) -> dict[str, float]:
    """Each figure with its name; bytes and microseconds are of one event."""
    events = sample(count, seed=7, now=time.time()).events
    raw = [orjson.dumps(event) for event in events]
    bodies = [
        gzip.compress(b'{"messages":[' + b",".join(raw[start : start + BATCH]) + b"]}", 1)
        for start in range(0, count, BATCH)
    ]
    figures = {
        "sent, JSON: bytes": sum(map(len, raw)) / count,
        "sent, gzipped batches: bytes": sum(map(len, bodies)) / count,
    }
    with tempfile.TemporaryDirectory(prefix="mothership-bench-") as name:
        home = Path(name)
        home.chmod(0o711)
        rows = _stored(home, bodies, count, figures)
        _spooled(home, bodies, count, figures)
    with contextlib.suppress(_NoTimescale):
        asyncio.run(_columns(rows, figures))
    return figures


def _stored(home: Path, bodies: list[bytes], count: int, figures: dict[str, float]) -> list[tuple[Any, ...]]:
    """Through the service into the database and Loki."""
    loki = CountingLoki()
    threading.Thread(target=loki.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{loki.server_address[1]}"
    with lock_data_dir(home / "database") as locked:
        server = PostgresServer(locked, superuser=True)
        dsn = server.start()
        try:
            with service(dsn, home / "service", 1, LOKI_ENABLED="true", LOKI_URL=address) as (port, pid):
                figures["a worker at rest: MB"] = _resident(pid, "VmRSS")
                before = service_spent(pid)
                for body in bodies:
                    _post(port, body)
                _until_empty(port)
                figures["a worker's processor time: µs"] = (service_spent(pid) - before) / count * 1e6
                figures["a worker after that, at most: MB"] = _resident(pid, "VmHWM")
            rows = asyncio.run(_database(dsn, count, figures))
        finally:
            server.stop()
    figures["pushed to Loki: bytes"] = loki.pushed / count
    figures["in Loki's chunks, about: bytes"] = loki.stored_bytes() / count
    loki.shutdown()
    return rows


async def _database(dsn: str, count: int, figures: dict[str, float]) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("SELECT count(*) FROM events") == count
    await connection.execute("SELECT gin_clean_pending_list('idx_events_data_gin')")
    await connection.execute("VACUUM ANALYZE events")
    sizes = await connection.fetchrow(SIZES)
    assert sizes
    figures["in the table: bytes"] = sizes["table_bytes"] / count
    figures["in idx_events_type_ts: bytes"] = sizes["type_bytes"] / count
    figures["in idx_events_source_ts: bytes"] = sizes["source_bytes"] / count
    figures["in idx_events_data_gin: bytes"] = sizes["gin_bytes"] / count
    figures["fingerprint of a batch: bytes"] = sizes["fingerprint_bytes"] / (count / BATCH)
    rows = [tuple(row) for row in await connection.fetch("SELECT ts, type, source, data FROM events ORDER BY id")]
    await connection.close()
    return rows


def _spooled(home: Path, bodies: list[bytes], count: int, figures: dict[str, float]) -> None:
    """Through the service into the spool, where it stays."""
    kept = home / "spooling"
    with service(UNREACHABLE, kept, 1, MOTHERSHIP_LOG_LEVEL="ERROR") as (port, _):
        for body in bodies:
            _post(port, body)
    [file] = (kept / "spool").glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(file)) as link:
        pages, free = (link.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))
        figures["in the spool: bytes"] = (pages - free) * link.execute("PRAGMA page_size").fetchone()[0] / count


class _NoTimescale(Exception):
    """Node or the packages of tests/timescale are not there."""


async def _columns(rows: list[tuple[Any, ...]], figures: dict[str, float]) -> None:
    """The same rows in a hypertable, before and after its chunks are packed as `database.columnstore_after` has it."""
    with _timescale() as dsn:
        connection = await asyncpg.connect(dsn, statement_cache_size=0)
        await connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        await connection.execute(next(each.sql for each in migrations() if "events" in each.tables()))
        await connection.execute("SELECT create_hypertable('events', 'ts', chunk_time_interval => INTERVAL '1 day')")
        for start in range(0, len(rows), BATCH):
            await connection.copy_records_to_table(
                "events", records=rows[start : start + BATCH], columns=["ts", "type", "source", "data"]
            )
        await connection.execute(TIMESCALE["enable_compression"])
        await connection.execute("SELECT compress_chunk(chunk) FROM show_chunks('events') AS chunk")
        packed = await connection.fetchval(
            "SELECT sum(after_compression_total_bytes) FROM chunk_compression_stats('events')"
        )
        figures["in the columnstore, with its indexes: bytes"] = float(packed) / len(rows)
        await connection.close()


@contextlib.contextmanager
def _timescale() -> Iterator[str]:
    node = shutil.which("node")
    if node is None or not (TIMESCALE_TESTS / "node_modules/@unni-craftsman").is_dir():
        raise _NoTimescale
    with tempfile.TemporaryDirectory(prefix="mothership-bench-") as place:
        command: list[str | Path] = [node, TIMESCALE_TESTS / "gateway.mjs", Path(place) / ".s.PGSQL.5432"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield f"postgresql://postgres@/postgres?host={place}&port=5432"
        finally:
            process.kill()
            process.wait()


def _post(port: int, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/ingest", body, headers)
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 - it is the one above
        assert orjson.loads(answer.read())["status"] == "success"


def _until_empty(port: int) -> None:
    """Until every sink has everything."""
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as answer:
            sinks = orjson.loads(answer.read())["sinks"]
        if not any(sink.get("queued_events") for sink in sinks.values()):
            return
        time.sleep(0.2)


def _resident(pid: int, field: str) -> float:
    """In megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) * 1024 / 1e6


if __name__ == "__main__":
    main()
