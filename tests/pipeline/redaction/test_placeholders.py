"""What only looks as if it stood for a secret is one."""

from collections.abc import Callable

import pytest

from mothership.pipeline.redaction.redaction import Redaction


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("password=0x0badc0ffee", "0x0badc0ffee"),
        ("token=ENC[hunter2]", "hunter2"),
        ("password='<|Hunter2|>'", "Hunter2"),
        ("used 311 tokens, token=298711234567", "298711234567"),
        ("login with token=29871", "29871"),
        ("311 tokens\nlogin with token=29871", "29871"),
        ("password=%Hunter2%", "Hunter2"),
        ("password='</Hunter2>'", "Hunter2"),
        ("password='[HUNTER]'", "HUNTER"),
        ('{"password": ["is required", "swordfish"]}', "swordfish"),
        ('{"password": "is swordfish"}', "swordfish"),
        ('{"password": "must be 123456"}', "123456"),
        ("password='${X:?}hunter2'", "hunter2"),
    ],
)
def test_what_only_looks_like_a_placeholder_goes(make: Callable[..., Redaction], text: str, secret: str) -> None:
    """A value inside of brackets, behind a scheme, or among words, is a value."""
    assert secret not in make().text(text)
