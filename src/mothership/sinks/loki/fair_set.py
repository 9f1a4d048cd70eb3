"""A bounded set that its callers share fairly: who holds few may evict a key of who holds most.

A key stays as long as it is seen. Where there is no room, one that nobody has seen for a while goes first; then the
youngest one of the caller who holds most, if the one who asks holds less. So what has been there for long goes last,
and a flood of new keys is at its own expense.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K")
NO_OWNER = ""
"""Owner of what was there before: it belongs to the first caller that brings it again."""
NEVER = float("-inf")


class Membership(NamedTuple):
    """Whose a key is, and when it was seen last."""

    owner: str
    seen: float


class FairSet(Generic[K]):
    """At most so many keys. `permanent` ones are there from the start and never give way."""

    def __init__(self, most: int, idle_seconds: float, permanent: Iterable[K] = ()) -> None:
        self._most = most
        self._idle_seconds = idle_seconds
        self._permanent = frozenset(permanent)
        self._members: OrderedDict[K, Membership] = OrderedDict()
        """In the order in which they were seen last."""
        self._by_owner: dict[str, dict[K, None]] = {}
        """In the order in which each owner brought them."""

    def __contains__(self, key: K) -> bool:
        return key in self._members or key in self._permanent

    @property
    def count(self) -> int:
        """How many keys are held."""
        return len(self._members) + len(self._permanent)

    def owner(self, key: K) -> str | None:
        """Whose a key is."""
        member = self._members.get(key)
        return member.owner if member else None

    def usage_of(self, owner: str, most: int) -> float:
        """How much of so many a caller uses, counted by its share of them; or all use, where that is less."""
        mine = len(self._by_owner.get(owner, ())) * max(1, len(self._by_owner))
        return min(mine, self.count) / most

    def restore(self, key: K, seen: float = NEVER) -> bool:
        """Take a key over that was there before, if there is room. Unless it was seen, it is the first to give way."""
        if self.count >= self._most:
            return False
        self._members[key] = Membership(NO_OWNER, seen)
        if seen == NEVER:
            self._members.move_to_end(key, last=False)
        return True

    def touch(self, key: K, owner: str, now: float) -> None:
        """A key that is held was brought again."""
        member = self._members.get(key)
        if member is None:
            return
        if member.owner == NO_OWNER:
            self._by_owner.setdefault(owner, {})[key] = None
            member = Membership(owner, now)
        self._members[key] = member._replace(seen=now)
        self._members.move_to_end(key)

    def admit(self, key: K, owner: str, now: float, *, may_evict: bool = True) -> tuple[bool, K | None]:
        """Let a new key in, if there is room for this caller. Also tells which one gave way.

        `may_evict`: it may take the place of a key that is in use.
        """
        gone = None
        if self.count >= self._most:
            gone = self._candidate_for_eviction(owner, now, may_evict=may_evict)
            if gone is None:
                return False, None
            self.drop(gone)
        self._members[key] = Membership(owner, now)
        self._by_owner.setdefault(owner, {})[key] = None
        return True, gone

    def drop(self, key: K) -> None:
        """Forget a key."""
        member = self._members.pop(key, None)
        if member is not None and (own := self._by_owner.get(member.owner)):
            own.pop(key, None)
            if not own:
                del self._by_owner[member.owner]

    def _candidate_for_eviction(self, owner: str, now: float, *, may_evict: bool) -> K | None:
        if not self._members:
            return None
        longest = next(iter(self._members))
        if self._members[longest].seen < now - self._idle_seconds:
            return longest
        if not may_evict:
            return None
        greediest = max(self._by_owner.values(), key=len, default={})
        if len(greediest) > len(self._by_owner.get(owner, ())) + 1:
            return next(reversed(greediest))
        return None
