"""Events read as compact JSON, part by part: the text between one `,"` and the next, and what prefilters say of it.

No string is cut within, for inside of it a quotation mark has a backslash before it. What is said of a part holds for
all of its shape, which has a 0 for every digit; parts that were seen before are not read again.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import orjson

from mothership.event import Event
from mothership.pipeline.redaction.automata import NOTHING, Hits
from mothership.pipeline.redaction.digit_shapes import SHAPE, SHAPE_BYTES_MAX
from mothership.pipeline.redaction.prefilters import Prefilters
from mothership.pipeline.redaction.remembered import make_room

PARTS_REMEMBERED = 16_384
PORTION_BYTES = 256 * 1024
"""About how much of what was not seen before is read at once: there is a copy of it meanwhile."""
LONG_BYTES = 64 * 1024
"""An event longer than this is not looked at as a whole where its long strings are read part by part in any case."""
_BETWEEN = b',"'

Items: TypeAlias = tuple[tuple[int, int, Hits], ...]
"""Which items of an event, by number, may hold what; and in which part, by number."""
NO_ITEMS: Items = ()
EVERY_ITEM: Items = ((-1, -1, NOTHING),)
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

    def hand_on(self, items: Items, event: Event, parts: Sequence[bytes]) -> None:
        """Let the strings of these items be known by what was found in their parts, so that they are not read again."""
        values = list(event.values())
        for item, number, hits in items:
            if type(values[item]) is str:
                self.prefilters.may_hold(hits, values[item], self.text(parts[number]))

    def may_err(self, items: Items) -> bool:
        """Tell whether digits decide about any of them."""
        return items is not EVERY_ITEM and any(hits <= self.prefilters.shape_may_err for _, _, hits in items)

    def confirmed(self, items: Items, encoded: bytes) -> Items:
        """Return of the items of an event's shape that may hold something only those of which the event's own may.

        What digits don't decide is enough for an item: whoever looks at it closely asks of its texts again.
        """
        if items is EVERY_ITEM:
            return items
        may_err, confirmed = self.prefilters.shape_may_err, self.prefilters.confirmed
        parts: list[bytes] = []
        kept: list[tuple[int, int, Hits]] = []
        for each in items:
            _, number, hits = each
            if hits <= may_err:
                parts = parts or encoded.split(_BETWEEN)
                if not confirmed(hits, self.text(parts[number])):
                    continue
            kept.append(each)
        return items if len(kept) == len(items) else tuple(kept)


def items_with(parts: Sequence[bytes], found: dict[bytes, Hits], owners: Sequence[int]) -> Items:
    """Return which items hold what."""
    return tuple([(owners[number], number, found[part]) for number, part in enumerate(parts) if part in found])


def encoded_json(event: Event) -> bytes:
    """Return an event as JSON; empty when it can't be that."""
    try:
        return orjson.dumps(event)
    except (orjson.JSONEncodeError, RecursionError):
        return b""


def owners_of(parts: Sequence[bytes], event: Event) -> Sequence[int]:
    """Return which item each part belongs to: what is nested holds several, and so does what ends in a comma."""
    if len(parts) == len(event):
        return range(len(parts))
    counts = [orjson.dumps({key: inner}).count(_BETWEEN) + 1 for key, inner in event.items()]
    return [item for item, count in enumerate(counts) for _ in range(count)]


def parts_of(encoded: bytes, shape: bytes) -> list[bytes]:
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
