"""What the LLM may cost: requests a minute, tokens and money a day.

The day's sums are kept in the database when there is one, so that all instances share them and a restart starts no
new day. What a call may cost at most is taken before it and the rest given back after: a call whose outcome is
unknown stays paid, and calls in flight together can't pass the limit.

Half of a day is for whoever comes first, the other half in equal shares for the clients that were seen within a day:
one client's junk leaves the others their part.
"""

import asyncio
from collections import OrderedDict, deque
from datetime import UTC, date, datetime
from typing import NamedTuple

from mothership.pipeline.llm.best_effort_store import BestEffortStore
from mothership.pipeline.llm.settings import LLMSettings
from mothership.ports import Clock
from mothership.telemetry import llm_tokens

_MINUTE = 60.0
_DAY = 86_400.0
_CLIENTS_MAX = 200
"""Clients whose share is kept for them; those seen last."""


class Reservation(NamedTuple):
    """What was taken for a call."""

    day: date
    prompt_tokens: int
    answer_tokens: int
    client: str = ""
    """Whose share it costs."""


class Budget:
    """Keeps count of what was asked and spent."""

    def __init__(self, settings: LLMSettings, clock: Clock, store: BestEffortStore) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._requests: deque[float] = deque()
        self._day = self._today()
        self._tokens = 0
        self._micros = 0
        self._paused_until = 0.0
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._spent_by: dict[str, float] = {}
        """Which part of today's budget each client had, as far as this process asked for it."""

    @property
    def tokens_today(self) -> int:
        """Tokens spent today (UTC), as far as this process knows."""
        return self._tokens if self._day == self._today() else 0

    @property
    def cost_today(self) -> float:
        """Money spent today (UTC), as far as this process knows."""
        return self._micros / 1e6 if self._day == self._today() else 0.0

    @property
    def used(self) -> float:
        """Which part of today's budget is spent, by tokens or by money, whichever is more."""
        return max(self.tokens_today / self._settings.tokens_per_day, self.cost_today / self._settings.cost_per_day)

    @property
    def paused(self) -> bool:
        """Did the endpoint ask for a pause that is not over?"""
        return self._clock() < self._paused_until

    @property
    def spent(self) -> bool:
        """Is there nothing left for even the smallest call today?"""
        settings = self._settings
        return self.tokens_today + settings.max_tokens > settings.tokens_per_day or (
            self.cost_today + self._micros_of(0, settings.max_tokens) / 1e6 > settings.cost_per_day
        )

    def reserve_share(self, client: str) -> None:
        """Keep a share for a client from now on, for a day."""
        now = self._clock()
        self._seen[client] = now
        self._seen.move_to_end(client)
        oldest = next(iter(self._seen))
        if len(self._seen) > _CLIENTS_MAX or not 0 <= now - self._seen[oldest] < _DAY:
            del self._seen[oldest]

    def allows(self, client: str, prompt_tokens: int) -> bool:
        """May a client have a call of that many tokens made, with what is kept for the others left untouched?"""
        others = [other for other in self._seen if other != client]
        if not others:
            return True
        spent = self._spent_by if self._day == self._today() else {}
        share = 0.5 / (len(others) + 1)
        wanted = self._part(prompt_tokens, self._settings.max_tokens)
        if spent.get(client, 0.0) + wanted <= share:
            return True
        kept = sum(max(0.0, share - spent.get(other, 0.0)) for other in others)
        return self.used + wanted <= 1 - kept

    async def load_today(self) -> None:
        """Learn what others, or this process before a restart, spent today."""
        await self._add(self._today(), 0, 0)

    def pause(self, seconds: float) -> None:
        """Let the endpoint rest, as it asked."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    async def wait_for_request_slot(self) -> None:
        """Return when a request may be made under the limit a minute."""
        while (seconds := self.delay_seconds()) > 0:  # noqa: ASYNC110 - what is awaited is time
            await asyncio.sleep(seconds)

    def delay_seconds(self) -> float:
        """Take a place in this minute, or tell how long there is none."""
        now = self._clock()
        # A clock that was set back must not block for longer than a minute.
        while self._requests and not 0 <= now - self._requests[0] < _MINUTE:
            self._requests.popleft()
        if len(self._requests) < self._settings.requests_per_minute:
            self._requests.append(now)
            return 0.0
        return min(_MINUTE, self._requests[0] + _MINUTE - now) + 0.001

    async def reserve(self, prompt_tokens: int, client: str = "") -> Reservation | None:
        """Take what a call may cost at most, or nothing when that is more than the day has left."""
        reservation = Reservation(self._today(), prompt_tokens, self._settings.max_tokens, client)
        micros = self._micros_of(*reservation[1:3])
        tokens, spent = await self._add(reservation.day, prompt_tokens + reservation.answer_tokens, micros)
        if tokens <= self._settings.tokens_per_day and spent <= self._settings.cost_per_day * 1e6:
            self._charge(reservation, self._part(*reservation[1:3]))
            return reservation
        await self._add(reservation.day, -(prompt_tokens + reservation.answer_tokens), -micros)
        return None

    async def settle(self, taken: Reservation, prompt_tokens: int | None, answer_tokens: int | None) -> None:
        """Say what a call did cost; None for what the endpoint did not tell, which stays as estimated."""
        prompt = taken.prompt_tokens if prompt_tokens is None else prompt_tokens
        answer = taken.answer_tokens if answer_tokens is None else answer_tokens
        llm_tokens.labels("prompt").inc(prompt)
        llm_tokens.labels("answer").inc(answer)
        tokens = prompt + answer - taken.prompt_tokens - taken.answer_tokens
        self._charge(taken, self._part(prompt, answer) - self._part(*taken[1:3]))
        await self._add(taken.day, tokens, self._micros_of(prompt, answer) - self._micros_of(*taken[1:3]))

    def _charge(self, reservation: Reservation, part: float) -> None:
        if reservation.day == self._day:
            self._spent_by[reservation.client] = self._spent_by.get(reservation.client, 0.0) + part

    async def _add(self, day: date, tokens: int, micros: int) -> tuple[int, int]:
        if day > self._day:
            self._day, self._tokens, self._micros = day, 0, 0
            self._spent_by.clear()
        # A call that began before midnight is settled with its own day.
        if day == self._day:
            self._tokens += tokens
            self._micros += micros
        shared = await self._store.spend(day, tokens, micros)
        if shared is not None and day == self._day:
            self._tokens, self._micros = shared
        return self._tokens, self._micros

    def _part(self, prompt_tokens: int, answer_tokens: int) -> float:
        """What that many tokens are of a day, by number or by price, whichever is more."""
        settings = self._settings
        micros = self._micros_of(prompt_tokens, answer_tokens)
        tokens = prompt_tokens + answer_tokens
        return max(tokens / settings.tokens_per_day, micros / 1e6 / settings.cost_per_day)

    def _micros_of(self, prompt_tokens: int, answer_tokens: int) -> int:
        settings = self._settings
        return round(
            prompt_tokens * settings.price_per_million_prompt_tokens
            + answer_tokens * settings.price_per_million_answer_tokens
        )

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock(), UTC).date()
