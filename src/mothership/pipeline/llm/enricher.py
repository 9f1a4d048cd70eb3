"""`LLMEnricher`: what a language model makes of a message's template, put on each of its events as `llm`.

    event ─▶ its template ─▶ verdict known? ─ yes ─▶ event["llm"]      a look into two dictionaries
                                   └─ no ─▶ the question is asked, once a template (verdict_service.py)

A batch never waits for the endpoint but at the first sight of a template, `wait_seconds` at most, and not even that
once waiting has proved useless (until the endpoint has answered for the first time, one batch at a time tries).
Whatever goes wrong is a count and a line in the log.
"""

import asyncio
import math
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from mothership import telemetry
from mothership.event import Batch, Event
from mothership.fairness import Holder
from mothership.log_limiter import LogLimiter
from mothership.pipeline.llm.prompt import PromptBuilder, Question
from mothership.pipeline.llm.settings import CircuitBreakerSettings, LLMSettings
from mothership.pipeline.llm.verdict import Redact
from mothership.pipeline.llm.verdict_cache import CachedVerdict
from mothership.pipeline.llm.verdict_service import PendingQuestion, VerdictService
from mothership.pipeline.templates.template_tree import Template
from mothership.pipeline.templates.templates import Templates
from mothership.ports import Clock, Health, VerdictStore
from mothership.status import LLMStatus

__all__ = ["CircuitBreakerSettings", "LLMEnricher", "LLMSettings"]

_PROBE_SECONDS = 1.0
_BREAKER_VALUES = {"closed": 0.0, "half_open": 0.5, "open": 1.0}


class _WaitingEvents(NamedTuple):
    """Events of one batch and one template, whose question is being answered."""

    template_id: str
    events: list[Event]
    question: Question
    pending: PendingQuestion


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
        self._service = VerdictService(settings, redact, store=store, clock=clock, nonce=nonce)
        self._question = lru_cache(maxsize=settings.cache_verdicts_max)(PromptBuilder(settings).question)
        self._results: Counter[str] = Counter()
        self._counters: dict[str, Any] = {}
        self._found = telemetry.llm_cache.labels("memory")
        self._log_failed = LogLimiter("error", "llm_step_failed")
        self._probe_waits = False
        self._probed_at = -math.inf

    async def __call__(self, batch: Batch) -> None:
        """Add `llm` to the events whose verdict is known now, or within the wait. Never raises."""
        results: Counter[str] = Counter()
        try:
            waiting = self._apply_cached(batch, results)
            if waiting and await self._wait(waiting):
                self._apply_answered(waiting, results)
        except Exception as error:  # noqa: BLE001 - the optional never hurts the rest
            self._log_failed(Holder(batch.client, batch.address), None, exc_info=error)
        self._count(results)

    async def run(self) -> None:
        """Answer questions until cancelled. Owns every call; one that fails ends nothing."""
        await self._service.run()

    def health(self) -> Health:
        """How the endpoint is, for /healthz."""
        return self._service.health()

    def status(self) -> LLMStatus:
        """For /healthz and /stats."""
        service, health = self._service, self._service.health()
        return LLMStatus(
            healthy=health.healthy,
            reason=health.reason,
            model=self._settings.model,
            circuit_breaker=service.breaker_state,
            processed=self._results.total() - self._results["resting"],
            confidence_threshold=self._settings.confidence_threshold,
            applied=self._results["applied"],
            results=dict(self._results),
            templates=self._templates.count,
            errors=service.errors,
            calls=dict(service.outcomes),
            verdicts_cached=service.verdicts_cached,
            queued=service.queued,
            tokens_today=service.budget.tokens_today,
            cost_today=round(service.budget.cost_today, 6),
        )

    def budget_used(self) -> float:
        """Which part of today's budget is spent."""
        return self._service.budget.used

    def wants_templates(self) -> bool:
        """Whether it is worth finding templates. While there is nothing to gain, one batch now and then finds out."""
        now = self._clock()
        if not self._service.is_unavailable(now):
            return True
        if 0 <= now - self._probed_at < _PROBE_SECONDS:
            return False
        self._probed_at = now
        return True

    def _apply_cached(self, batch: Batch, results: Counter[str]) -> list[_WaitingEvents]:
        """Apply what is known and ask about the rest. Returns what is being answered."""
        waiting: list[_WaitingEvents] = []
        now = self._clock()
        holder = Holder(batch.client, batch.address)
        self._service.reserve_share(holder.caller)
        for template, events in self._by_template(batch, results):
            question = self._question(template)
            if not question.has_words:
                results["no_words"] += len(events)
                continue
            cached = self._service.cached(question, now)
            if cached is None and (pending := self._service.ask(question, holder, batch.request_id)):
                waiting.append(_WaitingEvents(template.id, events, question, pending))
            results[self._put(events, template.id, cached)] += len(events)
        return waiting

    def _by_template(self, batch: Batch, results: Counter[str]) -> Iterable[tuple[Template, list[Event]]]:
        """The events that may get a verdict, by their template: the rest is done once for each."""
        groups: dict[str, tuple[Template, list[Event]]] = {}
        of, unsafe, passed = self._templates.template_of, batch.unsafe, 0
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
        if passed and self._service.is_unavailable(self._clock()):
            results["resting"] += passed
        return [group for group in groups.values() if group[1]]

    def _apply_answered(self, waiting: list[_WaitingEvents], results: Counter[str]) -> None:
        now = self._clock()
        for template_id, events, question, _ in waiting:
            results["unknown"] -= len(events)
            results[self._put(events, template_id, self._service.cached(question, now))] += len(events)

    def _put(self, events: list[Event], template_id: str, cached: CachedVerdict | None) -> str:
        """Apply a verdict, or say why not."""
        if cached is None:
            return "unknown"
        if cached.record is None:
            return "no_verdict"
        if cached.record.verdict.confidence < self._settings.confidence_threshold:
            return "low_confidence"
        for event in events:
            event["llm"] = cached.record.field(template_id)
        return "applied"

    async def _wait(self, waiting: list[_WaitingEvents]) -> bool:
        """Hold the batch for answers while that is likely to help. Did any come?"""
        now = asyncio.get_running_loop().time()
        left = {pending.answered: pending.wait_until - now for *_, pending in waiting if pending.wait_until > now}
        if not left or not self._may_wait():
            return False
        self._probe_waits = True
        try:
            done, _ = await asyncio.wait(left, timeout=max(left.values()))
        finally:
            self._probe_waits = False
        if not done:
            # From now on no batch waits, until an answer comes in time for one that would have.
            self._service.is_waiting_useful = False
        return bool(done)

    def _may_wait(self) -> bool:
        """Does waiting pay? While nobody knows, one batch at a time finds out."""
        if self._service.breaker_state != "closed":
            return False
        pays = self._service.is_waiting_useful
        return not self._probe_waits if pays is None else pays

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
        telemetry.llm_breaker.set(_BREAKER_VALUES[self._service.breaker_state])
