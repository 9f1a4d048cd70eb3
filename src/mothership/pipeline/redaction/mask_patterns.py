"""MaskPatterns: what goes because of how it looks."""

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from mothership.event import Batch, Event
from mothership.pipeline.redaction.batch_scan import Scan
from mothership.pipeline.redaction.counters import RedactionCounters
from mothership.pipeline.redaction.field_contexts import (
    OF_TEXTS,
    PEER_CONTEXT,
    FieldContexts,
    is_bare,
)
from mothership.pipeline.redaction.field_names import NESTED, fold
from mothership.pipeline.redaction.fields import HashFields, Note, work_on
from mothership.pipeline.redaction.measurement_fields import ALWAYS, is_reading, reads, whole_number
from mothership.pipeline.redaction.scan_findings import Found
from mothership.pipeline.redaction.surroundings import Surroundings, names_above
from mothership.pipeline.redaction.text import TextRedactor

PLACES_REMEMBERED = 4_096
CLEAN_REMEMBERED = 8_192
CLEAN_CHARACTERS_MAX = 24
NUMBER_MIN = 10**12
"""No rule wants a shorter number."""
COMMAND_RULES = frozenset(("command_password", "device_password"))
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_DROPPED = object()


class _Key(NamedTuple):
    """What is known of a key."""

    folded: str
    context: str
    """What of it stands before its value for the rules to read."""
    hashed: bool
    """Whether HashFields takes it wherever it stands."""
    binary: bool
    """Whether it holds base64, which patterns would only break."""
    reads: str
    """When a number in it is one that a machine counted."""


class MaskPatterns:
    """Replaces what the operator's patterns and the built-in rules find, in keys and values at every depth."""

    name = "MaskPatterns"

    def __init__(
        self,
        text: TextRedactor,
        scan: Scan,
        counters: RedactionCounters,
        hashed: HashFields | None,
        contexts: FieldContexts,
        *,
        binary: frozenset[str] = frozenset(),
    ) -> None:
        self._text = text
        self._scan = scan
        self._counters = counters
        self._hashed = hashed
        self._contexts = contexts
        self._binary = binary
        self._all = frozenset(text.rules)
        self._numbers = frozenset(name for name, rule in text.rules.items() if rule.numbers)
        self._names_decide = hashed is None or not hashed.by_path
        self._of_commands = frozenset(
            name for name, rule in text.rules.items() if rule.name in COMMAND_RULES and not rule.is_scoped
        )
        self._scoped = any(rule.is_scoped for rule in text.rules.values())
        # Short texts in which no rule may find anything: most keys, and words such as `info`.
        self._clean: set[str] = set()
        self._allowed: dict[tuple[str, ...], frozenset[str]] = {}
        self._keys: dict[str, _Key] = {}
        self._places = 0
        """Texts masked so far."""

    def __call__(self, batch: Batch) -> None:
        """Mask every event in which a rule may find something."""
        work_on(batch, [each for each in self._scan.of(batch) if each.rules is None or each.rules], self._event)

    def apply(self, event: Event, note: Note | None = None) -> None:
        """Mask one event."""
        self._dict(event, event.items(), (), (), note)

    def text(self, text: str, note: Note | None = None) -> str:
        """Mask a lone string."""
        return self._masked(text, self._all, (), note) or ""

    def arguments(self, value: list[str]) -> list[str]:
        """Mask the passwords in a command's arguments, which tell of one another as they do in a line."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        masked = self._masked(text, self._of_commands, (), None)
        if masked != text:
            value = json.loads(masked or "[]")
        if any(" " in each for each in value):
            return value
        words = (self._masked(" ".join(value), self._of_commands, (), None) or "").split(" ")
        return words if len(words) == len(value) else value

    def changes(self, text: str) -> bool:
        """Tell whether a lone string would be masked; nothing is counted."""
        return self._text.redact(text, self._text.hits(text), self._all)[0] != text

    def _event(self, found: Found) -> bool:
        """Mask what of an event may hold something, and tell whether anything did."""
        places = self._places
        items = found.event.items() if found.rules is None else found.items(found.rules)
        self._dict(found.event, items, (), (), None)
        return self._places != places

    def _value(
        self, value: Any, path: tuple[str, ...], shown: tuple[str, ...], note: Note | None, parent: str = ""
    ) -> Any:
        kind = type(value)
        if kind is str:
            if value in self._clean:
                return value
            masked = self._masked(value, self._rules_at(path), shown, note)
            return _DROPPED if masked is None else masked
        if kind is dict:
            self._dict(value, value.items(), path, shown, note, parent)
        elif kind is list:
            self._list(value, path, shown, note, parent)
        elif (kind is int or kind is float) and value >= NUMBER_MIN:
            return self._number(value, path, shown, note)
        return value

    def _dict(
        self,
        value: dict[str, Any],
        items: Iterable[tuple[str, Any]],
        path: tuple[str, ...],
        shown: tuple[str, ...],
        note: Note | None,
        parent: str = "",
    ) -> None:
        """Mask these items of an object; `parent` holds the folded names of the fields that hold it."""
        clean, around = self._clean, Surroundings(value, parent)
        renamed: dict[str, str] = {}
        dropped: list[str] = []
        for key, inner in list(items):
            name = key
            if key not in clean:
                changed = self._masked(key, self._rules_at(path), (*shown, "(key)"), note)
                if changed is None:
                    dropped.append(key)
                    continue
                if changed != key:
                    name = renamed[key] = changed
            known = self._key(key, around)
            if not known.context:
                kind = type(inner)
                if (
                    inner in clean
                    if kind is str
                    else (inner is None or kind is bool or ((kind is int or kind is float) and inner < NUMBER_MIN))
                ):
                    continue
            counted = known.reads and whole_number(inner) and (known.reads == ALWAYS or is_reading(value))
            masked = (
                inner if counted else self._field(inner, known, path, (*shown, name) if note else shown, note, parent)
            )
            if masked is _DROPPED:
                dropped.append(key)
            elif masked is not inner:
                value[key] = masked
        if renamed or dropped:
            _rename(value, renamed, frozenset(dropped))

    def _field(
        self,
        inner: Any,
        known: "_Key",
        path: tuple[str, ...],
        shown: tuple[str, ...],
        note: Note | None,
        parent: str,
    ) -> Any:
        here = path if self._names_decide and not self._scoped else (*path, known.folded)
        if self._hashed is not None:
            hashed = known.hashed if self._names_decide else self._hashed.takes(here)
            if hashed and not _nested(inner):
                return inner
        if known.binary and type(inner) is str and _is_base64(inner):
            return inner
        above = names_above(parent, known.folded) if type(inner) in NESTED else ""
        inner = self._value(inner, here, shown, note, above)
        return self._named(known.context, inner, here, shown, note) if known.context else inner

    def _named(self, context: str, value: Any, path: tuple[str, ...], shown: tuple[str, ...], note: Note | None) -> Any:
        """Mask the bare value of a field whose name says something to a rule, as if name and value stood in a text."""
        if type(value) is list:
            value[:] = [self._named(context, each, path, shown, note) if is_bare(each) else each for each in value]
        if not is_bare(value) or (context in OF_TEXTS and type(value) is int):
            return value
        text, before = f"{context}{value}", len(context)
        owners = self._contexts.owners if type(value) is str else self._contexts.owners_of_numbers
        allowed = self._rules_at(path) & owners
        masked = self._masked(text, allowed, shown, _behind(before, note) if note else None, before)
        if masked is None:
            return _DROPPED
        return masked[before:] if masked != text else value

    def _list(
        self, value: list[Any], path: tuple[str, ...], shown: tuple[str, ...], note: Note | None, parent: str
    ) -> None:
        fresh = [
            self._value(inner, path, (*shown, str(number)) if note else shown, note, parent)
            for number, inner in enumerate(value)
        ]
        value[:] = [inner for inner in fresh if inner is not _DROPPED]

    def _number(self, value: float, path: tuple[str, ...], shown: tuple[str, ...], note: Note | None) -> Any:
        """Mask a number that is, as a whole, what a rule looks for."""
        if type(value) is float and not value.is_integer():
            return value
        text = str(int(value))
        masked = self._masked(text, self._rules_at(path) & self._numbers, shown, note)
        return _DROPPED if masked is None else (value if masked == text else masked)

    def _masked(
        self, text: str, allowed: frozenset[str], shown: tuple[str, ...], note: Note | None, before: int = 0
    ) -> str | None:
        """Mask one text; so much of its beginning stays as it is."""
        hits = self._text.hits(text)
        if not hits:
            if len(text) <= CLEAN_CHARACTERS_MAX:
                self._remember(text)
            return text
        masked, found = self._text.redact(text, hits, allowed, before)
        self._places += masked != text
        for hit in found if masked != text else ():
            self._counters.add(hit.rule.name)
            if note:
                note(hit.rule.name, shown, hit.start, hit.end)
        return masked

    def _remember(self, text: str) -> None:
        if len(self._clean) >= CLEAN_REMEMBERED:
            self._clean.clear()
        self._clean.add(text)

    def _rules_at(self, path: tuple[str, ...]) -> frozenset[str]:
        """Return the rules that look at this place."""
        if not self._scoped:
            return self._all
        allowed = self._allowed.get(path)
        if allowed is None:
            if len(self._allowed) >= PLACES_REMEMBERED:
                self._allowed.clear()
            allowed = frozenset(name for name, rule in self._text.rules.items() if rule.looks_at(path))
            self._allowed[path] = allowed
        return allowed

    def _key(self, key: str, around: Surroundings) -> "_Key":
        known = self._keys.get(key) or self._learn(key)
        return known if not known.context or around.tell(known.context) else known._replace(context="")

    def _learn(self, key: str) -> "_Key":
        if len(self._keys) >= PLACES_REMEMBERED:
            self._keys.clear()
        folded = fold(key)
        hashed = self._hashed is not None and self._hashed.takes((folded,))
        context = self._contexts.of(key)
        counted = "" if context == PEER_CONTEXT else reads(key)  # `wa_id` counts nothing
        self._keys[key] = answer = _Key(folded, context, hashed, folded in self._binary, counted)
        return answer


def _behind(before: int, note: Note) -> Note:
    """Tell places in a text as they are without the words that were put before it."""

    def tell(rule: str, path: tuple[str, ...], start: int, end: int) -> None:
        note(rule, path, max(0, start - before), max(0, end - before))

    return tell


def _is_base64(text: str) -> bool:
    """Tell whether a text can be a binary payload; a number or a text with spaces or signs can't."""
    return len(text) % 4 != 1 and not text.isdigit() and _BASE64.fullmatch(text) is not None


def _nested(value: Any) -> bool:
    """Tell whether a value holds keys, which hashing leaves alone."""
    return type(value) is dict or (type(value) is list and any(type(inner) in (dict, list) for inner in value))


def _rename(value: dict[str, Any], renamed: dict[str, str], dropped: frozenset[str]) -> None:
    """Give keys other names, in their place; one that another key has gets a number behind it."""
    taken = set(value)
    numbers: dict[str, int] = {}
    for key, name in renamed.items():
        number, unused = numbers.get(name, 1), name
        while unused in taken:
            number += 1
            unused = f"{name}#{number}"
        numbers[name] = number
        renamed[key] = unused
        taken.add(unused)
    kept = {renamed.get(key, key): inner for key, inner in value.items() if key not in dropped}
    value.clear()
    value.update(kept)
