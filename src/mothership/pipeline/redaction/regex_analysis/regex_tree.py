"""What a regular expression is made of, as Python's own parser reads it."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from re import _constants as sre  # type: ignore[attr-defined]  # the one parse that can't differ from what `re` does
from re import _parser  # type: ignore[attr-defined]
from typing import Any, TypeAlias

UNITS_MAX = 64
Node: TypeAlias = Any
"""What the parse makes of a part of an expression, in tuples all through, so that what is asked of it is asked once."""
Nodes: TypeAlias = tuple[Node, ...]
SINGLE = {sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY}
REPEATS = {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}
LOOKS = {sre.ASSERT, sre.ASSERT_NOT, sre.BRANCH, sre.SUBPATTERN, sre.AT}
IGNORE_CASE = int(re.IGNORECASE)  # plain numbers: operators on flags of an enumeration take 20 times as long
ASCII = int(re.ASCII)
DOTALL = int(re.DOTALL)
NODES_REMEMBERED = 2_048
_PARSES_REMEMBERED = 16


@lru_cache(maxsize=_PARSES_REMEMBERED)
def parse(pattern: str, *, ignore_case: bool, unicode: bool) -> tuple[Nodes, int, int]:
    """Return what an expression is made of, its flags, and the number of its group `secret`, or 0."""
    parsed = _parser.parse(pattern, (0 if unicode else ASCII) | (IGNORE_CASE if ignore_case else 0))
    return frozen(parsed), int(parsed.state.flags), parsed.state.groupdict.get("secret", 0)


def frozen(part: Any) -> Any:
    """Return a part of a parse with tuples in the place of its lists."""
    if type(part) is tuple or type(part) is list:
        return tuple(map(frozen, part))
    return tuple(map(frozen, part.data)) if isinstance(part, _parser.SubPattern) else part


def decided(nodes: Nodes) -> Nodes:
    """Go on twice from a choice that decides later whether a group was there: with it, and without it."""
    for number, (kind, value) in enumerate(nodes):
        choice = value[1] if kind is sre.BRANCH else ()
        for group in sorted({each for branch in choice for each in groups_in(branch)}):
            rest = nodes[number + 1 :]
            if is_asked_for(rest, group):
                there = tuple(each for each in choice if group in set(groups_in(each)))
                others = tuple(each for each in choice if group not in set(groups_in(each)))
                ways = tuple(
                    ((sre.BRANCH, (None, each)), *decided(answered(rest, group, is_there=is_there)))
                    for each, is_there in ((there, True), (others, False))
                    if each
                )
                return (*nodes[:number], (sre.BRANCH, (None, ways)))
    return nodes


def groups_in(nodes: Iterable[Node]) -> Iterator[int]:
    """Yield the numbers of the groups among the nodes."""
    for kind, value in nodes:
        if kind is sre.SUBPATTERN:
            if value[0] is not None:
                yield value[0]
            yield from groups_in(value[3])
        elif kind in REPEATS:
            yield from groups_in(value[2])
        elif kind is sre.BRANCH:
            for each in value[1]:
                yield from groups_in(each)


def is_asked_for(nodes: Iterable[Node], group: int) -> bool:
    """Tell whether a node asks whether a group was there."""
    return any(
        (kind is sre.GROUPREF_EXISTS and value[0] == group)
        or (kind is sre.SUBPATTERN and is_asked_for(value[3], group))
        for kind, value in nodes
    )


def answered(nodes: Iterable[Node], group: int, *, is_there: bool) -> Nodes:
    """Return the nodes with the answer in the place of the question whether a group was there."""
    told: list[Node] = []
    for kind, value in nodes:
        if kind is sre.GROUPREF_EXISTS and value[0] == group:
            told += value[1] if is_there else value[2] or ()
        elif kind is sre.SUBPATTERN:
            told.append((kind, (*value[:3], answered(value[3], group, is_there=is_there))))
        else:
            told.append((kind, value))
    return tuple(told)


def width_of(node: Node) -> int | None:
    """Return how many characters a node takes, when that is always the same."""
    kind, value = node
    if kind in SINGLE:
        return 1
    if kind in REPEATS:
        width = widths_of(value[2])
        return int(value[0]) * width if value[0] == value[1] and width is not None else None
    if kind is sre.SUBPATTERN:
        return widths_of(value[3])
    if kind is sre.BRANCH:
        widths = {widths_of(each) for each in value[1]}
        return widths.pop() if len(widths) == 1 else None
    return 0 if kind in LOOKS else None


def widths_of(nodes: Iterable[Node]) -> int | None:
    """Return how many characters a run of nodes takes, when that is always the same."""
    widths = [width_of(node) for node in nodes]
    return sum(width or 0 for width in widths) if None not in widths else None


def units_of(nodes: Iterable[Node]) -> list[Node] | None:
    """Return a run of nodes as single characters, or None when it is something else."""
    units: list[Node] = []
    for kind, value in nodes:
        inner: list[Node] | None = [(kind, value)] if kind in SINGLE else None
        if kind in REPEATS and value[0] == value[1] and value[0] <= UNITS_MAX:
            once = units_of(value[2])
            inner = once and once * int(value[0])
        elif kind is sre.SUBPATTERN and not value[1] and not value[2]:
            inner = units_of(value[3])
        if inner is None:
            return None
        units += inner
    return units
