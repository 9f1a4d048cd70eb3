"""Which fields a list of names means."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, NamedTuple

from mothership.pipeline.redaction.credential_names import TAILS, says_credential, words
from mothership.pipeline.redaction.remembered import make_room
from mothership.pipeline.redaction.rules.vocabulary import is_placeholder

NAMES_REMEMBERED = 8_192
SHAPES_REMEMBERED = 512
NAME_CHARACTERS_MAX = 64
SHAPE_CHARACTERS_MAX = 512

_PLURALS = ("tokens", "secrets", "passwords", "cookies", "credentials", "apikeys", "recoverycodes", "attempt")
"""Folded endings under which a number says how many there are, or which."""
_SENTENCE = re.compile(r"[=,;\"(){}<>|]|:\s")
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
_PARTS = re.compile(r"[.:\[\]]")
_BRACKETS = re.compile(r"[:\[\]]")
_DIGIT = re.compile("[0-9]")
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
    plain = key.strip(" \t\"'`:=$@#-[]")
    if key.startswith("[") or "[REDACTED:" in key or _SENTENCE.search(plain):
        return ""  # a marker or a line of text, not a name
    path = plain.rpartition("/")[2]  # of a file's path its name says nothing by its ending
    parts = [part for part in (_PARTS if path == plain else _BRACKETS).split(path) if part]
    last = parts.pop() if parts else ""
    while parts and all(word in TAILS for word in words(last)):  # `user.password.confirmation`
        last = f"{parts.pop()}_{last}"
    return last


_PEOPLE = (
    *("email", "emailaddress", "mail", "mailaddress", "username", "user", "login", "loginname", "logonname"),
    *("accountname", "principalname", "upn", "owner"),
)


def names_person(name: str) -> bool:
    """Tell whether a field of this name, or path of names, holds an e-mail address or the name of a user."""
    return fold(name[-NAME_CHARACTERS_MAX:]).replace(".", "").endswith(_PEOPLE)


NESTED = frozenset({dict, list})


class _Plan(NamedTuple):
    """What is known of an object from its keys alone: machines send few shapes of objects."""

    named: tuple[str, ...]
    """Those that are named."""
    labels: tuple[str, ...]
    """Those that may say what the value beside them is called: `name`, `paramName`."""
    values: tuple[str, ...]
    """Those that hold such a value: `value`, `paramValue`."""
    digits: bool
    """Whether a key has a digit: `cvv2` is a name, and `cvv3` none."""


_NOTHING = _Plan((), (), (), digits=False)
_LABEL_WORDS = frozenset(
    (
        *("name", "key", "field", "header", "param", "parameter", "attribute", "property", "variable", "setting", "k"),
        *("option", "item", "label", "id", "column", "var", "attr", "prop", "selector", "locator", "element"),
        *("path", "question"),
    )
)
_VALUE_WORDS = frozenset(
    (
        "value",
        "values",
        "val",
        "content",
        "v",
        "new",
        "old",
        "from",
        "to",
        "before",
        "after",
        "current",
        "previous",
        "answer",
    )
)
_PAIR_CHARACTERS = 32
_PAIR_ENDINGS = tuple(_LABEL_WORDS | _VALUE_WORDS)


_SECRET_BESIDE = {"p": ("u", "usr"), **dict.fromkeys(("d", "p", "q", "dp", "dq", "qi", "k"), ("kty",))}
"""Short names that say nothing but beside another: a user and a password, and the parts of a private JSON Web Key."""


def _is_secret_beside(key: str, shape: tuple[str, ...]) -> bool:
    """Tell whether a key names a secret by what stands beside it."""
    return key in _SECRET_BESIDE and not frozenset(_SECRET_BESIDE[key]).isdisjoint(shape)


def _ends_in(key: str, expected: frozenset[str]) -> bool:
    """Tell whether the last word of a key is one of these."""
    end = key[-_PAIR_CHARACTERS:]
    return end.lower().endswith(_PAIR_ENDINGS) and not expected.isdisjoint(words(end)[-1:])


class FieldNames:
    """A compiled list of field names and dotted paths, asked once for each key that was not seen before.

    Of an object in which a value stands beside a label (`{"name": "db_password", "value": "…"}`), the label names it.
    """

    def __init__(
        self,
        names: Iterable[str],
        *,
        credentials: bool = False,
        paired: bool = False,
    ) -> None:
        """`paired` tells whether a label names the value beside it."""
        listed = tuple(names)
        self.paths = tuple(tuple(fold(part) for part in name.split(".")) for name in listed if "." in name)
        self._listed = frozenset(fold(name) for name in listed if "." not in name)
        self._flattened = tuple(".".join(path) for path in self.paths)
        self._credentials = credentials
        self._known: dict[str, bool] = {}
        self._paired = paired
        self._called: dict[str, tuple[str, bool]] = {}
        """What a key calls its value, and whether the operator listed it."""
        self._plans: dict[tuple[str, ...], _Plan] = {}

    @property
    def is_empty(self) -> bool:
        """Whether they name no field."""
        return not (self._listed or self.paths or self._credentials)

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
            make_room(self._called, NAMES_REMEMBERED)
            name = fold(_last_part(key))
            known = self._called[key] = name, name in self._listed or fold(key) in self._listed
        name, listed = known
        if listed:
            return False
        if type(value) is int or type(value) is float:
            return name.endswith(_PLURALS)
        return value is None or (type(value) is str and is_placeholder(value, quoted=True))

    def plan(self, value: dict[str, Any]) -> _Plan:
        """Return which keys of an object are named, and which label a value."""
        shape = tuple(value)
        return self._plans.get(shape) or self._learn_plan(shape)

    def may_touch(self, event: dict[str, Any], *, lists: bool) -> bool:
        """Tell whether a key of an event, at any depth, is named, or may be in another that differs in digits alone.

        An event that holds lists is one of them where what stands in lists matters by itself.
        """
        try:
            return bool(self.paths) or self._may_touch(event, lists=lists)
        except RecursionError:
            return True  # whoever works on it says so

    def _may_touch(self, value: Any, *, lists: bool) -> bool:
        if type(value) is dict:
            plan = self.plan(value)
            if plan is not _NOTHING and (plan.named or plan.digits or self._label_may_name(value, plan.labels)):
                return True
            inside = value.values()
        else:
            if lists and str in map(type, value):
                return True
            inside = value
        return not NESTED.isdisjoint(map(type, inside)) and any(
            inner and self._may_touch(inner, lists=lists) for inner in inside if type(inner) in NESTED
        )

    def _label_may_name(self, value: dict[str, Any], labels: Iterable[str]) -> bool:
        """Tell whether a label, or one that differs from it in digits alone, names what stands beside it."""
        names = [name for label in labels if type(name := value[label]) is str]
        return any(name in self or _DIGIT.search(name) for name in names)

    def names_in(self, event: dict[str, Any]) -> tuple[str, ...] | None:
        """Return which keys of an event are named, and of any event that differs from it in digits alone.

        None when they must be looked for: where something is nested or labelled, and where digits tell.
        """
        if not self.may_touch(event, lists=True):
            return ()
        plan = self.plan(event)
        if self.paths or plan.digits or plan.labels or not NESTED.isdisjoint(map(type, event.values())):
            return None
        return plan.named

    def labels(self, value: dict[str, Any], labels: Iterable[str]) -> list[str]:
        """Return the names that stand in an object beside its value."""
        return [name for label in labels if type(name := value[label]) is str and name in self]

    def _learn_plan(self, shape: tuple[str, ...]) -> _Plan:
        named = tuple([key for key in shape if key in self or (self._paired and _is_secret_beside(key, shape))])
        values = tuple([key for key in shape if _ends_in(key, _VALUE_WORDS)]) if self._paired else ()
        labels = tuple([key for key in shape if _ends_in(key, _LABEL_WORDS)]) if values else ()
        digits = any(map(_DIGIT.search, shape))
        plan = _Plan(named, labels, values if labels else (), digits)
        plan = plan if any(plan) else _NOTHING
        if len(shape) <= SHAPE_CHARACTERS_MAX and sum(map(len, shape)) <= SHAPE_CHARACTERS_MAX:
            make_room(self._plans, SHAPES_REMEMBERED)
            self._plans[shape] = plan
        return plan

    def _learn(self, key: str) -> bool:
        make_room(self._known, NAMES_REMEMBERED)
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
