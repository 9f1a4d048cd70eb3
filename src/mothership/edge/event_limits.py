"""Are an event's size, depth, keys and strings within bounds? Nearly free for those that can't be out of them.

What is beyond them is cut after redaction. But redaction's work grows with structure, so what is far beyond (more than
`KEYS_FACTOR` times the keys, deeper than `LEVELS_MAX`) is left out here, whole.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from mothership.edge.lenient_json import LEVELS_MAX
from mothership.edge.limit_settings import LimitSettings
from mothership.errors import Refusal
from mothership.event import Event
from mothership.truncation import truncate_structure

KEYS_FACTOR = 2
GROUP_EVENTS = 32
"""Events are written, and looked at from afar, so many at a time."""
_BYTES_AN_ELEMENT = 2
"""The shortest key or array element in compact JSON: `0,`."""


class EventLimits:
    """Looks closely only at events in groups that are large enough for one of them to be out of bounds."""

    def __init__(self, limits: LimitSettings) -> None:
        self._limits = limits
        self._harmless_bytes = min(limits.event_bytes, limits.string_characters, limits.keys * _BYTES_AN_ELEMENT)

    def oversized(
        self, events: Sequence[Any], groups: Sequence[bytes], *, closely: bool = False
    ) -> dict[int, frozenset[str]]:
        """Where events are beyond a bound, and for which bounds parts of them were left out here.

        `groups` holds the events as compact JSON, `GROUP_EVENTS` in each; `closely`: some of them may be nested too
        deeply, however small.
        """
        found: dict[int, frozenset[str]] = {}
        for number, group in enumerate(groups):
            if len(group) <= self._harmless_bytes and not closely:
                continue
            start = number * GROUP_EVENTS
            for position, event in enumerate(events[start : start + GROUP_EVENTS], start):
                if type(event) is dict and self._is_oversized(event, closely=closely):
                    keys = KEYS_FACTOR * self._limits.keys
                    found[position] = frozenset(truncate_structure(event, keys=keys, depth=LEVELS_MAX))
        return found

    def bounded(self, value: Any) -> Event:
        """Make an event of what was rejected, with no more structure than redaction works on."""
        event: Event = value if type(value) is dict else {"value": value}
        truncate_structure(event, keys=KEYS_FACTOR * self._limits.keys, depth=LEVELS_MAX)
        return event

    def _is_oversized(self, event: Event, *, closely: bool) -> bool:
        size = len(orjson.dumps(event))
        if size <= self._harmless_bytes and not closely:
            return False
        return size > self._limits.event_bytes or self._has_too_much(event)

    def _has_too_much(self, event: Event) -> bool:
        limits = self._limits
        level: list[Any] = [event]
        keys = 0
        for _ in range(limits.depth):
            if any(type(value) is str and len(value) > limits.string_characters for value in level):
                return True
            inner: list[Any] = []
            for value in level:
                if type(value) is dict:
                    inner += value
                    inner += value.values()
                    keys += len(value)
                elif type(value) is list:
                    inner += value
                    keys += len(value)
            if keys > limits.keys:
                return True
            level = inner
        return any(type(value) in (dict, list) for value in level)


def check_containers(body: bytes, containers_max: int) -> None:
    """Raise `Refusal` (413) for a JSON body with more objects and arrays than that.

    Each costs up to 200 bytes of memory for the two that it takes in the body.
    """
    if len(body) > containers_max and body.count(b"[") + body.count(b"{") > containers_max:
        raise Refusal(413, f"more than {containers_max} objects and arrays: send fewer at a time (limits.containers)")
