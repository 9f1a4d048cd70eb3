"""What is said of a string's shape holds for every string that has it."""

from collections.abc import Callable

import pytest
from corpora.labelled import harmless
from tests.pipeline.redaction.conftest import FINDERS, MATCHERS, TEXTS, Found

from mothership.event import Batch
from mothership.pipeline.redaction.digit_shapes import SHAPE, encodable
from mothership.pipeline.redaction.operator_patterns import PatternFinder, compile_pattern
from mothership.pipeline.redaction.prefilters import Prefilters
from mothership.pipeline.redaction.redaction import Redaction
from mothership.pipeline.redaction.regex_analysis.digit_blind import is_blind
from mothership.pipeline.redaction.regex_analysis.regex_tree import parse
from mothership.pipeline.redaction.rules import BUILTIN
from mothership.pipeline.redaction.rules.rule import CompiledWhenAsked


@pytest.mark.parametrize(
    ("expression", "blind"),
    [
        (r"pass(?:word)?\s?=\s?(?P<secret>\S{3,9})", True),
        (r"[0-9]{4}-\d+\w*[^\s]", True),
        (r"(?P<quote>[\"'])x(?!(?P=quote))", True),
        (r"(?<![0-9a-z])a(?=[^,])", True),
        ("oauth2", False),
        ("[1-9]x", False),
        ("[^0]", False),
        (r"(\w)\1", False),
        (r"(?:(a)|b)(?(1)c|d3)", False),
        (r"(?<!4)x", False),
    ],
)
def test_an_expression_that_tells_digits_apart_is_known(expression: str, *, blind: bool) -> None:
    """Wherever it does: in lookaround, in a class, and in what refers back."""
    assert is_blind(parse(expression, ignore_case=False, unicode=False)[0]) is blind


@FINDERS
def test_what_a_finder_finds_in_a_text_may_be_found_in_its_shape(found: Found) -> None:
    """By all rules, in changed examples of all rules: a no, which is remembered for the shape, is sure."""
    finders = {name: matcher.finder() for name, matcher in MATCHERS.items()}
    silent, tried = [], 0
    for text, by_name in found:
        shape = encodable(text).encode().translate(SHAPE).decode()
        for name, spans in by_name.items():
            find = finders[name]
            if isinstance(find, CompiledWhenAsked) and any(end > start for start, end in spans):
                tried += 1
                if not find.may_find(shape):
                    silent.append((name, text))
    assert silent == []
    assert tried > TEXTS // 3


@pytest.mark.parametrize(
    ("pattern", "text", "may"),
    [
        (r"badge-\d+", "badge-4711", True),
        (r"badge-\d+", "no badge 4711", False),
        (r"(?i)BADGE[0-9]{2}", "badge47", True),
        (r"badge-[0-4]+", "no badge", True),
        (r"\Q[0-9]\E", "[0-9]", True),
        (r"\Q[0-9]\E", "nothing", True),
        ("oauth2", "nothing", True),
    ],
)
def test_an_operators_pattern_says_no_for_a_shape_only_where_it_tells_no_digit_from_another(
    pattern: str, text: str, *, may: bool
) -> None:
    """In doubt it may find something."""
    finder = PatternFinder(compile_pattern(pattern, ignore_case=False))
    assert finder.may_find(text.encode().translate(SHAPE).decode()) is may
    assert may or not list(finder(text, 0, len(text)))


def test_what_only_the_digits_tell_is_asked_of_each_text(
    make: Callable[..., Redaction], through: Callable[..., Batch]
) -> None:
    """A placeholder and a secret that have the same shape, the placeholder first."""
    redaction = make()
    for word in ("4111111111111112", "4111111111111111", "4111111111111112"):
        kept = through(redaction, {"message": f"card {word} and", "n": 1}).events[0]["message"]
        assert (word in kept) is (word.endswith("2"))
    for number in ("1234567890", "0612345678"):
        event = {"phone": "x", "other": [{"deep": f"call {number}"}], "wa_id": number}
        assert through(redaction, dict(event)).events == through(make(), dict(event)).events


def test_a_hit_in_which_no_finder_can_find_anything_is_none() -> None:
    """In texts that are near misses for every rule: nothing is looked for again in the next text of that shape."""
    matchers = {f"{rule.name}.{part}": each for rule in BUILTIN for part, each in enumerate(rule.matchers)}
    expressions = {name: each.prefilters for name, each in matchers.items()}
    finders = {name: each.finder() for name, each in matchers.items()}
    may_find = {name: each.may_find for name, each in finders.items() if isinstance(each, CompiledWhenAsked)}
    plain, sure = Prefilters(expressions), Prefilters(expressions, may_find=may_find)
    texts = [text for _, text in harmless()][::5]
    hits, kept = (sum(len(each.in_text(text)) for text in texts) for each in (plain, sure))
    assert kept < hits
    assert all(sure.in_text(text) <= plain.in_text(text) for text in texts)
