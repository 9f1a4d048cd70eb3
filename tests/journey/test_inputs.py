"""Senders as they are: the OpenTelemetry SDK with its retries, and curl."""

import gzip
import http.server
import logging
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

import httpx2
import orjson
import pytest
import requests
from loki_logger_handler.loki_logger_handler import LokiLoggerHandler
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExportResult
from opentelemetry.sdk.resources import Resource
from tests.journey.conftest import Service, Start
from tests.journey.test_service import select
from tests.loopback import PLAIN
from tests.starvation import PATIENCE_SECONDS

RECORDS = 10_000
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK's own, about its handler


@contextmanager
def answers_lost(target: str, *, every: int) -> Iterator[str]:
    """A proxy that passes requests on and loses some of the answers: the client is told 503 and sends again."""
    seen = iter(range(10**9))

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with urlopen(Request(target + self.path, body, dict(self.headers))) as answer:  # noqa: S310 - loopback
                content = answer.read()
            lost = next(seen) % every == 0
            self.send_response(503 if lost else 200)
            self.send_header("Content-Type", "application/x-protobuf")
            if lost:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(0 if lost else len(content)))
            self.end_headers()
            self.wfile.write(b"" if lost else content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_the_opentelemetry_sdk_delivers_each_record_once(service: Service) -> None:
    """10,000 records by way of Python's logging, gzipped protobuf, some answers lost and sent again by the SDK."""
    with answers_lost(service.url, every=5) as url:
        exporter = OTLPLogExporter(f"{url}/v1/logs", compression=Compression.Gzip, timeout=60)
        provider = LoggerProvider(Resource({"service.name": "checkout", "host.name": "web01"}))
        processor = BatchLogRecordProcessor(exporter, max_queue_size=2 * RECORDS, max_export_batch_size=1000)
        provider.add_log_record_processor(processor)
        logger = logging.getLogger("app.orders")
        logger.propagate = False
        handler = LoggingHandler(logger_provider=provider)
        logger.addHandler(handler)
        try:
            for number in range(RECORDS):
                logger.error("order %d of alice@example.com failed", number, extra={"order": number})
            assert provider.force_flush(120_000)
        finally:
            logger.removeHandler(handler)
            provider.shutdown()
    rows = select(
        service.dsn,
        "SELECT count(*)::int, count(DISTINCT data->'attributes'->>'order')::int, min(source), min(data->>'service'),"
        " bool_or(data::text LIKE '%alice@%') FROM events",
    )
    assert rows == [(RECORDS, RECORDS, "web01", "checkout", False)]
    metrics = service.get("/metrics").text
    assert f'mothership_input_events_total{{input="otlp"}} {RECORDS}.0' in metrics


def test_the_opentelemetry_sdk_takes_a_partial_success_for_a_success(
    start: Start, database_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It sends nothing again and says nothing of what was rejected: so the service has to."""
    service = start(dsn=database_dsn, config={"limits": {"event_bytes": 2_000}})
    answers: list[tuple[int, ExportLogsServiceResponse]] = []

    def note(answer: requests.Response, **_: Any) -> None:
        answers.append((answer.status_code, ExportLogsServiceResponse.FromString(answer.content)))

    session = requests.Session()
    session.hooks["response"].append(note)
    exporter = OTLPLogExporter(f"{service.url}/v1/logs", session=session, timeout=60)
    results = []
    with caplog.at_level(logging.DEBUG, "opentelemetry"):
        provider = LoggerProvider(Resource({"service.name": "checkout"}))
        processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=3_600_000)
        provider.add_log_record_processor(processor)
        export = exporter.export

        def export_and_note(batch: Any) -> Any:
            results.append(export(batch))
            return results[-1]

        exporter.export = export_and_note
        logger = logging.getLogger("app.partial")
        logger.propagate = False
        handler = LoggingHandler(logger_provider=provider)
        logger.addHandler(handler)
        try:
            for message in ("first", "x" * 9_000, "last"):
                logger.error(message)
            assert provider.force_flush(120_000)
        finally:
            logger.removeHandler(handler)
            provider.shutdown()
    ((status, answer),) = answers
    assert (status, answer.partial_success.rejected_log_records) == (200, 1)
    reason = "a log record of more than 8000 bytes (limits.event_bytes)"
    assert answer.partial_success.error_message == f"record 1: {reason}"
    assert results == [LogRecordExportResult.SUCCESS]
    assert not [record for record in caplog.records if record.name.startswith("opentelemetry")]
    assert select(database_dsn, "SELECT data->>'message' FROM events ORDER BY ts") == [("first",), ("last",)]
    assert 'mothership_input_events_rejected_total{input="otlp"} 1.0' in service.get("/metrics").text
    assert service.get("/stats").json()["inputs"]["otlp"]["requests"]["partial"] == 1
    (line,) = [line for line in service.log.read_text().splitlines() if "events_rejected" in line]
    assert reason in line


def test_a_client_of_loki_delivers_each_line_once(service: Service) -> None:
    """`loki-logger-handler` as its README has it: lines of JSON in gzip, labels, structured metadata."""
    handler = LokiLoggerHandler(
        url=f"{service.url}/loki/api/v1/push",
        labels={"service": "shop", "env": "prod"},
        label_keys={"level"},
        enable_structured_loki_metadata=True,
        loki_metadata={"trace_id": "5b8efff798038103d269b633813fc60c"},
        enable_self_errors=True,
        timeout=1,
    )
    logger = logging.getLogger("app.shop")
    logger.propagate = False
    logger.addHandler(handler)
    try:
        for number in range(1_000):
            logger.error("order %d of alice@example.com failed", number)
        handler.flush_event.set()
        service.until(lambda: select(service.dsn, "SELECT count(*)::int FROM events") == [(1_000,)], "every line")
    finally:
        logger.removeHandler(handler)
    rows = select(
        service.dsn,
        "SELECT count(DISTINCT data->>'message')::int, min(data->>'service'), min(data->'tags'->>'environment'),"
        " min(data->>'severity'), min(data->>'trace_id'), bool_or(data::text LIKE '%alice@%') FROM events",
    )
    assert rows == [(1_000, "shop", "prod", "ERROR", "5b8efff798038103d269b633813fc60c", False)]


def test_each_input_has_its_own_counts(service: Service) -> None:
    """In `/stats` as in the metrics: requests by outcome, events taken, events rejected."""
    otlp = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "a"}}, 7]}]}]}
    loki = {"streams": [{"stream": {"service": "shop"}, "values": [["1764464523123456789", "b"]] * 3}]}
    before = service.get("/stats").json()["inputs"]
    assert set(before) == {"ingest", "otlp", "loki"}
    for path, body in (("/v1/logs", otlp), ("/v1/logs", []), ("/v1/traces", {}), ("/loki/api/v1/push", loki)):
        httpx2.post(service.url + path, json=body, verify=PLAIN, timeout=PATIENCE_SECONDS)
    after = service.get("/stats").json()["inputs"]

    def gained(name: str) -> list[int]:
        then, now = (
            [*stats[name]["requests"].values(), stats[name]["events"], stats[name]["rejected_events"]]
            for stats in (before, after)
        )
        return [later - earlier for earlier, later in zip(then, now, strict=True)]

    assert list(after["otlp"]["requests"]) == ["error", "partial", "refused", "success", "unavailable"]
    assert gained("otlp") == [0, 1, 2, 0, 0, 1, 1]
    assert gained("loki") == [0, 0, 0, 1, 0, 3, 0]
    assert gained("ingest") == [0] * 7
    assert 'mothership_input_events_rejected_total{input="otlp"}' in service.get("/metrics").text


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl here")
def test_curl_sends_every_form(service: Service) -> None:
    """What the pages show: lines, NDJSON, OTLP in JSON, and a push for Loki."""
    now, url, sent = "1764464523123456789", service.url, ("--data-binary", "@-")
    otlp = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": now, "body": {"stringValue": "d"}}]}]}]}
    loki = {"streams": [{"stream": {"service": "shop"}, "values": [[now, "e"]]}]}
    for path, kind, body, status in (
        ("/ingest", "text/plain", b"a\nb\n", "200"),
        ("/ingest", "application/x-ndjson", b'{"message": "c"}\n', "200"),
        ("/v1/logs", "application/json", orjson.dumps(otlp), "200"),
        ("/loki/api/v1/push", "application/json", gzip.compress(orjson.dumps(loki)), "204"),
    ):
        more = ["-H", "Content-Encoding: gzip"] if body.startswith(b"\x1f\x8b") else []
        done = subprocess.run(
            [
                "curl",
                "-sSw",
                "%{http_code}",
                "-o",
                "/dev/null",
                "-H",
                f"Content-Type: {kind}",
                *more,
                *sent,
                url + path,
            ],
            input=body,
            capture_output=True,
            check=True,
        )
        assert done.stdout.decode() == status
    rows = select(service.dsn, "SELECT data->>'message' FROM events ORDER BY 1")
    assert rows == [("a",), ("b",), ("c",), ("d",), ("e",)]
