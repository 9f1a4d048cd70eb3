"""While no verdict is known and none is to be had, events pass the step untouched; and that ends by itself."""

from typing import Any

import pytest
from tests.pipeline.llm.endpoint import VERDICT, Endpoint, answers, hangs, says

WORDS = ("alarm", "backup", "cache", "disk", "engine", "filter", "gateway", "heartbeat")


class Now:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.seconds


async def looked_at(harness: Any, batches: int) -> int:
    """How many of that many batches of one event, each of another template, were looked at?"""
    events = [await harness.say(f"{WORDS[n % len(WORDS)]} {'<' * n} failed") for n in range(batches)]
    return sum("template_id" in event for event in events)


async def broken(start: Any, endpoint: Endpoint, how: str, now: Now, **settings: Any) -> Any:
    """An instance that has found out that its endpoint is dead, hangs, or has nothing left to spend."""
    settings = {"clock": now, "wait_seconds": 0, "all_templates": False, **settings}
    if how == "hanging":
        endpoint.behave = hangs
        harness = start(**settings)
    elif how == "dead":
        harness = start(url="http://127.0.0.1:9/v1", circuit_breaker={"failure_threshold": 1}, **settings)
    else:
        harness = start(tokens_per_day=100, **settings)
    assert (await harness.see({"message": "service started"}))[0].get("template_id")
    if how != "hanging":
        await harness.settled()
    now.seconds += 1.0
    return harness


@pytest.mark.parametrize("how", ["hanging", "dead", "spent"])
async def test_a_broken_endpoint_costs_one_look_a_second(start: Any, endpoint: Endpoint, how: str) -> None:
    """There is nothing to gain from templates then, so they are not searched for."""
    now = Now()
    harness = await broken(start, endpoint, how, now)
    assert await looked_at(harness, 50) == 1
    now.seconds += 0.9
    assert await looked_at(harness, 50) == 0
    now.seconds += 0.1
    assert await looked_at(harness, 50) == 1
    now.seconds -= 86_400
    assert await looked_at(harness, 50) == 1
    assert harness.enricher.status().results["resting"] == 197


async def test_before_the_first_answer_as_many_questions_as_calls_are_enough(start: Any, endpoint: Endpoint) -> None:
    """A start under load must not find a thousand templates for an endpoint that may never answer."""
    endpoint.behave = hangs
    harness = start(clock=Now(), wait_seconds=0, all_templates=False, concurrency=3)
    assert await looked_at(harness, 50) == 4
    endpoint.behave = says(VERDICT)
    other = start(clock=Now(), wait_seconds=0, all_templates=False, concurrency=3)
    assert await looked_at(other, 50) == 4
    await other.settled()
    assert await looked_at(other, 50) == 50


@pytest.mark.parametrize("how", ["hanging", "dead", "spent"])
async def test_ids_that_the_operator_wants_are_on_every_event(start: Any, endpoint: Endpoint, how: str) -> None:
    """`pipeline.templates.enabled` is a promise that no endpoint can break."""
    harness = await broken(start, endpoint, how, Now(), all_templates=True)
    assert await looked_at(harness, 50) == 50


async def test_an_endpoint_that_comes_back_is_noticed(start: Any, endpoint: Endpoint) -> None:
    """The look of a second asks, and its verdict makes every event worth a look again."""
    now = Now()
    endpoint.behave = answers(500, b"")
    harness = start(clock=now, wait_seconds=0, all_templates=False, circuit_breaker={"failure_threshold": 1})
    await harness.say("service started")
    await harness.settled()
    endpoint.behave = says(VERDICT)
    assert await looked_at(harness, 10) == 1
    await harness.settled()
    now.seconds += 61.0
    await harness.say("disk failed")
    await harness.settled()
    assert "llm" in await harness.say("disk failed")
    assert await looked_at(harness, 10) == 10


async def test_known_verdicts_are_applied_while_the_endpoint_is_away(start: Any, endpoint: Endpoint) -> None:
    """An outage takes nothing away from the templates that have a verdict."""
    now = Now()
    harness = start(clock=now, all_templates=False, circuit_breaker={"failure_threshold": 1})
    assert "llm" in await harness.say("service started")
    endpoint.behave = answers(500, b"")
    await harness.say("disk failed")
    await harness.settled()
    assert harness.enricher.status().circuit_breaker == "open"
    assert [("llm" in event) for event in [await harness.say("service started") for _ in range(10)]] == [True] * 10


async def test_verdicts_in_the_database_are_found_during_an_outage(start: Any, endpoint: Endpoint, store: Any) -> None:
    """A restart while the endpoint is away: the first look finds them, and every event is worth one again."""
    now = Now()
    await start(store=store).say("service started")
    harness = await broken(start, endpoint, "dead", now, store=store)
    assert "llm" in await harness.say("service started")
    assert await looked_at(harness, 10) == 10


async def test_the_database_is_not_asked_for_the_budget_of_calls_that_rest(start: Any, endpoint: Endpoint) -> None:
    """While the breaker is open a question costs a look for its verdict there and nothing else."""
    spent = []

    class Counting:
        async def get(self, _key: bytes) -> bytes | None:
            return None

        async def put(self, *_: Any, **__: Any) -> None: ...

        async def spend(self, *amounts: Any) -> tuple[int, int]:
            spent.append(amounts)
            return 0, 0

    endpoint.behave = answers(500, b"")
    harness = start(store=Counting(), wait_seconds=0, circuit_breaker={"failure_threshold": 1})
    await harness.say("service started")
    await harness.settled()
    before = len(spent)
    assert await looked_at(harness, 8) == 8
    await harness.settled()
    assert harness.calls["resting"] == 8
    assert len(spent) == before
