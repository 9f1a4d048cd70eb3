"""Questions in line, a line for each caller: callers take turns, and whoever has most in line gives way first.

One caller's thousand templates then cost another's question one turn, not a thousand. Within a caller its addresses
take turns in the same way: a fleet may share one token.
"""

import asyncio
from collections import Counter, OrderedDict

from mothership.fairness import Holder
from mothership.pipeline.llm.prompt import Question


class FairQueue:
    """A queue that is fair to callers. A question may stand in the lines of several, and is served once."""

    def __init__(self) -> None:
        self._queues: OrderedDict[str, OrderedDict[str, OrderedDict[bytes, Question]]] = OrderedDict()
        self._sizes: Counter[str] = Counter()
        self._holders: dict[bytes, set[Holder]] = {}
        self._ready = asyncio.Queue[None]()

    @property
    def count(self) -> int:
        """How many questions wait."""
        return len(self._holders)

    def put(self, question: Question, holder: Holder) -> None:
        """Put a question at the end of a caller's line, if it isn't there."""
        holders = self._holders.get(question.key)
        if holders is None:
            holders = self._holders[question.key] = set()
            self._ready.put_nowait(None)
        if holder in holders:
            return
        holders.add(holder)
        self._sizes[holder.caller] += 1
        queue = self._queues.setdefault(holder.caller, OrderedDict()).setdefault(holder.address, OrderedDict())
        queue[question.key] = question

    async def get(self) -> tuple[Question, Holder]:
        """The next question of the caller whose turn it is, and that caller."""
        await self._ready.get()
        while not self._queues:  # it was taken back meanwhile
            await self._ready.get()
        client, addresses = next(iter(self._queues.items()))
        address, queue = next(iter(addresses.items()))
        question = next(iter(queue.values()))
        self._queues.move_to_end(client)
        addresses.move_to_end(address)
        self._remove(question.key)
        return question, Holder(client, address)

    def displace(self, holder: Holder) -> Question | None:
        """Take the newest question back of whoever has more in line than this caller; None when nobody has."""
        most = max(self._sizes, key=self._sizes.__getitem__, default=holder.caller)
        # Only for more than what it is ahead by: two that take each other's place would both starve.
        if self._sizes[most] <= self._sizes[holder.caller] + 1:
            most = holder.caller
        addresses = self._queues.get(most, OrderedDict())
        queue = max(addresses.values(), key=len, default=OrderedDict())
        if most == holder.caller and len(queue) <= len(addresses.get(holder.address, ())) + 1:
            return None
        question = next(reversed(queue.values()))
        self._remove(question.key)
        if not self._ready.empty():
            self._ready.get_nowait()
        return question

    def _remove(self, key: bytes) -> None:
        for client, address in self._holders.pop(key):
            addresses = self._queues[client]
            queue = addresses[address]
            del queue[key]
            self._sizes[client] -= 1
            if not queue:
                del addresses[address]
            if not addresses:
                del self._queues[client], self._sizes[client]
