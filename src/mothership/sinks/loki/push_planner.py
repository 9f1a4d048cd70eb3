"""Which entries travel in which push.

Loki's ingester answers a push with what became of its *last* stream only: lines of an earlier stream that are too
far behind, over the stream's rate, or of one stream too many are dropped behind a 204. So a push holds several
streams only where an earlier one can't be refused: streams that Loki has lately taken, with recent events, the
heaviest last. Every other stream has a push of its own, whose answer is about it alone.

A push whose answer is lost is sent again, and Loki knows an entry again only within the stream's current block and
its window of order. So a push holds little of a stream, in bytes and in time.

A stream that is busy is divided by Loki into shards, and then an answer is about the last shard only. So what may be
too far behind travels alone there, one entry a push.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from mothership.sinks.loki.push_encoding import NANOS, Entry, Push, StreamEntries
from mothership.sinks.loki.settings import LokiSettings
from mothership.sinks.loki.streams import Labels

KNOWN_STREAM_SECONDS = 900.0
"""How long a stream counts as known to Loki, which forgets an idle one after half an hour."""
STREAM_LIMIT_PAUSE_SECONDS = 60.0
"""How long a stream that could not be had is not asked for."""
AHEAD_SECONDS = 900.0
"""How far ahead of our clock another writer's line may be: Loki takes ten minutes, and clocks differ."""
PUSH_BYTES_MIN = 4096
STREAM_BYTES_MAX = 65_536
"""Most of one stream in one push: a quarter of Loki's block (`chunk_block_size`), within which it knows a copy."""

NEVER = float("-inf")
RATE_HALF_LIFE_SECONDS = 2.0
"""Of what counts towards a stream's rate: about as Loki forgets."""
SHARDED_SECONDS = 60.0
"""How long a stream counts as busy after an answer that spoke of a shard."""

OrderedPushes = list[Push]
"""Pushes that follow one another; lanes run side by side. A stream is in one lane only: its lines keep their order."""


@dataclass(slots=True)
class StreamHistory:
    """What Loki has lately said of a stream, and what it was sent."""

    planned: float = NEVER
    """When it was last sent something."""
    taken: float = NEVER
    """When it took an entry."""
    refused: float = NEVER
    """When it could not have the stream."""
    sharded: float = NEVER
    newest_ns: int = 0
    """Newest entry that it took."""
    proven_ns: int | None = None
    """Oldest entry that it took: what is newer, and not far behind the newest, is not too far behind."""
    bytes: float = 0.0
    bytes_at: float = 0.0

    def load(self, now: float) -> float:
        """Bytes that still count towards its rate."""
        return self.bytes * math.pow(0.5, max(0.0, now - self.bytes_at) / RATE_HALF_LIFE_SECONDS)


class PushPlanner:
    """Remembers what Loki has lately said of its streams, and how large a push may be."""

    def __init__(self, settings: LokiSettings) -> None:
        self._bytes = self._bytes_max = settings.max_push_bytes
        self._entries_max = settings.batch_size
        self._behind_seconds = settings.out_of_order_seconds / 2
        self._recent_seconds = max(self._behind_seconds, settings.out_of_order_seconds - AHEAD_SECONDS)
        self._busy_bytes = settings.shard_bytes_per_second / 2
        self._histories: dict[Labels, StreamHistory] = {}
        self._histories_max = 2 * settings.max_streams

    def plan(
        self, entries: Mapping[Labels, list[Entry]], now: float
    ) -> tuple[list[OrderedPushes], list[StreamEntries]]:
        """Sort each stream's entries by time, and blocks of them into lanes. The same entries make the same pushes.

        Beside the lanes: blocks of streams that could not be had a moment ago.
        """
        together: list[StreamEntries] = []
        ordered_pushes: list[OrderedPushes] = []
        refused: list[StreamEntries] = []
        for stream, of_stream in entries.items():
            of_stream.sort(key=attrgetter("ns"))
            block = StreamEntries(stream, of_stream)
            history = self._history(stream)
            history.planned = now
            if history.refused > now - STREAM_LIMIT_PAUSE_SECONDS:
                refused.append(block)
            elif self._may_share(block, history, now):
                together.append(block)
            else:
                ordered_pushes.append([(part,) for part in self._parts(block)])
        if together:
            together.sort(key=lambda block: (block.size, block.stream))
            ordered_pushes += [[tuple(push)] for push in self._fill(together)]  # the heaviest is last in each
        return ordered_pushes, refused

    def on_stream_limit(self, stream: Labels, now: float) -> None:
        """Loki can't have this stream now."""
        self._history(stream).refused = now

    def isolate_late_entries(self, push: Push, now: float) -> Sequence[Push]:
        """Divide a push about one stream, so that each entry that may be refused has an answer about it alone."""
        if len(push) > 1:
            return [push]
        (block,) = push
        history = self._history(block.stream)
        busy = history.load(now) + block.size > self._busy_bytes or history.sharded > now - SHARDED_SECONDS
        if not busy or len(block.entries) == 1:
            return [push]
        late = [entry for entry in block.entries if self._may_be_behind(history, entry, now)]
        rest = without(push, late)
        return [*((StreamEntries(block.stream, [entry]),) for entry in late), *([rest] if rest else [])]

    def on_answered(self, push: Push, now: float) -> None:
        """Loki has answered this push, whatever it said: it counts towards the rates of the streams."""
        for block in push:
            history = self._history(block.stream)
            history.bytes, history.bytes_at = history.load(now) + block.size, now

    def on_sharded(self, push: Push, now: float) -> None:
        """An answer spoke of a shard."""
        for block in push:
            self._history(block.stream).sharded = now

    def on_stored(self, push: Push, now: float) -> None:
        """Loki has answered well for this push: it knows the streams, and may be sent more at a time again."""
        self._bytes = min(self._bytes_max, 2 * self._bytes)
        for block in push:
            history, oldest = self._history(block.stream), block.entries[0].ns
            history.taken, history.refused = now, NEVER
            history.newest_ns = max(history.newest_ns, block.entries[-1].ns)
            history.proven_ns = oldest if history.proven_ns is None else min(history.proven_ns, oldest)

    def on_outage(self) -> None:
        """Loki may have been restarted: what it knew is not known any more."""
        for history in self._histories.values():
            history.taken, history.proven_ns = NEVER, None

    def on_too_large(self, size: int) -> None:
        """Loki takes no push of this size: none shall be as large from now on."""
        self._bytes_max = max(PUSH_BYTES_MIN, min(self._bytes_max, size // 2))
        self._bytes = min(self._bytes, self._bytes_max)

    def on_rate_limited(self, size: int) -> None:
        """A push of this size did not pass the rate limit, and may never: the next ones are smaller for a while."""
        self._bytes = max(PUSH_BYTES_MIN, min(self._bytes, size // 2))

    def _may_share(self, block: StreamEntries, history: StreamHistory, now: float) -> bool:
        return (
            history.taken > now - KNOWN_STREAM_SECONDS
            and block.entries[0].ns > (now - self._recent_seconds) * NANOS
            and len(block.entries) <= self._entries_max
            and block.size <= min(self._bytes // 4, STREAM_BYTES_MAX)
        )

    def _may_be_behind(self, history: StreamHistory, entry: Entry, now: float) -> bool:
        behind = int(self._behind_seconds * NANOS)
        if entry.ns < history.newest_ns - behind:
            return True
        return entry.ns < now * NANOS - behind and (history.proven_ns is None or entry.ns < history.proven_ns)

    def _history(self, stream: Labels) -> StreamHistory:
        history = self._histories.get(stream)
        if history is None:
            if len(self._histories) >= self._histories_max:
                self._forget_idle()
            history = self._histories[stream] = StreamHistory()
        return history

    def _forget_idle(self) -> None:
        """Make room: those whose streams were not sent for longest go."""
        by_age = sorted(self._histories, key=lambda stream: self._histories[stream].planned)
        for stream in by_age[: self._histories_max // 2]:
            del self._histories[stream]

    def _parts(self, block: StreamEntries) -> Iterator[StreamEntries]:
        entries: list[Entry] = []
        size, size_max = 0, min(self._bytes, STREAM_BYTES_MAX)
        for entry in block.entries:
            if entries and (
                size + entry.size > size_max
                or len(entries) == self._entries_max
                or entry.ns - entries[0].ns > self._behind_seconds * NANOS
            ):
                yield StreamEntries(block.stream, entries)
                entries, size = [], 0
            entries.append(entry)
            size += entry.size
        yield StreamEntries(block.stream, entries)

    def _fill(self, blocks: Iterable[StreamEntries]) -> Iterator[Sequence[StreamEntries]]:
        push: list[StreamEntries] = []
        size = entries = 0
        for block in blocks:
            if push and (size + block.size > self._bytes or entries + len(block.entries) > self._entries_max):
                yield push
                push, size, entries = [], 0, 0
            push.append(block)
            size, entries = size + block.size, entries + len(block.entries)
        yield push


def halves(push: Push) -> tuple[Push, Push]:
    """Split a push of at least two entries in two: between streams where it can."""
    if len(push) > 1:
        middle = len(push) // 2
        return push[:middle], push[middle:]
    stream, entries = push[0].stream, push[0].entries
    middle = len(entries) // 2
    return (StreamEntries(stream, entries[:middle]),), (StreamEntries(stream, entries[middle:]),)


def without(push: Push, gone: Iterable[Entry]) -> Push:
    """Tell what is left of a push."""
    out = set(gone)
    rest = (StreamEntries(block.stream, [entry for entry in block.entries if entry not in out]) for block in push)
    return tuple(block for block in rest if block.entries)


def size_of(push: Push) -> int:
    """Tell about how large a push is."""
    return sum(block.size for block in push)
