"""POST /v1/logs: OTLP/HTTP, as the OpenTelemetry Protocol Specification 1.x has it, in protobuf and JSON.

A client takes 429, 502, 503 and 504 for "send it again" and every other error for "never": so nothing that can never
succeed is answered 429, and a fault of ours is not a 500.

The library for protobuf is imported by the first request that needs it.
"""

from typing import Any

import orjson

from mothership.edge import lenient_json, otlp_json
from mothership.edge.batch_builder import BatchBuilder
from mothership.edge.caller import Permission
from mothership.edge.event_limits import check_containers
from mothership.edge.ingest_protocol import JSON, IngestRequest, IngestResponse, as_passing, retry_after
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.repeat_window import RepeatWindow
from mothership.edge.unreadable import explained
from mothership.errors import Refusal
from mothership.event import Batch, Event, Receipt

PROTOBUF = b"application/x-protobuf"
PROTOBUF_TYPES = frozenset({"application/x-protobuf", "application/protobuf"})
_GRPC_CODES = {400: 3, 401: 16, 403: 7, 404: 12, 413: 11, 415: 3, 429: 8, 503: 14}
"""google.rpc.Code of an HTTP status."""
_GRPC_UNKNOWN = 2
BAD_REQUEST = 400
_BAD_REQUEST_TYPE = "type.googleapis.com/google.rpc.BadRequest"


class OTLPLogs:
    """Log records in, a receipt with the number of rejected ones out."""

    name = "otlp"
    path = "/v1/logs"
    scope: Permission = "otlp"
    operation: dict[str, Any] = {  # noqa: RUF012 - as `IngestProtocol`
        "summary": "Take log records (OTLP/HTTP)",
        "description": "`ExportLogsServiceRequest` in protobuf or JSON, gzip or not; see docs/reference/inputs.md.",
        "requestBody": {
            "required": True,
            "content": {
                "application/x-protobuf": {"schema": {"type": "string", "format": "binary"}},
                "application/json": {"schema": {"type": "object", "additionalProperties": True}},
            },
        },
        "responses": {
            "200": {
                "description": "`ExportLogsServiceResponse`: kept, except for the records that it counts as rejected."
            },
            "400": {"description": "`Status`: not such a request; sending it again is in vain."},
            "401": {"description": "`Status`: no valid credentials."},
            "403": {"description": "`Status`: not for this caller."},
            "413": {"description": "`Status`: too many bytes or records."},
            "415": {"description": "`Status`: neither protobuf nor JSON, or an unknown Content-Encoding."},
            "429": {"description": "`Status`: send it again after `Retry-After`."},
            "503": {"description": "`Status`: send it again after `Retry-After`."},
        },
    }

    def __init__(self, builder: BatchBuilder, limits: LimitSettings, repeats: RepeatWindow) -> None:
        self._builder = builder
        self._repeats = repeats
        self._limits = limits

    def check(self, request: IngestRequest) -> None:
        """Raise `Refusal`: of OpenTelemetry's signals only logs are taken."""
        if request.media_type not in PROTOBUF_TYPES | {"application/json"}:
            raise Refusal(415, "Content-Type must be application/x-protobuf or application/json")

    def encoding(self, request: IngestRequest) -> str:
        """As `IngestProtocol.encoding`."""
        return request.header(b"content-encoding") or ""

    def decode(self, body: bytes, request: IngestRequest) -> Batch:
        """As `IngestProtocol.decode`."""
        key = request.idempotency_key
        decoded, needs_repair = self._json(body) if request.is_json else (self._records(body), False)
        return self._repeats.build(
            self._builder, decoded, request, key, input_name=self.name, body_bytes=len(body), needs_repair=needs_repair
        )

    def answer(self, request: IngestRequest, batch: Batch, receipt: Receipt, seconds: float) -> IngestResponse:  # noqa: ARG002 - as `IngestProtocol`
        """A 200, whatever was rejected: records that could not be kept would not be kept the next time either."""
        rejected, message = len(batch.rejected), explained(batch) if batch.rejected else ""
        if not request.is_json:
            from mothership.edge import otlp_protobuf_answers as answers  # noqa: PLC0415 - as above

            body = answers.response(rejected, message)
            return IngestResponse(200, body, [(b"content-type", PROTOBUF)])
        answer: dict[str, Any] = {}
        if rejected:
            answer["partialSuccess"] = {
                "rejectedLogRecords": str(rejected),  # a 64-bit integer is text in this encoding
                "errorMessage": message,
            }
        return IngestResponse(200, orjson.dumps(answer), [(b"content-type", JSON)])

    def refuse(self, request: IngestRequest, refusal: Refusal) -> IngestResponse:
        """A `Status` in the request's encoding. A 400 has a `BadRequest` in its details, as the specification asks."""
        refusal = as_passing(refusal)
        status, headers = refusal.status, retry_after(refusal)
        code = _GRPC_CODES.get(status, _GRPC_UNKNOWN)
        if request.media_type == "application/json":
            said: dict[str, Any] = {"code": code, "message": refusal.reason}
            if status == BAD_REQUEST:
                violation = {"description": refusal.reason}
                said["details"] = [{"@type": _BAD_REQUEST_TYPE, "fieldViolations": [violation]}]
            body = orjson.dumps(said)
            return IngestResponse(status, body, [(b"content-type", JSON), *headers])
        from mothership.edge import otlp_protobuf_answers as answers  # noqa: PLC0415 - as above

        body = answers.status(code, refusal.reason, is_bad_request=status == BAD_REQUEST)
        return IngestResponse(status, body, [(b"content-type", PROTOBUF), *headers])

    def _records(self, body: bytes) -> list[Event | str]:
        from mothership.edge.otlp_protobuf import ProtobufReader  # noqa: PLC0415 - as above

        return ProtobufReader(self._limits).events(body)

    def _json(self, body: bytes) -> tuple[list[Event | str], bool]:
        """The events, and whether they need repair."""
        check_containers(body, self._limits.containers)
        request, is_lenient = lenient_json.read(body)
        return otlp_json.events(request, self._limits), is_lenient


class OTLPUnsupportedSignals:
    """Other signals, which clients send to the same address unless they are told not to."""

    name = "otlp"
    scope: Permission = "otlp"

    def __init__(self, logs: OTLPLogs, path: str) -> None:
        self.path = path
        self.operation: dict[str, Any] = {}
        self.refuse = logs.refuse
        self.encoding = logs.encoding
        self.answer = logs.answer

    def check(self, request: IngestRequest) -> None:  # noqa: ARG002 - as `IngestProtocol`
        """Refuse it."""
        raise Refusal(404, f"only logs are taken here (POST {OTLPLogs.path}): switch off the exporter to {self.path}")

    def decode(self, body: bytes, request: IngestRequest) -> Batch:  # as `IngestProtocol`
        """Never comes to this."""
        raise NotImplementedError
