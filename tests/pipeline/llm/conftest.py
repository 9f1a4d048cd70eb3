"""A fake endpoint on loopback and instances that run against it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from tests.pipeline.llm.endpoint import Endpoint
from tests.pipeline.llm.harness import EnricherHarness, MemoryStore


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with Endpoint() as endpoint:
        yield endpoint


@pytest.fixture
async def start(endpoint: Endpoint) -> AsyncIterator[Callable[..., Any]]:
    """Start an instance against the endpoint; it is stopped at the end."""
    tasks: list[asyncio.Task[None]] = []

    def start(**settings: Any) -> EnricherHarness:
        harness = EnricherHarness(settings.pop("url", endpoint.url), **settings)
        tasks.append(asyncio.get_running_loop().create_task(harness.enricher.run()))
        return harness

    yield start
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(result, asyncio.CancelledError), result


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()
