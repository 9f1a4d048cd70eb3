"""What goes from one field goes from the event's other strings, too."""

from collections.abc import Callable
from typing import Any

import pytest

from mothership.event import Batch
from mothership.pipeline.redaction.redaction import Redaction

Make = Callable[..., Redaction]
Through = Callable[..., Batch]


def test_a_hashed_value_is_the_same_pseudonym_wherever_it_stands(make: Make, through: Through) -> None:
    """`login failed for carol` beside `username: hash:…` would undo the pseudonym."""
    event = {"message": "login failed for Carol, (carol) and carolina", "in": [{"x": "u=carol"}], "username": "carol"}
    (out,) = through(make(), event).events
    name = out["username"]
    assert name.startswith("hash:")
    assert out["message"] == f"login failed for {name}, ({name}) and carolina"
    assert out["in"] == [{"x": f"u={name}"}]


@pytest.mark.parametrize(
    "event",
    [
        {"token": "zx81sinclair", "message": "zx81sinclair zx81sinclairs"},
        {"deep": {"password": ["a b", {"x": "zx81sinclair"}]}, "message": "zx81sinclair zx81sinclairs"},
        {"env": [{"name": "DB_PASSWORD", "value": "zx81sinclair"}], "message": "zx81sinclair zx81sinclairs"},
        {"argv": ["--password", "zx81sinclair"], "message": "zx81sinclair zx81sinclairs"},
    ],
)
def test_a_dropped_value_goes_from_the_other_strings(make: Make, through: Through, event: dict[str, Any]) -> None:
    """However it was named: a field, below one, beside its name, behind an option."""
    (out,) = through(make(), event).events
    assert out["message"] == "[REDACTED:propagated] zx81sinclairs"


@pytest.mark.parametrize("value", ["root", "admin", "true", True, None, "ab", 123, "public", "null", ""])
def test_short_and_common_values_are_left(make: Make, through: Through, value: object) -> None:
    """Everything would be full of holes."""
    text = f"public root admin true ab 123 null {value}"
    (out,) = through(make(), {"message": text, "username": value, "community": value}).events
    assert out["message"] == text


def test_numbers_of_four_digits_go(make: Make, through: Through) -> None:
    """A card's code and a house number stay, a personal number does not."""
    (out,) = through(make(drop_fields=["badge"]), {"badge": 4711, "message": "badge 4711 opened 14711"}).events
    assert out["message"] == "badge [REDACTED:propagated] opened 14711"


def test_it_can_be_left_out(make: Make, through: Through) -> None:
    """`propagate: false`."""
    (out,) = through(make(propagate=False), {"username": "carol", "message": "hi carol"}).events
    assert out["message"] == "hi carol"


def test_twice_is_once_and_other_events_keep_the_word(make: Make, through: Through) -> None:
    """Of one event, never of the batch."""
    redaction = make()
    first = through(redaction, {"username": "carol", "message": "hi carol"}, {"message": "hi carol"}).events
    assert first[1] == {"message": "hi carol"}
    assert through(redaction, *[dict(each) for each in first]).events == first
    assert redaction.counts()["propagated"] == 1
