"""Are an event's size, depth, keys and strings within bounds? Nearly free for those that can't be out of them."""

from collections.abc import Sequence
from typing import Any

from mothership.edge.limits import LimitSettings
from mothership.event import Event

_ALL_BUT_OPENING = bytes(code for code in range(256) if code not in b"[{\n")
_BYTES_AN_ELEMENT = 2
"""The shortest key or array element in compact JSON: `0,`."""


class Measure:
    """Looks closely only at events that are large, or nested, enough to be beyond a bound."""

    def __init__(self, limits: LimitSettings) -> None:
        self._limits = limits
        self._harmless_bytes = min(limits.event_bytes, limits.string_characters, limits.keys * _BYTES_AN_ELEMENT)

    def faults(self, events: Sequence[Any], written: Sequence[bytes], lines: bytes) -> dict[int, str]:
        """Why events are out of bounds, by position. `written` holds each as compact JSON, `lines` all, one a line."""
        suspects: set[int] = set()
        if max(map(len, written), default=0) > self._harmless_bytes:
            suspects.update(at for at, data in enumerate(written) if len(data) > self._harmless_bytes)
        # Brackets inside strings count too: they make a suspect, not a fault.
        opening = lines.translate(None, _ALL_BUT_OPENING).split(b"\n")
        if max(map(len, opening)) > self._limits.depth:
            suspects.update(at for at, brackets in enumerate(opening) if len(brackets) > self._limits.depth)
        found = {position: self._fault(events[position], len(written[position])) for position in suspects}
        return {position: reason for position, reason in found.items() if reason}

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
