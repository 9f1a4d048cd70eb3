"""Decimal numbers that a double can't hold become their text: `123456789012345678.123` must not end in `680`."""

import msgspec

_PLAIN_CHARACTERS = 16
"""A number this long has 15 digits and a point at most: every double keeps those, unless it is tiny or huge."""
_LEAST, _MOST = 1e-300, 1e300
_DIGITS_MAX = 767
"""No double has more digits than this in full."""


def exact(text: str) -> float | str:
    """The number as a double that says the same to as many digits as were written; else the text itself.

    PostgreSQL's JSONB would keep every digit, but no JSON reader between here and a person's eye does, so what a
    double would change is kept as text, as integers beyond 64 bits are: `(data->>'n')::numeric` reads both alike.
    """
    value = float(text)
    if (len(text) <= _PLAIN_CHARACTERS and _LEAST < abs(value) < _MOST) or repr(value) == text:
        return value
    digits = text.upper().partition("E")[0].replace(".", "").lstrip("-+0").rstrip("0")
    if not digits:
        return value
    if len(digits) > _DIGITS_MAX:
        return text
    held = f"{abs(value):.{len(digits) - 1}e}".partition("e")[0].replace(".", "")
    return value if held == digits else text


decode = msgspec.json.Decoder(float_hook=exact).decode
"""Strict JSON, decimals exact. Raises `msgspec.DecodeError`, `UnicodeDecodeError` or `RecursionError`."""
