"""What a rule is."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

Span: TypeAlias = tuple[int, int]
"""Start and end of a secret in a text."""

Finder: TypeAlias = Callable[[str, int, int], Iterator[Span | None]]
"""Given a text and a part of it, find the secrets that begin in that part, from left to right.

None stands for a candidate that was none after all, so that whoever asked can count what it cost.
"""

QUOTE = r"\\*[\"']"
"""A quotation mark, escaped or not, for Python's `re`."""

WORD = r"[\\\"']{0,3}(?P<secret>[^\s\"'\\,;|&<>$`(){}]{3,256})"
"""A secret that is one word of a command or of a configuration, quoted or not."""

REACH = 16_384
"""Characters that a secret may go on past the part in which it begins."""


class Far(NamedTuple):
    """A gate in two steps: the scan looks for the first expression, and for the whole only where that is.

    In one automaton, an expression with a long way between its parts would double its states from its first part on:
    twenty such expressions, and a text that has met them all is in none of the states known from any other text.
    """

    first: str
    whole: str
    """Wherever it matches, the first does."""


def far(first: str, then: str) -> Far:
    """Make a gate of two parts that may lie far apart. Flags at the first part's beginning hold in both."""
    return Far(first, f"{first}(?:{then})")


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of personal data or secret, its examples, and where the knowledge comes from."""

    name: str
    description: str
    source: str
    gates: tuple[str | Far, ...]
    """Cheap RE2 expressions over compact JSON without escapes but `\\"`: one of them matches wherever `find` finds
    anything, the text standing between `"` and its own quotation marks being `\\"`. Each is short, has no anchors and
    no big repeat counts, so that the automaton of all of them stays small."""
    find: Finder
    positives: tuple[tuple[str, str], ...]
    """Texts, each with the part that must not survive."""
    negatives: tuple[str, ...]
    """Texts in which nothing may change."""
    default: bool = True
    """Whether it is on when the operator says nothing."""
    numbers: bool = False
    """Whether a JSON number can be one."""
    more: tuple[tuple[tuple[str | Far, ...], Finder], ...] = ()
    """Further gates with finders of their own, which are asked only where these gates hit."""


def matcher(
    pattern: str,
    valid: Callable[[str], bool] | None = None,
    *,
    ignore_case: bool = False,
    before: tuple[str, ...] = (),
    then: tuple[str, int] | None = None,
    back: int = 0,
) -> Finder:
    """Make a finder from an expression whose group `secret` (or else the whole) is what must go.

    The built-in expressions are for Python's `re`, which has lookaround; each is written so that it can't run away:
    no nested repeats that share characters, and every repeat is bounded or ends where its class ends.
    `before` names literals, in lower case, with which a match begins: they are looked for first, which is much faster.
    `then` names a literal that follows in every match at most so many characters from its beginning, likewise.
    `back` says how many characters before the match, which has looked behind itself, the secret begins: for what has
    many beginnings and few of the signs inside it.
    """
    compiled = re.compile(pattern, re.ASCII | (re.IGNORECASE if ignore_case else re.NOFLAG))
    group = compiled.groupindex.get("secret", 0)

    def find(text: str, start: int, end: int) -> Iterator[Span | None]:
        for match in compiled.finditer(text, start + back, min(len(text), end + REACH)):
            first, last = match.span(group)
            first -= back
            if match.start() - back >= end:
                return
            yield (first, last) if valid is None or valid(text[first:last]) else None

    return _AtLiterals(compiled, group, valid, before, then, ignore_case=ignore_case) if before else find


class _AtLiterals:
    """A finder that looks for literals first, and tries its expression only there."""

    def __init__(
        self,
        compiled: "re.Pattern[str]",
        group: int,
        valid: Callable[[str], bool] | None,
        before: tuple[str, ...],
        then: tuple[str, int] | None,
        *,
        ignore_case: bool,
    ) -> None:
        self._match = compiled.match
        self._group = group
        self._valid = valid
        self._then, self._reach = then or ("", 0)
        self.before = before
        self.ignore_case = ignore_case
        self.longest = max(map(len, before))

    def __call__(self, text: str, start: int, end: int) -> Iterator[Span | None]:
        part = text[start : end + self.longest]
        return self.among(self.before, text, fold_case(part) if self.ignore_case else part, start, end)

    def among(self, literals: Iterable[str], text: str, part: str, start: int, end: int) -> Iterator[Span | None]:
        """Find where one of these literals begins a match; `part` is the part of the text in question, case folded."""
        last = min(len(text), end + REACH)
        group, valid = self._group, self._valid
        for literal in literals:
            stop = end - start + len(literal) - 1
            at = part.find(literal, 0, stop)
            while at >= 0:
                here = start + at
                near = not self._then or text.find(self._then, here, here + self._reach) >= 0
                match = self._match(text, here, last) if near else None
                yield match.span(group) if match and (valid is None or valid(match[group])) else None
                at = part.find(literal, at + 1, stop)


def either(*finders: Finder) -> Finder:
    """Make one finder of several. Those that begin with literals share one look at which of these are there."""
    literal = [each for each in finders if isinstance(each, _AtLiterals)]
    others = [each for each in finders if not isinstance(each, _AtLiterals)]
    longest = max((each.longest for each in literal), default=0)

    def find(text: str, start: int, end: int) -> Iterator[Span | None]:
        for other in others:
            yield from other(text, start, end)
        part = text[start : end + longest]
        folded = ""
        for each in literal:
            if each.ignore_case:
                where = folded = folded or fold_case(part)
            else:
                where = part
            there = [known for known in each.before if known in where]
            if there:
                yield from each.among(there, text, where, start, end)

    return find


_ASCII_LOWER = {upper: upper + 32 for upper in range(65, 91)}


def fold_case(text: str) -> str:
    """Lower the case without moving any character: some letters outside ASCII become two."""
    folded = text.lower()
    return folded if len(folded) == len(text) else text.translate(_ASCII_LOWER)
