"""Loki: pushes rows as log lines, under few labels, and knows what each answer means.

place → plan → push → settle. A write sorts its rows into streams, streams into pushes, and settles every push:
an entry is stored, or refused by Loki for a reason that was found, or deferred because its stream can't be had yet,
or the whole write is to be done again, which Loki answers by dropping the lines it has.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from time import time
from typing import NamedTuple

from mothership.errors import Deferred, FailedRow, Paused, Permanent, SinkError, Transient
from mothership.event import RowBatch
from mothership.ports import Clock, Health
from mothership.sinks.loki import answers
from mothership.sinks.loki.answers import Answer, StreamTooFast, Verdict, verdict
from mothership.sinks.loki.client import LokiClient
from mothership.sinks.loki.lines import line
from mothership.sinks.loki.objections import disallows_metadata, impossible_labels, objections
from mothership.sinks.loki.plan import Lane, Placement, Planner, halves, size_of, without
from mothership.sinks.loki.settings import LokiSettings
from mothership.sinks.loki.streams import StreamTable
from mothership.sinks.loki.survey import survey
from mothership.sinks.loki.wire import OVERHEAD_BYTES, Entry, Push, json_body, protobuf_body
from mothership.telemetry import log, loki_entries, loki_push_bytes, loki_pushes

__all__ = ["LokiSettings", "LokiSink"]

ROWS_AT_A_TIME = 200
"""How many rows are prepared before others get their turn: a few milliseconds' work."""
FIRST_WITH_METADATA = (2, 9)
READY_SECONDS = 1.5
TROUBLE_SECONDS = 5.0
"""Pushes that have failed for so long, with none between that went well, are no health."""
TROUBLE_OVER_SECONDS = 600.0
"""A failure that long ago says nothing about now."""
HIDDEN = frozenset({301, 302, 303, 307, 308, 401, 403, 404, 405})
"""What a gateway answers to `/ready` when it only passes pushes on."""


Settled = dict[Entry, str | None]
"""What became of entries: None where Loki has them, the reason where it refuses them."""


class Trouble(NamedTuple):
    """Pushes fail, none in between went well."""

    since: float
    last: float
    reason: str

    def lasts(self, now: float) -> bool:
        """Has it gone on for long, until lately?"""
        return self.last - self.since > TROUBLE_SECONDS and now - self.last < TROUBLE_OVER_SECONDS


class LokiSink:
    """The sink `loki`. `write` may be called by one courier at a time."""

    name = "loki"

    def __init__(
        self,
        settings: LokiSettings,
        *,
        clock: Clock = time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._client = LokiClient(settings, clock)
        self._table = StreamTable(settings)
        self._planner = Planner(settings)
        self._metadata = settings.structured_metadata != "off"
        self._encode = json_body if settings.encoding == "json" else protobuf_body
        self._last: SinkError | None = None
        self._trouble: Trouble | None = None
        self._deferred: set[Entry] = set()
        self._is_loki = False
        self._before: dict[tuple[bytes, int, bytes], str | None] = {}

    async def open(self) -> None:
        """Find out how old Loki is and which streams it has. Raises `Transient` when it can't be reached."""
        found = await survey(self._client, self._settings, self._clock())
        if found.version is not None and found.version < FIRST_WITH_METADATA and self._metadata:
            self._go_without_metadata("version")
        if recalled := self._table.recall(found.streams, self._clock()):
            log.info("loki_streams_recalled", streams=recalled)

    async def write(self, batches: Sequence[RowBatch]) -> frozenset[int]:
        """Push every row. Loki never tells what it had before, so no batch is ever named as a duplicate."""
        placements, settled = await self._place(batches)
        lanes, refused_streams = self._planner.plan(placements, self._clock())
        self._deferred = {entry for block in refused_streams for entry in block.entries}
        try:
            await self._push_all(lanes, settled)
        except SinkError as error:
            self._planner.forget()
            self._remember(batches, settled)
            self._last = error
            raise
        except asyncio.CancelledError:
            self._remember(batches, settled)
            raise
        self._last = None
        self._before.clear()
        refused = {entry: why for entry, why in settled.items() if why is not None}
        if self._deferred:
            rows = [FailedRow(entry.batch, entry.row, answers.STREAM_LIMIT) for entry in sorted(self._deferred)]
            raise Deferred(answers.NO_STREAM, rows, refused=_permanent(refused).failed)
        if refused:
            raise _permanent(refused)
        return frozenset()

    async def health(self) -> Health:
        """Ask `/ready`; where that is hidden, or a person must act, tell the last push's outcome."""
        if isinstance(self._last, Paused):
            return Health(healthy=False, reason=self._last.reason)
        if self._trouble and self._trouble.lasts(self._clock()):
            return Health(healthy=False, reason=self._trouble.reason)
        try:
            answer = await self._client.get("/ready", seconds=READY_SECONDS)
        except SinkError as error:
            return Health(healthy=False, reason=error.reason)
        if answer.status == HTTPStatus.OK:
            return Health(healthy=True)
        if answer.status in HIDDEN:
            return Health(self._last is None, self._last.reason if self._last else "")
        return Health(healthy=False, reason=f"Loki is not ready: it answers {answer.status}")

    async def close(self) -> None:
        """Give back every connection. May be called twice."""
        await self._client.close()

    async def _place(self, batches: Sequence[RowBatch]) -> tuple[list[Placement], Settled]:
        """Find every row's stream, and what a failed write before this one has settled already."""
        placements: list[Placement] = []
        settled: Settled = {}
        line_bytes, now = self._settings.max_line_bytes, self._clock()
        for batch_at, batch in enumerate(batches):
            for row_at, row in enumerate(batch.rows):
                stream, metadata = self._table.place(row, batch.client, now)
                text = line(row, line_bytes)
                size = len(text) + OVERHEAD_BYTES + sum([8 + len(name) + 4 * len(value) for name, value in metadata])
                entry = Entry(row.ts * 1000, text, metadata, batch_at, row_at, size)
                if self._before and (key := (batch.fingerprint, row.ts, row.data)) in self._before:
                    settled[entry] = self._before[key]
                    continue
                placements.append(Placement(stream, entry))
                if len(placements) % ROWS_AT_A_TIME == 0:
                    await asyncio.sleep(0)
        return placements, settled

    def _remember(self, batches: Sequence[RowBatch], settled: Settled) -> None:
        """Keep what is settled of a failed write: done again from the start, it might never pass a rate limit."""
        self._before.clear()
        for entry, why in settled.items():
            batch = batches[entry.batch]
            row = batch.rows[entry.row]
            self._before[batch.fingerprint, row.ts, row.data] = why

    async def _push_all(self, lanes: Sequence[Lane], settled: Settled) -> None:
        """Run the lanes side by side. After the first failure no further push begins, and those under way end.

        A stream that is over its own rate ends its own lane only.
        """
        failures: list[SinkError] = []
        too_fast: list[SinkError] = []
        places = asyncio.Semaphore(self._settings.concurrent_pushes)

        async def run(lane: Lane) -> None:
            async with places:
                for push in lane:
                    if failures:
                        return
                    try:
                        await self._settle(push, settled)
                    except StreamTooFast as error:
                        too_fast.append(error)
                        return
                    except SinkError as error:
                        failures.append(error)

        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(run(lane))
        failures += too_fast
        if failures:
            raise next((error for error in failures if isinstance(error, Paused)), failures[0])

    async def _settle(self, push: Push, settled: Settled) -> None:
        """Push until every entry is either stored or known to be refused."""
        todo = [*reversed(self._planner.pieces(push, self._clock()))]
        while todo:
            push = todo.pop()
            try:
                answer, outcome = await self._send(push)
            except StreamTooFast:
                if len(push) == 1:
                    raise
                todo += [(block,) for block in reversed(push)]
                continue
            if outcome is Verdict.STORED:
                self._stored(push, settled)
            elif outcome is Verdict.NO_STREAM:
                todo += reversed(self._without_stream(push, answer))
            elif outcome is Verdict.TOO_LARGE:
                self._planner.too_large(size_of(push))
                parts = _split(push)
                todo += reversed(parts)
                if not parts:
                    settled.update(dict.fromkeys(push[0].entries, answers.ALONE_TOO_LARGE))
            elif self._settings.structured_metadata == "auto" and self._metadata and disallows_metadata(answer.text):
                self._go_without_metadata("answer")
                todo.append(push)
            else:
                todo += reversed(await self._sort_out(push, answer, settled))

    def _without_stream(self, push: Push, answer: Answer) -> Sequence[Push]:
        """A stream can't be had. Tells which pushes are left: each is about one stream, or one entry of a busy one."""
        if len(push) > 1:
            return [(block,) for block in push]
        (block,) = push
        if answers.is_sharded(answer) and len(block.entries) > 1:
            return halves(push)  # another shard may have taken its share
        if not answers.is_sharded(answer):
            self._planner.refused(block.stream, self._clock())
        self._deferred.update(block.entries)
        return []

    def _stored(self, push: Push, settled: Settled) -> None:
        self._planner.taken(push, self._clock())
        for block in push:
            settled.update(dict.fromkeys(block.entries))
            loki_entries.labels("stored").inc(len(block.entries))

    async def _sort_out(self, push: Push, answer: Answer, settled: Settled) -> Sequence[Push]:
        """Read from a 400 which entries are refused. Tells which pushes still have to be settled."""
        if disallows_metadata(answer.text) and self._metadata:
            raise Paused("Loki disallows structured metadata: set sinks.loki.structured_metadata to auto or off")
        if impossible_labels(answer.text):
            raise Paused("Loki requires a label that Mothership never sends (enforced_labels)")
        if answers.is_sharded(answer):
            self._planner.sharded(push, self._clock())
        refused, complete = objections(answer.text, push)
        if refused:
            settled.update(refused)
            rest = without(push, refused)
            if rest and not (complete and not answer.truncated):
                return self._planner.pieces(rest, self._clock())
            self._stored(rest, settled)
            return []
        why = answers.reason(answer.text)
        if why is None:
            await self._make_sure_it_is_loki()
        parts = _split(push)
        if not parts:
            settled.update(dict.fromkeys(push[0].entries, why or answers.UNEXPLAINED))
        return parts

    async def _make_sure_it_is_loki(self) -> None:
        """Before entries are set aside for a 400 that says nothing: would anything be taken there?"""
        if self._is_loki:
            return
        answer = await self._client.push(self._encode((), metadata=False))
        outcome = verdict(answer)
        if isinstance(outcome, SinkError):
            raise outcome
        if not answers.is_loki(answer):
            raise Paused(answers.NO_LOKI)
        self._is_loki = True

    async def _send(self, push: Push) -> tuple[Answer, Verdict]:
        """Push once, and again a few times where that may help at once. Raises `Transient` or `Paused`."""
        body = self._encode(push, metadata=self._metadata)
        until = self._clock() + self._settings.timeout_seconds
        for attempt in range(self._settings.max_retries + 1):
            pause = self._settings.retry_backoff_seconds * 2**attempt * (0.5 + self._chance() / 2)
            try:
                return await self._try(push, body)
            except Transient as error:
                tried = attempt == self._settings.max_retries or self._clock() + pause > until
                if tried or (error.retry_after_seconds or 0.0) > pause:
                    raise
            await self._sleep(pause)
        raise AssertionError  # the loop returns or raises

    async def _try(self, push: Push, body: bytes) -> tuple[Answer, Verdict]:
        try:
            answer = await self._client.push(body)
        except Transient as error:
            loki_pushes.labels("none").inc()
            self._failing(error)
            raise
        loki_pushes.labels(str(answer.status)).inc()
        self._planner.sent(push, self._clock())
        outcome = verdict(answer)
        if isinstance(outcome, Verdict):
            loki_push_bytes.inc(len(body))
            self._trouble = None
            return answer, outcome
        if answers.is_rate_limit(answer):
            self._planner.too_fast(size_of(push))
        self._failing(outcome)
        raise outcome

    def _failing(self, error: SinkError) -> None:
        now = self._clock()
        self._trouble = Trouble(self._trouble.since if self._trouble else now, now, error.reason)

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
