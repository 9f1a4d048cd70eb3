"""When to try again: decided without a clock of its own."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mothership.retry import RETRY_AFTER_SECONDS_MAX, CircuitBreaker, backoff_seconds, retry_after_seconds

NOW = 1_700_000_000.0


def test_pauses_double_up_to_a_bound_and_jitter_shortens_them() -> None:
    """No thundering herd, no endless wait, no overflow after a week."""
    pauses = [backoff_seconds(attempt, first=0.2, longest=15.0) for attempt in range(1, 10)]
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15.0, 15.0]
    assert backoff_seconds(3, first=0.2, longest=15.0, jitter=0.999) == pytest.approx(0.4, rel=0.01)
    assert backoff_seconds(100_000, first=0.2, longest=15.0) == 15.0
    assert backoff_seconds(0, first=0.2, longest=15.0) == 0.2


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 7.5 ", 7.5),
        ("0", 0.0),
        ("999999999", RETRY_AFTER_SECONDS_MAX),
        (formatdate(NOW + 30, usegmt=True), 30.0),
        (formatdate(NOW - 30, usegmt=True), 0.0),
        (formatdate(NOW + 86_400, usegmt=True), RETRY_AFTER_SECONDS_MAX),
        ("Tue, 14 Nov 2023 22:13:50", 30.0),  # without a zone: UTC
        *(
            (bad, None)
            for bad in (
                None,
                "",
                "soon",
                "-7",
                "nan",
                "inf",
                "1e9",
                "\u0667",
                "1,5",
                "9" * 5000,
                "Tue, 99 Nov 2023 00:00:00 GMT",
            )
        ),
    ],
)
def test_a_retry_after_is_read_as_seconds_or_a_date_and_bounded(header: str | None, seconds: float | None) -> None:
    """Both forms of RFC 9110, and an hour at most: a server's slip must not stop a node for a year."""
    assert retry_after_seconds(header, now=NOW) == seconds


@given(st.text(max_size=80))
def test_no_header_breaks_the_reader(header: str) -> None:
    """It comes from another machine."""
    seconds = retry_after_seconds(header, now=NOW)
    assert seconds is None or 0.0 <= seconds <= RETRY_AFTER_SECONDS_MAX


def test_a_breaker_opens_after_failures_in_a_row_and_lets_one_probe_through() -> None:
    """Half open: one call at a time, and its end decides."""
    breaker = CircuitBreaker(3)
    assert not breaker.fail(0.0, 1.0)
    assert breaker.ready_in(0.4) == pytest.approx(0.6)
    assert not breaker.fail(1.0, 1.0)
    assert breaker.succeed() is False
    assert [breaker.fail(2.0, 1.0) for _ in range(3)] == [False, False, True]
    assert (breaker.state(2.5), breaker.admits(2.5)) == ("open", False)
    assert (breaker.state(3.0), breaker.admits(3.0)) == ("half_open", True)
    breaker.begin()
    assert (breaker.state(9.0), breaker.ready_in(9.0), breaker.admits(9.0)) == ("half_open", float("inf"), False)
    assert breaker.fail(9.0, 2.0) is False
    assert (breaker.state(9.0), breaker.ready_in(9.0)) == ("open", 2.0)
    breaker.begin()
    assert breaker.succeed()
    assert (breaker.state(9.0), breaker.ready_in(9.0), breaker.failures) == ("closed", 0.0, 0)


def test_a_probe_that_shows_nothing_leaves_room_for_the_next() -> None:
    """It was cancelled: neither good nor bad."""
    breaker = CircuitBreaker(1)
    breaker.fail(0.0, 1.0)
    breaker.begin()
    assert not breaker.admits(2.0)
    breaker.abandon()
    assert (breaker.state(2.0), breaker.admits(2.0)) == ("half_open", True)


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    """Two writes fail at one time; a server asked one of them for a minute."""
    breaker = CircuitBreaker(5)
    breaker.fail(0.0, 60.0)
    breaker.fail(1.0, 2.0)
    assert breaker.ready_in(1.0) == 59.0


def test_calls_under_way_count_as_failures_to_come() -> None:
    """So that it opens at its threshold, and not so many calls later."""
    breaker = CircuitBreaker(3)
    breaker.fail(0.0, 1.0)
    assert [breaker.would_open(calls) for calls in (0, 1, 2)] == [False, False, True]


def test_a_clock_that_is_set_back_makes_no_pause_longer() -> None:
    """Wall clocks are."""
    breaker = CircuitBreaker(1)
    breaker.fail(1_000.0, 60.0)
    assert breaker.state(10.0) == "half_open"


def test_a_breaker_that_is_tripped_is_open_at_once() -> None:
    """A person must act: no threshold is waited for."""
    breaker = CircuitBreaker(3)
    breaker.trip(0.0, 10.0)
    assert (breaker.state(5.0), breaker.ready_in(5.0), breaker.failures) == ("open", 5.0, 3)
