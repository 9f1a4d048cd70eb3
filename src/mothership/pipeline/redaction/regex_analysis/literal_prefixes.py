"""The literals with which an expression's matches begin, or which they hold: looked for much faster than these are."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import product
from re import _constants as sre  # type: ignore[attr-defined]  # the one parse that can't differ from what `re` does
from typing import Any

from mothership.pipeline.redaction.regex_analysis.regex_tree import parse

BEGINNINGS_MAX = 256
CHARACTERS_MAX = 24
CHARACTERS_FEW = 4
"""Where there are more beginnings, their first characters are looked for."""
CHOICE_MAX = 4
LITERAL_ENOUGH = 4
"""Characters from which on a longer literal says hardly more."""
_REPEATS = {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}


def beginnings(pattern: str, *, ignore_case: bool, unicode: bool = False) -> tuple[str, ...]:
    """Return literals, in lower case where case is ignored, with one of which every match begins; none when unknown."""
    parsed, flags, _ = parse(pattern, ignore_case=ignore_case, unicode=unicode)
    if bool(flags & re.IGNORECASE) != ignore_case:
        return ()
    found, _ = _of_sequence(parsed, ignore_case=ignore_case)
    return () if "" in found else tuple(each for each in sorted(found) if not _has_shorter(each, found))


def literals_within(pattern: str, *, ignore_case: bool, unicode: bool = False) -> tuple[str, ...]:
    """Return literals in lower case of which every match holds one, in any case: those that say most, or none."""
    parsed, _, _ = parse(pattern, ignore_case=ignore_case, unicode=unicode)
    return tuple(sorted(max(_in_sequence(parsed), key=_says, default=())))


def _says(literals: Collection[str]) -> tuple[int, int]:
    return min(*map(len, literals), LITERAL_ENOUGH), -len(literals)


def _in_sequence(nodes: Sequence[Any]) -> Iterator[set[str]]:
    """Yield sets of literals of which every match holds one: how it goes on at any node, and within a group."""
    for number, (kind, value) in enumerate(nodes):
        found, _ = _of_sequence(nodes[number:], ignore_case=True, any_case=True)
        if "" not in found:
            yield {each for each in found if not any(other in each for other in found if other != each)}
        if kind is sre.SUBPATTERN:
            yield from _in_sequence(value[3])


def _has_shorter(literal: str, others: Collection[str]) -> bool:
    return any(literal[:length] in others for length in range(1, len(literal)))


def _of_sequence(nodes: Iterable[Any], *, ignore_case: bool, any_case: bool = False) -> tuple[set[str], bool]:
    """Return how a run of nodes may begin, and whether that is all of it; `any_case`: whatever a group says of case."""
    found = {""}
    for node in nodes:
        more, whole = _of_node(node, ignore_case=ignore_case, any_case=any_case)
        joined = {(before + after)[:CHARACTERS_MAX] for before, after in product(found, more)}
        if len(joined) > BEGINNINGS_MAX:
            return {each[:CHARACTERS_FEW] for each in joined}, False
        found = joined
        if not whole:
            return found, False
    return found, True


def _of_node(  # noqa: PLR0911 - one for each kind
    node: Any, *, ignore_case: bool, any_case: bool
) -> tuple[set[str], bool]:
    kind, value = node
    if kind in {sre.ASSERT, sre.ASSERT_NOT, sre.AT}:
        return {""}, True
    if kind is sre.LITERAL:
        return {_cased(value, ignore_case=ignore_case)}, True
    if kind is sre.IN and len(value) <= CHOICE_MAX and all(what is sre.LITERAL for what, _ in value):
        return {_cased(char, ignore_case=ignore_case) for _, char in value}, True
    if kind is sre.SUBPATTERN and (any_case or not (value[1] | value[2]) & re.IGNORECASE):
        return _of_sequence(value[3], ignore_case=ignore_case, any_case=any_case)
    if kind is sre.BRANCH:
        branches = [_of_sequence(each, ignore_case=ignore_case, any_case=any_case) for each in value[1]]
        return {each for found, _ in branches for each in found}, all(whole for _, whole in branches)
    if kind in _REPEATS and (value[0] or value[1] == 1):
        once, whole = _of_sequence(value[2], ignore_case=ignore_case, any_case=any_case)
        return (once, False) if value[0] else (once | {""}, whole)
    return {""}, False


def _cased(char: int, *, ignore_case: bool) -> str:
    return chr(char).lower() if ignore_case else chr(char)
