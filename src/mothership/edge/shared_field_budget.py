"""What a resource or a stream says once and every one of its events carries: counted before it is copied.

A body of 40 KB can say 3,000 things of 3,000 records: nine million in all.
"""

from collections.abc import Mapping
from typing import Any

from mothership.edge.limit_settings import LimitSettings
from mothership.errors import Refusal

CHARACTERS_FACTOR = 2
"""How many times `limits.inflated_bytes` the copies of a request may hold."""
VALUES_FACTOR = 4
"""How many times `limits.containers` values they may be: a value in a copy costs a quarter of one that is read."""
NESTED_COST = 8
"""Copying an object or an array costs what so many texts do."""


class SharedFieldBudget:
    """What the copies of one request may take."""

    def __init__(self, limits: LimitSettings) -> None:
        self._characters_left = CHARACTERS_FACTOR * limits.inflated_bytes
        self._values_left = VALUES_FACTOR * limits.containers

    def spend(self, fields: Mapping[str, Any], copies: int) -> None:
        """Count so many copies of these fields. Raises `Refusal` (413) when they are too much."""
        values, characters = _size(fields)
        self._values_left -= values * copies
        self._characters_left -= characters * copies
        if self._values_left < 0 or self._characters_left < 0:
            raise Refusal(
                413,
                "what a resource, scope or stream says of all its records is too much in so many of them: send fewer "
                "at a time (limits.inflated_bytes, limits.containers)",
            )


def _size(value: Any) -> tuple[int, int]:
    """How many values, and how many characters. Nesting is bounded by who read it."""
    if isinstance(value, str):
        return 1, len(value)
    if isinstance(value, Mapping):
        values, characters = NESTED_COST, 0
        for key, inner in value.items():
            more = _size(inner)
            values, characters = values + more[0], characters + len(key) + more[1]
        return values, characters
    if isinstance(value, list):
        sizes = [_size(inner) for inner in value]
        return NESTED_COST + sum(size[0] for size in sizes), sum(size[1] for size in sizes)
    return 1, 8
