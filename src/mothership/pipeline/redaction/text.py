"""Redaction of one text: spans are collected from all rules and readings, merged, then replaced."""

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, TypeAlias

from mothership.errors import TextTooComplex
from mothership.pipeline.redaction.automata import Hits
from mothership.pipeline.redaction.json_text import JsonText, json_text
from mothership.pipeline.redaction.propagation import NAME as PROPAGATED
from mothership.pipeline.redaction.pseudonyms import Pseudonyms
from mothership.pipeline.redaction.rules import BUILTIN, REACH, Finder, Span
from mothership.pipeline.redaction.settings import Action
from mothership.pipeline.redaction.text_normalization import normalized_texts

WINDOW = 16_384
WINDOW_OVERLAP = 512
CANDIDATES_PER_SPAN_MAX = 2
ROUNDS = 4
EXCESS = "excess"
UNSAFE = "unsafe"
REPEATED_MAX = 16
"""Of what was found in a text, so much is looked for in the rest of it."""
_REPEATED = re.compile(r"(?=\D*\d)(?=[^A-Za-z]*[A-Za-z])\S{8,256}")
PEOPLE = frozenset({"email", "login_name"})
"""Rules that find who somebody is by a name that is written in any case."""
OBFUSCATED = "obfuscated"


@dataclass(frozen=True, slots=True)
class FieldScope:
    """Where a rule looks: below these names or paths, and not below those."""

    names: frozenset[str] = frozenset()
    paths: tuple[tuple[str, ...], ...] = ()

    def holds(self, path: Sequence[str]) -> bool:
        """Tell whether a folded path lies below one of the names or paths."""
        return not self.names.isdisjoint(path) or any(tuple(path[: len(each)]) == each for each in self.paths)

    @property
    def is_empty(self) -> bool:
        """Whether it names no place."""
        return not (self.names or self.paths)


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """A rule, built-in or the operator's, with what was decided about it."""

    name: str
    find: Finder
    action: Action
    keep_last: int
    rank: int
    """Which rule names a place where several hit: the lowest."""
    part: int = 0
    """Of a rule whose finders have prefilters of their own, which."""
    numbers: bool = False
    prefilters: tuple[str, ...] = ()
    """Expressions of which one matches wherever it finds anything."""
    only: FieldScope = field(default_factory=FieldScope)
    never: FieldScope = field(default_factory=FieldScope)

    @property
    def is_scoped(self) -> bool:
        """Whether there are fields that it does not look at."""
        return not (self.only.is_empty and self.never.is_empty)

    @property
    def owner(self) -> str:
        """The name by which its prefilters are known to the scan."""
        return f"{self.rank}.{self.part}" if self.part else str(self.rank)

    def looks_at(self, path: Sequence[str]) -> bool:
        """Tell whether the rule looks below a folded path."""
        return (self.only.is_empty or self.only.holds(path)) and not self.never.holds(path)


class Hit(NamedTuple):
    """A place that goes."""

    start: int
    end: int
    rule: ActiveRule


Prefilter: TypeAlias = Callable[[str], Hits]
"""Tells which rules may find something in a text."""


class TextRedactor:
    """Takes the secrets out of texts. Doing it twice changes nothing more."""

    def __init__(
        self,
        rules: Iterable[ActiveRule],
        prefilter: Prefilter,
        pseudonyms: Pseudonyms,
        *,
        mask_char: str,
        mask_length: int,
        spans_max: int,
    ) -> None:
        self.rules = {rule.owner: rule for rule in rules}
        self._prefilter = prefilter
        self._pseudonyms = pseudonyms
        self._mask_char = mask_char
        self._mask_length = mask_length
        self._spans_max = spans_max
        self.owners: Hits = frozenset((*self.rules, OBFUSCATED))
        """All that the prefilter may say of rules."""
        names = (
            {rule.name for rule in BUILTIN} | {rule.name for rule in self.rules.values()} | {EXCESS, UNSAFE, PROPAGATED}
        )
        self._marker = re.compile(rf"\[REDACTED:(?:{'|'.join(map(re.escape, sorted(names)))})\]|{pseudonyms.pattern}")

    def redact(self, text: str, hits: Hits, allowed: Collection[str], before: int = 0) -> tuple[str | None, list[Hit]]:
        """Return the text without its secrets, or None when the field is to be dropped, and what was found first.

        `hits` are what the prefilter says of the text; of a long one it is asked part by part in any case. So much of
        its beginning as stands before what is redacted is read and stays.
        """
        try:
            return self._redact(text, hits, allowed, before)
        except TextTooComplex:
            return f"{text[:before]}[REDACTED:{EXCESS}]", [Hit(before, len(text), _EXCESS_RULE)]

    def _redact(self, text: str, hits: Hits, allowed: Collection[str], before: int) -> tuple[str | None, list[Hit]]:
        first: list[Hit] = []
        for _ in range(ROUNDS):
            found = self._find(text, hits, allowed)
            if before:
                found = [hit._replace(start=max(hit.start, before)) for hit in found if hit.end > before]
            first = first or found
            if any(hit.rule.action == "drop" for hit in found):
                return None, first
            redacted = self._replaced(text, found, json_text(text) if found else None)
            if redacted == text:
                return text, first
            text, hits = redacted, self.hits(redacted)
            if not hits:
                return text, first
        raise TextTooComplex

    def hits(self, text: str) -> Hits:
        """Return what the prefilter says of a text; of a long one all that it might say."""
        return self._prefilter(text) & self.owners if len(text) <= WINDOW else self.owners

    def _find(self, text: str, hits: Hits, allowed: Collection[str]) -> list[Hit]:
        return _merged(self._found(text, hits, allowed))

    def _found(self, text: str, hits: Hits, allowed: Collection[str]) -> list[Hit]:
        found: list[Hit] = []
        for start, end in self._collect(text, hits, allowed, found):
            found += self._find_read_otherwise(text, start, end, allowed)
        if not found:
            return found
        found += _repeated(text, found)
        marked = [match.span() for match in self._marker.finditer(text)] if "[R" in text or "hash:" in text else []
        return _outside(found, marked) if marked else found

    def _find_read_otherwise(self, text: str, start: int, end: int, allowed: Collection[str]) -> Iterator[Hit]:
        """Yield what the other readings of a part hold, and of what is around it as far as a secret may reach."""
        first, last = max(0, start - REACH), min(len(text), end + REACH)
        # What only the cut makes look like something is right beside it.
        least = first + WINDOW_OVERLAP if first else 0
        most = last - WINDOW_OVERLAP if last < len(text) else last
        for plain_text in normalized_texts(text[first:last]):
            plain: list[Hit] = []
            self._collect(plain_text.text, self.hits(plain_text.text), allowed, plain)
            for hit in plain:
                begin, stop = plain_text.span(hit.start, hit.end)
                if least <= first + begin < most:
                    yield Hit(first + begin, first + stop, hit.rule)

    def _collect(self, text: str, hits: Hits, allowed: Collection[str], found: list[Hit]) -> list[Span]:
        """Find the secrets in a text, and return the parts of it that are oddly spelled."""
        left = dict.fromkeys(hits & self.rules.keys(), self._spans_max * CANDIDATES_PER_SPAN_MAX)
        if len(text) <= WINDOW:
            self._collect_part(text, 0, len(text), hits, allowed, found, left)
            return [(0, len(text))] if OBFUSCATED in hits else []
        # Part by part, so that a text made to hurt is given up long before its end.
        odd: list[Span] = []
        for start in range(0, len(text), WINDOW):
            end = min(start + WINDOW, len(text))
            # What only the cut makes look like something is in no event's hits.
            here = self._prefilter(text[max(0, start - WINDOW_OVERLAP) : end + REACH]) & hits
            known = len(found)
            self._collect_part(text, start, end, here, allowed, found, left)
            if OBFUSCATED in here:
                odd.append((odd.pop()[0], end) if odd and odd[-1][1] == start else (start, end))
            if any(hit.end == len(text) for hit in found[known:]):
                break  # everything that follows goes
        return odd

    def _collect_part(
        self,
        text: str,
        start: int,
        end: int,
        hits: Hits,
        allowed: Collection[str],
        found: list[Hit],
        left: dict[str, int],
    ) -> None:
        """Find the secrets that begin in a part of a text; `left` counts the candidates each rule still has."""
        for name in hits:
            if name not in allowed:
                continue
            rule = self.rules[name]
            candidates = left[name]
            for span in rule.find(text, start, end):
                candidates -= 1
                if span is not None and span[1] > span[0]:
                    found.append(Hit(span[0], span[1], rule))
                    if end + REACH <= span[1] < len(text):
                        raise TextTooComplex  # longer than anything that is looked at as one
                if candidates < 0 or len(found) > self._spans_max:
                    raise TextTooComplex
            left[name] = candidates

    def _replaced(self, text: str, hits: list[Hit], document: JsonText | None) -> str:
        out: list[str] = []
        last = 0
        for hit in hits:
            inside = document.within(hit.start, hit.end) if document else [(*_unescaped(text, hit), False)]
            for start, end, quoted in inside:
                if start < last:
                    continue  # the value that the hit before has taken whole
                instead = self.replacement(hit.rule, text[start:end])
                out += (text[last:start], f'"{instead}"' if quoted else instead)
                last = end
        out.append(text[last:])
        return "".join(out)

    def replacement(self, rule: ActiveRule, secret: str) -> str:
        """Return what stands in a secret's place."""
        if rule.action == "mask":
            return self._mask_char * (self._mask_length or len(secret))
        if rule.action == "hash":
            return self._pseudonyms.of(secret, person=rule.name in PEOPLE)
        if rule.action == "keep_last":
            kept = secret[-rule.keep_last :] if len(secret) >= 2 * rule.keep_last else ""
            return self._mask_char * (self._mask_length or len(secret) - len(kept)) + kept
        return f"[REDACTED:{rule.name}]"


def _unescaped(text: str, hit: Hit) -> Span:
    r"""Return the place of a hit without the backslash of a quotation mark that stands behind it: `\"`."""
    start, end = hit.start, hit.end
    if text[end : end + 1] in {'"', "'"} and text[end - 1] == "\\":
        end = len(text[:end].rstrip("\\")) if end - start > 1 else end
    return start, max(start + 1, end)


def _nothing(_text: str, _start: int, _end: int) -> Iterator[Span | None]:
    return iter(())


_EXCESS_RULE = ActiveRule(name=EXCESS, find=_nothing, action="replace", keep_last=4, rank=-1)


def _repeated(text: str, hits: Iterable[Hit]) -> Iterator[Hit]:
    """Yield where what was found stands once more, by itself: `dipPr12x! ID:bob Password:dipPr12x!`."""
    if len(text) > WINDOW:
        return
    known: dict[str, ActiveRule] = {}
    for hit in hits:
        secret = text[hit.start : hit.end]
        if _REPEATED.fullmatch(secret):
            known.setdefault(secret, hit.rule)
    for secret, rule in islice(known.items(), REPEATED_MAX):
        at = text.find(secret)
        while at >= 0:
            end = at + len(secret)
            if not (text[at - 1 : at].isalnum() or text[end : end + 1].isalnum()):
                yield Hit(at, end, rule)
            at = text.find(secret, end)


def _outside(hits: list[Hit], marked: list[Span]) -> list[Hit]:
    """Return the hits that lie within none of these places, which follow one another."""
    starts = [start for start, _ in marked]

    def inside(hit: Hit) -> bool:
        before = bisect_right(starts, hit.start)
        return before > 0 and hit.end <= marked[before - 1][1]

    return [hit for hit in hits if not inside(hit)]


def _merged(hits: list[Hit]) -> list[Hit]:
    """Join overlapping hits; the longest of them names the whole, of equals the rule with the lowest rank."""
    if len(hits) < 2:  # noqa: PLR2004 - one hit has nothing to merge with
        return hits
    hits.sort(key=lambda hit: (hit.start, -hit.end, hit.rule.rank))
    merged: list[Hit] = []
    best = 0
    for hit in hits:
        if not merged or hit.start >= merged[-1].end:
            merged.append(hit)
            best = hit.end - hit.start
            continue
        length = hit.end - hit.start
        rule = hit.rule if length > best else merged[-1].rule
        best = max(best, length)
        merged[-1] = Hit(merged[-1].start, max(hit.end, merged[-1].end), rule)
    return merged
