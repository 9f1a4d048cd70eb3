"""Strings made to hurt cost about what ordinary lines of the same size do."""

import copy
import time
from collections.abc import Callable, Iterable

import pytest
from bench.redaction import ordinary_events
from bench.redaction_hostile import WRITTEN, cut_off, joined, mixed

from mothership.event import Batch, Event
from mothership.pipeline.redaction.redaction import Redaction
from mothership.pipeline.redaction.text import WINDOW, WINDOW_OVERLAP

FACTOR = 3.0
TRIES = 8


def cost(redaction: Redaction, through: Callable[..., Batch], events: list[Event]) -> float:
    """Return the processor seconds that these events take."""
    fresh = copy.deepcopy(events)
    start = time.thread_time()
    through(redaction, *fresh)
    return time.thread_time() - start


def repeated(parts: Iterable[str], size: int) -> dict[str, str]:
    """Return texts of about so many bytes, each of one part again and again."""
    return {part: part * (size // len(part.encode())) for part in parts}


@pytest.mark.parametrize(
    ("size", "make_texts"),
    [
        pytest.param(1 << 20, lambda size: repeated(WRITTEN, size), id="written"),
        pytest.param(1 << 20, joined, id="joined"),
        # The whole mebibyte for every example would take minutes; what grows faster than its text shows here, too.
        pytest.param(1 << 18, lambda size: repeated(list(cut_off())[::7], size), id="cut off"),
        pytest.param(1 << 18, lambda size: repeated(list(mixed(500))[::23], size), id="mixed"),
    ],
)
def test_a_hostile_text_costs_about_what_ordinary_lines_do(
    make: Callable[..., Redaction],
    through: Callable[..., Batch],
    size: int,
    make_texts: Callable[[int], dict[str, str]],
) -> None:
    """Whatever a rule's expression begins to match again and again, and never ends; and texts that repeat nothing."""
    redaction = make()
    texts = make_texts(size)
    lines = ordinary_events(size)
    ordinary = min(cost(redaction, through, lines) for _ in range(5))
    dear = {
        name: text for name, text in texts.items() if cost(redaction, through, [{"message": text}]) > FACTOR * ordinary
    }
    for _ in range(TRIES):  # side by side: a busy machine is as slow for one as for the other
        beside = cost(redaction, through, lines)
        dear = {
            name: text
            for name, text in dear.items()
            if cost(redaction, through, [{"message": text}]) > FACTOR * max(ordinary, beside)
        }
    assert list(dear) == []


@pytest.mark.parametrize("word", ["a" * 200 + "Xy", "B1" + "a" * 200 + "Xy", "A" * 200 + "é"])
@pytest.mark.parametrize("text", ["username bob password {}", "password {}", "invalid token {} seen"])
def test_a_long_word_is_read_once(make: Callable[..., Redaction], text: str, word: str) -> None:
    """Whether it is made of words is not tried in every way to part it: that would never end."""
    redaction = make()
    start = time.thread_time()
    redaction.text(text.format(word))
    assert time.thread_time() - start < 1.0


def test_a_long_text_is_cut_for_the_gate_only(make: Callable[..., Redaction], through: Callable[..., Batch]) -> None:
    """What looks like a card only where a part of the text ends is none, and disturbs nothing."""
    digits = "4111111111111111"
    head = "alice@example.com ".ljust(WINDOW + WINDOW_OVERLAP - len(digits))
    text = f"{head}{digits}abc{' ' * WINDOW}"
    batch = through(make(), {"message": text})
    assert batch.events == [{"message": text.replace("alice@example.com", "[REDACTED:email]")}]
