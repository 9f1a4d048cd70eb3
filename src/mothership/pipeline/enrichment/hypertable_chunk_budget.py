"""How many new chunks of the hypertable events may open in an hour, so that no node fills the database with them.

A chunk costs files, memory and time for planning, for ever, and a day that nobody has sent events of yet opens one:
155 KB of events with 1,825 different days made 1,825 chunks and 300 MB. Beyond the bound an event is stored at the time
of receipt, with its mark, as with a broken clock.
"""

from mothership.telemetry import chunk_budget_refused, log

DAY_MICROS = 86_400_000_000
HOUR_MICROS = 3_600_000_000
REMEMBERED_HOURS = 24
"""A chunk that no event fell into for so long counts as new again: retention may have dropped it."""


class HypertableChunkBudget:
    """Chunks around the time of receipt are free; any other counts once, against all callers' bound and one caller's.

    One caller has half of the bound, so that another always finds room. This process knows only the chunks it has let
    through itself.
    """

    def __init__(self, chunk_micros: int, per_hour: int) -> None:
        self._size = chunk_micros
        self._free = max(DAY_MICROS, chunk_micros)
        self._per_hour = per_hour
        self._per_caller = max(1, per_hour // 2)
        self._known: dict[int, int] = {}
        """By chunk: the last hour that an event fell into it."""
        self._hour = 0
        self._opened: dict[str, int] = {}
        """By caller: the chunks opened this hour."""
        self._told: set[str] = set()

    def admits(self, micros: int, received: int, client: str) -> bool:
        """Whether an event of this time may be stored there; the first one of a chunk is counted."""
        if -self._free <= micros - received <= self._free:
            return True
        hour = received // HOUR_MICROS
        if hour > self._hour:
            self._begin(hour)
        chunk = micros // self._size
        if chunk not in self._known:
            if self._opened.get(client, 0) >= self._per_caller or sum(self._opened.values()) >= self._per_hour:
                self._refuse(client)
                return False
            self._opened[client] = self._opened.get(client, 0) + 1
        self._known[chunk] = self._hour
        return True

    def knows_day(self, day_micros: int, received: int) -> bool:
        """Whether every time of this day may be stored without being counted."""
        first, last = day_micros, day_micros + DAY_MICROS - 1
        if received - self._free <= first and last <= received + self._free:
            return True
        chunks = range(first // self._size, last // self._size + 1)
        if len(chunks) > REMEMBERED_HOURS or not all(chunk in self._known for chunk in chunks):
            return False
        self._known.update(dict.fromkeys(chunks, self._hour))
        return True

    def _begin(self, hour: int) -> None:
        self._hour = hour
        self._opened.clear()
        self._told.clear()
        self._known = {chunk: last for chunk, last in self._known.items() if hour - last < REMEMBERED_HOURS}

    def _refuse(self, client: str) -> None:
        chunk_budget_refused.inc()
        if client not in self._told:
            self._told.add(client)
            log.warning(
                "chunk_budget_spent", client=client, opened=self._opened.get(client, 0), per_hour=self._per_hour
            )
