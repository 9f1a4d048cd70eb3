"""What goes from one field goes from the whole event.

`{"username": "carol", "message": "login failed for carol"}`: what a field gave away by its name stands in the clear
beside it. So a value that was dropped or hashed is looked for in the event's other strings, as a whole word and in any
case, and goes there too. Short values and common words are left: everything would be full of holes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from mothership.event import Event
from mothership.pipeline.redaction.counters import RedactionCounters
from mothership.pipeline.redaction.rules.vocabulary import is_placeholder

if TYPE_CHECKING:
    from mothership.pipeline.redaction.fields import Note

NAME = "propagated"
MARK = f"[REDACTED:{NAME}]"
CHARACTERS_MIN = 3
CHARACTERS_MAX = 4_096
DIGITS_MIN = 4
VALUES_MAX = 64
"""Values of one event that are looked for."""
_COMMON_WORDS = """
root admin administrator user users guest nobody none null true false test testing default system service daemon public
private anonymous unknown localhost operator support manager master slave primary secondary client server login logout
the and for app web ftp www git sys ssh api dev ops bin all any new old yes off log logs http https smtp imap snmp
postgres mysql mariadb redis mongo mongodb oracle sa nginx apache httpd tomcat jenkins docker kube kubernetes backup
deploy build ubuntu debian centos ec2-user vagrant pi oem demo info error warning debug notice critical alert failed
failure success accepted denied invalid password passwd secret token key session status active enabled disabled
"""
_COMMON = frozenset(_COMMON_WORDS.split())


class Propagation:
    """Replaces values that were taken from an event's fields in its other strings."""

    def __init__(self, counters: RedactionCounters) -> None:
        self._counters = counters

    def apply(self, event: Event, gone: Mapping[str, str], note: "Note | None" = None) -> bool:
        """Replace each value by what stands in its place, and tell whether any was there.

        An event that holds none of them is not walked.
        """
        wanted = {text.lower(): gone[text] for text in _standing_in(gone, event)}
        if not wanted:
            return False
        words = sorted(map(re.escape, wanted), key=len, reverse=True)
        return self._walk(event, re.compile("|".join(map(_whole, words)), re.IGNORECASE), wanted, (), note)

    def _walk(
        self,
        value: Any,
        pattern: "re.Pattern[str]",
        wanted: Mapping[str, str],
        path: tuple[str, ...],
        note: "Note | None",
    ) -> bool:
        changed = False
        for place, inner in list(value.items() if type(value) is dict else enumerate(value)):
            if type(inner) is str:
                replaced, count = pattern.subn(lambda match: wanted.get(match[0].lower(), MARK), inner)
                if count:
                    changed = True
                    value[place] = replaced
                    self._counters.add(NAME, count)
                    if note:
                        for match in pattern.finditer(inner):
                            note(NAME, (*path, str(place)), *match.span())
            elif type(inner) is dict or type(inner) is list:
                changed |= self._walk(inner, pattern, wanted, (*path, str(place)) if note else path, note)
        return changed


def telling(values: Iterable[Any]) -> list[str]:
    """Return the texts in values that are worth looking for elsewhere: not short, not common."""
    values = list(values)
    if len(values) == 1 and type(values[0]) is str:  # as nearly always
        text = values[0].strip()
        return [text] if _tells(text) else []
    return [text for text in islice(_leaves(values), VALUES_MAX) if _tells(text)]


def _tells(text: str) -> bool:
    least = DIGITS_MIN if text.isdigit() else CHARACTERS_MIN
    return least <= len(text) <= CHARACTERS_MAX and text.lower() not in _COMMON


def _leaves(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if type(value) is str:
            yield value.strip()
        elif type(value) is int or type(value) is float:
            yield str(value)
        elif type(value) is dict:
            yield from _leaves(value.values())
        elif type(value) is list:
            yield from _leaves(value)


def _standing_in(texts: Iterable[str], event: Event) -> list[str]:
    """Return the texts that stand in an event, as JSON writes them, and that say something."""
    try:
        encoded = orjson.dumps(event).lower()
        found = [text for text in texts if orjson.dumps(text)[1:-1].lower() in encoded]
    except (orjson.JSONEncodeError, RecursionError):
        found = list(texts)
    return [text for text in found if not is_placeholder(text, quoted=True)]


def _whole(escaped: str) -> str:
    return rf"(?<![^\W_]){escaped}(?![^\W_])"
