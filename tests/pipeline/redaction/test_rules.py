"""The examples of the built-in rules are their tests."""

import json
from functools import cache

import pytest

from mothership.pipeline.redaction.redaction import Redaction, build
from mothership.pipeline.redaction.rules import BUILTIN, Rule
from mothership.pipeline.redaction.settings import RedactionSettings, RuleSettings

KEY = b"k" * 32
pytestmark = pytest.mark.xdist_group("rules")  # each worker would compile each rule anew


@cache
def alone(rule: Rule) -> Redaction:
    """Return redaction with this rule only."""
    chosen = {each.name: RuleSettings(enabled=each.name == rule.name) for each in BUILTIN}
    if rule.name == "base64":
        chosen |= {name: RuleSettings() for name in ("assignment", "email")}
    return build(RedactionSettings(rules=chosen, mask_patterns=(), drop_fields=(), credential_fields=False), key=KEY)


POSITIVES = [(rule, text, secret) for rule in BUILTIN for text, secret in rule.positives]
NEGATIVES = [(rule, text) for rule in BUILTIN for text in rule.negatives]


@pytest.mark.parametrize(("rule", "text", "secret"), POSITIVES, ids=[f"{r.name}-{t[:30]}" for r, t, _ in POSITIVES])
def test_a_rule_takes_what_its_positive_examples_hide(rule: Rule, text: str, secret: str) -> None:
    """Through the whole way: gate, exact rule, replacement, and a second time without change."""
    redaction = alone(rule)
    redacted = redaction.text(text)
    assert secret not in redacted
    assert f"[REDACTED:{rule.name}]" in redacted
    assert redaction.text(redacted) == redacted


@pytest.mark.parametrize(("rule", "text"), NEGATIVES, ids=[f"{r.name}-{t[:30]}" for r, t in NEGATIVES])
def test_a_rule_leaves_its_negative_examples_as_they_are(rule: Rule, text: str) -> None:
    """A rule that is too greedy is a defect as much as one that leaks."""
    assert alone(rule).text(text) == text


@pytest.mark.parametrize("rule", BUILTIN, ids=lambda rule: rule.name)
def test_every_rule_explains_itself(rule: Rule) -> None:
    """Name, description, source and examples of both kinds are the rule's documentation."""
    assert rule.description
    assert rule.source
    assert rule.positives
    assert rule.negatives


ENDLESS = {"cut -----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1rZXktdjE"}
"""A key of which the end was cut off: nobody can say where it ends."""


@pytest.mark.parametrize("rule", BUILTIN, ids=lambda rule: rule.name)
def test_a_line_in_json_ends_where_its_string_does(rule: Rule) -> None:
    """As a container's log has it, once and twice encoded: what stands behind the line is no part of a value."""
    redaction = alone(rule)
    for text, _ in rule.positives:
        line = {"log": f"{text}\n", "stream": "stdout", "pod": {"name": "svc-a3r0b"}}
        for document in (line, {"message": json.dumps(line), "offset": 4}):
            read = json.loads(redaction.text(json.dumps(document)))
            assert text in ENDLESS or [*read] == [*document], text
