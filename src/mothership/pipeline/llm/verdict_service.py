"""Questions and their answers, off the way of events.

ask ─▶ queue ─▶ one fetcher ─▶ database knows ─▶ remembered
└─ does not ─▶ queue ─▶ workers ─▶ budget ─▶ breaker ─▶ endpoint ─▶ checked ─▶ remembered
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mothership import telemetry
from mothership.errors import CallFailed, InvalidVerdict
from mothership.fairness import Holder
from mothership.pipeline.llm.best_effort_store import BestEffortStore
from mothership.pipeline.llm.budget import Budget
from mothership.pipeline.llm.client import LLMClient
from mothership.pipeline.llm.fair_queue import FairQueue
from mothership.pipeline.llm.prompt import Question
from mothership.pipeline.llm.settings import LLMSettings
from mothership.pipeline.llm.verdict import ModelAnswer, Redact, VerdictRecord, read_verdict
from mothership.pipeline.llm.verdict_cache import CachedVerdict, VerdictCache
from mothership.ports import Clock, Health, VerdictStore
from mothership.retry import BreakerState, CircuitBreaker
from mothership.telemetry import log

ENDPOINT_FAILURES = frozenset(
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
_MAYBE_CHARGED = frozenset({"timeout", "too_long", "unreadable", "compressed"})
_RESTING = "resting"
_REST_SECONDS = 15.0
"""How long a question is left alone that the breaker or the endpoint's wish for a pause stopped."""
_NEVER = 1 << 62
HOLDERS_MAX = 16
"""Callers who have one question in their lines; more would bring it forward no further."""
_SILENCE_SECONDS = 0.5
"""How long a question is open until the endpoint counts as silent."""


@dataclass(slots=True)
class PendingQuestion:
    """A question that is being answered."""

    answered: asyncio.Future[None]
    since: float
    """When it was asked."""
    wait_until: float
    """Until when a batch may wait for it, on the event loop's clock."""
    request_id: str
    """The request whose event asked first."""
    holders: set[Holder]
    """Who asked: `HOLDERS_MAX` at most, who then have it in their lines."""
    queue: FairQueue | None
    """Where it waits; None once it is being answered."""
    payer: str = ""
    """The client whose turn it was, and whose share of the budget it costs."""


class VerdictService:
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
        self._client = LLMClient(settings, clock)
        best_effort = BestEffortStore(store, clock)
        self.budget = Budget(settings, clock, best_effort)
        self._cache = VerdictCache(
            verdicts_max=settings.cache_verdicts_max,
            keep_seconds=settings.cache_seconds,
            clock=clock,
            store=best_effort,
        )
        breaker = settings.circuit_breaker
        self._breaker = CircuitBreaker(breaker.failure_threshold if breaker.enabled else _NEVER)
        self._reset_seconds = breaker.reset_timeout.total_seconds()
        self._calls = 0
        """Under way."""
        self._pending: dict[bytes, PendingQuestion] = {}
        self._to_fetch, self._to_call = FairQueue(), FairQueue()
        self._call_ended = asyncio.Event()
        self.outcomes: Counter[str] = Counter()
        self.is_waiting_useful: bool | None = None
        """Did the last answer come in time for a batch that would wait for it? None: there was no answer yet."""

    def cached(self, question: Question, now: float) -> CachedVerdict | None:
        """Tell what is known now."""
        return self._cache.cached(question.key, now)

    def reserve_share(self, client: str) -> None:
        """Keep a share of the day for a client, whether it asks or not."""
        self.budget.reserve_share(client)

    def ask(self, question: Question, holder: Holder, request_id: str = "") -> PendingQuestion | None:
        """Have a question answered, once however often it is asked meanwhile.

        When `queue_max` wait already, whoever has most in line gives way; None when that is this caller, or when it has
        used up its share of the day.
        """
        if not self.budget.allows(holder.caller, question.tokens):
            return None
        pending = self._pending.get(question.key)
        if pending is None:
            if len(self._pending) >= self._settings.queue_max and not self._displace(holder):
                return None
            loop = asyncio.get_running_loop()
            wait_until = loop.time() + self._settings.wait_seconds
            pending = self._pending[question.key] = PendingQuestion(
                loop.create_future(), self._clock(), wait_until, request_id, set(), self._to_fetch
            )
        if pending.queue is not None and holder not in pending.holders and len(pending.holders) < HOLDERS_MAX:
            pending.holders.add(holder)
            pending.queue.put(question, holder)
        return pending

    def _displace(self, holder: Holder) -> bool:
        """Take a question back that waits for its call, or else one that waits to be looked up."""
        displaced = self._to_call.displace(holder) or self._to_fetch.displace(holder)
        if displaced is None:
            return False
        self._drop(displaced)
        return True

    def _drop(self, question: Question) -> None:
        """Let a question go that gave way to others'; a later event asks it again."""
        self.outcomes["displaced"] += 1
        telemetry.llm_calls.labels("displaced").inc()
        self._answered(question, useful=False)

    def is_unavailable(self, now: float) -> bool:
        """Is no verdict known, and none to be had soon?"""
        if self._cache.has_verdicts:
            return False
        if self._resting or len(self._pending) >= self._settings.concurrency:
            return True
        oldest = next(iter(self._pending.values()), None)
        # A clock that was set back counts as silence: a look at events is then made now and then.
        silent = oldest is not None and not 0 <= now - oldest.since < _SILENCE_SECONDS
        return silent or self.budget.spent

    async def run(self) -> None:
        """Answer questions until cancelled. Owns every call; one that fails ends nothing."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.budget.load_today())
                tasks.create_task(self._work_off(self._to_fetch, self._fetch))
                for _ in range(self._settings.concurrency):
                    tasks.create_task(self._work_off(self._to_call, self._call))
        finally:
            for pending in self._pending.values():
                pending.answered.cancel()
            self._pending.clear()
            await self._client.close()

    def health(self) -> Health:
        """How the endpoint is."""
        state = self.breaker_state
        if state != "closed":
            return Health(healthy=False, reason=f"circuit breaker {state} after {self._breaker.failures} failed calls")
        if self.budget.spent:
            return Health(healthy=False, reason="llm.tokens_per_day or llm.cost_per_day is used up until midnight UTC")
        return Health(healthy=True)

    @property
    def breaker_state(self) -> BreakerState:
        """Whether the endpoint is called."""
        return self._breaker.state(self._clock())

    @property
    def errors(self) -> int:
        """Calls that the endpoint failed."""
        return sum(count for outcome, count in self.outcomes.items() if outcome in ENDPOINT_FAILURES)

    @property
    def verdicts_cached(self) -> int:
        """How many are in memory."""
        return self._cache.count

    @property
    def queued(self) -> int:
        """Questions without an answer yet."""
        return len(self._pending)

    async def _work_off(self, queue: FairQueue, work: Callable[[Question], Any]) -> None:
        while True:
            question, holder = await queue.get()
            pending = self._pending[question.key]
            pending.queue, pending.payer = None, holder.caller
            try:
                await work(question)
            except Exception as error:  # noqa: BLE001 - one question that fails must not end the others
                log.error("llm_question_failed", template_id=question.template_id, exc_info=error)
                self._conclude(question, "internal")

    async def _fetch(self, question: Question) -> None:
        """Find a verdict in the database, or pass the question on."""
        record = await self._cache.fetch(question.key)
        if record is None:
            pending = self._pending[question.key]
            pending.queue = self._to_call
            for holder in pending.holders:
                self._to_call.put(question, holder)
        else:
            telemetry.llm_cache.labels("database").inc()
            self._answered(question, useful=True)

    async def _call(self, question: Question) -> None:
        """Ask the endpoint, within the budget."""
        telemetry.llm_cache.labels("nowhere").inc()
        if self._resting:
            # Seen before the budget is, which would ask the database twice.
            self._conclude(question, _RESTING)
            return
        client = self._pending[question.key].payer
        if not self.budget.allows(client, question.tokens):
            # No verdict on the question: others may ask it.
            self._drop(question)
            return
        reservation = await self.budget.reserve(question.tokens, client)
        if reservation is None:
            self._conclude(question, "budget_spent")
            return
        started = time.monotonic()
        try:
            answer = await self._call_endpoint(question)
        except CallFailed as error:
            if error.outcome not in _MAYBE_CHARGED:
                await self.budget.settle(reservation, 0, 0)
            if error.retry_after_seconds:
                self.budget.pause(error.retry_after_seconds)
            self._conclude(question, error.outcome, seconds=time.monotonic() - started)
        else:
            seconds = time.monotonic() - started
            await self.budget.settle(reservation, answer.prompt_tokens, answer.answer_tokens)
            await self._read_answer(question, answer, seconds)

    @property
    def _resting(self) -> bool:
        return self.budget.paused or not self._breaker.admits(self._clock())

    async def _call_endpoint(self, question: Question) -> ModelAnswer:
        await self.budget.wait_for_request_slot()
        while self._breaker.would_open(self._calls):
            await self._call_ended.wait()
        if self._resting:
            raise CallFailed(_RESTING)
        self._breaker.begin()
        self._calls += 1
        outcome = "abandoned"
        try:
            answer = await self._client.ask(question, self._nonce(), self.budget.wait_for_request_slot)
            outcome = "answered"
        except CallFailed as error:
            outcome = error.outcome
            raise
        finally:
            self._record_outcome(outcome)
        return answer

    def _record_outcome(self, outcome: str) -> None:
        self._call_ended.set()
        self._call_ended = asyncio.Event()
        self._calls -= 1
        before = self.breaker_state
        if outcome == "answered":
            self._breaker.succeed()
        elif outcome in ENDPOINT_FAILURES:
            self._breaker.fail(self._clock(), self._reset_seconds)
        else:
            self._breaker.abandon()
        if before != self.breaker_state:
            log.warning("llm_breaker_changed", before=before, after=self.breaker_state, outcome=outcome)

    async def _read_answer(self, question: Question, answer: ModelAnswer, seconds: float) -> None:
        """Make a verdict of an answer, or discard it."""
        try:
            verdict = read_verdict(answer, self._redact)
        except InvalidVerdict as error:
            self._conclude(question, error.reason, seconds=seconds, answer=answer)
            return
        record = VerdictRecord(verdict, self._settings.model, question.template_id)
        await self._cache.store(question, record)
        enough = verdict.confidence >= self._settings.confidence_threshold
        self._conclude(
            question, "applied" if enough else "low_confidence", seconds=seconds, answer=answer, record=record
        )

    def _conclude(
        self,
        question: Question,
        outcome: str,
        *,
        seconds: float = 0.0,
        answer: ModelAnswer | None = None,
        record: VerdictRecord | None = None,
    ) -> None:
        """Count and audit what became of a question. What brought no verdict is not asked again for a while."""
        if record is None:
            rest = min(_REST_SECONDS, self._settings.retry_seconds)
            self._cache.put_failure(
                question.key, outcome, rest if outcome == _RESTING else self._settings.retry_seconds
            )
        self.outcomes[outcome] += 1
        telemetry.llm_calls.labels(outcome).inc()
        if answer or outcome in ENDPOINT_FAILURES:
            telemetry.llm_seconds.observe(seconds)
        pending = self._pending.get(question.key)
        (log.debug if outcome == _RESTING else log.info)(
            "llm_asked",
            outcome=outcome,
            request_id=pending.request_id if pending else None,
            template_id=question.template_id,
            prompt_hash=question.hash,
            prompt_tokens=answer.prompt_tokens if answer else None,
            answer_tokens=answer.answer_tokens if answer else None,
            seconds=round(seconds, 3),
            confidence=record.verdict.confidence if record else None,
        )
        self._answered(question, useful=record is not None)

    def _answered(self, question: Question, *, useful: bool) -> None:
        pending = self._pending.pop(question.key, None)
        if pending is None:
            return
        if not pending.answered.done():
            pending.answered.set_result(None)
        self.is_waiting_useful = useful and asyncio.get_running_loop().time() <= pending.wait_until
