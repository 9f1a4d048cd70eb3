"""Drain's idea, compact: messages that differ only in their parameters share one template.

    message ──mask──▶ tokens ──by length and first known word──▶ leaf ──most similar──▶ template

Masking takes out what is a parameter by its look (anything with a digit, values after `=`, names of months and
days), so that most lines have their final template at once. What still varies between the lines of one template
(host names, paths, unknown words) becomes a placeholder when the second variant arrives. Templates only ever become
more general, and two that differ in words of technical English stay two: `Accepted password` is not `Failed password`.

Everything is bounded: the tokens of a message, the templates of a leaf (and so the work for a line), the leaves of
a length, the templates of the tree. Where a bound is reached, whoever brought most there gives way first, and of theirs
one that was not seen since the last time round: one caller's junk costs the others no template.

Not the library drain3 (0.9.11): it takes seven times the processor time a line (9.1 µs for 1.3 µs, over 65,649 lines of
the sample), makes one template of `session opened` and `session closed`, and knows no callers.
"""

import math
import re
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from mothership.pipeline.templates.vocabulary import PLACEHOLDER, is_known_text, technical_words

_DATE = re.compile(
    r"(?<![A-Za-z])(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(?![A-Za-z])"
)
_VALUE = re.compile(r"=[^\s=,;()\[\]{}]++")
# A run between separators that holds a digit. Possessive, and tried only where a run begins: linear on any input.
_DIGITS = re.compile(r"(?<![^\s=,;()\[\]{}\"'<>|])[^\s\d=,;()\[\]{}\"'<>|]*+\d[^\s=,;()\[\]{}\"'<>|]*+")
# Every digit alike: masking looks only at whether there is one, so messages equal after this have one template.
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_TWO = f" {PLACEHOLDER} {PLACEHOLDER} "
_TOKENS_MAX = 100
_TOKEN_CHARS_MAX = 64
_ACCOUNTS = frozenset(
    ["root", "admin", "administrator", "guest", "test", "user", "oracle", "mysql", "postgres", "git", "ftp"]
)
_LEAVES_OF_A_LENGTH_MAX = 200
_LEAF_TEMPLATES_MAX = 64


class Template(NamedTuple):
    """What a group of messages has in common."""

    id: str
    """16 hexadecimal digits of the text's hash: equal wherever and whenever the text is equal."""
    text: str
    """Constant words with `<*>` for each run of parameters."""


def template_of_text(text: str) -> Template:
    """Give a template's text its id."""
    return Template(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest(), text)


class _Group:
    """The messages of one template, which may become more general."""

    __slots__ = ("leaf", "owner", "seen", "template", "tokens")

    def __init__(self, tokens: list[str], leaf: tuple[int, str], owner: str) -> None:
        self.tokens = tokens
        self.leaf = leaf
        self.owner = owner
        """Who brought its first message."""
        self.seen = False
        self.template = template_of_text(" ".join(tokens))


class _MaskedWords(dict[str, str]):
    """Words without their parameters. One that is met again, as most are, costs no Python."""

    def __init__(self, words_max: int) -> None:
        super().__init__()
        self._words_max = words_max

    def __missing__(self, word: str) -> str:
        if len(word) > _TOKEN_CHARS_MAX:
            return PLACEHOLDER
        token = PLACEHOLDER
        if not _DIGITS.fullmatch(word):
            token = _VALUE.sub("=" + PLACEHOLDER, word) if "=" in word else word
            token = _DATE.sub(PLACEHOLDER, _DIGITS.sub(PLACEHOLDER, token))
        if len(self) >= self._words_max:
            self.clear()
        self[word] = token
        return token


class TemplateTree:
    """Finds the template of a message and learns from it."""

    def __init__(self, *, similarity: float, templates_max: int) -> None:
        self._similarity = similarity
        self._templates_max = templates_max
        self._cache_max = 2 * templates_max
        self._words = technical_words()
        self._masked = _MaskedWords(self._cache_max)
        self._is_known = lru_cache(maxsize=self._cache_max)(self._is_technical_word)
        self._by_digits: dict[bytes, _Group] = {}
        self._by_text: dict[str, _Group] = {}
        self._leaves: dict[tuple[int, str], list[_Group]] = {}
        self._firsts: dict[int, dict[str, str]] = {}
        """The first words of each length that have a leaf, and who brought each."""
        self._groups: dict[str, OrderedDict[int, _Group]] = {}
        """By who brought them."""
        self._size = 0
        self.changes = 0
        """How often a template was added or became more general."""

    @property
    def count(self) -> int:
        """How many templates are known."""
        return self._size

    def texts(self) -> Iterator[tuple[str, str]]:
        """Every template's text and who brought it, the first of each to be forgotten first."""
        return ((group.template.text, owner) for owner, groups in self._groups.items() for group in groups.values())

    def learn(self, texts: Iterable[tuple[str, str]]) -> None:
        """Take templates over that another tree has learnt."""
        for text, owner in texts:
            tokens = text.split()
            if tokens and len(tokens) <= _TOKENS_MAX and text not in self._by_text:
                self._by_text[text] = self._add(tokens, owner)

    def template(self, message: str, owner: str = "") -> Template:
        """Tell a message's template as it is now; `owner` brought the message."""
        key = message.encode("utf-8", "surrogatepass").translate(_DIGITS_ALIKE)
        group = self._by_digits.get(key)
        if group is None:
            group = self._group(self._constant(key.decode("utf-8", "surrogatepass")), owner)
            if len(self._by_digits) >= self._cache_max:
                self._by_digits.clear()
            self._by_digits[key] = group
        group.seen = True
        return group.template

    def _group(self, text: str, owner: str) -> _Group:
        group = self._by_text.get(text)
        if group is None:
            group = self._search(text.split(), owner)
            if len(self._by_text) >= self._cache_max:
                self._by_text.clear()
            self._by_text[text] = group
        return group

    def _constant(self, message: str) -> str:
        """Mask every word, with one placeholder for a run of them."""
        words = message.split(None, _TOKENS_MAX)[:_TOKENS_MAX]
        # With a space at both ends a placeholder is a whole word.
        text = f" {' '.join(map(self._masked.__getitem__, words))} "
        while _TWO in text:
            text = text.replace(_TWO, f" {PLACEHOLDER} ")
        return text[1:-1]

    def _search(self, tokens: list[str], owner: str) -> _Group:
        """Find the most similar group of the leaf, or make one."""
        leaf = self._leaf(tokens)
        best, score = None, math.ceil(self._similarity * len(tokens)) - 1
        for group in self._leaves.get(leaf, ()):
            equal = sum(map(str.__eq__, group.tokens, tokens))
            if equal > score and not self._differ_in_known_word(group.tokens, tokens):
                best, score = group, equal
        if best is not None:
            if score < len(tokens):
                best.tokens = [
                    one if one == other else PLACEHOLDER for one, other in zip(best.tokens, tokens, strict=True)
                ]
                best.template = template_of_text(" ".join(best.tokens))
                self.changes += 1
            return best
        return self._add(tokens, owner)

    def _add(self, tokens: list[str], owner: str) -> _Group:
        leaf = self._leaf_for(tokens, owner)
        neighbours = self._leaves.get(leaf, [])
        if len(neighbours) >= _LEAF_TEMPLATES_MAX:
            most = _most(one.owner for one in neighbours)
            theirs = [one for one in neighbours if one.owner == most]
            self._forget(next((one for one in theirs if not one.seen), theirs[0]))
        elif self._size >= self._templates_max:
            self._forget(self._unseen(max(self._groups.values(), key=len)))
        group = _Group(tokens, leaf, owner)
        self._leaves.setdefault(leaf, []).append(group)
        self._firsts.setdefault(leaf[0], {}).setdefault(leaf[1], owner)
        self._groups.setdefault(owner, OrderedDict())[id(group)] = group
        self._size += 1
        self.changes += 1
        return group

    def _unseen(self, groups: OrderedDict[int, _Group]) -> _Group:
        """The first group that was not seen since it was last passed over (the clock algorithm)."""
        while True:
            key, group = next(iter(groups.items()))
            if not group.seen:
                return group
            group.seen = False
            groups.move_to_end(key)

    def _forget(self, group: _Group) -> None:
        neighbours, groups = self._leaves[group.leaf], self._groups[group.owner]
        neighbours.remove(group)
        del groups[id(group)]
        self._size -= 1
        if not groups:
            del self._groups[group.owner]
        if not neighbours:
            del self._leaves[group.leaf]
            del self._firsts[group.leaf[0]][group.leaf[1]]

    def _leaf_for(self, tokens: list[str], owner: str) -> tuple[int, str]:
        """The leaf of a new template. Where there is none left, whoever has most of this length gives one up."""
        length, first = self._first(tokens)
        firsts = self._firsts.get(length, {})
        if first not in firsts and len(firsts) >= _LEAVES_OF_A_LENGTH_MAX:
            most = _most(firsts.values())
            theirs = [word for word, brought in firsts.items() if brought == most and word != PLACEHOLDER]
            if most == owner or not theirs:
                return length, PLACEHOLDER
            for group in list(self._leaves[length, theirs[-1]]):
                self._forget(group)
        return length, first

    def _differ_in_known_word(self, one: list[str], other: list[str]) -> bool:
        """Do two lists of tokens differ in a known word? Names of accounts are parameters, although they are words."""
        for mine, theirs in zip(one, other, strict=True):
            if mine != theirs and self._is_known(mine) and self._is_known(theirs):
                return True
        return False

    def _is_technical_word(self, token: str) -> bool:
        return token.lower() not in _ACCOUNTS and is_known_text(token, self._words)

    def _leaf(self, tokens: list[str]) -> tuple[int, str]:
        """Where a message's template is looked for."""
        length, first = self._first(tokens)
        firsts = self._firsts.get(length, ())
        full = len(firsts) >= _LEAVES_OF_A_LENGTH_MAX and first not in firsts
        return length, PLACEHOLDER if full else first

    def _first(self, tokens: list[str]) -> tuple[int, str]:
        """Length and first known word: lines which begin with a time and a host name don't all meet in one leaf."""
        constant = [token for token in tokens if PLACEHOLDER not in token]
        return len(tokens), next(filter(self._is_known, constant), constant[0] if constant else PLACEHOLDER)


def _most(owners: Iterable[str]) -> str:
    """Who is there most often."""
    return Counter(owners).most_common(1)[0][0]
