"""`ports.Enricher`: the step that may wait, over the real one and a double that knows everything."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from tests.pipeline.llm.endpoint import VERDICT, Endpoint, answers, hangs, says
from tests.pipeline.llm.harness import EnricherHarness, batch_of, running

from mothership.event import Batch
from mothership.ports import Enricher

WAIT_SECONDS = 0.2
Step = Callable[[Batch], Awaitable[None]]
BEHAVIOURS = {"answers": says(VERDICT), "fails": answers(500, b"no"), "hangs": hangs, "talks nonsense": says("x")}


class KnowsEverything:
    """A double: it has a verdict for every event, at once."""

    name = "KnowsEverything"

    async def __call__(self, batch: Batch) -> None:
        """Add it."""
        for event in batch.events:
            event.setdefault("llm", {"priority": "low"})


@asynccontextmanager
async def _real(endpoint: Endpoint, behaviour: str) -> AsyncIterator[Step]:
    endpoint.behave = BEHAVIOURS[behaviour]
    harness = EnricherHarness(endpoint.url, wait_seconds=WAIT_SECONDS, timeout_seconds=0.5)
    async with running(harness):

        async def step(batch: Batch) -> None:
            harness.templates(batch)
            await harness.enricher(batch)

        yield step


@pytest.fixture(params=["double", *BEHAVIOURS])
async def enrich(request: pytest.FixtureRequest, endpoint: Endpoint) -> AsyncIterator[Step]:
    """One enricher after the other, each at a better or worse endpoint."""
    if request.param == "double":
        double: Enricher = KnowsEverything()
        yield double
        return
    async with _real(endpoint, request.param) as step:
        yield step


async def test_it_never_rejects_and_never_raises(enrich: Step) -> None:
    """Whatever the endpoint does, and whatever an event is."""
    batch = batch_of({"type": "log", "message": "disk failed"}, {"type": "log"}, {"message": 7}, {})
    await enrich(batch)
    assert (len(batch.events), batch.rejected) == (4, [])


async def test_it_changes_no_field_but_its_own(enrich: Step) -> None:
    """An event is what it was, with `llm` beside it, or without."""
    sent = {"type": "log", "message": "disk failed", "n": 1}
    batch = batch_of(dict(sent))
    await enrich(batch)
    (event,) = batch.events
    event.pop("llm", None)
    event.pop("template_id", None)
    assert event == sent


async def test_it_waits_no_longer_than_it_may(enrich: Step) -> None:
    """The configured wait, and what the machine takes beside it."""
    began = time.monotonic()
    await asyncio.wait_for(enrich(batch_of({"type": "log", "message": "disk failed"})), 60)
    assert time.monotonic() - began < WAIT_SECONDS + 30


async def test_batches_go_through_side_by_side(enrich: Step) -> None:
    """Called for many batches at a time; each keeps its own events."""
    batches = [batch_of({"type": "log", "message": "disk failed", "n": n}) for n in range(20)]
    await asyncio.gather(*map(enrich, batches))
    assert [[event["n"] for event in batch.events] for batch in batches] == [[n] for n in range(20)]
