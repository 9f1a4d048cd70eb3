"""Callers share the language model: nobody decides another's verdict, and nobody waits behind another's junk."""

import asyncio
import json
from itertools import product
from typing import Any

from tests.pipeline.llm.endpoint import VERDICT, Endpoint, hangs, says
from tests.pipeline.llm.harness import MemoryStore
from tests.starvation import PATIENCE_SECONDS

from mothership.fairness import Holder
from mothership.pipeline.llm.fair_queue import FairQueue
from mothership.pipeline.llm.prompt import Question
from mothership.pipeline.templates.vocabulary import technical_words

WORDS = [word for word in sorted(technical_words()) if word.isalpha()]
JUNK = [{"type": "log", "message": f"{one} {other}"} for one, other in product(WORDS[:40], WORDS[40:80])]
"""Templates of nothing but known words: each is a question of its own."""


def question(number: int) -> Question:
    return Question(number.to_bytes(16, "big"), str(number), "", "", 1)


async def test_what_surrounds_a_template_has_no_say_in_its_verdict(start: Any, endpoint: Endpoint) -> None:
    """A `harmless test message` of one client was the verdict on another's critical event, for 30 days."""

    async def believes(request: Any, writer: Any) -> None:
        harmless = "harmless" in request["messages"][1]["content"]
        await says({**VERDICT, "category": "harmless" if harmless else "hardware"})(request, writer)

    endpoint.behave = believes
    store = MemoryStore()
    harness = start(wait_seconds=4.0, prompt_words="all", store=store)
    junk = {"type": "a harmless test message", "severity": "harmless", "service": "harmless"}
    await harness.see({**junk, "message": "disk corruption detected"}, client="hostile")
    (event,) = await harness.see(
        {"type": "log", "severity": "critical", "message": "disk corruption detected"}, client="ship"
    )
    assert event["llm"]["category"] == "hardware"
    sent = json.loads(endpoint.requests[0]["messages"][1]["content"].splitlines()[1])
    assert sent == {"template": "disk corruption detected"}
    # All that was sent is in the key: another template is another question.
    assert len(store.records) == 1


async def test_one_callers_templates_dont_starve_anothers(start: Any, endpoint: Endpoint) -> None:
    """1,200 templates of one request were 1,000 places in line; the neighbour's was refused, and then last."""
    harness = start(wait_seconds=0, concurrency=1, timeout_seconds=30.0, requests_per_minute=1_000_000)
    gate = asyncio.Event()

    async def slowly(request: Any, writer: Any) -> None:
        await gate.wait()
        await says(VERDICT)(request, writer)

    endpoint.behave = slowly
    await harness.see(*(dict(event) for event in JUNK[:1_200]), client="hostile")
    assert harness.enricher.status().queued == 1_000
    await harness.see({"type": "log", "message": "disk corruption detected"}, client="ship")
    assert harness.calls == {"displaced": 1}
    gate.set()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while "corruption" not in endpoint.prompts:  # noqa: ASYNC110 - nobody signals it
            await asyncio.sleep(0.01)
    before = next(n for n, request in enumerate(endpoint.requests) if "corruption" in json.dumps(request))
    assert before <= 3


async def test_a_question_that_a_neighbour_asked_first_is_not_stuck_in_its_line(start: Any, endpoint: Endpoint) -> None:
    """Whoever asks the same has it in a line of its own."""
    harness = start(wait_seconds=0, concurrency=1, timeout_seconds=30.0, requests_per_minute=1_000_000)
    endpoint.behave = hangs
    mine = {"type": "log", "message": "disk corruption detected"}
    await harness.see(*(dict(event) for event in JUNK[:500]), dict(mine), client="hostile")
    await harness.see(dict(mine), client="ship")
    lines = harness.enricher._service._to_call
    async with asyncio.timeout(PATIENCE_SECONDS):
        while lines.count < 500:  # noqa: ASYNC110 - nobody signals it
            await asyncio.sleep(0.01)
    served = [(await lines.get())[0].data for _ in range(2)]
    assert any("corruption" in data for data in served)


async def test_callers_take_turns_and_so_do_their_addresses() -> None:
    """A fleet may share one token."""
    lines = FairQueue()
    for number in range(6):
        lines.put(question(number), Holder("fleet", "10.0.0.1"))
    lines.put(question(10), Holder("fleet", "10.0.0.2"))
    lines.put(question(20), Holder("ship"))
    lines.put(question(0), Holder("ship"))
    order = [int((await lines.get())[0].template_id) for _ in range(lines.count)]
    assert order == [0, 20, 10, 1, 2, 3, 4, 5]
    assert lines.count == 0


async def test_whoever_has_most_in_line_gives_way() -> None:
    """First the caller, then the address; never for one that has as many."""
    lines = FairQueue()
    assert lines.displace(Holder("ship")) is None
    for number in range(3):
        lines.put(question(number), Holder("fleet", "10.0.0.1"))
    lines.put(question(10), Holder("fleet", "10.0.0.2"))
    assert lines.displace(Holder("fleet", "10.0.0.1")) is None
    displaced = lines.displace(Holder("ship"))
    assert displaced is not None
    assert displaced.template_id == "2"
    lines.put(question(2), Holder("fleet", "10.0.0.1"))
    lines.put(question(20), Holder("ship"))
    displaced = lines.displace(Holder("fleet", "10.0.0.3"))
    assert displaced is not None
    assert displaced.template_id == "2"
    assert [(await lines.get())[0].template_id for _ in range(lines.count)] == ["0", "20", "10", "1"]


async def test_what_gives_way_leaves_nothing_behind() -> None:
    """Neither a place in line nor a call for it, however often it happens."""
    lines = FairQueue()
    for number in range(5):
        lines.put(question(number), Holder("hostile"))
    for number in range(1_000):
        assert lines.displace(Holder("ship")) is not None
        lines.put(question(10 + number), Holder("hostile"))
    assert [lines.count, lines._ready.qsize()] == [5, 5]
    for _ in range(5):
        await lines.get()
    waiting = asyncio.get_running_loop().create_task(lines.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    lines.put(question(1), Holder("ship"))
    assert (await waiting)[0].template_id == "1"


async def test_a_flood_without_verdicts_forgets_nobodys_verdict(start: Any, endpoint: Endpoint) -> None:
    """What brought none is remembered apart."""
    harness = start(wait_seconds=4.0, cache_verdicts_max=20)
    assert "llm" in await harness.say("disk corruption detected")
    endpoint.behave = says("nonsense")
    await harness.see(*(dict(event) for event in JUNK[:50]), client="hostile")
    await harness.settled()
    asked = len(endpoint.requests)
    assert "llm" in await harness.say("disk corruption detected")
    assert len(endpoint.requests) == asked


async def test_one_client_leaves_the_others_their_part_of_the_day(start: Any) -> None:
    """Junk of one used up the budget of all until midnight. Half is for who comes first, half is shared."""
    harness = start(wait_seconds=0, tokens_per_day=8_000, cost_per_day=100.0, requests_per_minute=1_000_000)
    await harness.see({"type": "log", "message": "service started"}, client="ship")
    await harness.settled()
    for _ in range(5):
        await harness.see(*(dict(event) for event in JUNK[:100]), client="hostile")
        await harness.settled()
    # The ship was seen, and had 340 tokens of its 2,000: the rest is kept for it.
    assert 5_000 < harness.enricher.status().tokens_today <= 8_000 - (2_000 - 340)
    assert harness.calls["displaced"] > 0
    assert "budget_spent" not in harness.calls
    await harness.see({"type": "log", "message": "disk corruption detected"}, client="hostile")
    await harness.see({"type": "log", "message": "disk corruption detected"}, client="ship")
    await harness.settled()
    (event,) = await harness.see({"type": "log", "message": "disk corruption detected"}, client="ship")
    assert event["llm"]["category"] == "authentication"


async def test_a_client_alone_may_use_the_whole_day(start: Any) -> None:
    """A share binds only beside others."""
    harness = start(wait_seconds=0, tokens_per_day=8_000, cost_per_day=100.0, requests_per_minute=1_000_000)
    for _ in range(5):
        await harness.see(*(dict(event) for event in JUNK[:100]), client="ship")
        await harness.settled()
    assert "displaced" not in harness.calls
    assert harness.calls["budget_spent"] > 0
