"""Many expressions asked of a text at once, in as few automata (RE2 sets) as their states allow.

Every expression is in one of a few automata, by what it is made of: how far each of those that may begin nearly
anywhere has come would otherwise be multiplied with how far all others have, and every new text would make new states.
A state costs a hundred times what a step to one that is known does, and a sender of texts that nobody has sent before
makes them for everybody. So what goes on over nearly anything shares its automaton with few others.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias, TypeVar

import re2

from mothership.errors import ConfigurationError
from mothership.pipeline.redaction.digit_shapes import EXPRESSIONS_REMEMBERED
from mothership.pipeline.redaction.regex_analysis.prefilter_derivation import has_stretch
from mothership.pipeline.redaction.remembered import make_room

ANSWERS_REMEMBERED = 1_024
SETS_REMEMBERED = 1_024
FILTERS_REMEMBERED = 8
AUTOMATON_BYTES = 64 * 1024 * 1024
AUTOMATON_BYTES_MIN = 4 * 1024 * 1024
LITERALS_TOGETHER = 4
"""Of the expressions that need a literal, how many share an automaton, which is asked where there is one."""
LONG_TEXT = 4_096
TEXTS_TOGETHER = 4
"""How many short texts an automaton reads at once: in more of them it would find something nearly each time."""
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


class Automata:
    """Expressions with their owners, each in one automaton of several."""

    def __init__(
        self, expressions: Sequence[tuple[str, str]], families: Sequence[Family], *, long_text: int, memory_bytes: int
    ) -> None:
        """Compile; `families` tell of each expression which others share its automaton.

        A family has so much memory, however many automata it has.
        """
        self._expressions = expressions
        self._literals = _Literals([expression for _, expression in expressions])
        by_family: dict[Family, list[tuple[str, str]]] = {}
        needing: dict[Family, list[int]] = {}
        for number, family in enumerate(families):
            if number in self._literals.needed_by:
                needing.setdefault(family, []).append(number)
            else:
                by_family.setdefault(family, []).append(expressions[number])
        self._always = [
            Automaton(part, max(memory_bytes // len(parts), min(memory_bytes, AUTOMATON_BYTES_MIN)))
            for family, each in by_family.items()
            for parts in [_parts(each, family.together or len(each))]
            for part in parts
        ]
        self._behind: dict[int, Automaton] = {}
        """By the number of an expression that needs a literal, the automaton that is asked where there is one."""
        for part in [part for each in needing.values() for part in _parts(each, LITERALS_TOGETHER)]:
            automaton = Automaton([expressions[number] for number in part], min(memory_bytes, AUTOMATON_BYTES_MIN))
            self._behind |= dict.fromkeys(part, automaton)
        self._small: list[Automaton] = []
        self._long_text = long_text
        self._memory_bytes = memory_bytes

    def in_text(self, text: bytes) -> Hits:
        """Return the owners whose expressions match in a text."""
        hits = NOTHING
        for automaton in self._for(text):  # most find nothing
            found = automaton.match(text)
            if found:
                each = automaton.owners(found)
                hits = hits | each if hits else each
        return hits

    def in_texts(self, texts: Sequence[bytes]) -> list[Hits]:
        """Do the same for many: each automaton reads all of them before the next does, some at once.

        It comes to each of these alone only where it finds something in them joined. Its states stay in the cache of
        the processor meanwhile: one text after the other, each in all automata, costs twice as much.
        """
        answers = [NOTHING if len(text) <= self._long_text else self.in_text(text) for text in texts]
        short = [number for number, text in enumerate(texts) if len(text) <= self._long_text]
        behind: dict[Automaton, list[int]] = {}
        for number in short:  # each alone: some literal is in most of them
            for automaton in self._with_literals(texts[number]):
                behind.setdefault(automaton, []).append(number)
        all_groups = _groups(texts, short)
        to_read = [(each, all_groups) for each in self._always]
        to_read += [(each, _groups(texts, numbers)) for each, numbers in behind.items()]
        for automaton, groups in to_read:
            for number, found in _matches(automaton.match, texts, groups):
                answers[number] |= automaton.owners(found)
        return answers

    def _with_literals(self, text: bytes) -> "Iterable[Automaton]":
        """Return of what needs a literal those whose literals are in the text."""
        found = self._literals.found_in(text)
        return dict.fromkeys([self._behind[number] for number in found]) if found else ()

    def _for(self, text: bytes) -> "Sequence[Automaton]":
        """Return those that may match.

        For a long text these are many small ones instead of few big ones. It can be made to meet states without end:
        what two expressions have come to is one state more for each pair. Of few expressions there are few pairs.
        """
        if len(text) <= self._long_text:
            return [*self._always, *self._with_literals(text)]
        if not self._small:
            free = [each for number, each in enumerate(self._expressions) if number not in self._behind]
            self._small = [Automaton(each, self._memory_bytes) for each in _parts(free, SMALL_EXPRESSIONS)]
        return [*self._small, *self._with_literals(text)]


class Automaton:
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


_T = TypeVar("_T")
_Group: TypeAlias = tuple[Sequence[int], bytes]
"""Numbers of a few texts, and these joined."""


def _parts(expressions: "Sequence[_T]", most: int) -> "list[Sequence[_T]]":
    return [expressions[start : start + most] for start in range(0, len(expressions), most)]


def _groups(texts: Sequence[bytes], numbers: Sequence[int]) -> list[_Group]:
    """Return the texts of these numbers a few at once."""
    return [(few, b"".join([texts[number] for number in few])) for few in _parts(numbers, TEXTS_TOGETHER)]


def _matches(
    match: Callable[[bytes], list[int]], texts: Sequence[bytes], groups: Iterable[_Group]
) -> Iterator[tuple[int, list[int]]]:
    """Yield the number of each text in which something is found, and what."""
    for numbers, joined in groups:
        found = match(joined)
        if found and len(numbers) == 1:
            yield numbers[0], found
        elif found:
            for number in numbers:
                found = match(texts[number])
                if found:
                    yield number, found


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
    return (chosen._filter.Match, needing) if works else None  # noqa: SLF001 - as in `Automaton`


def _filter(expressions: Iterable[str], options: Any) -> Any:
    compiled = re2.Filter()
    for expression in expressions:
        compiled.Add(expression, options)
    compiled.Compile()
    return compiled


_PROBE = b"\x01\x02literal"


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
