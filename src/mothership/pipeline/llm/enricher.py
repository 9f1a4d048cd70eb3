"""`LLMEnricher`: what a language model makes of a message's template, put on each of its events as `llm`.

    event ─▶ its template ─▶ verdict known? ─ yes ─▶ event["llm"]      a look into two dictionaries
                                   └─ no ─▶ the question is asked, once a template (oracle.py)

A batch never waits for the endpoint but at the first sight of a template, `wait_seconds` at most, and not even that
once waiting has proved useless (until the endpoint has answered for the first time, one batch at a time tries).
Whatever goes wrong is a count and a line in the log.
"""

import asyncio
import math
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from mothership import telemetry
from mothership.event import Batch, Event
from mothership.pipeline.llm.known import Known
from mothership.pipeline.llm.lines import Caller
from mothership.pipeline.llm.oracle import Asked, Oracle
from mothership.pipeline.llm.prompt import Interviewer, Question
from mothership.pipeline.llm.settings import CircuitBreakerSettings, LLMSettings
from mothership.pipeline.llm.verdict import Redact
from mothership.pipeline.templates.templates import Templates
from mothership.pipeline.templates.tree import Template
from mothership.ports import Clock, Health, VerdictStore
from mothership.telemetry import log

__all__ = ["CircuitBreakerSettings", "LLMEnricher", "LLMSettings"]

_LOOK_EVERY_SECONDS = 1.0
_BREAKER_VALUES = {"closed": 0.0, "half-open": 0.5, "open": 1.0}


class _Open(NamedTuple):
    """Events of one batch and one template, whose question is being answered."""

    template_id: str
    events: list[Event]
    question: Question
    asked: Asked


class LLMEnricher:
    """Puts known verdicts on events, and asks about templates that are new.

    `run` must be running for questions to be answered. Only what `Templates` gave a template is looked at, never
    an event that the checker flagged, and no field is touched but an `llm` that is not there yet.
    """

    name = "LLMEnricher"

    def __init__(
        self,
        settings: LLMSettings,
        templates: Templates,
        redact: Redact,
        *,
        store: VerdictStore | None = None,
        clock: Clock = time.time,
        nonce: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._settings = settings
        self._templates = templates
        self._clock = clock
        self._interviewer = Interviewer(settings)
        self._oracle = Oracle(settings, redact, store=store, clock=clock, nonce=nonce)
        self._questions: OrderedDict[str, Question] = OrderedDict()
        self._results: Counter[str] = Counter()
        self._counters: dict[str, Any] = {}
        self._found = telemetry.llm_cache.labels("memory")
        self._scout_waits = False
        self._looked = -math.inf
        templates.only_while(self._worthwhile)

    async def __call__(self, batch: Batch) -> None:
        """Add `llm` to the events whose verdict is known now, or within the wait. Never raises."""
        results: Counter[str] = Counter()
        try:
            waiting = self._first_look(batch, results)
            if waiting and await self._wait(waiting):
                self._second_look(waiting, results)
        except Exception as error:  # noqa: BLE001 - the optional never hurts the rest
            log.error("llm_step_failed", exc_info=error)
        self._count(results)

    async def run(self) -> None:
        """Answer questions until cancelled. Owns every call; one that fails ends nothing."""
        await self._oracle.run()

    def health(self) -> Health:
        """How the endpoint is, for /healthz."""
        return self._oracle.health()

    def status(self) -> dict[str, Any]:
        """Facts for /healthz."""
        return {"circuit_breaker": self._oracle.breaker_state, "model": self._settings.model}

    def stats(self) -> dict[str, Any]:
        """Facts for /stats: `pipeline.processors.LLMEnricher`. `processed` are the events that have a template."""
        return {
            "processed": self._results.total() - self._results["resting"],
            "confidence_threshold": self._settings.confidence_threshold,
            "applied": self._results["applied"],
            "results": dict(self._results),
            "templates": len(self._templates),
            **self._oracle.stats(),
        }

    def _worthwhile(self) -> bool:
        """Is it worth finding templates? While there is nothing to gain, one batch now and then finds out."""
        now = self._clock()
        if not self._oracle.hopeless(now):
            return True
        if 0 <= now - self._looked < _LOOK_EVERY_SECONDS:
            return False
        self._looked = now
        return True

    def _first_look(self, batch: Batch, results: Counter[str]) -> list[_Open]:
        """Apply what is known and ask about the rest. Returns what is being answered."""
        waiting: list[_Open] = []
        now = self._clock()
        caller = Caller(batch.client, batch.address)
        self._oracle.meet(caller.client)
        for template, events in self._by_template(batch, results):
            question = self._question(template)
            if not question.has_words:
                results["no_words"] += len(events)
                continue
            known = self._oracle.recall(question, now)
            if known is None and (asked := self._oracle.ask(question, caller, batch.request_id)):
                waiting.append(_Open(template.id, events, question, asked))
            results[self._put(events, template.id, known)] += len(events)
        return waiting

    def _by_template(self, batch: Batch, results: Counter[str]) -> Iterable[tuple[Template, list[Event]]]:
        """The events that may get a verdict, by their template: the rest is done once for each."""
        groups: dict[str, tuple[Template, list[Event]]] = {}
        of, unsafe, passed = self._templates.of, batch.unsafe, 0
        for event in batch.events:
            identity = event.get("template_id")
            if identity.__class__ is not str:
                passed += 1
                continue
            group = groups.get(identity)
            if group is None:
                template = of(event)
                if template is None:
                    continue
                group = groups[identity] = (template, [])
            elif group[0].id is not identity:
                # A node's own, which happens to be equal.
                continue
            if unsafe and id(event) in unsafe:
                results["unsafe"] += 1
            elif "llm" in event:
                results["field_taken"] += 1
            else:
                group[1].append(event)
        if passed and self._oracle.hopeless(self._clock()):
            results["resting"] += passed
        return [group for group in groups.values() if group[1]]

    def _second_look(self, waiting: list[_Open], results: Counter[str]) -> None:
        now = self._clock()
        for template_id, events, question, _ in waiting:
            results["unknown"] -= len(events)
            results[self._put(events, template_id, self._oracle.recall(question, now))] += len(events)

    def _put(self, events: list[Event], template_id: str, known: Known | None) -> str:
        """Apply a verdict, or say why not."""
        if known is None:
            return "unknown"
        if known.record is None:
            return "no_verdict"
        if known.record.verdict.confidence < self._settings.confidence_threshold:
            return "low_confidence"
        for event in events:
            event["llm"] = known.record.field(template_id)
        return "applied"

    def _question(self, template: Template) -> Question:
        question = self._questions.get(template.id)
        if question is None:
            question = self._questions[template.id] = self._interviewer.question(template)
            if len(self._questions) > self._settings.cache_verdicts_max:
                self._questions.popitem(last=False)
        return question

    async def _wait(self, waiting: list[_Open]) -> bool:
        """Hold the batch for answers while that is likely to help. Did any come?"""
        now = asyncio.get_running_loop().time()
        left = {asked.answered: asked.patience_ends - now for *_, asked in waiting if asked.patience_ends > now}
        if not left or not self._may_wait():
            return False
        self._scout_waits = True
        try:
            done, _ = await asyncio.wait(left, timeout=max(left.values()))
        finally:
            self._scout_waits = False
        if not done:
            # From now on no batch waits, until an answer comes in time for one that would have.
            self._oracle.waiting_pays = False
        return bool(done)

    def _may_wait(self) -> bool:
        """Does waiting pay? While nobody knows, one batch at a time finds out."""
        if self._oracle.breaker_state != "closed":
            return False
        pays = self._oracle.waiting_pays
        return not self._scout_waits if pays is None else pays

    def _count(self, results: Counter[str]) -> None:
        for result, events in results.items():
            if events > 0:
                self._results[result] += events
                if result not in self._counters:
                    # Looked up once: that takes longer than to count.
                    self._counters[result] = telemetry.llm_events.labels(result)
                self._counters[result].inc(events)
        found = results["applied"] + results["no_verdict"] + results["low_confidence"]
        if found > 0:
            self._found.inc(found)
        telemetry.llm_breaker.set(_BREAKER_VALUES[self._oracle.breaker_state])
