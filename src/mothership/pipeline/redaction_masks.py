"""MaskPatterns: what goes because of how it looks."""

from typing import Any, Final

from mothership.event import Batch, Event
from mothership.pipeline.redaction_fields import TOO_DEEP, HashFields, Note
from mothership.pipeline.redaction_ledger import Ledger
from mothership.pipeline.redaction_names import fold
from mothership.pipeline.redaction_scan import Scan
from mothership.pipeline.redaction_text import ODD, TextRedactor

PLACES_REMEMBERED: Final = 4_096
CLEAN_REMEMBERED: Final = 8_192
CLEAN_CHARACTERS_MAX: Final = 24
NUMBER_MIN: Final = 10**12
"""No rule wants a shorter number."""
PHONE_NAMES: Final = ("phone", "phonenumber", "telephone", "mobile", "mobilenumber", "msisdn", "fax", "callerid")
SESSION_NAMES: Final = ("sessionid", "sessid")
PHONE_CONTEXT: Final = "phone="
SESSION_CONTEXT: Final = "sessionid="
_DROPPED: Final = object()


class MaskPatterns:
    """Replaces what the operator's patterns and the built-in rules find, in keys and values at every depth."""

    name = "MaskPatterns"

    def __init__(self, text: TextRedactor, scan: Scan, ledger: Ledger, hashed: HashFields | None) -> None:
        self._text = text
        self._scan = scan
        self._ledger = ledger
        self._hashed = hashed
        self._all = frozenset(text.rules)
        self._numbers = frozenset(name for name, rule in text.rules.items() if rule.numbers)
        self._scoped = any(rule.only or rule.never for rule in text.rules.values())
        # Short texts in which no rule may find anything: most keys, and words such as `info`.
        self._clean: set[str] = set()
        self._allowed: dict[tuple[str, ...], frozenset[str]] = {}
        self._keys: dict[str, tuple[str, str]] = {}
        """For each key, how it folds, and the words that say the same where it names telephone numbers or sessions."""

    def __call__(self, batch: Batch) -> None:
        """Mask every event in which a rule may find something."""
        hits = self._scan(batch)
        if not hits:
            return
        mine = {*self._all, ODD}
        faults: dict[int, str] = {}
        for position, event in enumerate(batch.events):
            entry = hits.get(id(event))
            if entry is None or entry[1].isdisjoint(mine):
                continue
            try:
                self.apply(event)
            except RecursionError:
                faults[position] = TOO_DEEP
        batch.reject(faults)

    def apply(self, event: Event, note: Note | None = None) -> None:
        """Mask one event."""
        self._dict(event, (), (), note)

    def text(self, text: str, note: Note | None = None) -> str:
        """Mask a lone string."""
        return self._masked(text, self._all, (), note) or ""

    def changes(self, text: str) -> bool:
        """Tell whether a lone string would be masked; nothing is counted."""
        return self._text.redact(text, self._text.gate(text), self._all)[0] != text

    def _value(self, value: Any, path: tuple[str, ...], shown: tuple[str, ...], note: Note | None) -> Any:
        kind = type(value)
        if kind is str:
            if value in self._clean:
                return value
            masked = self._masked(value, self._rules_at(path), shown, note)
            return _DROPPED if masked is None else masked
        if kind is dict:
            self._dict(value, path, shown, note)
        elif kind is list:
            self._list(value, path, shown, note)
        elif (kind is int or kind is float) and value >= NUMBER_MIN:
            return self._number(value, path, shown, note)
        return value

    def _dict(self, value: dict[str, Any], path: tuple[str, ...], shown: tuple[str, ...], note: Note | None) -> None:
        fresh: dict[str, Any] = {}
        moved = False
        for key, inner in value.items():
            name = key
            if key not in self._clean:
                masked = self._masked(key, self._rules_at(path), (*shown, "(key)"), note)
                if masked is None:
                    moved = True
                    continue
                if masked != key:
                    moved = True
                    name = _unused(masked, fresh, value)
            folded, context = self._keys.get(key) or self._learn(key)
            if not context and self._is_clean(inner):
                fresh[name] = inner
                continue
            here = (*path, folded)
            if self._hashed is None or not self._hashed.takes(here) or _nested(inner):
                place = (*shown, name) if note else shown
                inner = self._value(inner, here, place, note)  # noqa: PLW2901 - the masked one
                if context:
                    inner = self._named(context, inner, here, place, note)  # noqa: PLW2901 - the same
            if inner is _DROPPED:
                moved = True
            else:
                fresh[name] = inner
        if moved:
            value.clear()
        value.update(fresh)

    def _is_clean(self, value: Any) -> bool:
        """Tell whether a value needs no look: the quick answer for most."""
        kind = type(value)
        if kind is str:
            return value in self._clean
        return value is None or kind is bool or ((kind is int or kind is float) and value < NUMBER_MIN)

    def _named(self, context: str, value: Any, path: tuple[str, ...], shown: tuple[str, ...], note: Note | None) -> Any:
        """Mask the bare value of a field that is named for telephone numbers or sessions, as if that stood there."""
        if type(value) is not str and type(value) is not int:
            return value
        text = f"{context}{value}"
        masked = self._masked(text, self._rules_at(path), shown, note)
        if masked is None:
            return _DROPPED
        return masked.removeprefix(context) if masked != text else value

    def _list(self, value: list[Any], path: tuple[str, ...], shown: tuple[str, ...], note: Note | None) -> None:
        fresh = [self._value(inner, path, (*shown, str(number)), note) for number, inner in enumerate(value)]
        value[:] = [inner for inner in fresh if inner is not _DROPPED]

    def _number(self, value: float, path: tuple[str, ...], shown: tuple[str, ...], note: Note | None) -> Any:
        """Mask a number that is, as a whole, what a rule looks for."""
        if type(value) is float and not value.is_integer():
            return value
        text = str(int(value))
        masked = self._masked(text, self._rules_at(path) & self._numbers, shown, note)
        return _DROPPED if masked is None else (value if masked == text else masked)

    def _masked(self, text: str, allowed: frozenset[str], shown: tuple[str, ...], note: Note | None) -> str | None:
        hits = self._text.gate(text)
        if not hits:
            if len(text) <= CLEAN_CHARACTERS_MAX:
                self._remember(text)
            return text
        masked, found = self._text.redact(text, hits, allowed)
        for hit in found if masked != text else ():
            self._ledger.add(hit.rule.name)
            if note:
                note(hit.rule.name, shown, hit.start)
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

    def _learn(self, key: str) -> tuple[str, str]:
        if len(self._keys) >= PLACES_REMEMBERED:
            self._keys.clear()
        folded = fold(key)
        self._keys[key] = answer = (folded, _context(folded))
        return answer


def _context(folded: str) -> str:
    if folded.endswith(PHONE_NAMES):
        return PHONE_CONTEXT
    return SESSION_CONTEXT if folded == "sid" or folded.endswith(SESSION_NAMES) else ""


def _nested(value: Any) -> bool:
    """Tell whether a value holds keys, which hashing leaves alone."""
    return type(value) is dict or (type(value) is list and any(type(inner) in (dict, list) for inner in value))


def _unused(name: str, taken: dict[str, Any], coming: dict[str, Any]) -> str:
    """Return the name, or with a number behind it when another key has it."""
    if name not in taken and name not in coming:
        return name
    number = 2
    while f"{name}#{number}" in taken or f"{name}#{number}" in coming:
        number += 1
    return f"{name}#{number}"
