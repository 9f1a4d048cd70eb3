"""The operator's own patterns: how they are found, and what of them the scan over a batch can ask for."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import re2

from mothership.pipeline.redaction.digit_shapes import ATOM, any_digit, encodable
from mothership.pipeline.redaction.rules import REACH, Span
from mothership.pipeline.redaction.rules.stored_prefilters import Derivation, prefilter

CONTEXT = 256


def compile_pattern(pattern: str, *, ignore_case: bool) -> Any:
    """Compile an operator's pattern, or raise ValueError with RE2's reason."""
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"not a regular expression in RE2 syntax: {text}") from None


class PatternFinder:
    """A finder made of a compiled RE2 expression; its group `secret`, or else the whole match, is what must go."""

    __slots__ = ("_compiled", "_group", "_is_blind", "_lets_be")

    def __init__(self, compiled: Any, lets_be: Callable[[str], bool] | None = None) -> None:
        """`lets_be` tells which matches are none."""
        self._compiled = compiled
        self._group = compiled.groupindex.get("secret", 0)
        self._lets_be = lets_be
        pattern = compiled.pattern
        self._is_blind = r"\Q" not in pattern and any_digit(pattern) == pattern

    def __call__(self, text: str, start: int, end: int) -> Iterator[Span | None]:
        """Find, as a `Finder` does."""
        before = max(0, start - CONTEXT)
        part = encodable(text[before : end + REACH])
        for match in self._compiled.finditer(part):
            first, last = match.span(self._group)
            if before + match.start() >= end:
                return
            if self._lets_be is not None and self._lets_be(part[first:last]):
                continue
            if first >= 0 and before + first >= start:
                yield before + first, before + last

    def may_find(self, shape: str) -> bool:
        """Tell whether anything may be found in a text that has other digits where this one has a 0. A no is sure."""
        return not self._is_blind or self._compiled.search(shape) is not None


_ASSERTIONS = frozenset({"^", "$", r"\A", r"\z", r"\b", r"\B"})
_REPEATS = ("*", "+", "?", "{")
_SYNTAX = frozenset("()|*+?")
_COUNTED = re.compile(r"\{[0-9]+(?:,[0-9]*)?\}")
_FLAGS = re.compile(r"\(\?([a-zA-Z-]*)[:)]")


def pattern_prefilter(pattern: str, *, ignore_case: bool) -> str:
    r"""Return the prefilter of an operator's pattern, derived as those of the built-in rules are.

    RE2's syntax is written in Python's first: each atom as the class of the characters that RE2 itself takes for it.
    What can't be written so (`\Q`, a repeated assertion, hundreds of groups in one another) has a prefilter that hits
    everywhere.
    """
    atoms = ATOM.findall(pattern)
    ignore_case = ignore_case or any("i" in flags[1] for atom in atoms if (flags := _FLAGS.fullmatch(atom)))
    written: list[str] = []
    for number, atom in enumerate(atoms):
        following = atoms[number + 1] if number + 1 < len(atoms) else ""
        if atom in _ASSERTIONS and not following.startswith(_REPEATS):
            continue
        if atom in _ASSERTIONS or atom == r"\Q" or (atom[0] == "{" and len(atom) > 1 and not _COUNTED.fullmatch(atom)):
            return ""
        if atom in _SYNTAX or (atom[0] == "{" and len(atom) > 1):
            written.append(atom)
        elif atom.startswith("(?"):
            written.append("" if atom.endswith(")") else "(?:")
        else:
            written.append(_taken(atom, ignore_case=ignore_case))
    try:
        return prefilter(Derivation("".join(written)))
    except (re.error, RecursionError):
        return ""


@lru_cache(maxsize=4_096)
def _taken(atom: str, *, ignore_case: bool) -> str:
    """Return a class of what an atom takes: exact in ASCII, and of others all or none."""
    takes = compile_pattern(atom, ignore_case=ignore_case).fullmatch
    plain = [re.escape(char) for char in map(chr, range(128)) if takes(char)]
    none = (len(atom) == 1 and atom.isascii() and not (ignore_case and atom in "kKsS") and atom != ".") or (
        not ignore_case and atom in {r"\d", r"\w", r"\s"}
    )
    return f"[{''.join(plain)}{'' if none else _OTHERS}]"


_OTHERS = "\x80-\U0010ffff"
