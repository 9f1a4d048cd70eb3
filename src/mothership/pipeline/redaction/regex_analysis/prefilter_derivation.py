r"""Prefilters, made from what they stand for.

A prefilter is a cheap expression that matches somewhere in a text wherever the expression that it was made from finds
anything in it, and now and then where that doesn't. It is made by code from the finder's own expression, so that the
two can't drift apart. What an automaton of hundreds of expressions can't hold is left out, and leaving out, taking more
characters, or stopping early only ever makes an expression match more:

* Lookaround goes. What it says of the one place before the beginning and of the one behind the end stays: a text is
  scanned between quotation marks, so there is always a character before it and behind.
* A back-reference becomes another copy of what its group may hold.
* A repeat keeps its least count and forgets its most. What is optional at the beginning or at the end goes.
* A long stretch of many kinds of characters (`[^\r\n]{0,60}`) parts an expression, for each would double the states of
  the automaton; of the parts the one that tells most is asked for, and no more of it than tells enough.
* Upper and lower case are spelled out.

The result is in the common part of what RE2 and Python's `re` read.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from re import _constants as sre  # type: ignore[attr-defined]  # the one parse that can't differ from what `re` does
from re import _parser  # type: ignore[attr-defined]

from mothership.pipeline.redaction.regex_analysis.character_classes import (
    ALL,
    OTHERS,
    characters_taken,
    class_of,
    either,
    members_of,
    repeat,
)
from mothership.pipeline.redaction.regex_analysis.regex_tree import (
    ASCII,
    IGNORE_CASE,
    LOOKS,
    REPEATS,
    SINGLE,
    Node,
    Nodes,
    decided,
    frozen,
    parse,
    units_of,
    width_of,
)
from mothership.pipeline.redaction.regex_analysis.selectivity import GAP_COUNT, bits_told, parts_of, telling_enough

EDGE = '"'
"""Stands before and behind every text that is scanned."""
COUNT_MAX = 16
"""Of a longer run of one class only so many are asked for."""
LONG_COUNT_MAX = 64
LITTLE = 20
"""The same where the whole tells fewer bits than this: the length of a run is all that there is to ask for."""
_STRETCH_CLASS = 68
_BEGINS = {sre.AT_BEGINNING, sre.AT_BEGINNING_STRING}
_ENDS = {sre.AT_END, sre.AT_END_STRING}
_EDGE_OR_LINE = f"[\\n{EDGE}]"
_REPEATED = re.compile(
    r"(?P<one>\.|\\[DSW]|\[\^?\]?(?:\\.|[^\]\\])*\])(?P<repeat>[*+]|\{(?:[0-9]+,)?(?P<most>[0-9]*)\})?|\\.", re.DOTALL
)
"""A single character's expression and how often it is repeated; or an escape, to be passed over."""


@cache
def derive(
    pattern: str, *, ignore_case: bool = False, unicode: bool = False, parted: bool = True, secret_has: str = ""
) -> str:
    """Return an expression that matches in a text between quotation marks wherever the pattern finds anything in it.

    The pattern is one for Python's `re`, with classes and cases of ASCII unless `unicode`. Where nothing of it can be
    asked for, the result is empty, which matches everywhere. Unless `parted`, long stretches are kept.
    `secret_has` is a class of characters of which one stands in the group `secret`, told by what makes sure.
    """
    whole, flags, secret = parse(pattern, ignore_case=ignore_case, unicode=unicode)
    nodes = decided(whole)
    nodes = tuple(_having(nodes, secret, secret_has)) if secret_has else nodes
    counted = COUNT_MAX if bits_told(nodes, flags) >= LITTLE else LONG_COUNT_MAX
    return _Derived(whole, parted=parted, count_max=counted).sequence(nodes, flags, first=True, last=True)


def has_stretch(expression: str) -> bool:
    """Tell whether an expression still takes a long stretch of nearly anything: few of those fit in one automaton."""
    return any(
        each["repeat"] and (not each["most"] or int(each["most"]) > COUNT_MAX) and _is_wide(each["one"])
        for each in _REPEATED.finditer(expression)
    )


@cache
def _is_wide(one: str) -> bool:
    """Tell whether a single character's expression takes nearly anything."""
    return len(members_of(parse(one, ignore_case=False, unicode=False)[0][0], ASCII)[0]) > _STRETCH_CLASS


def _having(nodes: Iterable[Node], secret: int, has: str) -> Iterator[Node]:
    """Yield nodes with another content of one group: what it takes, with a character it must have."""
    for kind, value in nodes:
        if kind is sre.SUBPATTERN and value[0] == secret:
            taken = tuple((what, item) for node in _singles(value[3]) for what, item in _items(node))
            any_of_it = (sre.MAX_REPEAT, (0, GAP_COUNT, ((sre.IN, taken),)))
            yield sre.SUBPATTERN, (secret, 0, IGNORE_CASE, (any_of_it, *frozen(_parser.parse(has, 0)), any_of_it))
        elif kind is sre.SUBPATTERN:
            yield kind, (*value[:3], tuple(_having(value[3], secret, has)))
        elif kind is sre.BRANCH:
            yield kind, (None, tuple(tuple(_having(each, secret, has)) for each in value[1]))
        else:
            yield kind, value


def _singles(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        if node[0] in SINGLE:
            yield node
        elif node[0] in REPEATS:
            yield from _singles(node[1][2])
        elif node[0] not in {sre.ASSERT, sre.ASSERT_NOT, sre.AT}:
            yield sre.IN, ((sre.RANGE, (0, OTHERS[0][1])),)


def _items(node: Node) -> list[Node]:
    """Return what a character is one of, in all cases, as the content of a class."""
    plain, others = members_of(node, IGNORE_CASE)
    return [*((sre.LITERAL, char) for char in sorted(plain)), *((sre.RANGE, each) for each in others)]


class _Derived:
    """Derives from one parsed expression; `first` and `last` tell whether anything is asked for before and behind."""

    def __init__(self, parsed: Nodes, *, parted: bool, count_max: int) -> None:
        self._parted = parted
        self._count_max = count_max
        self._groups: dict[int, Nodes] = {}
        self._learn(parsed)

    def _learn(self, nodes: Iterable[Node]) -> None:
        """Remember the groups, which back-references copy."""
        for kind, value in nodes:
            if kind is sre.SUBPATTERN:
                if value[0] is not None:
                    self._groups[value[0]] = value[3]
                self._learn(value[3])
            elif kind is sre.BRANCH:
                for each in value[1]:
                    self._learn(each)
            elif kind in REPEATS:
                self._learn(value[2])
            elif kind is sre.ATOMIC_GROUP:
                self._learn(value)

    def sequence(self, nodes: Nodes, flags: int, *, first: bool, last: bool) -> str:
        """Derive from a run of nodes."""
        if last and self._parted:
            nodes, first = _most_telling(nodes, flags, first=first)
        before, nodes = self._before(nodes, flags) if first else ("", nodes)
        nodes = telling_enough(nodes, flags) if last else nodes
        begins = _beginning(nodes, first=first and not before)
        parts: list[str] = []
        for node, at_start in zip(reversed(nodes), reversed(begins), strict=True):
            parts.append(self._node(node, flags, first=at_start, last=last and not any(parts)))
        return before + "".join(reversed(parts))

    def _node(self, node: Node, flags: int, *, first: bool, last: bool) -> str:  # noqa: PLR0911 - one for each kind
        kind, value = node
        if kind in SINGLE:
            return class_of(*members_of(node, flags))
        if kind in REPEATS:
            return self._repeat(node, flags, first=first, last=last)
        if kind is sre.SUBPATTERN:
            _, added, removed, inner = value
            return self.sequence(inner, (flags | added) & ~removed, first=first, last=last)
        if kind is sre.ATOMIC_GROUP:
            return self.sequence(value, flags, first=first, last=last)
        if kind is sre.BRANCH:
            return either(self.sequence(each, flags, first=first, last=last) for each in value[1])
        if kind is sre.GROUPREF_EXISTS:
            return either(self.sequence(each or (), flags, first=first, last=last) for each in value[1:])
        if kind is sre.GROUPREF:
            return self.sequence(self._groups[value], flags, first=False, last=False)
        return self._looked(node, flags) if last else ""

    def _looked(self, node: Node, flags: int) -> str:
        """Return what a look ahead at the very end says of what follows."""
        kind, value = node
        if kind is sre.AT:
            return _EDGE_OR_LINE if value in _ENDS else ""
        if value[0] < 0:
            return ""
        if kind is sre.ASSERT:
            return self.sequence(value[1], flags, first=False, last=True)
        return _all_but(units_of(value[1]), flags)

    def _repeat(self, node: Node, flags: int, *, first: bool, last: bool) -> str:
        least, most, nodes = node[1]
        if first or last:  # what goes on for longer has the least in it
            most = least
        if most == 0:
            return ""
        if least == most == 1:
            return self.sequence(nodes, flags, first=first, last=last)
        once = self.sequence(nodes, flags, first=False, last=False)
        once = once if len(nodes) == 1 and nodes[0][0] in SINGLE else f"(?:{once})" if once else ""
        return once and f"{once}{repeat(least, most, self._count_max)}"

    def _before(self, nodes: Nodes, flags: int) -> tuple[str, Nodes]:
        """Make of what the beginning looks back at a part of what is asked for; return it, and the other nodes."""
        best, passed = ("", nodes), 0
        for number, node in enumerate(nodes):
            width = width_of(node)
            if width is None:
                break
            if width == 0 and node[0] in LOOKS:
                told = self._told_before(node, passed, flags)
                if told and (not best[0] or characters_taken(told) < characters_taken(best[0])):
                    best = told, (*nodes[:number], *nodes[number + 1 :])
            passed += width
        return best

    def _told_before(self, node: Node, passed: int, flags: int) -> str:
        """Return what a look back after so many characters says of what is before them; empty: nothing."""
        kind, value = node
        if kind is sre.AT:
            return _EDGE_OR_LINE if value in _BEGINS and not passed else ""
        if kind is sre.SUBPATTERN:
            _, added, removed, inner = value
            return self._told_by_each([inner], passed, (flags | added) & ~removed)
        if kind is sre.BRANCH:
            return self._told_by_each(value[1], passed, flags)
        if value[0] > 0:
            return ""
        if kind is sre.ASSERT_NOT:
            units = units_of(value[1])
            seen = units is not None and len(units) == passed + 1 and all(unit[0] is sre.ANY for unit in units[1:])
            return _all_but(units[:1], flags) if units and seen else ""
        inner = value[1]
        branches: Sequence[Nodes] = [inner]
        if len(inner) == 1 and inner[0][0] is sre.BRANCH:
            branches = inner[0][1][1]
        elif len(inner) == 1 and inner[0][0] is sre.SUBPATTERN:
            branches = [inner[0][1][3]]
        told = [self._seen_before(each, passed, flags) for each in branches]
        return either(told) if all(told) else ""

    def _told_by_each(self, branches: Iterable[Iterable[Node]], passed: int, flags: int) -> str:
        told = []
        for nodes in branches:
            each = [self._told_before(node, passed, flags) for node in nodes if node[0] in LOOKS]
            told.append(min(filter(None, each), key=characters_taken, default=""))
        return either(told) if all(told) else ""

    def _seen_before(self, nodes: Nodes, passed: int, flags: int) -> str:
        """Return the first characters of what is looked back at, as many as it is longer than what was passed."""
        begins = bool(nodes) and nodes[0][0] is sre.AT and nodes[0][1] in _BEGINS
        units = units_of(nodes[begins:])
        if units is None or len(units) < passed:
            return ""
        seen = [self._node(unit, flags, first=False, last=False) for unit in units[: len(units) - passed]]
        return (_EDGE_OR_LINE if begins else "") + "".join(seen)


def _beginning(nodes: Sequence[Node], *, first: bool) -> list[bool]:
    """Tell of each node whether nothing is asked for before it."""
    told = []
    for node in nodes:
        told.append(first)
        first = first and (width_of(node) == 0 or (node[0] in REPEATS and node[1][0] == 0))
    return told


def _most_telling(nodes: Nodes, flags: int, *, first: bool) -> tuple[Nodes, bool]:
    """Return the part between long stretches that tells most, and whether nothing is asked for before it.

    What is looked ahead at stands where what follows stands: it may tell more.
    """
    parts = list(parts_of(nodes, flags, first=first))
    looked = [
        ((*part[:place], *value[1]), begins)
        for part, begins in parts
        for place, (kind, value) in enumerate(part)
        if kind is sre.ASSERT and value[0] > 0
    ]
    return max([*parts, *looked], key=lambda each: bits_told(each[0], flags), default=((), first))


def _all_but(units: list[Node] | None, flags: int) -> str:
    """Return a class of all that isn't this one character, when an edge isn't it either; else an empty expression."""
    if units is None or len(units) != 1:
        return ""
    rest = ALL - members_of(units[0], flags)[0]
    return class_of(rest, OTHERS) if ord(EDGE) in rest else ""
