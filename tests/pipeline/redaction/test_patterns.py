"""The operator's own patterns, and the settings around them."""

import time
from pathlib import Path
from random import Random

import pytest
from pydantic import ValidationError

from mothership.errors import ConfigurationError
from mothership.event import Batch, Event
from mothership.pipeline.redaction.operator_patterns import compile_pattern, pattern_prefilter
from mothership.pipeline.redaction.prefilters import Prefilters
from mothership.pipeline.redaction.redaction import Redaction, build
from mothership.pipeline.redaction.settings import RedactionSettings

KEY = b"k" * 32


def redaction(**settings: object) -> Redaction:
    return build(RedactionSettings.model_validate(settings), key=KEY)


def through(redactor: Redaction, *events: Event) -> Batch:
    batch = Batch(list(events), list(range(len(events))), b"", "test", 0)
    for processor in redactor.processors:
        processor(batch)
    return batch


def test_the_default_patterns_mask_what_the_specification_names() -> None:
    """Passwords and social security numbers, the name of the password left readable."""
    text = redaction().text("GET /?password=hunter2&user=bob ssn 123-45-6789 or 000-12-3456")
    assert text == "GET /?password=********&user=bob ssn ******** or 000-12-3456"


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"k=.\w+.z", 'k="v"z', "********"),
        (r"k=[^x]\w+\Wz", 'k="v"z \\ \n', "******** \\ \n"),
        (r'a"{2}b', 'a""b', "********"),
        (r"C:\\\w+\\x", r"at C:\dir\x", "at ********"),
        (r"a.b", "a\tb", "********"),
        (r"^ID \d+$", "ID 77", "********"),
        (r"^ID \d+$", "an ID 77", "an ID 77"),
        (r"\bcust-\d+\b", "line\ncust-12\tx", "line\n********\tx"),
        (r"\Aroot", "root: x", "********: x"),
        (r'"k":"\w+"', 'say "k":"v" here', "say ******** here"),
        (r"it's \w+", "it's bob", "********"),
        (r"[^'a] \d", '" 1', "********"),
        (r"\x1b\[31m", "\x1b[31mred", "********red"),
        (r"\\\\srv\\\w+", r"on \\srv\share", "on ********"),
        (r"(?P<secret>\d+) euros", "owes 12 euros", "owes ******** euros"),
        (r"naïve \d", "NAÏVE 4", "********"),
        (r"\Q.*\E", "a .* b", "a ******** b"),
    ],
)
def test_a_pattern_means_the_same_inside_a_batch_as_alone(pattern: str, text: str, expected: str) -> None:
    """The scan over the whole batch must never hide a match, whatever anchors, quotes or escapes a pattern has."""
    redactor = redaction(mask_patterns=[pattern])
    events: list[Event] = [{"type": "log", "message": f"line {number}"} for number in range(60)]
    events[31] = {"type": "log", "deep": [{"message": text}]}
    assert through(redactor, *events).events[31]["deep"][0]["message"] == expected


def test_patterns_ignore_case_unless_they_say_otherwise() -> None:
    """As the specification's reader expects of log text."""
    redactor = redaction(mask_patterns=["badge \\d+", {"pattern": "Shift \\d+", "ignore_case": False}])
    assert redactor.text("BADGE 7, shift 3, Shift 4") == "********, shift 3, ********"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^\bfoo$|\Abar\z", "bar"),
        (r"[$^]\$", "^$"),
        (r"\b?x", "x"),
        (r"\Q.*\E", ".*"),
        (r"a{,2}", "a{,2}"),
        (r"\pL{3}\d", "äöü4"),
        (r"[[:alpha:]]{3}-(?i:x)", "abc-X"),
        (r"\x{e9}t\x41", "étA"),
        (r"(?U)a+b", "aab"),
        (r"[^\x00-\x1f]\x1b", "é\x1b"),
    ],
)
def test_the_prefilter_of_a_pattern_hits_where_the_pattern_does(pattern: str, text: str) -> None:
    """Whatever of RE2's syntax it is written in, and whatever of that Python's doesn't have."""
    assert compile_pattern(pattern, ignore_case=False).search(text)
    assert Prefilters({"x": [pattern_prefilter(pattern, ignore_case=False)]}).in_text(text)


@pytest.mark.parametrize(("pattern", "text"), [(r"badge \d+", "badge"), ("user.?name", "user"), (r"(?i)x\d{4}", "X12")])
def test_the_prefilter_of_a_pattern_does_not_hit_everywhere(pattern: str, text: str) -> None:
    """Else it would save nothing."""
    assert not Prefilters({"x": [pattern_prefilter(pattern, ignore_case=False)]}).in_text(text)


def test_groups_in_one_another_by_the_hundred_are_no_fault_of_ours() -> None:
    """RE2 takes them; what writes the prefilter in Python's syntax goes only so deep."""
    text = "(a|b" * 500 + ")" * 500
    assert Prefilters({"x": [pattern_prefilter(text, ignore_case=True)]}).in_text("anything")


def test_many_patterns_that_go_on_for_ever_do_not_multiply() -> None:
    """A line that has met some of their beginnings, another some others: every set of them was a state of its own."""
    redactor = redaction(mask_patterns=[f"item{number} .*end{number}" for number in range(30)])
    assert redactor.text("item4 item7 end7") == "item4 ********"
    chance = Random(3)

    def cost(word: str) -> float:
        lines = [" ".join(f"{word}{chance.randrange(30)} " for _ in range(40)) for _ in range(300)]
        start = time.thread_time()
        assert not any(map(redactor.mask.changes, lines))
        return time.thread_time() - start

    assert min(cost("item") for _ in range(3)) < 60 * max(cost("other") for _ in range(3))


@pytest.mark.parametrize("pattern", ["(?=a)b", "(unclosed", "a{2000}", r"(a)\1"])
def test_a_pattern_that_re2_refuses_is_an_error_that_says_why(pattern: str) -> None:
    """A bad pattern must stop the start, not be skipped."""
    with pytest.raises(ValidationError, match="not a regular expression in RE2 syntax"):
        RedactionSettings.model_validate({"mask_patterns": [pattern]})


def test_scopes_say_where_a_pattern_looks() -> None:
    """`fields` and `except`, by name at any depth or by dotted path."""
    redactor = redaction(
        mask_patterns=[
            {"pattern": "alpha", "fields": ["Raw-Message", "a.b"]},
            {"pattern": "beta", "except": ["payload"]},
        ]
    )
    event = {
        "raw_message": "alpha beta",
        "message": "alpha",
        "a": {"b": "alpha", "c": "alpha"},
        "payload": {"x": "beta"},
        "payload_b64": "beta",
    }
    assert through(redactor, event).events == [
        {
            "raw_message": "******** ********",
            "message": "alpha",
            "a": {"b": "********", "c": "alpha"},
            "payload": {"x": "beta"},
            "payload_b64": "beta",
        }
    ]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("replace", "pay [REDACTED:credit_card]"),
        ("mask", "pay ********"),
        ({"action": "keep_last", "keep_last": 4}, "pay ********1111"),
        (False, "pay 4111111111111111"),
    ],
)
def test_a_rule_does_what_was_decided_about_it(action: object, expected: str) -> None:
    """Each built-in rule can be switched off and has an action."""
    assert redaction(rules={"credit_card": action}).text("pay 4111111111111111") == expected


def test_hashing_in_a_text_gives_the_pseudonym_that_the_field_gets() -> None:
    """So that joins work between `email: …` and a message that names it."""
    redactor = redaction(rules={"email": "hash"})
    event = through(redactor, {"email": "a@example.com", "message": "from a@example.com"}).events[0]
    assert event["message"] == f"from {event['email']}"
    assert event["email"].startswith("hash:")


def test_the_action_drop_takes_the_field() -> None:
    """Not only the words in it."""
    redactor = redaction(rules={"email": "drop"})
    event = {"message": "from a@example.com", "list": ["x", "a@example.com"], "other": "ok"}
    assert through(redactor, event).events == [{"list": ["x"], "other": "ok"}]


def test_mask_length_zero_keeps_the_length() -> None:
    """For those who align columns."""
    assert redaction(mask_length=0, mask_char="#", action="mask").text("ssn 123-45-6789") == "ssn ###########"


def test_redaction_can_not_be_switched_off() -> None:
    """Privacy is not a feature flag."""
    with pytest.raises(ValidationError, match="enabled: false is refused"):
        RedactionSettings(enabled=False)


def test_an_unknown_rule_is_named_with_its_nearest_neighbour() -> None:
    """A typo must not leave a rule on or off by accident."""
    with pytest.raises(ValidationError, match="did you mean `credit_card`"):
        RedactionSettings.model_validate({"rules": {"creditcard": False}})


def test_a_rule_file_adds_its_patterns(tmp_path: Path) -> None:
    """Rule sets can be shared."""
    file = tmp_path / "rules.yaml"
    file.write_text("rules:\n  - name: badge\n    pattern: 'badge (?P<secret>\\d+)'\n    action: replace\n")
    assert redaction(rule_files=[str(file)]).text("badge 77") == "badge [REDACTED:badge]"


@pytest.mark.parametrize(
    "content", ["rules: 3", "- a", "rules: [{name: x}]", "rules: ['(']", "\tx: :", "a: 2027-02-30", "[" * 5000]
)
def test_a_rule_file_that_can_not_be_used_is_an_error_that_names_it(tmp_path: Path, content: str) -> None:
    """One line for each fault, before anything is opened."""
    file = tmp_path / "rules.yaml"
    file.write_text(content)
    with pytest.raises(ConfigurationError, match=r"redaction\.rule_files: .*rules\.yaml"):
        redaction(rule_files=[str(file)])


def test_the_rule_set_hash_tells_rule_sets_apart_and_nothing_of_the_salt() -> None:
    """It stands in the audit log beside every decision."""
    plain = redaction().counters.rules_hash
    assert redaction().counters.rules_hash == plain
    assert redaction(salt="x" * 16).counters.rules_hash == plain
    assert redaction(rules={"phone": False}).counters.rules_hash != plain


def test_a_scan_without_enough_memory_is_an_error_and_not_a_clean_bill() -> None:
    """RE2 answers "no match" then, which would let everything through."""
    with pytest.raises(ConfigurationError, match="too many or too big"):
        Prefilters({"x": [f"{number}[a-z]{{500}}y" for number in range(40)]}, memory_bytes=1 << 18)
