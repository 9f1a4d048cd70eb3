"""Which fields a list of names means."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, Final

from mothership.pipeline.redaction.credential_names import TAILS, says_credential, words
from mothership.pipeline.redaction.rules.vocabulary import benign

NAMES_REMEMBERED = 8_192
SHAPES_REMEMBERED = 512
NAME_CHARACTERS_MAX = 64
SHAPE_CHARACTERS_MAX = 512

_PLURALS: Final = ("tokens", "secrets", "passwords", "cookies", "credentials", "apikeys", "recoverycodes")
"""Folded endings under which a number says how many there are."""
_SENTENCE = re.compile(r"[=,;\"(){}<>|]|:\s")
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
_PARTS = re.compile(r"[.:\[\]]")
_BRACKETS = re.compile(r"[:\[\]]")
_SEPARATORS = dict.fromkeys(map(ord, "-_ "))


def fold(name: str) -> str:
    """Make one name of all its spellings: `API-Key`, `api_key` and `apiKey` are equal."""
    if not name.isascii():
        return unicodedata.normalize("NFKC", name.translate(_INVISIBLE)).translate(_SEPARATORS).casefold()
    return name.replace("_", "").replace("-", "").replace(" ", "").lower()


def _last_part(key: str) -> str:
    """Return what a key calls its value: the end of `http.request.header.cookie` and of `user[password]`."""
    if key.isidentifier():
        return key
    plain = key.strip(" \t\"'`:=$@-[]")
    if key.startswith("[") or "[REDACTED:" in key or _SENTENCE.search(plain):
        return ""  # a marker or a line of text, not a name
    path = plain.rpartition("/")[2]  # of a file's path its name says nothing by its ending
    parts = [part for part in (_PARTS if path == plain else _BRACKETS).split(path) if part]
    last = parts.pop() if parts else ""
    while parts and all(word in TAILS for word in words(last)):  # `user.password.confirmation`
        last = f"{parts.pop()}_{last}"
    return last


_PEOPLE: Final = (
    *("email", "emailaddress", "mail", "mailaddress", "username", "user", "login", "loginname", "logonname"),
    *("accountname", "principalname", "upn", "owner"),
)


def names_person(name: str) -> bool:
    """Tell whether a field of this name, or path of names, holds an e-mail address or the name of a user."""
    return fold(name[-NAME_CHARACTERS_MAX:]).replace(".", "").endswith(_PEOPLE)


_NESTED: Final = frozenset({dict, list})


class FieldNames:
    """A compiled list of field names and dotted paths, asked once for each key that was not seen before."""

    def __init__(self, names: Iterable[str], *, credentials: bool = False, labels: Iterable[str] = ()) -> None:
        listed = tuple(names)
        self.paths = tuple(tuple(fold(part) for part in name.split(".")) for name in listed if "." in name)
        self._listed = frozenset(fold(name) for name in listed if "." not in name)
        self._flattened = tuple(".".join(path) for path in self.paths)
        self._credentials = credentials
        self._known: dict[str, bool] = {}
        self._labels = frozenset(labels)
        self._plain: dict[tuple[str, ...], bool] = {}
        """For the keys of an object whether none of them is named or a label."""
        self._called: dict[str, tuple[str, bool]] = {}
        """What a key calls its value, and whether the operator listed it."""
        self._shapes: dict[tuple[str, ...], tuple[str, ...]] = {}
        """For the keys of an object, in order, those of them that are named: machines send few shapes of objects."""

    def __bool__(self) -> bool:
        return bool(self._listed or self.paths or self._credentials)

    def __contains__(self, key: str) -> bool:
        known = self._known.get(key)
        return self._learn(key) if known is None else known

    def holds_nothing(self, key: str, value: Any) -> bool:
        """Tell whether a named field only says how many, or nothing: `tokens: 4096`, `api_key: ${API_KEY}`.

        Never where the operator listed its name.
        """
        if type(value) is dict or type(value) is list:
            return False
        known = self._called.get(key)
        if known is None:
            if len(self._called) >= NAMES_REMEMBERED:
                self._called.clear()
            name = fold(_last_part(key))
            known = self._called[key] = name, name in self._listed or fold(key) in self._listed
        name, listed = known
        if listed:
            return False
        if type(value) is int or type(value) is float:
            return name.endswith(_PLURALS)
        return value is None or (type(value) is str and benign(value, quoted=True))

    def among(self, value: dict[str, Any]) -> tuple[str, ...]:
        """Return the keys of an object that are named."""
        shape = tuple(value)
        named = self._shapes.get(shape)
        if named is None:
            named = tuple([key for key in shape if key in self])
            if len(shape) <= SHAPE_CHARACTERS_MAX and sum(map(len, shape)) <= SHAPE_CHARACTERS_MAX:
                if len(self._shapes) >= SHAPES_REMEMBERED:
                    self._shapes.clear()
                self._shapes[shape] = named
        return named

    def nowhere_in(self, value: Any, *, lists: bool) -> bool:
        """Tell quickly whether no key in an object, at any depth, is named or a label.

        Of an object that holds lists the answer is no where what stands in lists matters by itself.
        """
        if type(value) is dict:
            shape = tuple(value)
            plain = self._plain.get(shape)
            if plain is None:
                plain = not self.among(value) and self._labels.isdisjoint(shape)
                if shape in self._shapes:  # as many, and as long
                    if len(self._plain) >= SHAPES_REMEMBERED:
                        self._plain.clear()
                    self._plain[shape] = plain
            if not plain:
                return False
            inside = value.values()
        else:
            if lists and str in map(type, value):
                return False
            inside = value
        return _NESTED.isdisjoint(map(type, inside)) or all(
            self.nowhere_in(inner, lists=lists) for inner in inside if type(inner) in _NESTED
        )

    def _learn(self, key: str) -> bool:
        if len(self._known) >= NAMES_REMEMBERED:
            self._known.clear()
        self._known[key] = answer = self._is_named(key)
        return answer

    def _is_named(self, key: str) -> bool:
        folded = fold(key)
        if folded in self._listed or (
            "." in folded and f".{folded}".endswith(tuple(f".{path}" for path in self._flattened))
        ):
            return True
        last = _last_part(key)
        return fold(last) in self._listed or (self._credentials and says_credential(last))
