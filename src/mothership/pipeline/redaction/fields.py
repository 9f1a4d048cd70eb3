"""DropFields and HashFields: what goes because of its name."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

import orjson

from mothership.event import Batch, Event
from mothership.pipeline.redaction.key import Pseudonyms
from mothership.pipeline.redaction.ledger import Ledger
from mothership.pipeline.redaction.names import FieldNames, fold, names_person

DROP: Final = "DropFields"
HASH: Final = "HashFields"
LABELS: Final = (
    *("name", "Name", "key", "Key", "field", "header", "param", "parameter", "oid_name", "attribute", "property"),
    *("variable", "setting", "k"),
)
VALUES: Final = (
    *("value", "Value", "val", "stringValue", "content", "v"),
    *("new", "old", "newValue", "oldValue", "new_value", "old_value"),
)
_LABELS: Final = frozenset(LABELS)
GONE_BY_NAME: Final = "[REDACTED:assignment]"
"""Stands in a list, where leaving out would shift the others."""
_GONE: Final = object()
TOO_DEEP: Final = "redaction: nested too deeply; flatten the event"

Note: TypeAlias = Callable[[str, tuple[str, ...], int], None]
"""Told of each hit: rule, path, offset in the string (-1: the whole field)."""


def work_on(batch: Batch, positions: Iterable[int], work: Callable[[int, Event], None]) -> None:
    """Work on some events of a batch, and reject what is nested too deeply."""
    faults: dict[int, str] = {}
    for position in positions:
        try:
            work(position, batch.events[position])
        except RecursionError:
            faults[position] = TOO_DEEP
    batch.reject(faults)


class DropFields:
    """Removes fields by name, at every depth."""

    name = DROP

    def __init__(self, names: FieldNames, ledger: Ledger) -> None:
        self._names = names
        self._ledger = ledger

    def __call__(self, batch: Batch) -> None:
        """Take the named fields out of every event that has any."""
        work_on(batch, range(len(batch.events)), lambda _, event: self.apply(event))

    def apply(self, event: Event, note: Note | None = None) -> None:
        """Take the named fields out of one event."""
        dropped = self._drop(event, note, ())
        for path in self._names.paths:
            dropped += _drop_path(event, path, note, ())
        if dropped:
            self._ledger.add(DROP, dropped)

    def _drop(self, value: Any, note: Note | None, path: tuple[str, ...]) -> int:
        dropped = 0
        if type(value) is dict:
            named = self._names.among(value)
            for key in named if _LABELS.isdisjoint(value) else (*named, *self._paired(value)):
                if not self._names.holds_nothing(key, value.get(key)) and value.pop(key, _GONE) is not _GONE:
                    dropped += 1
                    if note:
                        note(DROP, (*path, key), -1)
            for key, inner in value.items():
                kind = type(inner)
                if kind is dict or kind is list:
                    dropped += self._drop(inner, note, (*path, key) if note else path)
        else:
            dropped += self._follow(value)
            for number, inner in enumerate(value):
                if type(inner) is dict or type(inner) is list:
                    dropped += self._drop(inner, note, (*path, str(number)) if note else path)
        return dropped

    def _follow(self, value: list[Any]) -> int:
        """Replace what follows its name in a list: `["--password", "…"]`, and in a pair also `["password", "…"]`."""
        replaced = 0
        for number in range(len(value) - 1):
            name, secret = value[number], value[number + 1]
            if type(name) is not str or type(secret) is not str or name.lstrip("-") not in self._names:
                continue
            told = secret[:1] != "-" if name[:1] == "-" else len(value) == 2  # noqa: PLR2004 - a pair
            if told and secret not in self._names and not secret.startswith("[REDACTED:"):
                value[number + 1] = GONE_BY_NAME
                replaced += 1
        return replaced

    def _paired(self, value: dict[str, Any]) -> list[str]:
        """Return the values whose name stands beside them: `{"name": "db_password", "value": "…"}`."""
        names = [name for label in LABELS if type(name := value.get(label)) is str and name in self._names]
        return [
            key
            for key in (VALUES if names else ())
            if key in value and not all(self._names.holds_nothing(name, value[key]) for name in names)
        ]


def _drop_path(value: Any, parts: tuple[str, ...], note: Note | None, path: tuple[str, ...]) -> int:
    """Remove what a dotted path leads to; lists on the way are passed through."""
    if type(value) is list:
        return sum(_drop_path(inner, parts, note, (*path, str(number))) for number, inner in enumerate(value))
    if type(value) is not dict:
        return 0
    named = [key for key in value if fold(key) == parts[0]]
    if len(parts) > 1:
        return sum(_drop_path(value[key], parts[1:], note, (*path, key)) for key in named)
    for key in named:
        del value[key]
        if note:
            note(DROP, (*path, key), -1)
    return len(named)


class HashFields:
    """Replaces the values of named fields by keyed pseudonyms, so that equal values stay equal and joins work."""

    name = HASH

    def __init__(self, names: FieldNames, pseudonyms: Pseudonyms, ledger: Ledger) -> None:
        self._names = names
        self._pseudonyms = pseudonyms
        self._ledger = ledger

    def __call__(self, batch: Batch) -> None:
        """Replace the named fields of every event that has any."""
        work_on(batch, range(len(batch.events)), lambda _, event: self.apply(event))

    def apply(self, event: Event, note: Note | None = None) -> None:
        """Replace the named fields of one event."""
        if note or self._names.paths:
            self._walk(event, (), note)
        else:
            self._walk_names(event)

    def _walk(self, value: Any, path: tuple[str, ...], note: Note | None) -> None:
        """Hash below named keys; a path counts the keys on the way, as lists are passed through."""
        if type(value) is dict:
            for key, inner in value.items():
                here = (*path, key)
                if self.takes(here):
                    person = names_person(key if key in self._names else ".".join(here))
                    value[key] = self._hashed(inner, here, note, person=person)
                elif type(inner) is dict or type(inner) is list:
                    self._walk(inner, here, note)
        else:
            for inner in value:
                if type(inner) is dict or type(inner) is list:
                    self._walk(inner, path, note)

    def _walk_names(self, value: Any) -> None:
        """Do the same where nobody asks for paths, which is faster."""
        if type(value) is list:
            for inner in value:
                if type(inner) is dict or type(inner) is list:
                    self._walk_names(inner)
            return
        named = self._names.among(value)
        for key in named:
            value[key] = self._hashed(value[key], (), None, person=names_person(key))
        for key, inner in value.items():
            kind = type(inner)
            if (kind is dict or kind is list) and key not in named:
                self._walk_names(inner)

    @property
    def by_path(self) -> bool:
        """Tell whether a field's name alone doesn't decide."""
        return bool(self._names.paths)

    def takes(self, path: tuple[str, ...]) -> bool:
        """Tell whether the field at this path of keys is one to hash."""
        if path[-1] in self._names:
            return True
        paths = self._names.paths
        return bool(paths) and tuple(map(fold, path)) in paths

    def _hashed(self, value: Any, path: tuple[str, ...], note: Note | None, *, person: bool) -> Any:
        """Return the pseudonym of a value; of a list or an object, the same with each value inside it."""
        if value is None or value is True or value is False or value == "":
            return value
        if type(value) is list:
            return [self._hashed(inner, path, note, person=person) for inner in value]
        if type(value) is dict:
            return {
                key: self._hashed(inner, (*path, key), note, person=person or names_person(key))
                for key, inner in value.items()
            }
        pseudonym = self._pseudonyms.of(value if type(value) is str else _number(value), person=person)
        if pseudonym != value:
            self._ledger.add(HASH)
            if note:
                note(HASH, path, -1)
        return pseudonym


def _number(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return str(value)
