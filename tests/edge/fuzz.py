"""Random bytes and mutated batches for every input and Content-Encoding, through decode and pipeline. No tests.

python -m tests.edge.fuzz 1000000 [seed]          so many inputs, and what became of them
"""

import asyncio
import gzip
import json
import random
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import cramjam
import orjson
import zstandard
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from mothership.edge.batch_builder import BatchBuilder
from mothership.edge.caller import Caller
from mothership.edge.decompression import SNAPPY_BLOCK, RequestBody
from mothership.edge.ingest_protocol import IngestRequest
from mothership.edge.input_settings import InputSettings
from mothership.edge.inputs import protocols
from mothership.edge.limit_settings import LimitSettings
from mothership.errors import Refusal
from mothership.event import Row
from mothership.log_format import LogSettings, configure_logging
from mothership.pipeline.chain import Chain
from mothership.pipeline.cut_oversized import Bounds, CutOversized
from mothership.pipeline.enrichment import enrichment
from mothership.pipeline.enrichment.enrichment import EnrichmentSettings
from mothership.pipeline.redaction import redaction
from mothership.pipeline.redaction.settings import RedactionSettings

SECONDS_MAX = 5.0
"""Of the processor, for one input."""
OUTCOMES = {"taken", "partial", "none good", "400", "413"}
NOW = 1_750_000_000_000_000
TEN_THOUSAND_YEARS = 253_402_300_800_000_000


def _raw_deflate(data: bytes) -> bytes:
    squeeze = zlib.compressobj(1, wbits=-15)
    return squeeze.compress(data) + squeeze.flush()


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": lambda data: gzip.compress(data, 1),
    "deflate": lambda data: zlib.compress(data, 1),
    "deflate ": _raw_deflate,
    "zstd": lambda data: zstandard.compress(data, 1),
}
EVENTS: list[dict[str, Any]] = [
    {
        "type": "syslog",
        "timestamp": "2025-08-22T17:11:27.93+00:00",
        "source_ip": "192.0.2.7",
        "severity": "warning",
        "hostname": "web01",
        "message": "password=hunter2 for a.b@example.org from 203.0.113.9",
        "priority": 134,
    },
    {"type": "log", "timestamp": 1755882687.5, "file_path": "/var/log/nginx/access.log", "message": "GET /?token=x"},
    {
        "type": "snmp",
        "host": "10.0.0.1",
        "community": "public",
        "results": [{"oid": "1.3.6.1", "value": "7", "numeric_value": 7.0}],
    },
    {"type": "nmea", "sentence": "RMC", "lat": 53.1, "lon": -8.2, "valid": True, "raw": "$GPRMC,1*6A"},
    {"type": "flow_packet", "payload_b64": "AAECAwQ=", "size_bytes": 5, "tags": {"site": None}},
    {"type": "host_service_inventory", "listeners": [{"port": 22, "process": "sshd"}], "log_candidates": ["/a"]},
    {"type": "weather", "location": {"latitude": 1e-7, "city": "Galway \U0001f30a"}, "current_weather": {"t": -1}},
]
SEEDS = [json.dumps({"messages": [event, {"type": "log", "message": "beside"}]}).encode() for event in EVENTS]
ODD_VALUES = [
    rb'"\udc80x"',
    rb'"a\u0000"',
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-1e-999",
    b"18446744073709551616",
    b"9" * 400,
    b"-0",
    b"[" * 63 + b"]" * 63,
    b'{"a":' * 40 + b"1" + b"}" * 40,
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b'"a\x00b\x1f"',
    b"null",
    b"[]",
    b"{}",
    b'""',
    b"true",
    b'"' + b"s" * 300 + b'"',
    b'"9999-12-31T23:59:59Z"',
    b'"0000-00-00"',
    b"1e308",
    b"253402300800",
    b"-62135596801",
    b'"2024-02-30T25:61:61+99:99"',
    b'["a@b.co",{"a@b.co":"a@b.co"}]',
    b'{"type":"x","type":7}',
    b'"4111 1111 1111 1111"',
    b'"-----BEGIN RSA PRIVATE KEY-----"',
    b'"::ffff:10.0.0.1"',
    b'"10.0.0.1/8"',
    b'"%F0%9F"',
]
ODD_NAMES = [
    "source",
    "host",
    "hostname",
    "ts",
    "timestamp",
    "tags",
    "severity",
    "severity_num",
    "service",
    "geo_hint",
    "password",
    "email",
    "username",
    "type",
    "a.b",
    "tags.site",
    "Pass-Word",
    "client",
    "İ",
    "",
]
TOKENS = [
    rb'"\udc80"',
    rb"\u0000",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"18446744073709551616",
    b"9" * 400,
    b"-0",
    b"[" * 300,
    b"]" * 300,
    b'{"a":' * 70,
    b"}" * 70,
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\x00",
    b'"type":',
    b'"messages":',
    b"null",
    b"[]",
    b"{}",
    b'""',
    b",",
    b":",
    b'"',
    b"\\",
    rb"\ud83d\ude00",
    b'{"type":"x"}',
    b'"ts":',
    b'"tags":7,',
    b'"timestamp":"9999-99-99",',
    b'"timestamp":1e308,',
    b'"severity":{},',
    b'"source":"' + b"s" * 300 + b'",',
    b'"email":["a@b.co"],',
    b'"password":{"a":1},',
    b"4111 1111 1111 1111",
    b"-----BEGIN RSA PRIVATE KEY-----",
]


def odd(chance: random.Random) -> bytes:
    """A body that decodes, with a few odd values and names in it."""
    events = [dict(chance.choice(EVENTS)) for _ in range(chance.randrange(1, 4))]
    values: list[bytes] = []
    for event in events:
        for _ in range(chance.randrange(3)):
            name = chance.choice(ODD_NAMES) if chance.random() < 0.5 else chance.choice(list(event))
            event[name] = f"@{len(values)}@"
            values.append(chance.choice(ODD_VALUES))
    written = json.dumps({"messages": events, "source": "edgebot"}).encode()
    for number, value in enumerate(values):
        written = written.replace(b'"@%d@"' % number, value)
    return written


def _otlp() -> bytes:
    """A request with a record of every kind of value."""
    made = ExportLogsServiceRequest()
    resource_logs = made.resource_logs.add()
    resource_logs.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope_logs = resource_logs.scope_logs.add()
    scope_logs.scope.name = "app"
    for text in ("password=hunter2", "a.b@example.org"):
        record = scope_logs.log_records.add(time_unix_nano=NOW * 1000 + 1, severity_number=9, flags=1)
        record.trace_id, record.span_id = bytes(range(16)), bytes(range(8))
        record.body.kvlist_value.values.add(key="message").value.string_value = text
        record.attributes.add(key="list").value.array_value.values.add().int_value = -7
        record.attributes.add(key="double").value.double_value = 1.5
        record.attributes.add(key="bytes").value.bytes_value = b"\x00\xff"
    body: bytes = made.SerializeToString()
    return body


_RECORD = {"timeUnixNano": "1750000000000000001", "severityNumber": 9, "body": {"stringValue": "password=hunter2"}}
_OTLP_JSON = {
    "resourceLogs": [
        {
            "resource": {"attributes": [{"key": "host.name", "value": {"stringValue": "web01"}}]},
            "scopeLogs": [
                {"logRecords": [_RECORD, {"body": {"kvlistValue": {"values": [{"key": "a", "value": {}}]}}}]}
            ],
        }
    ]
}
_PUSH = {"streams": [{"stream": {"service": "shop"}, "values": [["1750000000000000001", "a@b.co", {"trace_id": "7"}]]}]}
_LOKI = (
    b'\x0a\x39\x0a\x10{service="shop"}\x12\x23\x0a\x06\x08\x80\xa4\xab\xc2\x06'
    b"\x12\x0ahello shop\x1a\x0d\x0a\x08trace_id\x12\x017\x18\x07"
)
OTHER_SEEDS: dict[str, list[bytes]] = {
    "ndjson": [b"\n".join(json.dumps(event).encode() for event in EVENTS)],
    "lines": [b"Accepted password for bob\r\nsecret=hunter2\n\xff\xfe\n"],
    "otlp": [_otlp()],
    "otlp json": [json.dumps(_OTLP_JSON).encode()],
    "loki": [_LOKI],
    "loki json": [json.dumps(_PUSH).encode()],
}
INPUTS = {
    "envelope": ("/ingest", "application/json"),
    "ndjson": ("/ingest", "application/x-ndjson"),
    "lines": ("/ingest", "text/plain"),
    "otlp": ("/v1/logs", "application/x-protobuf"),
    "otlp json": ("/v1/logs", "application/json"),
    "loki": ("/loki/api/v1/push", "application/x-protobuf"),
    "loki json": ("/loki/api/v1/push", "application/json"),
}
"""Path and Content-Type of each."""
SMALL_LIMITS = LimitSettings(events=100, keys=500, depth=64, event_bytes=20_000, string_characters=10_000)
"""Low, so that small inputs reach them."""
CALLER = Caller("fuzz", frozenset({"ingest"}))


class Route:
    """The way of a body through the edge and the pipeline."""

    def __init__(self, limits: LimitSettings = SMALL_LIMITS) -> None:
        self.limits = limits
        processors = [
            *redaction.build(RedactionSettings(), key=b"k" * 32).processors,
            CutOversized(Bounds(limits.event_bytes, limits.string_characters, limits.keys, limits.depth)),
            *enrichment.build(EnrichmentSettings()),
        ]
        self.chain = Chain(processors)
        builder = BatchBuilder(self.limits, key=b"test")
        self.protocols = {made.path: made for made in protocols(builder, self.limits, InputSettings())}
        self.rows: list[Row] = []

    async def take(self, sent: bytes, encoding: str, step: int, input_name: str = "envelope") -> str:
        """Return what became of it. Anything but a `Refusal` on the way is a fault, and is raised."""
        try:
            body = RequestBody(encoding, self.limits)
            for start in range(0, len(sent), step):
                body.feed(sent[start : start + step])
            body.end()
            path, kind = INPUTS[input_name]
            headers = {b"content-type": kind.encode()}
            request = IngestRequest("fuzz", CALLER, "192.0.2.7", headers, b"", NOW)
            batch = self.protocols[path].decode(body.read() or b"", request)
        except Refusal as refusal:
            return f"{refusal.status}"
        accepted, rejected = len(batch.events), len(batch.rejected)
        made = await self.chain.run(batch)
        assert len(made.rows) == len(batch.indices)
        assert len(batch.indices) + len(batch.rejected) == accepted + rejected
        for row in made.rows:
            check(row, self.limits.event_bytes)
        self.rows = list(made.rows)
        return "taken" if not batch.rejected else "partial" if batch.indices else "none good"


def check(row: Row, event_bytes: int = SMALL_LIMITS.event_bytes) -> None:
    """A row that COPY takes and every sink can read."""
    assert isinstance(orjson.loads(row.data), dict)
    assert b"\\u0000" not in row.data.replace(b"\\\\", b"")
    row.data.decode("utf-8")
    for text in (row.type, row.source):
        assert 0 < len(text) <= 256
        assert "\x00" not in text
        text.encode("utf-8")
    assert 0 <= row.ts < TEN_THOUSAND_YEARS
    assert len(row.data) <= event_bytes + 2_000  # and what enrichment adds


def mutate(data: bytes, chance: random.Random) -> bytes:
    """A few small harms."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at, to = sorted((chance.randrange(len(made) + 1), chance.randrange(len(made) + 1)))
        match chance.randrange(7):
            case 0 if made:
                made[at % len(made)] = chance.randrange(256)
            case 1:
                del made[at : min(to, at + 20)]
            case 2:
                made[at:at] = made[at : min(to, at + 200)]
            case 3 | 4:
                made[at:at] = chance.choice(TOKENS)
            case 5:
                made[at : min(to, at + 8)] = chance.choice(TOKENS)
            case _:
                made[at:] = chance.choice(SEEDS)[at:]
    return bytes(made[:60_000])


def draw(chance: random.Random) -> tuple[bytes, str, int, str]:
    """One input: bytes, their Content-Encoding, the size of the pieces in which they come, and where they go."""
    if chance.random() < 0.3:
        return _draw_elsewhere(chance)
    name = chance.choice(list(ENCODERS))
    kind = chance.random()
    if kind < 0.6:
        data = odd(chance)
    elif kind < 0.97:
        data = mutate(chance.choice(SEEDS), chance)
    else:
        data = chance.randbytes(chance.randrange(300))
    sent = ENCODERS[name](data)
    if name and chance.random() < 0.1:
        sent = mutate(sent, chance)
    return sent, name.strip(), chance.choice((1, 7, 64, 65536)) if len(sent) < 5000 else 65536, "envelope"


def _draw_elsewhere(chance: random.Random) -> tuple[bytes, str, int, str]:
    """The same for what is no envelope."""
    name = chance.choice([name for name in INPUTS if name != "envelope"])
    kind = chance.random()
    seeds = OTHER_SEEDS[name]
    if kind < 0.2:
        data = chance.choice(seeds)
    elif kind < 0.97:
        data = mutate(chance.choice(seeds), chance)
    else:
        data = chance.randbytes(chance.randrange(300))
    if name != "loki":
        return data, "", 65536, name
    sent = bytes(cramjam.snappy.compress_raw(data))
    return mutate(sent, chance) if chance.random() < 0.1 else sent, SNAPPY_BLOCK, 65536, name


async def run(count: int, seed: int, report: Callable[[Any], None] = print) -> None:
    """So many inputs; the input itself is written to standard error when one is a fault."""
    chance, route, found = random.Random(seed), Route(), Counter[str]()
    slowest, started = 0.0, time.monotonic()
    for number in range(1, count + 1):
        sent, encoding, step, input_name = draw(chance)
        start = time.process_time()  # not the wall's: other processes are none of its business
        try:
            found[await route.take(sent, encoding, step, input_name)] += 1
        except BaseException:
            sys.stderr.write(f"input {number} of seed {seed}: {input_name} {encoding!r} {sent!r}\n")
            raise
        assert found.keys() <= OUTCOMES
        slowest = max(slowest, time.process_time() - start)
        assert slowest < SECONDS_MAX
        if number % 100_000 == 0 or number == count:
            report(
                f"{number} inputs, seed {seed}, {time.monotonic() - started:.0f} s, slowest {slowest * 1000:.0f} ms: "
                + ", ".join(f"{name} {times}" for name, times in sorted(found.items()))
            )


if __name__ == "__main__":
    configure_logging(LogSettings(level="ERROR"))
    asyncio.run(run(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
