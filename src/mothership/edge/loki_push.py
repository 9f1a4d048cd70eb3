"""POST /loki/api/v1/push: what Promtail, Grafana Alloy, Fluent Bit's `loki` and Docker's driver speak.

Loki answers 204 when it has taken all, and 400 with the reasons when it has taken the rest: so does this. 429 and 5xx
are sent again, every other error is final.
"""

from typing import Any

from mothership.edge import lenient_json
from mothership.edge.batch_builder import BatchBuilder
from mothership.edge.caller import Permission
from mothership.edge.decompression import SNAPPY_BLOCK, decompressed
from mothership.edge.event_limits import check_containers
from mothership.edge.ingest_protocol import IngestRequest, IngestResponse, as_passing, retry_after
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.repeat_window import RepeatWindow
from mothership.edge.unreadable import explained
from mothership.errors import Refusal
from mothership.event import Batch, Receipt

TEXT = b"text/plain; charset=utf-8"
TENANT_HEADER = b"x-scope-orgid"
TENANT_CHARACTERS = 256


_TIME = {"anyOf": [{"type": "string", "pattern": "^[0-9]{1,20}$"}, {"type": "integer"}]}
_ENTRY = {"type": "array", "prefixItems": [_TIME, {"type": "string"}, {"type": "object"}], "minItems": 2, "maxItems": 3}
_STREAM = {
    "type": "object",
    "required": ["stream", "values"],
    "properties": {
        "stream": {"type": "object", "additionalProperties": {"type": "string"}},
        "values": {"type": "array", "items": _ENTRY},
    },
}
_JSON_SCHEMA = {
    "type": "object",
    "required": ["streams"],
    "properties": {"streams": {"type": "array", "items": _STREAM}},
}


class LokiPush:
    """Streams of lines in, nothing out."""

    name = "loki"
    path = "/loki/api/v1/push"
    scope: Permission = "loki"
    operation: dict[str, Any] = {  # noqa: RUF012 - as `IngestProtocol`
        "summary": "Take log lines (Loki push)",
        "description": "`PushRequest` in snappy protobuf or JSON; see docs/reference/inputs.md.",
        "requestBody": {
            "required": True,
            "content": {
                "application/x-protobuf": {"schema": {"type": "string", "format": "binary"}},
                "application/json": {"schema": _JSON_SCHEMA},
            },
        },
        "responses": {
            "204": {"description": "Kept."},
            "400": {"description": "Not such a request, or some lines of it: why, and that the others are kept."},
            "401": {"description": "No valid credentials."},
            "403": {"description": "Not for this caller."},
            "413": {"description": "Too many bytes or lines."},
            "415": {"description": "An unknown Content-Encoding."},
            "429": {"description": "Send it again after `Retry-After`."},
            "503": {"description": "Send it again after `Retry-After`."},
        },
    }

    def __init__(
        self, builder: BatchBuilder, limits: LimitSettings, repeats: RepeatWindow, *, tenant_field: str = ""
    ) -> None:
        """`tenant_field` is the field that keeps `X-Scope-OrgID`; empty: none."""
        self._builder = builder
        self._repeats = repeats
        self._limits = limits
        self._tenant_field = tenant_field

    def check(self, request: IngestRequest) -> None:
        """Any type is welcome: what is not JSON is protobuf. But a page elsewhere may send text without asking."""
        if request.header(b"origin") and request.media_type not in {"application/json", "application/x-protobuf"}:
            raise Refusal(415, "Content-Type must be application/x-protobuf or application/json")

    def encoding(self, request: IngestRequest) -> str:
        """Protobuf comes in a snappy block whether or not the header says so, and JSON never does."""
        said = (request.header(b"content-encoding") or "").strip().lower()
        if said not in {"", "snappy"}:
            return said
        return "" if request.is_json else SNAPPY_BLOCK

    def decode(self, body: bytes, request: IngestRequest) -> Batch:
        """As `IngestProtocol.decode`."""
        key = request.idempotency_key
        limits = self._limits
        from mothership.edge.loki_push_encodings import PushReader  # noqa: PLC0415 - most have none, and it is large

        read = PushReader(limits, self._tenant(request))
        is_lenient = False
        if request.is_json:
            check_containers(body, limits.containers)
            content, is_lenient = lenient_json.read(body)
            decoded = read.json(content)
        else:
            # Packed once more, as by a proxy.
            is_packed = self.encoding(request) != SNAPPY_BLOCK
            decoded = read.protobuf(decompressed(body, SNAPPY_BLOCK, limits) if is_packed else body)
        return self._repeats.build(
            self._builder, decoded, request, key, input_name=self.name, body_bytes=len(body), needs_repair=is_lenient
        )

    def answer(self, request: IngestRequest, batch: Batch, receipt: Receipt, seconds: float) -> IngestResponse:  # noqa: ARG002 - as `IngestProtocol`
        """As Loki does."""
        if not batch.rejected:
            return IngestResponse(204)
        text = f"{len(batch.rejected)} lines were rejected, the others are kept: {explained(batch)}\n"
        return IngestResponse(400, text.encode(), [(b"content-type", TEXT)])

    def refuse(self, request: IngestRequest, refusal: Refusal) -> IngestResponse:  # noqa: ARG002 - as `IngestProtocol`
        """In a line of text, as Loki does. A fault of ours is passing."""
        refusal = as_passing(refusal)
        headers = [(b"content-type", TEXT), *retry_after(refusal)]
        return IngestResponse(refusal.status, f"{refusal.reason}\n".encode(), headers)

    def _tenant(self, request: IngestRequest) -> dict[str, str]:
        named = request.header(TENANT_HEADER) if self._tenant_field else None
        # Never cut before redaction: of half a token no rule knows that it was one.
        return {self._tenant_field: named} if named and len(named) <= TENANT_CHARACTERS else {}
