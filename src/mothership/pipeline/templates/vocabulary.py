"""The built-in list of technical English: which words of a message are surely no parameters.

Templates that differ in such a word are different messages ("Accepted password" and "Failed password"), and by
default a prompt holds no other words.
"""

import re
from collections.abc import Collection
from functools import cache
from importlib.resources import files

PLACEHOLDER = "<*>"

_LETTERS = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_NOT_TEXT = re.compile(r"[^\x20-\x7e]+|\d+")
_RUN = re.compile(r"<\*>(?:[\s\W_]*<\*>)+")
_SUFFIXES = (
    ("s", ""),
    ("es", ""),
    ("ed", ""),
    ("d", ""),
    ("ing", ""),
    ("ing", "e"),
    ("ies", "y"),
    ("ied", "y"),
    ("ly", ""),
)
_STEM_CHARS_MIN = 3


@cache
def technical_words() -> frozenset[str]:
    """Words of technical English, which are constant parts of messages."""
    lines = files("mothership.pipeline.templates").joinpath("words.txt").read_text(encoding="ascii").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def mask_unknown(text: str, words: Collection[str]) -> str:
    """The text with `<*>` for every word that is not known, and for all that is neither word nor punctuation."""

    def word(match: re.Match[str]) -> str:
        pieces = _CAMEL.findall(match[0])
        whole = sum(map(len, pieces)) == len(match[0])
        return match[0] if whole and all(_known(piece.lower(), words) for piece in pieces) else PLACEHOLDER

    return _RUN.sub(PLACEHOLDER, _NOT_TEXT.sub(PLACEHOLDER, _LETTERS.sub(word, text))).strip()


def is_known_text(token: str, words: Collection[str]) -> bool:
    """Does a token of a template hold words, and only known ones?"""
    return any(map(str.isalpha, token)) and mask_unknown(token, words) == token


def _known(word: str, words: Collection[str]) -> bool:
    if word in words:
        return True
    for suffix, instead in _SUFFIXES:
        if word.endswith(suffix):
            stem = word[: -len(suffix)] + instead
            if len(stem) < _STEM_CHARS_MIN:
                continue
            # `stopp` of `stopped`: the last letter is doubled.
            if stem in words or (stem[-1] == stem[-2] and stem[:-1] in words):
                return True
    return False
