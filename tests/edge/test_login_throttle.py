"""The table of failed logins is shared: one that fills it forgets its own and nobody else's."""

import pytest

from mothership.edge.auth_settings import AuthSettings
from mothership.edge.client_addresses import rate_limit_key, surrounding_network
from mothership.edge.login_throttle import ADDRESSES_MAX, SEEN_MAX, LoginThrottle
from mothership.errors import TooManyFailures


def throttle() -> LoginThrottle:
    return LoginThrottle(failures_per_minute=3, pause_seconds_max=2.0, clock=lambda: 0.0)


def test_a_network_that_fills_the_table_makes_nobody_else_forgotten() -> None:
    """From all addresses of an IPv6 /48: whoever was refused elsewhere stays refused, whoever was slowed stays slow."""
    table = throttle()
    for _ in range(3):
        table.failed("192.0.2.1")
    for number in range(ADDRESSES_MAX + 5000):
        table.failed(rate_limit_key(f"2001:db8:7:{number:x}::1"))
    assert table.failures("192.0.2.1") == 3
    with pytest.raises(TooManyFailures):
        table.failed("192.0.2.1")
    with pytest.raises(TooManyFailures):
        table.passed("192.0.2.1", "new there")
    assert table.failures(rate_limit_key("2001:db8:7:0::1")) == 0, "its own oldest went"


def test_a_token_used_from_everywhere_makes_no_other_forgotten() -> None:
    """One that was seen from an address passes there at once, also in the middle of somebody's guesses."""
    table = throttle()
    assert table.passed("192.0.2.1", "node") == 0.0
    for number in range(SEEN_MAX + 5000):
        table.passed(rate_limit_key(f"2001:db8:7:{number:x}::1"), "everywhere")
    table.failed("192.0.2.1")
    assert table.passed("192.0.2.1", "node") == 0.0
    assert table.passed("192.0.2.1", "everywhere") > 0.0


def test_no_token_and_a_wrong_one_are_counted_apart() -> None:
    """Whoever shows none guesses none."""
    table = throttle()
    table.failed("192.0.2.1", "missing")
    assert (table.failures("192.0.2.1", "missing"), table.failures("192.0.2.1")) == (1, 0)


def test_workers_together_allow_no_more_guesses_than_one() -> None:
    """Which of them a connection meets is the kernel's choice."""
    auth = AuthSettings(failures_per_minute=30)
    assert [auth.for_one_of(workers).failures_per_minute for workers in (1, 2, 4, 100)] == [30, 15, 8, 1]


def test_what_surrounds_an_address() -> None:
    """What is counted as one, and what is not an address."""
    assert surrounding_network("192.0.2.77") == "192.0.2.0/24"
    assert surrounding_network(rate_limit_key("2001:db8:7:8::1")) == "2001:db8:7::/48"
    assert surrounding_network("unknown") == "unknown"
