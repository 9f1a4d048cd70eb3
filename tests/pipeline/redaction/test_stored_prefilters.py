"""What is stored of prefilters is what would be derived, and nothing is believed that says anything else."""

from dataclasses import replace

import pytest

from mothership.pipeline.redaction.regex_analysis.prefilter_derivation import derive
from mothership.pipeline.redaction.rules import BUILTIN, Matcher
from mothership.pipeline.redaction.rules.stored_prefilters import (
    DERIVED_BY,
    FILE,
    Derivation,
    code_of,
    file_of,
    prefilter,
    read,
)

DERIVATIONS = [each for rule in BUILTIN for matcher in rule.matchers for each in matcher.derivations]


def test_every_rules_prefilter_is_stored_as_it_would_be_derived_now() -> None:
    """On every Python that the suite runs on: the parse is Python's own."""
    assert FILE.read_text() == file_of(DERIVATIONS), "run `make prefilters` and commit what it writes"


def test_a_rule_that_changed_is_not_asked_about_by_what_was_stored() -> None:
    """Whatever decides: its expression, what must stand before, a flag, or what its secret has."""
    (matcher,) = next(rule for rule in BUILTIN if rule.name == "mothership_token").matchers
    assert isinstance(matcher, Matcher)
    others = [
        replace(matcher, expression=matcher.expression.replace("ms_", "xs_")),
        replace(matcher, preceded="token: "),
        replace(matcher, ignore_case=True),
        replace(matcher, secret_has="[0-9]"),
    ]
    stored = read(FILE.read_text(), code_of(DERIVED_BY))
    (derivation,) = matcher.derivations
    assert stored[derivation.key] == derivation.derived() == matcher.prefilters[0]
    for other in others:
        (changed,) = other.derivations
        assert changed.key not in stored
        assert other.prefilters == (derive(**changed._asdict()),)
    assert [each.prefilters != matcher.prefilters for each in others[:3]] == [True] * 3


def test_what_other_code_has_derived_is_not_used() -> None:
    """So that a change of how prefilters are derived is in force at once."""
    assert read(FILE.read_text(), "of another version") == {}
    assert code_of(DERIVED_BY) != code_of(DERIVED_BY[1:])


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"prefilters": {}}', '{"derived by": "x", "prefilters": 1}', "1"]
)
def test_a_file_that_says_nothing_is_none(text: str) -> None:
    assert read(text, "x") == {}


def test_what_is_stored_nowhere_is_derived() -> None:
    """As an operator's own pattern is."""
    assert prefilter(Derivation("unheard of [0-9]")) == derive("unheard of [0-9]")


def test_only_the_modules_that_are_named_decide_what_is_derived() -> None:
    names = {module.__name__ for module in DERIVED_BY}
    for module in DERIVED_BY:
        imported = {
            value.__module__
            for value in vars(module).values()
            if getattr(value, "__module__", "").startswith("mothership")
        }
        assert imported <= names, module
