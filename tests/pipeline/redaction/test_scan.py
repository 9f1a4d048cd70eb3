"""The scan answers for a shape what it would answer for the text, and says where to look."""

from collections.abc import Callable
from copy import deepcopy

import orjson
import pytest
import re2
from corpora.events import clean_events
from corpora.lines import SETS, secret_lines

from mothership.event import Batch
from mothership.pipeline.redaction.digit_shapes import SHAPE, any_digit, reads_digits
from mothership.pipeline.redaction.part_scan import parts_of
from mothership.pipeline.redaction.prefilters import Prefilters
from mothership.pipeline.redaction.redaction import Redaction
from mothership.pipeline.redaction.remembered import make_room


@pytest.mark.parametrize(
    "event",
    [
        {"message": "card 4111111111111111"},
        {"message": "at the end,", "other": "password=hunter2,"},
        {"a": ["x,", "password=hunter2"], "b": 1},
        {"pass\\word,": "a", "next": 'say "password=hunter2"'},
        {"deep": {"one": "x", "two": "password=hunter2"}},
        {"message": "pass\x1bword=hunter2", "n": 1},
        {"message": "pass\x00word=hunter2", "n": 1},
        {"card": 4111111111111111},
    ],
)
def test_a_second_event_of_the_same_shape_is_redacted_like_the_first(
    make: Callable[..., Redaction], through: Callable[..., Batch], event: dict[str, object]
) -> None:
    """Where a string ends in a comma, where a part is no item, and where control characters differ in digits alone."""
    redaction = make()
    first = through(redaction, dict(event)).events
    again = through(redaction, dict(event)).events
    assert first == again == through(make(), dict(event)).events
    assert "hunter2" not in str(first)
    assert "4111111111111111" not in str(first)


def test_other_digits_decide_anew(make: Callable[..., Redaction], through: Callable[..., Batch]) -> None:
    """A number that is no card has the shape of one."""
    redaction = make()
    texts = ["paid with 4111111111111112", "paid with 4111111111111111", "paid with 4111111111111112"]
    kept = [through(redaction, {"message": text}).events[0]["message"] for text in texts]
    assert kept == [texts[0], "paid with [REDACTED:credit_card]", texts[2]]


@pytest.mark.parametrize("around", [{}, {"deep": [{"n": 1}]}, {"message": "as user=bob password=hunter2 0"}])
def test_a_named_field_may_hold_something_in_one_event_and_nothing_in_the_next(
    make: Callable[..., Redaction], through: Callable[..., Batch], around: dict[str, object]
) -> None:
    """Whatever was known of their shape, and of what remains without it."""
    redaction = make()
    for value in ("00000000", "12345678", "00000000", "87654321", "${TOKEN}", "$TOKEN", None, "", "null", "hunter22"):
        event = {"type": "a", "api_key": value, **around, "password": value, "note": "at 10:00"}
        assert through(redaction, dict(event)).events == through(make(), dict(event)).events


def test_what_is_empty_in_one_event_names_something_in_the_next(
    make: Callable[..., Redaction], through: Callable[..., Batch]
) -> None:
    """What the names in an event say is remembered by its keys where nothing stands below them, and only there."""

    def new() -> Redaction:
        return make(hash_fields=["user_id"], checker={"action": "flag"})

    redaction = new()
    below: tuple[object, ...] = ({}, [], {"password": "x1"}, [{"user_id": "ann"}], {"a": {}}, None, {"user_id": 7}, {})
    for number, inner in enumerate(below):
        event = {"type": f"t{'x' * number}", "structured_data": inner, "note": f"{'y' * number} at 10:00"}
        assert through(redaction, deepcopy(event)).events == through(new(), event).events


@pytest.mark.parametrize(
    "text",
    [
        "auth failed for 10.0.0.1 port 51234",
        "the pin=none of card 411111111111",
        "as bob, password hunter2!x, of 10.0.0.1",
        pytest.param("at app.Server.handle(Server.java:31)\n" * 50 + "by: as bob, password hunter2!x, of x", id="long"),
    ],
)
def test_a_string_of_a_part_that_was_read_is_not_read_again(
    make: Callable[..., Redaction], through: Callable[..., Batch], text: str
) -> None:
    """Neither by the rules nor by the check: what was found in the part is known of it, and all else is not there."""
    redaction = make()
    read: list[bytes] = []
    for part_scan in (redaction.mask._scan._rules, redaction.mask._scan._signs):
        automata = part_scan.prefilters._automata

        def in_text(shape: bytes, plain: Callable[[bytes], frozenset[str]] = automata.in_text) -> frozenset[str]:
            read.append(shape)
            return plain(shape)

        automata.in_text = in_text  # type: ignore[assignment]
    through(redaction, {"message": text, "n": 1})
    assert f'"{text}"'.encode().translate(SHAPE) not in read


@pytest.mark.parametrize(("name", "looked_at"), [("sysUpTime", False), ("Counter 12", False), ("mobile", True)])
def test_a_number_is_looked_at_closely_only_where_it_may_be_a_telephones(
    make: Callable[..., Redaction], *, name: str, looked_at: bool
) -> None:
    """A `value` is one where something beside it says so: every event of SNMP is full of others."""
    redaction = make()
    result = {"oid": "1.3.6.1.2.1.1.3.0", "oid_name": name, "value": "69470238"}
    batch = Batch([{"type": "snmp", "results": [result, result]}], [0], b"", "test", 0)
    assert any(each.rules for each in redaction.mask._scan.of(batch)) is looked_at


def test_a_new_value_in_a_named_field_makes_nothing_else_new(
    make: Callable[..., Redaction], through: Callable[..., Batch]
) -> None:
    """An SNMP community in each event is looked at by nobody."""
    redaction = make()
    scan = redaction.drop._scan
    events = [
        {"type": "snmp", "community": f"ro-{chr(97 + n)}", "results": [{"oid": "1.3", "value": n}]} for n in range(9)
    ]
    through(redaction, dict(events[0]))
    known = len(scan._rules._known)
    kept = through(redaction, *map(dict, events)).events
    assert kept == [{"type": "snmp", "results": event["results"]} for event in events]
    assert len(scan._rules._known) == known


def test_what_a_step_has_changed_is_looked_at_anew(
    make: Callable[..., Redaction], through: Callable[..., Batch]
) -> None:
    """A rule is asked of what the step before it left, and not only of what all steps were told at first."""
    redaction = make(drop_fields=["nickname"], mask_patterns=[{"name": "x", "pattern": r"\] from pier [0-9]"}])
    event = {"type": "a", "nickname": "carolina", "message": "login failed for carolina from pier 4"}
    assert through(redaction, event).events[0]["message"] == "login failed for [REDACTED:propagated********"


def test_what_was_seen_before_changes_nothing(make: Callable[..., Redaction], through: Callable[..., Batch]) -> None:
    """Lines with secrets among clean events, in one batch and one by one, the memory full of others or empty."""
    lines = [text for each in SETS for _, text, _ in secret_lines(f"secrets{each}", rounds=1)][::7]
    used, events = make(), clean_events(len(lines))
    through(used, *(dict(event) for event in clean_events(500)))
    together = through(used, *(event | {"message": line} for event, line in zip(events, lines, strict=True))).events
    events = clean_events(len(lines))
    alone = [through(used, event | {"message": line}).events[0] for event, line in zip(events, lines, strict=True)]
    assert [event.get("message") for event in together] == [event.get("message") for event in alone]
    assert [event.get("message") for event in alone] == [make_text(used, line) for line in lines]


def test_a_part_may_hold_what_a_string_in_it_may(make: Callable[..., Redaction]) -> None:
    """A string that stands in what was read before is not read again by itself."""
    scan = make(mask_patterns=[{"name": "x", "pattern": "^a"}, {"name": "y", "pattern": r"z\z"}]).drop._scan._rules
    rules = scan.prefilters
    lines = [text for each in SETS for _, text, _ in secret_lines(f"secrets{each}", rounds=1)] + ["a", "z", "b\nz"]
    silent = []
    for line in lines:
        encoded = orjson.dumps({"a": 1, "message": line, "b": 2})
        part = scan.text(parts_of(encoded, encoded.translate(SHAPE))[1])
        alone = f'"{line}"'.encode().translate(SHAPE)
        if alone in part and not rules.in_shape(alone) <= rules.in_shape(part):
            silent.append(line)
    assert silent == []


def test_many_texts_are_read_as_each_alone(make: Callable[..., Redaction]) -> None:
    """Several at once, automaton by automaton, the long ones by others."""
    prefilters = make().drop._scan._rules.prefilters
    texts = [f'"{text}"'.encode().translate(SHAPE) for _, text, _ in secret_lines("secrets", rounds=1)]
    texts.insert(5, b'"' + b" password=hunter2" * 400 + b'"')
    assert prefilters.in_shapes(texts) == [prefilters.in_shape(text) for text in texts]


def make_text(redaction: Redaction, line: str) -> object:
    """What becomes of a line without any memory of events."""
    event = {"message": line}
    for step in (redaction.drop, redaction.mask, redaction.hash):
        step.apply(event)
    redaction.check._scrub(event, ())
    return event.get("message")


@pytest.mark.parametrize(
    ("expression", "blind", "reads"),
    [
        ("[2-6][0-9]{3}", "(?:[2-6]|[0-9])[0-9]{3}", True),
        ("oauth2=", "oauth(?:2|[0-9])=", False),
        (r"[^4]x\x{30}", r"(?:[^4]|[0-9])x(?:\x{30}|[0-9])", False),
        (r"00 ?[1-9]", r"(?:0|[0-9])(?:0|[0-9]) ?(?:[1-9]|[0-9])", True),
        (r"\d{2,5}[a-f]\w.", r"\d{2,5}[a-f]\w.", False),
    ],
)
def test_an_expression_is_made_blind_for_digits(expression: str, blind: str, *, reads: bool) -> None:
    """So that one answer holds for all texts of a shape."""
    assert any_digit(expression) == blind
    assert reads_digits(expression) is reads


def test_a_prefilter_that_reads_digits_is_asked_of_the_text() -> None:
    """Its shape alone would stand for too much."""
    prefilters = Prefilters({"card": ["[2-6][0-9]{3}x"], "any": ["[0-9]x"]})
    assert prefilters.in_text("a 4111x") == {"card", "any"}
    assert prefilters.in_text("a 1111x") == {"any"}
    assert prefilters.in_text("a 4111x") == {"card", "any"}


def test_the_memory_is_bounded() -> None:
    """The older half makes room."""
    known = dict.fromkeys(range(10))
    make_room(known, 10)
    assert list(known) == [5, 6, 7, 8, 9]


def test_the_compiled_parts_of_re2_answer_as_its_wrapper_does() -> None:
    """They have private names, and are called past it: a version without them, or with others, is seen here."""
    automaton, literals = re2.Set.SearchSet(), re2.Filter()
    for expression in ("token=[0-9]+", "[a-z]{3}", "never"):
        automaton.Add(expression)
        literals.Add(expression)
    automaton.Compile()
    literals.Compile()
    for text in (b"token=12", b"ab", b"", b"never"):
        assert automaton._set.Match(text) == list(automaton.Match(text) or ())  # None: nothing
        assert literals._filter.Match(text, True) == list(literals.Match(text, True) or ())
