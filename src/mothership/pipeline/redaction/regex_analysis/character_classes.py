"""Which characters a part of an expression takes, and how to write a class of them."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from re import _constants as sre  # type: ignore[attr-defined]  # the one parse that can't differ from what `re` does
from typing import Any, TypeAlias

from mothership.pipeline.redaction.regex_analysis.regex_tree import ASCII, DOTALL, IGNORE_CASE, NODES_REMEMBERED, Node

Ranges: TypeAlias = tuple[tuple[int, int], ...]
ASCII_LAST = 0x7F
ALL = frozenset(range(ASCII_LAST + 1))
OTHERS: Ranges = ((ASCII_LAST + 1, 0x10FFFF),)
_DIGIT = frozenset(map(ord, "0123456789"))
_WORD = frozenset(char for char in ALL if chr(char).isalnum() or chr(char) == "_")
_SPACE = frozenset(map(ord, " \t\n\r\f\v"))
_MORE_SPACE = frozenset(range(0x1C, 0x20))
"""What else is a space where classes are those of all scripts."""
_CATEGORIES = {
    sre.CATEGORY_DIGIT: (_DIGIT, False),
    sre.CATEGORY_NOT_DIGIT: (ALL - _DIGIT, True),
    sre.CATEGORY_SPACE: (_SPACE, False),
    sre.CATEGORY_NOT_SPACE: (ALL - _SPACE, True),
    sre.CATEGORY_WORD: (_WORD, False),
    sre.CATEGORY_NOT_WORD: (ALL - _WORD, True),
}
_FEW = 16
_FOLDS_OUT = {"k": 0x212A, "s": 0x17F, "i": 0x131, "I": 0x130}
"""Letters of which one outside ASCII counts as another case."""
_PLAIN = frozenset(" _@#%&=:;,<>/!~\"'`")


@lru_cache(maxsize=NODES_REMEMBERED)
def characters_taken(told: str) -> int:
    """Return how many ASCII characters an expression of one character takes; of a longer one hardly any."""
    matches = re.compile(told).fullmatch
    return sum(matches(chr(char)) is not None for char in ALL)


@lru_cache(maxsize=NODES_REMEMBERED)
def members_of(node: Node, flags: int) -> tuple[frozenset[int], Ranges]:
    """Return which ASCII characters a node takes, and which others."""
    kind, value = node
    if kind is sre.ANY:
        return (ALL if flags & DOTALL else ALL - {ord("\n")}), OTHERS
    if kind is sre.LITERAL:
        return cases_of([(value, value)], flags)
    if kind is sre.NOT_LITERAL:
        return ALL - cases_of([(value, value)], flags)[0], OTHERS
    negated = value[0][0] is sre.NEGATE
    ranges = [(item, item) if what is sre.LITERAL else item for what, item in value if what in {sre.LITERAL, sre.RANGE}]
    plain, others = cases_of(ranges, flags)
    for what, item in value:
        if what is sre.CATEGORY:
            members, outside = _CATEGORIES[item]
            plain |= members | (_MORE_SPACE if item is sre.CATEGORY_SPACE and not flags & ASCII else frozenset())
            others = OTHERS if outside or not flags & ASCII else others
    return (ALL - plain, OTHERS) if negated else (plain, others)


def cases_of(ranges: Sequence[tuple[int, int]], flags: int) -> tuple[frozenset[int], Ranges]:
    """Return ASCII characters and others in all the cases that count as equal."""
    plain = {char for first, last in ranges for char in range(first, min(last, ASCII_LAST) + 1)}
    others = tuple((max(first, ASCII_LAST + 1), last) for first, last in ranges if last > ASCII_LAST)
    if flags & IGNORE_CASE:
        plain |= {ord(case) for char in plain for case in (chr(char).lower(), chr(char).upper())}
        others = others if flags & ASCII else other_cases(plain, others)
    return frozenset(plain), others


def other_cases(plain: Iterable[int], others: Ranges) -> Ranges:
    """Return the other cases of characters outside ASCII, and those that count as equal to one of ASCII."""
    if any(last - first > _FEW for first, last in others):
        return OTHERS
    chars = {char for first, last in others for char in range(first, last + 1)}
    cases = {ord(case) for char in chars for case in (chr(char).lower(), chr(char).upper()) if len(case) == 1}
    folded = {outside for char, outside in _FOLDS_OUT.items() if ord(char) in set(plain)}
    return tuple((char, char) for char in sorted(chars | {each for each in cases if each > ASCII_LAST} | folded))


@lru_cache(maxsize=NODES_REMEMBERED)
def class_of(plain: frozenset[int], others: Ranges) -> str:
    """Write a class of these characters."""
    ranges: list[tuple[int, int]] = []
    for code in sorted(plain):
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    ranges += others
    body = "".join(escaped(first) if first == last else f"{escaped(first)}-{escaped(last)}" for first, last in ranges)
    return body if len(ranges) == 1 and ranges[0][0] == ranges[0][1] else f"[{body}]"


def escaped(code: int) -> str:
    """Write one character."""
    char = chr(code)
    return char if code > ASCII_LAST or char.isalnum() or char in _PLAIN else f"\\x{code:02x}"


def repeat(least: int, most: Any, highest: int) -> str:
    """Write a repeat that takes at least as much."""
    if least <= 1 and most != least:
        return "+" if least else "?" if most == 1 else "*"
    return f"{{{min(least, highest)}{'' if least == most and least <= highest else ','}}}"


def either(parts: Iterable[str]) -> str:
    """Write a choice."""
    distinct = list(dict.fromkeys(parts))
    several = [each for each in distinct if each]
    if len(distinct) == 1:
        return distinct[0]
    return f"(?:{'|'.join(several)}){'?' if '' in distinct else ''}"
