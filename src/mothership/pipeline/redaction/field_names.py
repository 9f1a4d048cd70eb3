"""Which fields a list of names means."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, NamedTuple

from mothership.pipeline.redaction.credential_names import marks_tokens, says_credential, says_which, words
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
    while parts and says_which(last):  # `user.password.confirmation`
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
    below: tuple[str, ...]
    """Those that name a secret where what stands above them says so."""


_NOTHING = _Plan((), (), (), digits=False, below=())
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


_BELOW = frozenset(("value", "phrase", "key", "code", "access", "refresh"))
_TOKENS = frozenset(("oauth", "tokens", "oauthtokens"))
_WIRELESS = frozenset(("wifi", "wlan", "wpa", "hotspot", "wireless", "accesspoint"))
_LOGINS = frozenset(("auth", "login", "basicauth", "authentication", "account"))
_USERS = frozenset(("user", "username", "login", "account", "uid"))
_CARDS = frozenset(("card", "creditcard", "paymentcard", "debitcard"))
_CARD_CODES = re.compile(r"[0-9]{3,4}")


def _names_below(parent: str, key: str, value: dict[str, Any]) -> bool:
    """Tell whether a key names a secret below the folded name of its object: `{"card": {"code": "…"}}`."""
    inner = value[key]
    if type(inner) is not str and type(inner) is not int:
        return False
    if parent in _CARDS:
        return fold(key) == "code" and _CARD_CODES.fullmatch(str(inner)) is not None
    if parent in _TOKENS:
        return fold(key) in {"access", "refresh"}
    if parent in _WIRELESS:
        return fold(key) in {"value", "phrase", "key"}
    return parent in _LOGINS and fold(key) == "value" and not value.keys().isdisjoint(_USERS)


_DESCRIBING = frozenset(
    (
        *(
            "type",
            "format",
            "pattern",
            "minlength",
            "maxlength",
            "min",
            "max",
            "digits",
            "period",
            "length",
            "required",
        ),
        *("nullable", "readonly", "writeonly", "description", "title", "algorithm", "mode", "edge", "pull", "attempts"),
        *("remaining", "ttl", "expiresin", "interval", "step", "window", "enabled", "deprecated", "number", "value"),
        *("status", "state"),
    )
)
_CONTACTS_MAX = 100


def _describes(value: dict[str, Any]) -> bool:
    """Tell whether an object says how a secret is made, or is the pin of a chip: `{"digits": 6, "period": 30}`."""
    for key, inner in value.items():
        name = fold(key)
        if name not in _DESCRIBING or type(inner) in NESTED:
            return False
        if name in {"number", "value"} and not (type(inner) in {int, bool} and 0 <= inner < _CONTACTS_MAX):
            return False
        if name in {"status", "state"} and not (type(inner) is str and inner.replace("_", "").isalpha()):
            return False
        if name in {"description", "title"} and type(inner) is str and any(map(str.isdigit, inner)):
            return False
    return bool(value)


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
        self._large: tuple[tuple[str, ...], _Plan] = (), _NOTHING
        """The last one too large for them: each processor asks for it, and more than once."""

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
        if type(value) is list or (type(value) is dict and not _describes(value)):
            return False
        known = self._called.get(key)
        if known is None:
            make_room(self._called, NAMES_REMEMBERED)
            name = fold(_last_part(key))
            known = self._called[key] = name, name in self._listed or fold(key) in self._listed
        name, listed = known
        if listed:
            return False
        if name.endswith(("token", "tokens")) and type(value) in (int, str, bool) and marks_tokens(key, str(value)):
            return True
        if type(value) is int or type(value) is float:
            return name.endswith(_PLURALS) or (name == "pin" and type(value) is int and value < _CONTACTS_MAX)
        return value is None or type(value) is dict or (type(value) is str and is_placeholder(value, quoted=True))

    def plan(self, value: dict[str, Any]) -> _Plan:
        """Return which keys of an object are named, and which label a value."""
        shape = tuple(value)
        return self._plans.get(shape) or self._learn_plan(shape)

    def below(self, parent: str, value: dict[str, Any]) -> tuple[str, ...]:
        """Return which keys of an object name a secret because of what the object is called."""
        keys = self.plan(value).below if parent else ()
        above = fold(parent[-NAME_CHARACTERS_MAX:]).rstrip("0123456789") if keys else ""
        return tuple([key for key in keys if _names_below(above, key, value)])

    def may_touch(self, event: dict[str, Any], *, lists: bool) -> bool:
        """Tell whether a key of an event, at any depth, is named, or may be in another that differs in digits alone.

        An event that holds lists is one of them where what stands in lists matters by itself.
        """
        try:
            return bool(self.paths) or self._may_touch(event, lists=lists)
        except RecursionError:
            return True  # whoever works on it says so

    def _may_touch(self, value: Any, *, lists: bool, parent: str = "") -> bool:
        if type(value) is list:
            if lists and str in map(type, value):
                return True
            return not NESTED.isdisjoint(map(type, value)) and any(
                inner and self._may_touch(inner, lists=lists, parent=parent) for inner in value if type(inner) in NESTED
            )
        plan = self.plan(value)
        if plan is not _NOTHING and (
            plan.named
            or plan.digits
            or (plan.below and self.below(parent, value))
            or self._label_may_name(value, plan.labels)
        ):
            return True
        return not NESTED.isdisjoint(map(type, value.values())) and any(
            inner and self._may_touch(inner, lists=lists, parent=key)
            for key, inner in value.items()
            if type(inner) in NESTED
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
        if shape == self._large[0]:
            return self._large[1]
        named = tuple([key for key in shape if key in self or (self._paired and _is_secret_beside(key, shape))])
        values = tuple([key for key in shape if _ends_in(key, _VALUE_WORDS)]) if self._paired else ()
        labels = tuple([key for key in shape if _ends_in(key, _LABEL_WORDS)]) if values else ()
        digits = any(map(_DIGIT.search, shape))
        below = tuple([key for key in shape if fold(key[-NAME_CHARACTERS_MAX:]) in _BELOW]) if self._credentials else ()
        plan = _Plan(named, labels, values if labels else (), digits, below)
        plan = plan if any(plan) else _NOTHING
        if len(shape) <= SHAPE_CHARACTERS_MAX and sum(map(len, shape)) <= SHAPE_CHARACTERS_MAX:
            make_room(self._plans, SHAPES_REMEMBERED)
            self._plans[shape] = plan
        else:
            self._large = shape, plan
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
