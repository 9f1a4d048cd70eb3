"""What is said of a string's shape holds for every string that has it."""

import re
from collections.abc import Callable

import pytest
from corpora.mutations import mutations

from mothership.event import Batch
from mothership.pipeline.redaction.prefilters import SHAPE, encodable
from mothership.pipeline.redaction.redaction import Redaction
from mothership.pipeline.redaction.rules import BUILTIN
from mothership.pipeline.redaction.rules.digit_blind import is_blind
from mothership.pipeline.redaction.rules.regex_tree import parse
from mothership.pipeline.redaction.rules.rule import CompiledWhenAsked

TEXTS = 3_000


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


def test_what_a_finder_finds_in_a_text_may_be_found_in_its_shape() -> None:
    """By all rules, in changed examples of all rules: a no, which is remembered for the shape, is sure."""
    finders = [matcher.finder() for rule in BUILTIN for matcher in rule.matchers]
    asked = [each for each in finders if isinstance(each, CompiledWhenAsked)]
    silent, found = [], 0
    for text in map(encodable, mutations(TEXTS, seed=3)):
        shape = text.encode().translate(SHAPE).decode()
        for number, find in enumerate(asked):
            if any(span and span[1] > span[0] for span in find(text, 0, len(text))):
                found += 1
                if not find.may_find(shape):
                    silent.append((number, text))
    assert silent == []
    assert found > TEXTS // 3


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


def test_what_is_masked_already_is_not_looked_at_again(make: Callable[..., Redaction]) -> None:
    """Nothing may be found in what stands for a secret: it is a prefilter's hit, and known of the shape to be none."""
    masked = make().text("user=carol@example.com password=hunter2 token=ghp_16C7e42F292c6912E7710c838347Ae178B4a")
    assert not re.search("hunter2|carol|ghp_", masked)
    assert not make().mask._text.hits(masked)
