"""Makes events smaller, in place: whole parts go, or the ends of strings. What went is named, never quoted.

A string may only be shortened once redaction has seen all of it: of half a token no rule knows that it was one.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from mothership.event import Event

ELLIPSIS = "…"
"""Ends a string that was shortened, and stands where a part was."""
CUT_FIELD = "_cut"
"""Of an event that was made smaller: the bounds that it was beyond."""
STRING_CHARACTERS_MIN = 256
"""Strings are not shortened below this while there are other parts to leave out."""


def truncate_structure(event: Event, *, keys: int, depth: int) -> set[str]:
    """Leave out what is nested deeper, and the keys and elements past so many, those of the upper levels last.

    Returns the bounds that applied.
    """
    applied: set[str] = set()
    level: list[Any] = [event]
    left = keys
    for number in range(depth):
        inner: list[Any] = []
        for container in level:
            if len(container) > left:
                applied.add("limits.keys")
                _shorten(container, left)
            left -= len(container)
            if number == depth - 1 and any(_is_container(value) for _, value in _items(container)):
                applied.add("limits.depth")
                for key, value in list(_items(container)):
                    if _is_container(value):
                        container[key] = ELLIPSIS
            inner += [value for _, value in _items(container) if _is_container(value)]
        if not inner:
            break
        level = inner
    return applied


def truncate_strings(value: Any, characters: int) -> tuple[Any, bool]:
    """Shorten every string and key to so many characters. Whether any was longer."""
    if type(value) is str:
        return (value, False) if len(value) <= characters else (value[:characters] + ELLIPSIS, True)
    cut = False
    if type(value) is dict:
        if any(len(key) > characters for key in value):
            cut = True
            items = [
                (key if len(key) <= characters else key[:characters] + ELLIPSIS, one) for key, one in value.items()
            ]
            value.clear()
            value.update(items)
    elif type(value) is not list:
        return value, False
    for key, inner in list(_items(value)):
        if type(inner) is str or _is_container(inner):
            value[key], was_cut = truncate_strings(inner, characters)
            cut = cut or was_cut
    return value, cut


def truncate(event: Event, *, size: int, characters: int, keys: int, depth: int) -> set[str]:
    """Bring a redacted event within these bounds (`size` in bytes of JSON). Returns those that applied."""
    applied = truncate_structure(event, keys=keys, depth=depth)
    if truncate_strings(event, characters)[1]:
        applied.add("limits.string_characters")
    while (bytes_now := len(orjson.dumps(event))) > size:
        applied.add("limits.event_bytes")
        if characters > STRING_CHARACTERS_MIN:
            characters = max(STRING_CHARACTERS_MIN, min(characters * size // bytes_now, characters * 3 // 4))
            truncate_strings(event, characters)
        else:
            keys = keys // 2
            truncate_structure(event, keys=keys, depth=depth)
    return applied


def _is_container(value: Any) -> bool:
    return type(value) is dict or type(value) is list


def _items(container: Any) -> Iterator[tuple[Any, Any]]:
    return iter(container.items() if type(container) is dict else enumerate(container))


def _shorten(container: Any, most: int) -> None:
    if type(container) is dict:
        for key in list(container)[most:]:
            del container[key]
    else:
        del container[most:]
