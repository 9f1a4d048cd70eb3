"""Loki's ingester and what it knows of streams: blocks, the window of order, rates, and the shards that follow."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.sinks.loki.loki_texts import V3_7, Words
from tests.sinks.loki.wire_check import PushedEntry, PushedStream

NS = 1_000_000_000
SMOOTHING = 0.4


@dataclass
class Limits:
    """Loki's defaults."""

    max_line_bytes: int = 262_144
    max_labels: int = 15
    max_label_name_bytes: int = 1024
    max_label_value_bytes: int = 2048
    max_streams: int = 5000
    metadata_entries: int = 128
    metadata_bytes: int = 65_536
    allow_metadata: bool = True
    oldest_seconds: float = 7 * 86400
    future_seconds: float = 600
    window_seconds: float = 3600
    body_bytes: int = 4_000_000
    rate_bytes: float = 4e6
    burst_bytes: float = 6e6
    stream_rate_bytes: float = 3e6
    stream_burst_bytes: float = 15e6
    listed_errors: int = 10
    required_labels: tuple[str, ...] = ()
    block_bytes: int = 262_144
    """A stream's entries are known again only within its current block."""
    shard_bytes: float = 1_572_864
    """Bytes a second above which a stream is sharded; 0: sharding is off."""


class Fault(Exception):
    """An HTTP answer that is not 2xx."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class Bucket:
    """A token bucket."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self.rate, self.burst, self.clock = rate, burst, clock
        self.tokens, self.at = burst, clock()

    def take(self, amount: float) -> bool:
        """Take so much, or say no."""
        now = self.clock()
        self.tokens, self.at = min(self.burst, self.tokens + (now - self.at) * self.rate), now
        if amount > self.tokens:
            return False
        self.tokens -= amount
        return True


@dataclass
class Stream:
    """One stream at rest."""

    labels: dict[str, str]
    lines: dict[tuple[int, str], PushedEntry] = field(default_factory=dict)
    counted: int = 0
    """Entries at rest, copies and all: what `count_over_time` counts."""
    highest: int | None = None
    bucket: Bucket | None = None
    block: set[tuple[object, ...]] = field(default_factory=set)
    block_bytes: int = 0
    last: tuple[object, ...] | None = None

    def store(self, entry: PushedEntry, limits: Limits, words: Words) -> None:
        """Keep an entry, unless the current block has it."""
        mark = identity(entry, words)
        self.highest = entry.ns if self.highest is None else max(self.highest, entry.ns)
        self.last = mark
        if mark in self.block:
            return
        self.block.add(mark)
        self.lines[entry.ns, entry.line] = entry
        self.counted += 1
        self.block_bytes += len(entry.line.encode()) + 8 * len(entry.metadata)
        if self.block_bytes >= limits.block_bytes:
            self.block, self.block_bytes = set(), 0


@dataclass
class Rate:
    """What the distributor knows of a stream's rate: smoothed, and looked at once a second."""

    bytes: float = 0.0
    pushes: float = 0.0
    new_bytes: float = 0.0
    new_pushes: int = 0
    second: int = 0
    next_shard: int = 0

    def look(self, now: float) -> None:
        """Let the seconds pass."""
        for _ in range(min(60, int(now) - self.second)):
            self.bytes = SMOOTHING * self.new_bytes + (1 - SMOOTHING) * self.bytes if self.pushes else self.new_bytes
            self.pushes = SMOOTHING * self.new_pushes + (1 - SMOOTHING) * self.pushes or float(self.new_pushes)
            self.new_bytes, self.new_pushes = 0.0, 0
        self.second = int(now)


class Ingester:
    """Stores like Loki's ingester: what is said in the end is about the last stream."""

    def __init__(self, limits: Limits, clock: Callable[[], float], words: Words = V3_7) -> None:
        self.limits, self.clock, self.words = limits, clock, words
        self.streams: dict[frozenset[tuple[str, str]], Stream] = {}
        self.rates: dict[frozenset[tuple[str, str]], Rate] = {}
        self.sharded = 0
        """Pushes that were divided between shards."""

    def push(self, streams: Sequence[PushedStream]) -> None:
        """Store what can be stored. Raises what became of the last stream or shard, and of that alone."""
        last: Fault | None = None
        for stream in streams:
            labels = dict(stream.labels)
            labels.setdefault("service_name", labels.get("service", "unknown_service"))
            for part, entries in self._shards(labels, stream.entries):
                last = self._push_one(labels, part, entries)
        if last:
            raise last

    def _shards(
        self, labels: dict[str, str], entries: list[PushedEntry]
    ) -> list[tuple[dict[str, str], list[PushedEntry]]]:
        rate = self.rates.setdefault(frozenset(labels.items()), Rate(second=int(self.clock())))
        rate.look(self.clock())
        size = sum(len(entry.line.encode()) for entry in entries) * min(rate.pushes, 1.0)
        desired = self.limits.shard_bytes
        shards = -int(-(rate.bytes + size) // desired) if desired and rate.pushes else 1
        if shards <= 1:
            return [(labels, entries)]
        self.sharded += 1
        parts = min(shards, len(entries))
        first, rate.next_shard = rate.next_shard, rate.next_shard + parts
        return [
            ({**labels, "__stream_shard__": str((first + part) % shards)}, entries[part::parts])
            for part in range(parts)
        ]

    def _push_one(self, base: dict[str, str], labels: dict[str, str], entries: list[PushedEntry]) -> Fault | None:
        limits = self.limits
        key = frozenset(labels.items())
        stream = self.streams.get(key)
        if stream is None:
            if len(self.streams) >= limits.max_streams:
                return Fault(429, self.words.stream_limit.format(stream=named(labels)))
            stream = self.streams[key] = Stream(labels)
            stream.bucket = Bucket(limits.stream_rate_bytes, limits.stream_burst_bytes, self.clock)
        store, behind, size = self._validate(stream, entries)
        rate = self.rates[frozenset(base.items())]
        rate.new_bytes, rate.new_pushes = rate.new_bytes + size, rate.new_pushes + 1
        assert stream.bucket is not None
        if not stream.bucket.take(sum(len(entry.line) for entry in store)):  # all of it or nothing
            why = self.words.stream_rate.format(stream=named(labels), size=1)
            return self._fault(429, labels, [(entry, why) for entry in store], len(entries))
        for entry in store:
            stream.store(entry, limits, self.words)
        return self._fault(400, labels, behind, len(entries)) if behind else None

    def _validate(
        self, stream: Stream, entries: list[PushedEntry]
    ) -> tuple[list[PushedEntry], list[tuple[PushedEntry, str]], int]:
        store: list[PushedEntry] = []
        behind: list[tuple[PushedEntry, str]] = []
        highest, last, size = stream.highest, stream.last, 0
        for entry in entries:
            if identity(entry, self.words) == last:
                continue
            size += len(entry.line.encode())
            cutoff = None if highest is None else highest - int(self.limits.window_seconds * NS)
            if cutoff is not None and entry.ns < cutoff:
                times = {"at": rfc3339(entry.ns / NS), "cutoff": rfc3339(cutoff / NS)}
                behind.append((entry, self.words.too_far_behind.format(**times)))
                continue
            highest, last = max(highest or 0, entry.ns), identity(entry, self.words)
            store.append(entry)
        return store, behind, size

    def _fault(self, status: int, labels: dict[str, str], faults: list[tuple[PushedEntry, str]], sent: int) -> Fault:
        listed = "".join(
            f"entry with timestamp {go_time(entry.ns)} ignored, reason: '{why}',\n"
            for entry, why in faults[: self.limits.listed_errors]
        )
        text = f"{listed}user 'fake', total ignored: {len(faults)} out of {sent} for stream: {named(labels)}"
        return Fault(status, text)


def identity(entry: PushedEntry, words: Words) -> tuple[object, ...]:
    """By what two entries are one."""
    return (entry.ns, entry.line, entry.metadata) if words.compares_metadata else (entry.ns, entry.line)


def named(labels: dict[str, str]) -> str:
    """Print labels as Loki does: sorted, Go-quoted."""
    return "{" + ", ".join(f"{name}={json.dumps(labels[name], ensure_ascii=False)}" for name in sorted(labels)) + "}"


def grouped(faults: list[str]) -> str:
    """Join faults as Loki's distributor does."""
    counts = Counter(faults)
    if len(counts) == 1 and len(faults) == 1:
        return faults[0]
    return "; ".join(f"{count} errors like: {fault}" for fault, count in counts.items())


def rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds // 1), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def go_time(ns: int) -> str:
    """Print a time as Go's `time.Time.String` does."""
    seconds, fraction = divmod(ns, NS)
    date = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return date + (f".{fraction:09d}".rstrip("0") if fraction else "") + " +0000 UTC"
