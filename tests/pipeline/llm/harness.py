"""One instance of the service, as far as the LLM step goes, and a store that instances share."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

from tests.starvation import PATIENCE_SECONDS

from mothership.event import Batch
from mothership.pipeline.llm.enricher import LLMEnricher, LLMSettings
from mothership.pipeline.templates.templates import Templates, TemplateSettings


def batch_of(*events: dict[str, Any], client: str = "anonymous") -> Batch:
    """A batch as it comes from the edge."""
    return Batch(
        events=list(events),
        indices=list(range(len(events))),
        fingerprint=b"f" * 32,
        request_id="r",
        client=client,
        received=1_700_000_000_000_000,
    )


def redact(text: str) -> str:
    """Stands for the pipeline's redaction: it takes this one secret out."""
    return text.replace("hunter2", "[REDACTED]").replace("alice@example.com", "[REDACTED]")


class MemoryStore:
    """The contract of `VerdictStore` in memory, shared by the enrichers that are given it."""

    def __init__(self) -> None:
        self.records: dict[bytes, bytes] = {}
        self.expires: dict[bytes, float] = {}
        self.days: dict[date, tuple[int, int]] = {}

    async def get(self, key: bytes) -> bytes | None:
        """Fetch."""
        return self.records.get(key) if self.expires.get(key, 0) > time.time() else None

    async def put(self, key: bytes, record: bytes, *, expires: float) -> None:
        """Keep."""
        self.records[key], self.expires[key] = record, expires

    async def spend(self, day: date, tokens: int, micros: int) -> tuple[int, int]:
        """Add."""
        before = self.days.get(day, (0, 0))
        self.days[day] = (before[0] + tokens, before[1] + micros)
        return self.days[day]


class EnricherHarness:
    """An enricher with its templates: one instance of the service, as far as this step goes."""

    def __init__(
        self, url: str, *, store: Any = None, clock: Any = None, all_templates: bool = True, **settings: Any
    ) -> None:
        # Long waits for what comes at once: a busy machine must not make a verdict late.
        waits = {"wait_seconds": 4.0, "timeout_seconds": 30.0}
        settings = {"enabled": True, "endpoint": url, "model": "fake", **waits, **settings}
        self.templates = Templates(TemplateSettings(enabled=all_templates))
        extra = {"clock": clock} if clock else {}
        self.enricher = LLMEnricher(LLMSettings(**settings), self.templates, redact, store=store, **extra)
        self.templates.suspend_unless(self.enricher.wants_templates)

    async def see(
        self, *events: dict[str, Any], unsafe: tuple[int, ...] = (), client: str = "anonymous"
    ) -> list[dict[str, Any]]:
        """Take events of a client through the two steps, some of them flagged."""
        batch = batch_of(*events, client=client)
        batch.unsafe = {id(events[position]) for position in unsafe}
        self.templates(batch)
        await self.enricher(batch)
        return batch.events

    async def say(self, message: str, **fields: Any) -> dict[str, Any]:
        """Take one event through the two steps."""
        return (await self.see({"type": "log", "message": message, **fields}))[0]

    async def settled(self) -> None:
        """Wait until no question is open."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.enricher.status().queued:  # noqa: ASYNC110 - nobody signals it
                await asyncio.sleep(0.01)

    @property
    def calls(self) -> dict[str, int]:
        """Calls by what became of them."""
        return dict(self.enricher.status().calls)


@asynccontextmanager
async def running(harness: EnricherHarness) -> AsyncIterator[EnricherHarness]:
    """Answer its questions meanwhile."""
    task = asyncio.get_running_loop().create_task(harness.enricher.run())
    try:
        yield harness
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
