"""POST /ingest, an EdgeBot's own protocol: a JSON object with a list `messages`."""

import math
from typing import Any

import msgspec
import orjson

from mothership import decimals
from mothership.edge import lenient_json
from mothership.edge.batch_builder import BatchBuilder
from mothership.edge.decompression import ENCODINGS
from mothership.edge.ingest_protocol import JSON, IngestRequest, IngestResponse, is_complete
from mothership.edge.limits import LimitSettings
from mothership.edge.openapi import INGEST_OPERATION
from mothership.errors import Refusal
from mothership.event import Batch, Receipt

NAME_CHARACTERS = 256
"""Longest envelope `source`: it is a column with an index, and a label."""
ERRORS_SHOWN = 100
"""Most rejections that an answer lists; `rejected` counts them all."""
BOM = b"\xef\xbb\xbf"


class EnvelopeProtocol:
    """One decode of the whole body; only a body that needs mending is read again, slower."""

    name = "ingest"
    path = "/ingest"
    operation = INGEST_OPERATION

    def __init__(self, builder: BatchBuilder, limits: LimitSettings) -> None:
        self._builder = builder
        self._containers_max = limits.containers

    def check(self, request: IngestRequest) -> None:
        """Refuse what a web page may send across origins without asking, such as a form or plain text."""
        kind = request.media_type
        if kind not in (None, "application/json") and not (kind.startswith("application/") and kind.endswith("+json")):
            raise Refusal(415, "Content-Type must be application/json")

    def decode(self, body: bytes, request: IngestRequest) -> Batch:
        """As `IngestProtocol.decode`."""
        key = request.idempotency_key
        self._check_containers(body)
        envelope, is_lenient = _envelope(body)
        messages = envelope.get("messages")
        if type(messages) is not list:
            raise Refusal(400, f"`messages` is {'not a list' if 'messages' in envelope else 'missing'}")
        return self._builder.build(
            messages,
            request,
            input=self.name,
            source=_source(envelope),
            idempotency_key=key,
            is_retry=envelope.get("is_retry") is True,
            body_bytes=len(body),
            needs_repair=is_lenient,
        )

    def answer(self, request: IngestRequest, batch: Batch, receipt: Receipt, seconds: float) -> IngestResponse:
        """Always a 2xx, even when every event was bad: after a 4xx a node drops the batch, a 5xx would never end."""
        rejected = sorted(batch.rejected, key=lambda rejection: rejection.index)
        answer: dict[str, Any] = {
            "status": "success" if is_complete(batch, receipt) else "partial",
            "processed_events": len(batch.indices),
            "processing_time": round(seconds, 6),
            "sink_results": {name: tally._asdict() for name, tally in receipt.sinks.items()},
            "duplicate": receipt.duplicate,
            "rejected": len(rejected),
            "errors": [{"index": fault.index, "reason": fault.reason} for fault in rejected[:ERRORS_SHOWN]],
            "request_id": request.id,
        }
        return IngestResponse(200, orjson.dumps(answer), [(b"content-type", JSON)])

    def refuse(self, request: IngestRequest, refusal: Refusal) -> IngestResponse:
        """In the form of every refusal of the service."""
        status = refusal.status
        kind = "unavailable" if status in (429, 503) else "error" if status >= 500 else "refused"  # noqa: PLR2004
        headers = [(b"content-type", JSON)]
        if refusal.retry_after_seconds is not None:
            headers.append((b"retry-after", b"%d" % max(1, math.ceil(refusal.retry_after_seconds))))
        if status == 415:  # noqa: PLR2004
            headers.append((b"accept-encoding", ENCODINGS.encode()))
        body = orjson.dumps({"status": kind, "reason": refusal.reason, "request_id": request.id})
        return IngestResponse(status, body, headers)

    def _check_containers(self, body: bytes) -> None:
        """Each costs up to 200 bytes of memory for the two that it takes in the body."""
        most = self._containers_max
        if len(body) > most and body.count(b"[") + body.count(b"{") > most:
            raise Refusal(413, f"more than {most} objects and arrays: send fewer at a time (limits.containers)")


def _envelope(body: bytes) -> tuple[dict[str, Any], bool]:
    """The body's object, and whether its messages need repair."""
    body = body.removeprefix(BOM)
    is_lenient = False
    try:
        envelope = decimals.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        envelope, is_lenient = lenient_json.decode(body), True
    if type(envelope) is not dict:
        raise Refusal(400, "the body is not a JSON object with a list `messages`")
    return envelope, is_lenient


def _source(envelope: dict[str, Any]) -> str:
    source = envelope.get("source")
    # Never cut before redaction: of half a token no rule knows that it was one.
    return lenient_json.text(source) if type(source) is str and 0 < len(source) <= NAME_CHARACTERS else "unknown"
