"""Who somebody is: off by default, on by one word."""

from collections.abc import Callable

import pytest

from mothership.event import Batch
from mothership.pipeline.redaction.redaction import Redaction
from mothership.pipeline.redaction.rules import BUILTIN
from mothership.pipeline.redaction.rules.identity import GROUP

RULES = [rule for rule in BUILTIN if rule.group == GROUP]


def test_identity_is_off_until_the_word_is_said(make: Callable[..., Redaction]) -> None:
    """And then every rule of it is on; each can be named alone, or left out."""
    assert {rule.name for rule in RULES} >= {"ipv4", "ipv6", "mac", "national_id", "passport", "login_name", "position"}
    off, on = make(), make(rules={"identity": True})
    one, but_one = make(rules={"mac": True}), make(rules={"identity": True, "mac": False})
    for rule in RULES:
        text, secret = rule.positives[0]
        assert secret not in on.text(text), rule.name
        assert (secret in one.text(text)) is (rule.name != "mac")
        assert (secret in but_one.text(text)) is (rule.name == "mac")
    assert off.text("wlan0 00:1b:44:11:3a:b7 of 10.0.0.1 up") == "wlan0 00:1b:44:11:3a:b7 of 10.0.0.1 up"


@pytest.mark.parametrize(
    "event",
    [
        {"user": "carol"},
        {"TargetUserName": "carol"},
        {"user": {"name": "carol"}},
        {"first_name": "Carol"},
        {"customer": {"address": "1 High Street"}},
        {"dob": "1985-10-12"},
    ],
)
def test_fields_that_name_somebody_become_pseudonyms(
    make: Callable[..., Redaction], through: Callable[..., Batch], event: dict[str, object]
) -> None:
    """Where the whole group is on; joins still work."""
    kept = str(through(make(rules={"identity": True}), {"type": "log", **event}).events[0])
    assert "hash:" in kept
    assert not any(word in kept for word in ("carol", "Carol", "High", "1985"))


def test_three_notations_of_an_address_are_one_pseudonym(make: Callable[..., Redaction]) -> None:
    """A switch writes dots, Windows dashes, Linux colons."""
    redaction = make(rules={"identity": "hash"})
    text = redaction.text("00:1b:44:11:3a:b7 00-1B-44-11-3A-B7 001b.4411.3ab7")
    assert len(set(text.split())) == 1
    assert text.startswith("hash:")
    address = redaction.text("2001:db8::7334 2001:0DB8:0:0:0:0:0:7334")
    assert len(set(address.split())) == 1


def test_a_name_in_a_login_line_is_the_field_s_pseudonym(
    make: Callable[..., Redaction], through: Callable[..., Batch]
) -> None:
    """In any case."""
    event = {"user": "Carol", "message": "sshd[1]: Accepted password for carol from host1 port 5"}
    kept = through(make(rules={"identity": "hash"}), event).events[0]
    assert kept["message"] == f"sshd[1]: Accepted password for {kept['user']} from host1 port 5"
