"""A decimal is a double that says the same, or its own text."""

import random
from decimal import Decimal

import pytest

from mothership.lossless_decimals import exact

HELD = [
    *(
        "0.1",
        "12.5",
        "-0.0",
        "0e-400",
        "0.000",
        "1e5",
        "1E+5",
        "1e23",
        "100000000000000000000000.0",
        "5e-324",
        "4.9e-324",
    ),
    *("0.30000000000000004", "0.10000000000000001", "1.7976931348623157e308", "2.2250738585072014e-308"),
    *("1784558400.123456", "1.00000000000000000000", "0.1000000000000000055511151231257827021181583404541015625"),
]
NOT_HELD = [
    *("123456789012345678.123", "9.223372036854775807e18", "1e-400", "1e400", "-1e400", "9007199254740993.0"),
    *(
        "3.141592653589793238",
        "1.23456e-320",
        "9223372036854775807.0",
        "1784558400.123456789",
        "0.1000000000000000000001",
    ),
]


@pytest.mark.parametrize("text", HELD)
def test_what_a_double_holds_stays_a_number(text: str) -> None:
    """To as many digits as were written."""
    assert exact(text) == float(text)


@pytest.mark.parametrize("text", NOT_HELD)
def test_what_a_double_would_change_becomes_its_text(text: str) -> None:
    """Digit by digit."""
    assert exact(text) == text


def test_no_number_changes_its_value_unseen() -> None:
    """The double, written to the digits that were sent, is what was sent; every double a program prints is held."""
    chance = random.Random(11)
    for _ in range(20_000):
        places, exponent = chance.randrange(1, 24), chance.randrange(-330, 320)
        text = f"{chance.randrange(1, 10**places)}e{exponent}"
        kept = exact(text)
        if isinstance(kept, float):
            digits = len(Decimal(text).normalize().as_tuple().digits)
            assert Decimal(f"{kept:.{digits - 1}e}") == Decimal(text)
        double = chance.uniform(-1, 1) * 10.0 ** chance.randrange(-300, 300)
        assert exact(repr(double)) == double
        assert exact(f"{double:.16e}") == double
