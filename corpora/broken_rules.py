"""The check's own worth: lines of the blind sets that one rule alone finds, with that rule broken.

A rule's examples say little of it, because whoever writes a shape has them before him. These lines are nobody's
examples, and the check has to know them by itself.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from mothership.event import Batch, Event
from mothership.pipeline.redaction.redaction import Redaction, build
from mothership.pipeline.redaction.rules import BUILTIN, Matcher
from mothership.pipeline.redaction.settings import RedactionSettings

LABELLED = Path(__file__).parent / "texts"
SETS = ("fourth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth")
KEY = b"k" * 32
FINDS_NOTHING = (Matcher(r"\x00\x01\x02 a rule that is broken"),)
_BY_NAME = {rule.name: rule for rule in BUILTIN}
_NO_EXAMPLES = "identity"


class Left(NamedTuple):
    """A line that one rule alone finds, after redaction without that rule."""

    rule: str
    line: str
    caught: bool
    """By the check."""


def broken(name: str, *, everything: bool = False) -> Redaction:
    """Redaction with one rule that finds nothing any more; what is unsafe is flagged. `everything`: all others on."""
    switched = dict.fromkeys((rule.name for rule in BUILTIN if not rule.default and everything), True)
    settings = {"checker": {"action": "flag", "audit_share": 0}, "rules": switched}
    rules = [replace(rule, matchers=FINDS_NOTHING) if rule.name == name else rule for rule in BUILTIN]
    return build(RedactionSettings.model_validate(settings), key=KEY, builtin=rules)


def left_by_broken_rules(sets: Sequence[str] = SETS) -> Iterator[Left]:
    """Break each rule in turn, and yield the lines of these sets whose secrets are readable for it.

    What is an example of the rule, or has a secret of one, is left out.
    """
    without = cache(broken)
    whole = broken("")
    for name in sets:
        for line in _lines(f"{name}_secrets.jsonl"):
            event = _event_of(line)
            if line["type"] == _NO_EXAMPLES:
                continue
            hidden = [secret for secret in line["secrets"] if secret not in _text(_through(whole, event).events[0])]
            hits = {hit.rule for hit in whole.explain(_copy(event)).hits if hit.step == whole.mask.name}
            for rule in sorted(hits & _BY_NAME.keys()):
                batch = _through(without(rule), event)
                after = _text(batch.events[0])
                readable = {secret for secret in hidden if secret in after}
                if readable and not _is_example(rule, _text(event), readable):
                    yield Left(rule, _text(event), bool(batch.unsafe))


def harmless_events(sets: Sequence[str] = SETS) -> Iterator[Event]:
    """Yield what is labelled harmless, as events."""
    for name in sets:
        yield from map(_event_of, _lines(f"{name}_harmless.jsonl"))


def _lines(file: str) -> Iterator[dict[str, Any]]:
    yield from map(json.loads, (LABELLED / file).read_text(encoding="utf-8").strip().split("\n"))


def _event_of(line: dict[str, Any]) -> Event:
    return line["event"] if "event" in line else {"type": "log", "message": line["line"]}


def _is_example(rule: str, text: str, secrets: set[str]) -> bool:
    return any(secret in secrets or example in text for example, secret in _BY_NAME[rule].positives)


def _through(redaction: Redaction, event: Event) -> Batch:
    batch = Batch([_copy(event)], [0], b"", "broken", 0)
    for processor in redaction.processors:
        processor(batch)
    return batch


def _copy(event: Event) -> Event:
    copy: Event = json.loads(json.dumps(event))
    return copy


def _text(value: Any) -> str:
    """Return every key and value of an event, apart."""
    if isinstance(value, dict):
        return "\x01".join(f"{key}\x01{_text(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return "\x01".join(map(_text, value))
    return value if isinstance(value, str) else json.dumps(value)
