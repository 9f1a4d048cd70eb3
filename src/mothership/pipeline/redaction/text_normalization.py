r"""How a text reads to whoever is not fooled by its spelling.

A normalized text has invisible and control characters and terminal colours taken out, digits and letters of other forms
(full-width, mathematical, Arabic) and odd dashes and spaces made plain, and `%40`, `\u0040`, `\x40`, `&#64;`, `=40`
and `\/` decoded. It knows where each of its places lies in the text.
"""

import html
import re
import sys
import unicodedata
from bisect import bisect_right
from typing import NamedTuple

from mothership.errors import TextTooComplex
from mothership.pipeline.redaction.rules.stored_prefilters import Derivation, prefilter

CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd"
"""Characters that nobody sees, and what stands for one that could not be read. UTF-16 read as bytes is full of them."""
INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
_DASHES = "\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
_SPACES = "\u00a0\u2000-\u200a\u202f\u205f\u3000"


def _other_digits() -> str:
    """Return the ranges of decimal digits outside ASCII, as a character class is written."""
    # Ten follow one another from zero to nine, so one in each ten characters tells of them all.
    tenths = filter(str.isdecimal, map(chr, range(130, sys.maxunicode + 1, 10)))
    zeros = [ord(digit) - unicodedata.decimal(digit) for digit in tenths]
    return "".join(f"{chr(zero)}-{chr(zero + 9)}" for zero in zeros)


LOOK_ALIKES = f"{_DASHES}{_SPACES}\uff01-\uff5e\U0001d400-\U0001d7cb{_other_digits()}"
_CODE = r"(?:[2-7][0-9A-Fa-f]|0[9AaDd])"
_FORMS = (
    ("%", _CODE),
    (r"\\", rf"(?:\\{{0,3}}(?:u00|x){_CODE}|/)"),
    ("=", r"40(?=[0-9A-Za-z-]+\.)"),
    ("&", r"(?:lt|gt|quot|apos|commat|amp|#[0-9]{2,3}|#[xX][0-9A-Fa-f]{2});"),
    (r"[\x01\x1b]", r"\[[0-9;]{0,16}m"),
    (f"[{CONTROLS}{INVISIBLE}{LOOK_ALIKES}]", ""),
)
"""How a spelling begins, and goes on."""
_TOKEN = re.compile(
    # Characters that begin none are passed over first, which is much faster than to try every form on each.
    rf"[^\t\n\r -$'-<>-\[\]-~](?:{'|'.join(f'(?<={first}){rest}' for first, rest in _FORMS)})"
)
_SAME = {"\\/": "/", "=40": "@"}
_INVISIBLE = re.compile(f"[{CONTROLS}{INVISIBLE}]")
_DASH = re.compile(f"[{_DASHES}]")

TOKENS_MAX = 5_000
ROUNDS = 2

PREFILTERS = tuple(prefilter(Derivation(first + rest)) for first, rest in _FORMS)
"""One of them matches wherever a normalized text differs from its text."""


class _Piece(NamedTuple):
    plain: int
    plain_end: int
    text: int
    text_end: int


class NormalizedText:
    """A plainer reading of a text."""

    def __init__(self, text: str, inner: "NormalizedText | None" = None) -> None:
        self._inner = inner
        self._pieces: list[_Piece] = []
        shift = 0
        out: list[str] = []
        last = 0
        for match in _TOKEN.finditer(text):
            if len(self._pieces) >= TOKENS_MAX:
                raise TextTooComplex
            start, end = match.span()
            plain = _plain(match[0])
            out += (text[last:start], plain)
            self._pieces.append(_Piece(start + shift, start + shift + len(plain), start, end))
            shift += len(plain) - (end - start)
            last = end
        out.append(text[last:])
        self.text = "".join(out)
        self._starts = [piece.plain for piece in self._pieces]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a span of it lies in the text."""
        first, last = self._scope(start), self._scope(end - 1, behind=True)
        return self._inner.span(first, last) if self._inner else (first, last)

    def _scope(self, at: int, *, behind: bool = False) -> int:
        number = bisect_right(self._starts, at) - 1
        if number < 0:
            return at + behind
        piece = self._pieces[number]
        if at < piece.plain_end:
            return piece.text_end if behind else piece.text
        return piece.text_end + at - piece.plain_end + behind


def normalized_texts(text: str) -> list[NormalizedText]:
    """Return the readings of a text that differ from it: decoded once, and again when that leaves more to decode."""
    found: list[NormalizedText] = []
    while len(found) < ROUNDS and _TOKEN.search(text):
        plain = NormalizedText(text, found[-1] if found else None)
        if plain.text == text:
            break
        found.append(plain)
        text = plain.text
    return found


def _plain(token: str) -> str:
    if (token[0] in "\x01\x1b" and len(token) > 1) or token in _SAME:
        return _SAME.get(token, "")
    if token[0] == "&":
        return html.unescape(token)
    if token[0] in "%\\" and len(token) > 1:
        char = chr(int(token[-2:], 16))
        return char if char.isascii() and (char.isprintable() or char in "\r\n\t") else token
    if _INVISIBLE.match(token) or _DASH.match(token):
        return "-" if _DASH.match(token) else ""
    plain = unicodedata.normalize("NFKC", token)
    if len(plain) == 1:
        digit = unicodedata.decimal(plain, None)
        return str(digit) if digit is not None else plain
    return token
