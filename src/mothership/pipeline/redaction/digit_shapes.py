"""Texts by their shape, which has a 0 for every digit, and expressions that take every digit where they take one."""

import re
from functools import lru_cache
from itertools import pairwise

import re2

SHAPE = bytes.maketrans(b"123456789", b"0" * 9)
SHAPE_BYTES_MAX = 1_024
"""Of longer texts nothing is remembered."""
EXPRESSIONS_REMEMBERED = 2_048
"""What is known of one holds for every redactor of a process: a reload, a trial on the console, a trace has its own."""


def encodable(text: str) -> str:
    """Return the text with something readable in the place of each half of a surrogate pair."""
    return text if text.isascii() else _HALF.sub("\ufffd", text)


_HALF = re.compile("[\ud800-\udfff]")
ATOM = re.compile(
    r"\\Q|\\[pP](?:\{[^}]*\}|.)|\\x\{[^}]*\}|\\x[0-9A-Fa-f]{2}|\\[0-7]{2,3}|\\."
    r"|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|\(\?(?:P?<\w+>|[a-zA-Z-]*:|[a-zA-Z-]+\))|\{[0-9,]+\}|.",
    re.DOTALL,
)
"""What an expression for RE2 is made of: characters, classes, and signs of its syntax."""
_SYNTAX = re.compile(r"[()|*+?^$.]|\\[AzbBQdDsSwWpP]|\{", re.DOTALL)


@lru_cache(maxsize=EXPRESSIONS_REMEMBERED)
def any_digit(expression: str) -> str:
    """Return an expression that takes every digit wherever the one that is given takes one."""
    atoms = ATOM.findall(expression)
    return "".join([f"(?:{each}|[0-9])" if 0 < _digits(each) < _ALL_DIGITS else each for each in atoms])


@lru_cache(maxsize=EXPRESSIONS_REMEMBERED)
def reads_digits(expression: str) -> bool:
    """Tell whether an expression tells one number from another: more than the 2 of `oauth2`."""
    taken = [_digits(atom) for atom in ATOM.findall(expression) if not _SYNTAX.match(atom)]
    return any(before and after and min(before, after) < _ALL_DIGITS for before, after in pairwise(taken))


@lru_cache(maxsize=8_192)
def _digits(atom: str) -> int:
    """Return how many digits an atom takes."""
    if _SYNTAX.match(atom):
        return 0
    takes = re2.compile(atom).fullmatch
    return sum(takes(digit) is not None for digit in "0123456789")


_ALL_DIGITS = 10
