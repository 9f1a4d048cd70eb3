"""What the LLM step does for events, against a real HTTP server."""

import asyncio
import json
from typing import Any

from tests.pipeline.llm.endpoint import VERDICT, Endpoint, hangs, http, says
from tests.pipeline.llm.harness import EnricherHarness, running
from tests.starvation import unstarved_time

KEYS = {"category", "priority", "summary", "tags", "confidence", "model", "template_id"}


async def test_a_verdict_is_put_on_the_event_that_asked_for_it(start: Any) -> None:
    """A fast endpoint answers within the wait, so even the first event has its verdict."""
    event = await start().say("Failed password for root from 10.0.0.1 port 22", severity="warning")
    assert event["llm"] == {**VERDICT, "model": "fake", "template_id": event["template_id"]}
    assert set(event["llm"]) == KEYS


async def test_a_template_costs_one_call_however_many_events_have_it(start: Any, endpoint: Endpoint) -> None:
    """Cost is per template."""
    harness = start()
    events = await harness.see(
        *[{"type": "log", "message": f"connection {n} closed after {n * 7} ms"} for n in range(500)]
    )
    assert all(event["llm"]["category"] == "authentication" for event in events)
    assert len(endpoint.requests) == 1


async def test_concurrent_misses_on_one_template_make_one_call(start: Any, endpoint: Endpoint) -> None:
    """Single flight: ten requests that see a template for the first time at once wait for the same call."""

    async def slowly(request: Any, writer: Any) -> None:
        await asyncio.sleep(0.1)
        await says(VERDICT)(request, writer)

    harness = start(wait_seconds=2.0)
    await harness.say("service started")
    endpoint.behave = slowly
    events = await asyncio.gather(*[harness.say(f"connection {n} closed") for n in range(10)])
    assert len(endpoint.requests) == 2
    assert all("llm" in event for event in events)


async def test_no_field_that_was_there_is_touched(start: Any) -> None:
    """A verdict adds `llm` and nothing else; an event that has one, or its own template_id, keeps it."""
    harness = start()
    before = {"type": "log", "message": "service started", "tags": {"a": 1}, "severity": "info", "priority": 3}
    event = (await harness.see(dict(before)))[0]
    assert {key: value for key, value in event.items() if key not in {"llm", "template_id"}} == before
    taken = await harness.say("service started", llm="mine")
    assert taken["llm"] == "mine"
    own = await harness.say("service started", template_id=json.loads(json.dumps(event["template_id"])))
    assert "llm" not in own
    own = await harness.say("service started", template_id={"not": "a string"})
    assert "llm" not in own
    assert own["template_id"] == {"not": "a string"}


async def test_each_event_owns_its_verdict(start: Any) -> None:
    """A later step that changes one event's tags must not change another's."""
    harness = start()
    one, other = await harness.say("service started"), await harness.say("service started")
    one["llm"]["tags"].append("x")
    assert other["llm"]["tags"] == VERDICT["tags"]


async def test_a_flagged_event_never_reaches_the_endpoint(start: Any, endpoint: Endpoint) -> None:
    """What the checker let pass flagged is not asked about and gets no verdict."""
    harness = start(wait_seconds=0.2)
    events = await harness.see({"type": "log", "message": "disk failure on host"}, unsafe=(0,))
    await asyncio.sleep(0.05)
    assert "llm" not in events[0]
    assert endpoint.requests == []
    assert harness.enricher.status().results == {"unsafe": 1}


async def test_events_without_a_message_cost_nothing(start: Any, endpoint: Endpoint) -> None:
    """Measurements are no prose."""
    harness = start()
    await harness.see(
        {"type": "snmp", "results": [{"oid": "1.3.6", "value": 4}]}, {"type": "weather"}, {"message": " "}
    )
    assert endpoint.requests == []


async def test_a_template_without_a_known_word_costs_nothing(start: Any, endpoint: Endpoint) -> None:
    """The model would see placeholders only."""
    harness = start()
    assert "llm" not in await harness.say("zyxxy 4711 qwertzu")
    assert endpoint.requests == []
    assert harness.enricher.status().results == {"no_words": 1}


async def test_a_verdict_under_the_threshold_is_not_applied_and_not_asked_for_again(
    start: Any, endpoint: Endpoint
) -> None:
    """0.79 is too little, 0.8 is enough."""
    harness = start()
    endpoint.behave = says({**VERDICT, "confidence": 0.79})
    assert "llm" not in await harness.say("service started")
    assert "llm" not in await harness.say("service started")
    assert len(endpoint.requests) == 1
    endpoint.behave = says({**VERDICT, "confidence": 0.8})
    assert (await harness.say("service stopped"))["llm"]["confidence"] == 0.8
    assert harness.calls == {"low_confidence": 1, "applied": 1}


async def test_the_request_is_what_the_settings_say(start: Any, endpoint: Endpoint) -> None:
    """Model, temperature, max_tokens, strict schema; and no header that the call doesn't need."""
    harness = start(model="some-model", api_key="secret-key", max_tokens=99)
    await harness.say("service started")
    request = endpoint.requests[0]
    assert (request["model"], request["temperature"], request["max_tokens"]) == ("some-model", 0.0, 99)
    assert request["response_format"]["json_schema"]["strict"] is True
    headers = endpoint.headers[0]
    assert headers[":line"] == "POST /v1/chat/completions HTTP/1.1"
    assert headers["authorization"] == "Bearer secret-key"
    assert set(headers) <= {
        ":line",
        "host",
        "content-type",
        "content-length",
        "accept",
        "connection",
        "accept-encoding",
        "user-agent",
        "authorization",
    }


async def test_without_a_key_no_credentials_are_sent(start: Any, endpoint: Endpoint) -> None:
    """A local server needs none."""
    await start().say("service started")
    assert "authorization" not in endpoint.headers[0]


async def test_verdicts_are_shared_through_the_store(start: Any, endpoint: Endpoint, store: Any) -> None:
    """A second instance, or the same after a restart, pays nothing for a template that is known."""
    await start(store=store).say("Failed password for root")
    other = start(store=store)
    event = await other.say("Failed password for root")
    assert event["llm"]["category"] == "authentication"
    assert len(endpoint.requests) == 1
    record = json.loads(next(iter(store.records.values())))
    assert record["verdict"] == VERDICT
    assert record["question"]["template"] == "Failed password for root"


async def test_stored_verdicts_are_used_while_the_endpoint_is_away(start: Any, endpoint: Endpoint, store: Any) -> None:
    """A restart during an outage of the endpoint loses no verdict."""
    await start(store=store).say("Failed password for root")
    endpoint.behave = hangs
    harness = start(store=store, timeout_seconds=0.1, wait_seconds=0, circuit_breaker={"failure_threshold": 1})
    await harness.say("another message")
    await harness.settled()
    assert harness.enricher.status().circuit_breaker == "open"
    await harness.say("Failed password for root")
    await harness.settled()
    assert (await harness.say("Failed password for root"))["llm"]["priority"] == "high"


async def test_a_store_that_fails_costs_only_the_sharing(start: Any, endpoint: Endpoint) -> None:
    """The database is asked for convenience: without it verdicts still come."""

    class Broken:
        async def get(self, key: bytes) -> bytes | None:
            raise OSError(key)

        async def put(self, key: bytes, record: bytes, *, expires: float) -> None:
            raise OSError(key, record, expires)

        async def spend(self, *amounts: Any) -> tuple[int, int]:
            raise OSError(amounts)

    event = await start(store=Broken()).say("service started")
    assert event["llm"]["model"] == "fake"
    assert len(endpoint.requests) == 1


async def test_a_store_that_hangs_is_left_alone(start: Any, endpoint: Endpoint) -> None:
    """One wait for it, then verdicts come without it; it is tried again after a rest."""

    class Hanging:
        asked = 0

        async def get(self, *_: Any) -> bytes | None:
            self.asked += 1
            await asyncio.sleep(3_600)
            return None

        async def put(self, *_: Any, **__: Any) -> None:
            await self.get()

        async def spend(self, *_: Any) -> tuple[int, int]:
            await self.get()
            return 0, 0

    store = Hanging()
    now = [1_700_000_000.0]
    harness = start(store=store, clock=lambda: now[0], wait_seconds=0)
    started = unstarved_time()
    for word in ("alarm", "backup", "cache"):
        await harness.say(f"{word} failed")
    await harness.settled()
    assert unstarved_time() - started < 5
    assert len(endpoint.requests) == 3
    asked = store.asked
    assert asked <= 2
    now[0] += 31
    await harness.say("disk failed")
    await harness.settled()
    assert store.asked == asked + 1


async def test_a_damaged_record_is_asked_for_again(start: Any, endpoint: Endpoint, store: Any) -> None:
    """What someone wrote into the table is checked like an answer."""
    await start(store=store).say("service started")
    key = next(iter(store.records))
    for damage in (b"\xff", b"[]", b'{"verdict": {"category": "x"}, "model": 1, "template_id": 2}'):
        store.records[key] = damage
        before = len(endpoint.requests)
        assert "llm" in await start(store=store).say("service started")
        assert len(endpoint.requests) == before + 1


async def test_a_template_that_becomes_more_general_is_not_paid_for_twice(start: Any, endpoint: Endpoint) -> None:
    """A word that the prompt did not hold anyway may vary without a new question."""
    harness = start()
    first = await harness.say("Accepted password for user zebediah on console session opened")
    second = await harness.say("Accepted password for user quentin on console session opened")
    assert first["template_id"] != second["template_id"]
    assert second["llm"]["template_id"] == second["template_id"]
    assert len(endpoint.requests) == 1


async def test_a_verdict_expires(start: Any, endpoint: Endpoint) -> None:
    """After `cache_seconds` the question is asked again."""
    now = [1_700_000_000.0]
    harness = start(clock=lambda: now[0], cache_seconds=100.0)
    await harness.say("service started")
    now[0] += 99
    await harness.say("service started")
    assert len(endpoint.requests) == 1
    now[0] += 2
    assert "llm" in await harness.say("service started")
    assert len(endpoint.requests) == 2


async def test_the_memory_is_bounded(start: Any) -> None:
    """Past `cache_verdicts_max` the verdict not used for longest goes."""
    words = ["alarm", "backup", "cache", "disk", "engine", "filter", "gateway", "heartbeat", "index", "journal"]
    harness = start(cache_verdicts_max=3, requests_per_minute=1000)
    for word in words:
        await harness.say(f"{word} failed")
    assert harness.enricher.status().verdicts_cached == 3
    assert harness.enricher._question.cache_info().currsize <= 3


async def test_open_questions_are_bounded(start: Any, endpoint: Endpoint) -> None:
    """More templates than `queue_max` at once: the rest is asked about at a later event."""
    endpoint.behave = hangs
    harness = start(queue_max=2, wait_seconds=0)
    for word in ("alarm", "backup", "cache", "disk"):
        await harness.say(f"{word} failed")
    assert harness.enricher.status().queued == 2


async def test_a_stop_ends_calls_and_waits_at_once(endpoint: Endpoint) -> None:
    """No task is left behind, and a batch that waits goes on its way without a verdict."""
    endpoint.behave = hangs
    harness = EnricherHarness(endpoint.url, wait_seconds=4.0)
    async with running(harness):
        waiting = asyncio.get_running_loop().create_task(harness.say("service started"))
        while not endpoint.requests:  # noqa: ASYNC110 - nobody signals it
            await asyncio.sleep(0.01)
        started = unstarved_time()
    event = await waiting
    assert unstarved_time() - started < 3
    assert "llm" not in event


async def test_an_unasked_for_answer_changes_nothing(start: Any, endpoint: Endpoint) -> None:
    """Extra members of a completion are not looked at."""

    async def odd(_request: Any, writer: Any) -> None:
        body = json.dumps(
            {
                "choices": [{"message": {"content": json.dumps(VERDICT), "tool_calls": [{"x": 1}]}}, "x"],
                "usage": {"prompt_tokens": -1, "completion_tokens": True},
                "confidence": 1,
            }
        ).encode()
        writer.write(http(200, body))

    endpoint.behave = odd
    harness = start()
    event = await harness.say("service started")
    assert event["llm"]["confidence"] == 0.95
    assert harness.enricher.status().tokens_today > 0
