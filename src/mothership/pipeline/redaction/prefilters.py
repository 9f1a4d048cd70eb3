r"""Which expressions may match in a text: all of them asked at once, and only of texts that were not seen before.

Texts are read by their shape, which has a 0 for every digit, and an answer holds for all texts of that shape: a
machine's lines differ in their numbers, and hardly in anything else. The expressions that tell one digit from another
are asked once more of the text itself where its shape may have one of them.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from mothership.pipeline.redaction.automata import (
    AUTOMATON_BYTES,
    LONG_TEXT,
    SMALL_EXPRESSIONS,
    Automata,
    Automaton,
    Family,
    Hits,
    family_of_derived,
)
from mothership.pipeline.redaction.digit_shapes import SHAPE, SHAPE_BYTES_MAX, any_digit, encodable, reads_digits
from mothership.pipeline.redaction.remembered import make_room

SHAPES_REMEMBERED = 8_192
LONG_SHAPES_REMEMBERED = 128
"""As many as a slice of a batch may have: what was read with others is known when it is looked at by itself."""
WORD_BYTES_MAX = 32
"""What is not longer comes again, as most keys do: it is worth to know of it exactly what it may hold."""


class Prefilters:
    """Expressions by owner, matched all at once: a text's owners may find something in it, all others don't."""

    def __init__(
        self,
        expressions: Mapping[str, Sequence[str]],
        family: "Callable[[str], Family] | None" = None,
        *,
        long_text: int = LONG_TEXT,
        memory_bytes: int = AUTOMATON_BYTES,
        may_find: Mapping[str, Callable[[str], bool]] = MappingProxyType({}),
    ) -> None:
        """Compile; `family` tells which expressions share an automaton, for texts that are not longer than this.

        `may_find` tells by owner, of a lone string's shape, whether it may find anything: dearer, and asked only once.
        """
        self._may_find = may_find
        self._known_alone: dict[bytes, Hits] = {}
        self._known_long: dict[bytes, Hits] = {}
        self._known: dict[bytes, Hits] = {}
        self.everything: Hits = frozenset(expressions)
        self.shape_may_err: Hits = frozenset(
            owner for owner, each in expressions.items() if any(map(reads_digits, each))
        )
        """Owners of expressions that tell one number from another."""
        self._exact = {
            owner: Automaton([(owner, each) for each in expressions[owner]], memory_bytes)
            for owner in self.shape_may_err
        }
        given = [(owner, each) for owner, several in expressions.items() for each in several]
        small = len(given) <= SMALL_EXPRESSIONS
        families = [Family("") if small else (family or family_of_derived)(expression) for _, expression in given]
        listed = [(owner, any_digit(each)) for owner, each in given]
        self._automata = Automata(listed, families, long_text=long_text, memory_bytes=memory_bytes)

    def in_text(self, text: str) -> Hits:
        """Return the owners that may find something in a string."""
        encoded = f'"{encodable(text)}"'.encode()
        hits = self._alone(encoded)
        return self.confirmed(hits, encoded) if hits and len(encoded) <= LONG_TEXT else hits

    def may_hold(self, hits: Hits, text: str, within: bytes) -> bool:
        """Tell whether any of these owners may find something in a string that differs from this one in digits alone.

        `hits` are those of the shape `within`. Where the string stands in it between quotation marks nothing else may
        be found in it, and it is not read again.
        """
        encoded = f'"{encodable(text)}"'.encode()
        shape = encoded.translate(SHAPE)
        known = self._remembered(shape).get(shape)
        if known is not None:
            return not hits.isdisjoint(known)
        sure = self._sure(hits, shape)
        if not sure:
            return False
        if len(shape) > WORD_BYTES_MAX and shape in within:
            self._remember(shape, sure)
            return True
        return not hits.isdisjoint(self._alone(encoded))

    def _sure(self, hits: Hits, shape: bytes) -> Hits:
        """Return those of the hits whose finder can't say of a string's shape that there is nothing."""
        if not hits or len(shape) > SHAPE_BYTES_MAX or not shape.isascii():
            return hits
        text = shape[1:-1].decode()
        return frozenset([each for each in hits if (may := self._may_find.get(each)) is None or may(text)])

    def _alone(self, encoded: bytes) -> Hits:
        shape = encoded.translate(SHAPE)
        hits = self._remembered(shape).get(shape)
        if hits is None:
            hits = self._sure(self.in_shape(shape), shape)
            self._remember(shape, hits)
        return hits

    def _remembered(self, shape: bytes) -> dict[bytes, Hits]:
        return self._known_alone if len(shape) <= SHAPE_BYTES_MAX else self._known_long

    def _remember(self, shape: bytes, hits: Hits) -> None:
        known = self._remembered(shape)
        if shape not in known:
            make_room(known, SHAPES_REMEMBERED if known is self._known_alone else LONG_SHAPES_REMEMBERED)
            known[shape] = hits

    def in_bytes(self, text: bytes) -> Hits:
        """Return the owners that may find something in strings that stand in UTF-8 between quotation marks."""
        shape = text.translate(SHAPE)
        hits = self._known.get(shape)
        if hits is None:
            hits = self.in_shape(shape)
            if len(shape) <= SHAPE_BYTES_MAX:
                make_room(self._known, SHAPES_REMEMBERED)
                self._known[shape] = hits
        return self.confirmed(hits, text) if hits and len(text) <= LONG_TEXT else hits

    def confirmed(self, hits: Hits, text: bytes) -> Hits:
        """Return those of a shape's hits that the text has, too."""
        doubtful = hits & self.shape_may_err
        return hits - {owner for owner in doubtful if not self._exact[owner].match(text)} if doubtful else hits

    def in_shape(self, shape: bytes) -> Hits:
        """Return the owners that may find something in some text of this shape."""
        return self._automata.in_text(shape)

    def in_shapes(self, shapes: Sequence[bytes]) -> list[Hits]:
        """Return the same of many, which is cheaper than one by one."""
        return self._automata.in_texts(shapes)
