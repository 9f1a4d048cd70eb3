"""Redaction tried on what a person brings: lines, events, a pattern of their own. Nothing of it is kept or counted."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import msgspec

from mothership import lossless_decimals
from mothership.event import Event
from mothership.key_files import KEY_BYTES
from mothership.pipeline.redaction.explanation import RuleHit
from mothership.pipeline.redaction.operator_patterns import PatternFinder, compile_pattern
from mothership.pipeline.redaction.redaction import Redaction, build
from mothership.pipeline.redaction.rules import Span
from mothership.pipeline.redaction.settings import PatternSettings, RedactionSettings

TOO_DEEP = "nested too deeply"


class InputLine(NamedTuple):
    """What stands in one line of the input."""

    number: int
    event: Event
    plain: bool
    """Whether it was text: then it is the event's message."""


class Tried(NamedTuple):
    """What became of a line."""

    number: int
    plain: bool
    hits: list[RuleHit]
    event: Event
    """After redaction."""
    refused: str


class Example(NamedTuple):
    """What a pattern did with a text that it must find, or must not."""

    number: int
    wanted: bool
    found: bool
    places: list[Span]

    @property
    def is_right(self) -> bool:
        """Whether it did what it should."""
        return self.wanted == self.found


def read_lines(source: Iterable[bytes], tell: Callable[[int, str], None]) -> Iterator[InputLine]:
    """Return each event, and each plain line as the event that it would be; blank lines are passed over.

    `tell` is called with the number of a line that can't be read and what is wrong with it, never what it holds.
    """
    for number, line in enumerate(source, 1):
        start = line.lstrip()[:1]
        if not start:
            continue
        try:
            event = lossless_decimals.decode(line) if start in b"{[" else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if start == b"{":
                tell(number, TOO_DEEP if isinstance(error, RecursionError) else "not JSON")
                continue
            event = None  # `[Sun Dec 04 04:47:44 2005] [notice] …`
        if isinstance(event, dict):
            yield InputLine(number, event, plain=False)
        elif isinstance(event, list):
            tell(number, "not a JSON object")
        else:
            text = line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
            yield InputLine(number, {"type": "log", "message": text}, plain=True)


def try_line(redaction: Redaction, line: InputLine) -> Tried:
    """Redact a line's event, in place."""
    explained = redaction.explain(line.event)
    return Tried(line.number, line.plain, explained.hits, line.event, explained.refused)


def try_pattern(pattern: PatternSettings) -> list[Example]:
    """Run a pattern's examples as `pipeline.processors.redaction` would: alone, and looking everywhere."""
    redaction = build(_only(pattern), key=bytes(KEY_BYTES))
    find = PatternFinder(compile_pattern(pattern.pattern, ignore_case=pattern.ignore_case))
    return [
        Example(number, wanted, redaction.unsafe(text), [span for span in find(text, 0, len(text)) if span])
        for wanted, texts in ((True, pattern.positives), (False, pattern.negatives))
        for number, text in enumerate(texts, 1)
    ]


def _only(pattern: PatternSettings) -> RedactionSettings:
    """Return settings with this pattern alone, looking everywhere."""
    everywhere = pattern.model_copy(update={"fields": (), "except_fields": ()})
    return RedactionSettings.model_validate(
        {
            "drop_fields": (),
            "credential_fields": False,
            "hash_fields": (),
            "mask_patterns": (everywhere,),
            "rules": dict.fromkeys(RedactionSettings.rule_names(), False),
        }
    )
