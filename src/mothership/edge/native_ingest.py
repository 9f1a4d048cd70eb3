"""POST /ingest: an EdgeBot's envelope, and events without one: a JSON array, an object, NDJSON, lines of text."""

import re
from typing import Any

import orjson

from mothership.edge.batch_builder import BatchBuilder
from mothership.edge.caller import Permission
from mothership.edge.decompression import ENCODINGS
from mothership.edge.event_limits import check_containers
from mothership.edge.event_lists import Sent, from_json, from_lines, from_ndjson
from mothership.edge.ingest_protocol import JSON, IngestRequest, IngestResponse, is_complete, retry_after
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.openapi import INGEST_OPERATION
from mothership.errors import Refusal
from mothership.event import Batch, Receipt

LINES = "text/plain"
NDJSON = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
JSON_KIND = re.compile(r"application/[^/]+\+json")
ACCEPTED = NDJSON | {"application/json", None}
ERRORS_SHOWN = 100
"""Most rejections that an answer lists; `rejected` counts them all."""
BOM = b"\xef\xbb\xbf"


class NativeIngest:
    """One decode of the whole body; only a body that needs repair is read again, slower."""

    name = "ingest"
    path = "/ingest"
    scope: Permission = "ingest"
    operation = INGEST_OPERATION

    def __init__(self, builder: BatchBuilder, limits: LimitSettings) -> None:
        self._builder = builder
        self._containers_max = limits.containers
        self._events_max = limits.events

    def check(self, request: IngestRequest) -> None:
        """Refuse what a web page may send across origins without asking, such as a form or plain text."""
        kind = request.media_type
        if kind == LINES:
            if request.header(b"origin") is not None or request.header(b"sec-fetch-site") is not None:
                raise Refusal(415, "a web page must send application/json")
        elif kind not in ACCEPTED and not JSON_KIND.fullmatch(kind or ""):
            raise Refusal(415, "Content-Type must be application/json, application/x-ndjson or text/plain")

    def encoding(self, request: IngestRequest) -> str:
        """As `IngestProtocol.encoding`."""
        return request.header(b"content-encoding") or ""

    def decode(self, body: bytes, request: IngestRequest) -> Batch:
        """As `IngestProtocol.decode`."""
        key = request.idempotency_key
        sent = self._sent(body, request.media_type)
        return self._builder.build(
            sent.messages,
            request,
            input=self.name,
            source=sent.source,
            idempotency_key=key,
            is_retry=sent.is_retry,
            body_bytes=len(body),
            needs_repair=sent.needs_repair,
        )

    def _sent(self, body: bytes, kind: str | None) -> Sent:
        body = body.removeprefix(BOM)
        if kind == LINES:
            return from_lines(body, self._events_max)
        check_containers(body, self._containers_max)
        return from_ndjson(body, self._events_max) if kind in NDJSON else from_json(body)

    def answer(self, request: IngestRequest, batch: Batch, receipt: Receipt, seconds: float) -> IngestResponse:
        """Always a 2xx, even when every event was bad: after a 4xx a node drops the batch, a 5xx would never end."""
        rejected = sorted(batch.rejected, key=lambda rejection: rejection.index) if batch.rejected else []
        answer: dict[str, Any] = {
            "status": "success" if is_complete(batch, receipt) else "partial",
            "processed_events": len(batch.indices),
            "processing_time": round(seconds, 6),
            "sink_results": {
                name: {"written": tally.written, "queued": tally.queued, "errors": tally.errors}
                for name, tally in receipt.sinks.items()
            },
            "duplicate": receipt.duplicate,
            "rejected": len(rejected),
            "errors": [{"index": fault.index, "reason": fault.reason} for fault in rejected[:ERRORS_SHOWN]],
            "request_id": request.id,
        }
        return IngestResponse(200, orjson.dumps(answer), [(b"content-type", JSON)])

    def refuse(self, request: IngestRequest, refusal: Refusal) -> IngestResponse:
        """In the form of every refusal of the service."""
        status = refusal.status
        kind = "unavailable" if status in (429, 503) else "error" if status >= 500 else "refused"  # noqa: PLR2004 - a status of HTTP
        headers = [(b"content-type", JSON), *retry_after(refusal)]
        if status == 415:  # noqa: PLR2004 - a status of HTTP
            headers.append((b"accept-encoding", ENCODINGS.encode()))
        body = orjson.dumps({"status": kind, "reason": refusal.reason, "request_id": request.id})
        return IngestResponse(status, body, headers)
