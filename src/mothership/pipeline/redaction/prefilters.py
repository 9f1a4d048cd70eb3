r"""Which expressions may match in a text: all of them asked at once, and only of texts that were not seen before.

Every expression is in one of a few automata (RE2 sets), by what it is made of: how far each of those that may begin
nearly anywhere has come would otherwise be multiplied with how far all others have, and every new text would make new
states. A state costs a hundred times what a step to one that is known does, and a sender of texts that nobody has sent
before makes them for everybody. So what goes on over nearly anything shares its automaton with few others.

Texts are read by their shape, which has a 0 for every digit, and an answer holds for all texts of that shape: a
machine's lines differ in their numbers, and hardly in anything else. The expressions that tell one digit from another
are asked once more of the text itself where its shape may have one of them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice, pairwise
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias, TypeVar

import re2

from mothership.errors import ConfigurationError
from mothership.pipeline.redaction.regex_analysis.prefilter_derivation import has_stretch

SHAPE = bytes.maketrans(b"123456789", b"0" * 9)
SHAPES_REMEMBERED = 8_192
SHAPE_BYTES_MAX = 1_024
ANSWERS_REMEMBERED = 1_024
SETS_REMEMBERED = 1_024
FILTERS_REMEMBERED = 8
EXPRESSIONS_REMEMBERED = 2_048
"""What is known of one holds for every redactor of a process: a reload, a trial on the console, a trace has its own."""
AUTOMATON_BYTES = 64 * 1024 * 1024
LITERALS_TOGETHER = 4
"""Of the expressions that need a literal, how many share an automaton, which is asked where there is one."""
AUTOMATON_BYTES_MIN = 4 * 1024 * 1024
LONG_TEXT = 4_096
WORD_BYTES_MAX = 32
"""What is not longer comes again, as most keys do: it is worth to know of it exactly what it may hold."""
TOGETHER_BYTES = 512
"""About how much of short texts an automaton reads at once: of more it would find something in nearly each."""
SMALL_EXPRESSIONS = 12
STRETCHES_TOGETHER = 4

_EDGE = re.compile(r"\[\\x00[^\]]*\]")
"""The class of what is neither letter nor digit, as it begins most of the expressions for vendors' keys."""
_NUMBERS = re.compile(r"\[[0-9]-9\][\[{+]|@")
_EITHER_CASE = re.compile(r"\[[A-Z][a-z][^\]-]{0,2}\]")

Hits: TypeAlias = frozenset[str]
"""Names of what a text may hold: owners of expressions."""
NOTHING: Hits = frozenset()


class Family(NamedTuple):
    """Expressions that are made alike."""

    name: str
    together: int = 0
    """How many of them share one automaton; 0: all."""


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

        A family has so much memory, however many automata it has.
        `may_find` tells by owner, of a lone string's shape, whether it may find anything: dearer, and asked only once.
        """
        self._may_find = may_find
        self._known_alone: dict[bytes, Hits] = {}
        self.everything: Hits = frozenset(expressions)
        self.shape_may_err: Hits = frozenset(
            owner for owner, each in expressions.items() if any(map(reads_digits, each))
        )
        """Owners of expressions that tell one number from another."""
        self._exact = {
            owner: _Automaton([(owner, each) for each in expressions[owner]], memory_bytes)
            for owner in self.shape_may_err
        }
        given = [(owner, each) for owner, several in expressions.items() for each in several]
        self._listed = [(owner, any_digit(each)) for owner, each in given]
        self._literals = _Literals([expression for _, expression in self._listed])
        families: dict[Family, list[tuple[str, str]]] = {}
        behind: dict[Family, list[int]] = {}
        for number, ((_, expression), listed) in enumerate(zip(given, self._listed, strict=True)):
            of = (family or family_of_derived)(expression) if len(given) > SMALL_EXPRESSIONS else Family("")
            if number in self._literals.needed_by:
                behind.setdefault(of, []).append(number)
            else:
                families.setdefault(of, []).append(listed)
        self._automata = [
            _Automaton(part, max(memory_bytes // len(parts), min(memory_bytes, AUTOMATON_BYTES_MIN)))
            for of, each in families.items()
            for parts in [_parts(each, of.together or len(each))]
            for part in parts
        ]
        self._behind: dict[int, _Automaton] = {}
        for part in [part for each in behind.values() for part in _parts(each, LITERALS_TOGETHER)]:
            automaton = _Automaton([self._listed[number] for number in part], min(memory_bytes, AUTOMATON_BYTES_MIN))
            self._behind |= dict.fromkeys(part, automaton)
        self._small: list[_Automaton] = []
        self._known: dict[bytes, Hits] = {}
        self._long_text = long_text
        self._memory_bytes = memory_bytes

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
        known = self._known_alone.get(shape)
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
        hits = self._known_alone.get(shape)
        if hits is None:
            hits = self._sure(self.in_shape(shape), shape)
            self._remember(shape, hits)
        return hits

    def _remember(self, shape: bytes, hits: Hits) -> None:
        if len(shape) <= SHAPE_BYTES_MAX and shape not in self._known_alone:
            make_room(self._known_alone, SHAPES_REMEMBERED)
            self._known_alone[shape] = hits

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
        return _hits(self._automata_for(shape), shape)

    def in_shapes(self, shapes: Sequence[bytes]) -> list[Hits]:
        """Do the same for many: each automaton reads all of them before the next does, some at once.

        It comes to each of these alone only where it finds something in them joined. Its states stay in the cache of
        the processor meanwhile: one text after the other, each in all automata, costs twice as much.
        """
        answers = [NOTHING if len(shape) <= self._long_text else self.in_shape(shape) for shape in shapes]
        short = [number for number, shape in enumerate(shapes) if len(shape) <= self._long_text]
        to_read = dict.fromkeys(self._automata, short)
        for number in short:  # each alone: some literal is in most of them
            for each in self._literals.found_in(shapes[number]):
                numbers = to_read.setdefault(self._behind[each], [])
                if not numbers or numbers[-1] != number:
                    numbers.append(number)
        for automaton, numbers in to_read.items():
            for number, found in _matches(automaton.match, shapes, numbers):
                answers[number] |= automaton.owners(found)
        return answers

    def _automata_for(self, shape: bytes) -> "list[_Automaton]":
        """Return those that may match: of what needs a literal only those whose literals are there, and all others.

        For a long text these are many small ones instead of few big ones. It can be made to meet states without end:
        what two expressions have come to is one state more for each pair. Of few expressions there are few pairs.
        """
        found = self._literals.found_in(shape)
        behind = list(dict.fromkeys([self._behind[number] for number in found])) if found else []
        if len(shape) <= self._long_text:
            return self._automata + behind
        if not self._small:
            free = [each for number, each in enumerate(self._listed) if number not in self._behind]
            self._small = [_Automaton(each, self._memory_bytes) for each in _parts(free, SMALL_EXPRESSIONS)]
        return self._small + behind


_T = TypeVar("_T")


def _parts(expressions: "Sequence[_T]", most: int) -> "list[Sequence[_T]]":
    return [expressions[start : start + most] for start in range(0, len(expressions), most)]


def _matches(
    match: Callable[[bytes], list[int]], texts: Sequence[bytes], numbers: Sequence[int]
) -> Iterator[tuple[int, list[int]]]:
    """Yield of the texts of these numbers each in which something is found, and what."""
    for group in _groups(texts, numbers):
        if len(group) > 1 and not match(b"".join([texts[number] for number in group])):
            continue
        for number in group:
            found = match(texts[number])
            if found:
                yield number, found


def _groups(texts: Sequence[bytes], numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Part texts into groups of about as many bytes as it pays to read at once."""
    first = size = 0
    for place, number in enumerate(numbers):
        size += len(texts[number])
        if size >= TOGETHER_BYTES:
            yield numbers[first : place + 1]
            first, size = place + 1, 0
    if first < len(numbers):
        yield numbers[first:]


def _hits(automata: "Iterable[_Automaton]", text: bytes) -> Hits:
    """Return the owners that any of the automata finds; most find nothing."""
    hits = NOTHING
    for automaton in automata:
        found = automaton.match(text)
        if found:
            each = automaton.owners(found)
            hits = hits | each if hits else each
    return hits


@lru_cache(maxsize=EXPRESSIONS_REMEMBERED)
def family_of_derived(expression: str) -> Family:
    """Tell which expressions share an automaton with this one.

    Measured on 6,000 real lines, each read once: one automaton with the stretches apart 37-45 us a line, these five 17.
    On near misses for every rule, none like another: all stretches together 540-600 us a line, four by four 200-300,
    and real lines no slower.
    """
    if has_stretch(expression):
        return Family("stretch", STRETCHES_TOGETHER)
    if _NUMBERS.search(_EDGE.sub("", expression)):
        return Family("numbers")
    if _EDGE.match(expression):
        return Family("behind an edge")
    return Family("either case" if _EITHER_CASE.search(expression) else "words")


class _Literals:
    """The literals of which some must be in a text for an expression to match, found all at once, in any case.

    Where in them a text has come is all that their automaton has to know: it is small, and soon knows all its states.
    """

    def __init__(self, expressions: Sequence[str]) -> None:
        told = _literals(tuple(expressions)) if len(expressions) > SMALL_EXPRESSIONS else None
        self._match: Callable[[bytes, bool], list[int]] | None = told[0] if told else None
        self.needed_by: tuple[int, ...] = told[1] if told else ()

    def found_in(self, text: bytes) -> list[int]:
        """Return the numbers of the expressions that need a literal and have it."""
        needed_by = self.needed_by
        return [needed_by[each] for each in self._match(text, True)] if self._match else []


@lru_cache(maxsize=FILTERS_REMEMBERED)
def _literals(
    expressions: tuple[str, ...],
) -> "tuple[Callable[[bytes, bool], list[int]], tuple[int, ...]] | None":
    """Compile; tell the numbers of the expressions that need a literal. None when it doesn't work, as `_compiled`."""
    options = re2.Options()
    options.log_errors = False
    try:
        everything = _filter(expressions, options)
        free = frozenset(everything.Match(b"", True) or ())
        needing = tuple([number for number in range(len(expressions)) if number not in free])
        chosen = _filter([*(expressions[number] for number in needing), _PROBE.decode()], options)
    except re2.error:
        return None
    works = (chosen.Match(_PROBE, True) or [])[-1:] == [len(needing)]
    return (chosen._filter.Match, needing) if works else None  # noqa: SLF001 - as in `_Automaton`


def _filter(expressions: Iterable[str], options: Any) -> Any:
    compiled = re2.Filter()
    for expression in expressions:
        compiled.Add(expression, options)
    compiled.Compile()
    return compiled


_PROBE = b"\x01\x02literal"


class _Automaton:
    """Expressions with their owners, matched all at once."""

    def __init__(self, expressions: Sequence[tuple[str, str]], memory_bytes: int) -> None:
        self._owners = [owner for owner, _ in expressions]
        self._known: dict[tuple[int, ...], Hits] = {}
        compiled = _compiled(tuple(expression for _, expression in expressions), memory_bytes)
        if compiled is None:
            reason = "too many or too big for one scan; use fewer or simpler ones"
            raise ConfigurationError([f"pipeline.processors.redaction.mask_patterns: {reason}"])
        self.match: Callable[[bytes], list[int]] = compiled._set.Match  # noqa: SLF001 - its own `Match` costs a third more
        """Return the numbers of those that match."""

    def owners(self, found: list[int]) -> Hits:
        """Return whose the expressions of these numbers are."""
        numbers = tuple(found)
        known = self._known.get(numbers)
        if known is None:
            make_room(self._known, ANSWERS_REMEMBERED)
            known = self._known[numbers] = frozenset(self._owners[number] for number in numbers)
        return known


@lru_cache(maxsize=SETS_REMEMBERED)
def _compiled(expressions: tuple[str, ...], memory_bytes: int) -> Any:
    """Compile once what several redactors of a process look for.

    None when it doesn't work: RE2 answers "no match" when its memory doesn't suffice, and that must never pass for
    "clean".
    """
    options = re2.Options()
    options.max_mem = memory_bytes
    options.log_errors = False
    compiled = re2.Set.SearchSet(options)
    try:
        for expression in expressions:
            compiled.Add(expression)
        works = compiled.Add(r"\x01\x02\x03")
        compiled.Compile()
    except re2.error:
        return None
    return compiled if works in (compiled.Match(b"\x01\x02\x03") or ()) else None


def make_room(known: dict[Any, Any], most: int) -> None:
    """Forget the older half of what is remembered when there is no room for more."""
    if len(known) >= most:
        for key in list(islice(known, most // 2)):
            del known[key]


def encodable(text: str) -> str:
    """Return the text with something readable in the place of each half of a surrogate pair."""
    return text if text.isascii() else _HALF.sub("\ufffd", text)


_HALF = re.compile("[\ud800-\udfff]")
ATOM = re.compile(
    r"\\Q|\\[pP](?:\{[^}]*\}|.)|\\x\{[^}]*\}|\\x[0-9A-Fa-f]{2}|\\[0-7]{2,3}|\\."
    r"|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|\(\?(?:P?<\w+>|[a-zA-Z-]*:|[a-zA-Z-]+\))|\{[0-9,]+\}|.",
    re.DOTALL,
)
"""What an expression for RE2 is made of: characters, classes, and signs of its syntax."""
_SYNTAX = re.compile(r"[()|*+?^$.]|\\[AzbBQdDsSwWpP]|\{", re.DOTALL)


@lru_cache(maxsize=EXPRESSIONS_REMEMBERED)
def any_digit(expression: str) -> str:
    """Return an expression that takes every digit wherever the one that is given takes one."""
    atoms = ATOM.findall(expression)
    return "".join([f"(?:{each}|[0-9])" if 0 < _digits(each) < _ALL_DIGITS else each for each in atoms])


@lru_cache(maxsize=EXPRESSIONS_REMEMBERED)
def reads_digits(expression: str) -> bool:
    """Tell whether an expression tells one number from another: more than the 2 of `oauth2`."""
    taken = [_digits(atom) for atom in ATOM.findall(expression) if not _SYNTAX.match(atom)]
    return any(before and after and min(before, after) < _ALL_DIGITS for before, after in pairwise(taken))


@lru_cache(maxsize=8_192)
def _digits(atom: str) -> int:
    """Return how many digits an atom takes."""
    if _SYNTAX.match(atom):
        return 0
    takes = re2.compile(atom).fullmatch
    return sum(takes(digit) is not None for digit in "0123456789")


_ALL_DIGITS = 10
