"""The whole way of the LLM step against a real, small model behind a real llama.cpp server: `tests/llm_real/run`."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.pipeline.llm.mind import Mind, running

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
# More than the longest answer the schema's bounds allow: what is asked for in bounds can't be cut off.
TOKENS_MAX = 1_000

pytestmark = [
    pytest.mark.skipif(not PYTHON, reason="tests/llm_real/run installs the model and names its interpreter"),
    pytest.mark.timeout(600),
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
    mind = Mind(model_url, model="gemma", max_tokens=TOKENS_MAX, timeout_seconds=120, wait_seconds=0, concurrency=1)
    async with running(mind):
        for message in MESSAGES:
            await mind.say(message)
        async with asyncio.timeout(500):
            while mind.enricher.stats()["queued"]:  # noqa: ASYNC110 - nobody signals it
                await asyncio.sleep(0.05)
        events = [await mind.say(message) for message in MESSAGES]
    stats = mind.enricher.stats()
    assert sum(stats["calls"].values()) == len(MESSAGES)
    assert set(stats["calls"]) <= {"applied", "low_confidence"}
    assert stats["tokens_today"] > 200 * len(MESSAGES)
    for event in events:
        if "llm" in event:
            assert event["llm"]["template_id"] == event["template_id"]
            assert 0.8 <= event["llm"]["confidence"] <= 1.0
    assert any("llm" in event for event in events)


async def test_a_real_server_that_is_too_slow_is_a_count(model_url: str) -> None:
    """A model that is too slow for `timeout_seconds` costs its events nothing."""
    mind = Mind(model_url, model="gemma", timeout_seconds=0.01, wait_seconds=0)
    async with running(mind):
        assert "llm" not in await mind.say("backup failed")
        await mind.settled()
    assert mind.calls == {"timeout": 1}
