"""So many entries, each somebody's: past the bound, whoever has most loses its oldest."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class FairCache(Generic[K, V]):
    """One that fills it pushes out what it has there itself, and nothing of others. Every step takes the same time."""

    def __init__(self, entries_max: int) -> None:
        self._entries_max = entries_max
        self._entries = 0
        self._of: dict[Hashable, OrderedDict[K, V]] = {}
        self._by_size: dict[int, OrderedDict[Hashable, None]] = {}
        """Owners by how many entries they have."""
        self._largest = 0

    @property
    def count(self) -> int:
        """How many entries are kept."""
        return self._entries

    def values(self) -> Iterator[V]:
        """All that is kept, by owner, each one's oldest first."""
        return (value for mine in self._of.values() for value in mine.values())

    def get(self, owner: Hashable, key: K) -> V | None:
        """What is kept there. It counts as new from now on."""
        mine = self._of.get(owner)
        if mine is None or key not in mine:
            return None
        mine.move_to_end(key)
        return mine[key]

    def put(self, owner: Hashable, key: K, value: V) -> bool:
        """Keep it. Whether another had to go for it."""
        mine = self._of.setdefault(owner, OrderedDict())
        is_new = key not in mine
        mine[key] = value
        mine.move_to_end(key)
        if is_new:
            self._resized(owner, len(mine) - 1, len(mine))
        if self._entries <= self._entries_max:
            return False
        largest = next(iter(self._by_size[self._largest]))
        self.pop(largest, next(iter(self._of[largest])))
        return True

    def pop(self, owner: Hashable, key: K) -> V | None:
        """Take it out."""
        mine = self._of.get(owner)
        if mine is None or key not in mine:
            return None
        value = mine.pop(key)
        if not mine:
            del self._of[owner]
        self._resized(owner, len(mine) + 1, len(mine))
        return value

    def _resized(self, owner: Hashable, before: int, now: int) -> None:
        self._entries += now - before
        if before:
            same = self._by_size[before]
            del same[owner]
            if not same:
                del self._by_size[before]
        if now:
            self._by_size.setdefault(now, OrderedDict())[owner] = None
        self._largest = max(self._largest, now) if self._largest in self._by_size else max(now, before - 1)
