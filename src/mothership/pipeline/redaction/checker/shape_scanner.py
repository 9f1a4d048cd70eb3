"""Looks for the check's shapes in texts: those of the rules that are on, where these look."""

import sys
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import re2

from mothership.pipeline.redaction.automata import Family, Hits
from mothership.pipeline.redaction.checker.shape_match import Context
from mothership.pipeline.redaction.digit_shapes import encodable
from mothership.pipeline.redaction.prefilters import Prefilters

MATCHES_MAX = 200
"""Matches of one shape in one string that are looked at closely."""
IN_ANY_CASE_TOGETHER = 12
"""Signs in either case that share an automaton: most take long stretches. Near misses cost half, real lines no more."""
GOING_ON_TOGETHER = 24
"""Signs of a word and of what stands anywhere behind it, that share an automaton: among the others they multiply its
states, and lines that nobody has sent before cost three times as much."""


class Shape(NamedTuple):
    """What an unsafe text looks like."""

    name: str
    """What a finding of it is called."""
    rule: str
    """The built-in rule that should have taken it: the shape counts where that is on."""
    sign: str
    """Cheap RE2 expression, which matches wherever the pattern does, in the string between quotation marks and as JSON
    has it, escapes and all. Only strings with the sign are looked at."""
    pattern: str
    """RE2 expression over a string. A group `v` is the value."""
    sure: Callable[[Context], bool] | None = None
    """Tells whether a match is one."""
    also: frozenset[str] = frozenset()
    """Other rules that must be on, too: a shape that can't tell whose secret it sees would take what one of them left
    because the operator wants it kept."""


def forms(name: str, rule: str, sign: str, *each: tuple[str, Callable[[Context], bool] | None]) -> Iterator[Shape]:
    """Return the shapes of one kind that have a sign in common: pattern and doubt of each."""
    return (Shape(name, rule, sign, pattern, sure) for pattern, sure in each)


def prefilters_of(shapes: Iterable[Shape], others: Iterable[str] = ()) -> Prefilters:
    """Compile what to ask of a text before its shapes are: each sign by its own name."""
    return Prefilters(
        {sign: (sign,) for sign in [*(shape.sign for shape in shapes), *others]}, _family, long_text=sys.maxsize
    )


def _family(sign: str) -> Family:
    if sign.startswith("[0-9A-Za-z]{"):
        return Family("begins anywhere")
    if "[^\\n]*" in sign or "[^0-9\\n]*" in sign:
        return Family("goes on", GOING_ON_TOGETHER)
    return Family("any case", IN_ANY_CASE_TOGETHER) if "(?i)" in sign else Family("as written")


class ShapeScanner:
    """The shapes of the rules that are on, asked about texts."""

    def __init__(self, shapes: Iterable[Shape], prefilters: Prefilters | None = None) -> None:
        self._shapes = tuple(shapes)
        grouped: dict[str, list[Shape]] = {}
        for shape in self._shapes:
            grouped.setdefault(shape.sign, []).append(shape)
        self._grouped = {sign: tuple(each) for sign, each in grouped.items()}
        self.signs: Hits = frozenset(grouped)
        self._prefilters = prefilters or prefilters_of(self._shapes)

    def only(self, rules: AbstractSet[str]) -> "ShapeScanner":
        """Return a scanner of these rules' shapes alone: it asks a text for their signs and for no others."""
        return ShapeScanner(shape for shape in self._shapes if shape.rule in rules)

    def signs_in(self, encoded: bytes) -> Hits:
        """Return the signs that a string between quotation marks, or JSON, holds."""
        return self._prefilters.in_bytes(encoded) & self.signs

    def unsafe(self, text: str, allowed: AbstractSet[str]) -> str | None:
        """Return what a text looks like, of the rules that look here; None when it looks like nothing."""
        for sign in self._prefilters.in_text(text) & self.signs:
            for shape in self._grouped[sign]:
                if shape.rule in allowed and shape.also <= allowed and self.matches(shape, text):
                    return shape.name
        return None

    def matches(self, shape: Shape, text: str) -> bool:
        """Tell whether a text has a shape, whatever its sign says."""
        compiled, group = _compiled(shape.pattern)
        text = encodable(text)
        if compiled.search(text.encode()) is None:  # as nearly always; of characters it costs twice as much
            return False
        return shape.sure is None or any(
            shape.sure(Context(text, *match.span(group))) for match in islice(compiled.finditer(text), MATCHES_MAX)
        )


@lru_cache(maxsize=1_024)
def _compiled(pattern: str) -> tuple[Any, int]:
    """Compile when it is first asked for: of hundreds few ever are. Tell which group is the value."""
    options = re2.Options()
    options.log_errors = False
    compiled = re2.compile(pattern, options)
    return compiled, compiled.groupindex.get("v", 0)
