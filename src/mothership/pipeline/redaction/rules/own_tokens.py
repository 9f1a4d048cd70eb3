"""The service's own tokens: whoever reads one in a log may send as its holder."""

from collections.abc import Callable

from mothership.pipeline.redaction.rules.rule import Finder, Matcher, Rule

_SHAPES = (
    r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=(?!=)",  # openssl rand -base64 32
    r"(?<![A-Za-z0-9])[0-9a-f]{48}(?![A-Za-z0-9])",  # openssl rand -hex 24
)
"""What the documentation makes tokens with, beside `mothership token new`. Both are seldom anything else in a log."""
_SAMPLE = "5f3a9c1e7b2d4f608a1c3e5d7f9b0a2c4e6d8f1a3b5c7d9e"

NEW_TOKEN = Rule(
    name="mothership_token",
    description="Tokens that `mothership token new` makes.",
    source="this project",
    matchers=(Matcher(r"(?<![A-Za-z0-9])ms_[A-Za-z0-9_-]{43}(?![A-Za-z0-9])"),),
    positives=(
        ("sent ms_3fJ-8sKq_ZrT0vWyXbNcMdLeHgPiUoAaSsDdFfGg123 to it", "ms_3fJ-8sKq_ZrT0vWyXbNcMdLeHgPiUoAaSsDdFfGg123"),
        ("Bearer ms_3fJ-8sKq_ZrT0vWyXbNcMdLeHgPiUoAaSsDdFfGg123", "ms_3fJ-8sKq"),
    ),
    negatives=("latency_ms_total 12", "ms_short", "rooms_3fJ-8sKq_ZrT0vWyXbNcMdLeHgPiUoAaSsDdFfGg123"),
)


def own_token_finders(is_token: Callable[[str], bool]) -> list[Finder]:
    """Find what has the shape of a token and is one, by the order of the rule's matchers."""
    return [Matcher(shape, is_token).finder() for shape in _SHAPES]


def _is_sample(text: str) -> bool:
    return text == _SAMPLE


KNOWN_TOKEN = Rule(
    name="known_token",
    description="Tokens of `auth.tokens` and `auth.tokens_file` that `openssl rand` made as in the documentation, "
    "recognised by their hash.",
    source="this project",
    matchers=tuple(Matcher(shape, _is_sample) for shape in _SHAPES),
    positives=((f"MOTHERSHIP_TOKEN {_SAMPLE} is out", _SAMPLE),),
    negatives=(
        "commit 5f3a9c1e7b2d4f608a1c3e5d7f9b0a2c4e6d8f1a",
        "digest n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg= ok",
    ),
)

OWN_TOKENS = (NEW_TOKEN, KNOWN_TOKEN)
