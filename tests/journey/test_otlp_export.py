"""What the service tells of itself by OTLP: whole traces, its own log, and nothing of an event."""

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.journey.conftest import Start
from tests.loopback import free_port

CANARIES = (
    "carol.canary@example.org",
    "canary-password-9",
    "canaryfield",
    "canarysource",
    "canaryvalue",
    "canaryagent",
)


class Receiver(ThreadingHTTPServer):
    """An OTLP/HTTP receiver that keeps the bytes it is sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.got: list[tuple[str, bytes]] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def spans(self) -> list[tuple[str, bytes, bytes, bytes, dict[str, object]]]:
        """Name, trace, id, parent and attributes of each."""
        requests = [ExportTraceServiceRequest.FromString(body) for path, body in self.got if path == "/v1/traces"]
        return [
            (span.name, span.trace_id, span.span_id, span.parent_span_id, _attributes(span.attributes))
            for request in requests
            for of_resource in request.resource_spans
            for scope in of_resource.scope_spans
            for span in scope.spans
        ]

    def lines(self) -> list[str]:
        """The events of the log."""
        requests = [ExportLogsServiceRequest.FromString(body) for path, body in self.got if path == "/v1/logs"]
        return [
            record.body.string_value
            for request in requests
            for of_resource in request.resource_logs
            for scope in of_resource.scope_logs
            for record in scope.log_records
        ]


class _Request(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Take it."""
        assert isinstance(self.server, Receiver)
        self.server.got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _attributes(pairs: object) -> dict[str, object]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}  # type: ignore[attr-defined]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """One that listens."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_batch_has_a_whole_trace_and_nothing_of_its_events(
    receiver: Receiver, start: Start, database_dsn: str
) -> None:
    """Edge, pipeline, spool, courier and sink in one trace; the lines of the log; and no canary in a byte."""
    service = start(
        dsn=database_dsn, config={"otlp_export": {"enabled": True, "endpoint": receiver.url, "sample_ratio": 1.0}}
    )
    messages = [
        {
            "type": "log",
            "message": "login of carol.canary@example.org with password=canary-password-9",
            "canaryfield": "canaryvalue",
            "source": "canarysource",
        }
    ] * 3
    answer = service.post({"messages": messages}, headers={"User-Agent": "canaryagent"})
    assert answer.json()["sink_results"]["tsdb"]["written"] == 3
    assert service.post(content=b"canaryvalue", headers={"Content-Type": "text/canary"}).status_code == 415
    assert service.stop() == 0

    spans = receiver.spans()
    [(_, trace, root, parent, about)] = [span for span in spans if span[0] == "batch"]
    assert parent == b""
    assert about["mothership.events"] == 3
    assert about["mothership.request_id"] == answer.json()["request_id"]
    assert Counter(name for name, *_ in spans) == Counter(["batch", "edge", "pipeline", "spool", "courier", "sink"])
    assert {each[1] for each in spans} == {trace}
    within = {name: above for name, _, _, above, _ in spans}
    courier = next(each[2] for each in spans if each[0] == "courier")
    assert within == {
        "batch": b"", "edge": root, "pipeline": root, "spool": root, "courier": root, "sink": courier
    }  # fmt: skip
    assert next(each[4] for each in spans if each[0] == "sink")["mothership.rows"] == 3
    assert "service_started" in receiver.lines()
    assert "stop_requested" in receiver.lines()
    everything = b"".join(body for _, body in receiver.got)
    assert b"mothership" in everything
    for canary in CANARIES:
        assert canary.encode() not in everything, canary


def test_a_receiver_that_is_away_costs_nothing_but_a_line(start: Start, database_dsn: str) -> None:
    """Events are stored and answered as before, and the service ends in time."""
    endpoint = f"http://127.0.0.1:{free_port()}"
    export = {"enabled": True, "endpoint": endpoint, "sample_ratio": 1.0, "timeout_seconds": 0.5}
    service = start(dsn=database_dsn, config={"otlp_export": export})
    assert service.post({"messages": [{"type": "log", "message": "x"}]}).json()["processed_events"] == 1
    service.until(lambda: "otlp_export_failed" in service.log.read_text(), "the line")
    assert service.post({"messages": [{"type": "log", "message": "y"}]}).json()["processed_events"] == 1
    assert service.stop() == 0


def test_while_it_is_off_nothing_of_it_is_loaded_or_called(tmp_path: Path) -> None:
    """The steps of a batch are the pipeline's and the relay's own, with nothing around them: it costs nothing."""
    code = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom mothership.app import opened\n"
        "from mothership.config import load\n"
        "async def main():\n"
        "    settings = load(None, {'MOTHERSHIP_DB_DSN': 'postgresql://nobody@127.0.0.1:1/x'})\n"
        f"    async with opened(settings, Path({str(tmp_path)!r})) as worker:\n"
        "        assert worker._run == worker.chain.run and worker._keep == worker.relay.keep\n"
        "        assert 'opentelemetry.sdk' not in sys.modules\n"
        "        assert 'mothership.otlp_export.tracing' not in sys.modules\n"
        "asyncio.run(main())\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
