"""The service's own tokens are secrets to it: a node that logs its configuration must not spread them."""

import base64
import hashlib

import pytest

from mothership.commands.token import PREFIX
from mothership.edge.auth_settings import AuthSettings, hashed
from mothership.edge.credentials import Credentials
from mothership.event import Batch
from mothership.pipeline.redaction.redaction import Redaction, build
from mothership.pipeline.redaction.settings import RedactionSettings

OURS = PREFIX + "3fJ-8sKq_ZrT0vWyXbNcMdLeHgPiUoAaSsDdFfGgHh4"
BASE64 = base64.b64encode(hashlib.sha256(b"one").digest()).decode()
HEX = hashlib.sha256(b"two").hexdigest()[:48]


@pytest.fixture(scope="module")
def redaction() -> Redaction:
    tokens = [{"name": f"ship-{n}", "hash": hashed(secret)} for n, secret in enumerate((BASE64, HEX))]
    credentials = Credentials(AuthSettings(tokens=tokens), clock=lambda: 0.0)
    return build(RedactionSettings(), key=b"k" * 32, is_token=credentials.is_token)


@pytest.mark.parametrize("secret", [OURS, BASE64, HEX])
@pytest.mark.parametrize("text", ["{}", "shipper says {} again", "x={};", '{{"deep": ["{}"]}}'])
def test_a_token_of_ours_is_taken_out(redaction: Redaction, secret: str, text: str) -> None:
    """`ms_…` by its shape, and what `openssl rand` of the documentation made by its hash."""
    batch = Batch(
        events=[{"type": "log", "message": text.format(secret)}],
        indices=[0],
        fingerprint=b"",
        request_id="",
        received=0,
    )
    for processor in redaction.processors:
        processor(batch)
    assert secret not in str(batch.events)
    assert redaction.unsafe(secret)


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(b"x" * 32).decode(),
        "a" * 48,
        "rooms_" + "a" * 43,
        "ms_short",
        "git 5f3a9c1e7b2d4f608a1c3e5d7f9b",
    ],
)
def test_what_only_looks_like_one_stays(redaction: Redaction, text: str) -> None:
    """A digest is no token: its hash is not among ours."""
    assert redaction.text(f"sum {text} ok") == f"sum {text} ok"
