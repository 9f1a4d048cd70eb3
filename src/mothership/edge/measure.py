"""Are an event's size, depth, keys and strings within bounds? Nearly free for those that can't be out of them."""

from collections.abc import Sequence
from typing import Any

import orjson

from mothership.edge.limits import LimitSettings
from mothership.event import Event

GROUP_EVENTS = 32
"""Events are written, and looked at from afar, so many at a time."""
_BYTES_AN_ELEMENT = 2
"""The shortest key or array element in compact JSON: `0,`."""


class Measure:
    """Looks closely only at events in groups that are large enough for one of them to be out of bounds."""

    def __init__(self, limits: LimitSettings) -> None:
        self._limits = limits
        self._harmless_bytes = min(limits.event_bytes, limits.string_characters, limits.keys * _BYTES_AN_ELEMENT)

    def faults(self, events: Sequence[Any], groups: Sequence[bytes]) -> dict[int, str]:
        """Why events are out of bounds, by position. `groups` holds them as compact JSON, `GROUP_EVENTS` in each."""
        found: dict[int, str] = {}
        for number, group in enumerate(groups):
            if len(group) <= self._harmless_bytes:
                continue
            start = number * GROUP_EVENTS
            for position, event in enumerate(events[start : start + GROUP_EVENTS], start):
                size = len(orjson.dumps(event))
                if size > self._harmless_bytes and (reason := self._fault(event, size)):
                    found[position] = reason
        return found

    def _fault(self, event: Event, size: int) -> str:
        limits = self._limits
        if size > limits.event_bytes:
            return f"larger than {limits.event_bytes} bytes (limits.event_bytes)"
        level: list[Any] = [event]
        keys = 0
        for _ in range(limits.depth):
            inner: list[Any] = []
            for value in level:
                if type(value) is str:
                    if len(value) > limits.string_characters:
                        return (
                            f"a string is longer than {limits.string_characters} characters (limits.string_characters)"
                        )
                elif type(value) is dict:
                    keys += len(value)
                    inner += value
                    inner += value.values()
                elif type(value) is list:
                    keys += len(value)
                    inner += value
            if keys > limits.keys:
                return f"more than {limits.keys} keys and array elements (limits.keys)"
            if not inner:
                return ""
            level = inner
        too_deep = any(type(value) in (dict, list) for value in level)
        return f"nested deeper than {limits.depth} levels (limits.depth)" if too_deep else ""
