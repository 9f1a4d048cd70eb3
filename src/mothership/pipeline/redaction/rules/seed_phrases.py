"""The words from which a wallet of coins is restored: whoever reads them has what is in it.

Twelve words in a row that all stand in one of the lists are nothing else, whatever is said around them: prose has an
`a`, a `the` or an `is` among so many, which the lists do not.
"""
# ruff: noqa: E501 - an example reads best in one piece

import re
from functools import cache

from mnemonic import Mnemonic

from mothership.pipeline.redaction.rules.rule import Matcher, Rule, Span

WORDS_MIN = 12
DISTINCT_MIN = 9
"""Of that many drawn from 2,048 hardly any comes twice: a word that is repeated is no phrase."""
LANGUAGES = ("english", "italian", "portuguese", "czech")
"""Those whose lists are written in plain letters, with blanks between the words."""

_BETWEEN = r"(?:[\s,]{1,2}|\s{0,2}[0-9]{1,2}[.):]\s?|\\?[\"']\s?,\s?\\?[\"'])"
_WORD = re.compile("[a-z]+")


@cache
def _lists() -> tuple[frozenset[str], ...]:
    return tuple(frozenset(Mnemonic(language).wordlist) for language in LANGUAGES)


def _phrase(_text: str, match: "re.Match[str]", _last: int) -> Span | None:
    """Return the longest stretch of words of one list."""
    words = [(word[0], *word.span()) for word in _WORD.finditer(match[0])]
    longest: list[tuple[str, int, int]] = []
    for known in _lists():
        stretch: list[tuple[str, int, int]] = []
        for each in words:
            stretch = [*stretch, each] if each[0] in known else []
            longest = max(longest, stretch, key=len)
    if len(longest) < WORDS_MIN or len({word for word, _, _ in longest}) < DISTINCT_MIN:
        return None
    return match.start() + longest[0][1], match.start() + longest[-1][2]


SEED_PHRASE = Rule(
    name="seed_phrase",
    description="Seed phrases of wallets: twelve or more words in a row of one of BIP 39's lists.",
    source="BIP 39; its word lists as in Trezor's `mnemonic`",
    matchers=(Matcher(rf"(?<![A-Za-z])[a-z]{{3,8}}(?:{_BETWEEN}[a-z]{{3,8}}){{11,47}}(?![A-Za-z])", read=_phrase),),
    positives=(
        (
            'restore "width ladder onion velvet copper drift maple saddle rocket tunnel basket humble"',
            "width ladder onion velvet copper drift maple saddle rocket tunnel basket humble",
        ),
        (
            "customer: i typed width ladder onion velvet copper drift maple saddle rocket tunnel basket humble and it failed",
            "width ladder onion velvet copper drift maple saddle rocket tunnel basket humble",
        ),
        ('["width", "ladder", "onion", "velvet", "copper", "drift", "maple", "saddle", "rocket", "tunnel", "basket", "humble"]', "velvet"),
        ("1. width 2. ladder 3. onion 4. velvet 5. copper 6. drift 7. maple 8. saddle 9. rocket 10. tunnel 11. basket 12. humble", "velvet"),
    ),
    negatives=(
        "word word word word word word word word word word word word word word",
        "read from local file system cache then write the whole block back into remote store again",
        "width ladder onion velvet copper drift maple saddle rocket tunnel basket",
    ),
)  # fmt: skip
