"""Lines made to hurt the parser cost about what ordinary lines do."""

import random
import time
from typing import Any

import pytest
from tests.pipeline.parsing.test_formats import LINES, NOW

from mothership.pipeline.parsing.facts import HEAD_CHARACTERS
from mothership.pipeline.parsing.lines import read
from mothership.pipeline.parsing.structured import named

FILLERS = (
    *(" ", "a", "[", "(", "]", "1", ":", ".", "-", '"', "=", "a.", "1 ", "[a] ", "a=", "a= ", "(a", "1.", "a/", "%"),
    *(
        "<",
        "Nov ",
        "2026-",
        "\n",
        "a\n",
        "10:00:",
        "- ",
        "$",
        "\\",
        'a="',
        "|",
        " - ",
        "a:",
        "[a",
        '] "',
        "10/Oct/2000:",
    ),
)
"""What an expression's parts are made of, over and over."""
FACTOR = 40.0
"""How often an ordinary line's time the dearest may take: a kilobyte is looked at, and ten times a line is one."""
TRIES = 12


def cost(text: str) -> float:
    start = time.thread_time()
    read(text, NOW)
    return time.thread_time() - start


def test_no_line_is_slow_however_it_goes_on() -> None:
    """The beginnings of every format, followed by whatever its expressions can be made to try."""
    ordinary = sum(cost(line[0]) for line in LINES * 20) / len(LINES * 20)
    texts = [
        line[0][:cut] + filler * HEAD_CHARACTERS
        for line in LINES
        for cut in range(0, len(line[0]), 41)
        for filler in FILLERS
    ]
    dear = [text for text in texts if cost(text) > FACTOR * ordinary]
    for _ in range(TRIES):  # what was slow by chance is not slow each time
        dear = [text for text in dear if cost(text) > FACTOR * ordinary]
    assert [text[:100] for text in dear] == []


@pytest.mark.parametrize(
    "piece", ["a", " ", "{", '{"a":', "[", "\\", "a=1 ", "<", "2026-11-29T10:00:00Z ", '{"a":"b"},', "\n"]
)
def test_a_line_of_a_megabyte_costs_what_reading_it_costs(piece: str) -> None:
    """Ten times as long, ten times as dear at most; most are looked at in front only."""
    small, large = (
        min(cost(("{" if piece[0] == '"' else "") + piece * (size // len(piece)) + "}") for _ in range(5))
        for size in (100_000, 1_000_000)
    )
    assert large < 25 * small + 0.01


def test_nothing_that_a_line_says_raises() -> None:
    """What a processor raises costs its event. Lines cut, mixed and turned over, and JSON of every type."""
    chance = random.Random(7)
    lines = [line[0] for line in LINES]
    for _ in range(3000):
        one, other = chance.choice(lines), chance.choice(lines)
        text = one[: chance.randrange(len(one) + 1)] + other[chance.randrange(len(other) + 1) :]
        for _ in range(chance.randrange(4)):
            at = chance.randrange(len(text) + 1)
            text = (
                text[:at] + chance.choice(["0", "9999", "\0", "\u0660", "-", "\ud800", '"', "[", "é"]) + text[at + 1 :]
            )
        read(text, NOW)
    values: list[Any] = [
        None,
        True,
        -1,
        2**70,
        1e400,
        float("nan"),
        "",
        "x",
        "-1",
        [],
        [1],
        {},
        {"name": 1},
        {"level": []},
    ]
    names = "time level log_level severity hostname host program pid process log instant stream name __REALTIME_TIMESTAMP PRIORITY _PID".split()  # noqa: E501, SIM905
    for _ in range(3000):
        named({name: chance.choice(values) for name in chance.sample(names, 6)}, NOW, "json")
