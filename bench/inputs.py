"""What an event costs of the service's processor by OTLP and by Loki push, against /ingest with the same events.

    .venv/bin/python -m bench.inputs [--rounds 7] [--batch 500] [--servers edge,service] [--json FILE]

The events are log records as an SDK sends them: a message, a severity, four attributes, a trace, a resource of six
attributes. `/ingest` gets the very events that the other inputs decode to, as JSON. The inputs take turns in one
run, on one server; no line is parsed (`?parse=false`), so that all do the same work behind the edge. `x` is the events
a second of processor of this input, by those of /ingest in the same round: the goal is 0.7 for OTLP protobuf.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cramjam
import orjson
from bench.requests import processor_ns
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from mothership.edge import otlp_json
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.loki_push_encodings import PushReader
from mothership.edge.otlp_protobuf import ProtobufReader
from mothership.sample.fleet import sample
from mothership.sinks.loki.push_encoding import Entry, StreamEntries, protobuf_body

REQUESTS = 24
"""How many of each kind are sent in a round."""
RESOURCE = {
    "service.name": "checkout",
    "service.namespace": "shop",
    "host.name": "web01",
    "deployment.environment.name": "prod",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.language": "python",
}
LABELS = {"service": "checkout", "host": "web01", "env": "prod", "type": "log", "filename": "/var/log/checkout.log"}


class Kind(NamedTuple):
    """One way to send the events."""

    path: str
    media_type: str
    bodies: list[bytes]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--servers", default="edge,service")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = {name: asyncio.run(_measure(name, options.rounds, options.batch)) for name in options.servers.split(",")}
    for name, measured in found.items():
        _print(name, measured, options.batch)
    if options.json:
        options.json.write_text(json.dumps({"unit": "microseconds of processor an event", "rounds": found}))


# --- the bodies --------------------------------------------------------------------------------------------------


def _kinds(batch: int) -> dict[str, dict[str, Kind]]:
    """Groups of kinds with the same events; the first of a group is /ingest."""
    messages = [
        str(event["message"]) for event in sample(4 * batch, seed=7, now=time.time()).events if "message" in event
    ]
    parts = [[messages[(part * batch + at) % len(messages)] for at in range(batch)] for part in range(8)]
    now = time.time_ns()
    requests = [_logs(part, now + number * 10**9) for number, part in enumerate(parts)]
    pushes = [_push(part, now + number * 10**9) for number, part in enumerate(parts)]
    limits = LimitSettings()
    of_logs = [ProtobufReader(limits).events(request.SerializeToString()) for request in requests]
    of_pushes = [PushReader(limits, {}).protobuf(bytes(cramjam.snappy.decompress_raw(push))) for push in pushes]
    in_json = [_json(request) for request in requests]
    assert [otlp_json.events(orjson.loads(body), limits) for body in in_json] == of_logs
    return {
        "OTLP": {
            "/ingest": Kind("/ingest", "application/json", [_envelope(events) for events in of_logs]),
            "OTLP protobuf": Kind("/v1/logs", "application/x-protobuf", [one.SerializeToString() for one in requests]),
            "OTLP JSON": Kind("/v1/logs", "application/json", in_json),
        },
        "Loki": {
            "/ingest": Kind("/ingest", "application/json", [_envelope(events) for events in of_pushes]),
            "Loki protobuf": Kind("/loki/api/v1/push", "application/x-protobuf", pushes),
        },
    }


def _logs(messages: Sequence[str], now: int) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    resource_logs = request.resource_logs.add()
    resource_logs.resource.attributes.extend(_pair(name, value) for name, value in RESOURCE.items())
    scope_logs = resource_logs.scope_logs.add()
    scope_logs.scope.name = "app.orders"
    for number, message in enumerate(messages):
        record = scope_logs.log_records.add(
            time_unix_nano=now + number * 1000,
            observed_time_unix_nano=now + number * 1000 + 500,
            severity_number=9,
            severity_text="INFO",
            trace_id=(now + number).to_bytes(16),
            span_id=(now + number).to_bytes(8),
        )
        record.body.string_value = message
        record.attributes.extend(
            [
                _pair("code.file.path", "/srv/app/orders.py"),
                _pair("code.function.name", "place_order"),
                KeyValue(key="code.line.number", value=AnyValue(int_value=number % 400)),
                KeyValue(key="order.total", value=AnyValue(double_value=number / 8)),
            ]
        )
    return request


def _pair(name: str, value: str) -> KeyValue:
    return KeyValue(key=name, value=AnyValue(string_value=value))


def _json(request: ExportLogsServiceRequest) -> bytes:
    """As an SDK writes it: identifiers in hex."""
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - only here

    written: Any = MessageToDict(request, use_integers_for_enums=True)
    records = written["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    for record, given in zip(records, request.resource_logs[0].scope_logs[0].log_records, strict=True):
        record |= {"traceId": given.trace_id.hex(), "spanId": given.span_id.hex()}
    return orjson.dumps(written)


def _envelope(events: list[Any]) -> bytes:
    return orjson.dumps({"messages": events, "batch_size": len(events), "source": "edgebot", "is_retry": False})


def _push(messages: Sequence[str], now: int) -> bytes:
    entries = []
    for number, message in enumerate(messages):
        line = message.encode()
        metadata = (("trace_id", f"{now + number:032x}"), ("thread", f"worker-{number % 8}"))
        entries.append(Entry(now + number * 1000, line, metadata, 0, number, len(line) + 200))
    return protobuf_body([StreamEntries(tuple(LABELS.items()), entries)], metadata=True)


# --- the client --------------------------------------------------------------------------------------------------


async def _measure(server: str, rounds: int, batch: int) -> dict[str, dict[str, list[float]]]:
    """Microseconds of processor an event, for each kind of each group, in every round."""
    groups = _kinds(batch)
    command = [sys.executable, "-m", "bench.requests", "--serve", server]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: ASYNC220 - it begins
    try:
        assert running.stdout
        port = int(running.stdout.readline())
        measured: dict[str, dict[str, list[float]]] = {
            name: {kind: [] for kind in kinds} for name, kinds in groups.items()
        }
        for number in range(rounds + 1):
            for name, kinds in groups.items():
                for label, kind in kinds.items():
                    before = processor_ns(running.pid)
                    await _send(port, kind, f"{number} {name} {label}")
                    if number:  # the first round warms it
                        used = processor_ns(running.pid) - before
                        measured[name][label].append(used / 1000 / REQUESTS / batch)
        return measured
    finally:
        running.terminate()
        running.wait(10)


async def _send(port: int, kind: Kind, turn: str) -> None:
    """Send them, each as new: equal records are a repeat, unless a key says otherwise."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(REQUESTS):
        body = kind.bodies[number % len(kind.bodies)]
        head = (
            f"POST {kind.path}?parse=false HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind.media_type}\r\n"
            f"Idempotency-Key: {turn} {number}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        said = await reader.readuntil(b"\r\n\r\n")
        assert said.startswith(b"HTTP/1.1 20"), said
        length = said.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        answer = await reader.readexactly(int(length or b"0"))
        assert kind.path != "/v1/logs" or answer in (b"", b"{}"), answer
    writer.close()


def _print(server: str, measured: dict[str, dict[str, list[float]]], batch: int) -> None:
    print(f"{server}: microseconds of processor an event in batches of {batch}, medians (and spread)")
    print("| events | input | µs | events/s of processor | x |\n| --- | --- | ---: | ---: | ---: |")
    for name, kinds in measured.items():
        floors = next(iter(kinds.values()))
        for label, values in kinds.items():
            median = statistics.median(values)
            ratio = statistics.median([floor / value for value, floor in zip(values, floors, strict=True)])
            cells = f"{median:.1f} ({min(values):.1f}-{max(values):.1f}) | {1e6 / median:,.0f} | {ratio:.2f}"
            print(f"| {name} | {label} | {cells} |")


if __name__ == "__main__":
    main()
