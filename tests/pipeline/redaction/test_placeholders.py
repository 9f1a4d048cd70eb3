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
        ("password=change-it-9Kq2", "change-it-9Kq2"),
        ("password=redactedHunter2", "redactedHunter2"),
        ("token=sk-hunter2x...", "hunter2x"),
        ("token=ghp_xxxxxxxxx6C7e42F292c6912E7710c838347Ae1", "6C7e42F292c6912E7710c838347Ae1"),
        ("Passwort: 8Zeichen2Sicher", "8Zeichen2Sicher"),
        ("Passwort: Mindestens8", "Mindestens8"),
        ("パスワードは Sakura8文字", "Sakura8"),
        ("Login OK: [hostess/hunter2] (from client ap1 port 7)", "hunter2"),
        ("postgres://USER:hunter2@db.example/app", "hunter2"),
        ("postgres://ADMIN:PASSWORD@db.example/app", "PASSWORD"),
        ("SetCredential=db:hunter2", "hunter2"),
        ("token=412msx9", "412msx9"),
        ("access_token_id=298711234567", "298711234567"),
        ("ALTER ROLE app SET PASSWORD 'Kaas2041x'", "Kaas2041x"),
        ("heap 4111111111111111 nsx", "4111111111111111"),
        ("eos_auth_token=8f3a29871c", "8f3a29871c"),
        ('{"eos_auth_token": "8f3a29871c"}', "8f3a29871c"),
        ("start_token=AbC123xyz9", "AbC123xyz9"),
        ('{"mask_token": "hunter2xY"}', "hunter2xY"),
        ("end_token: '8f3a29871c'", "8f3a29871c"),
        ("'passwords' => ['hunter2', 'users' => 3]", "hunter2"),
    ],
)
def test_what_only_looks_like_a_placeholder_goes(make: Callable[..., Redaction], text: str, secret: str) -> None:
    """A value inside of brackets, behind a scheme, or among words, is a value."""
    assert secret not in make().text(text)
