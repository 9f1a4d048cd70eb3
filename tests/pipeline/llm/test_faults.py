"""What goes wrong at the endpoint is one count, never an incident, and never in the way."""

import asyncio
import gzip
import json
import resource
import time
from typing import Any

import pytest
from tests.pipeline.llm.endpoint import (
    VERDICT,
    Behaviour,
    Endpoint,
    answers,
    completion,
    cuts_off,
    drips_for_ever,
    hangs,
    says,
    streams_for_ever,
)
from tests.starvation import PATIENCE_SECONDS, unstarved_time

MESSAGE = "Failed password for root"


async def hundred_megabytes(_request: Any, writer: Any) -> None:
    """An honest Content-Length, and all of it."""
    size = 100_000_000
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n".encode())
    for _ in range(size // 100_000):
        writer.write(b" " * 100_000)
        await writer.drain()


BOMB = gzip.compress(completion(json.dumps(VERDICT)) + b" " * 50_000_000)

FAULTS: dict[str, tuple[Behaviour, str]] = {
    "hangs": (hangs, "timeout"),
    "drips for ever": (drips_for_ever, "timeout"),
    "streams for ever": (streams_for_ever, "too_long"),
    "100 MB": (hundred_megabytes, "too_long"),
    "compressed bomb": (answers(200, BOMB, "Content-Encoding: gzip"), "compressed"),
    "cut off": (cuts_off, "connection"),
    "429": (answers(429, b"{}"), "rate_limited"),
    "500": (answers(500, b"oh no"), "server_error"),
    "503 html": (answers(503, b"<html>"), "server_error"),
    "401": (answers(401, b'{"error": {"message": "bad key"}}'), "unauthorized"),
    "403": (answers(403, b"{}"), "unauthorized"),
    "404": (answers(404, b'{"error": "no such model"}'), "not_found"),
    "400 always": (answers(400, b'{"error": {"message": "no"}}'), "bad_request"),
    "redirect": (answers(307, b"", "Location: http://127.0.0.1:1/steal"), "redirect"),
    "no JSON": (answers(200, b"hello"), "unreadable"),
    "empty body": (answers(200, b""), "unreadable"),
    "deep JSON": (answers(200, b"[" * 60_000), "unreadable"),
    "no choices": (answers(200, b'{"choices": []}'), "unreadable"),
    "a list": (answers(200, b"[1]"), "unreadable"),
    "null message": (answers(200, b'{"choices": [{"message": null}]}'), "unreadable"),
    "no content": (says(None), "empty"),
    "blank content": (says("  \n"), "empty"),
    "refusal": (says(None, refusal="I can't help with that."), "refusal"),
    "filtered": (says(VERDICT, finish="content_filter"), "refusal"),
    "truncated": (says('{"category": "auth', finish="length"), "truncated"),
    "prose": (says("Sure! Here is what I think: it is bad."), "not_json"),
    "other object": (says({"ok": True}), "wrong_shape"),
    "number": (says("42"), "wrong_shape"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_one_count_and_the_event_goes_on(start: Any, endpoint: Endpoint, fault: str) -> None:
    """Each way of failing has its name; the event is as it would be without the LLM."""
    endpoint.behave, outcome = FAULTS[fault]
    harness = start(timeout_seconds=0.5 if outcome == "timeout" else 30.0, wait_seconds=0.2)
    event = await harness.say(MESSAGE)
    assert set(event) == {"type", "message", "template_id"}
    await harness.settled()
    assert harness.calls == {outcome: 1}
    # And it is not asked again at once.
    await harness.say(MESSAGE)
    await harness.settled()
    assert harness.calls == {outcome: 1}
    # The next template is answered.
    endpoint.behave = says(VERDICT)
    await harness.say("service started")
    await harness.settled()
    assert (await harness.say("service started"))["llm"]["category"] == "authentication"


async def test_a_huge_answer_costs_no_memory(start: Any, endpoint: Endpoint) -> None:
    """Of 100 MB no more than `answer_bytes_max` and a few buffers are ever held."""
    endpoint.behave = hundred_megabytes
    harness = start(timeout_seconds=5, wait_seconds=0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await harness.say(MESSAGE)
    await harness.settled()
    assert harness.calls == {"too_long": 1}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000


async def test_nothing_that_listens_is_a_count_too(start: Any) -> None:
    """A dead endpoint: refused at once, the batch is not held."""
    harness = start(url="http://127.0.0.1:9/v1", timeout_seconds=30, wait_seconds=4)
    started = unstarved_time()
    assert "llm" not in await harness.say(MESSAGE)
    assert unstarved_time() - started < 3
    await harness.settled()
    assert harness.calls == {"connection": 1}


async def test_a_hanging_endpoint_holds_one_batch_once(start: Any, endpoint: Endpoint) -> None:
    """After one wait in vain no batch waits, until an answer came in time again."""
    endpoint.behave = hangs
    harness = start(timeout_seconds=30, wait_seconds=2, concurrency=2)
    started = time.monotonic()
    await harness.say(MESSAGE)
    held = time.monotonic() - started
    again = unstarved_time()
    for word in ("alarm", "backup", "cache", "disk", "engine"):
        await harness.say(f"{word} failed")
    assert held > 1.9
    assert unstarved_time() - again < 2  # not one more wait


async def test_until_the_first_answer_only_one_batch_waits(start: Any, endpoint: Endpoint) -> None:
    """A start in front of a hanging endpoint holds one request, not one of every client."""
    endpoint.behave = hangs
    harness = start(timeout_seconds=30, wait_seconds=2)
    started, unstarved = time.monotonic(), unstarved_time()
    probe = asyncio.get_running_loop().create_task(harness.say("alarm failed"))
    await asyncio.sleep(0)
    await asyncio.gather(*[harness.say(f"{word} failed") for word in ("backup", "cache", "disk")])
    assert unstarved_time() - unstarved < 1.5
    await probe
    assert time.monotonic() - started > 1.9


async def test_waiting_starts_again_when_the_endpoint_is_fast_again(start: Any, endpoint: Endpoint) -> None:
    """Patience comes back with an answer that was in time."""
    endpoint.behave = hangs
    harness = start(timeout_seconds=1.2, wait_seconds=1.0)
    await harness.say(MESSAGE)
    await harness.settled()
    endpoint.behave = says(VERDICT)
    assert "llm" not in await harness.say("service started")
    await harness.settled()
    assert "llm" in await harness.say("service stopped")


async def test_wait_seconds_0_never_holds_a_batch(start: Any) -> None:
    """The first event has no verdict; the next one has."""
    harness = start(wait_seconds=0)
    assert "llm" not in await harness.say(MESSAGE)
    await harness.settled()
    assert "llm" in await harness.say(MESSAGE)


async def test_the_breaker_opens_probes_once_and_closes(start: Any, endpoint: Endpoint) -> None:
    """Closed → open after the threshold → half-open after the time → closed on success, or open again."""
    now = [1_700_000_000.0]
    words = iter(["alarm", "backup", "cache", "disk", "engine", "filter", "gateway", "heartbeat", "index", "journal"])
    endpoint.behave = answers(500, b"")
    harness = start(
        clock=lambda: now[0],
        wait_seconds=0,
        circuit_breaker={"failure_threshold": 3, "reset_timeout": 60},
        concurrency=1,
    )

    async def ask() -> int:
        await harness.say(f"{next(words)} failed")
        await harness.settled()
        return len(endpoint.requests)

    assert [await ask() for _ in range(5)] == [1, 2, 3, 3, 3]
    assert harness.enricher.status().circuit_breaker == "open"
    assert harness.enricher.health().healthy is False
    assert "3 failed calls" in harness.enricher.health().reason
    now[0] += 61
    assert harness.enricher.status().circuit_breaker == "half_open"
    assert [await ask() for _ in range(2)] == [4, 4]
    now[0] += 61
    endpoint.behave = says(VERDICT)
    assert await ask() == 5
    assert harness.enricher.status().circuit_breaker == "closed"
    assert harness.enricher.health().healthy is True
    assert harness.calls == {"server_error": 4, "resting": 3, "applied": 1}


async def test_what_the_breaker_stopped_is_asked_when_it_has_closed(start: Any, endpoint: Endpoint) -> None:
    """A template seen during an outage gets its verdict after it."""
    now = [1_700_000_000.0]
    endpoint.behave = answers(500, b"")
    harness = start(clock=lambda: now[0], wait_seconds=0, circuit_breaker={"failure_threshold": 1, "reset_timeout": 60})
    await harness.say("alarm failed")
    await harness.settled()
    await harness.say(MESSAGE)
    await harness.settled()
    endpoint.behave = says(VERDICT)
    now[0] += 61
    await harness.say(MESSAGE)
    await harness.settled()
    assert "llm" in await harness.say(MESSAGE)


async def test_nonsense_does_not_open_the_breaker(start: Any, endpoint: Endpoint) -> None:
    """The breaker is for the endpoint; a template that confuses the model must not turn the LLM off for all."""
    endpoint.behave = says("nonsense")
    harness = start(wait_seconds=0, circuit_breaker={"failure_threshold": 1})
    await harness.say(MESSAGE)
    await harness.settled()
    assert harness.enricher.status().circuit_breaker == "closed"


async def test_a_breaker_that_is_off_never_opens(start: Any, endpoint: Endpoint) -> None:
    """`circuit_breaker.enabled: false`."""
    endpoint.behave = answers(500, b"")
    harness = start(wait_seconds=0, circuit_breaker={"enabled": False, "failure_threshold": 1})
    for word in ("alarm", "backup", "cache"):
        await harness.say(f"{word} failed")
        await harness.settled()
    assert len(endpoint.requests) == 3
    assert harness.enricher.status().circuit_breaker == "closed"


async def test_retry_after_is_kept(start: Any, endpoint: Endpoint) -> None:
    """The endpoint says how long it wants to be left alone."""
    now = [1_700_000_000.0]
    endpoint.behave = answers(429, b"{}", "Retry-After: 90")
    harness = start(clock=lambda: now[0], wait_seconds=0)
    await harness.say(MESSAGE)
    await harness.settled()
    endpoint.behave = says(VERDICT)
    await harness.say("service started")
    await harness.settled()
    assert len(endpoint.requests) == 1
    now[0] += 91
    await harness.say("service stopped")
    await harness.settled()
    assert len(endpoint.requests) == 2


def refuses(*parameters: str) -> Behaviour:
    """A server that answers 400 to requests with any of these parameters, as OpenAI's does."""

    async def behave(request: Any, writer: Any) -> None:
        for name in parameters:
            kind, _, value = name.partition(":")
            if kind in request and (not value or request[kind]["type"] == value):
                error = {"message": f"Unsupported parameter: '{kind}'.", "param": kind, "code": "unsupported_parameter"}
                if kind == "max_tokens":
                    error["message"] += " Use 'max_completion_tokens' instead."
                await answers(400, json.dumps({"error": error}).encode())(request, writer)
                return
        await says(VERDICT)(request, writer)

    return behave


@pytest.mark.parametrize(
    ("refused", "requests_first"),
    [
        (["response_format:json_schema"], 3),
        (["response_format"], 4),
        (["max_tokens"], 2),
        (["temperature"], 2),
        (["max_tokens", "temperature", "response_format:json_schema"], 5),
    ],
)
async def test_what_a_server_refuses_is_left_out_from_then_on(
    start: Any, endpoint: Endpoint, refused: list[str], requests_first: int
) -> None:
    """json_schema → json_object → plain; max_completion_tokens; no temperature: learnt once."""
    endpoint.behave = refuses(*refused)
    harness = start()
    assert "llm" in await harness.say(MESSAGE)
    assert len(endpoint.requests) == requests_first
    assert "llm" in await harness.say("service started")
    assert len(endpoint.requests) == requests_first + 1
    assert harness.calls == {"applied": 2}


async def test_a_server_that_refuses_everything_teaches_nothing(start: Any, endpoint: Endpoint) -> None:
    """A 400 for another reason (a context too long, say) must not make the client give up the schema for good."""
    endpoint.behave = answers(400, b'{"error": {"message": "context length"}}')
    harness = start(wait_seconds=0)
    await harness.say(MESSAGE)
    await harness.settled()
    endpoint.behave = says(VERDICT)
    await harness.say("service started")
    await harness.settled()
    assert endpoint.requests[-1]["response_format"]["type"] == "json_schema"


async def test_answers_in_a_code_fence_are_read(start: Any, endpoint: Endpoint) -> None:
    """Servers without a JSON mode wrap it."""
    endpoint.behave = says(f"```json\n{json.dumps(VERDICT)}\n```")
    assert "llm" in await start().say(MESSAGE)


TEXT = json.dumps(VERDICT)
SPOKEN: dict[str, bytes] = {
    "a thought": completion(f"<think>\nIs it {{an attack}}?\n</think>\n\n{TEXT}"),
    "a thought and a fence": completion(f"<thinking>a</thinking>\n```json\n{TEXT}\n```"),
    "a thought that the chat template began": completion(f"Let me see. {{}}\n</think>{TEXT}"),
    "an empty thought": completion(f"<think></think>{TEXT}"),
    "a list of parts": completion([{"type": "text", "text": TEXT[:20]}, {"type": "text", "text": TEXT[20:]}]),
    "parts with a thought": completion([{"type": "thinking", "thinking": "{}"}, {"type": "text", "text": TEXT}]),
    "a byte order mark": completion(f"\ufeff{TEXT}"),
    "a byte order mark before the body": b"\xef\xbb\xbf" + completion(VERDICT and TEXT),
    "a byte order mark after a thought": completion(f"<think>a</think>\ufeff {TEXT}"),
}


@pytest.mark.parametrize("spoken", SPOKEN.values(), ids=SPOKEN.keys())
async def test_an_answer_is_read_however_servers_wrap_it(start: Any, endpoint: Endpoint, spoken: bytes) -> None:
    """Reasoning models think aloud; some servers answer in parts, or as a Windows file."""
    endpoint.behave = answers(200, spoken)
    assert (await start(wait_seconds=4.0).say(MESSAGE))["llm"]["category"] == "authentication"


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        ("<think>a thought that never ends " + TEXT, "not_json"),
        ("<think>only a thought</think>", "empty"),
        ([{"type": "refusal", "refusal": "no"}], "refusal"),
        ([{"type": "image_url", "image_url": {}}], "empty"),
        ([], "empty"),
        ([7], "empty"),
    ],
)
async def test_a_thought_alone_is_no_verdict(start: Any, endpoint: Endpoint, content: Any, outcome: str) -> None:
    """Nor is a refusal, however it is wrapped."""
    endpoint.behave = answers(200, completion(content))
    harness = start(wait_seconds=0)
    await harness.say(MESSAGE)
    await harness.settled()
    assert harness.calls == {outcome: 1}


async def test_the_audit_line_names_the_request(start: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The audit trail of the specification: which request asked."""
    harness = start(wait_seconds=4.0)
    await harness.say(MESSAGE)
    await harness.settled()  # on a busy machine the event does not wait as long as the answer takes
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "llm_asked" in line]
    assert "request_id=r " in line


async def test_the_breaker_opens_at_its_threshold_and_not_after_it(start: Any, endpoint: Endpoint) -> None:
    """Also when calls are in flight together: they count as if they had failed already."""

    async def fails(request: Any, writer: Any) -> None:
        await asyncio.sleep(0.02)
        await answers(500, b"")(request, writer)

    endpoint.behave = fails
    harness = start(wait_seconds=0, concurrency=4, circuit_breaker={"failure_threshold": 5})
    words = ["alarm", "backup", "cache", "disk", "engine", "filter", "gateway", "heartbeat", "index", "journal"]
    await harness.see(*({"type": "log", "message": f"{word} failed"} for word in words))
    await harness.settled()
    assert len(endpoint.requests) == 5
    assert harness.enricher.status().circuit_breaker == "open"
    assert "after 5 failed calls" in harness.enricher.health().reason


async def test_calls_in_flight_are_bounded(start: Any, endpoint: Endpoint) -> None:
    """`concurrency` is the most that are open at once."""

    async def slowly(request: Any, writer: Any) -> None:
        await asyncio.sleep(0.05)
        await says(VERDICT)(request, writer)

    endpoint.behave = slowly
    harness = start(concurrency=2, wait_seconds=0)
    for word in ("alarm", "backup", "cache", "disk", "engine", "filter"):
        await harness.say(f"{word} failed")
    await harness.settled()
    assert endpoint.in_flight_max == 2
    assert len(endpoint.requests) == 6


async def test_requests_a_minute_are_bounded(start: Any, endpoint: Endpoint) -> None:
    """The third question of a minute with a limit of two waits for the next minute."""
    harness = start(requests_per_minute=2, wait_seconds=0)
    for word in ("alarm", "backup", "cache"):
        await harness.say(f"{word} failed")
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(endpoint.requests) < 2:  # noqa: ASYNC110 - nobody signals it
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    assert len(endpoint.requests) == 2


async def test_tokens_a_day_are_bounded_across_instances_and_restarts(
    start: Any, endpoint: Endpoint, store: Any
) -> None:
    """The day's sum is in the database: a restart starts no new day, and midnight does."""
    now = [1_700_000_000.0]
    settings = {"store": store, "clock": lambda: now[0], "tokens_per_day": 1_000, "wait_seconds": 0}
    words = iter(["alarm", "backup", "cache", "disk", "engine", "filter", "gateway", "heartbeat"])

    async def ask(harness: Any) -> int:
        await harness.say(f"{next(words)} failed")
        await harness.settled()
        return len(endpoint.requests)

    one = start(**settings)
    # A call is estimated at 300 + 150 tokens and costs 340.
    assert [await ask(one), await ask(one), await ask(one)] == [1, 2, 2]
    assert one.calls == {"applied": 2, "budget_spent": 1}
    assert one.enricher.status().tokens_today == 680
    other = start(**settings)
    assert await ask(other) == 2
    assert other.enricher.status().tokens_today == 680
    restarted = start(**settings)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while restarted.enricher.status().tokens_today != 680:  # noqa: ASYNC110 - nobody signals it
            await asyncio.sleep(0.01)
    now[0] += 86_400
    assert await ask(other) == 3


async def test_cost_a_day_is_bounded(start: Any, endpoint: Endpoint) -> None:
    """Calls in flight together can't pass the limit: the most a call may cost is taken before it."""

    async def slowly(request: Any, writer: Any) -> None:
        await asyncio.sleep(0.1)
        await says(VERDICT)(request, writer)

    endpoint.behave = slowly
    # 340 tokens, or 0.0007 at most, cost 0.00021 here.
    harness = start(cost_per_day=0.0009, concurrency=4, wait_seconds=0, price_per_million_prompt_tokens=0.5)
    for word in ("alarm", "backup", "cache", "disk", "engine", "filter"):
        await harness.say(f"{word} failed")
    await harness.settled()
    assert len(endpoint.requests) == 2
    assert harness.enricher.status().cost_today == pytest.approx(2 * (300 * 0.5 + 40 * 1.5) / 1e6)


async def test_a_call_whose_outcome_is_unknown_stays_paid(start: Any, endpoint: Endpoint) -> None:
    """After a time-out the endpoint may have worked all the same; a refused connection costs nothing."""
    endpoint.behave = hangs
    harness = start(timeout_seconds=0.1, wait_seconds=0)
    await harness.say(MESSAGE)
    await harness.settled()
    assert harness.enricher.status().tokens_today > 150
    dead = start(url="http://127.0.0.1:9/v1", wait_seconds=0)
    await dead.say(MESSAGE)
    await dead.settled()
    assert dead.enricher.status().tokens_today == 0


async def test_a_spent_budget_shows_in_the_health(start: Any) -> None:
    """Whoever looks at /healthz learns why there are no new verdicts."""
    harness = start(tokens_per_day=100, wait_seconds=0)
    assert harness.enricher.health().healthy is False
    assert "tokens_per_day" in harness.enricher.health().reason


async def test_a_lying_usage_is_bounded(start: Any, endpoint: Endpoint) -> None:
    """What an endpoint claims is a number from 0 to a million, or not believed."""
    endpoint.behave = says(VERDICT, usage={"prompt_tokens": 10**30, "completion_tokens": "x"})
    harness = start()
    await harness.say(MESSAGE)
    await harness.settled()
    assert harness.enricher.status().tokens_today <= 1_000_000 + 150
