"""The whole way of the LLM step against a real, small model behind a real llama.cpp server: `tests/llm_real/run`."""

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from tests.pipeline.llm.harness import EnricherHarness, running

from mothership.pipeline.llm.settings import LLMSettings
from mothership.pipeline.llm.verdict import answer_lengths

PYTHON = os.environ.get("MOTHERSHIP_TEST_LLM_PYTHON", "")
MESSAGES = (
    "Failed password for invalid user root from 10.0.0.1 port 22 ssh2",
    "Out of memory: kill process 123 (java)",
    "session opened for user root",
    "disk sda1 is full",
    "certificate of mail.example.net expires in 3 days",
    "power supply 2 failed, running on battery",
    "configuration reloaded",
    "connection to upstream 10.0.0.7:443 refused",
)
# More than the longest answer within the bounds has when each letter is a token: luck can't have one cut off.
TOKENS_MAX = 1_000
# Long words that its tokenizer takes apart, so that a text of them has many tokens.
ODD_WORDS = "rpc.statd re-export multipathd decommissioned reconnection sdb1 LUN-7f3a misconfigured unreachable"

pytestmark = [
    pytest.mark.skipif(not PYTHON, reason="tests/llm_real/run installs the model and names its interpreter"),
    # Ends a hang, and judges no machine: an idle one needs less than a minute, a busy one three.
    pytest.mark.timeout(1_800),
]


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    """A llama.cpp server with Gemma 3 270M on a free port."""
    process = subprocess.Popen(
        [PYTHON, Path(__file__).with_name("serve.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        yield process.stdout.readline().strip() + "/v1"
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(30)


async def test_a_real_model_gives_verdicts_that_are_applied(model_url: str) -> None:
    """Strict schema, real tokens: every template is answered in the right shape, and its next event has the verdict."""
    harness = EnricherHarness(
        model_url, model="gemma", max_tokens=TOKENS_MAX, timeout_seconds=600, wait_seconds=0, concurrency=1
    )
    async with running(harness):
        for message in MESSAGES:
            await harness.say(message)
        async with asyncio.timeout(1_500):
            while harness.enricher.status().queued:  # noqa: ASYNC110 - nobody signals it
                await asyncio.sleep(0.05)
        events = [await harness.say(message) for message in MESSAGES]
    status = harness.enricher.status()
    assert sum(status.calls.values()) == len(MESSAGES)
    # What a model of this size says is chance: how sure it is, and whether a category is a word. The rest is not.
    assert set(status.calls) <= {"applied", "low_confidence", "wrong_shape"}
    assert status.tokens_today > 200 * len(MESSAGES)
    applied = [event for event in events if "llm" in event]
    assert applied
    assert len(applied) == status.calls.get("applied", 0)
    for event in applied:
        assert event["llm"]["template_id"] == event["template_id"]
        assert 0.8 <= event["llm"]["confidence"] <= 1.0


def test_the_longest_answer_by_default_fits_for_a_real_tokenizer(model_url: str) -> None:
    """Odd words, and as much white space between them as the server's grammar lets through."""
    tokens_max = LLMSettings().max_tokens
    most = answer_lengths(tokens_max)
    answer = {
        "category": ODD_WORDS[: most.category],
        "priority": "critical",
        "summary": (ODD_WORDS * 3)[: most.summary],
        "tags": [ODD_WORDS[n : n + most.tag] for n in range(most.tags)],
        "confidence": 0.95,
    }
    body = {"content": json.dumps(answer, indent=20)}
    reply = httpx2.post(model_url.removesuffix("/v1") + "/tokenize", json=body, timeout=60, trust_env=False)
    assert 64 < len(reply.json()["tokens"]) <= tokens_max


async def test_a_real_server_that_is_too_slow_is_a_count(model_url: str) -> None:
    """A model that is too slow for `timeout_seconds` costs its events nothing."""
    harness = EnricherHarness(model_url, model="gemma", timeout_seconds=0.001, wait_seconds=0)
    async with running(harness):
        assert "llm" not in await harness.say("backup failed")
        await harness.settled()
    assert harness.calls == {"timeout": 1}
