"""What was found in an event when its batch was scanned, and what holds for all events of its shape."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from mothership.event import Event
from mothership.pipeline.redaction.part_scan import EVERY_ITEM, NO_ITEMS, Items


class EventShape(NamedTuple):
    """What events of a shape may hold."""

    named: tuple[str, ...] = ()
    """Names of items that are to be dropped if they hold anything, which have no digits."""
    gone: tuple[str, ...] = ()
    """Those of them that held something: of these nothing else is said here, and the others are counted without."""
    searched: bool = False
    """Whether what is to be dropped has to be looked for, too."""
    hashed: bool = False
    rules: Items = NO_ITEMS
    signs: Items | None = NO_ITEMS
    """None: the check has to ask, once the rules have done their work."""
    doubtful: bool = False
    """Whether the digits decide, which a shape doesn't have."""


CLEAN = EventShape()
ANYTHING = EventShape(searched=True, hashed=True, rules=EVERY_ITEM, signs=None)


class Found:
    """An event that may hold something, and what was found in it when it was scanned."""

    __slots__ = ("_encoded", "_keys", "dropped", "event", "hashed", "position", "rules", "signs")

    def __init__(self, position: int, event: Event, encoded: bytes, shape: EventShape) -> None:
        self.position = position
        self.event = event
        self._encoded = encoded
        self.dropped: tuple[str, ...] | None = None if shape.searched else shape.gone
        """None: look for what is to be dropped."""
        # Items keep their numbers when others are dropped.
        drops = self.dropped != () and (shape.rules or shape.signs)
        self._keys = [key for key in event if key not in shape.gone] if drops else None
        self.hashed = shape.hashed
        self.rules: Items | None = shape.rules
        """None: a step has changed it, and anything may be anywhere."""
        self.signs: Items | None = shape.signs
        """None: they have to be asked for, in the event as it is then."""

    def changed(self) -> None:
        """Say that a text of it is not as it was. What only lost a field holds nothing new."""
        self.rules = self.signs = None

    def items(self, items: Items) -> Iterable[tuple[str, Any]]:
        """Return those items that the event still has."""
        return items_of(self.event, items, self._keys)

    def drop(self) -> Event:
        """Take the items out that are known to be named, and return them."""
        event, names = self.event, self.dropped or ()
        self.dropped = ()
        return {name: event.pop(name) for name in names}

    def stand_beside(self, texts: Iterable[str], gone: Event) -> list[str]:
        """Return those texts that stand, in any case, in more of the event as it was than in these items of it."""
        whole, inside = self._encoded.lower(), orjson.dumps(gone).lower()
        needles = [(text, orjson.dumps(text)[1:-1].lower()) for text in texts]
        return [text for text, needle in needles if whole.count(needle) > inside.count(needle)]


def items_of(event: Event, items: Items, keys: Sequence[str] | None = None) -> Iterable[tuple[str, Any]]:
    """Return those items of an event that are listed and that it still has; `keys` are those that it had."""
    if items is EVERY_ITEM:
        return event.items()
    keys = list(event) if keys is None else keys
    wanted = dict.fromkeys([keys[item] for item, _, _ in items])
    return [(key, event[key]) for key in wanted if key in event]
