"""POST /ingest: body → `Batch` → whoever keeps it → the answer that lets the node delete its copy, or not."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import orjson
import structlog
from fastapi import APIRouter, Request
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from mothership.edge.admission import Admission, Visit
from mothership.edge.attempts import Attempts
from mothership.edge.auth import ANONYMOUS, Caller
from mothership.edge.inflate import ENCODINGS, Body
from mothership.edge.labels import BoundedLabels
from mothership.edge.limits import LimitSettings
from mothership.edge.openapi import INGEST, INGEST_ANSWERS
from mothership.edge.request_id import request_id
from mothership.edge.wire import Wire
from mothership.errors import Refusal, Unsafe
from mothership.event import Batch, Receipt, Tally, is_nil
from mothership.ports import Clock
from mothership.telemetry import client_events, events_rejected, ingestion_events, ingestion_requests, log

Accept: TypeAlias = Callable[[Batch], Awaitable[tuple[Batch, Receipt]]]
"""Runs a batch through the pipeline and keeps it. What was rejected on the way is in the batch it returns."""

ERRORS_SHOWN = 100
"""Most rejections that an answer lists; `rejected` counts them all."""
KEY_CHARACTERS = 256
OWN_THREAD_BYTES = 1024 * 1024
"""From this size on a body is decoded in a thread, so that other requests do not wait for it."""
CLOSED_REQUEST = 499
CONSTANT_SOURCE = "edgebot"
"""The envelope's `source` of every EdgeBot."""
CLIENT_LABELS = 200
"""Most callers that the metrics tell apart."""


def router(
    accept: Accept,
    *,
    wire: Wire,
    limits: LimitSettings,
    sinks: Sequence[str] = (),
    clock: Clock = time.time,
    stopwatch: Clock = time.perf_counter,
) -> APIRouter:
    """The route. `sinks` names those that an answer speaks of even when there was nothing to keep."""
    admission = Admission(limits)
    attempts = Attempts(refused_max=limits.refused_batches)
    labels = BoundedLabels(CLIENT_LABELS)
    nothing = Receipt({name: Tally(0, 0, 0) for name in sinks}, duplicate=False)
    routes = APIRouter()
    one_at_a_time = asyncio.Lock()  # what large bodies become needs more memory than they do

    async def take(request: Request, visit: Visit, identity: str) -> Response:
        body = await _receive(request, visit, limits)
        visit.begin()
        start = stopwatch()
        caller: Caller = request.scope.get("caller", ANONYMOUS)

        def read() -> Batch:
            return wire.read(
                body,
                client=caller.name,
                request_id=identity,
                received=int(clock() * 1_000_000),
                idempotency_key=_idempotency_key(request),
            )

        if len(body) < OWN_THREAD_BYTES:
            batch = read()
        else:
            async with one_at_a_time:
                batch = await asyncio.to_thread(read)
        _count_rejected("wire", batch)
        _stamp(batch, caller, request.scope.get("client_field", ""))
        batch.source = _source(batch.source, caller, request.scope.get("source_address", ""))
        known = len(batch.rejected)
        receipt = nothing
        if batch.events:
            async with attempts.attempt(batch):
                batch, receipt = await accept(batch)
            _count_rejected("pipeline", batch, known)
        log.info(
            "batch_taken",
            events=len(batch.indices),
            rejected=len(batch.rejected),
            duplicate=receipt.duplicate,
            body_bytes=len(body),
            seconds=round(stopwatch() - start, 4),
        )
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
        with structlog.contextvars.bound_contextvars(request_id=identity):
            try:
                with admission.visit() as visit:
                    return await take(request, visit, identity)
            except Refusal as refusal:
                return _refused(refusal.status, refusal.reason, refusal.retry_after_seconds, identity)
            except Unsafe as unsafe:
                return _refused(503, unsafe.reason, unsafe.retry_after_seconds, identity)
            except ClientDisconnect:
                return _refused(CLOSED_REQUEST, "the connection closed inside the body", None, identity)
            except Exception:  # noqa: BLE001  # whatever it is, the node must keep its copy, and learn nothing
                log.exception("ingest_failed")
                return _refused(500, "internal error: nothing was taken; the service's log says more", None, identity)

    return routes


async def _receive(request: Request, visit: Visit, limits: LimitSettings) -> bytes:
    """The body, decompressed, within bounds of size and time."""
    headers = request.headers
    _check_content_type(headers)
    body = Body(",".join(headers.getlist("content-encoding")), limits)
    if (length := headers.get("content-length", "")).isdigit() and int(length[:20]) > limits.body_bytes:
        raise Refusal(413, f"the body is larger than {limits.body_bytes} bytes (limits.body_bytes)")
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for chunk in request.stream():
                body.feed(chunk)
                visit.hold(body.held_bytes)
    except TimeoutError:
        raise Refusal(
            408, f"the body took longer than {limits.body_seconds:g} seconds to arrive (limits.body_seconds)"
        ) from None
    return body.finish()


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


def _stamp(batch: Batch, caller: Caller, field: str) -> None:
    """Say on each event who brought it. Whatever a node wrote there itself is no proof, and is replaced."""
    if field and caller is not ANONYMOUS:
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
    if count := len(batch.rejected) - known:
        events_rejected.labels(stage=stage).inc(count)
        log.warning("events_rejected", stage=stage, client=batch.client, count=count)


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


def _refused(status: int, reason: str, retry_after_seconds: float | None, identity: str) -> Response:
    kind = "unavailable" if status in (429, 503) else "error" if status >= 500 else "refused"  # noqa: PLR2004
    ingestion_requests.labels(status=kind).inc()
    log.warning("ingest_refused", status=status, reason=reason)
    response = _response(status, orjson.dumps({"status": kind, "reason": reason, "request_id": identity}), identity)
    if retry_after_seconds is not None:
        response.headers["retry-after"] = str(max(1, math.ceil(retry_after_seconds)))
    if status == 415:  # noqa: PLR2004
        response.headers["accept-encoding"] = ENCODINGS
    if status in (408, 413):
        response.headers["connection"] = "close"
    return response


def _response(status: int, content: bytes, identity: str) -> Response:
    return Response(content, status, {"x-request-id": identity}, "application/json")
