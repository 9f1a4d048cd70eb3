"""What a rule is: data wherever an expression and a named validator say all of it, and code with the same face."""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import blake2b
from typing import TypeAlias

from mothership.pipeline.redaction.regex_analysis.digit_blind import is_blind
from mothership.pipeline.redaction.regex_analysis.literal_prefixes import beginnings, literals_within
from mothership.pipeline.redaction.regex_analysis.regex_tree import parse
from mothership.pipeline.redaction.rules.stored_prefilters import Derivation, prefilter

Span: TypeAlias = tuple[int, int]
"""Start and end of a secret in a text."""

Finder: TypeAlias = Callable[[str, int, int], Iterator[Span | None]]
"""Given a text and a part of it, find the secrets that begin in that part, from left to right.

None stands for a candidate that was none after all, so that whoever asked can count what it cost.
"""

QUOTE = r"\\*[\"']"
"""A quotation mark, escaped or not, for Python's `re`."""

NO_LINE_END = r"(?!\\{1,4}[nr]|\\{0,4}\"\s?(?:[}\]]|,\s?\\{0,4}\"[\w.@-]{1,40}\\{0,4}\"\s?:))"
"""Neither an escaped line break nor the end of a string in JSON, behind which another name stands."""
IN_LINE = rf"(?:{NO_LINE_END}[^\r\n])"
"""A character of the rest of a line."""
WORD = (
    r"(?:\\{0,3}(?P<quote>[\"'])(?=(?:(?!(?P=quote))[^\r\n\\]){1,256}\\{0,3}(?P=quote))|[\\\"']{0,3})"
    r"(?P<secret>(?(quote)(?:(?!(?P=quote))[^\r\n\\]){1,256}|[^\s\"'\\,;|&<>$`(){}]{3,256}))"
)
"""A secret that is one word of a command or of a configuration, or whatever stands between quotation marks."""

_IMPORTED = re.compile(r"^from (mothership\.pipeline\.redaction\.[\w.]+) import", re.MULTILINE)
PRECEDED_MAX = 40
REACH = 16_384
"""Characters that a secret may go on past the part in which it begins."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """An expression, and what makes sure.

    The expression is for Python's `re` (ASCII), which has lookaround. It is written so that it can't run away: no
    nested repeats that share characters, and every repeat is bounded or ends where its class ends. Its group `secret`,
    or else the whole, is what goes. The prefilter, and the literals that are looked for first, are derived from it.
    """

    expression: str
    valid: Callable[[str], bool] | None = None
    """Tells of the secret alone whether it is one."""
    ignore_case: bool = field(default=False, kw_only=True)
    unicode: bool = field(default=False, kw_only=True)
    """Whether classes and cases are those of all scripts."""
    preceded: str = field(default="", kw_only=True)
    """An expression of what must stand right before the match, of any length up to 40 characters."""
    fits: Callable[[str, int, int], bool] | None = field(default=None, kw_only=True)
    """Tells of the text and the secret's place in it whether it is one, by what stands around."""
    guard: Callable[[str, int], bool] | None = field(default=None, kw_only=True)
    """Told the text and where a match may begin, before the expression is tried: a cheap no."""
    read: Callable[[str, "re.Match[str]", int], Span | None] | None = field(default=None, kw_only=True)
    """Reads on from a match to say which part is the secret, looking no further than to the place it is told."""
    then: tuple[str, int] | None = field(default=None, kw_only=True)
    """A literal that follows in every match at most so many characters from its beginning: none is tried without."""
    back: int = field(default=0, kw_only=True)
    """How many characters before the match, which has looked behind itself, the secret begins: for what has many
    beginnings and few of the signs inside it."""
    secret_has: str = field(default="", kw_only=True)
    """A class of characters of which one stands in every secret that `valid` takes: it tells the prefilter so."""
    parted: bool = field(default=True, kw_only=True)
    """Whether the prefilter asks only for what stands on one side of a long stretch of any characters. Both sides cost
    the automaton of all prefilters more, and pay where neither side alone tells much."""
    prefilter_by_hand: str = field(default="", kw_only=True)
    """Instead of the derived prefilter, only where a benchmark shows that it pays: say which beside it."""

    @property
    def prefilters(self) -> tuple[str, ...]:
        """Expressions of which one matches wherever `find` finds anything."""
        return (self.prefilter_by_hand,) if self.prefilter_by_hand else tuple(map(prefilter, self.derivations))

    @property
    def derivations(self) -> tuple[Derivation, ...]:
        """What the prefilter is derived from, unless there is one by hand."""
        pattern = self.preceded + self.expression
        return (Derivation(pattern, self.ignore_case, self.unicode, self.parted, self.secret_has),)

    def finder(self) -> Finder:
        """Return what finds. It compiles when it is first asked, or told to: of hundreds few ever are."""
        return CompiledWhenAsked(self)

    def facts(self) -> tuple[str, ...]:
        """Return all that decides what is found, for the hash of the rules in force."""
        made_of = (self.valid, self.fits, self.guard, self.read)
        plain = f"{self.ignore_case}{self.unicode}{self.preceded}{self.secret_has}{self.then}{self.back}"
        return (self.expression, plain, *(source_of(each) for each in made_of if each))


@dataclass(frozen=True, slots=True)
class CodeMatcher:
    """A finder in code, where an expression can't say it; and the expressions from which it reads on."""

    find: Finder
    seeds: "tuple[re.Pattern[str], ...]"
    """Wherever the finder finds something, one of these matches in the text."""
    parted: bool = True
    """As in `Matcher`."""

    @property
    def prefilters(self) -> tuple[str, ...]:
        """Expressions of which one matches wherever `find` finds anything."""
        return tuple(map(prefilter, self.derivations))

    @property
    def derivations(self) -> tuple[Derivation, ...]:
        """What the prefilters are derived from."""
        return tuple(Derivation.of_compiled(each, parted=self.parted) for each in self.seeds)

    def finder(self) -> Finder:
        """Return the code."""
        return self.find

    def facts(self) -> tuple[str, ...]:
        """Return all that decides what is found, for the hash of the rules in force."""
        return (*(f"{each.flags}{each.pattern}" for each in self.seeds), source_of(self.find))


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of personal data or secret, its examples, and where the knowledge comes from."""

    name: str
    description: str
    source: str
    matchers: tuple[Matcher | CodeMatcher, ...]
    """Each finds this kind in one of the ways that it is written, with a prefilter of its own."""
    positives: tuple[tuple[str, str], ...]
    """Texts, each with the part that must not survive."""
    negatives: tuple[str, ...]
    """Texts in which nothing may change."""
    default: bool = True
    """Whether it is on when the operator says nothing."""
    numbers: bool = False
    """Whether a JSON number can be one."""
    group: str = ""
    """Name by which the operator can decide about this and other rules at once."""


class CompiledWhenAsked:
    """A matcher's finder. To compile all of them takes half a second, which no start and no command has to wait for."""

    __slots__ = ("_find", "_matcher")

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._find: _Tried | None = None

    def __call__(self, text: str, start: int, end: int) -> Iterator[Span | None]:
        """Find, as a `Finder` does."""
        return (self._find or self.compile())(text, start, end)

    @property
    def is_compiled(self) -> bool:
        """Whether it was asked before, or told to."""
        return self._find is not None

    def compile(self) -> "_Tried":
        """Compile, unless that was done; the same matcher only once."""
        self._find = _finder(self._matcher)
        return self._find

    @property
    def needs(self) -> tuple[str, ...]:
        """Literals in lower case of which one is, in any case, in every text in which it finds anything, or none."""
        return (self._find or self.compile()).needs

    def may_find(self, shape: str) -> bool:
        """Tell whether anything may be found in a text that has other digits where this one has a 0, and is else alike.

        A no is sure. It is what the prefilter, which is made to be quick, can't say.
        """
        return (self._find or self.compile()).may_find(shape)


@cache
def _finder(matcher: Matcher) -> "_Tried":
    flags = (re.NOFLAG if matcher.unicode else re.ASCII) | (re.IGNORECASE if matcher.ignore_case else re.NOFLAG)
    compiled = re.compile(matcher.expression, flags)
    before = re.compile(rf"(?:{matcher.preceded})\Z", flags).search if matcher.preceded else None
    literals: tuple[str, ...] = ()
    if not matcher.back:
        literals = beginnings(matcher.expression, ignore_case=matcher.ignore_case, unicode=matcher.unicode)
    if matcher.read is None and any(len(each) == 1 for each in literals):
        literals = ()  # `re` looks for a single character as fast
    return _AtLiterals(matcher, compiled, literals, before) if literals else _Searching(matcher, compiled, before)


@cache
def source_of(function: Callable[..., object]) -> str:
    """Name a function, with a digest of the module in which it stands and of all of ours that this imports from.

    These hold its code and its words, and that of all it asks.
    """
    module = inspect.getmodule(function)
    if module is None:
        return function.__qualname__
    texts = "\0".join(texts_behind(module.__name__).values())
    return f"{function.__qualname__} {blake2b(texts.encode(), digest_size=16).hexdigest()}"


def texts_behind(name: str) -> dict[str, str]:
    """Return the texts of a module and of those of redaction that it imports from, by name, each once."""
    texts: dict[str, str] = {}
    left = [name]
    while left:
        module = left.pop()
        if module not in texts:
            texts[module] = _text(module)
            left += _IMPORTED.findall(texts[module])
    return dict(sorted(texts.items()))


@cache
def _text(name: str) -> str:
    return inspect.getsource(sys.modules[name])


_Before: TypeAlias = "Callable[[str, int, int], re.Match[str] | None] | None"


class _Tried:
    """A matcher, compiled, and what makes sure of its matches."""

    def __init__(self, matcher: Matcher, compiled: "re.Pattern[str]", before: _Before) -> None:
        self._compiled = compiled
        self._group = compiled.groupindex.get("secret", 0)
        self._before = before
        self._has = re.compile(matcher.secret_has).search if matcher.secret_has else None
        self._matcher = matcher
        self.needs = literals_within(matcher.expression, ignore_case=matcher.ignore_case, unicode=matcher.unicode)

    def __call__(self, text: str, start: int, end: int) -> Iterator[Span | None]:
        """Find the secrets that begin in a part of a text."""
        raise NotImplementedError

    def _matches(self, text: str) -> "Iterator[re.Match[str]]":
        """Yield all matches of the expression that are tried in a whole text."""
        raise NotImplementedError

    def may_find(self, shape: str) -> bool:
        """Tell whether anything may be found in a text of this shape."""
        return not self._is_blind or any(self._may_be_one(shape, match) for match in self._matches(shape))

    @cached_property
    def _is_blind(self) -> bool:
        matcher = self._matcher
        each = (matcher.expression, matcher.preceded)
        return all(is_blind(parse(told, ignore_case=False, unicode=matcher.unicode)[0]) for told in each)

    def _may_be_one(self, shape: str, match: "re.Match[str]") -> bool:
        """Tell whether a match may be made sure of in a text of this shape: in doubt, yes."""
        matcher, at = self._matcher, match.start()
        if self._before and not self._before(shape, max(0, at - PRECEDED_MAX), at):
            return False
        start, end = match.span(self._group)
        start -= matcher.back
        if matcher.read or start < 0 or "0" in shape[start:end]:
            return True  # who reads on sees more of the text, and validators see the digits
        if self._has and not self._has(shape, start, end):
            return False
        return matcher.valid is None or matcher.valid(shape[start:end])

    def _may_begin(self, text: str, at: int) -> bool:
        matcher = self._matcher
        if matcher.then and text.find(matcher.then[0], at, at + matcher.then[1]) < 0:
            return False
        if self._before and not self._before(text, max(0, at - PRECEDED_MAX), at):
            return False
        return matcher.guard is None or matcher.guard(text, at)

    def _made_sure(self, text: str, match: "re.Match[str]", last: int) -> Span | None:
        matcher = self._matcher
        if matcher.read:
            return matcher.read(text, match, last)
        start, end = match.span(self._group)
        start -= matcher.back
        if self._has and not self._has(text, start, end):
            return None
        if matcher.valid and not matcher.valid(text[start:end]):
            return None
        return None if matcher.fits and not matcher.fits(text, start, end) else (start, end)


class _Searching(_Tried):
    """A finder whose expression can begin in too many ways to look for these first."""

    def __call__(self, text: str, start: int, end: int) -> Iterator[Span | None]:
        back, last = self._matcher.back, min(len(text), end + REACH)
        for match in self._compiled.finditer(text, start + back, last):
            if match.start() - back >= end:
                return
            yield self._made_sure(text, match, last) if self._may_begin(text, match.start()) else None

    def _matches(self, text: str) -> "Iterator[re.Match[str]]":
        return self._compiled.finditer(text, self._matcher.back)


class _AtLiterals(_Tried):
    """A finder that looks for the literals with which a match begins, and tries its expression only there."""

    def __init__(
        self, matcher: Matcher, compiled: "re.Pattern[str]", literals: tuple[str, ...], before: _Before
    ) -> None:
        super().__init__(matcher, compiled, before)
        self._literals = literals
        self._longest = max(map(len, literals))

    def __call__(self, text: str, start: int, end: int) -> Iterator[Span | None]:
        last, reads = min(len(text), end + REACH), self._matcher.read is not None
        part = text[start : end + self._longest]
        part = fold_case(part) if self._matcher.ignore_case else part
        for literal in [each for each in self._literals if each in part]:
            stop = end - start + len(literal) - 1
            at = part.find(literal, 0, stop)
            while at >= 0:
                here = start + at
                match = self._compiled.match(text, here, last) if self._may_begin(text, here) else None
                span = self._made_sure(text, match, last) if match else None
                yield span
                at = part.find(literal, span[1] - start if span and reads else at + 1, stop)

    def _matches(self, text: str) -> "Iterator[re.Match[str]]":
        folded = fold_case(text) if self._matcher.ignore_case else text
        for literal in self._literals:
            at = folded.find(literal)
            while at >= 0:
                match = self._compiled.match(text, at)
                if match:
                    yield match
                at = folded.find(literal, at + 1)


_ASCII_LOWER = {upper: upper + 32 for upper in range(65, 91)}


def fold_case(text: str) -> str:
    """Lower the case without moving any character: some letters outside ASCII become two."""
    folded = text.lower()
    return folded if len(folded) == len(text) else text.translate(_ASCII_LOWER)
