"""The processors in order, then the one step that may wait, then the rows; with their counts and times.

A processor that raises costs only the events it fails on: the chain runs it again on halves of the batch until each
failing event is alone, and rejects it. A processor may therefore see an event that it has handled already, and must
leave such an event as it is (`HashFields` knows its own pseudonyms, `MaskPatterns` its own masks).

Big batches are worked on in slices, and the event loop runs between two slices. A worker thread was measured against
it (`bench/pipeline.py --loop`): the two fight for the interpreter's lock, so a thread halves the throughput to give
the others their turn after 20 ms instead of 50. Batches take turns of some slices, by caller, then by address, and
among those first come, first served: were they worked on side by side, all would be through at the same late time, and
the sinks idle until then. A batch whose first turn would come too late is refused: so would its answer.

Where no enricher waits between, a slice is encoded as soon as it is processed, while the processor's caches still hold
it (an eighth of the service's time), and its events are let go: only their rows wait for the sinks.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from mothership import telemetry
from mothership.buffered_metrics import counted_in_loop, observed_in_loop
from mothership.errors import NoRoom, Refusal
from mothership.event import Batch, Event, Row, RowBatch
from mothership.fairness import FairLimiter, Holder, Slot, WaitBudget
from mothership.log_limiter import LogLimiter
from mothership.pipeline.enrichment.hypertable_chunk_budget import HypertableChunkBudget
from mothership.pipeline.enrichment.timestamps import TimestampNormalizer, TimestampSettings
from mothership.pipeline.event_trace import Tracer
from mothership.pipeline.gathering import Gathering
from mothership.pipeline.row_encoding import encode_rows
from mothership.ports import Enricher, Processor
from mothership.service_stats import ProcessorCounts
from mothership.telemetry import log

SLICE_EVENTS = 250
"""Most events worked on in one go; between two slices of a bigger batch the server answers others."""
SLICE_BYTES = 128 * 1024
"""About how much text they may hold: text that is all secrets takes a thousand times as long as ordinary lines."""
SLICE_SECONDS = 0.1
"""After a slice that took longer, those of the same batch are smaller."""
WAITING_MAX = 2**31
"""No bound of its own: whoever waits here is at work, and that is bounded at the edge."""
RETRY_AFTER_SECONDS = 1.0
TURN_SLICES = 4
"""Slices of one batch that are worked on before the next batch in line has its turn."""

_T = TypeVar("_T")
VERDICT_FIELD = "llm"
"""What only the enricher may set: a node's own field of that name would pass for a verdict, LLM on or off."""


class ProcessorStats:
    """One processor and what it has done."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.processed = 0
        self.errors = 0
        self._events = counted_in_loop(telemetry.processor_events.labels(name))
        self._errors = telemetry.processor_errors.labels(name)
        self._seconds = counted_in_loop(telemetry.processor_seconds.labels(name))

    def add(self, *, processed: int, errors: int, seconds: float) -> None:
        """Count one run."""
        self.processed += processed
        self._events.inc(processed)
        self._seconds.inc(seconds)
        if errors:
            self.errors += errors
            self._errors.inc(errors)


class Chain:
    """Takes a batch through every processor and makes rows of what is left."""

    def __init__(
        self,
        processors: Sequence[Processor],
        enricher: Enricher | None = None,
        *,
        timestamps: TimestampSettings | None = None,
        budget: HypertableChunkBudget | None = None,
        slice_events: int = SLICE_EVENTS,
        wait_seconds: float | None = None,
        stopwatch: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`wait_seconds`: how long a batch may wait for its first turn, less what it has waited; None: however long."""
        self._log_failed = LogLimiter("warning", "processor_failed")
        self._log_enricher_failed = LogLimiter("error", "enricher_failed")
        self._steps = [(processor, ProcessorStats(processor.name)) for processor in processors]
        self._enricher = enricher
        self._enricher_stats = ProcessorStats(enricher.name) if enricher else None
        self._slice_events = slice_events
        self._wait_seconds = wait_seconds
        self._processing, self._encoding = _turns(), _turns()
        self._gathering = Gathering()
        self._times = TimestampNormalizer(timestamps or TimestampSettings(), budget).times
        self._stopwatch = stopwatch
        self._tracer: Tracer | None = None
        self.total_events = 0
        self.successful_events = 0

    def use(
        self, processors: Sequence[Processor], *, timestamps: TimestampSettings, budget: HypertableChunkBudget | None
    ) -> None:
        """From the next slice on go through these. What those of the same name have counted so far goes on."""
        known = {stats.name: stats for _, stats in self._steps}
        self._steps = [(each, known.get(each.name) or ProcessorStats(each.name)) for each in processors]
        self._times = TimestampNormalizer(timestamps, budget).times

    @contextmanager
    def traced(self, tracer: Tracer) -> Iterator[None]:
        """Let this one see every event meanwhile. There is one at a time: raises `Refusal` (429) for another."""
        if self._tracer is not None:
            raise Refusal(429, "somebody else is sampling events just now: try again", retry_after_seconds=10)
        self._tracer = tracer
        try:
            yield
        finally:
            self._tracer = None

    @property
    def names(self) -> list[str]:
        """The steps in their order, by the specification's names."""
        return [stats.name for stats in self._all_stats()]

    async def run(self, batch: Batch) -> RowBatch:
        """Redact, enrich and encode a batch. Rejected events are in `batch.rejected`, the others in the rows, in order.

        Raises nothing that an event may cause, and `Refusal` before it begins when too many others are before it. The
        batch belongs to the chain until it returns, and has no events then.
        """
        started = self._stopwatch()
        entered = len(batch.events)
        rows: list[Row] = []

        def encode_part(part: Batch) -> None:
            rows.extend(encode_rows(part, self._times))
            part.events, part.times = [], []

        def process_and_encode(part: Batch) -> None:
            self._process(part)
            encode_part(part)

        if self._enricher:
            await self._sliced(batch, self._process, self._processing, self._wait_seconds)
            await self._enrich(batch)
            await self._sliced(batch, encode_part, self._encoding)
        else:
            await self._sliced(batch, process_and_encode, self._processing, self._wait_seconds)
        self.total_events += entered
        self.successful_events += len(rows)
        _kept.inc(len(rows))
        if entered > len(rows):
            _rejected.inc(entered - len(rows))
        _duration.observe(self._stopwatch() - started)
        return RowBatch(
            batch.fingerprint,
            batch.request_id,
            batch.received,
            rows,
            batch.client,
            batch.content,
            batch.address,
            batch.arrival,
            batch.arrived_at,
        )

    def counts(self) -> dict[str, ProcessorCounts]:
        """What each step has done in this worker, in their order."""
        return {stats.name: ProcessorCounts(stats.processed, stats.errors) for stats in self._all_stats()}

    def _all_stats(self) -> Iterator[ProcessorStats]:
        for _, stats in self._steps:
            yield stats
        if self._enricher_stats:
            yield self._enricher_stats

    async def _sliced(
        self, batch: Batch, work: Callable[[Batch], None], turns: FairLimiter, wait_seconds: float | None = None
    ) -> None:
        events = len(batch.events)
        size = min(self._slice_events, max(1, events * SLICE_BYTES // max(1, batch.body_bytes)))
        if events <= size:
            if self._gathering.takes(batch):
                await self._gathering.run(batch, work)
            else:
                work(batch)
            return
        parts: list[Batch] = []
        while batch.events:
            with await self._turn(turns, batch, None if parts else wait_seconds):
                for _ in range(TURN_SLICES):
                    if not batch.events:
                        break
                    part = _take_first(batch, size)
                    started = self._stopwatch()
                    work(part)
                    seconds = self._stopwatch() - started
                    if seconds > SLICE_SECONDS:
                        size = max(1, int(size * SLICE_SECONDS / seconds))
                    parts.append(part)
                    await asyncio.sleep(0)
        _join(batch, parts)

    @staticmethod
    async def _turn(turns: FairLimiter, batch: Batch, wait_seconds: float | None) -> Slot:
        turn = partial(turns.enter, Holder(batch.client, batch.address), 1, 0)
        if wait_seconds is None:
            return await turn(wait_seconds=None)
        budget = WaitBudget(wait_seconds - batch.waited_seconds)
        try:
            return await budget.spend(turn)
        except NoRoom:
            telemetry.load_refused.labels("pipeline").inc()
            reason = "more arrives than can be worked on in time (more workers or instances would help)"
            raise Refusal(503, reason, retry_after_seconds=RETRY_AFTER_SECONDS) from None
        finally:
            batch.waited_seconds = wait_seconds - budget.left_seconds

    def _process(self, batch: Batch) -> None:
        tracer, part = self._tracer, None
        if tracer is not None:
            part = self._watched(partial(tracer.begin, batch))
        began = self._stopwatch()
        for processor, stats in self._steps:
            began = self._step(processor, stats, batch, began)
            if part is not None:
                self._watched(partial(part.after, stats.name, batch))
                began = self._stopwatch()
        for event in batch.events:
            if VERDICT_FIELD in event:
                _rename(event, VERDICT_FIELD)
        if tracer is not None and part is not None:
            self._watched(partial(tracer.end, part, batch, waits=self._enricher is not None))

    def _watched(self, look: "Callable[[], _T]") -> "_T | None":
        """What is looked at costs no event: a fault ends the looking."""
        try:
            return look()
        except Exception as error:  # noqa: BLE001 - whatever it is
            log.error("trace_failed", exc_info=error)
            if self._tracer is not None:
                self._tracer.ended.set()
            return None

    def _step(self, processor: Processor, stats: ProcessorStats, batch: Batch, began: float) -> float:
        """Run one of them, that begins now; returns when it has ended."""
        events, failing = len(batch.events), 0
        try:
            processor(batch)
        except Exception as error:  # noqa: BLE001 - whatever a processor raises must cost no other event
            failing = _reject_failing(processor, batch)
            key, who = (stats.name, type(error).__name__), Holder(batch.client, batch.address)
            self._log_failed(who, key, processor=stats.name, events=failing, exc_info=error)
        ended = self._stopwatch()
        step = batch.steps.get(stats.name)
        if step is None:
            batch.steps[stats.name] = [events, ended - began]
        else:
            step[0] += events
            step[1] += ended - began
        stats.add(processed=events - failing, errors=failing, seconds=ended - began)
        return ended

    async def _enrich(self, batch: Batch) -> None:
        if not (self._enricher and self._enricher_stats):
            return
        started, errors = self._stopwatch(), 0
        try:
            await self._enricher(batch)
        except Exception as error:  # noqa: BLE001 - the optional never hurts the rest
            errors = len(batch.events)
            who = Holder(batch.client, batch.address)
            self._log_enricher_failed(who, None, enricher=self._enricher.name, events=errors, exc_info=error)
        self._enricher_stats.add(
            processed=len(batch.events) - errors, errors=errors, seconds=self._stopwatch() - started
        )
        if self._tracer is not None:
            self._watched(partial(self._tracer.after_waiting, self._enricher.name, batch))


_kept = counted_in_loop(telemetry.pipeline_events.labels("kept"))
_rejected = telemetry.pipeline_events.labels("rejected")
_duration = observed_in_loop(telemetry.pipeline_duration)


def _rename(event: Event, name: str) -> None:
    """Give a node's own field another name, one that the event doesn't have yet."""
    other = f"{name}_original"
    while other in event:
        other += "_"
    event[other] = event.pop(name)


def _turns() -> FairLimiter:
    """One batch at a time, in turns by caller. As many wait as may be at work."""
    return FairLimiter(1, 1, waiting_max=WAITING_MAX)


def _reject_failing(processor: Processor, batch: Batch) -> int:
    """Run a processor that raised again on halves, and reject each event it raises on alone. How many were they."""
    if len(batch.events) <= 1:
        batch.reject(dict.fromkeys(range(len(batch.events)), f"{processor.name} failed on this event"))
        return 1
    middle = len(batch.events) // 2
    halves = [_part(batch, 0, middle), _part(batch, middle, len(batch.events))]
    failing = 0
    for half in halves:
        try:
            processor(half)
        except Exception:  # noqa: BLE001 - it is known to raise; the question is on which event
            failing += _reject_failing(processor, half)
    _join(batch, halves)
    return failing


def _part(batch: Batch, start: int, stop: int) -> Batch:
    return replace(
        batch,
        events=batch.events[start:stop],
        indices=batch.indices[start:stop],
        times=batch.times[start:stop],
        rejected=[],
    )


def _take_first(batch: Batch, events: int) -> Batch:
    """Take the first events out of a batch, as a batch of their own that alone holds them."""
    part = _part(batch, 0, events)
    del batch.events[:events], batch.indices[:events], batch.times[:events]
    return part


def _join(batch: Batch, parts: Sequence[Batch]) -> None:
    """Put what became of a batch's parts back into it. `unsafe` they share."""
    batch.events = [event for part in parts for event in part.events]
    batch.indices = [index for part in parts for index in part.indices]
    batch.times = [ts for part in parts for ts in part.times]
    batch.rejected += [rejection for part in parts for rejection in part.rejected]
