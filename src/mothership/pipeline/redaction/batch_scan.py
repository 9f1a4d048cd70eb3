"""One look over many events: which of them hold anything that is worth a closer look, and where.

Events are read as compact JSON, part by part: the text between one `,"` and the next. No string is cut within, for
inside of it a quotation mark has a backslash before it. Parts that were seen before are not read again, the others of
all events together, and each of them alone only when there is something among them.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import orjson

from mothership.event import Event
from mothership.pipeline.redaction.prefilters import NOTHING, SHAPE, SHAPE_BYTES_MAX, Hits, Prefilters, make_room

EVENTS_REMEMBERED = 8_192
PARTS_REMEMBERED = 16_384
PORTION_BYTES = 2_048
"""About how much of what was not seen before is read at once."""
LONG_BYTES = 64 * 1024
"""An event longer than this is not looked at as a whole where its long strings are read part by part in any case."""
_BETWEEN = b',"'


class ScanResult(NamedTuple):
    """What an event may hold."""

    owners: Hits
    items: tuple[tuple[int, Hits], ...] | None
    """Which of the event's items, by number, may hold what of it; None when that isn't known."""


CLEAN = ScanResult(NOTHING, ())


class Scan:
    """Tells which events are worth a closer look; what it remembers is a matter between it and its prefilters."""

    def __init__(self, prefilters: Prefilters, *, long_bytes: int = LONG_BYTES) -> None:
        self._prefilters = prefilters
        self._long_bytes = long_bytes
        self._unknown = ScanResult(prefilters.everything, None)
        self._events: dict[bytes, ScanResult] = {}
        self._parts: dict[bytes, Hits] = {}

    def __call__(self, events: Sequence[Event]) -> dict[int, ScanResult]:
        """Return what those events may hold that may hold anything, by position."""
        found: dict[int, ScanResult] = {}
        unseen: list[tuple[int, bytes]] = []
        dumps, known, shape, may_err = orjson.dumps, self._events.get, SHAPE, self._prefilters.shape_may_err
        for position, event in enumerate(events):
            try:
                encoded = dumps(event)
            except (orjson.JSONEncodeError, RecursionError):
                found[position] = self._unknown
                continue
            answer = known(encoded.translate(shape))
            if answer is None:
                unseen.append((position, encoded))
            elif answer is not CLEAN:
                found[position] = answer if may_err.isdisjoint(answer.owners) else self._confirmed(answer, encoded)
        for position, answer, encoded in self._of_unseen(unseen, events) if unseen else ():
            found[position] = answer if may_err.isdisjoint(answer.owners) else self._confirmed(answer, encoded)
        return {position: each for position, each in found.items() if each.owners} if found else found

    def _of_unseen(
        self, unseen: Sequence[tuple[int, bytes]], events: Sequence[Event]
    ) -> Iterator[tuple[int, ScanResult, bytes]]:
        """Yield what was found in events that were not seen before, and remember it for all of their shape."""
        split: list[tuple[int, bytes, list[bytes]]] = []
        for position, encoded in unseen:
            if len(encoded) <= self._long_bytes:
                split.append((position, encoded, list(map(_shape, encoded.split(_BETWEEN)))))
            else:
                yield position, self._unknown, encoded
        answers = self._of_parts({part for _, _, parts in split for part in parts})
        for position, encoded, parts in split:
            items = tuple([(number, hits) for number, part in enumerate(parts) if (hits := answers[part])])
            answer = CLEAN
            if items:
                # A part for each item, when none of them holds several; else it isn't known where a part belongs.
                owners = NOTHING.union(*(hits for _, hits in items))
                answer = ScanResult(owners, items if len(parts) == len(events[position]) else None)
                yield position, answer, encoded
            if len(encoded) <= SHAPE_BYTES_MAX and b"\\u" not in encoded:
                make_room(self._events, EVENTS_REMEMBERED)
                self._events[encoded.translate(SHAPE)] = answer

    def _of_parts(self, parts: Iterable[bytes]) -> dict[bytes, Hits]:
        known = self._parts
        answers = {part: hits for part in parts if (hits := known.get(part)) is not None}
        for portion in _portions([part for part in parts if part not in answers]):
            for part, hits in zip(portion, self._prefilters.in_shapes(list(map(_text, portion))), strict=True):
                answers[part] = hits
                if len(part) <= SHAPE_BYTES_MAX:
                    make_room(known, PARTS_REMEMBERED)
                    known[part] = hits
        return answers

    def _confirmed(self, answer: ScanResult, encoded: bytes) -> ScanResult:
        """Return of what the shape of an event may hold only what the event itself may."""
        if answer.items is None:
            return answer
        parts = encoded.split(_BETWEEN)
        sure = [(number, self._prefilters.confirmed(hits, _text(parts[number]))) for number, hits in answer.items]
        return ScanResult(NOTHING.union(*(hits for _, hits in sure)), tuple(sure))


def _shape(part: bytes) -> bytes:
    r"""Return what stands for a part; digits of an escape such as `\u001b` are no digits of its text."""
    return part if b"\\u" in part else part.translate(SHAPE)


def _text(part: bytes) -> bytes:
    """Return the text of a part as it stood: a quotation mark before it, and behind it what ended it."""
    return b'"%b,"' % plain_json(part)


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
