"""How much the parts of an expression tell, and which of them are worth asking for."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from re import _constants as sre  # type: ignore[attr-defined]  # the one parse that can't differ from what `re` does

from mothership.pipeline.redaction.regex_analysis.character_classes import ALL, members_of
from mothership.pipeline.redaction.regex_analysis.regex_tree import (
    IGNORE_CASE,
    NODES_REMEMBERED,
    REPEATS,
    SINGLE,
    Node,
    Nodes,
)

ENOUGH = 90
"""Bits after which an expression has told enough."""
GAP_CLASS = 12
GAP_COUNT = 12
"""Characters of a class, and how many of it at most, that make a long stretch."""
TELLING = 12
TELLING_IN_A_WORD = 30
"""Bits that a part must tell for a long stretch behind it to end it: one that may hold spaces, and one that may not."""
_LETTER_TELLS = 5
_FEW_MEMBERS = 6
_RUN_TELLS = 6


def parts_of(nodes: Nodes, flags: int, *, first: bool) -> Iterator[tuple[Nodes, bool]]:
    """Yield what can be asked for instead of the whole, and whether nothing is asked for before it."""
    part: list[Node] = []
    begins = first
    for number, node in enumerate(nodes):
        gap = stretch_bits(node)
        if gap and node[0] is sre.BRANCH and bits_told([*part, node], flags) >= gap:
            yield (*part, parted(node, nodes[number + 1 :])), begins
        elif not gap or node[0] is sre.BRANCH or (bits_told(part, flags) < gap and (part or not first)):
            part.append(node)
            continue
        else:
            yield tuple(part), begins
        part, begins = [], True
        if not first:
            return
    yield tuple(part), begins


def parted(node: Node, rest: Nodes) -> Node:
    """Let only those branches go on to the rest in which there is no long stretch."""
    plain = tuple(each for each in node[1][1] if not any(map(stretch_bits, each)))
    others = tuple(each for each in node[1][1] if any(map(stretch_bits, each)))
    return sre.BRANCH, (None, (((sre.BRANCH, (None, plain)), *rest), *others) if plain else others)


@lru_cache(maxsize=NODES_REMEMBERED)
def stretch_bits(node: Node) -> int:
    """Return how many bits must be told up to a long stretch in a node for it to part an expression; 0: no stretch."""
    kind, value = node
    if kind in REPEATS:
        inner = value[2]
        if len(inner) == 1 and inner[0][0] in SINGLE:
            members = members_of(inner[0], 0)[0]
            if value[0] == value[1] or value[1] <= GAP_COUNT or len(members) < GAP_CLASS:
                return 0
            return TELLING if ord(" ") in members else TELLING_IN_A_WORD
        return min(filter(None, map(stretch_bits, inner)), default=0)
    if kind is sre.SUBPATTERN:
        return min(filter(None, map(stretch_bits, value[3])), default=0)
    if kind is sre.BRANCH:
        return min(filter(None, (stretch_bits(each) for branch in value[1] for each in branch)), default=0)
    return 0


def bits_told(nodes: Iterable[Node], flags: int) -> int:
    """Return about how many bits a run of nodes tells."""
    return sum(bits_of(node, flags) for node in nodes)


@lru_cache(maxsize=NODES_REMEMBERED)
def bits_of(node: Node, flags: int) -> int:
    """Return about how many bits a node tells."""
    kind, value = node
    if kind in SINGLE:
        plain, _ = members_of(node, flags & ~IGNORE_CASE)
        return _LETTER_TELLS if len(plain) <= _FEW_MEMBERS else 1 if len(plain) < len(ALL) // 2 else 0
    if kind in REPEATS:
        return min(int(value[0]), _RUN_TELLS) * bits_told(value[2], flags)
    if kind is sre.SUBPATTERN:
        return bits_told(value[3], flags)
    if kind is sre.ATOMIC_GROUP:
        return bits_told(value, flags)
    if kind is sre.BRANCH:
        return min(bits_told(next(parts_of(each, flags, first=False))[0], flags) for each in value[1])
    return 0


def telling_enough(nodes: Nodes, flags: int) -> Nodes:
    """Return the nodes up to where they tell enough."""
    told = 0
    for number, node in enumerate(nodes):
        if told >= ENOUGH:
            return nodes[:number]
        told += bits_of(node, flags)
    return nodes
