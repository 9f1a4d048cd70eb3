"""Loki: pushes rows as log lines, under few labels, and knows what each answer means.

place → plan → push → settle. A write sorts its rows into streams and those into pushes, and settles every push:
an entry is stored, or refused by Loki for a reason that was found, or deferred because its stream can't be had yet,
or the whole write is to be done again, which Loki answers by dropping the lines it has.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from http import HTTPStatus
from itertools import repeat
from time import time
from typing import NamedTuple

from mothership.errors import Deferred, FailedRow, Paused, Permanent, SinkError, Transient
from mothership.event import Row, RowBatch
from mothership.ports import Clock, Health
from mothership.retry import RETRY_AFTER_SECONDS_MAX, backoff_seconds
from mothership.sinks.loki import responses
from mothership.sinks.loki.fields import Metadata
from mothership.sinks.loki.log_line import log_line
from mothership.sinks.loki.probe import probe
from mothership.sinks.loki.push_encoding import OVERHEAD_BYTES, Entry, Push, json_body, protobuf_body, protobuf_entry
from mothership.sinks.loki.push_planner import OrderedPushes, PushPlanner, halves, size_of, without
from mothership.sinks.loki.rejections import disallows_metadata, parse_rejections, requires_unknown_label
from mothership.sinks.loki.responses import LokiResponse, PushOutcome, RateLimited, StreamRateLimited, classify
from mothership.sinks.loki.settings import LokiSettings
from mothership.sinks.loki.settled_rows import SettledRows
from mothership.sinks.loki.streams import Labels, StreamTable
from mothership.telemetry import log, loki_entries, loki_push_bytes, loki_pushes

__all__ = ["LokiSettings", "LokiSink"]

ROWS_AT_A_TIME = 500
"""How many rows are prepared before others get their turn: a few milliseconds' work."""
METADATA_VERSION_MIN = (2, 9)
READY_SECONDS = 1.5
FAILURE_STREAK_SECONDS_MIN = 5.0
"""Pushes that have failed for so long, with none between that went well, are no health."""
FAILURE_FORGOTTEN_SECONDS = 600.0
"""A failure that long ago says nothing about now."""
READY_HIDDEN_STATUSES = frozenset({301, 302, 303, 307, 308, 401, 403, 404, 405})
"""What a gateway answers to `/ready` when it only passes pushes on."""


class EntryOutcomes:
    """What became of entries: Loki has them, or refuses them for a reason."""

    def __init__(self) -> None:
        self.refused: dict[Entry, str] = {}
        self._stored: list[Sequence[Entry]] = []

    def add(self, entries: Sequence[Entry], why: str | None = None) -> None:
        """These are settled: stored, or refused for this reason."""
        if why is None:
            self._stored.append(entries)
        else:
            self.refused.update(dict.fromkeys(entries, why))

    def items(self) -> Iterator[tuple[Entry, str | None]]:
        """Every entry that is settled; None where Loki has it."""
        yield from self.refused.items()
        for entries in self._stored:
            yield from zip(entries, repeat(None))


class FailureStreak(NamedTuple):
    """Pushes fail, none in between went well."""

    since: float
    last: float
    reason: str

    def lasts(self, now: float) -> bool:
        """Has it gone on for long, until lately?"""
        return self.last - self.since > FAILURE_STREAK_SECONDS_MIN and now - self.last < FAILURE_FORGOTTEN_SECONDS


class LokiSink:
    """The sink `loki`. `write` may be called by one courier at a time."""

    name = "loki"

    def __init__(
        self,
        settings: LokiSettings,
        *,
        clock: Clock = time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        from mothership.sinks.loki.client import LokiClient  # noqa: PLC0415 - most have no Loki, and it is large

        self._client = LokiClient(settings, clock)
        self._table = StreamTable(settings)
        self._planner = PushPlanner(settings)
        self._metadata = settings.structured_metadata != "off"
        self._is_json = settings.encoding == "json"
        self._encode = json_body if self._is_json else protobuf_body
        self._last_error: SinkError | None = None
        self._failure_streak: FailureStreak | None = None
        self._deferred: set[Entry] = set()
        self._is_loki = False
        self._settled_before = SettledRows()

    async def open(self) -> None:
        """Find out how old Loki is and which streams it has. Raises `Transient` when it can't be reached."""
        found = await probe(self._client, self._settings, self._clock())
        if found.version is not None and found.version < METADATA_VERSION_MIN and self._metadata:
            self._go_without_metadata("version")
        if restored := self._table.restore(found.streams, self._clock()):
            log.info("loki_streams_recalled", streams=restored)

    async def write(self, batches: Sequence[RowBatch]) -> frozenset[int]:
        """Push every row. Loki never tells what it had before, so no batch is ever named as a duplicate."""
        entries, settled = await self._place(batches)
        ordered_pushes, refused_streams = self._planner.plan(entries, self._clock())
        self._deferred = {entry for block in refused_streams for entry in block.entries}
        try:
            await self._push_all(ordered_pushes, settled)
        except SinkError as error:
            self._settled_before.add(batches, settled.items(), self._clock())
            self._last_error = error
            raise
        except asyncio.CancelledError:
            self._settled_before.add(batches, settled.items(), self._clock())
            raise
        self._last_error = None
        self._settled_before.forget(batches, self._clock())
        refused = settled.refused
        if self._deferred:
            rows = sorted(FailedRow(entry.batch, entry.row, responses.STREAM_LIMIT) for entry in self._deferred)
            raise Deferred(responses.NO_STREAM, rows, refused=_permanent(refused).failed)
        if refused:
            raise _permanent(refused)
        return frozenset()

    async def health(self) -> Health:
        """Ask `/ready`; where that is hidden, or a person must act, tell the last push's outcome."""
        if isinstance(self._last_error, Paused):
            return Health(healthy=False, reason=self._last_error.reason)
        if self._failure_streak and self._failure_streak.lasts(self._clock()):
            return Health(healthy=False, reason=self._failure_streak.reason)
        try:
            response = await self._client.get("/ready", seconds=READY_SECONDS)
        except SinkError as error:
            return Health(healthy=False, reason=error.reason)
        if response.status == HTTPStatus.OK:
            return Health(healthy=True)
        if response.status in READY_HIDDEN_STATUSES:
            return Health(self._last_error is None, self._last_error.reason if self._last_error else "")
        return Health(healthy=False, reason=f"Loki is not ready: it answers {response.status}")

    async def close(self) -> None:
        """Give back every connection. May be called twice."""
        await self._client.close()

    async def _place(self, batches: Sequence[RowBatch]) -> tuple[dict[Labels, list[Entry]], EntryOutcomes]:
        """Find every row's stream, and what a failed write before this one has settled already."""
        entries: dict[Labels, list[Entry]] = {}
        settled = EntryOutcomes()
        # A stream's labels are as a rule one object, and to find that by its hash takes longer than to place a row.
        by_identity: dict[int, tuple[Labels, list[Entry]]] = {}
        now, placed = self._clock(), 0
        for batch_at, batch in enumerate(batches):
            before = self._settled_before.of(batch)
            for row_at, row in enumerate(batch.rows):
                stream, metadata = self._table.place(row, batch.client, now)
                entry = self._entry(row, metadata, batch_at, row_at)
                if before and (key := (row.ts, row.data)) in before:
                    settled.add([entry], before[key])
                    continue
                found = by_identity.get(id(stream))
                if found is None:
                    found = by_identity[id(stream)] = stream, entries.setdefault(stream, [])
                found[1].append(entry)
                placed += 1
                if placed % ROWS_AT_A_TIME == 0:
                    await asyncio.sleep(0)
        return entries, settled

    def _entry(self, row: Row, metadata: Metadata, batch_at: int, row_at: int) -> Entry:
        if not self._metadata:
            metadata = ()
        text = row.data
        if len(text) > self._settings.max_line_bytes:
            text = log_line(row, self._settings.max_line_bytes)
        ns = row.ts * 1000
        if self._is_json:
            size = len(text) + OVERHEAD_BYTES + sum([8 + len(name) + 4 * len(value) for name, value in metadata])
            return Entry(ns, text, metadata, batch_at, row_at, size)
        encoded = protobuf_entry(ns, text, metadata)
        return Entry(ns, text, metadata, batch_at, row_at, len(encoded), encoded)

    async def _push_all(self, ordered_pushes: Sequence[OrderedPushes], settled: EntryOutcomes) -> None:
        """Run the lanes side by side. After the first failure no further push begins, and those under way end.

        A stream that is over its own rate ends its own lane only.
        """
        failures: list[SinkError] = []
        rate_limited: list[SinkError] = []
        lanes = iter(ordered_pushes)

        async def run() -> None:
            for ordered in lanes:
                for push in ordered:
                    if failures:
                        return
                    try:
                        await self._push_until_settled(push, settled)
                    except StreamRateLimited as error:
                        rate_limited.append(error)
                        break
                    except SinkError as error:
                        failures.append(error)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._settings.concurrent_pushes, len(ordered_pushes))):
                group.create_task(run())
        failures += rate_limited
        if not all(isinstance(error, RateLimited) for error in failures):
            self._planner.on_outage()
        if failures:
            raise next((error for error in failures if isinstance(error, Paused)), failures[0])

    async def _push_until_settled(self, push: Push, settled: EntryOutcomes) -> None:
        """Push until every entry is either stored or known to be refused."""
        todo = [*reversed(self._planner.isolate_late_entries(push, self._clock()))]
        while todo:
            push = todo.pop()
            try:
                response, outcome = await self._push_with_retries(push)
            except StreamRateLimited:
                if len(push) == 1:
                    raise
                todo += [(block,) for block in reversed(push)]
                continue
            if outcome is PushOutcome.STORED:
                self._on_stored(push, settled)
            elif outcome is PushOutcome.NO_STREAM:
                todo += reversed(self._on_stream_limit(push, response))
            elif outcome is PushOutcome.TOO_LARGE:
                self._planner.on_too_large(size_of(push))
                parts = _split(push)
                todo += reversed(parts)
                if not parts:
                    settled.add(push[0].entries, responses.ALONE_TOO_LARGE)
            elif self._settings.structured_metadata == "auto" and self._metadata and disallows_metadata(response.text):
                self._go_without_metadata("answer")
                todo.append(push)
            else:
                todo += reversed(await self._apply_rejections(push, response, settled))

    def _on_stream_limit(self, push: Push, response: LokiResponse) -> Sequence[Push]:
        """A stream can't be had. Tells which pushes are left: each is about one stream, or one entry of a busy one."""
        if len(push) > 1:
            return [(block,) for block in push]
        (block,) = push
        if responses.is_sharded(response) and len(block.entries) > 1:
            return halves(push)  # another shard may have taken its share
        if not responses.is_sharded(response):
            self._planner.on_stream_limit(block.stream, self._clock())
        self._deferred.update(block.entries)
        return []

    def _on_stored(self, push: Push, settled: EntryOutcomes) -> None:
        self._planner.on_stored(push, self._clock())
        for block in push:
            settled.add(block.entries)
        loki_entries.labels("stored").inc(sum([len(block.entries) for block in push]))

    async def _apply_rejections(self, push: Push, response: LokiResponse, settled: EntryOutcomes) -> Sequence[Push]:
        """Read from a 400 which entries are refused. Tells which pushes still have to be settled."""
        if disallows_metadata(response.text) and self._metadata:
            raise Paused("Loki disallows structured metadata: set sinks.loki.structured_metadata to auto or off")
        if requires_unknown_label(response.text):
            raise Paused("Loki requires a label that Mothership never sends (enforced_labels)")
        if responses.is_sharded(response):
            self._planner.on_sharded(push, self._clock())
        refused, complete = parse_rejections(response.text, push)
        if refused:
            settled.refused.update(refused)
            rest = without(push, refused)
            if rest and not (complete and not response.truncated):
                return self._planner.isolate_late_entries(rest, self._clock())
            self._on_stored(rest, settled)
            return []
        why = responses.reason(response.text)
        if why is None:
            await self._verify_is_loki()
        parts = _split(push)
        if not parts:
            settled.add(push[0].entries, why or responses.UNEXPLAINED)
        return parts

    async def _verify_is_loki(self) -> None:
        """Before entries are set aside for a 400 that says nothing: would anything be taken there?"""
        if self._is_loki:
            return
        response = await self._client.push(self._encode((), metadata=False))
        outcome = classify(response)
        if isinstance(outcome, SinkError):
            raise outcome
        if not responses.is_loki(response):
            raise Paused(responses.ALWAYS_BAD_REQUEST)
        self._is_loki = True

    async def _push_with_retries(self, push: Push) -> tuple[LokiResponse, PushOutcome]:
        """Push once, and again a few times where that may help at once. Raises `Transient` or `Paused`."""
        body = self._encode(push, metadata=self._metadata)
        until = self._clock() + self._settings.timeout_seconds
        for attempt in range(self._settings.max_retries + 1):
            try:
                return await self._push_once(push, body)
            except Transient as error:
                pause = backoff_seconds(
                    attempt + 1,
                    first=self._settings.retry_backoff_seconds,
                    longest=RETRY_AFTER_SECONDS_MAX,
                    jitter=self._jitter(),
                )
                tried = attempt == self._settings.max_retries or self._clock() + pause > until
                if tried or (error.retry_after_seconds or 0.0) > pause:
                    raise
            await self._sleep(pause)
        raise AssertionError  # the loop returns or raises

    async def _push_once(self, push: Push, body: bytes) -> tuple[LokiResponse, PushOutcome]:
        try:
            response = await self._client.push(body)
        except Transient as error:
            loki_pushes.labels("none").inc()
            self._record_failure(error)
            raise
        loki_pushes.labels(str(response.status)).inc()
        self._planner.on_answered(push, self._clock())
        outcome = classify(response)
        if isinstance(outcome, PushOutcome):
            loki_push_bytes.inc(len(body))
            self._failure_streak = None
            return response, outcome
        if responses.is_rate_limit(response):
            self._planner.on_rate_limited(size_of(push))
        self._record_failure(outcome)
        raise outcome

    def _record_failure(self, error: SinkError) -> None:
        now = self._clock()
        self._failure_streak = FailureStreak(
            self._failure_streak.since if self._failure_streak else now, now, error.reason
        )

    def _go_without_metadata(self, because: str) -> None:
        self._metadata = False
        log.warning("loki_structured_metadata_left_out", because=because)


def _split(push: Push) -> tuple[Push, ...]:
    """Halve a push; nothing when it is one entry."""
    return halves(push) if len(push) > 1 or len(push[0].entries) > 1 else ()


def _permanent(refused: dict[Entry, str]) -> Permanent:
    loki_entries.labels("refused").inc(len(refused))
    counts = Counter(refused.values())
    failed = sorted(FailedRow(entry.batch, entry.row, why) for entry, why in refused.items())
    return Permanent("; ".join(f"{why} ({counts[why]})" for why in sorted(counts)), failed)
