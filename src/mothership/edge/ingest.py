"""From a request's first byte to its answer: receive → decode → accept → answer.

receive   what may enter, its turn, the body whole and decompressed     here, by `admission` and `decompression`
decode    bytes → `Batch`                                               the protocol's
accept    pipeline and relay: `Batch` → `Receipt`                       here, by what the application gives
answer    `Receipt` → what lets the client delete its copy, or not      the protocol's
"""

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import TypeAlias

from starlette.types import Receive, Scope, Send

from mothership.batch_log import BatchLog
from mothership.buffered_metrics import Counts, Shows, counted_in_loop, set_in_loop
from mothership.edge.admission import AdmissionControl, Received
from mothership.edge.caller import ANONYMOUS, Caller
from mothership.edge.decompression import RequestBody
from mothership.edge.ingest_protocol import NO_CONTENT, IngestProtocol, IngestRequest, IngestResponse, is_complete
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.metric_labels import BoundedLabels
from mothership.edge.refused_batches import RefusedBatches
from mothership.errors import NotPersisted, Refusal
from mothership.event import Batch, Receipt, Tally, is_nil
from mothership.fairness import Holder, WaitBudget
from mothership.log_limiter import LogLimiter
from mothership.ports import Clock
from mothership.telemetry import (
    client_events,
    client_last_event,
    events_rejected,
    ingestion_events,
    ingestion_requests,
    input_events,
    input_rejected,
    input_requests,
)

Accept: TypeAlias = Callable[[Batch], Awaitable[tuple[Batch, Receipt]]]
"""Runs a batch through the pipeline and keeps it. What was rejected on the way is in the batch it returns."""

SetAside: TypeAlias = Callable[[Batch], Awaitable[None]]
"""Keeps what is left of a batch's rejected events, if it has any, for the operator, redacted."""

CLOSED_REQUEST = 499
CONSTANT_SOURCE = "edgebot"
"""The envelope's `source` of every EdgeBot."""
REASON_LABELS = 64
"""Most reasons of rejections that the metrics tell apart."""
OUTCOMES = ("success", "partial", "unavailable", "error", "refused")
AGENT_CHARACTERS = 100
CLIENT_LABELS = 200
"""Most callers that the metrics tell apart."""


class _ClientDisconnect(Exception):
    """The connection closed inside the body."""


async def _nothing_left(_batch: Batch) -> None:
    """For a service without dead letters."""


class Ingest:
    """The ASGI application of every path that takes events. It stands behind `AccessMiddleware`."""

    def __init__(
        self,
        accept: Accept,
        protocols: Sequence[IngestProtocol],
        *,
        limits: LimitSettings,
        batch_log: BatchLog,
        sinks: Sequence[str] = (),
        set_aside: SetAside = _nothing_left,
        wait_seconds_max: float = 1.0,
        answered: Callable[[float], None] = lambda _seconds: None,
        clock: Clock = time.time,
        stopwatch: Clock = time.perf_counter,
    ) -> None:
        """`sinks` names those that an answer speaks of even when there was nothing to keep.

        `set_aside` is given every batch, for what was rejected of it. `wait_seconds_max` is how long a batch waits for
        room before it is refused, over everything that it waits for. `answered` is told how long each took.
        """
        self._accept = accept
        self._batch_log = batch_log
        self._set_aside = set_aside
        self._wait_seconds_max = wait_seconds_max
        self._answered = answered
        self._clock = clock
        self._stopwatch = stopwatch
        self.use(protocols, limits)
        self._retries = RefusedBatches(refused_max=limits.refused_batches)
        self._client_labels = BoundedLabels(CLIENT_LABELS)
        self._client_events: dict[str, tuple[Counts, Shows]] = {}
        names = {protocol.name for protocol in protocols}
        self._input_events = {name: counted_in_loop(input_events.labels(name)) for name in names}
        self._input_rejected = {name: input_rejected.labels(name) for name in names}
        self._input_requests = {
            (name, outcome): counted_in_loop(input_requests.labels(name, outcome))
            for name in names
            for outcome in OUTCOMES
        }
        self._nothing = Receipt({name: Tally(0, 0, 0) for name in sinks}, duplicate=False)

    def use(self, protocols: Sequence[IngestProtocol], limits: LimitSettings) -> None:
        """Take requests by these from now on. Those at work end as they began."""
        self.protocols = {protocol.path: protocol for protocol in protocols}
        if getattr(self, "_limits", None) != limits:
            self._admission = AdmissionControl(limits)
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = IngestRequest.of(scope, received=int(self._clock() * 1_000_000))
        response = await self.respond(request, self.protocols[scope["path"]], receive)
        if respond := scope.get("respond"):
            await respond(response)
            return
        headers = [*response.headers, (b"x-request-id", request.id.encode())]
        if response.status != NO_CONTENT:
            headers.append((b"content-length", b"%d" % len(response.body)))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})

    async def respond(self, request: IngestRequest, protocol: IngestProtocol, receive: Receive) -> IngestResponse:
        """The whole way of a request. Whatever happens, the client learns whether it must keep its copy."""
        try:
            parse = request.parse
            budget = WaitBudget(self._wait_seconds_max - request.waited_seconds)
            with await self.receive(request, protocol, receive, budget) as received:
                batch = await self.decode(request, protocol, received)
                batch.parse = parse
                batch.waited_seconds = self._wait_seconds_max - budget.left_seconds
                batch.unread_seconds = request.unread_seconds()
                batch, receipt = await self.accept(batch)
                return self.answer(request, protocol, batch, receipt)
        except Refusal as error:
            refusal = error
        except NotPersisted as failure:
            refusal = Refusal(503, failure.reason, retry_after_seconds=failure.retry_after_seconds)
        except _ClientDisconnect:
            refusal = Refusal(CLOSED_REQUEST, "the connection closed inside the body")
        except Exception as error:  # noqa: BLE001 - whatever it is, the node must keep its copy, and learn nothing
            who = Holder(request.caller.name, request.address)
            _log_failed(who, type(error).__name__, exc_info=error)
            refusal = Refusal(500, "internal error: nothing was taken; the service's log says more")
        return self.refuse(request, protocol, refusal)

    async def receive(
        self, request: IngestRequest, protocol: IngestProtocol, receive: Receive, budget: WaitBudget
    ) -> Received:
        """Return the body with what it holds. Raises `Refusal`, before it is read when the headers say enough."""
        protocol.check(request)
        body = RequestBody(protocol.encoding(request), self._limits)
        length = request.header(b"content-length") or ""
        if length.isdigit() and int(length[:20]) > self._limits.body_bytes:
            raise Refusal(413, f"the body is larger than {self._limits.body_bytes} bytes (limits.body_bytes)")
        who = Holder(request.caller.name, request.address)
        whole = request.whole_body() if request.whole_body else None
        if whole is None:
            first = await self._admission.first_chunk(self._next_chunk(request, receive))
        else:
            first, request.whole_at = (whole, False), self._stopwatch()
        chunk, more = first
        if not more:
            body.feed(chunk)
            body.end()
            return self._admission.try_receive(body, who) or await self._admission.receive_whole(body, who, budget)
        return await self._admission.receive(self._chunks(first, request, receive), body, who, budget)

    async def decode(self, request: IngestRequest, protocol: IngestProtocol, received: Received) -> Batch:
        """Return what the protocol makes of the body, with the caller's name on it."""
        batch = await received.decode(partial(protocol.decode, request=request))
        batch.address = request.address
        batch.agent = (request.header(b"user-agent") or "")[:AGENT_CHARACTERS]
        _count_rejected("decode", batch)
        _stamp(batch, request.caller, request.client_field)
        batch.source = _source(batch.source, request.caller, request.source_address)
        return batch

    async def accept(self, batch: Batch) -> tuple[Batch, Receipt]:
        """Return once every event is safe or set aside. Raises `Refusal` or `NotPersisted` when nothing was taken."""
        known = len(batch.rejected)
        receipt = self._nothing
        if batch.events:
            async with self._retries.track(batch):
                batch, receipt = await self._accept(batch)
            _count_rejected("pipeline", batch, known)
        await self._set_aside(batch)
        return batch, receipt

    def answer(
        self, request: IngestRequest, protocol: IngestProtocol, batch: Batch, receipt: Receipt
    ) -> IngestResponse:
        """Count it, and let the client delete its copy."""
        seconds = self._stopwatch() - request.whole_at
        self._batch_log.add(batch, receipt, seconds)
        self._answered(seconds)
        taken = 0 if receipt.duplicate else len(batch.indices)
        _taken.inc(taken)
        self._count_for(request.caller.name, taken)
        is_whole = is_complete(batch, receipt)
        (_succeeded if is_whole else _succeeded_in_part).inc()
        self._input_requests[protocol.name, "success" if is_whole else "partial"].inc()
        self._input_events[protocol.name].inc(taken)
        if batch.rejected:
            self._input_rejected[protocol.name].inc(len(batch.rejected))
        return protocol.answer(request, batch, receipt, seconds)

    def refuse(self, request: IngestRequest, protocol: IngestProtocol, refusal: Refusal) -> IngestResponse:
        """Count it, and say why."""
        status = refusal.status
        kind = "unavailable" if status in (429, 503) else "error" if status >= 500 else "refused"  # noqa: PLR2004 - a status of HTTP
        ingestion_requests.labels(status=kind).inc()
        self._input_requests[protocol.name, kind].inc()
        who = Holder(request.caller.name, request.address)
        _log_refused(who, (status, refusal.reason), status=status, reason=refusal.reason)
        return protocol.refuse(request, refusal)

    def _count_for(self, caller: str, events: int) -> None:
        found = self._client_events.get(caller)
        if found is None:
            label = self._client_labels(caller)
            found = (
                counted_in_loop(client_events.labels(client=label)),
                set_in_loop(client_last_event.labels(client=label)),
            )
            if len(self._client_events) < CLIENT_LABELS:
                self._client_events[caller] = found
        counter, last = found
        counter.inc(events)
        if events:
            last.set(self._clock())

    async def _next_chunk(self, request: IngestRequest, receive: Receive) -> tuple[bytes, bool]:
        """The next piece of the body, and whether more comes."""
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientDisconnect
        more = message.get("more_body", False)
        if not more:
            request.whole_at = self._stopwatch()
        return message.get("body", b""), more

    async def _chunks(
        self, first: tuple[bytes, bool], request: IngestRequest, receive: Receive
    ) -> AsyncIterator[bytes]:
        """The body as it comes."""
        chunk, more = first
        while True:
            if chunk:
                yield chunk
            if not more:
                return
            chunk, more = await self._next_chunk(request, receive)


def _stamp(batch: Batch, caller: Caller, field: str) -> None:
    """Say on each event who brought it. Whatever a node wrote there itself is no proof, and is replaced.

    Without a field nobody has a name here, and what a node wrote stays.
    """
    if field:
        for event in batch.events:
            event[field] = caller.name


def _source(given: str, caller: Caller, address: str) -> str:
    """What names events without a source of their own: the envelope's word is the same on every node."""
    if given.strip().lower() != CONSTANT_SOURCE and not is_nil(given):
        return given
    if caller.name != ANONYMOUS.name:
        return caller.name
    return given if is_nil(address) else address


def _count_rejected(stage: str, batch: Batch, known: int = 0) -> None:
    if len(batch.rejected) == known:
        return
    reasons: dict[str, list[int]] = {}
    for rejection in batch.rejected[known:]:
        reasons.setdefault(rejection.reason, []).append(rejection.index)
    for reason, indices in reasons.items():
        events_rejected.labels(stage=stage, reason=_reason_labels(_FIELD.sub("a field", reason))).inc(len(indices))
        _log_rejected(
            Holder(batch.client, batch.address),
            (stage, reason),
            stage=stage,
            client=batch.client,
            reason=reason,
            events=len(indices),
            index=indices[0],
        )


_succeeded = counted_in_loop(ingestion_requests.labels(status="success"))
_succeeded_in_part = counted_in_loop(ingestion_requests.labels(status="partial"))
_taken = counted_in_loop(ingestion_events)
_log_refused = LogLimiter("warning", "ingest_refused")
_log_rejected = LogLimiter("warning", "events_rejected")
_log_failed = LogLimiter("error", "ingest_failed")
_reason_labels = BoundedLabels(REASON_LABELS)
_FIELD = re.compile(r"field `[^`]*`")
