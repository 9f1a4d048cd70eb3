"""Whether an expression tells one digit from another. If not, it matches at the same places in all texts of a shape."""

from collections.abc import Iterable
from re import _constants as sre  # type: ignore[attr-defined]  # the one parse that can't differ from what `re` does

from mothership.pipeline.redaction.regex_analysis.regex_tree import REPEATS, Node, Nodes

_ALL = frozenset("0123456789")
_NONE: frozenset[str] = frozenset()
_CATEGORIES = {
    sre.CATEGORY_DIGIT: _ALL,
    sre.CATEGORY_NOT_DIGIT: _NONE,
    sre.CATEGORY_SPACE: _NONE,
    sre.CATEGORY_NOT_SPACE: _ALL,
    sre.CATEGORY_WORD: _ALL,
    sre.CATEGORY_NOT_WORD: _NONE,
}
_SINGLE = {sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY}


def is_blind(nodes: Nodes) -> bool:
    """Tell whether an expression, parsed, takes either any digit or none wherever it takes a character.

    What refers back to a group asks for the same digits again, so that no digit may be in such a group.
    """
    groups: dict[int, Nodes] = {}
    return _is_blind(nodes, groups)


def _is_blind(nodes: Iterable[Node], groups: dict[int, Nodes]) -> bool:
    return all(_is_blind_node(kind, value, groups) for kind, value in nodes)


def _is_blind_node(kind: Node, value: Node, groups: dict[int, Nodes]) -> bool:  # noqa: PLR0911 - one for each kind
    if kind in _SINGLE:
        return _digits(kind, value) in (_ALL, _NONE)
    if kind is sre.SUBPATTERN:
        if value[0] is not None:
            groups[value[0]] = value[3]
        return _is_blind(value[3], groups)
    if kind in REPEATS:
        return _is_blind(value[2], groups)
    if kind is sre.BRANCH:
        return all(_is_blind(each, groups) for each in value[1])
    if kind in {sre.ASSERT, sre.ASSERT_NOT}:
        return _is_blind(value[1], groups)
    if kind is sre.ATOMIC_GROUP:
        return _is_blind(value, groups)
    if kind is sre.GROUPREF:
        return value in groups and not _may_take_digit(groups[value])
    if kind is sre.GROUPREF_EXISTS:
        return _is_blind(value[1], groups) and (value[2] is None or _is_blind(value[2], groups))
    return bool(kind is sre.AT)


def _may_take_digit(nodes: Iterable[Node]) -> bool:
    return any(_may_take_digit_node(kind, value) for kind, value in nodes)


def _may_take_digit_node(kind: Node, value: Node) -> bool:
    if kind in _SINGLE:
        return bool(_digits(kind, value))
    if kind is sre.SUBPATTERN:
        return _may_take_digit(value[3])
    if kind in REPEATS:
        return _may_take_digit(value[2])
    if kind is sre.BRANCH:
        return any(map(_may_take_digit, value[1]))
    return kind not in {sre.AT, sre.ASSERT, sre.ASSERT_NOT}


def _digits(kind: Node, value: Node) -> frozenset[str]:
    """Return which digits a single character's node takes."""
    if kind is sre.ANY:
        return _ALL
    if kind is sre.LITERAL:
        return _ALL & {chr(value)}
    if kind is sre.NOT_LITERAL:
        return _ALL - {chr(value)}
    taken: frozenset[str] = _NONE
    negated = False
    for what, told in value:
        if what is sre.NEGATE:
            negated = True
        elif what is sre.LITERAL:
            taken |= _ALL & {chr(told)}
        elif what is sre.RANGE:
            taken |= {digit for digit in _ALL if told[0] <= ord(digit) <= told[1]}
        elif what is sre.CATEGORY:
            taken |= _CATEGORIES[told]
        else:
            return frozenset("0")  # nothing that is known: neither all nor none
    return _ALL - taken if negated else taken
