"""A fleet that behaves like EdgeBot nodes, and the ledger of what it was told."""

import asyncio
import gzip
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx2
from tests.loopback import PLAIN
from tests.starvation import PATIENCE_SECONDS as GUARD_SECONDS
from tests.starvation import starved_seconds

TIMEOUT_SECONDS = 5.0
PATIENCE_SECONDS = 2.0
"""A node would wait longer after a failure; the suite has no time for that."""
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)


@dataclass
class Ledger:
    """What was sent, and what was acknowledged."""

    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    set_aside: int = 0
    """Events that an answer counted as `errors`."""
    answers: Counter[str] = field(default_factory=Counter)
    slowest_seconds: float = 0.0
    attempts: dict[str, list[str]] = field(default_factory=dict)
    """For each batch, by its first event: when it was sent where, and how that ended."""


def event(node: str, number: int, words: int = 12) -> dict[str, Any]:
    """An event that no other number gives, and that redaction leaves as it is."""
    chance = random.Random(f"{node}/{number}")
    text = " ".join(chance.choice(("pump", "valve", "mast", "deck", "winch", "hull", "keel")) for _ in range(words))
    return {
        "type": "log",
        "timestamp": (BEGAN + timedelta(milliseconds=number)).isoformat(),
        "source": node,
        "seq": number,
        "message": f"unit {number} reports: {text}",
        "level": chance.randrange(100),
    }


def key(one: dict[str, Any]) -> str:
    """Identity of an event in the ledger and in the store."""
    return f"{one['source']}/{one['seq']}"


class Node:
    """Sends batch after batch, each again and again until it is acknowledged; of several services to one after another.

    `lost_answers` is the share of the answers that never reach it, as over a bad link. `patient_with` a process, it
    waits for each answer, and what is told of the slowest is without the time that the machine gave to others. Without
    `keep_alive` each request has a connection of its own.
    """

    def __init__(
        self,
        name: str,
        urls: Sequence[str],
        ledger: Ledger,
        *,
        batch: int = 100,
        lost_answers: float = 0.0,
        patient_with: int = 0,
        keep_alive: bool = True,
    ) -> None:
        self.name = name
        self._lost_answers = lost_answers
        self._chance = random.Random(name)
        self.next = 0
        self._urls = list(urls)
        self._ledger = ledger
        self._batch = batch
        self._patient_with = patient_with
        self._client = httpx2.AsyncClient(
            timeout=GUARD_SECONDS if patient_with else TIMEOUT_SECONDS,
            verify=PLAIN,
            limits=httpx2.Limits(max_keepalive_connections=None if keep_alive else 0),
        )

    async def run(self, stop: asyncio.Event, *, pause_seconds: float = 0.0) -> None:
        """Until told to stop, and then until the last batch is acknowledged."""
        async with self:
            while not stop.is_set():
                await self.send_next()
                if pause_seconds:
                    await asyncio.sleep(pause_seconds)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_rest: object) -> None:
        await self._client.aclose()

    async def send_next(self) -> None:
        """One new batch."""
        messages = [event(self.name, self.next + i) for i in range(self._batch)]
        self.next += self._batch
        await self.send(messages)

    async def send(self, messages: list[dict[str, Any]]) -> None:
        """Until it is acknowledged."""
        self._ledger.sent.update({key(one): one for one in messages})
        attempt = 0
        while not await self._try(self._urls[attempt % len(self._urls)], messages, attempt):
            attempt += 1

    async def _try(self, url: str, messages: list[dict[str, Any]], attempt: int) -> bool:
        envelope = {
            "messages": messages,
            "batch_size": len(messages),
            "timestamp": datetime.now(UTC).isoformat(),
            "source": "edgebot",
            "is_retry": attempt > 0,
        }
        headers = {"content-type": "application/json", "content-encoding": "gzip", "user-agent": "EdgeBot-Shipper/1.0"}
        began, sent = self._now(), f"{datetime.now(UTC):%T.%f} {url}"
        attempts = self._ledger.attempts.setdefault(key(messages[0]), [])
        try:
            body = gzip.compress(json.dumps(envelope).encode(), 1)
            answer = await self._client.post(f"{url}/ingest", content=body, headers=headers)
        except httpx2.HTTPError as error:
            timed_out = isinstance(error, httpx2.ReadTimeout)
            self._ledger.answers["time-out" if timed_out else "no answer"] += 1
            attempts.append(f"{sent}: {type(error).__name__} {datetime.now(UTC):%T.%f}")
            if timed_out:
                self._ledger.slowest_seconds = max(self._ledger.slowest_seconds, self._now() - began)
            await asyncio.sleep(min(PATIENCE_SECONDS, 0.1 * 2**attempt) * random.uniform(0.5, 1.0))
            return False
        self._ledger.slowest_seconds = max(self._ledger.slowest_seconds, self._now() - began)
        self._ledger.answers[str(answer.status_code)] += 1
        attempts.append(f"{sent}: {answer.status_code} {datetime.now(UTC):%T.%f}")
        if answer.is_success and self._chance.random() < self._lost_answers:
            self._ledger.answers["lost"] += 1
            return False
        if answer.is_success:
            self._acknowledged(messages, answer.json())
            return True
        if answer.status_code != 429 and answer.status_code < 500:
            raise AssertionError(f"a node drops its batch on {answer.status_code}: {answer.text}")
        asked = float(answer.headers.get("retry-after", "1"))
        await asyncio.sleep(min(PATIENCE_SECONDS, asked) * random.uniform(0.5, 1.0))
        return False

    def _now(self) -> float:
        return time.monotonic() - (starved_seconds(self._patient_with) if self._patient_with else 0.0)

    def _acknowledged(self, messages: list[dict[str, Any]], answer: dict[str, Any]) -> None:
        assert answer["rejected"] == 0, answer
        for tally in answer["sink_results"].values():
            assert tally["written"] + tally["queued"] + tally["errors"] == len(messages), answer
        self._ledger.acknowledged.update(key(one) for one in messages)
        self._ledger.set_aside += sum(tally["errors"] for tally in answer["sink_results"].values())


class Fleet:
    """Nodes at work while the block runs; on leaving, each has its last batch acknowledged."""

    def __init__(
        self,
        urls: Sequence[str],
        ledger: Ledger,
        *,
        nodes: int = 6,
        batch: int = 100,
        pause_seconds: float = 0.0,
        lost_answers: float = 0.0,
        patient_with: int = 0,
    ) -> None:
        self._nodes = [
            Node(f"node-{number}", urls, ledger, batch=batch, lost_answers=lost_answers, patient_with=patient_with)
            for number in range(nodes)
        ]
        self._pause_seconds = pause_seconds
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(node.run(self._stop, pause_seconds=self._pause_seconds))
                       for node in self._nodes]  # fmt: skip
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        self._stop.set()
        if kind is not None:
            for task in self._tasks:
                task.cancel()
        await asyncio.wait_for(asyncio.gather(*self._tasks, return_exceptions=kind is not None), GUARD_SECONDS)
