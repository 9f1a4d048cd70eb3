"""The labelled texts: all secrets go, the rest of the text stays, and what only looks like a secret stays too."""

from collections import Counter
from collections.abc import Callable

from corpora.labelled import examples, harmless

from mothership.pipeline.redaction.redaction import Redaction

SEEDS = (11, 12)


def test_every_labelled_secret_goes(make: Callable[..., Redaction]) -> None:
    """In every context, by every rule."""
    redaction = make()
    missed = [
        (rule, text) for seed in SEEDS for rule, text, secret in examples(seed, 2) if secret in redaction.text(text)
    ]
    assert missed == []


def test_what_stands_around_a_secret_stays(make: Callable[..., Redaction]) -> None:
    """A rule that takes half the line is a defect; a cookie header goes as a whole, and a sentence's full stop may."""
    redaction = make()
    hurt = Counter[str]()
    for rule, text, secret in examples(SEEDS[0], 2):
        before, _, after = text.partition(secret)
        redacted = redaction.text(text)
        hurt[rule] += not (redacted.startswith(before) and redacted.endswith(after.lstrip(".")))
    assert set(+hurt) <= {"session_cookie"}


def test_harmless_texts_stay_as_they_are(make: Callable[..., Redaction]) -> None:
    """Hashes, UUIDs, timestamps, versions, block ids, addresses: over-redaction is the disease of the field."""
    redaction = make()
    changed = [text for seed in SEEDS for _, text in harmless(seed, 20) if redaction.text(text) != text]
    assert changed == []
