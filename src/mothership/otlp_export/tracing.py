"""Traces of batches: batch ─▶ edge, pipeline, spool, and for each sink courier ─▶ sink.

A span has times, counts, names of sinks and types of errors. It never has anything that a sender wrote.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from cachetools import FIFOCache
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from mothership.event import Batch, Receipt, RowBatch
from mothership.ports import Sink

Accept: TypeAlias = Callable[[Batch], Awaitable[tuple[Batch, Receipt]]]
Run: TypeAlias = Callable[[Batch], Awaitable[RowBatch]]
Keep: TypeAlias = Callable[..., Awaitable[Receipt]]

BATCHES_KNOWN = 10_000
"""Most batches whose trace is remembered until they are stored; those of an older one end with the spool."""


class _Kept(NamedTuple):
    """A batch on its way to the sinks: its trace, and since when it waits."""

    context: trace.SpanContext
    since: int


class Tracing:
    """Puts spans around the steps of a batch. Where it is not there, the steps are called as they are."""

    def __init__(self, provider: TracerProvider, *, clock: Callable[[], int] = time.time_ns) -> None:
        self._tracer = provider.get_tracer("mothership")
        self._clock = clock
        self._kept: FIFOCache[bytes, _Kept] = FIFOCache(BATCHES_KNOWN)

    def batch(self, accept: Accept) -> Accept:
        """The whole way of a request, from its receipt to its answer; what came before the pipeline is the edge's."""

        async def traced(batch: Batch) -> tuple[Batch, Receipt]:
            start = batch.received * 1000
            about: dict[str, AttributeValue] = {
                "mothership.input": batch.input,
                "mothership.request_id": batch.request_id,
                "mothership.events": len(batch.events),
                "mothership.body_bytes": batch.body_bytes,
            }
            with self._span("batch", start_time=start, attributes=about) as span:
                self._tracer.start_span("edge", start_time=start).end(self._clock())
                try:
                    batch, receipt = await accept(batch)
                except BaseException as error:
                    _failed(span, error)
                    raise
                if span.is_recording():
                    span.set_attribute("mothership.rejected", len(batch.rejected))
                    span.set_attribute("mothership.duplicate", receipt.duplicate)
                return batch, receipt

        return traced

    def pipeline(self, run: Run) -> Run:
        """Redaction, enrichment, encoding."""

        async def traced(batch: Batch) -> RowBatch:
            with self._span("pipeline") as span:
                try:
                    rows = await run(batch)
                except BaseException as error:
                    _failed(span, error)
                    raise
                if span.is_recording():
                    span.set_attribute("mothership.rows", len(rows.rows))
                    span.set_attribute("mothership.redactions", sum(batch.redactions.values()))
                return rows

        return traced

    def spool(self, keep: Keep) -> Keep:
        """On disk, and the wait for the sinks that an answer may wait for."""

        async def traced(batch: RowBatch, **options: Any) -> Receipt:
            context = trace.get_current_span().get_span_context()
            with self._span("spool", attributes={"mothership.rows": len(batch.rows)}) as span:
                if context.trace_flags.sampled:
                    self._kept[batch.fingerprint] = _Kept(context, self._clock())
                try:
                    return await keep(batch, **options)
                except BaseException as error:
                    _failed(span, error)
                    raise

        return traced

    def sink(self, sink: Sink) -> Sink:
        """The same sink, whose writes are spans of the batches in them."""
        return _TracedSink(sink, self)

    def written(self, sink: str, batches: Sequence[RowBatch], start: int, error: BaseException | None) -> None:
        """A write ended: a span of the sink, in one of its courier, for each batch whose trace is known."""
        end = self._clock()
        about: dict[str, AttributeValue] = {
            "mothership.sink": sink,
            "mothership.batches": len(batches),
            "mothership.rows": sum(len(batch.rows) for batch in batches),
        }
        for batch in batches:
            kept = self._kept.get(batch.half_of[0] if batch.half_of else batch.fingerprint)
            if kept is None:
                continue
            within = trace.set_span_in_context(trace.NonRecordingSpan(kept.context))
            courier = self._tracer.start_span(
                "courier", within, start_time=kept.since, attributes={"mothership.sink": sink}
            )
            write = self._tracer.start_span(
                "sink", trace.set_span_in_context(courier), start_time=start, attributes=about
            )
            if error is not None:
                _failed(write, error)
            write.end(end)
            courier.end(end)

    def now(self) -> int:
        """In nanoseconds since the Unix epoch."""
        return self._clock()

    def _span(self, name: str, **options: Any) -> Any:
        """A span that records no exception: its message may hold a value."""
        return self._tracer.start_as_current_span(
            name, record_exception=False, set_status_on_exception=False, **options
        )


class _TracedSink:
    """A sink as it is, but for its writes."""

    def __init__(self, sink: Sink, tracing: Tracing) -> None:
        self._sink, self._tracing = sink, tracing
        self.name = sink.name
        self.open, self.health, self.close = sink.open, sink.health, sink.close

    async def write(self, batches: Sequence[RowBatch]) -> frozenset[int]:
        """As the sink's own."""
        start = self._tracing.now()
        try:
            before = await self._sink.write(batches)
        except BaseException as error:
            self._tracing.written(self.name, batches, start, error)
            raise
        self._tracing.written(self.name, batches, start, None)
        return before

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sink, name)


def _failed(span: Span, error: BaseException) -> None:
    """By its type alone."""
    span.set_status(Status(StatusCode.ERROR, type(error).__name__))
