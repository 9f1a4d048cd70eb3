"""What is asked for fits into `max_tokens`: an answer within the bounds that were sent is never cut off."""

import json
from typing import Any

import pytest
from tests.pipeline.llm.endpoint import Endpoint

from mothership.pipeline.llm.verdict import (
    CATEGORY_CHARS_MAX,
    SUMMARY_CHARS_MAX,
    TAG_CHARS_MAX,
    TAGS_MAX,
    AnswerLengths,
    answer_lengths,
    parse_verdict,
    schema,
)


def longest(most: AnswerLengths) -> dict[str, Any]:
    """The longest answer within the lengths."""
    return {
        "category": "c" * most.category,
        "priority": "critical",
        "summary": "s" * most.summary,
        "tags": [f"{n}" * most.tag for n in range(most.tags)],
        "confidence": 0.95,
    }


def tokens(answer: dict[str, Any]) -> float:
    """How many tokens an answer has at most: whatever its layout, and with words of two letters a token."""
    texts = [answer["category"], answer["summary"], *answer["tags"]]
    # Measured with a real tokenizer and an indentation of twenty: tests/llm_real.
    return 64 + sum(map(len, texts)) / 2


@pytest.mark.parametrize("tokens_max", [104, 120, 150, 200, 250, 275, 276, 300, 1_000, 4_000])
def test_the_longest_answer_that_is_asked_for_is_not_cut_off(tokens_max: int) -> None:
    """From the schema's bounds, whatever `max_tokens` is."""
    assert tokens(longest(answer_lengths(tokens_max))) <= tokens_max


@pytest.mark.parametrize("tokens_max", [50, 80, 104, 150, 275, 276, 4_000])
def test_what_is_asked_for_is_within_what_a_verdict_may_hold(tokens_max: int) -> None:
    """The documented maximums stay; more tokens ask for more, up to them."""
    most = answer_lengths(tokens_max)
    assert parse_verdict(json.dumps(longest(most)))
    assert most.category <= CATEGORY_CHARS_MAX
    assert most.summary <= SUMMARY_CHARS_MAX
    assert most.tag <= TAG_CHARS_MAX
    assert 1 <= most.tags <= TAGS_MAX
    assert all(more >= less for more, less in zip(answer_lengths(tokens_max + 50), most, strict=True))


def test_enough_tokens_ask_for_a_whole_verdict() -> None:
    """The spec's default makes it shorter, but no stub."""
    assert answer_lengths(276) == AnswerLengths(category=64, summary=200, tag=32, tags=5)
    assert answer_lengths(150) == AnswerLengths(category=24, summary=100, tag=16, tags=3)


async def test_the_schema_that_is_sent_has_these_bounds(start: Any, endpoint: Endpoint) -> None:
    """By default, and with more tokens."""
    await start().say("service started")
    await start(max_tokens=1_000).say("service started")
    sent = [request["response_format"]["json_schema"]["schema"] for request in endpoint.requests]
    assert sent == [schema(answer_lengths(tokens_max), bounded=True) for tokens_max in (150, 1_000)]
    assert [each["properties"]["summary"]["maxLength"] for each in sent] == [100, 200]
    assert [each["properties"]["tags"]["maxItems"] for each in sent] == [3, 5]
