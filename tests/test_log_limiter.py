"""What a flood of requests leaves in the log: something of everything, and of everybody."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from mothership.fairness import Holder
from mothership.log_limiter import KEYS_MAX, LINES_BURST, LINES_PER_SECOND, LogLimiter

GREEDY, QUIET = Holder("greedy", "192.0.2.1"), Holder("quiet", "192.0.2.2")
NEIGHBOUR = Holder("greedy", "192.0.2.3")
"""Has the same token as the greedy one, and another address."""


class Clock:
    """Stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        """What time it is."""
        return self.now


def test_lines_are_bounded_for_each_thing_and_over_all() -> None:
    """A thing that is new has a line at once; afterwards one says how many it stands for."""
    clock = Clock()
    limiter = LogLimiter("info", "it", clock=clock)
    with capture_logs() as written:
        for _ in range(100):
            limiter(GREEDY, "noisy", of="noisy")
        limiter(GREEDY, "quiet", of="quiet")
        assert [(line["of"], line["count"]) for line in written] == [("noisy", 1), ("quiet", 1)]
        clock.now = 11.0
        limiter(GREEDY, "noisy", of="noisy")
        assert (written[-1]["of"], written[-1]["count"]) == ("noisy", 100)
        for number in range(10_000):
            limiter(GREEDY, number)
        assert len(written) <= LINES_BURST
        for second in range(10):
            clock.now = 12.0 + second
            for number in range(1000):
                limiter(GREEDY, number + second * 1000)
    assert LINES_BURST / 2 < len(written) <= LINES_BURST + 12 * LINES_PER_SECOND


@pytest.mark.parametrize("other", [QUIET, NEIGHBOUR], ids=["another caller", "another address"])
def test_one_client_leaves_lines_for_the_refusals_of_others(other: Holder) -> None:
    """However many different things it does, for as long as it likes: what is new of another has its line at once."""
    clock = Clock()
    limiter = LogLimiter("warning", "it", clock=clock)
    missed = []
    with capture_logs() as written:
        for step in range(600):
            clock.now = step / 10
            for number in range(100):
                limiter(GREEDY, (step, number), of="greedy")
            if step % 5 == 0:
                before = len(written)
                limiter(other, step, of="other")
                missed += [step] * (written[before:] == [])
    assert not missed
    assert sum(line["of"] == "greedy" for line in written) > 60, "and it is heard itself"
    assert len(written) <= LINES_BURST + 60 * LINES_PER_SECOND + 1


def test_what_many_things_of_one_stand_for_pushes_out_no_count_of_another() -> None:
    """The table of things is shared like the lines."""
    clock = Clock()
    limiter = LogLimiter("warning", "it", clock=clock)
    with capture_logs() as written:
        for _ in range(7):
            limiter(QUIET, "thing", of="quiet")
        for number in range(3 * KEYS_MAX):
            limiter(GREEDY, number, of="greedy")
        clock.now = 11.0
        limiter(QUIET, "thing", of="quiet")
    quiet: list[Any] = [line["count"] for line in written if line["of"] == "quiet"]
    assert quiet == [1, 7]


def test_lines_that_each_say_something_new_are_only_bounded_in_sum() -> None:
    """Without a rest for the same thing, each is written while there is room."""
    clock = Clock()
    limiter = LogLimiter("info", "it", key_seconds=0.0, clock=clock)
    with capture_logs() as written:
        for _ in range(10):
            limiter(QUIET, None)
        assert [line["count"] for line in written] == [1] * 10
        for _ in range(1000):
            limiter(QUIET, None)
        assert len(written) < LINES_BURST
        clock.now = 60.0
        limiter(QUIET, None)
    assert sum(line["count"] for line in written) == 1011
