"""Loki's sink in figures: bytes and speed by encoding, and what the caps make of a hundred thousand identifiers.

python bench/loki.py [--events 1000000] [--identifiers 100000] [--speed-events 100000]

The server runs in a process of its own. For speed it counts and answers 204; for the caps it is the strict Loki of
the tests, which decodes every push and refuses what Loki refuses.
"""

import argparse
import asyncio
import multiprocessing
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, NamedTuple

import cramjam
import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.sinks.loki.loki_ingester import Limits
from tests.sinks.loki.strict_loki import StrictLoki
from tests.sinks.loki.wire_check import PushRequest

from mothership.event import Row, RowBatch
from mothership.sinks.loki.push_encoding import Entry, StreamEntries, protobuf
from mothership.sinks.loki.sink import LokiSettings, LokiSink
from mothership.sinks.loki.streams import REPLACED_SHARE, StreamTable

SEVERITIES = ("info", "info", "info", "warning", "error", "debug")
WORDS = ["accepted", "session", "closed", "opened", "for", "user", "from", "port", "timeout", "retry", "disk", "link"]


class Report(NamedTuple):
    """What the server saw."""

    pushes: int
    body_bytes: int
    lines: int
    streams: int
    values: dict[str, int]
    refused: dict[int, int]


def rows(count: int, identifiers: int, *, hosts: int = 200, seed: int = 7) -> Iterator[Row]:
    """Make syslog events of about 400 bytes, each with a request, a user and an address of its own."""
    chance = random.Random(seed)
    now = int(time.time() * 1e6) - count
    for number in range(count):
        one, node = number % identifiers, chance.randrange(hosts)
        host = f"node-{node:05d}"
        event = {
            "type": "syslog",
            "message": " ".join(chance.choices(WORDS, k=14)),
            "hostname": host,
            "severity": chance.choice(SEVERITIES),
            "service": f"svc-{(node + chance.randrange(3)) % 12}",
            "facility": "daemon",
            "transport": "udp",
            "request_id": f"req-{one:08x}",
            "user_id": f"usr-{one:08x}",
            "ip": f"10.{one >> 16 & 255}.{one >> 8 & 255}.{one & 255}",
            "severity_num": 6,
            "tags": {"processed_by": "mothership", "site": f"site-{node % 8}", "environment": "prod"},
        }
        yield Row(now + number, "syslog", host, orjson.dumps(event, option=orjson.OPT_SORT_KEYS))


def batches(source: Iterator[Row], size: int) -> Iterator[RowBatch]:
    """Cut rows into batches."""
    number = 0
    while part := [row for _, row in zip(range(size), source, strict=False)]:
        number += 1
        yield RowBatch(number.to_bytes(32, "big"), f"r{number}", part[0].ts, part)


class CountingLoki(StrictLoki):
    """Counts and says 204: the sink's own speed shows."""

    received = 0

    def _parse(self, _headers: dict[str, str], body: bytes) -> list[Any]:
        self.received += len(body)
        return []

    def _distribute(self, streams: list[Any]) -> None:
        pass


class MeasuredLoki(StrictLoki):
    """The strict one, counting."""

    received = 0

    def _parse(self, headers: dict[str, str], body: bytes) -> list[Any]:
        self.received += len(body)
        return super()._parse(headers, body)


def serve(pipe: Connection, kind: str) -> None:
    """Run a server until told to report."""

    async def run() -> None:
        limits = Limits(rate_bytes=1e12, burst_bytes=1e12, stream_rate_bytes=1e12, stream_burst_bytes=1e12)
        kinds: dict[str, type[CountingLoki | MeasuredLoki]] = {"counting": CountingLoki, "strict": MeasuredLoki}
        server = kinds[kind](limits)
        server.keep_pushes = False
        server.decompress = lambda body: bytes(cramjam.snappy.decompress_raw(body))
        async with server:
            pipe.send(server.url)
            while not pipe.poll():  # noqa: ASYNC110 - the pipe belongs to another process
                await asyncio.sleep(0.02)
            values: dict[str, set[str]] = {}
            for stream in server.streams.values():
                for name, value in stream.labels.items():
                    values.setdefault(name, set()).add(value)
            pipe.send(
                Report(
                    sum(server.answers.values()),
                    server.received,
                    server.counted,
                    len(server.streams),
                    {name: len(found) for name, found in sorted(values.items())},
                    {status: count for status, count in server.answers.items() if status != 204},
                )
            )

    asyncio.run(run())


async def through(kind: str, source: Iterator[Row], size: int, **settings: Any) -> tuple[Report, float, float]:
    """Push rows through a sink to a server. Gives the server's report, the time and the CPU time."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there, kind), daemon=True)
    server.start()
    sink = LokiSink(LokiSettings(enabled=True, url=await asyncio.to_thread(here.recv), **settings))
    made = list(batches(source, size)) if kind == "counting" else batches(source, size)
    began, cpu = time.perf_counter(), time.process_time()
    for batch in made:
        await sink.write([batch])
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    await sink.close()
    here.send("report")
    report = await asyncio.to_thread(here.recv)
    server.join(10)
    return report, seconds, cpu


async def speed(count: int) -> None:
    """Compare the encodings over real HTTP."""
    content = sum(len(row.data) for row in rows(count, 100_000))
    print(f"## Encodings: {count:,} events, {content / count:.0f} bytes each\n")
    print("| encoding | events a write | pushes | bytes on the wire | bytes an event | events/s | events/CPU-s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for size in (100, 1000, 5000):
        for encoding in ("protobuf", "json"):
            report, seconds, cpu = await through(
                "counting", rows(count, 100_000, hosts=20), size, encoding=encoding, batch_size=size
            )
            print(
                f"| {encoding} | {size} | {report.pushes:,} | {report.body_bytes:,} | {report.body_bytes / count:.0f} "
                f"| {count / seconds:,.0f} | {count / cpu:,.0f} |"
            )


def by_library(push: Sequence[StreamEntries]) -> bytes:
    """Encode with protobuf's own C implementation."""
    request = PushRequest()
    for block in push:
        stream = request.streams.add()
        stream.labels = "{" + ", ".join(f'{name}="{value}"' for name, value in block.stream) + "}"
        for entry in block.entries:
            made = stream.entries.add()
            made.timestamp.seconds, made.timestamp.nanos = divmod(entry.ns, 1_000_000_000)
            made.line = entry.line.decode()
            for name, value in entry.metadata:
                pair = made.structuredMetadata.add()
                pair.name, pair.value = name, value
    return bytes(request.SerializeToString(deterministic=True))


def encoders(count: int = 20_000) -> None:
    """Compare the encoder written by hand with the library's."""
    table = StreamTable(LokiSettings())
    streams: dict[Any, list[Entry]] = {}
    for row in rows(count, 100_000, hosts=20):
        placed = table.place(row)
        streams.setdefault(placed.stream, []).append(Entry(row.ts * 1000, row.data, placed.metadata, 0, 0, 0))
    push = [StreamEntries(stream, entries) for stream, entries in streams.items()]
    ways: dict[str, Callable[[], bytes]] = {
        "by hand": lambda: protobuf(push, metadata=True),
        "google.protobuf (upb)": lambda: by_library(push),
    }
    print("\n## Encoders\n")
    print("| encoder | CPU-µs an event |")
    print("| --- | ---: |")
    made: dict[str, bytes] = {}
    for name, way in ways.items():
        best = min(_timed(way, made, name) for _ in range(3))
        print(f"| {name} | {best / count * 1e6:.2f} |")
    assert len(set(made.values())) == 1, "the encoders differ"
    print("\nBoth give the same bytes.")


def _timed(way: Callable[[], bytes], made: dict[str, bytes], name: str) -> float:
    began = time.process_time()
    made[name] = way()
    return time.process_time() - began


async def caps(count: int, identifiers: int, encoding: Literal["protobuf", "json"] = "protobuf") -> None:
    """Push events full of identifiers, from far more hosts than the cap, and look at what Loki has to index."""
    hosts = 20_000
    naive: set[tuple[str, ...]] = set()
    fields = ("type", "service", "hostname", "severity", "request_id", "user_id", "ip")

    def counted() -> Iterator[Row]:
        for row in rows(count, identifiers, hosts=hosts):
            event = orjson.loads(row.data)
            naive.add(tuple(event[field] for field in fields))
            yield row

    settings = LokiSettings()
    report, seconds, _ = await through("strict", counted(), 5000, encoding=encoding)
    print(f"\n## Caps: {count:,} events, {identifiers:,} requests, users and addresses, {hosts:,} hosts\n")
    print("| | every field a label | Mothership |")
    print("| --- | ---: | ---: |")
    print(f"| streams | {len(naive):,} | {report.streams:,} (cap {settings.max_streams:,}) |")
    for name, most in settings.max_label_values.model_dump().items():
        print(f"| values of `{name}` | | {report.values.get(name, 0):,} (cap {most:,}, and `other`) |")
    print(f"| lines taken | | {report.lines:,} |")
    print(f"\nRefusals: {report.refused or 'none'}. {seconds:.0f} s, most of it in the server.")
    assert report.lines == count
    assert report.streams <= settings.max_streams * (1 + REPLACED_SHARE)


def main() -> None:
    """Run all three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--identifiers", type=int, default=100_000)
    parser.add_argument("--speed-events", type=int, default=100_000)
    chosen = parser.parse_args()
    asyncio.run(speed(chosen.speed_events))
    encoders()
    asyncio.run(caps(chosen.events, chosen.identifiers))


if __name__ == "__main__":
    main()
