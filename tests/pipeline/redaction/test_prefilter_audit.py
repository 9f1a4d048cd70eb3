"""The audit: a prefilter that misses is noticed in production."""

import random
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
import structlog
from tests.pipeline.redaction.conftest import FINDERS, MATCHERS, Found

from mothership.event import Batch, Event
from mothership.metric_registry import CounterSnapshot
from mothership.pipeline.redaction.literal_index import LiteralIndex
from mothership.pipeline.redaction.redaction import Redaction, build
from mothership.pipeline.redaction.rules import BUILTIN, Matcher, Rule
from mothership.pipeline.redaction.rules.rule import CompiledWhenAsked
from mothership.pipeline.redaction.settings import RedactionSettings

KEY = b"k" * 32
TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
NEVER = r"\x00\x01\x02"


def silent(rule: Rule) -> Rule:
    """The rule, with prefilters that hit nothing."""
    return replace(
        rule,
        matchers=tuple(
            replace(each, prefilter_by_hand=NEVER)
            if isinstance(each, Matcher)
            else replace(each, seeds=(re.compile(NEVER),))
            for each in rule.matchers
        ),
    )


def redaction(*broken: str, share: float) -> Redaction:
    settings = RedactionSettings.model_validate({"checker": {"audit_share": share, "action": "flag"}})
    rules = [silent(rule) if rule.name in broken else rule for rule in BUILTIN]
    return build(settings, key=KEY, builtin=rules)


def missed(rule: str) -> int:
    return CounterSnapshot().total("mothership_redaction_audit_missed_total", rule=rule)


def test_a_rule_broken_on_purpose_is_found_within_ten_thousand_events(through: Callable[..., Batch]) -> None:
    """Whose prefilter misses what its finder finds: counted and logged by rule, never with the value."""
    random.seed(11)
    broken, before = redaction("github_token", share=0.001), missed("github_token")
    with structlog.testing.capture_logs() as logs:
        for _ in range(20):
            through(broken, *({"type": "log", "message": f"using {TOKEN} now", "n": n} for n in range(500)))
            if broken.audit.counts():
                break
    assert set(broken.audit.counts()) == {"github_token"}
    assert missed("github_token") == before + broken.audit.counts()["github_token"]
    told = [each for each in logs if each["event"] == "redaction_audit_missed"]
    assert told
    assert told[0]["log_level"] == "error"
    assert told[0]["by_rule"] == {"github_token": 1}
    assert TOKEN not in str(logs)


def test_what_the_audit_finds_goes(through: Callable[..., Batch]) -> None:
    """It has been seen, so it may not be kept."""
    event: Event = {"message": f"using {TOKEN} now", "host": "web1"}
    kept = through(redaction("github_token", share=1), event)
    assert kept.events == [{"message": "using [REDACTED:github_token] now", "host": "web1"}]
    assert not kept.unsafe


def test_on_a_good_day_the_audit_finds_nothing(through: Callable[..., Batch]) -> None:
    """The metric is there for every rule, and 0; events with secrets that were redacted raise nothing."""
    good = redaction(share=1)
    through(good, *({"message": text} for rule in BUILTIN for text, _ in rule.positives[:4]))
    assert good.audit.counts() == {}
    assert "github_token" in CounterSnapshot().by("mothership_redaction_audit_missed_total", "rule")


def test_every_rules_finder_is_asked(through: Callable[..., Batch]) -> None:
    """With every prefilter silent each rule is missed somewhere in its own examples."""
    texts = [rule.positives[0][0] for rule in BUILTIN]
    broken, good = redaction(*(rule.name for rule in BUILTIN), share=1), redaction(share=0)
    for each in (broken, good):
        through(each, *({"type": "log", "message": text, "host": "web1"} for text in texts))
    names = {rule.name for rule in BUILTIN} - {"ssn"}  # which a pattern of the operator's takes, too
    assert len(names & good.counts().keys()) > 40
    assert (names & good.counts().keys()) - broken.audit.counts().keys() == set()


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.01, 5, 40), (0.2, 320, 480), (1.0, 2_000, 2_000)])
def test_the_share_is_what_is_looked_at(share: float, least: int, most: int) -> None:
    """In batches of any size, a batch's last event as likely as its first."""
    random.seed(5)
    audit = redaction(share=share).audit
    before = CounterSnapshot().total("mothership_redaction_audited_events_total")
    for size in (1, 7, 92, 900) * 2:
        audit([{"n": "x"}] * size)
    assert least <= CounterSnapshot().total("mothership_redaction_audited_events_total") - before <= most


def test_an_event_of_great_length_is_passed_over(through: Callable[..., Batch]) -> None:
    """Without prefilters it would keep others waiting."""
    broken = redaction("github_token", share=1)
    through(broken, {"message": "lorem ipsum " * 5_000 + TOKEN})
    assert broken.audit.counts() == {}


@FINDERS
def test_a_finder_that_the_audit_does_not_ask_finds_nothing(found: Found) -> None:
    """Whatever is changed in the examples, also letters that `re` takes for others where it ignores case."""
    finders = {name: matcher.finder() for name, matcher in MATCHERS.items()}
    names = list(finders)
    index = LiteralIndex([each.needs if isinstance(each, CompiledWhenAsked) else () for each in finders.values()])
    texts = [text for rule in BUILTIN for text, _ in rule.positives]
    texts += [text.translate(str.maketrans("iks", "\u0131\u212a\u017f")) for text in texts]
    texts += [text.upper() for text in texts]
    silent = []
    for text in texts:
        asked = {names[number] for number in index.found_in(text)}
        silent += [
            (name, text) for name, find in finders.items() if name not in asked and any(find(text, 0, len(text)))
        ]
    for text, by_name in found:
        asked = {names[number] for number in index.found_in(text)}
        silent += [(name, text) for name in by_name.keys() - asked]
    assert silent == []
    clean = "Accepted publickey for deploy from 192.0.2.7 port 55222 ssh2"
    assert len(index.found_in(clean)) < len(finders) / 8
