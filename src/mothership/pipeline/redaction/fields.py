"""DropFields and HashFields: what goes because of its name."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

import orjson

from mothership.event import Batch, Event
from mothership.pipeline.redaction.batch_scan import Scan
from mothership.pipeline.redaction.counters import RedactionCounters
from mothership.pipeline.redaction.field_names import NESTED, FieldNames, fold, names_person
from mothership.pipeline.redaction.propagation import MARK, Propagation, telling
from mothership.pipeline.redaction.pseudonyms import Pseudonyms
from mothership.pipeline.redaction.scan_findings import Found

DROP = "DropFields"
HASH = "HashFields"
GONE_BY_NAME = "[REDACTED:assignment]"
"""Stands in a list, where leaving out would shift the others."""
ARGUMENTS_MIN = 3
"""A command, an option and its value."""
TOO_DEEP = "redaction: nested too deeply; flatten the event"

Note: TypeAlias = Callable[[str, tuple[str, ...], int, int], None]
"""Told of each hit: rule, path, where it begins and ends in the string as it is then (-1: the whole field)."""


def work_on(batch: Batch, found: Iterable[Found], work: Callable[[Found], bool]) -> None:
    """Work on some events of a batch, and reject what is nested too deeply. `work` tells whether a text has changed."""
    faults: dict[int, str] = {}
    for each in found:
        try:
            if work(each):
                each.changed()
        except RecursionError:
            faults[each.position] = TOO_DEEP
    batch.reject(faults)


class DropFields:
    """Removes fields by name, at every depth."""

    name = DROP

    def __init__(
        self,
        names: FieldNames,
        scan: Scan,
        counters: RedactionCounters,
        propagation: Propagation | None = None,
        *,
        arguments: Callable[[list[str]], list[str]] | None = None,
    ) -> None:
        self._names = names
        self._scan = scan
        self._counters = counters
        self._propagation = propagation
        self._arguments = arguments

    def __call__(self, batch: Batch) -> None:
        """Take the named fields out of every event that has any."""
        work_on(batch, [each for each in self._scan.of(batch) if each.dropped != ()], self._found)

    def _found(self, found: Found) -> bool:
        """Take the named fields out of one event, those that are known by number or else all that are found."""
        if found.dropped is None:
            return self.apply(found.event)
        event, gone = found.event, found.drop()
        self._counters.add(DROP, len(gone))
        texts = telling(gone.values()) if self._propagation else ()
        standing = found.stand_beside(texts, gone) if texts else ()
        if not (standing and self._propagation):
            return False
        return self._propagation.apply(event, dict.fromkeys(standing, MARK))

    def apply(self, event: Event, note: Note | None = None) -> bool:
        """Take the named fields out of one event, and tell whether a text that stays has changed."""
        dropped: list[Any] = []
        changed = self._drop(event, note, (), dropped)
        for path in self._names.paths:
            dropped += _drop_path(event, path, note, ())
        if dropped:
            self._counters.add(DROP, len(dropped))
            gone = dict.fromkeys(telling(dropped), MARK) if self._propagation else None
            if gone and self._propagation and self._propagation.apply(event, gone, note):
                return True
        return changed

    def _drop(self, value: Any, note: Note | None, path: tuple[str, ...], dropped: list[Any], parent: str = "") -> bool:
        """Take the named fields out, add what they held, and tell whether a text that stays has changed."""
        if type(value) is dict:
            named, labels, values, _, below = self._names.plan(value)
            if below or labels:
                named = (*named, *self._names.below(parent, value), *self._paired(value, labels, values))
            for key in named:
                if key in value and not self._names.holds_nothing(key, value[key]):
                    dropped.append(value.pop(key))
                    if note:
                        note(DROP, (*path, key), -1, -1)
            changed = self._take_arguments(value)
            for key, inner in () if NESTED.isdisjoint(map(type, value.values())) else value.items():
                if type(inner) in NESTED and self._drop(inner, note, (*path, key) if note else path, dropped, key):
                    changed = True
            return changed
        changed = self._follow(value, dropped)
        for number, inner in enumerate(value):
            here = (*path, str(number)) if note else path
            if type(inner) in NESTED and self._drop(inner, note, here, dropped, parent):
                changed = True
        return changed

    def _follow(self, value: list[Any], dropped: list[Any]) -> bool:
        """Replace what follows its name in a list: `["--password", "…"]`, and in a pair also `["password", "…"]`."""
        changed = False
        for number in range(len(value) - 1):
            name, secret = value[number], value[number + 1]
            if type(name) is not str or type(secret) is not str or name.lstrip("-") not in self._names:
                continue
            told = secret[:1] != "-" if name[:1] == "-" else len(value) == 2 or _is_header(value, number)  # noqa: PLR2004 - a pair
            if told and secret not in self._names and not secret.startswith("[REDACTED:"):
                value[number + 1] = GONE_BY_NAME
                dropped.append(secret)
                changed = True
        if self._arguments and len(value) >= ARGUMENTS_MIN and _is_command(value):
            kept = self._arguments(value)
            changed = changed or kept != value
            value[:] = kept
        return changed

    def _take_arguments(self, value: dict[str, Any]) -> bool:
        """Mask the passwords in arguments that stand by number in an object, as audit has them: `a0`, `a1`, …"""
        if self._arguments is None or "a0" not in value or "a1" not in value:
            return False
        keys = [key for key in map("a{}".format, range(len(value))) if key in value]
        command = [value[key] for key in keys]
        kept = self._arguments(command) if len(command) >= ARGUMENTS_MIN and _is_command(command) else command
        value.update(zip(keys, kept, strict=True))
        return kept != command

    def _paired(self, value: dict[str, Any], labels: Iterable[str], values: Iterable[str]) -> list[str]:
        """Return the values whose name stands beside them: `{"name": "db_password", "value": "…"}`."""
        names = self._names.labels(value, labels)
        return [
            key
            for key in (values if names else ())
            if value[key] not in names and not all(self._names.holds_nothing(name, value[key]) for name in names)
        ]


def _is_header(value: list[Any], number: int) -> bool:
    """Tell whether a name in a list is a header's, which holds names and values by turns."""
    return number % 2 == 0 and len(value) % 2 == 0 and "-" in value[number]


def _is_command(value: list[Any]) -> bool:
    """Tell whether a list may be a command and its arguments: texts, one of them an option."""
    return all(type(each) is str for each in value) and any(each[:1] == "-" for each in value)


def _drop_path(value: Any, parts: tuple[str, ...], note: Note | None, path: tuple[str, ...]) -> Iterator[Any]:
    """Remove what a dotted path leads to, and yield it; lists on the way are passed through."""
    if type(value) is list:
        for number, inner in enumerate(value):
            yield from _drop_path(inner, parts, note, (*path, str(number)))
        return
    for key in [key for key in value if fold(key) == parts[0]] if type(value) is dict else ():
        if len(parts) > 1:
            yield from _drop_path(value[key], parts[1:], note, (*path, key))
            continue
        yield value.pop(key)
        if note:
            note(DROP, (*path, key), -1, -1)


class HashFields:
    """Replaces the values of named fields by keyed pseudonyms, so that equal values stay equal and joins work."""

    name = HASH

    def __init__(
        self,
        names: FieldNames,
        scan: Scan,
        pseudonyms: Pseudonyms,
        counters: RedactionCounters,
        propagation: Propagation | None = None,
    ) -> None:
        self._names = names
        self._scan = scan
        self._pseudonyms = pseudonyms
        self._counters = counters
        self._propagation = propagation

    def __call__(self, batch: Batch) -> None:
        """Replace the named fields of every event that has any."""
        work_on(batch, [each for each in self._scan.of(batch) if each.hashed], lambda found: self.apply(found.event))

    def apply(self, event: Event, note: Note | None = None) -> bool:
        """Replace the named fields of one event, and tell whether there were any."""
        changed = list(self._walk(event, (), note) if note or self._names.paths else self._walk_names(event))
        if changed and self._propagation:
            self._propagation.apply(event, {text: new for pair in changed for text, new in _pairs(*pair)}, note)
        return bool(changed)

    def _walk(self, value: Any, path: tuple[str, ...], note: Note | None) -> Iterator[tuple[Any, Any]]:
        """Hash below named keys, and yield values before and after; lists are passed through and count no step."""
        if type(value) is dict:
            for key, inner in value.items():
                here = (*path, key)
                if self.takes(here):
                    person = names_person(key if key in self._names else ".".join(here))
                    value[key] = self._hashed(inner, here, note, person=person)
                    yield inner, value[key]
                elif type(inner) is dict or type(inner) is list:
                    yield from self._walk(inner, here, note)
        else:
            for inner in value:
                if type(inner) is dict or type(inner) is list:
                    yield from self._walk(inner, path, note)

    def _walk_names(self, value: Any) -> Iterator[tuple[Any, Any]]:
        """Do the same where nobody asks for paths, which is faster."""
        if type(value) is list:
            for inner in value:
                if type(inner) is dict or type(inner) is list:
                    yield from self._walk_names(inner)
            return
        named = self._names.plan(value).named
        for key in named:
            before = value[key]
            value[key] = self._hashed(before, (), None, person=names_person(key))
            yield before, value[key]
        for key, inner in value.items():
            if type(inner) in NESTED and key not in named:
                yield from self._walk_names(inner)

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
            self._counters.add(HASH)
            if note:
                note(HASH, path, -1, -1)
        return pseudonym


def _pairs(before: Any, after: Any) -> Iterator[tuple[str, str]]:
    """Yield each value that is worth looking for elsewhere, and its pseudonym."""
    if type(before) is list:
        for each in map(_pairs, before, after):
            yield from each
    elif type(before) is dict:
        for each in map(_pairs, before.values(), after.values()):
            yield from each
    elif before != after:
        for text in telling([before]):
            yield text, after


def _number(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return str(value)
