"""What the OpenAPI document says of /ingest, although no model runs on its way."""

from collections.abc import Container
from typing import Any

_EXAMPLE = {
    "messages": [
        {
            "type": "syslog",
            "timestamp": "2025-01-01T00:00:00Z",
            "message": "User login successful",
            "source": "web01",
            "severity": "info",
        }
    ]
}
_EVENT = {
    "title": "Event",
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"type": "string", "minLength": 1, "description": "Up to 256 characters stand in the column."},
        "timestamp": {"description": "The event's own time: ISO 8601, or seconds since 1970."},
        "source": {"description": "Where it comes from."},
        "message": {"description": "The text."},
        "severity": {"description": "A word such as `info`, or a number."},
    },
    "additionalProperties": True,
}
_BODY = {
    "type": "object",
    "required": ["messages"],
    "properties": {
        "messages": {
            "type": "array",
            "description": "The events.",
            "items": {
                "anyOf": [
                    _EVENT,
                    {"title": "Anything else", "description": "Reported in `errors`; it costs none of the others."},
                ]
            },
        },
        "source": {"description": "For events that name no source of their own."},
    },
    "additionalProperties": True,
}
_COUNT = {"type": "integer", "minimum": 0}
_TALLY = {
    "type": "object",
    "required": ["written", "queued", "errors"],
    "properties": {"written": _COUNT, "queued": _COUNT, "errors": _COUNT},
}
_ANSWER = {
    "type": "object",
    "required": [
        "status",
        "processed_events",
        "processing_time",
        "sink_results",
        "duplicate",
        "rejected",
        "errors",
        "request_id",
    ],
    "properties": {
        "status": {"enum": ["success", "partial"]},
        "processed_events": _COUNT,
        "processing_time": {"type": "number", "description": "Seconds from the whole body to the answer."},
        "sink_results": {"type": "object", "additionalProperties": _TALLY},
        "duplicate": {
            "type": "boolean",
            "description": "Known as taken before, by its key or as a retry; nothing was added.",
        },
        "rejected": _COUNT,
        "errors": {
            "type": "array",
            "description": "Where and why, for the first 100 rejected events; never a value.",
            "items": {
                "type": "object",
                "required": ["index", "reason"],
                "properties": {"index": _COUNT, "reason": {"type": "string"}},
            },
        },
        "request_id": {"type": "string"},
    },
}
_ANSWER_EXAMPLE = {
    "status": "success",
    "processed_events": 1,
    "processing_time": 0.045,
    "sink_results": {
        "tsdb": {"written": 1, "queued": 0, "errors": 0},
        "loki": {"written": 0, "queued": 1, "errors": 0},
    },
    "duplicate": False,
    "rejected": 0,
    "errors": [],
    "request_id": "6f1c2d0c5d3e4f0f9b1d2c3a4b5e6f70",
}
_REFUSAL = {
    "type": "object",
    "required": ["status", "reason", "request_id"],
    "properties": {
        "status": {"enum": ["refused", "unavailable", "error"]},
        "reason": {"type": "string"},
        "request_id": {"type": "string"},
    },
}
_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds to wait.", "required": True, "schema": {"type": "integer", "minimum": 1}}
}
_REQUEST_ID = {"X-Request-ID": {"description": "Name of this request.", "schema": {"type": "string"}}}


def refusal(description: str, *, retry: bool = False) -> dict[str, Any]:
    """One documented refusal."""
    headers = {**_REQUEST_ID, **(_RETRY_AFTER if retry else {})}
    return {"description": description, "headers": headers, "content": {"application/json": {"schema": _REFUSAL}}}


def require_credentials(document: dict[str, Any], open_paths: Container[str], *, certificates: bool) -> None:
    """Say in an OpenAPI document which operations need credentials, and what there is without them."""
    schemes: dict[str, Any] = {"token": {"type": "http", "scheme": "bearer"}}
    if certificates:
        schemes["certificate"] = {"type": "mutualTLS"}
    document.setdefault("components", {})["securitySchemes"] = schemes
    operations = [
        operation for path, item in document["paths"].items() if path not in open_paths for operation in item.values()
    ]
    for operation in operations:
        operation["security"] = [{name: []} for name in schemes]
        for status, answer in _UNWELCOME.items():
            operation["responses"].setdefault(status, answer)


_UNWELCOME = {
    "401": refusal("No valid credentials."),
    "403": refusal("The credentials lack the scope for this."),
    "429": refusal("Too many requests a second, or failed logins a minute.", retry=True),
}
INGEST_OPERATION: dict[str, Any] = {
    "summary": "Take a batch of events",
    "operationId": "ingest_ingest_post",
    "requestBody": {
        "required": True,
        "description": "Plain, or with Content-Encoding gzip, zstd or deflate.",
        "content": {"application/json": {"schema": _BODY, "example": _EXAMPLE}},
    },
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "Names the batch: two requests of one caller with one key are one batch. Without it, "
            "`is_retry: true` says that the same messages were sent before; anything else is a new batch.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 256},
        },
        {
            "name": "parse",
            "in": "query",
            "required": False,
            "description": "Whether lines are read for their time, host, program and severity; without it, as "
            "`pipeline.processors.parse` says.",
            "schema": {"type": "string", "enum": ["true", "false"]},
        },
        {
            "name": "X-Request-ID",
            "in": "header",
            "required": False,
            "description": "Name of this request for logs: letters, digits, `.`, `_`, `-`; anything else is replaced.",
            "schema": {"type": "string"},
        },
    ],
    "responses": {
        "200": {
            "description": "Every accepted event is safe: written, queued on disk, or set aside with its reason.",
            "headers": _REQUEST_ID,
            "content": {"application/json": {"schema": _ANSWER, "example": _ANSWER_EXAMPLE}},
        },
        "400": refusal("The body can't be decoded, or holds no list `messages`."),
        "403": refusal("Not for this caller: the reason says why."),
        "413": refusal("Too many bytes or events."),
        "415": refusal("Another Content-Type than JSON, or an unknown or double Content-Encoding."),
        "429": refusal("Too fast: send the same batch again later.", retry=True),
        "500": refusal("Internal error; nothing was accepted."),
        "503": refusal(
            "The batch can't be made safe now, or took too long to arrive: send it again later.", retry=True
        ),
    },
}
