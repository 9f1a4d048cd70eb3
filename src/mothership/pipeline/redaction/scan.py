"""One native scan over a batch: which events hold anything that a rule or a field list might want."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import orjson
import re2

from mothership.errors import ConfigurationError
from mothership.event import Batch, Event
from mothership.pipeline.redaction.rules import Far

CHUNK_EVENTS: Final = ((0.004, 24), (0.03, 8), (0.15, 3))
"""Up to which share of events with hits how many are looked at together first; beyond that, each alone at once."""
LONG_BYTES: Final = 64 * 1024
"""An event longer than this is not looked at as a whole: its long strings are looked at part by part in any case."""
ANSWERS_REMEMBERED: Final = 1_024
SET_MEMORY_BYTES: Final = 64 * 1024 * 1024

Hits: TypeAlias = frozenset[str]
"""Names of what an event may hold: a gate's owner."""
Expressions: TypeAlias = Mapping[str, Sequence[str | Far]]
"""Gates by owner."""


class Gate:
    r"""RE2 expressions by owner, matched all at once: a text's owners may have something to do, all others have not.

    The texts are compact JSON. Nearly always nothing but quotation marks is escaped in it (`\\"`), and the expressions
    know of that. The gate sees for itself when there is more, and only then the escapes are undone first.
    """

    def __init__(self, gates: Expressions, *, exact: bool = False, memory_bytes: int = SET_MEMORY_BYTES) -> None:
        options = re2.Options()
        options.max_mem = memory_bytes
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        self._exact = exact
        self._owners: list[str] = []
        self._whole: dict[int, list[tuple[str, Any]]] = {}
        self._known: dict[tuple[int, ...], tuple[Hits, list[tuple[str, Any]]]] = {}
        self._escape = 0
        if gates and not self._works(gates):
            reason = "too many or too big for one scan; use fewer or simpler ones"
            raise ConfigurationError([f"pipeline.processors.redaction.mask_patterns: {reason}"])

    def _works(self, gates: Expressions) -> bool:
        """Compile; RE2 answers "no match" when its memory doesn't suffice, and that must never pass for "clean"."""
        try:
            self._add_all(gates)
            self._escape = self._set.Add(r'\\[^"]')
            self._set.Compile()
        except re2.error:
            return False
        return self._set.Match(b"\\n") is not None

    def _add_all(self, gates: Expressions) -> None:
        options = re2.Options()
        options.log_errors = False
        firsts: dict[str, int] = {}
        for owner, each in gates.items():
            for gate in each:
                if not isinstance(gate, Far):
                    self._add(gate, owner)
                    continue
                if gate.first not in firsts:
                    firsts[gate.first] = self._add(gate.first, "")
                self._whole.setdefault(firsts[gate.first], []).append((owner, re2.compile(gate.whole, options)))

    def _add(self, expression: str, owner: str) -> int:
        self._owners.append(owner)
        number: int = self._set.Add(expression)
        return number

    def __bool__(self) -> bool:
        return bool(self._owners)

    def match(self, encoded: bytes) -> Hits:
        """Return the owners whose gates hit an encoded value."""
        if self._exact:
            return self._look(plain_json(encoded, exact=True))
        found = self._set.Match(encoded)
        if not found:
            return NOTHING
        return self._look(plain_json(encoded)) if self._escape in found else self._named(found, encoded)

    def match_text(self, text: str) -> Hits:
        """Return the owners whose gates hit a single string."""
        if self._exact:
            return self._look(text.encode("utf-8", "replace"))
        if '"' in text:
            text = text.replace('"', '\\"')
        return self._look(f'"{text}"'.encode("utf-8", "replace"))

    def _look(self, plain: bytes) -> Hits:
        found = self._set.Match(plain)
        return self._named(found, plain) if found else NOTHING

    def _named(self, found: Sequence[int], plain: bytes) -> Hits:
        numbers = tuple(found)
        known = self._known.get(numbers)
        if known is None:
            if len(self._known) >= ANSWERS_REMEMBERED:
                self._known.clear()
            sure = [self._owners[number] for number in numbers if number != self._escape and number not in self._whole]
            known = frozenset(sure), [each for number in numbers for each in self._whole.get(number, ())]
            self._known[numbers] = known
        owners, wholes = known
        if wholes:
            return owners.union(owner for owner, whole in wholes if owner not in owners and whole.search(plain))
        return owners


NOTHING: Final[Hits] = frozenset()


def plain_json(encoded: bytes, *, exact: bool = False) -> bytes:
    r"""Undo JSON's escapes. Unless `exact`, quotation marks inside strings stay `\"`, so that `"` still ends each."""
    if b"\\" not in encoded:
        return encoded
    # Bytes that UTF-8 doesn't have stand for what must stay as it is.
    text = encoded.replace(b"\\\\", b"\xff").replace(b'\\"', b'"' if exact else b"\xfe")
    if b"\\u" in text:
        text = text.decode("unicode_escape").encode("latin-1")  # the fastest way to undo a million of them
    elif b"\\" in text:
        text = text.replace(b"\\n", b"\n").replace(b"\\t", b"\t").replace(b"\\r", b"\r")
        text = text.replace(b"\\f", b"\f").replace(b"\\b", b"\b")
    return text.replace(b"\xfe", b'\\"').replace(b"\xff", b"\\")


def chunk_size(share: float) -> int:
    """Return how many events are best looked at together, when this share of them holds something."""
    return next((size for most, size in CHUNK_EVENTS if share <= most), 1)


def expected_share(share: float, found: int, events: int) -> float:
    """Return the share to expect next: what comes next is most likely what came last."""
    return share + (found / max(1, events) - share) * min(1.0, events / 500)


class Gates:
    """Several gates as one.

    What counts digits has an automaton of its own: for a text full of numbers, how far each of its expressions has come
    differs at every place, and together with all that words can mean these would be more states than can be known.
    Expressions that have to see a text exactly as it is are apart, too.
    """

    def __init__(self, shared: Expressions, exact: Expressions) -> None:
        words: dict[str, list[str | Far]] = {}
        numbers: dict[str, list[str | Far]] = {}
        for owner, gates in shared.items():
            for gate in gates:
                part = numbers if _COUNTS_DIGITS.search(gate.first if isinstance(gate, Far) else gate) else words
                part.setdefault(owner, []).append(gate)
        self._gates = [gate for gate in (Gate(words), Gate(numbers), Gate(exact, exact=True)) if gate]
        self.everything: Hits = frozenset((*shared, *exact))

    def match(self, encoded: bytes) -> Hits:
        """Return the owners whose gates hit an encoded value."""
        hits = NOTHING
        for gate in self._gates:
            hits |= gate.match(encoded)
        return hits

    def match_text(self, text: str) -> Hits:
        """Return the owners whose gates hit a single string."""
        hits = NOTHING
        for gate in self._gates:
            hits |= gate.match_text(text)
        return hits


_COUNTS_DIGITS = re.compile(r"(?:\[0-9\]|\\d)(?:\{|\[|\\d)")


class Scan:
    """Surveys a batch once for all processors that ask about it."""

    def __init__(self, gates: Gates) -> None:
        self._match = gates.match
        self._everything = gates.everything
        self._share = 0.0
        self._last: tuple[Batch, dict[int, tuple[Event, Hits]]] | None = None

    def __call__(self, batch: Batch) -> dict[int, tuple[Event, Hits]]:
        """Return the hits of those events that have any, by `id()` of the event."""
        last = self._last
        if last is not None and last[0] is batch:
            return last[1]
        found: dict[int, tuple[Event, Hits]] = {}
        events = batch.events
        size = chunk_size(self._share)
        if size == 1 or len(events) == 1:
            self._each(events, found)
        else:
            for start in range(0, len(events), size):
                self._survey(events[start : start + size], found)
        self._share = expected_share(self._share, len(found), len(events))
        self._last = (batch, found)
        return found

    def forget(self) -> None:
        """Let the last batch go."""
        self._last = None

    def _survey(self, events: list[Event], found: dict[int, tuple[Event, Hits]]) -> None:
        try:
            encoded = orjson.dumps(events)
        except (orjson.JSONEncodeError, RecursionError):
            pass  # one by one, to find out which
        else:
            if len(encoded) <= LONG_BYTES and not self._match(encoded):
                return
        self._each(events, found)

    def _each(self, events: list[Event], found: dict[int, tuple[Event, Hits]]) -> None:
        dumps, match = orjson.dumps, self._match
        for event in events:
            try:
                encoded = dumps(event)
                hits = match(encoded) if len(encoded) <= LONG_BYTES else self._everything
            except (orjson.JSONEncodeError, RecursionError):
                hits = self._everything
            if hits:
                found[id(event)] = (event, hits)
