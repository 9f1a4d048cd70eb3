"""Follows the events of a service from elsewhere: connects, and connects again, and says what it missed."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx2
import orjson

from mothership.errors import ShippingError, TailError
from mothership.live_tail.messages import MessageReader, parsed
from mothership.plurals import counted
from mothership.retry import backoff_seconds, retry_after_seconds
from mothership.search.parameters import Parameters, address
from mothership.shipping import connection_diagnosis
from mothership.shipping.target import ShipTarget, http_client, page, shown

PATH = "/console/events"
SILENCE_SECONDS = 45.0
"""The service says something every 15 seconds: after three times that the connection is dead."""
PAUSE_SECONDS_FIRST, PAUSE_SECONDS_MAX = 0.5, 30.0
TOLD_EVERY_SECONDS = 5.0
"""How often it is told, in a flood, that events were left out."""
BODY_BYTES_MAX = 64 * 1024


class TailClient:
    """Follows one question at one service."""

    def __init__(
        self,
        target: ShipTarget,
        question: Sequence[tuple[str, str]],
        *,
        show: Callable[[Any], None],
        say: Callable[[str], None],
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """`show` gets each event; `say`, what a person should know beside them."""
        self._target = target
        self._question = list(question)
        try:
            self._page = page(target.url, PATH)
        except ShippingError as error:
            raise TailError(str(error)) from None
        self._show = show
        self._say = say
        self._ticks = ticks
        self._attempts = 0
        self._lost: datetime | None = None
        self._outage = ""
        self._left_out = 0
        self._told = -TOLD_EVERY_SECONDS

    async def run(self) -> None:
        """Follow for ever. Raises `TailError` where trying again can't help."""
        try:
            client = http_client(self._target, "Tail")
        except ShippingError as error:
            raise TailError(str(error)) from None
        async with client:
            while True:
                trouble, asked_seconds = await self._follow(client)
                self._lost = self._lost or datetime.now(UTC)
                if trouble != self._outage:
                    self._outage = trouble
                    self._say(f"{trouble}; connecting again")
                self._attempts += 1
                pause = backoff_seconds(
                    self._attempts,
                    first=PAUSE_SECONDS_FIRST,
                    longest=PAUSE_SECONDS_MAX,
                    jitter=random.random(),  # noqa: S311 - no secret is made of it
                )
                await asyncio.sleep(max(pause, asked_seconds or 0.0))

    async def _follow(self, client: httpx2.AsyncClient) -> tuple[str, float | None]:
        """One connection; why it ended, and after how many seconds the service wants to be asked again."""
        url = address(self._page, self._question)
        timeout = httpx2.Timeout(self._target.timeout_seconds, read=SILENCE_SECONDS)
        try:
            async with client.stream("GET", url, headers={"Accept": "text/event-stream"}, timeout=timeout) as answer:
                if not answer.is_success:
                    return await self._refused(answer)
                if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                    raise TailError(f"{shown(self._page)} is no Mothership that can be followed")
                return await self._read(client, answer), None
        except httpx2.TooManyRedirects:
            raise TailError(f"{shown(self._page)} redirects in circles") from None
        except (httpx2.RequestError, httpx2.InvalidURL, OSError) as error:
            fault = await connection_diagnosis.explain(error, self._page, self._target.client_certificate)
            if fault.is_final:
                raise TailError(fault.reason) from None
            return fault.reason, None

    async def _refused(self, answer: httpx2.Response) -> tuple[str, float | None]:
        said = orjson.loads(await _begin_of(answer) or b"{}")
        reason = str(said.get("reason", "")) if isinstance(said, dict) else ""
        reason = reason or f"answered {answer.status_code}"
        if answer.status_code in connection_diagnosis.FINAL_STATUSES:
            has_token = bool(self._target.token)
            advice = connection_diagnosis.refused(answer.status_code, self._page, adds=PATH, has_token=has_token)
            raise TailError(f"{shown(self._page)}: {reason}" + (f"; {advice}" if advice else ""))
        return reason, retry_after_seconds(answer.headers.get("retry-after"), now=time.time())

    async def _read(self, client: httpx2.AsyncClient, answer: httpx2.Response) -> str:
        messages, reason = MessageReader(), "the connection was closed"
        try:
            async for received in answer.aiter_bytes():
                for name, data in map(parsed, messages.feed(received)):
                    if not data:
                        continue
                    content = orjson.loads(data)
                    if not name:
                        self._show(content)
                    elif name == "following":
                        await self._on_following(client)
                    elif name == "missed":
                        self._left_out += int(content["events"])
                    elif name == "end":
                        reason = str(content["reason"])
                    self._tell_left_out(at_once=name == "end")
        except (ValueError, KeyError, TypeError):
            return "the service said something that is no event"
        return reason

    async def _on_following(self, client: httpx2.AsyncClient) -> None:
        self._attempts, self._outage = 0, ""
        if self._lost is None:
            return
        since, until, self._lost = self._lost, datetime.now(UTC), None
        seconds = max(1, round((until - since).total_seconds()))
        span = [*self._question, ("since", _iso(since)), ("until", _iso(until))]
        found = await self._count(client, span)
        there = "" if found is None else f"; {found} with a time in between: {address(shown(self._page), span)}"
        self._say(f"connected again after {counted(seconds, 'second')}: what was stored meanwhile is not shown{there}")

    async def _count(self, client: httpx2.AsyncClient, span: Parameters) -> str | None:
        """How many events of a time the database has, in words."""
        try:
            answer = await client.get(address(f"{self._page}.json", [*span, ("facets", "1")]))
            content = answer.raise_for_status().json()
            if not content["can_search"]:
                return None
            more = "" if content["counted_all"] else " or more"
            return f"{counted(content['counted'], 'event')}{more} that match"
        except (httpx2.HTTPError, ValueError, KeyError, TypeError):
            return None

    def _tell_left_out(self, *, at_once: bool) -> None:
        if self._left_out and (at_once or self._ticks() - self._told >= TOLD_EVERY_SECONDS):
            self._say(f"{counted(self._left_out, 'event')} left out: more than a live tail shows")
            self._left_out, self._told = 0, self._ticks()


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _begin_of(answer: httpx2.Response) -> bytes:
    """What a refusal says, if it is JSON and short."""
    body = b""
    async for received in answer.aiter_bytes():
        body += received
        if len(body) > BODY_BYTES_MAX:
            return b""
    return body if answer.headers.get("content-type", "").startswith("application/json") else b""
