"""Lines in the voice of real software: their secrets go, as text and as JSON in a string, and harmless lines stay."""

import json
from collections.abc import Callable

import pytest
from corpora.lines import SETS, harmless_lines, secret_lines

from mothership.pipeline.redaction.redaction import Redaction

SPELLINGS: dict[str, Callable[[str], str]] = {"plain": str, "JSON in a string": json.dumps}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_secrets_of_a_line_go(make: Callable[..., Redaction], spelling: str) -> None:
    """Whatever system wrote it."""
    redaction = make()
    left = [
        (system, secret, redacted)
        for each in SETS
        for system, text, secrets in secret_lines(f"secrets{each}")
        for redacted in [redaction.text(SPELLINGS[spelling](text))]
        for secret in secrets
        if secret in redacted
    ]
    assert left == []


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_harmless_line_stays(make: Callable[..., Redaction], spelling: str) -> None:
    """Ids, hashes, counters, versions, paths, and what is said about passwords."""
    redaction = make()
    lines = [SPELLINGS[spelling](text) for each in SETS for _, text in harmless_lines(f"harmless{each}")]
    assert [(line, redaction.text(line)) for line in lines if redaction.text(line) != line] == []


@pytest.mark.parametrize(
    ("text", "secret", "left"),
    [
        ("Winkel73! ID:bob Password:Winkel73!", "Winkel73!", 0),
        ("password=abcdefgh kept abcdefgh", "abcdefgh", 1),
        ("password=Winkel73x, xWinkel73xy", "Winkel73x", 1),
    ],
)
def test_what_was_found_goes_wherever_else_it_stands(
    make: Callable[..., Redaction], text: str, secret: str, left: int
) -> None:
    """Whole and by itself, if it is no word: one has no figures."""
    assert make().text(text).count(secret) == left
