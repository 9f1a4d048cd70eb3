"""What became of it: each step of the pipeline for an event that is pasted, or for the next that come.

A permission of its own (`trace`): it shows events from the inside. Never what redaction took: of the steps of redaction
there are rules and places, and all else is what they left.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import orjson
from starlette.requests import Request

from mothership.console.page import Fields, Page, Trial, one
from mothership.console.serial_executor import SerialExecutor
from mothership.console.trace_sample import TraceQuestion, TraceSample
from mothership.errors import BadQuery, Refusal
from mothership.event import Batch, Event
from mothership.lossless_decimals import decode
from mothership.pipeline.event_trace import EventTrace, StepTrace, Tracer, trace_event
from mothership.pipeline.redaction.explanation import Explanation
from mothership.ports import Clock, Processor
from mothership.search.matching import EventAtHand, matcher
from mothership.search.parameters import parse_query
from mothership.search.query import SEVERITIES, EventQuery

TEXT_CHARACTERS_MAX = 64 * 1024
SAMPLED_MAX = 20
WAIT_SECONDS = 15.0
ASKED = ("type", "source", "service", "site", "at-least", "q")
"""What a sample may be narrowed by, as in the search."""


class Redactor(Protocol):
    """The redaction that is in force."""

    @property
    def processors(self) -> Sequence[Processor]:
        """The steps of redaction, in their order."""

    def explain(self, event: Event) -> Explanation:
        """Redact one event, and tell each place where a rule hit."""


class Chain(Protocol):
    """The steps that every event takes."""

    def traced(self, tracer: Tracer) -> AbstractContextManager[None]:
        """Let this one see every event meanwhile. Raises `Refusal` (429) when another does."""


class Traces:
    """The page that shows an event after every step of the pipeline."""

    def __init__(
        self,
        chain: Chain,
        redactor: Callable[[], Redactor],
        private: Callable[[], tuple[Redactor, Sequence[Processor]]],
        *,
        clock: Clock = time.time,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        """`private` builds the steps for what is pasted: nothing else uses them. It may take a while."""
        self._chain = chain
        self._redactor = redactor
        self._private = private
        self._clock = clock
        self._wait_seconds = wait_seconds
        self._turns = SerialExecutor()
        self.others: Callable[[TraceQuestion, TraceSample], Sequence[Coroutine[Any, Any, None]]] | None = None
        """Where there are other workers: asks each of them, and adds what they take."""

    @property
    def page(self) -> Page:
        """Try an event, or watch those that come."""
        trials = [Trial("/try", self.try_event), Trial("/live", self.sample)]
        return Page("/trace", "What became of it", "trace.html", self.content, trials=trials)

    async def content(self, _request: Request) -> Mapping[str, Any]:
        """What may be asked."""
        return {
            "text_characters_max": TEXT_CHARACTERS_MAX,
            "sampled_max": SAMPLED_MAX,
            "wait_seconds": self._wait_seconds,
            "severities": SEVERITIES,
            "traces": None,
            "sampled": None,
        }

    async def try_event(self, fields: Fields) -> Mapping[str, Any]:
        """Take what was pasted the whole way, and keep nothing of it."""
        text = one(fields, "text")
        if len(text) > TEXT_CHARACTERS_MAX:
            raise Refusal(413, f"at most {TEXT_CHARACTERS_MAX:,} characters can be tried at once")
        event = _event(text)

        def work() -> EventTrace:
            redactor, processors = self._private()
            names = [each.name for each in redactor.processors]
            return trace_event(event, redactor.explain, names, processors, self._request())

        return {"traces": [_shown(await self._turns.alone(work), ends=True)]}

    async def sample(self, fields: Fields) -> Mapping[str, Any]:
        """Wait for the next events that match, whichever worker takes them, and tell what becomes of them."""
        count = one(fields, "count") or "1"
        if not (count.isascii() and count.isdigit() and 0 < int(count[:4]) <= SAMPLED_MAX):
            raise Refusal(422, f"count: from 1 to {SAMPLED_MAX}")
        try:
            query = parse_query([(name, one(fields, name).strip()) for name in ASKED], now=self._clock())
        except BadQuery as error:
            raise Refusal(422, str(error)) from None
        asked = TraceQuestion(query, int(count), self._wait_seconds)
        sample = TraceSample(asked.count)
        others = self.others(asked, sample) if self.others else []
        await sample.gather([self.sample_here(asked, sample), *others])
        return {
            "traces": sample.traces,
            "sampled": {
                "wanted": asked.count,
                "found": len(sample.traces),
                "examined": sample.examined,
                "workers": 1 + len(others),
                "workers_missed": sample.missed,
            },
        }

    async def sample_here(self, asked: TraceQuestion, sample: TraceSample) -> None:
        """Add those that this worker takes. Raises `Refusal` (429) when somebody else is looking."""
        redactor = self._redactor()
        meant = matcher(asked.query)
        tracer = Tracer(
            redactor.explain,
            [each.name for each in redactor.processors],
            matches=lambda row: meant(EventAtHand(row)),
            most=asked.count,
            with_refused=asked.query == EventQuery(),
        )
        told = 0
        with self._chain.traced(tracer):
            try:
                async with asyncio.timeout(asked.seconds):
                    while True:
                        news, told = tracer.found[told:], len(tracer.found)
                        for trace in news:
                            sample.add(_shown(trace, ends=False))
                        if tracer.ended.is_set():
                            return
                        tracer.news.clear()
                        await tracer.news.wait()
            except TimeoutError:
                return
            finally:
                sample.examined += tracer.examined

    def _request(self) -> Batch:
        """A request that never came, for one event."""
        return Batch(
            [], [], fingerprint=secrets.token_bytes(32), request_id="pasted", received=int(self._clock() * 1_000_000),
            parse=True,
        )  # fmt: skip


def _event(text: str) -> Event:
    """An event as JSON, or a line as the message of one."""
    text = text.strip()
    if not text:
        raise Refusal(422, "there is nothing to try: paste an event as JSON, or a line of a log")
    if text[0] != "{":
        return {"type": "log", "message": text}
    try:
        event = decode(text.encode())
    except (ValueError, RecursionError):
        raise Refusal(422, "the event is not JSON") from None
    if not isinstance(event.get("type"), str):
        raise Refusal(422, "the event has no `type`: it would be rejected before the first step")
    return dict(event)


def _shown(trace: EventTrace, *, ends: bool) -> Mapping[str, Any]:
    """As plain data. `ends`: whether it may be told where a hit ends, and so how long a secret is."""
    return {
        "fate": _fate(trace.steps),
        "type": _text(trace.event, "type"),
        "source": _text(trace.event, "source"),
        "steps": [_step(step, ends=ends) for step in trace.steps],
        "event": _written(trace.event),
    }


def _text(event: Event | None, name: str) -> str:
    value = (event or {}).get(name)
    return value if isinstance(value, str) else ""


def _fate(steps: Sequence[StepTrace]) -> str:
    fates = {step.fate for step in steps}
    return next(fate for fate in ("rejected", "cut", "changed", "unchanged") if fate in fates or fate == "unchanged")


def _step(step: StepTrace, *, ends: bool) -> Mapping[str, Any]:
    return {
        "step": step.step,
        "fate": step.fate,
        "reason": step.reason,
        "hits": [
            {"rule": hit.rule, "path": hit.path, "start": hit.start} | ({"end": hit.end} if ends else {})
            for hit in step.hits
        ],
        "changes": [change._asdict() for change in step.changes],
    }


def _written(event: Event | None) -> str | None:
    if event is None:
        return None
    try:
        return orjson.dumps(event, option=orjson.OPT_INDENT_2).decode()
    except (orjson.JSONEncodeError, RecursionError):
        return "(it can't be written as JSON)"
