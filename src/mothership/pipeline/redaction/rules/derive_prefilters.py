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
from functools import cache, lru_cache
from re import _constants as sre  # type: ignore[attr-defined]  # the one parse that can't differ from what `re` does
from re import _parser  # type: ignore[attr-defined]
from typing import Any, Final, TypeAlias

EDGE: Final = '"'
"""Stands before and behind every text that is scanned."""
COUNT_MAX: Final = 16
"""Of a longer run of one class only so many are asked for."""
ENOUGH: Final = 90
"""Bits after which an expression has told enough."""
LONG_COUNT_MAX: Final = 64
LITTLE: Final = 20
"""The same where the whole tells fewer bits than this: the length of a run is all that there is to ask for."""
GAP_CLASS: Final = 12
GAP_COUNT: Final = 12
"""Characters of a class, and how many of it at most, that make a long stretch."""
TELLING: Final = 12
TELLING_IN_A_WORD: Final = 30
"""Bits that a part must tell for a long stretch behind it to end it: one that may hold spaces, and one that may not."""
_LETTER_TELLS: Final = 5
_FEW_MEMBERS: Final = 6
_RUN_TELLS: Final = 6
_STRETCH_CLASS: Final = 68
UNITS_MAX: Final = 64

_Node: TypeAlias = Any
"""What the parse makes of a part of an expression, in tuples all through, so that what is asked of it is asked once."""
_Nodes: TypeAlias = tuple[_Node, ...]
_Ranges: TypeAlias = tuple[tuple[int, int], ...]
_ASCII_LAST: Final = 0x7F
_ALL: Final = frozenset(range(_ASCII_LAST + 1))
_OTHERS: Final[_Ranges] = ((_ASCII_LAST + 1, 0x10FFFF),)
_DIGIT: Final = frozenset(map(ord, "0123456789"))
_WORD: Final = frozenset(char for char in _ALL if chr(char).isalnum() or chr(char) == "_")
_SPACE: Final = frozenset(map(ord, " \t\n\r\f\v"))
_MORE_SPACE: Final = frozenset(range(0x1C, 0x20))
"""What else is a space where classes are those of all scripts."""
_CATEGORIES: Final = {
    sre.CATEGORY_DIGIT: (_DIGIT, False),
    sre.CATEGORY_NOT_DIGIT: (_ALL - _DIGIT, True),
    sre.CATEGORY_SPACE: (_SPACE, False),
    sre.CATEGORY_NOT_SPACE: (_ALL - _SPACE, True),
    sre.CATEGORY_WORD: (_WORD, False),
    sre.CATEGORY_NOT_WORD: (_ALL - _WORD, True),
}
_SINGLE: Final = {sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY}
_REPEATS: Final = {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}
_LOOKS: Final = {sre.ASSERT, sre.ASSERT_NOT, sre.BRANCH, sre.SUBPATTERN, sre.AT}
_BEGINS: Final = {sre.AT_BEGINNING, sre.AT_BEGINNING_STRING}
_ENDS: Final = {sre.AT_END, sre.AT_END_STRING}
_EDGE_OR_LINE: Final = f"[\\n{EDGE}]"
_FEW: Final = 16
_FOLDS_OUT: Final = {"k": 0x212A, "s": 0x17F, "i": 0x131, "I": 0x130}
"""Letters of which one outside ASCII counts as another case."""
_PLAIN: Final = frozenset(" _@#%&=:;,<>/!~\"'`")
_IGNORE_CASE: Final = int(re.IGNORECASE)  # plain numbers: operators on flags of an enumeration take 20 times as long
_ASCII: Final = int(re.ASCII)
_DOTALL: Final = int(re.DOTALL)
_NODES_REMEMBERED: Final = 2_048
_PARSES_REMEMBERED: Final = 16
_REPEATED: Final = re.compile(
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
    nodes = _decided(whole)
    nodes = tuple(_having(nodes, secret, secret_has)) if secret_has else nodes
    counted = COUNT_MAX if _telling(nodes, flags) >= LITTLE else LONG_COUNT_MAX
    return _Derived(whole, parted=parted, count_max=counted).sequence(nodes, flags, first=True, last=True)


@lru_cache(maxsize=_PARSES_REMEMBERED)
def parse(pattern: str, *, ignore_case: bool, unicode: bool) -> tuple[_Nodes, int, int]:
    """Return what an expression is made of, its flags, and the number of its group `secret`, or 0."""
    parsed = _parser.parse(pattern, (0 if unicode else _ASCII) | (_IGNORE_CASE if ignore_case else 0))
    return _frozen(parsed), int(parsed.state.flags), parsed.state.groupdict.get("secret", 0)


def _frozen(part: Any) -> Any:
    """Return a part of a parse with tuples in the place of its lists."""
    if type(part) is tuple or type(part) is list:
        return tuple(map(_frozen, part))
    return tuple(map(_frozen, part.data)) if isinstance(part, _parser.SubPattern) else part


def _decided(nodes: _Nodes) -> _Nodes:
    """Go on twice from a choice that decides later whether a group was there: with it, and without it."""
    for number, (kind, value) in enumerate(nodes):
        choice = value[1] if kind is sre.BRANCH else ()
        for group in sorted({each for branch in choice for each in _groups(branch)}):
            rest = nodes[number + 1 :]
            if _asked_for(rest, group):
                there = tuple(each for each in choice if group in set(_groups(each)))
                others = tuple(each for each in choice if group not in set(_groups(each)))
                ways = tuple(
                    ((sre.BRANCH, (None, each)), *_decided(_told(rest, group, is_there=is_there)))
                    for each, is_there in ((there, True), (others, False))
                    if each
                )
                return (*nodes[:number], (sre.BRANCH, (None, ways)))
    return nodes


def _groups(nodes: Iterable[_Node]) -> Iterator[int]:
    for kind, value in nodes:
        if kind is sre.SUBPATTERN:
            if value[0] is not None:
                yield value[0]
            yield from _groups(value[3])
        elif kind in _REPEATS:
            yield from _groups(value[2])
        elif kind is sre.BRANCH:
            for each in value[1]:
                yield from _groups(each)


def _asked_for(nodes: Iterable[_Node], group: int) -> bool:
    return any(
        (kind is sre.GROUPREF_EXISTS and value[0] == group) or (kind is sre.SUBPATTERN and _asked_for(value[3], group))
        for kind, value in nodes
    )


def _told(nodes: Iterable[_Node], group: int, *, is_there: bool) -> _Nodes:
    """Return the nodes with the answer in the place of the question whether a group was there."""
    told: list[_Node] = []
    for kind, value in nodes:
        if kind is sre.GROUPREF_EXISTS and value[0] == group:
            told += value[1] if is_there else value[2] or ()
        elif kind is sre.SUBPATTERN:
            told.append((kind, (*value[:3], _told(value[3], group, is_there=is_there))))
        else:
            told.append((kind, value))
    return tuple(told)


def has_stretch(expression: str) -> bool:
    """Tell whether an expression still takes a long stretch of nearly anything: few of those fit in one automaton."""
    return any(
        each["repeat"] and (not each["most"] or int(each["most"]) > COUNT_MAX) and _is_wide(each["one"])
        for each in _REPEATED.finditer(expression)
    )


@cache
def _is_wide(one: str) -> bool:
    """Tell whether a single character's expression takes nearly anything."""
    return len(_members(parse(one, ignore_case=False, unicode=False)[0][0], _ASCII)[0]) > _STRETCH_CLASS


def derive_compiled(pattern: "re.Pattern[str]", *, parted: bool = True) -> str:
    """Return the same for a compiled pattern, with the flags that it was compiled with."""
    lines = ("s" if pattern.flags & re.DOTALL else "") + ("m" if pattern.flags & re.MULTILINE else "")
    return derive(
        (f"(?{lines})" if lines else "") + pattern.pattern,
        ignore_case=bool(pattern.flags & re.IGNORECASE),
        unicode=not pattern.flags & re.ASCII,
        parted=parted,
    )


def _having(nodes: Iterable[_Node], secret: int, has: str) -> Iterator[_Node]:
    """Yield nodes with another content of one group: what it takes, with a character it must have."""
    for kind, value in nodes:
        if kind is sre.SUBPATTERN and value[0] == secret:
            taken = tuple((what, item) for node in _singles(value[3]) for what, item in _items(node))
            any_of_it = (sre.MAX_REPEAT, (0, GAP_COUNT, ((sre.IN, taken),)))
            yield sre.SUBPATTERN, (secret, 0, _IGNORE_CASE, (any_of_it, *_frozen(_parser.parse(has, 0)), any_of_it))
        elif kind is sre.SUBPATTERN:
            yield kind, (*value[:3], tuple(_having(value[3], secret, has)))
        elif kind is sre.BRANCH:
            yield kind, (None, tuple(tuple(_having(each, secret, has)) for each in value[1]))
        else:
            yield kind, value


def _singles(nodes: Iterable[_Node]) -> Iterator[_Node]:
    for node in nodes:
        if node[0] in _SINGLE:
            yield node
        elif node[0] in _REPEATS:
            yield from _singles(node[1][2])
        elif node[0] not in {sre.ASSERT, sre.ASSERT_NOT, sre.AT}:
            yield sre.IN, ((sre.RANGE, (0, _OTHERS[0][1])),)


def _items(node: _Node) -> list[_Node]:
    """Return what a character is one of, in all cases, as the content of a class."""
    plain, others = _members(node, _IGNORE_CASE)
    return [*((sre.LITERAL, char) for char in sorted(plain)), *((sre.RANGE, each) for each in others)]


class _Derived:
    """Derives from one parsed expression; `first` and `last` tell whether anything is asked for before and behind."""

    def __init__(self, parsed: _Nodes, *, parted: bool, count_max: int) -> None:
        self._parted = parted
        self._count_max = count_max
        self._groups: dict[int, _Nodes] = {}
        self._learn(parsed)

    def _learn(self, nodes: Iterable[_Node]) -> None:
        """Remember the groups, which back-references copy."""
        for kind, value in nodes:
            if kind is sre.SUBPATTERN:
                if value[0] is not None:
                    self._groups[value[0]] = value[3]
                self._learn(value[3])
            elif kind is sre.BRANCH:
                for each in value[1]:
                    self._learn(each)
            elif kind in _REPEATS:
                self._learn(value[2])
            elif kind is sre.ATOMIC_GROUP:
                self._learn(value)

    def sequence(self, nodes: _Nodes, flags: int, *, first: bool, last: bool) -> str:
        """Derive from a run of nodes."""
        if last and self._parted:
            nodes, first = _most_telling(nodes, flags, first=first)
        before, nodes = self._before(nodes, flags) if first else ("", nodes)
        nodes = _enough(nodes, flags) if last else nodes
        begins = _beginning(nodes, first=first and not before)
        parts: list[str] = []
        for node, at_start in zip(reversed(nodes), reversed(begins), strict=True):
            parts.append(self._node(node, flags, first=at_start, last=last and not any(parts)))
        return before + "".join(reversed(parts))

    def _node(self, node: _Node, flags: int, *, first: bool, last: bool) -> str:  # noqa: PLR0911 - one for each kind
        kind, value = node
        if kind in _SINGLE:
            return _class(*_members(node, flags))
        if kind in _REPEATS:
            return self._repeat(node, flags, first=first, last=last)
        if kind is sre.SUBPATTERN:
            _, added, removed, inner = value
            return self.sequence(inner, (flags | added) & ~removed, first=first, last=last)
        if kind is sre.ATOMIC_GROUP:
            return self.sequence(value, flags, first=first, last=last)
        if kind is sre.BRANCH:
            return _either(self.sequence(each, flags, first=first, last=last) for each in value[1])
        if kind is sre.GROUPREF_EXISTS:
            return _either(self.sequence(each or (), flags, first=first, last=last) for each in value[1:])
        if kind is sre.GROUPREF:
            return self.sequence(self._groups[value], flags, first=False, last=False)
        return self._looked(node, flags) if last else ""

    def _looked(self, node: _Node, flags: int) -> str:
        """Return what a look ahead at the very end says of what follows."""
        kind, value = node
        if kind is sre.AT:
            return _EDGE_OR_LINE if value in _ENDS else ""
        if value[0] < 0:
            return ""
        if kind is sre.ASSERT:
            return self.sequence(value[1], flags, first=False, last=True)
        return _all_but(_units(value[1]), flags)

    def _repeat(self, node: _Node, flags: int, *, first: bool, last: bool) -> str:
        least, most, nodes = node[1]
        if first or last:  # what goes on for longer has the least in it
            most = least
        if most == 0:
            return ""
        if least == most == 1:
            return self.sequence(nodes, flags, first=first, last=last)
        once = self.sequence(nodes, flags, first=False, last=False)
        once = once if len(nodes) == 1 and nodes[0][0] in _SINGLE else f"(?:{once})" if once else ""
        return once and f"{once}{_count(least, most, self._count_max)}"

    def _before(self, nodes: _Nodes, flags: int) -> tuple[str, _Nodes]:
        """Make of what the beginning looks back at a part of what is asked for; return it, and the other nodes."""
        best, passed = ("", nodes), 0
        for number, node in enumerate(nodes):
            width = _width(node)
            if width is None:
                break
            if width == 0 and node[0] in _LOOKS:
                told = self._told_before(node, passed, flags)
                if told and (not best[0] or _takes(told) < _takes(best[0])):
                    best = told, (*nodes[:number], *nodes[number + 1 :])
            passed += width
        return best

    def _told_before(self, node: _Node, passed: int, flags: int) -> str:
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
            units = _units(value[1])
            seen = units is not None and len(units) == passed + 1 and all(unit[0] is sre.ANY for unit in units[1:])
            return _all_but(units[:1], flags) if units and seen else ""
        inner = value[1]
        branches: Sequence[_Nodes] = [inner]
        if len(inner) == 1 and inner[0][0] is sre.BRANCH:
            branches = inner[0][1][1]
        elif len(inner) == 1 and inner[0][0] is sre.SUBPATTERN:
            branches = [inner[0][1][3]]
        told = [self._seen_before(each, passed, flags) for each in branches]
        return _either(told) if all(told) else ""

    def _told_by_each(self, branches: Iterable[Iterable[_Node]], passed: int, flags: int) -> str:
        told = []
        for nodes in branches:
            each = [self._told_before(node, passed, flags) for node in nodes if node[0] in _LOOKS]
            told.append(min(filter(None, each), key=_takes, default=""))
        return _either(told) if all(told) else ""

    def _seen_before(self, nodes: _Nodes, passed: int, flags: int) -> str:
        """Return the first characters of what is looked back at, as many as it is longer than what was passed."""
        begins = bool(nodes) and nodes[0][0] is sre.AT and nodes[0][1] in _BEGINS
        units = _units(nodes[begins:])
        if units is None or len(units) < passed:
            return ""
        seen = [self._node(unit, flags, first=False, last=False) for unit in units[: len(units) - passed]]
        return (_EDGE_OR_LINE if begins else "") + "".join(seen)


def _beginning(nodes: Sequence[_Node], *, first: bool) -> list[bool]:
    """Tell of each node whether nothing is asked for before it."""
    told = []
    for node in nodes:
        told.append(first)
        first = first and (_width(node) == 0 or (node[0] in _REPEATS and node[1][0] == 0))
    return told


def _most_telling(nodes: _Nodes, flags: int, *, first: bool) -> tuple[_Nodes, bool]:
    """Return the part between long stretches that tells most, and whether nothing is asked for before it.

    What is looked ahead at stands where what follows stands: it may tell more.
    """
    parts = list(_parts(nodes, flags, first=first))
    looked = [
        ((*part[:place], *value[1]), begins)
        for part, begins in parts
        for place, (kind, value) in enumerate(part)
        if kind is sre.ASSERT and value[0] > 0
    ]
    return max([*parts, *looked], key=lambda each: _telling(each[0], flags), default=((), first))


def _parts(nodes: _Nodes, flags: int, *, first: bool) -> Iterator[tuple[_Nodes, bool]]:
    """Yield what can be asked for instead of the whole, and whether nothing is asked for before it."""
    part: list[_Node] = []
    begins = first
    for number, node in enumerate(nodes):
        gap = _gap(node)
        if gap and node[0] is sre.BRANCH and _telling([*part, node], flags) >= gap:
            yield (*part, _parted(node, nodes[number + 1 :])), begins
        elif not gap or node[0] is sre.BRANCH or (_telling(part, flags) < gap and (part or not first)):
            part.append(node)
            continue
        else:
            yield tuple(part), begins
        part, begins = [], True
        if not first:
            return
    yield tuple(part), begins


def _parted(node: _Node, rest: _Nodes) -> _Node:
    """Let only those branches go on to the rest in which there is no long stretch."""
    plain = tuple(each for each in node[1][1] if not any(map(_gap, each)))
    others = tuple(each for each in node[1][1] if any(map(_gap, each)))
    return sre.BRANCH, (None, (((sre.BRANCH, (None, plain)), *rest), *others) if plain else others)


@lru_cache(maxsize=_NODES_REMEMBERED)
def _gap(node: _Node) -> int:
    """Return how many bits must be told up to a long stretch in a node for it to part an expression; 0: no stretch."""
    kind, value = node
    if kind in _REPEATS:
        inner = value[2]
        if len(inner) == 1 and inner[0][0] in _SINGLE:
            members = _members(inner[0], 0)[0]
            if value[0] == value[1] or value[1] <= GAP_COUNT or len(members) < GAP_CLASS:
                return 0
            return TELLING if ord(" ") in members else TELLING_IN_A_WORD
        return min(filter(None, map(_gap, inner)), default=0)
    if kind is sre.SUBPATTERN:
        return min(filter(None, map(_gap, value[3])), default=0)
    if kind is sre.BRANCH:
        return min(filter(None, (_gap(each) for branch in value[1] for each in branch)), default=0)
    return 0


def _telling(nodes: Iterable[_Node], flags: int) -> int:
    """Return about how many bits a run of nodes tells."""
    return sum(_bits(node, flags) for node in nodes)


@lru_cache(maxsize=_NODES_REMEMBERED)
def _bits(node: _Node, flags: int) -> int:
    kind, value = node
    if kind in _SINGLE:
        plain, _ = _members(node, flags & ~_IGNORE_CASE)
        return _LETTER_TELLS if len(plain) <= _FEW_MEMBERS else 1 if len(plain) < len(_ALL) // 2 else 0
    if kind in _REPEATS:
        return min(int(value[0]), _RUN_TELLS) * _telling(value[2], flags)
    if kind is sre.SUBPATTERN:
        return _telling(value[3], flags)
    if kind is sre.ATOMIC_GROUP:
        return _telling(value, flags)
    if kind is sre.BRANCH:
        return min(_telling(next(_parts(each, flags, first=False))[0], flags) for each in value[1])
    return 0


def _enough(nodes: _Nodes, flags: int) -> _Nodes:
    """Return the nodes up to where they tell enough."""
    told = 0
    for number, node in enumerate(nodes):
        if told >= ENOUGH:
            return nodes[:number]
        told += _bits(node, flags)
    return nodes


def _width(node: _Node) -> int | None:
    """Return how many characters a node takes, when that is always the same."""
    kind, value = node
    if kind in _SINGLE:
        return 1
    if kind in _REPEATS:
        width = _widths(value[2])
        return int(value[0]) * width if value[0] == value[1] and width is not None else None
    if kind is sre.SUBPATTERN:
        return _widths(value[3])
    if kind is sre.BRANCH:
        widths = {_widths(each) for each in value[1]}
        return widths.pop() if len(widths) == 1 else None
    return 0 if kind in _LOOKS else None


def _widths(nodes: Iterable[_Node]) -> int | None:
    widths = [_width(node) for node in nodes]
    return sum(width or 0 for width in widths) if None not in widths else None


def _units(nodes: Iterable[_Node]) -> list[_Node] | None:
    """Return a run of nodes as single characters, or None when it is something else."""
    units: list[_Node] = []
    for kind, value in nodes:
        inner: list[_Node] | None = [(kind, value)] if kind in _SINGLE else None
        if kind in _REPEATS and value[0] == value[1] and value[0] <= UNITS_MAX:
            once = _units(value[2])
            inner = once and once * int(value[0])
        elif kind is sre.SUBPATTERN and not value[1] and not value[2]:
            inner = _units(value[3])
        if inner is None:
            return None
        units += inner
    return units


def _all_but(units: list[_Node] | None, flags: int) -> str:
    """Return a class of all that isn't this one character, when an edge isn't it either; else an empty expression."""
    if units is None or len(units) != 1:
        return ""
    rest = _ALL - _members(units[0], flags)[0]
    return _class(rest, _OTHERS) if ord(EDGE) in rest else ""


@lru_cache(maxsize=_NODES_REMEMBERED)
def _takes(told: str) -> int:
    """Return how many ASCII characters an expression of one character takes; of a longer one hardly any."""
    matches = re.compile(told).fullmatch
    return sum(matches(chr(char)) is not None for char in _ALL)


@lru_cache(maxsize=_NODES_REMEMBERED)
def _members(node: _Node, flags: int) -> tuple[frozenset[int], _Ranges]:
    """Return which ASCII characters a node takes, and which others."""
    kind, value = node
    if kind is sre.ANY:
        return (_ALL if flags & _DOTALL else _ALL - {ord("\n")}), _OTHERS
    if kind is sre.LITERAL:
        return _cases([(value, value)], flags)
    if kind is sre.NOT_LITERAL:
        return _ALL - _cases([(value, value)], flags)[0], _OTHERS
    negated = value[0][0] is sre.NEGATE
    ranges = [(item, item) if what is sre.LITERAL else item for what, item in value if what in {sre.LITERAL, sre.RANGE}]
    plain, others = _cases(ranges, flags)
    for what, item in value:
        if what is sre.CATEGORY:
            members, outside = _CATEGORIES[item]
            plain |= members | (_MORE_SPACE if item is sre.CATEGORY_SPACE and not flags & _ASCII else frozenset())
            others = _OTHERS if outside or not flags & _ASCII else others
    return (_ALL - plain, _OTHERS) if negated else (plain, others)


def _cases(ranges: Sequence[tuple[int, int]], flags: int) -> tuple[frozenset[int], _Ranges]:
    """Return ASCII characters and others in all the cases that count as equal."""
    plain = {char for first, last in ranges for char in range(first, min(last, _ASCII_LAST) + 1)}
    others = tuple((max(first, _ASCII_LAST + 1), last) for first, last in ranges if last > _ASCII_LAST)
    if flags & _IGNORE_CASE:
        plain |= {ord(case) for char in plain for case in (chr(char).lower(), chr(char).upper())}
        others = others if flags & _ASCII else _other_cases(plain, others)
    return frozenset(plain), others


def _other_cases(plain: Iterable[int], others: _Ranges) -> _Ranges:
    if any(last - first > _FEW for first, last in others):
        return _OTHERS
    chars = {char for first, last in others for char in range(first, last + 1)}
    cases = {ord(case) for char in chars for case in (chr(char).lower(), chr(char).upper()) if len(case) == 1}
    folded = {outside for char, outside in _FOLDS_OUT.items() if ord(char) in set(plain)}
    return tuple((char, char) for char in sorted(chars | {each for each in cases if each > _ASCII_LAST} | folded))


@lru_cache(maxsize=_NODES_REMEMBERED)
def _class(plain: frozenset[int], others: _Ranges) -> str:
    ranges: list[tuple[int, int]] = []
    for code in sorted(plain):
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    ranges += others
    body = "".join(_char(first) if first == last else f"{_char(first)}-{_char(last)}" for first, last in ranges)
    return body if len(ranges) == 1 and ranges[0][0] == ranges[0][1] else f"[{body}]"


def _char(code: int) -> str:
    char = chr(code)
    return char if code > _ASCII_LAST or char.isalnum() or char in _PLAIN else f"\\x{code:02x}"


def _count(least: int, most: Any, highest: int) -> str:
    if least <= 1 and most != least:
        return "+" if least else "?" if most == 1 else "*"
    return f"{{{min(least, highest)}{'' if least == most and least <= highest else ','}}}"


def _either(parts: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(parts))
    several = [each for each in distinct if each]
    if len(distinct) == 1:
        return distinct[0]
    return f"(?:{'|'.join(several)}){'?' if '' in distinct else ''}"
