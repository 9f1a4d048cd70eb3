"""POST /ingest: body → `Batch` → whoever keeps it → the answer that lets the node delete its copy, or not."""

import math
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import orjson
import structlog
from fastapi import APIRouter, Request
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from mothership.batch_log import BatchLog
from mothership.edge.addresses import UNKNOWN, rate_limit_key
from mothership.edge.admission import AdmissionControl
from mothership.edge.auth import ANONYMOUS, Caller
from mothership.edge.batch_decoder import BatchDecoder
from mothership.edge.decompression import ENCODINGS, RequestBody
from mothership.edge.labels import BoundedLabels
from mothership.edge.limits import LimitSettings
from mothership.edge.openapi import INGEST, INGEST_ANSWERS
from mothership.edge.request_id import request_id
from mothership.edge.retry_tracker import RetryTracker
from mothership.errors import Refusal, Unsafe
from mothership.event import Batch, Receipt, Tally, is_nil
from mothership.fairness import Holder, WaitBudget
from mothership.log_limiter import LogLimiter
from mothership.ports import Clock
from mothership.telemetry import client_events, events_rejected, ingestion_events, ingestion_requests, log

Accept: TypeAlias = Callable[[Batch], Awaitable[tuple[Batch, Receipt]]]
"""Runs a batch through the pipeline and keeps it. What was rejected on the way is in the batch it returns."""

SetAside: TypeAlias = Callable[[Batch], Awaitable[None]]
"""Keeps what is left of a batch's rejected events, if it has any, for the operator, redacted."""

ERRORS_SHOWN = 100
"""Most rejections that an answer lists; `rejected` counts them all."""
KEY_CHARACTERS = 256
CLOSED_REQUEST = 499
CONSTANT_SOURCE = "edgebot"
"""The envelope's `source` of every EdgeBot."""
REASON_LABELS = 64
"""Most reasons of rejections that the metrics tell apart."""
CLIENT_LABELS = 200
"""Most callers that the metrics tell apart."""


async def _nothing_left(_batch: Batch) -> None:
    """For a service without dead letters."""


def router(  # each is a part of what it joins
    accept: Accept,
    *,
    decoder: BatchDecoder,
    limits: LimitSettings,
    sinks: Sequence[str] = (),
    set_aside: SetAside = _nothing_left,
    batch_log: BatchLog,
    wait_seconds_max: float = 1.0,
    clock: Clock = time.time,
    stopwatch: Clock = time.perf_counter,
) -> APIRouter:
    """The route. `sinks` names those that an answer speaks of even when there was nothing to keep.

    `set_aside` is given every batch, for what was rejected of it.

    `wait_seconds_max` is how long a batch waits for room before it is refused, over everything that it waits for.
    """
    admission = AdmissionControl(limits)
    retries = RetryTracker(refused_max=limits.refused_batches)
    labels = BoundedLabels(CLIENT_LABELS)
    nothing = Receipt({name: Tally(0, 0, 0) for name in sinks}, duplicate=False)
    routes = APIRouter()

    async def take(request: Request, identity: str) -> Response:
        caller: Caller = request.scope.get("caller", ANONYMOUS)
        who = Holder(caller.name, rate_limit_key(request.client.host if request.client else UNKNOWN))
        budget = WaitBudget(wait_seconds_max - request.scope.get("waited_seconds", 0.0))
        chunks = _Chunks(request, stopwatch)
        parse = _parse(request)

        def read(body: bytes) -> Batch:
            return decoder.read(
                body,
                client=caller.name,
                request_id=identity,
                received=int(clock() * 1_000_000),
                idempotency_key=_idempotency_key(request),
            )

        at_work, batch = await admission.take(chunks, _body(request.headers, limits), who, budget, read)
        with at_work:
            batch.address = who.address
            batch.parse = parse
            batch.waited_seconds = wait_seconds_max - budget.left_seconds
            return await keep(batch, request, identity, chunks.whole_at)

    async def keep(batch: Batch, request: Request, identity: str, start: float) -> Response:
        caller: Caller = request.scope.get("caller", ANONYMOUS)
        _count_rejected("decode", batch)
        _stamp(batch, caller, request.scope.get("client_field", ""))
        batch.source = _source(batch.source, caller, request.scope.get("source_address", ""))
        known = len(batch.rejected)
        receipt = nothing
        if batch.events:
            async with retries.track(batch):
                batch, receipt = await accept(batch)
            _count_rejected("pipeline", batch, known)
        await set_aside(batch)
        batch_log.add(batch, receipt, stopwatch() - start)
        taken = 0 if receipt.duplicate else len(batch.indices)
        ingestion_events.inc(taken)
        client_events.labels(client=labels(caller.name)).inc(taken)
        return _answer(batch, receipt, identity, stopwatch() - start)

    @routes.post(
        "/ingest",
        summary="Take a batch of events",
        response_class=Response,
        responses=INGEST_ANSWERS,
        openapi_extra=INGEST,
    )
    async def ingest(request: Request) -> Response:
        identity = request.scope.get("request_id") or request_id(request.headers.get("x-request-id"))
        client = request.scope.get("caller", ANONYMOUS).name
        with structlog.contextvars.bound_contextvars(request_id=identity):
            try:
                return await take(request, identity)
            except Refusal as refusal:
                return _refused(refusal.status, refusal.reason, refusal.retry_after_seconds, identity, client)
            except Unsafe as unsafe:
                return _refused(503, unsafe.reason, unsafe.retry_after_seconds, identity, client)
            except ClientDisconnect:
                return _refused(CLOSED_REQUEST, "the connection closed inside the body", None, identity, client)
            except Exception:  # noqa: BLE001  # whatever it is, the node must keep its copy, and learn nothing
                log.exception("ingest_failed")
                return _refused(
                    500, "internal error: nothing was taken; the service's log says more", None, identity, client
                )

    return routes


class _Chunks:
    """A request's body as it comes, and when it was whole."""

    def __init__(self, request: Request, stopwatch: Clock) -> None:
        self.whole_at = 0.0
        self._request = request
        self._stopwatch = stopwatch

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._request.stream():
            yield chunk
        self.whole_at = self._stopwatch()


def _body(headers: Headers, limits: LimitSettings) -> RequestBody:
    """What the body is collected in. Raises `Refusal` when the headers say already that it can't be taken."""
    _check_content_type(headers)
    body = RequestBody(",".join(headers.getlist("content-encoding")), limits)
    if (length := headers.get("content-length", "")).isdigit() and int(length[:20]) > limits.body_bytes:
        raise Refusal(413, f"the body is larger than {limits.body_bytes} bytes (limits.body_bytes)")
    return body


def _check_content_type(headers: Headers) -> None:
    """Refuse what a web page may send across origins without asking, such as a form or plain text."""
    kind = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Refusal(415, "Content-Type must be application/json")


def _idempotency_key(request: Request) -> str | None:
    keys = request.headers.getlist("idempotency-key")
    key = ",".join(keys) if keys else None
    if key is not None and not 0 < len(key) <= KEY_CHARACTERS:
        raise Refusal(400, f"Idempotency-Key must have 1 to {KEY_CHARACTERS} characters")
    return key


def _parse(request: Request) -> bool | None:
    """Whether the client wants lines to be read, with `?parse=true` or `?parse=false`."""
    wanted = request.query_params.get("parse")
    if wanted not in (None, "true", "false"):
        raise Refusal(400, "the parameter `parse` must be true or false")
    return None if wanted is None else wanted == "true"


def _stamp(batch: Batch, caller: Caller, field: str) -> None:
    """Say on each event who brought it. Whatever a node wrote there itself is no proof, and is replaced.

    Without a field nobody has a name here, and what a node wrote stays.
    """
    if field:
        for event in batch.events:
            event[field] = caller.name


def _source(envelope: str, caller: Caller, address: str) -> str:
    """What names events without a source of their own: the envelope's word is the same on every node."""
    if envelope.strip().lower() != CONSTANT_SOURCE and not is_nil(envelope):
        return envelope
    if caller is not ANONYMOUS:
        return caller.name
    return envelope if is_nil(address) else address


def _count_rejected(stage: str, batch: Batch, known: int = 0) -> None:
    reasons: dict[str, list[int]] = {}
    for rejection in batch.rejected[known:]:
        reasons.setdefault(rejection.reason, []).append(rejection.index)
    for reason, indices in reasons.items():
        events_rejected.labels(stage=stage, reason=_reason_labels(_FIELD.sub("a field", reason))).inc(len(indices))
        _log_rejected(
            (batch.client, stage, reason),
            stage=stage,
            client=batch.client,
            reason=reason,
            events=len(indices),
            index=indices[0],
        )


def _answer(batch: Batch, receipt: Receipt, identity: str, seconds: float) -> Response:
    """Always a 2xx, even when every event was bad: after a 4xx a node drops the batch, after a 5xx it never would."""
    rejected = sorted(batch.rejected, key=lambda rejection: rejection.index)
    whole = not rejected and not any(tally.errors for tally in receipt.sinks.values())
    status = "success" if whole else "partial"
    ingestion_requests.labels(status=status).inc()
    answer: dict[str, Any] = {
        "status": status,
        "processed_events": len(batch.indices),
        "processing_time": round(seconds, 6),
        "sink_results": {name: tally._asdict() for name, tally in receipt.sinks.items()},
        "duplicate": receipt.duplicate,
        "rejected": len(rejected),
        "errors": [{"index": fault.index, "reason": fault.reason} for fault in rejected[:ERRORS_SHOWN]],
        "request_id": identity,
    }
    return _response(200, orjson.dumps(answer), identity)


_log_refused = LogLimiter("warning", "ingest_refused")
_log_rejected = LogLimiter("warning", "events_rejected")
_reason_labels = BoundedLabels(REASON_LABELS)
_FIELD = re.compile(r"field `[^`]*`")


def _refused(status: int, reason: str, retry_after_seconds: float | None, identity: str, client: str = "") -> Response:
    kind = "unavailable" if status in (429, 503) else "error" if status >= 500 else "refused"  # noqa: PLR2004
    ingestion_requests.labels(status=kind).inc()
    _log_refused((client, status, reason), status=status, reason=reason)
    response = _response(status, orjson.dumps({"status": kind, "reason": reason, "request_id": identity}), identity)
    if retry_after_seconds is not None:
        response.headers["retry-after"] = str(max(1, math.ceil(retry_after_seconds)))
    if status == 415:  # noqa: PLR2004
        response.headers["accept-encoding"] = ENCODINGS
    return response


def _response(status: int, content: bytes, identity: str) -> Response:
    return Response(content, status, {"x-request-id": identity}, "application/json")
