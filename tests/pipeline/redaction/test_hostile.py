"""Strings made to hurt cost about what ordinary lines of the same size do."""

import copy
import time
from collections.abc import Callable, Iterable, Iterator

import pytest
from bench.redaction import ordinary_events
from bench.redaction_hostile import WRITTEN, cut_off, joined, mixed

from mothership.event import Batch, Event
from mothership.pipeline.redaction.redaction import Redaction
from mothership.pipeline.redaction.text import WINDOW, WINDOW_OVERLAP

FACTOR = 4.0
"""Three is the goal, and what `bench.redaction --every` measures; on other machines Python and RE2 may differ more."""
SIZE = 1 << 20
TRIES = 8


def cost(redaction: Redaction, through: Callable[..., Batch], events: list[Event]) -> float:
    """Return the processor seconds that these events take."""
    fresh = copy.deepcopy(events)
    start = time.thread_time()
    through(redaction, *fresh)
    return time.thread_time() - start


def repeated(parts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield texts by name, each of one part again and again."""
    for part in parts:
        yield part, part * (SIZE // len(part.encode()))


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(lambda: repeated(WRITTEN), id="written"),
        pytest.param(lambda: joined(SIZE).items(), id="joined"),
        pytest.param(lambda: repeated(list(cut_off())[::7]), id="cut off"),
        pytest.param(lambda: repeated(list(mixed(500))[::23]), id="mixed"),
    ],
)
def test_a_hostile_text_costs_about_what_ordinary_lines_do(
    make: Callable[..., Redaction], through: Callable[..., Batch], texts: Callable[[], Iterable[tuple[str, str]]]
) -> None:
    """Whatever a rule's expression begins to match again and again, and never ends; and texts that repeat nothing."""
    redaction = make()
    lines = ordinary_events(SIZE)
    ordinary = min(cost(redaction, through, lines) for _ in range(5))
    dear = {name: text for name, text in texts() if cost(redaction, through, [{"message": text}]) > FACTOR * ordinary}
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
