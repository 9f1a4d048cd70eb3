"""A bounded set that callers share: who has less of it than the greediest may take a place from him.

A key stays as long as it is seen. Where there is no room, one that nobody has seen for a while goes first; then the
youngest one of the caller who holds most, if the one who asks holds less. So what has been there for long goes last,
and a flood of new keys is at its own expense.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K")
NOBODY = ""
"""Owner of what was there before: it belongs to the first caller that brings it again."""
NEVER = float("-inf")


class Held(NamedTuple):
    """Whose a key is, and when it was seen last."""

    owner: str
    seen: float


class Shares(Generic[K]):
    """At most so many keys. `kept` ones are there from the start and never give way."""

    def __init__(self, most: int, idle_seconds: float, kept: Iterable[K] = ()) -> None:
        self._most = most
        self._idle_seconds = idle_seconds
        self._kept = frozenset(kept)
        self._held: OrderedDict[K, Held] = OrderedDict()
        """In the order in which they were seen last."""
        self._by_owner: dict[str, dict[K, None]] = {}
        """In the order in which each owner brought them."""

    def __contains__(self, key: K) -> bool:
        return key in self._held or key in self._kept

    def __len__(self) -> int:
        return len(self._held) + len(self._kept)

    def owner(self, key: K) -> str | None:
        """Whose a key is."""
        held = self._held.get(key)
        return held.owner if held else None

    def fill_of(self, owner: str, most: int) -> float:
        """How much of so many a caller uses, counted by its share of them; or all use, where that is less."""
        mine = len(self._by_owner.get(owner, ())) * max(1, len(self._by_owner))
        return min(mine, len(self)) / most

    def recall(self, key: K, seen: float = NEVER) -> bool:
        """Take a key over that was there before, if there is room. Unless it was seen, it is the first to give way."""
        if len(self) >= self._most:
            return False
        self._held[key] = Held(NOBODY, seen)
        if seen == NEVER:
            self._held.move_to_end(key, last=False)
        return True

    def see(self, key: K, owner: str, now: float) -> None:
        """A key that is held was brought again."""
        held = self._held.get(key)
        if held is None:
            return
        if held.owner == NOBODY:
            self._by_owner.setdefault(owner, {})[key] = None
            held = Held(owner, now)
        self._held[key] = held._replace(seen=now)
        self._held.move_to_end(key)

    def admit(self, key: K, owner: str, now: float, *, take: bool = True) -> tuple[bool, K | None]:
        """Let a new key in, if there is room for this caller. Also tells which one gave way.

        `take`: it may take the place of a key that is in use.
        """
        gone = None
        if len(self) >= self._most:
            gone = self._who_gives_way(owner, now, take=take)
            if gone is None:
                return False, None
            self.drop(gone)
        self._held[key] = Held(owner, now)
        self._by_owner.setdefault(owner, {})[key] = None
        return True, gone

    def drop(self, key: K) -> None:
        """Forget a key."""
        held = self._held.pop(key, None)
        if held is not None and (own := self._by_owner.get(held.owner)):
            own.pop(key, None)
            if not own:
                del self._by_owner[held.owner]

    def _who_gives_way(self, owner: str, now: float, *, take: bool) -> K | None:
        if not self._held:
            return None
        longest = next(iter(self._held))
        if self._held[longest].seen < now - self._idle_seconds:
            return longest
        if not take:
            return None
        greediest = max(self._by_owner.values(), key=len, default={})
        if len(greediest) > len(self._by_owner.get(owner, ())) + 1:
            return next(reversed(greediest))
        return None
