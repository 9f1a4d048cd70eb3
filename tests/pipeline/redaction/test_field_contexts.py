"""A field's name and value are looked at together, as a text that holds both is."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from mothership.event import Batch
from mothership.pipeline.redaction.field_contexts import NAMES_REMEMBERED, NAMES_UNKNOWN_MAX, FieldContexts
from mothership.pipeline.redaction.redaction import Redaction
from mothership.pipeline.redaction.rules import BUILTIN

Make = Callable[..., Redaction]
Through = Callable[..., Batch]

PAIR = re.compile(r"(?P<name>[A-Za-z][\w.-]{0,40})\"?(?:=|: ?)[\"']?(?P<value>[^\s=,;&\"'{}\[\]]+)")
EXAMPLES = sorted(
    {
        (match["name"], match["value"], secret)
        for rule in BUILTIN
        if rule.default
        for text, secret in rule.positives
        for match in PAIR.finditer(text)
        if secret in match["value"]
    }
)


def readable(value: Any, secret: str) -> bool:
    if isinstance(value, dict):
        return any(readable(each, secret) for each in value.values())
    if isinstance(value, list):
        return any(readable(each, secret) for each in value)
    return secret in str(value)


def test_what_a_rule_finds_as_name_and_value_in_a_text_it_finds_in_a_field(make: Make, through: Through) -> None:
    """Every example of that form, in an event and below another field, once the batch's scan has seen it or not."""
    redaction = make()
    told = [
        (name, value, secret) for name, value, secret in EXAMPLES if secret not in redaction.text(f"{name}={value}")
    ]
    assert len(told) > 70
    events = [{"type": "x", name: value} for name, value, _ in told] + [
        {"type": "x", "deep": [{"n": "1", name: value}]} for name, value, _ in told
    ]
    left = [
        event
        for event, (_, _, secret) in zip(through(redaction, *events).events, told + told, strict=True)
        if readable(event, secret)
    ]
    assert left == []


@pytest.mark.parametrize(
    ("event", "secret"),
    [
        ({"cardCode": "123"}, "123"),
        ({"accountNumber": 532013000}, "532013000"),
        ({"account_number": "0532013000"}, "0532013000"),
        ({"voucherCode": "XK4P-9QZT-77LM"}, "XK4P"),
        ({"access_code": "7741"}, "7741"),
        ({"smsCode": 481516}, "481516"),
        ({"to": "5511987654321", "status": "queued"}, "5511987654321"),
        ({"meter_key": "5e884898da28047151d0e56f8dc62927"}, "5e884898"),
        ({"paramName": "db_password", "paramValue": "hunter2"}, "hunter2"),
        ({"field_name": "password", "field_value": "hunter2"}, "hunter2"),
        ({"item": "snmp community", "content": "hunter2"}, "hunter2"),
        ({"setting": "radius_secret", "from": "hunter1", "to": "hunter2"}, "hunter"),
        ({"id": "wifi-password", "value": "hunter2"}, "hunter2"),
    ],
)
@pytest.mark.parametrize("deep", [False, True])
def test_a_field_s_name_tells_what_its_value_is(
    make: Make, through: Through, event: dict[str, Any], secret: str, *, deep: bool
) -> None:
    """At every depth, and the name stays."""
    sent = {"type": "x", "deep": [event]} if deep else {"type": "x", **event}
    (kept,) = through(make(), sent).events
    assert not readable(kept, secret)


@pytest.mark.parametrize(
    "event",
    [
        {"from": 1732482748123, "to": 1732482749123, "count": "202411241000"},
        {"from": "202411241000", "to": "20241124", "range": "5511987654321"},
        {"code": 404, "statusCode": "5000", "error_code": "535264", "zip_code": "110001"},
        {"account": "shop-eu", "accounts": 100000, "account_manager": "4410982271"},
        {"name": "password", "message": "must be at least 12 characters"},
        {"name": "token", "value": None, "label": "tokens", "current": ""},
        {"field": "password", "value": "${DB_PASSWORD}"},
        {"id": "token", "state": "expired"},
        {"pins": 12, "lock": "18-42-07"},
    ],
)
def test_what_a_name_says_nothing_of_stays(make: Make, through: Through, event: dict[str, Any]) -> None:
    """Ids, dates, counts, states."""
    sent = {"type": "x", **event}
    assert through(make(), dict(sent)).events == [sent]


def test_a_flood_of_names_is_not_remembered(make: Make, through: Through) -> None:
    """And each value in it is looked at with its name all the same."""
    redaction = make()
    flood = {f"n{number}{chr(97 + number % 26)}": "x@example.com" for number in range(NAMES_REMEMBERED + 10)}
    (kept,) = through(redaction, {"type": "x", **flood, "deep": {"accessCodeOfLast": 1, "cardCode": "123"}}).events
    assert kept["deep"]["cardCode"] == "[REDACTED:card_code]"


def test_behind_a_flood_names_are_learned_again() -> None:
    """One flood doesn't make every event dearer until the next start, and few of its names are learned."""
    asked: list[bytes] = []

    def in_shape(text: bytes) -> frozenset[str]:
        asked.append(text)
        return frozenset()

    contexts = FieldContexts(in_shape, ())
    for number in range(NAMES_REMEMBERED):
        contexts.of(f"n{number}")
    assert contexts.of("usual") == "usual="
    learned = len(asked)
    for number in range(NAMES_UNKNOWN_MAX):
        contexts.of(f"m{number}")
    assert len(asked) <= learned + 1
    assert contexts.of("usual") == ""
    assert contexts.of("usual") == ""


def test_who_keeps_credential_fields_keeps_them(make: Make, through: Through) -> None:
    """`credential_fields: false` leaves names alone, also behind more names than are remembered."""
    event = {"type": "x", "smsCode": "481516", "deep": {"meter_pw": "hunter2"}}
    assert through(make(credential_fields=False), {**event}).events == [event]
    flood = {f"n{number}{chr(97 + number % 26)}": "x@example.com" for number in range(NAMES_REMEMBERED + 10)}
    (kept,) = through(make(credential_fields=False), {"type": "x", **flood, **event}).events
    assert event.items() <= kept.items()


@pytest.mark.parametrize("value", ['x\x1b"', '\x1b"', '"\x1b\\', '\x1b\\"', "\x1b}", '\x1b\\"]}'])
def test_a_value_may_end_in_any_sign(make: Callable[..., Redaction], through: Callable[..., Batch], value: str) -> None:
    """A quotation mark with its backslash, behind a character that JSON writes as a number."""
    for event in ({"community": value, "n": 1}, {"phone": value}, {"deep": [{"phone": value}]}):
        assert len(through(make(), event).events) == 1
