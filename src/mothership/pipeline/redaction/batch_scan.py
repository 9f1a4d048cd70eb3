"""One look over a batch: which of its events hold anything that is worth a closer look by a step, and where.

Events are read as compact JSON, part by part: the text between one `,"` and the next. No string is cut within, for
inside of it a quotation mark has a backslash before it. What was found in an event holds for all events of its shape,
which has a 0 for every digit; parts that were seen before are not read again, the others of all events together, and
each of them alone only when there is something among them.

All steps of redaction look at what the first of them had scanned. Of an event that a step has changed, whoever comes
later has it scanned again.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import orjson

from mothership.event import Batch, Event
from mothership.pipeline.redaction.field_names import NESTED, FieldNames
from mothership.pipeline.redaction.prefilters import NOTHING, SHAPE, SHAPE_BYTES_MAX, Hits, Prefilters, make_room

EVENTS_REMEMBERED = 8_192
PARTS_REMEMBERED = 16_384
NAMES_REMEMBERED = 512
PORTION_BYTES = 256 * 1024
"""About how much of what was not seen before is read at once: there is a copy of it meanwhile."""
LONG_BYTES = 64 * 1024
"""An event longer than this is not looked at as a whole where its long strings are read part by part in any case."""
_BETWEEN = b',"'

Items: TypeAlias = tuple[tuple[int, int, Hits], ...]
"""Which items of an event, by number, may hold what; and in which part, by number."""
_NO_ITEMS: Items = ()
_EVERY_ITEM: Items = ((-1, -1, NOTHING),)
"""Stands for items when it isn't known where something is."""


class PartScan:
    """What prefilters say of parts of events."""

    def __init__(
        self,
        prefilters: Prefilters,
        *,
        long_bytes: int = LONG_BYTES,
        read_with_name: Callable[[bytes], bytes] | None = None,
    ) -> None:
        """`read_with_name` returns what a part is when its name and its value are read as one text, if anything."""
        self.prefilters = prefilters
        self._read_with_name = read_with_name
        self.long_bytes = long_bytes
        self._known: dict[bytes, Hits] = {}

    def of(self, parts: Iterable[bytes]) -> dict[bytes, Hits]:
        """Return what those shapes of parts may hold that may hold anything."""
        known = self._known
        found: dict[bytes, Hits] = {}
        unknown: list[bytes] = []
        for part in parts:
            hits = known.get(part)
            if hits is None:
                unknown.append(part)
            elif hits:
                found[part] = hits
        for portion in _portions(unknown):
            for part, hits in zip(portion, self.prefilters.in_shapes(list(map(self.text, portion))), strict=True):
                if hits:
                    found[part] = hits
                if len(part) <= SHAPE_BYTES_MAX:
                    make_room(known, PARTS_REMEMBERED)
                    known[part] = hits
        return found

    def text(self, part: bytes) -> bytes:
        """Return the text of a part as it stood: a quotation mark before it, and behind it what ended it."""
        plain = b'"%b,"' % plain_json(part)
        return plain + self._read_with_name(part) if self._read_with_name else plain

    def may_err(self, items: Items) -> bool:
        """Tell whether digits decide about any of it."""
        return not all(self.prefilters.shape_may_err.isdisjoint(hits) for _, _, hits in items)

    def confirmed(self, items: Items, encoded: bytes) -> Items:
        """Return of what the shape of an event may hold only what the event itself may."""
        if not self.may_err(items):
            return items
        parts = encoded.split(_BETWEEN)
        sure = [(item, part, self.prefilters.confirmed(hits, self.text(parts[part]))) for item, part, hits in items]
        return tuple([each for each in sure if each[2]])


class _Shape(NamedTuple):
    """What events of a shape may hold."""

    dropped: tuple[str, ...] | None
    """Names of items that are to be dropped, which have no digits; None: look for them."""
    hashed: bool
    rules: Items
    signs: Items
    doubtful: bool
    """Whether the digits decide, which a shape doesn't have."""
    left: tuple[Items, Items]
    """What remains of rules and signs when the items that are known to be named are gone."""


_CLEAN = _Shape(dropped=(), hashed=False, rules=(), signs=(), doubtful=False, left=((), ()))
_ANYTHING = _Shape(dropped=None, hashed=True, rules=_EVERY_ITEM, signs=_EVERY_ITEM, doubtful=False, left=((), ()))


class _Unseen(NamedTuple):
    """An event of a shape that was not seen before."""

    position: int
    encoded: bytes
    shape: bytes
    parts: list[bytes]


class Found:
    """An event that may hold something, and what was found in it when it was scanned."""

    __slots__ = ("_encoded", "_keys", "_shape", "dropped", "event", "hashed", "position", "rules", "signs")

    def __init__(self, position: int, event: Event, encoded: bytes, shape: _Shape) -> None:
        self.position = position
        self.event = event
        self._encoded = encoded
        self._shape = shape
        # Items keep their numbers when others are dropped.
        self._keys = list(event) if shape.dropped is None or (shape.dropped and any(shape.left)) else None
        self.dropped, self.hashed = shape.dropped, shape.hashed
        self.rules: Items | None = shape.rules
        """None: a step has changed it, and anything may be anywhere."""
        self.signs: Items | None = shape.signs

    def changed(self) -> None:
        """Say that a text of it is not as it was. What only lost a field holds nothing new."""
        self.rules = self.signs = None

    def items(self, items: Items) -> Iterable[tuple[str, Any]]:
        """Return those items that the event still has."""
        return items_of(self.event, items, self._keys)

    def drop(self, gone: Collection[str]) -> None:
        """Drop these of the items that are known to be named: nothing that was found in them is asked for again."""
        event = self.event
        if len(gone) < len(self.dropped or ()) or self._shape.doubtful:
            self._keys = self._keys or list(event)
        else:
            self.rules, self.signs = self._shape.left
        for key in gone:
            del event[key]
        self.dropped = ()

    def stand_beside(self, texts: Iterable[str], gone: Event) -> list[str]:
        """Return those texts that stand, in any case, in more of the event as it was than in these items of it."""
        whole, inside = self._encoded.lower(), orjson.dumps(gone).lower()
        needles = [(text, orjson.dumps(text)[1:-1].lower()) for text in texts]
        return [text for text, needle in needles if whole.count(needle) > inside.count(needle)]


def items_of(event: Event, items: Items, keys: Sequence[str] | None = None) -> Iterable[tuple[str, Any]]:
    """Return those items of an event that are listed and that it still has; `keys` are those that it had."""
    if items is _EVERY_ITEM:
        return event.items()
    keys = list(event) if keys is None else keys
    wanted = dict.fromkeys([keys[item] for item, _, _ in items])
    return [(key, event[key]) for key in wanted if key in event]


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
        self._known: dict[bytes, _Shape] = {}
        self._clean: dict[bytes, None] = {}
        """Shapes of parts in which neither rules nor signs find anything."""
        self._names: dict[tuple[str, ...], tuple[tuple[str, ...] | None, bool]] = {}
        """Of events without anything nested, by their keys, what their names say."""
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
        encodings = list(map(_encoded, events))
        shapes = [encoded.translate(SHAPE) for encoded in encodings]
        known = list(map(self._changed.get, shapes))
        parts = [
            _parts(encoded, shape) if answer is None else []
            for encoded, shape, answer in zip(encodings, shapes, known, strict=True)
        ]
        found = self._signs.of(set().union(*parts))
        items: list[Iterable[tuple[str, Any]]] = []
        for event, encoded, shape, seen, own in zip(events, encodings, shapes, known, parts, strict=True):
            if not encoded:
                items.append(event.items())
                continue
            answer = seen
            if answer is None:
                answer = _items(own, found, _owners(own, event)) if not found.keys().isdisjoint(own) else _NO_ITEMS
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
            encoded = _encoded(event)
            if not encoded:
                found.append(Found(position, event, b"", _ANYTHING))
                continue
            shape = encoded.translate(SHAPE)
            answer = known(shape)
            if answer is None:
                unseen.append(_Unseen(position, encoded, shape, _parts(encoded, shape)))
            elif answer is not _CLEAN and (sure := self._confirmed(answer, encoded)) is not _CLEAN:
                found.append(Found(position, event, encoded, sure))
        if unseen:
            found += self._of_unseen(unseen, events)
        return found

    def _confirmed(self, answer: _Shape, encoded: bytes) -> _Shape:
        """Return of what is known of a shape what is true of an event."""
        if not answer.doubtful:
            return answer
        rules, signs = self._rules.confirmed(answer.rules, encoded), self._signs.confirmed(answer.signs, encoded)
        if rules or signs or answer.hashed or answer.dropped != ():
            return answer._replace(rules=rules, signs=signs)
        return _CLEAN

    def _of_unseen(self, unseen: Sequence[_Unseen], events: Sequence[Event]) -> Iterator[Found]:
        """Yield what was found in events that were not seen before, and remember it for all of their shape."""
        in_rules, in_signs, long = self._of_parts(unseen)
        for each in unseen:
            event, encoded, parts = events[each.position], each.encoded, each.parts
            rules, signs = _NO_ITEMS, _NO_ITEMS
            if not (in_rules.keys().isdisjoint(parts) and in_signs.keys().isdisjoint(parts)):
                owners = _owners(parts, event)
                rules, signs = _items(parts, in_rules, owners), _items(parts, in_signs, owners)
                rules = tuple(self._holding(rules, event, parts)) if rules else rules
            if each.position in long:
                rules = _EVERY_ITEM
            dropped, hashed = self._names_in(event)
            answer = self._shape_of(event, dropped, hashed=hashed, rules=rules, signs=signs)
            if len(encoded) <= SHAPE_BYTES_MAX and b"\\u" not in encoded:
                make_room(self._known, EVENTS_REMEMBERED)
                self._known[each.shape] = answer
            answer = self._confirmed(answer, encoded)
            if answer is not _CLEAN:
                yield Found(each.position, event, encoded, answer)

    def _of_parts(self, unseen: Sequence[_Unseen]) -> tuple[dict[bytes, Hits], dict[bytes, Hits], set[int]]:
        """Return what rules and signs find in the parts of events, and which events the rules have to look at whole."""
        clean, long_bytes = self._clean, self._rules.long_bytes
        fresh = set().union(*[each.parts for each in unseen if len(each.encoded) <= long_bytes]).difference(clean)
        long = {
            each.position for each in unseen if len(each.encoded) > long_bytes and not clean.keys() >= set(each.parts)
        }
        rules = self._rules.of(fresh)
        signs = self._signs.of(fresh.union(*[each.parts for each in unseen if each.position in long]))
        for part in fresh:
            if part not in rules and part not in signs and len(part) <= SHAPE_BYTES_MAX:
                make_room(clean, PARTS_REMEMBERED)
                clean[part] = None
        return rules, signs, long

    def _names_in(self, event: Event) -> tuple[tuple[str, ...] | None, bool]:
        """Tell which items are named as to be dropped, and whether any is to be hashed: of most events its keys say."""
        if not NESTED.isdisjoint(map(type, event.values())):
            return self._drop.names_in(event), self._hash.may_touch(event, lists=False)
        keys = tuple(event)
        known = self._names.get(keys)
        if known is None:
            known = self._drop.names_in(event), self._hash.may_touch(event, lists=False)
            if (
                not (self._drop.plan(event).labels or self._hash.plan(event).labels)
                and sum(map(len, keys)) <= SHAPE_BYTES_MAX
            ):
                make_room(self._names, NAMES_REMEMBERED)
                self._names[keys] = known
        return known

    def _shape_of(
        self, event: Event, dropped: tuple[str, ...] | None, *, hashed: bool, rules: Items, signs: Items
    ) -> _Shape:
        """Put together what was found in an event."""
        if not rules and not signs and dropped == () and not hashed:
            return _CLEAN
        doubtful = self._rules.may_err(rules) or self._signs.may_err(signs)
        gone = {number for number, key in enumerate(event) if key in (dropped or ())}
        return _Shape(dropped, hashed, rules, signs, doubtful, (_without(rules, gone), _without(signs, gone)))

    def _holding(self, items: Items, event: Event, parts: Sequence[bytes]) -> Iterator[tuple[int, int, Hits]]:
        """Yield those items of which a text, by itself, may hold something, as any event of this shape has it."""
        listed, may_hold = list(event.items()), self._rules.prefilters.may_hold
        for each in items:
            item, part, hits = each
            texts, within = self._texts(*listed[item]), self._rules.text(parts[part])
            if any(text is None or may_hold(hits, text, within) for text in texts):
                yield each


def _items(parts: Sequence[bytes], found: dict[bytes, Hits], owners: Sequence[int]) -> Items:
    """Return which items hold what."""
    return tuple([(owners[number], number, found[part]) for number, part in enumerate(parts) if part in found])


def _encoded(event: Event) -> bytes:
    """Return an event as JSON; empty when it can't be that."""
    try:
        return orjson.dumps(event)
    except (orjson.JSONEncodeError, RecursionError):
        return b""


def _without(items: Items, gone: Collection[int]) -> Items:
    return tuple([each for each in items if each[0] not in gone]) if gone else items


def _owners(parts: Sequence[bytes], event: Event) -> Sequence[int]:
    """Return which item each part belongs to: what is nested holds several, and so does what ends in a comma."""
    if len(parts) == len(event):
        return range(len(parts))
    counts = [orjson.dumps({key: inner}).count(_BETWEEN) + 1 for key, inner in event.items()]
    return [item for item, count in enumerate(counts) for _ in range(count)]


def _parts(encoded: bytes, shape: bytes) -> list[bytes]:
    r"""Return what stands for the parts of an event; digits of an escape such as `\u001b` are no digits of its text."""
    if b"\\u" not in encoded:
        return shape.split(_BETWEEN)
    return [part if b"\\u" in part else part.translate(SHAPE) for part in encoded.split(_BETWEEN)]


def _portions(parts: Sequence[bytes]) -> Iterable[list[bytes]]:
    """Part what is to be read into portions."""
    portion: list[bytes] = []
    size = 0
    for part in parts:
        portion.append(part)
        size += len(part)
        if size >= PORTION_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def plain_json(encoded: bytes) -> bytes:
    """Undo JSON's escapes, quotation marks included."""
    if b"\\" not in encoded:
        return encoded
    if encoded.count(b"\\") == encoded.count(b'\\"'):  # nothing but quotation marks, as nearly always
        return encoded.translate(None, b"\\")
    text = encoded.replace(b"\\\\", b"\xff").replace(b'\\"', b'"')  # a byte that UTF-8 doesn't have
    if b"\\u" in text:
        text = text.decode("unicode_escape").encode("latin-1")  # the fastest way to undo a million of them
    elif b"\\" in text:
        text = text.replace(b"\\n", b"\n").replace(b"\\t", b"\t").replace(b"\\r", b"\r")
        text = text.replace(b"\\f", b"\f").replace(b"\\b", b"\b")
    return text.replace(b"\xff", b"\\")
