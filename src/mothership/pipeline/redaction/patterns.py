"""The operator's own patterns: how they are found, and what of them the scan over a batch can ask for."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import re2

from mothership.pipeline.redaction.rules import REACH, Far, Finder, Span

CONTEXT: Final = 256
PROGRAM_SHARED_MAX: Final = 1_500


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


def pattern_finder(compiled: Any, lets_be: Callable[[str], bool] | None = None) -> Finder:
    """Make a finder of a compiled RE2 expression; its group `secret`, or else the whole match, is what must go."""
    group = compiled.groupindex.get("secret", 0)

    def find(text: str, start: int, end: int) -> Iterator[Span | None]:
        before = max(0, start - CONTEXT)
        part = text[before : end + REACH]
        for match in compiled.finditer(part):
            first, last = match.span(group)
            if before + match.start() >= end:
                return
            if lets_be is not None and lets_be(part[first:last]):
                continue
            if first >= 0 and before + first >= start:
                yield before + first, before + last

    return find


class PatternGate(NamedTuple):
    """What stands for a pattern in the scan over a batch: it hits wherever the pattern does, or more often."""

    expression: str | Far
    exact: bool
    """Whether the pattern names control characters, which the common form of an event does not tell apart."""


_ATOM = re.compile(
    r"\\Q|\\[pP](?:\{[^}]*\}|.)|\\x\{[^}]*\}|\\x[0-9A-Fa-f]{2}|\\[0-7]{2,3}|\\."
    r"|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|\(\?(?:P?<\w+>|[a-zA-Z-]*:|[a-zA-Z-]+\))|\{[0-9,]+\}|.",
    re.DOTALL,
)
_ASSERTIONS: Final = frozenset({"^", "$", r"\A", r"\z", r"\b", r"\B"})
_REPEATS: Final = ("*", "+", "?", "{")
_ENDLESS: Final = ("*", "+")
_SYNTAX: Final = frozenset("()|*+?{}")
_NAMES_CONTROLS = re.compile(r"\\[xafv0-7]|\\[pP]\{?\^?[CZ]|\[:\^?(?:cntrl|space|print|graph)|[\x00-\x1f]")


def pattern_gate(pattern: str, *, ignore_case: bool) -> PatternGate:
    r"""Take the assertions out of a pattern, and let it pass over the backslash before a quotation mark.

    What is left hits in an encoded batch wherever the pattern hits in a string of it. There the strings of many events
    stand side by side, so `^`, `$` and word boundaries would mean something else, and `"` is written `\"`.
    """
    atoms = _ATOM.findall(pattern)
    flags = "(?i)" if ignore_case else ""
    kept: list[str] = []
    exact = False
    depth = near = 0
    either = False
    for number, atom in enumerate(atoms):
        following = atoms[number + 1] if number + 1 < len(atoms) else ""
        if atom == r"\Q" or (atom in _ASSERTIONS and following.startswith(_REPEATS)):
            return PatternGate("", exact=False)
        if atom not in _ASSERTIONS:
            if not near and depth == 0 and following in _ENDLESS and _takes(atom, " ") and _takes(atom, "e"):
                near = len(kept)
            either = either or (depth == 0 and atom == "|")
            kept.append(rf"(?:\\?{atom})" if _takes(atom, '"') else atom)
            exact = exact or _NAMES_CONTROLS.search(atom) is not None
            depth += (atom == "(" or (atom.startswith("(?") and not atom.endswith(")"))) - (atom == ")")
    whole, first = flags + "".join(kept), flags + "".join(kept[:near])
    # What may go on for ever comes second: see `Far`.
    if near and not either and compile_pattern(first, ignore_case=False).fullmatch("") is None:
        return PatternGate(Far(first, whole), exact)
    return PatternGate(whole, exact)


def _takes(atom: str, char: str) -> bool:
    """Tell whether an atom matches a character."""
    if atom in _SYNTAX or atom.startswith(("(?", "{")) or atom in _ASSERTIONS:
        return False
    return compile_pattern(atom, ignore_case=False).fullmatch(char) is not None
