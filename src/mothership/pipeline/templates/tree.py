"""Drain's idea, compact: messages that differ only in their parameters share one template.

    message ──mask──▶ tokens ──by length and first known word──▶ leaf ──most similar──▶ template

Masking takes out what is a parameter by its look (anything with a digit, values after `=`, names of months and
days), so that most lines have their final template at once. What still varies between the lines of one template
(host names, paths, unknown words) becomes a placeholder when the second variant arrives. Templates only ever become
more general, and two that differ in words of technical English stay two: `Accepted password` is not `Failed password`.

Everything is bounded: the tokens of a message, the templates of a leaf (and so the work for a line), the leaves of
a length, the templates of the tree (one that was not seen since the last time round goes first).
"""

import math
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import NamedTuple

from mothership.pipeline.templates.words import PLACEHOLDER, known_words, says_something

_DATE = re.compile(
    r"(?<![A-Za-z])(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(?![A-Za-z])"
)
_VALUE = re.compile(r"=[^\s=,;()\[\]{}]++")
# A run between separators that holds a digit. Possessive, and tried only where a run begins: linear on any input.
_DIGITS = re.compile(r"(?<![^\s=,;()\[\]{}\"'<>|])[^\s\d=,;()\[\]{}\"'<>|]*+\d[^\s=,;()\[\]{}\"'<>|]*+")
# Every digit alike: masking looks only at whether there is one, so messages equal after this have one template.
_ALIKE = bytes.maketrans(b"123456789", b"000000000")
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


def named(text: str) -> Template:
    """Give a template's text its id."""
    return Template(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest(), text)


class _Group:
    """The messages of one template, which may become more general."""

    __slots__ = ("leaf", "seen", "template", "tokens")

    def __init__(self, tokens: list[str], leaf: tuple[int, str]) -> None:
        self.tokens = tokens
        self.leaf = leaf
        self.seen = False
        self.template = named(" ".join(tokens))


class _Masked(dict[str, str]):
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
        self._memory_max = 2 * templates_max
        self._words = known_words()
        self._masked = _Masked(self._memory_max)
        self._known: dict[str, bool] = {}
        self._by_digits: dict[bytes, _Group] = {}
        self._by_text: dict[str, _Group] = {}
        self._leaves: dict[tuple[int, str], list[_Group]] = {}
        self._firsts: dict[int, set[str]] = {}
        self._groups: OrderedDict[int, _Group] = OrderedDict()
        self.changes = 0
        """How often a template was added or became more general."""

    def __len__(self) -> int:
        return len(self._groups)

    def texts(self) -> Iterator[str]:
        """Every template's text, the first to be forgotten first."""
        return (group.template.text for group in self._groups.values())

    def learn(self, texts: Iterable[str]) -> None:
        """Take templates over that another tree has learnt."""
        for text in texts:
            tokens = text.split()
            if tokens and len(tokens) <= _TOKENS_MAX and text not in self._by_text:
                self._by_text[text] = self._add(_Group(tokens, self._leaf(tokens)))

    def template(self, message: str) -> Template:
        """Tell a message's template as it is now."""
        key = message.encode("utf-8", "surrogatepass").translate(_ALIKE)
        group = self._by_digits.get(key)
        if group is None:
            group = self._group(self._constant(key.decode("utf-8", "surrogatepass")))
            if len(self._by_digits) >= self._memory_max:
                self._by_digits.clear()
            self._by_digits[key] = group
        group.seen = True
        return group.template

    def _group(self, text: str) -> _Group:
        group = self._by_text.get(text)
        if group is None:
            group = self._search(text.split())
            if len(self._by_text) >= self._memory_max:
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

    def _search(self, tokens: list[str]) -> _Group:
        """Find the most similar group of the leaf, or make one."""
        leaf = self._leaf(tokens)
        best, score = None, math.ceil(self._similarity * len(tokens)) - 1
        for group in self._leaves.get(leaf, ()):
            equal = sum(map(str.__eq__, group.tokens, tokens))
            if equal > score and not self._say_different_things(group.tokens, tokens):
                best, score = group, equal
        if best is not None:
            if score < len(tokens):
                best.tokens = [
                    one if one == other else PLACEHOLDER for one, other in zip(best.tokens, tokens, strict=True)
                ]
                best.template = named(" ".join(best.tokens))
                self.changes += 1
            return best
        return self._add(_Group(tokens, leaf))

    def _add(self, group: _Group) -> _Group:
        neighbours = self._leaves.get(group.leaf, [])
        if len(neighbours) >= _LEAF_TEMPLATES_MAX:
            self._forget(next((one for one in neighbours if not one.seen), neighbours[0]))
        elif len(self._groups) >= self._templates_max:
            self._forget(self._unseen())
        self._leaves.setdefault(group.leaf, []).append(group)
        self._firsts.setdefault(group.leaf[0], set()).add(group.leaf[1])
        self._groups[id(group)] = group
        self.changes += 1
        return group

    def _unseen(self) -> _Group:
        """The first group that was not seen since it was last passed over (the clock algorithm)."""
        while True:
            key, group = next(iter(self._groups.items()))
            if not group.seen:
                return group
            group.seen = False
            self._groups.move_to_end(key)

    def _forget(self, group: _Group) -> None:
        groups = self._leaves[group.leaf]
        groups.remove(group)
        del self._groups[id(group)]
        if not groups:
            del self._leaves[group.leaf]
            self._firsts[group.leaf[0]].discard(group.leaf[1])

    def _say_different_things(self, one: list[str], other: list[str]) -> bool:
        """Do two lists of tokens differ in a known word? Names of accounts are parameters, although they are words."""
        for mine, theirs in zip(one, other, strict=True):
            if mine != theirs and self._is_known(mine) and self._is_known(theirs):
                return True
        return False

    def _is_known(self, token: str) -> bool:
        known = self._known.get(token)
        if known is None:
            known = token.lower() not in _ACCOUNTS and says_something(token, self._words)
            if len(self._known) >= self._memory_max:
                self._known.clear()
            self._known[token] = known
        return known

    def _leaf(self, tokens: list[str]) -> tuple[int, str]:
        """Length and first known word: lines which begin with a time and a host name don't all meet in one leaf."""
        length = len(tokens)
        constant = [token for token in tokens if PLACEHOLDER not in token]
        first = next(filter(self._is_known, constant), constant[0] if constant else PLACEHOLDER)
        firsts = self._firsts.get(length, ())
        full = len(firsts) >= _LEAVES_OF_A_LENGTH_MAX and first not in firsts
        return length, PLACEHOLDER if full else first
