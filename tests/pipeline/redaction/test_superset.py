"""A prefilter hits wherever its finder finds, and what is found is not readable any more: over changed examples.

SUPERSET_TEXTS says how many texts are tried, SUPERSET_SEED where chance begins; unset, some thousands.
"""

import re
from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest
from corpora.events import clean_events
from corpora.mutations import mutations
from tests.pipeline.redaction.conftest import FINDERS, MATCHERS, SEED, TEXTS, Found

from mothership.event import Batch
from mothership.pipeline.redaction.digit_shapes import encodable
from mothership.pipeline.redaction.prefilters import Prefilters
from mothership.pipeline.redaction.redaction import Redaction
from mothership.pipeline.redaction.rules import BUILTIN, CodeMatcher, Matcher
from mothership.pipeline.redaction.rules.rule import CompiledWhenAsked, source_of, texts_behind

MARKER = re.compile(r"\[REDACTED:\w+\]")
ON = {rule.name for rule in BUILTIN if rule.default}


def silent(found: Found, matchers: dict[str, Matcher | CodeMatcher]) -> list[tuple[str, str]]:
    """Return what a finder found and its prefilter did not announce."""
    prefilters = Prefilters({name: matcher.prefilters for name, matcher in matchers.items()})
    missed = []
    for text, by_name in found:
        hits = prefilters.in_text(text)
        for name, spans in by_name.items():
            missed += [(name, text) for start, end in spans if end > start and name in matchers and name not in hits]
    return missed


@FINDERS
def test_a_prefilter_hits_wherever_its_finder_finds(found: Found) -> None:
    """The whole of a rule is said once: what decides whether it is asked at all is derived from what it asks for."""
    assert len(found) == TEXTS
    assert silent(found, MATCHERS) == []


@pytest.mark.parametrize("rule", ["snmp_community", "device_password", "command_password", "config_password"])
def test_a_prefilter_narrowed_by_hand_is_noticed(rule: str) -> None:
    """By one blank where the finder takes any space, as a gate by hand was once."""
    narrowed: dict[str, Matcher | CodeMatcher] = {
        name: replace(matcher, prefilter_by_hand=matcher.prefilters[0].replace(r"[\x09-\x0d ]", " "))
        for name, matcher in MATCHERS.items()
        if name.startswith(rule) and isinstance(matcher, Matcher) and r"[\x09-\x0d ]" in matcher.prefilters[0]
    }
    finders = {name: matcher.finder() for name, matcher in narrowed.items()}
    texts = mutations(1_000, seed=SEED, rules=[each for each in BUILTIN if each.name == rule])
    assert silent(
        [(text, {name: [*filter(None, find(text, 0, len(text)))] for name, find in finders.items()}) for text in texts],
        narrowed,
    )


@pytest.fixture(scope="session")
def changed(found: Found) -> list[tuple[str, list[tuple[str, tuple[int, int]]]]]:
    """The texts that can be encoded, and what the finders that are on find in them."""
    encoded = [(text, by_name) for text, by_name in found if encodable(text) == text]
    return [
        (text, [(name, span) for name, spans in by_name.items() if name.partition(".")[0] in ON for span in spans])
        for text, by_name in encoded[: TEXTS // 3]
    ]


@FINDERS
@pytest.mark.parametrize("alone", [True, False], ids=["as text", "as a field in a batch"])
def test_what_is_found_is_not_readable_any_more(
    make: Callable[..., Redaction],
    through: Callable[..., Batch],
    changed: list[tuple[str, list[tuple[str, tuple[int, int]]]]],
    *,
    alone: bool,
) -> None:
    """Through prefilters, finders, other readings and replacement, all of it on as by default."""
    redaction = make(checker={"action": "flag"})
    left = []
    if not alone:
        events = [{"type": "log", "n": number, "deep": [{"message": text}]} for number, (text, _) in enumerate(changed)]
        kept = {event["n"]: event["deep"][0].get("message", "") for event in through(redaction, *events).events}
    for number, (text, found) in enumerate(changed):
        masked = redaction.text(text) if alone else kept.get(number, "")
        for name, (start, end) in found:
            secret = text[start:end]
            # Not what the markers hold: `word` is a part of `[REDACTED:command_password]`.
            before, after = (MARKER.sub("", each).count(secret) for each in (text, masked))
            if 0 < before <= after and len(secret) > 3:
                left.append((name, secret, text, masked))
        assert redaction.text(masked) == masked
    assert left == []


def test_an_event_without_secrets_is_worth_no_closer_look() -> None:
    """A prefilter that hits on ordinary lines costs every event: say more in its expression, or `secret_has`."""
    prefilters = Prefilters({name: each.prefilters for name, each in MATCHERS.items() if name.partition(".")[0] in ON})
    hits = {hit for event in clean_events(200) for hit in prefilters.in_bytes(orjson.dumps(event))}
    assert hits == set()


def test_the_hash_of_the_rules_covers_expressions_validators_and_vocabulary() -> None:
    """Every matcher's facts hold its expression and the source of the modules that make sure of its matches."""
    for matcher in MATCHERS.values():
        facts = "\n".join(matcher.facts())
        if isinstance(matcher, CodeMatcher):
            assert all(seed.pattern in facts for seed in matcher.seeds)
            continue
        assert matcher.expression in facts
        for function in (matcher.valid, matcher.fits, matcher.guard, matcher.read):
            assert function is None or source_of(function) in facts


async def test_at_leisure_every_finder_is_compiled(make: Callable[..., Redaction]) -> None:
    """Before that each is when it is first asked: no start waits for hundreds of expressions."""
    redaction = make()
    finders = [rule.find for rule in redaction.mask._text.rules.values() if isinstance(rule.find, CompiledWhenAsked)]
    assert len(finders) > 400
    assert not any(finder.is_compiled for finder in finders)
    assert redaction.text("using ghp_16C7e42F292c6912E7710c838347Ae178B4a now") == "using [REDACTED:github_token] now"
    assert 0 < sum(finder.is_compiled for finder in finders) < 20
    await redaction.compile_at_leisure(0.0, 0.0)
    assert all(finder.is_compiled for finder in finders)


def test_the_hash_covers_what_a_validator_asks_elsewhere() -> None:
    """Where a word stands decides nothing: all modules that a rule's module imports from are its facts."""
    behind = {name.rpartition(".")[2] for name in texts_behind("mothership.pipeline.redaction.rules.assignments")}
    assert behind >= {"assignments", "assigned_values", "assignment_names", "vocabulary", "credential_names"}
