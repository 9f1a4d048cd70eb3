"""The database's clock, as far as it is known here: a span that holds it, whatever the looks took."""

import random

from mothership.event import UNKNOWN_ARRIVAL
from mothership.sinks.tsdb.database_clock import DRIFT, DatabaseClock, boot_ticks

START = 1_767_225_600_000_000


def test_the_span_holds_the_databases_clock_and_is_narrow() -> None:
    """Slow looks and quick ones, long pauses, ticks that run a little wrong."""
    chance = random.Random(7)
    for wrong in (0.0, DRIFT, -DRIFT):
        true = here = 0.0
        clock = DatabaseClock(lambda: here)  # noqa: B023
        assert clock.now() == UNKNOWN_ARRIVAL

        def passes(seconds: float) -> None:
            nonlocal true, here
            true += seconds
            here += seconds * (1 + wrong * 0.99)  # noqa: B023

        for _ in range(500):
            asked = here
            passes(chance.choice((0.001, 0.5)) * chance.random())
            showed = START + int(true * 1e6)
            passes(chance.choice((0.001, 0.5)) * chance.random())
            clock.learn(showed, asked)
            passes(chance.choice((0.0, 5.0, 60.0)))
            span = clock.now()
            assert span.earliest <= START + true * 1e6 <= span.latest
            assert span.latest - span.earliest <= 1_100_000


def test_a_quick_look_is_kept_until_it_is_worse_than_a_slow_one() -> None:
    """A look that takes half a second says less than one a minute ago that took a millisecond."""
    here = 0.0
    clock = DatabaseClock(lambda: here)
    here = 0.001
    clock.learn(START, 0.0)
    here = 60.0
    clock.learn(START + 60_000_000, 59.5)
    assert clock.now().latest - clock.now().earliest < 70_000


def test_a_clock_that_was_set_is_believed_at_once() -> None:
    """The database moved to another machine."""
    here = 1.0
    clock = DatabaseClock(lambda: here)
    clock.learn(START, 1.0)
    here = 2.0
    clock.learn(START - 3_600_000_000, 1.5)
    assert clock.now().latest < START


def test_ticks_go_on() -> None:
    """Never back."""
    assert boot_ticks() <= boot_ticks()
