"""What became of events, step by step: for whoever asks, and at no cost when nobody does.

Nothing of an event as it came is shown. Of the steps of redaction a trace has rules and places alone; what it holds
from there on, before and after each step, is what redaction left.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

import orjson

from mothership.event import Batch, Event, Row
from mothership.pipeline.redaction.explanation import Explanation, RuleHit
from mothership.ports import Processor

Fate: TypeAlias = Literal["unchanged", "changed", "rejected", "cut"]
CUT_STEP = "CutOversized"
CANDIDATES_MAX = 50
"""Events of one slice that are looked at."""
EXAMINED_MAX = 20_000
"""After so many events that don't match, it ends."""
CHANGES_MAX = 200
"""Of one step."""
CHARACTERS_MAX = 4_000
"""Of one value."""
MISSING = object()


class FieldChange(NamedTuple):
    """A field before and after a step, as JSON; None where there is none. Both without what redaction took."""

    path: tuple[str, ...]
    before: str | None
    after: str | None


class StepTrace(NamedTuple):
    """What one step did."""

    step: str
    fate: Fate
    hits: Sequence[RuleHit] = ()
    changes: Sequence[FieldChange] = ()
    reason: str = ""
    """Why it was rejected."""


@dataclass(slots=True)
class EventTrace:
    """What became of one event."""

    steps: list[StepTrace] = field(default_factory=list)
    event: Event | None = None
    """What redaction left, after the last step so far; None for one that redaction refused."""


class Tracer:
    """Takes down what becomes of the next events that match. It sees every event of a chain, and changes none."""

    def __init__(
        self,
        explain: Callable[[Event], Explanation],
        redaction_steps: Sequence[str],
        *,
        matches: Callable[[Row], bool],
        most: int,
        with_refused: bool,
    ) -> None:
        """`with_refused`: whether those count that redaction refused, of which nobody can know whether they match."""
        self._explain = explain
        self._redaction_steps = list(redaction_steps)
        self._matches = matches
        self._most = most
        self._with_refused = with_refused
        self._open: dict[int, tuple[Event, EventTrace]] = {}
        """Those that wait for the language model, by the event's identity."""
        self.examined = 0
        self.found: list[EventTrace] = []
        self.ended = asyncio.Event()
        self.news = asyncio.Event()
        """Set whenever something was found, and at the end."""

    def begin(self, batch: Batch) -> "SliceTrace | None":
        """Look at a slice before its first step; None when no more is wanted."""
        if self.ended.is_set():
            return None
        part = SliceTrace(batch, self._redaction_steps)
        self.examined += len(batch.events)
        return part

    def end(self, part: "SliceTrace", batch: Batch, *, waits: bool) -> None:
        """Keep of a slice what matches. `waits`: whether a further step follows, which awaits."""
        for candidate in part.candidates:
            if len(self.found) + len(self._open) >= self._most:
                break
            trace = candidate.trace
            if not (self._with_refused if trace.event is None else self._matches(_row(trace.event, batch))):
                continue
            hits = self._explain(candidate.raw).hits
            reason = candidate.refused_because
            trace.steps[:0] = redaction_steps(self._redaction_steps, hits, candidate.refused_by, reason)
            event = part.left(candidate, batch)
            if waits and event is not None:
                self._open[id(event)] = event, trace
            else:
                self.found.append(trace)
        self._check_end()

    def after_waiting(self, step: str, batch: Batch) -> None:
        """Take down what the step that awaits did."""
        for event in batch.events if self._open else ():
            if waiting := self._open.pop(id(event), None):
                _compare(waiting[1], step, event)
                self.found.append(waiting[1])
        self._check_end()

    def _check_end(self) -> None:
        if len(self.found) >= self._most or self.examined > EXAMINED_MAX:
            self.ended.set()
        if self.found or self.ended.is_set():
            self.news.set()


@dataclass(slots=True, eq=False)
class _Candidate:
    """An event that may match in the end."""

    index: int
    raw: Event
    """As it came: for the rules and places alone. It is gone before anybody sees the trace."""
    trace: EventTrace = field(default_factory=EventTrace)
    refused_by: str = ""
    refused_because: str = ""


class SliceTrace:
    """The first events of one slice on their way."""

    def __init__(self, batch: Batch, redaction_steps: Sequence[str]) -> None:
        self._redaction_steps = redaction_steps
        self.candidates: list[_Candidate] = []
        for index, event in zip(batch.indices[:CANDIDATES_MAX], batch.events[:CANDIDATES_MAX], strict=True):
            with suppress(RecursionError):  # nested too deeply: redaction refuses it, too
                self.candidates.append(_Candidate(index, deepcopy(event)))

    def after(self, step: str, batch: Batch) -> None:
        """Take down what a step did."""
        left = dict(zip(batch.indices, batch.events, strict=True))
        reasons = {rejection.index: rejection.reason for rejection in batch.rejected}
        for candidate in self.candidates:
            event, trace = left.get(candidate.index), candidate.trace
            if candidate.refused_by:
                continue
            if event is None:
                candidate.refused_by, candidate.refused_because = step, reasons.get(candidate.index, "")
                if step not in self._redaction_steps:
                    trace.steps.append(StepTrace(step, "rejected", reason=candidate.refused_because))
            elif step == self._redaction_steps[-1]:
                trace.event = deepcopy(event)
            elif step not in self._redaction_steps:
                _compare(trace, step, event)

    @staticmethod
    def left(candidate: _Candidate, batch: Batch) -> Event | None:
        """The event itself, unless it was rejected."""
        at = batch.indices.index(candidate.index) if candidate.index in batch.indices else None
        return None if at is None else batch.events[at]


def redaction_steps(names: Sequence[str], hits: Sequence[RuleHit], rejected_by: str, reason: str) -> list[StepTrace]:
    """What the steps of redaction did: rules and places."""
    steps: list[StepTrace] = []
    for name in names:
        own = [hit for hit in hits if hit.step == name]
        fate: Fate = "rejected" if name == rejected_by else "changed" if own else "unchanged"
        steps.append(StepTrace(name, fate, own, reason=reason if name == rejected_by else ""))
        if name == rejected_by:
            break
    return steps


def trace_event(
    event: Event, explain: Callable[[Event], Explanation], names: Sequence[str], processors: Sequence[Processor],
    batch: Batch,
) -> EventTrace:  # fmt: skip
    """Take one event the whole way, with processors that nothing else uses; `batch` is its request, without events."""
    trace = EventTrace()
    explained = explain(event)
    trace.steps += redaction_steps(names, explained.hits, names[-1] if explained.refused else "", explained.refused)
    if explained.refused:
        return trace
    trace.event = deepcopy(event)
    batch.events, batch.indices, batch.oversized = [event], [0], {0: frozenset()}
    for processor in processors:
        try:
            processor(batch)
        except Exception:  # noqa: BLE001 - as the chain does
            batch.reject({0: f"{processor.name} failed on this event"})
        if not batch.events:
            trace.steps.append(StepTrace(processor.name, "rejected", reason=batch.rejected[-1].reason))
            break
        _compare(trace, processor.name, batch.events[0])
    return trace


def _compare(trace: EventTrace, step: str, event: Event) -> None:
    """Take down what changed since the last step."""
    changes: list[FieldChange] = []
    _differences(trace.event, event, (), changes)
    if not changes:
        trace.steps.append(StepTrace(step, "unchanged"))
        return
    trace.steps.append(StepTrace(step, "cut" if step == CUT_STEP else "changed", (), changes))
    trace.event = deepcopy(event)


def _differences(before: Any, after: Any, path: tuple[str, ...], found: list[FieldChange]) -> None:
    if len(found) >= CHANGES_MAX:
        return
    if type(before) is dict and type(after) is dict:
        for key in (*before, *(key for key in after if key not in before)):
            _differences(before.get(key, MISSING), after.get(key, MISSING), (*path, key), found)
    elif before is MISSING or after is MISSING or type(before) is not type(after) or before != after:
        found.append(FieldChange(path, _written(before), _written(after)))


def _written(value: Any) -> str | None:
    if value is MISSING:
        return None
    try:
        text = orjson.dumps(value).decode()
    except (orjson.JSONEncodeError, RecursionError):
        text = str(value)
    return text if len(text) <= CHARACTERS_MAX else f"{text[:CHARACTERS_MAX]}… (cut)"


def _row(event: Event, batch: Batch) -> Row:
    """The event nearly as it will be stored: for the question whether it matches."""
    kind, source = event.get("type"), event.get("source")
    try:
        data = orjson.dumps(event)
    except (orjson.JSONEncodeError, RecursionError):
        data = b"{}"
    return Row(batch.received, str(kind), source if isinstance(source, str) else batch.source, data)
