"""PIISafetyValidator: what it catches when a rule is broken, what it lets be, and where it looks.

SAMPLE_EVENTS says how many events of the sample must raise no alarm: 100000 for a long look.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace

import orjson
import pytest
import re2
from corpora.broken_rules import FINDS_NOTHING, KEY, broken
from corpora.events import clean_events
from corpora.labelled import harmless
from corpora.lines import SETS, harmless_lines, secret_lines
from structlog.testing import capture_logs

from mothership.event import Batch, Event
from mothership.pipeline.chain import SLICE_EVENTS
from mothership.pipeline.redaction.checker.pii_safety_validator import PIISafetyValidator
from mothership.pipeline.redaction.checker.shape_scanner import ShapeScanner
from mothership.pipeline.redaction.checker.shapes_from_examples import shapes_for
from mothership.pipeline.redaction.measurement_fields import READING_KEYS
from mothership.pipeline.redaction.redaction import Redaction, build
from mothership.pipeline.redaction.rules import BUILTIN, Matcher, Rule
from mothership.pipeline.redaction.settings import RedactionSettings
from mothership.sample.fleet import sample

EVENTS = int(os.environ.get("SAMPLE_EVENTS", "20000"))
CAUGHT_MIN = 0.9
OFF = [rule.name for rule in BUILTIN if not rule.default]


def share_caught(rule: Rule) -> float:
    """Of a broken rule's examples, the share that leaves redaction without its secret or is flagged by the check."""
    redaction = broken(rule.name, everything=True)
    caught = 0
    for text, secret in rule.positives:
        event = {"type": "log", "message": text}
        batch = Batch([event], [0], b"", "test", 0)
        for processor in redaction.processors:
            processor(batch)
        caught += secret not in str(event.get("message")) or id(event) in batch.unsafe
    return caught / len(rule.positives)


def share_found(rule: Rule, check: PIISafetyValidator) -> float:
    """Of a rule's examples, the share in which the check finds something when there is no redaction at all."""
    return sum(bool(check.findings({"message": text})) for text, _ in rule.positives) / len(rule.positives)


def test_what_a_broken_rule_leaves_is_caught() -> None:
    """Rule by rule: a rule that a change breaks must not leak in silence."""
    everything = dict.fromkeys(OFF, True)
    check = build(RedactionSettings.model_validate({"rules": everything}), key=KEY).check
    alone = {rule.name: share_found(rule, check) for rule in BUILTIN}
    # Where the check alone doesn't find enough, the other rules are asked, too.
    low = [rule for rule in BUILTIN if alone.get(rule.name, 1) < CAUGHT_MIN]
    shares = {rule.name: share for rule in low if (share := share_caught(rule)) < CAUGHT_MIN}
    assert shares == {}, "give these rules a shape (checker/shapes), or examples to learn one from"


def test_the_check_alone_catches_what_the_rules_are_for(make: Callable[..., Redaction]) -> None:
    """Lines that no shape was written for, with every rule broken at once."""
    check = make().check
    lines = [text for each in SETS for _, text, _ in secret_lines(f"secrets{each}", rounds=1)]
    caught = sum(bool(check.findings({"message": text})) for text in lines)
    assert caught / len(lines) > 0.85


def test_a_batch_full_of_unsafe_events_has_one_line() -> None:
    """Not one an event: a request holds fifty thousand."""
    rows = [{"type": "log", "message": "mail from alice.jones@corp-mail.net"} for _ in range(500)]
    batch = Batch(rows, list(range(500)), b"f" * 32, "r", 0, client="node")
    with capture_logs() as lines:
        for processor in broken("email", everything=True).processors:
            processor(batch)
    told = [line for line in lines if line["event"] == "event_still_unsafe"]
    assert len(batch.unsafe) == 500
    assert len(told) == 1


def test_a_harmless_text_raises_no_alarm(make: Callable[..., Redaction]) -> None:
    """A false alarm costs the whole string."""
    check = make().check
    texts = [text for rule in BUILTIN for text in rule.negatives]
    texts += [text for each in SETS for _, text in harmless_lines(f"harmless{each}")]
    texts += [text for _, text in harmless()]
    alarms = [(text, found[0].what) for text in texts if (found := check.findings({"message": text}))]
    assert alarms == []


def test_the_sample_raises_no_alarm(make: Callable[..., Redaction]) -> None:
    """What the demo shows as a fault of redaction has to be one: of events as nodes send them, 20,000 and more."""
    redaction = make(checker={"audit_share": 0})
    events = sample(EVENTS, seed=7, now=1_764_511_200.0).events
    for start in range(0, len(events), SLICE_EVENTS):
        part = events[start : start + SLICE_EVENTS]
        batch = Batch(part, list(range(len(part))), b"f" * 32, "r", 0)
        for processor in redaction.processors:
            processor(batch)
        assert [event for event in batch.events if id(event) in batch.unsafe] == []
    assert redaction.check.counts() == {}


def test_an_account_number_ends_where_its_country_says(make: Callable[..., Redaction]) -> None:
    """What follows in groups of four is more of the text, and what follows without a blank makes it something else."""
    check = make().check
    assert check.findings({"message": "BE68539007547034 done with"})
    assert check.findings({"message": "MT84MALT011000012345MTLCAST001S and more"})
    assert check.findings({"message": "GB82 WEST 1234 5698 7654 32."})
    assert check.findings({"message": "BE68539007547034done with"}) == []


@pytest.mark.parametrize("behind", [".", "?", "!", ",", ";", ":", ")", "…", "\n", " and more", ". Please help"])
@pytest.mark.parametrize(
    "secret",
    [
        "card 4111 1111 1111 1111",
        "paid with 4111111111111111",
        "mail of alice@example.com",
        "my ssn is 123-45-6789",
        "DE89370400440532013000",
        "call +44 20 7946 0958",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "AKIAIOSFODNN7EXAMPLE",
        "password=hunter2",
        "the password is hunter2",
        "community=n0c-ro",
    ],
)
def test_what_stands_behind_a_value_blinds_nothing(make: Callable[..., Redaction], secret: str, behind: str) -> None:
    """People end sentences with a full stop, and ask."""
    assert make().check.findings({"message": f"is it {secret}{behind}"})


@pytest.mark.parametrize(
    ("off", "still"),
    [
        ({"npm_token": False}, "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
        ({"vendor_token": False}, "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
        ({"login": False}, "password=hunter2"),
        ({"email": {"fields": ["message"]}}, "to alice@example.com"),
    ],
)
def test_switching_one_rule_off_leaves_the_check_on_for_the_others(
    make: Callable[..., Redaction], off: dict[str, object], still: str
) -> None:
    """And a rule that looks only at some fields is checked there."""
    assert make(rules=off).check.findings({"message": f"using {still} now"})


@pytest.mark.parametrize("off", ["assignment", "sentence", "command_password", "github_token"])
def test_a_shape_that_knows_no_rule_looks_only_where_all_do(make: Callable[..., Redaction], off: str) -> None:
    """Near a word, a value is anybody's: also that of a rule which the operator switched off to keep it."""
    message = {"message": "the temporary password of carol, Tulp!Veld7"}
    assert make().check.findings(message)
    assert make(rules={off: False}).check.findings(message) == []
    assert make(rules={"email": False}).check.findings(message)


def test_the_check_looks_for_what_is_on_and_where_it_looks(make: Callable[..., Redaction]) -> None:
    """What the operator wants kept is no fault."""
    mail = {"message": "to alice@example.com", "note": {"text": "to alice@example.com"}}
    assert [each.path for each in make().check.findings(mail)] == [("message",), ("note", "text")]
    only = make(rules={"email": {"fields": ["message"]}}).check
    assert [each.path for each in only.findings(mail)] == [("message",)]
    never = make(rules={"email": {"except": ["note"]}}).check
    assert [each.path for each in never.findings(mail)] == [("message",)]
    assert make(rules={"email": False}).check.findings(mail) == []
    assert make().check.findings({"message": "from 10.0.0.1"}) == []
    assert make(rules={"ipv4": True}).check.findings({"message": "from 10.0.0.1"})


def test_a_number_and_a_value_behind_its_name_are_looked_at(make: Callable[..., Redaction]) -> None:
    """`{"card": 4111…}` is text nowhere."""
    check = make().check
    assert check.findings({"payment": {"card": 4111111111111111}})
    assert check.findings({"pan": "30569309025904"})
    assert check.findings({"oid": "1.3.6", "value": 4111111111111111}) == []
    assert check.findings({"rx_bytes": 4111111111111111}) == []


def readings(text: str) -> list[str]:
    return [text, f"{text}.", f" {text} ", f'say "{text}"', f"a\n{text}\nb", json.dumps({"m": text}), text.upper()]


def all_at_once(patterns: Sequence[str]) -> Callable[[str], set[int]]:
    """Return which of the patterns, by number, match in a text: by a dozen, five times as fast as one by one."""
    options = re2.Options()
    options.max_mem = 1 << 26
    sets = []
    for start in range(0, len(patterns), 12):
        sets.append((start, re2.Set.SearchSet(options)))
        for pattern in patterns[start : start + 12]:
            sets[-1][1].Add(pattern)
        sets[-1][1].Compile()
    return lambda text: {start + number for start, each in sets for number in each.Match(text.encode()) or ()}


def test_a_sign_is_in_whatever_its_pattern_finds() -> None:
    """Or the check would be blind, and cheap for no reason: texts, as they are and as JSON has them."""
    shapes = list(shapes_for(BUILTIN))
    scanner = ShapeScanner(shapes)
    found_in = all_at_once([shape.pattern for shape in shapes])
    vendors = [text for rule in BUILTIN if rule.group == "vendor_token" for text, _ in rule.positives]
    others = [text for rule in BUILTIN if rule.group != "vendor_token" for text, _ in rule.positives]
    lines = [text for _, text, _ in secret_lines("secrets_third", rounds=1)]
    silent = []
    for turn, text in enumerate([*vendors, *lines, *(reading for each in others for reading in readings(each))]):
        signs = scanner.signs_in(f'"{text}"'.encode()) & scanner.signs_in(orjson.dumps({"message": text}))
        found = found_in(text)
        one = turn % len(shapes)
        assert (one in found) == bool(re2.search(shapes[one].pattern, text))
        looked = [shapes[number] for number in found if shapes[number].sign not in signs]
        silent += [(shape.rule, shape.sign, text) for shape in looked if scanner.matches(shape, text)]
    assert silent == []


def test_clean_events_are_not_looked_at_string_by_string(make: Callable[..., Redaction]) -> None:
    """The check costs one scan where there is nothing: signs hit in next to none of the events of every node type."""
    scanner = make().check._shapes
    events = clean_events(400)
    assert sum(bool(scanner.signs_in(orjson.dumps(event))) for event in events) <= len(events) // 100


def test_no_shape_is_a_rules_expression() -> None:
    """Copied knowledge breaks together."""
    expressions = {m.expression for rule in BUILTIN for m in rule.matchers if isinstance(m, Matcher)}
    assert not expressions & {shape.pattern for shape in shapes_for(BUILTIN)}


def test_an_event_that_a_broken_rule_left_is_scrubbed(through: Callable[..., Batch]) -> None:
    """The whole string goes, and the event stays."""
    rules = [replace(rule, matchers=FINDS_NOTHING) if rule.name == "github_token" else rule for rule in BUILTIN]
    redaction = build(RedactionSettings(), key=KEY, builtin=rules)
    event: Event = {"message": "using ghp_16C7e42F292c6912E7710c838347Ae178B4a now", "host": "web1"}
    assert through(redaction, event).events == [{"message": "[REDACTED:unsafe]", "host": "web1"}]


def test_the_check_lets_pass_what_the_rules_take_for_a_reading(make: Callable[..., Redaction]) -> None:
    """The check has a list of its own of what says that a value was measured: the two must not part."""
    check = make().check
    assert check.findings({"value": "4111111111111111"})
    assert [key for key in sorted(READING_KEYS) if check.findings({"value": "4111111111111111", key: "x"})] == []


@pytest.mark.parametrize("url", ["https://deploy:hunter2@registry.example.com/portal", "redis://:s3cr3t@10.0.0.1/0"])
def test_what_stands_for_a_secret_raises_no_alarm(
    make: Callable[..., Redaction], through: Callable[..., Batch], url: str
) -> None:
    """`https://[REDACTED:url_credentials]@registry` has a colon and an at sign, too."""
    message = through(make(), {"type": "log", "message": f"pulling {url}:12065"}).events[0]["message"]
    assert message.startswith("pulling ")
    assert message != f"pulling {url}:12065"
