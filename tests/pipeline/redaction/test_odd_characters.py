"""Characters that nobody sees, bytes read in the wrong encoding, and numbers that only look like a card's."""

import sys
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from mothership.event import Batch
from mothership.pipeline.redaction.redaction import Redaction
from mothership.pipeline.redaction.text_normalization import normalized_texts

CONTROLS = [chr(code) for code in (*range(9), 11, 12, *range(14, 32), 127, *range(128, 160), 0xFFFD, 0x200B)]


@pytest.mark.parametrize("odd", CONTROLS, ids=lambda odd: f"U+{ord(odd):04X}")
def test_a_character_that_nobody_sees_hides_nothing(make: Callable[..., Redaction], odd: str) -> None:
    """In a word, in a number, in a vendor's key, in the name of a field."""
    redaction = make()
    assert "hunter2" not in redaction.text(f"pass{odd}word=hunter2")
    assert "1111" not in redaction.text(odd.join(("card 4111", "1111", "1111", "1111")))
    assert "42F292c6912E77" not in redaction.text(f"ghp_16C7e42F292c6912E77{odd}10c838347Ae178B4a")
    assert through(redaction, {f"pass{odd}word": "swordfish", "a": 1}) == {"a": 1}


def test_the_digits_of_every_script_are_read() -> None:
    """Those that this Python knows: none of them hides a number."""
    digits = [char for char in map(chr, range(128, sys.maxunicode + 1)) if char.isdecimal()]
    [view] = normalized_texts("".join(digits))
    assert view.text == "".join(str(unicodedata.decimal(char)) for char in digits)


@pytest.mark.parametrize("shift", [0, 1])
def test_utf_16_that_was_read_as_bytes_is_read(make: Callable[..., Redaction], shift: int) -> None:
    """Every second character is NUL."""
    pair = ("{}\x00", "\x00{}")[shift]
    redacted = make().text("".join(pair.format(char) for char in "password=hunter2 user=bob"))
    assert "h\x00u\x00n\x00t" not in redacted
    assert redacted.replace("\x00", "").endswith(" user=bob")


@pytest.mark.parametrize(
    "text",
    [
        "пароль: aB3dEf9hI".encode("cp1251").decode("latin-1"),
        "пароль: aB3dEf9hI".encode().decode("latin-1"),
        "contraseña: aB3dEf9hI".encode().decode("latin-1"),
        "contrase\ufffda: aB3dEf9hI",
        "card 4111\t1111\t1111\t1111",
    ],
)
def test_a_known_word_is_known_in_the_wrong_encoding(make: Callable[..., Redaction], text: str) -> None:
    """As is a number whose groups stand in columns."""
    assert "[REDACTED:" in make().text(text)


@pytest.mark.parametrize("name", ["account", "bank_account", "customerAccount", "discount", "card", "note"])
@pytest.mark.parametrize("card", [4111111111111111, "4111111111111111"])
def test_a_name_that_ends_like_a_counter_hides_no_card(make: Callable[..., Redaction], name: str, card: Any) -> None:
    """What counts are whole words of the name."""
    assert "4111111111111111" not in str(through(make(), {name: card}))


@pytest.mark.parametrize("name", ["rx_bytes", "uptime_ns", "count", "ifHCOutOctets", "value", "sentbyte"])
def test_a_counter_that_passes_for_a_card_by_chance_stays(make: Callable[..., Redaction], name: str) -> None:
    """One in thirty numbers of 53 bits does."""
    event = {"metric": "disk", name: 5120201061465686}
    assert through(make(), dict(event)) == event


def through(redaction: Redaction, event: dict[str, Any]) -> dict[str, Any]:
    """Return an event behind redaction."""
    batch = Batch(events=[event], indices=[0], fingerprint=b"", request_id="", received=0)
    for processor in redaction.processors:
        processor(batch)
    return batch.events[0]
