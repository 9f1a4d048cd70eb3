"""A number agrees with its noun."""

import pytest

from mothership.plurals import counted


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (1, "event", "1 event"),
        (0, "event", "0 events"),
        (2, "dead letter", "2 dead letters"),
        (1, "batch", "1 batch"),
        (1000, "batch", "1,000 batches"),
    ],
)
def test_a_number_agrees_with_its_noun(number: int, noun: str, text: str) -> None:
    """One is singular; all else, nothing included, is plural."""
    assert counted(number, noun) == text
