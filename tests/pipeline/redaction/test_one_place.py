"""Adding a rule touches one place: its entry is found, named and counted, and costs ordinary events nothing."""

from mothership.event import Batch
from mothership.pipeline.redaction.redaction import Redaction
from mothership.pipeline.redaction.rules import BUILTIN, Matcher, Rule
from mothership.pipeline.redaction.settings import RedactionSettings

ACME = Rule(
    name="acme_token",
    description="ACME access tokens.",
    source="this test",
    matchers=(Matcher(r"(?<![A-Za-z0-9])acme_(?P<secret>[0-9a-f]{40})(?![A-Za-z0-9])"),),
    positives=(("using acme_" + "0a1b2c3d" * 5 + " now", "0a1b2c3d" * 5),),
    negatives=("acme_short",),
)


def test_an_entry_is_all_that_a_new_rule_takes() -> None:
    """No gate, no literal, no list of names beside it."""
    redaction = Redaction(RedactionSettings(), b"k" * 32, builtin=(*BUILTIN, ACME))
    ((text, secret),) = ACME.positives
    events = [{"n": number, "message": "ordinary"} for number in range(50)]
    events[31]["message"] = text
    batch = Batch(events, list(range(50)), b"", "test", 0)
    for processor in redaction.processors:
        processor(batch)
    assert batch.events[31]["message"] == text.replace(secret, "[REDACTED:acme_token]")
    assert redaction.counts() == {"acme_token": 1}
    assert redaction.text(ACME.negatives[0]) == ACME.negatives[0]


def test_without_it_the_same_text_stays() -> None:
    """So it is the entry that does it."""
    ((text, _),) = ACME.positives
    assert Redaction(RedactionSettings(), b"k" * 32).text(text) == text
