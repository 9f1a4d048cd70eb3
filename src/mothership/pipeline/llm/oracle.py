"""Questions and their answers, off the way of events.

ask ─▶ lines ─▶ one fetcher ─▶ database knows ─▶ remembered
└─ does not ─▶ lines ─▶ workers ─▶ budget ─▶ breaker ─▶ endpoint ─▶ checked ─▶ remembered
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mothership import telemetry
from mothership.pipeline.llm.breaker import Breaker
from mothership.pipeline.llm.budget import Budget
from mothership.pipeline.llm.client import LLMClient
from mothership.pipeline.llm.known import Known, Verdicts
from mothership.pipeline.llm.lines import Caller, Lines
from mothership.pipeline.llm.prompt import Question
from mothership.pipeline.llm.settings import LLMSettings
from mothership.pipeline.llm.store import PatientStore
from mothership.pipeline.llm.verdict import Answer, Discarded, Failed, Record, Redact, read
from mothership.ports import Clock, Health, VerdictStore
from mothership.telemetry import log

FAILURES = frozenset(
    {
        "timeout",
        "connection",
        "server_error",
        "rate_limited",
        "unauthorized",
        "not_found",
        "too_long",
        "compressed",
        "redirect",
        "unreadable",
        "bad_request",
    }
)
"""Outcomes of a call that say something about the endpoint: the breaker counts them."""
_MAYBE_PAID = frozenset({"timeout", "too_long", "unreadable", "compressed"})
_RESTING = "resting"
_REST_SECONDS = 15.0
"""How long a question is left alone that the breaker or the endpoint's wish for a pause stopped."""
_NEVER = 1 << 62
CALLERS_MAX = 16
"""Callers who have one question in their lines; more would bring it forward no further."""
_SILENCE_SECONDS = 0.5
"""How long a question is open until the endpoint counts as silent."""


@dataclass(slots=True)
class Asked:
    """A question that is being answered."""

    answered: asyncio.Future[None]
    since: float
    """When it was asked."""
    patience_ends: float
    """Until when a batch may wait for it, on the event loop's clock."""
    request_id: str
    """The request whose event asked first."""
    callers: set[Caller]
    """Who asked: `CALLERS_MAX` at most, who then have it in their lines."""
    line: Lines | None
    """Where it waits; None once it is being answered."""
    payer: str = ""
    """The client whose turn it was, and whose share of the budget it costs."""


class Oracle:
    """Answers each question once. `run` must be running; whatever goes wrong is a count and a line in the log."""

    def __init__(
        self,
        settings: LLMSettings,
        redact: Redact,
        *,
        store: VerdictStore | None = None,
        clock: Clock = time.time,
        nonce: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._settings = settings
        self._redact = redact
        self._clock = clock
        self._nonce = nonce
        self._client = LLMClient(settings)
        patient = PatientStore(store, clock)
        self._budget = Budget(settings, clock, patient)
        self._verdicts = Verdicts(
            verdicts_max=settings.cache_verdicts_max, keep_seconds=settings.cache_seconds, clock=clock, store=patient
        )
        breaker = settings.circuit_breaker
        self._breaker = Breaker(
            failure_threshold=breaker.failure_threshold if breaker.enabled else _NEVER,
            reset_seconds=breaker.reset_timeout.total_seconds(),
            clock=clock,
        )
        self._asked: dict[bytes, Asked] = {}
        self._to_fetch, self._to_call = Lines(), Lines()
        self._call_ended = asyncio.Event()
        self._outcomes: Counter[str] = Counter()
        self.waiting_pays: bool | None = None
        """Did the last answer come in time for a batch that would wait for it? None: there was no answer yet."""

    def recall(self, question: Question, now: float) -> Known | None:
        """Tell what is known now."""
        return self._verdicts.recall(question.key, now)

    def meet(self, client: str) -> None:
        """Keep a share of the day for a client, whether it asks or not."""
        self._budget.meet(client)

    def ask(self, question: Question, caller: Caller, request_id: str = "") -> Asked | None:
        """Have a question answered, once however often it is asked meanwhile.

        When `queue_max` wait already, whoever has most in line gives way; None when that is this caller, or when it has
        used up its share of the day.
        """
        if not self._budget.allows(caller.client, question.tokens):
            return None
        asked = self._asked.get(question.key)
        if asked is None:
            if len(self._asked) >= self._settings.queue_max and not self._make_room(caller):
                return None
            loop = asyncio.get_running_loop()
            patience_ends = loop.time() + self._settings.wait_seconds
            asked = self._asked[question.key] = Asked(
                loop.create_future(), self._clock(), patience_ends, request_id, set(), self._to_fetch
            )
        if asked.line is not None and caller not in asked.callers and len(asked.callers) < CALLERS_MAX:
            asked.callers.add(caller)
            asked.line.put(question, caller)
        return asked

    def _make_room(self, caller: Caller) -> bool:
        """Take a question back that waits for its call, or else one that waits to be looked up."""
        displaced = self._to_call.make_room(caller) or self._to_fetch.make_room(caller)
        if displaced is None:
            return False
        self._pass_over(displaced)
        return True

    def _pass_over(self, question: Question) -> None:
        """Let a question go that gave way to others'; a later event asks it again."""
        self._outcomes["displaced"] += 1
        telemetry.llm_calls.labels("displaced").inc()
        self._answered(question, useful=False)

    def hopeless(self, now: float) -> bool:
        """Is no verdict known, and none to be had soon?"""
        if self._verdicts.any:
            return False
        if self._resting or len(self._asked) >= self._settings.concurrency:
            return True
        oldest = next(iter(self._asked.values()), None)
        # A clock that was set back counts as silence: a look at events is then made now and then.
        silent = oldest is not None and not 0 <= now - oldest.since < _SILENCE_SECONDS
        return silent or self._budget.spent

    async def run(self) -> None:
        """Answer questions until cancelled. Owns every call; one that fails ends nothing."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._budget.catch_up())
                tasks.create_task(self._serve(self._to_fetch, self._fetch))
                for _ in range(self._settings.concurrency):
                    tasks.create_task(self._serve(self._to_call, self._call))
        finally:
            for asked in self._asked.values():
                asked.answered.cancel()
            self._asked.clear()
            await self._client.close()

    def health(self) -> Health:
        """How the endpoint is."""
        state = self._breaker.state
        if state != "closed":
            return Health(healthy=False, reason=f"circuit breaker {state} after {self._breaker.failures} failed calls")
        if self._budget.spent:
            return Health(healthy=False, reason="llm.tokens_per_day or llm.cost_per_day is used up until midnight UTC")
        return Health(healthy=True)

    @property
    def breaker_state(self) -> str:
        """`closed`, `open` or `half-open`."""
        return self._breaker.state

    def stats(self) -> dict[str, Any]:
        """What was asked and spent."""
        return {
            "errors": sum(count for outcome, count in self._outcomes.items() if outcome in FAILURES),
            "calls": dict(self._outcomes),
            "verdicts_cached": len(self._verdicts),
            "queued": len(self._asked),
            "tokens_today": self._budget.tokens_today,
            "cost_today": round(self._budget.cost_today, 6),
            "circuit_breaker": self._breaker.state,
        }

    async def _serve(self, lines: Lines, work: Callable[[Question], Any]) -> None:
        while True:
            question, caller = await lines.get()
            asked = self._asked[question.key]
            asked.line, asked.payer = None, caller.client
            try:
                await work(question)
            except Exception as error:  # noqa: BLE001 - one question that fails must not end the others
                log.error("llm_question_failed", template_id=question.template_id, exc_info=error)
                self._decide(question, "internal")

    async def _fetch(self, question: Question) -> None:
        """Find a verdict in the database, or pass the question on."""
        record = await self._verdicts.fetch(question.key)
        if record is None:
            asked = self._asked[question.key]
            asked.line = self._to_call
            for caller in asked.callers:
                self._to_call.put(question, caller)
        else:
            telemetry.llm_cache.labels("database").inc()
            self._answered(question, useful=True)

    async def _call(self, question: Question) -> None:
        """Ask the endpoint, within the budget."""
        telemetry.llm_cache.labels("nowhere").inc()
        if self._resting:
            # Seen before the budget is, which would ask the database twice.
            self._decide(question, _RESTING)
            return
        client = self._asked[question.key].payer
        if not self._budget.allows(client, question.tokens):
            # No verdict on the question: others may ask it.
            self._pass_over(question)
            return
        spending = await self._budget.take(question.tokens, client)
        if spending is None:
            self._decide(question, "budget_spent")
            return
        started = time.monotonic()
        try:
            answer = await self._under_the_breaker(question)
        except Failed as error:
            if error.outcome not in _MAYBE_PAID:
                await self._budget.settle(spending, 0, 0)
            if error.retry_after_seconds:
                self._budget.pause(error.retry_after_seconds)
            self._decide(question, error.outcome, seconds=time.monotonic() - started)
        else:
            seconds = time.monotonic() - started
            await self._budget.settle(spending, answer.prompt_tokens, answer.answer_tokens)
            await self._judge(question, answer, seconds)

    @property
    def _resting(self) -> bool:
        return self._budget.paused or not self._breaker.admits

    async def _under_the_breaker(self, question: Question) -> Answer:
        await self._budget.turn()
        while self._breaker.crowded:
            await self._call_ended.wait()
        if self._budget.paused or not self._breaker.admit():
            raise Failed(_RESTING)
        outcome = "abandoned"
        try:
            answer = await self._client.ask(question, self._nonce(), self._budget.turn)
            outcome = "answered"
        except Failed as error:
            outcome = error.outcome
            raise
        finally:
            self._mark(outcome)
        return answer

    def _mark(self, outcome: str) -> None:
        self._call_ended.set()
        self._call_ended = asyncio.Event()
        before = self._breaker.state
        if outcome == "answered":
            self._breaker.succeeded()
        elif outcome in FAILURES:
            self._breaker.failed()
        else:
            self._breaker.abandoned()
        if before != self._breaker.state:
            log.warning("llm_breaker_changed", before=before, after=self._breaker.state, outcome=outcome)

    async def _judge(self, question: Question, answer: Answer, seconds: float) -> None:
        """Make a verdict of an answer, or discard it."""
        try:
            verdict = read(answer, self._redact)
        except Discarded as error:
            self._decide(question, error.reason, seconds=seconds, answer=answer)
            return
        record = Record(verdict, self._settings.model, question.template_id)
        await self._verdicts.store(question, record)
        enough = verdict.confidence >= self._settings.confidence_threshold
        self._decide(question, "applied" if enough else "low_confidence", seconds=seconds, answer=answer, record=record)

    def _decide(
        self,
        question: Question,
        outcome: str,
        *,
        seconds: float = 0.0,
        answer: Answer | None = None,
        record: Record | None = None,
    ) -> None:
        """Count and audit what became of a question. What brought no verdict is not asked again for a while."""
        if record is None:
            rest = min(_REST_SECONDS, self._settings.retry_seconds)
            self._verdicts.give_up(question.key, outcome, rest if outcome == _RESTING else self._settings.retry_seconds)
        self._outcomes[outcome] += 1
        telemetry.llm_calls.labels(outcome).inc()
        if answer or outcome in FAILURES:
            telemetry.llm_seconds.observe(seconds)
        asked = self._asked.get(question.key)
        (log.debug if outcome == _RESTING else log.info)(
            "llm_asked",
            outcome=outcome,
            request_id=asked.request_id if asked else None,
            template_id=question.template_id,
            prompt_hash=question.hash,
            prompt_tokens=answer.prompt_tokens if answer else None,
            answer_tokens=answer.answer_tokens if answer else None,
            seconds=round(seconds, 3),
            confidence=record.verdict.confidence if record else None,
        )
        self._answered(question, useful=record is not None)

    def _answered(self, question: Question, *, useful: bool) -> None:
        asked = self._asked.pop(question.key, None)
        if asked is None:
            return
        if not asked.answered.done():
            asked.answered.set_result(None)
        self.waiting_pays = useful and asyncio.get_running_loop().time() <= asked.patience_ends
