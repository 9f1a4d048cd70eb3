"""One look over a batch: which of its events hold anything that is worth a closer look by a step, and where.

What was found in an event holds for all events of its shape, which has a 0 for every digit. Fields that are named as to
be dropped are looked at by nobody, so that what is new in each event (an SNMP community) makes nothing else of it new.
Of all other parts those that were seen before are not read again, the new ones of all events together, and each of them
alone only when there is something among them.

All steps of redaction look at what the first of them had scanned. Of an event that a step has changed, whoever comes
later has it scanned again; and what the check asks for is asked of events with something to redact only then.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from mothership.event import Batch, Event
from mothership.pipeline.redaction.automata import Hits
from mothership.pipeline.redaction.digit_shapes import SHAPE, SHAPE_BYTES_MAX
from mothership.pipeline.redaction.field_names import NESTED, FieldNames
from mothership.pipeline.redaction.part_scan import (
    EVERY_ITEM,
    NO_ITEMS,
    PARTS_REMEMBERED,
    Items,
    PartScan,
    encoded_json,
    items_with,
    owners_of,
    parts_of,
)
from mothership.pipeline.redaction.remembered import make_room
from mothership.pipeline.redaction.scan_findings import ANYTHING, CLEAN, EventShape, Found, items_of

EVENTS_REMEMBERED = 8_192
NAMES_REMEMBERED = 512
TEXTS_ASKED_MAX = 1_024
"""Of an event, by themselves. Where it holds more, what may hold something as it was read together is worked on."""


class _Names(NamedTuple):
    """What the names in an event say of it, and of any that differs from it in digits alone."""

    named: tuple[str, ...]
    """As in `EventShape`, and so on."""
    searched: bool
    hashed: bool


class _Unseen(NamedTuple):
    """An event of a shape that was not seen before."""

    position: int
    encoded: bytes
    shape: bytes
    event: Event
    """Without the items that are to be dropped, as is all that follows."""
    gone: tuple[str, ...]
    encoded_rest: bytes
    shape_rest: bytes
    parts: list[bytes]
    fresh: set[bytes]
    """Parts that are not known to hold nothing."""


class _Scanned(NamedTuple):
    """What was found in a batch's events: in these very ones."""

    events: list[Event]
    size: int
    found: list[Found]


class Scan:
    """Tells which events are worth a closer look, and remembers what it found in events of their shape."""

    def __init__(
        self,
        rules: PartScan,
        signs: PartScan,
        *,
        drop: FieldNames,
        hashed: FieldNames,
        texts: Callable[[str, Any], Iterator[str | None]],
    ) -> None:
        """`texts` are those that the rules are asked of in an item of an event, and None for one that can't be told."""
        self._texts = texts
        self._rules = rules
        self._signs = signs
        self._drop = drop
        self._hash = hashed
        self._known: dict[bytes, EventShape] = {}
        self._clean: dict[bytes, None] = {}
        """Shapes of parts in which neither rules nor signs find anything."""
        self._names: dict[tuple[tuple[str, ...], bool], _Names] = {}
        """Of events with nothing in what is nested in them, by their keys and whether any is, what their names say."""
        self._changed: dict[bytes, Items] = {}
        """Of events that a step has changed, where they may look unsafe."""

    def of(self, batch: Batch) -> list[Found]:
        """Return those events of a batch that may hold anything, as the first step that asked found them."""
        scanned = batch.scanned
        if type(scanned) is _Scanned and scanned.events is batch.events and scanned.size == len(batch.events):
            return scanned.found
        found = self._look(batch.events)
        batch.scanned = _Scanned(batch.events, len(batch.events), found)
        return found

    def signs_in(self, events: Sequence[Event]) -> list[Iterable[tuple[str, Any]]]:
        """Return of each of these events the items that may look unsafe, as it is now."""
        encodings = list(map(encoded_json, events))
        shapes = [encoded.translate(SHAPE) for encoded in encodings]
        known = list(map(self._changed.get, shapes))
        parts = [
            parts_of(encoded, shape) if answer is None else []
            for encoded, shape, answer in zip(encodings, shapes, known, strict=True)
        ]
        found = self._signs.of(set().union(*parts).difference(self._clean))
        items: list[Iterable[tuple[str, Any]]] = []
        for event, encoded, shape, seen, own in zip(events, encodings, shapes, known, parts, strict=True):
            if not encoded:
                items.append(event.items())
                continue
            answer = seen
            if answer is None:
                answer = items_with(own, found, owners_of(own, event)) if not found.keys().isdisjoint(own) else NO_ITEMS
                self._signs.hand_on(answer, event, own)
                if len(encoded) <= SHAPE_BYTES_MAX and b"\\u" not in encoded:
                    make_room(self._changed, EVENTS_REMEMBERED)
                    self._changed[shape] = answer
            items.append(items_of(event, self._signs.confirmed(answer, encoded)) if answer else ())
        return items

    def _look(self, events: Sequence[Event]) -> list[Found]:
        found: list[Found] = []
        unseen: list[_Unseen] = []
        known = self._known.get
        for position, event in enumerate(events):
            encoded = encoded_json(event)
            if not encoded:
                found.append(Found(position, event, b"", ANYTHING))
                continue
            shape = encoded.translate(SHAPE)
            answer = known(shape)
            if answer is CLEAN:
                continue
            if answer is None or not self._holds(answer, event):
                answer = self._without_named(unseen, position, event, encoded, shape)
            if answer is not None and (sure := self._confirmed(answer, event, encoded)) is not CLEAN:
                found.append(Found(position, event, encoded, sure))
        if unseen:
            found += self._of_unseen(unseen, events)
        return found

    def _holds(self, answer: EventShape, event: Event) -> bool:
        """Tell whether what is known of a shape holds for this event: whether the same named items hold anything."""
        return not answer.named or self._holding_anything(answer.named, event) == answer.gone

    def _holding_anything(self, named: Iterable[str], event: Event) -> tuple[str, ...]:
        holds_nothing = self._drop.holds_nothing
        return tuple([key for key in named if not holds_nothing(key, event[key])])

    def _without_named(
        self, unseen: list[_Unseen], position: int, event: Event, encoded: bytes, shape: bytes
    ) -> EventShape | None:
        """Return what is known of an event by what remains of it without its named items, or by its parts.

        Where there is something in it to be read, it is added to the unseen.
        """
        rest, encoded_rest, shape_rest = event, encoded, shape
        gone = self._holding_anything(self._named(event), event)
        if gone:
            rest = {key: inner for key, inner in event.items() if key not in gone}
            encoded_rest = orjson.dumps(rest)
            shape_rest = encoded_rest.translate(SHAPE)
            answer = self._known.get(shape_rest)
            if answer is not None and self._holds(answer, rest):
                return self._remember(shape, encoded, self._with(answer, event, gone))
        parts = parts_of(encoded_rest, shape_rest)
        fresh = set(parts).difference(self._clean)
        if not fresh:
            answer = self._remember(shape_rest, encoded_rest, self._shape_of(rest, NO_ITEMS, NO_ITEMS))
            return self._remember(shape, encoded, self._with(answer, event, gone)) if gone else answer
        unseen.append(_Unseen(position, encoded, shape, rest, gone, encoded_rest, shape_rest, parts, fresh))
        return None

    def _named(self, event: Event) -> tuple[str, ...]:
        plan = self._drop.plan(event)
        return () if self._drop.paths or plan.digits or plan.labels else plan.named

    def _with(self, rest: EventShape, event: Event, gone: tuple[str, ...]) -> EventShape:
        """Return what is known of a shape by what is known of the rest of it."""
        return rest._replace(named=self._named(event), gone=gone) if gone else rest

    def _remember(self, shape: bytes, encoded: bytes, answer: EventShape) -> EventShape:
        if len(encoded) <= SHAPE_BYTES_MAX and b"\\u" not in encoded:
            make_room(self._known, EVENTS_REMEMBERED)
            self._known[shape] = answer
        return answer

    def _confirmed(self, answer: EventShape, event: Event, encoded: bytes) -> EventShape:
        """Return of what is known of a shape what is true of an event."""
        if answer.doubtful:
            if answer.gone:
                encoded = orjson.dumps({key: inner for key, inner in event.items() if key not in answer.gone})
            rules = self._rules.confirmed(answer.rules, encoded)
            answer = answer._replace(rules=rules, signs=answer.signs and self._signs.confirmed(answer.signs, encoded))
        holds = answer.rules or answer.signs or answer.signs is None or answer.hashed or answer.gone or answer.searched
        return answer if holds else CLEAN

    def _of_unseen(self, unseen: Sequence[_Unseen], events: Sequence[Event]) -> Iterator[Found]:
        """Yield what was found in events that were not seen before, and remember it for all of their shape."""
        in_rules, in_signs = self._of_parts(unseen)
        for each in unseen:
            rules, signs = in_rules.get(each.position, NO_ITEMS), in_signs.get(each.position, NO_ITEMS)
            answer = self._shape_of(each.event, rules, None if rules else signs)
            self._remember(each.shape_rest, each.encoded_rest, answer)
            if each.gone:
                event = events[each.position]
                answer = self._remember(each.shape, each.encoded, self._with(answer, event, each.gone))
            answer = self._confirmed(answer, events[each.position], each.encoded)
            if answer is not CLEAN:
                yield Found(each.position, events[each.position], each.encoded, answer)

    def _of_parts(self, unseen: Sequence[_Unseen]) -> tuple[dict[int, Items], dict[int, Items]]:
        """Return by position what rules find in the events, and in all others what signs do."""
        long_bytes = self._rules.long_bytes
        short = [each for each in unseen if each.fresh and len(each.encoded_rest) <= long_bytes]
        in_rules = {each.position: EVERY_ITEM for each in unseen if each.fresh and len(each.encoded_rest) > long_bytes}
        rules = self._rules.of(set().union(*[each.fresh for each in short]))
        for each in short:
            items = self._items(each, rules)
            if items and (items := tuple(self._holding(items, each.event, each.parts))):
                in_rules[each.position] = items
        left = [each for each in short if each.position not in in_rules]
        signs = self._signs.of(set().union(*[each.fresh for each in left]))
        in_signs = {each.position: items for each in left if (items := self._items(each, signs))}
        for each in left:
            self._signs.hand_on(in_signs.get(each.position, NO_ITEMS), each.event, each.parts)
        for part in set().union(*[each.fresh for each in left]):
            if part not in rules and part not in signs and len(part) <= SHAPE_BYTES_MAX:
                make_room(self._clean, PARTS_REMEMBERED)
                self._clean[part] = None
        return in_rules, in_signs

    @staticmethod
    def _items(each: _Unseen, found: dict[bytes, Hits]) -> Items:
        """Return which items of an event hold what."""
        if found.keys().isdisjoint(each.fresh):
            return NO_ITEMS
        return items_with(each.parts, found, owners_of(each.parts, each.event))

    def _names_in(self, event: Event) -> _Names:
        """Return what the names in an event say: of most events their keys do."""
        nested = not NESTED.isdisjoint(map(type, event.values()))
        if nested and any(inner and type(inner) in NESTED for inner in event.values()):
            return self._learn_names(event)
        keys = tuple(event)
        known = self._names.get((keys, nested))
        if known is None:
            known = self._learn_names(event)
            if (
                not (self._drop.plan(event).labels or self._hash.plan(event).labels)
                and sum(map(len, keys)) <= SHAPE_BYTES_MAX
            ):
                make_room(self._names, NAMES_REMEMBERED)
                self._names[keys, nested] = known
        return known

    def _learn_names(self, event: Event) -> _Names:
        return _Names(self._named(event), self._drop.names_in(event) is None, self._hash.may_touch(event, lists=False))

    def _shape_of(self, event: Event, rules: Items, signs: Items | None) -> EventShape:
        """Put together what was found in an event without those of its named items that hold anything."""
        names = self._names_in(event)
        if not (rules or signs or any(names)):
            return CLEAN
        doubtful = self._rules.may_err(rules) or self._signs.may_err(signs or NO_ITEMS)
        return EventShape(names.named, (), names.searched, names.hashed, rules, signs, doubtful)

    def _holding(self, items: Items, event: Event, parts: Sequence[bytes]) -> Iterator[tuple[int, int, Hits]]:
        """Yield those items of which a text, by itself, may hold something, as any event of this shape has it."""
        listed, may_hold, asked = list(event.items()), self._rules.prefilters.may_hold, 0
        for each in items:
            item, part, hits = each
            within = self._rules.text(parts[part])
            for text in self._texts(*listed[item]):
                asked += 1
                if asked > TEXTS_ASKED_MAX or text is None or may_hold(hits, text, within):
                    yield each
                    break
