"""Looks for the check's shapes in texts: those of the rules that are on, where these look."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Final, NamedTuple

import re2

from mothership.pipeline.redaction.doubts import Context

MATCHES_MAX: Final = 200
"""Matches of one shape in one string that are looked at closely."""
SIGN_MEMORY_BYTES: Final = 64 * 1024 * 1024


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


def forms(name: str, rule: str, sign: str, *each: tuple[str, Callable[[Context], bool] | None]) -> Iterator[Shape]:
    """Return the shapes of one kind that have a sign in common: pattern and doubt of each."""
    return (Shape(name, rule, sign, pattern, sure) for pattern, sure in each)


class Watch:
    """The shapes of the rules that are on, asked about texts."""

    def __init__(self, shapes: Iterable[Shape], signs: Sequence[str] = ()) -> None:
        self._shapes = tuple(shapes)
        self._compiled = {shape: _compiled(shape.pattern) for shape in self._shapes}
        self._signs = _Signs(dict.fromkeys([*(shape.sign for shape in self._shapes), *signs]))
        grouped: dict[str, list[int]] = {}
        for number, shape in enumerate(self._shapes):
            grouped.setdefault(shape.sign, []).append(number)
        self._grouped = {sign: tuple(numbers) for sign, numbers in grouped.items()}

    def suspects(self, encoded: bytes) -> bool:
        """Tell whether compact JSON may hold anything unsafe."""
        return self._signs.any(encoded)

    def signs(self, encoded: bytes) -> set[str]:
        """Return the signs that a string between quotation marks, or JSON, holds."""
        return set(self._signs.found(encoded))

    def unsafe(self, text: str, allowed: Collection[str]) -> str | None:
        """Return what a text looks like, of the rules that look here; None when it looks like nothing."""
        signs = self._signs.found(f'"{text}"'.encode("utf-8", "replace"))
        for sign in signs:
            for number in self._grouped.get(sign, ()):
                shape = self._shapes[number]
                if shape.rule in allowed and self.matches(shape, text):
                    return shape.name
        return None

    def matches(self, shape: Shape, text: str) -> bool:
        """Tell whether a text has a shape, whatever its sign says."""
        compiled = self._compiled[shape]
        if shape.sure is None:
            return compiled.search(text) is not None
        group = compiled.groupindex.get("v", 0)
        return any(
            shape.sure(Context(text, *match.span(group))) for match in islice(compiled.finditer(text), MATCHES_MAX)
        )


class _Signs:
    """Cheap expressions, matched all at once."""

    def __init__(self, expressions: Iterable[str]) -> None:
        self._expressions = tuple(expressions)
        self._set = _set_of(self._expressions)

    def any(self, text: bytes) -> bool:
        """Tell whether an expression matches."""
        return bool(self._expressions and self._set.Match(text))

    def found(self, text: bytes) -> list[str]:
        """Return the expressions that match."""
        return [self._expressions[number] for number in self._set.Match(text) or ()] if self._expressions else []


@lru_cache(maxsize=8)
def _set_of(expressions: tuple[str, ...]) -> Any:
    """Compile once what several redactors of a process look for."""
    options = re2.Options()
    options.max_mem = SIGN_MEMORY_BYTES
    options.log_errors = False
    signs = re2.Set.SearchSet(options)
    for each in expressions:
        signs.Add(each)
    if expressions:
        signs.Compile()
    return signs


@lru_cache(maxsize=1_024)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)
