"""Which stream a row belongs to, and the caps that keep streams few.

A value that was let in stays in while it is seen, and a stream likewise. So a batch sent again makes the very same
lines in the very same streams, and Loki drops it. Where room gets scarce, new streams give up what is least missed:
`severity`, then `site`, then `service`, and `host` only when nothing else helps. Callers share the room fairly.
"""

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from mothership.event import Row
from mothership.sinks.loki.fields import UNKNOWN, decoder, label_values, metadata_reader, truncated
from mothership.sinks.loki.settings import LABELS, LokiSettings
from mothership.sinks.loki.shares import NEVER, Shares
from mothership.telemetry import loki_label_overflows, loki_streams

OTHER = "other"
SEVERITIES = {
    "emergency": "emergency", "emerg": "emergency", "panic": "emergency", "0": "emergency",
    "alert": "alert", "1": "alert",
    "critical": "critical", "crit": "critical", "fatal": "critical", "2": "critical",
    "error": "error", "err": "error", "3": "error",
    "warning": "warning", "warn": "warning", "4": "warning",
    "notice": "notice", "5": "notice",
    "info": "info", "informational": "info", "information": "info", "6": "info",
    "debug": "debug", "7": "debug",
    "trace": "trace", "verbose": "trace",
}  # fmt: skip
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffd]+")
NORMALISED_MAX = 4096
"""Characters of a value that are looked at."""
SHORT = 128
SHORTCUTS_MAX = 10_000
"""Most sets of raw label values whose stream is remembered: it spares normalising them again."""
SEEN_SECONDS = 30.0
"""How exactly it is known when a stream was seen last."""
IDLE_SECONDS = 3600.0
"""A value, or a stream, that has not been seen for so long makes room for another."""
GIVEN_UP = (("severity", 0.5), ("site", 0.625), ("service", 0.75))
"""Which label a new stream does without, and from which fill of the table (or of the caller's share of it) on."""
HOST_STREAMS = 2
"""Streams of a host that are counted with at least: half as many hosts as streams are a full table."""
REPLACED_SECONDS = 2100.0
"""How long Loki still counts a stream that gets no more lines (`chunk_idle_period`, and time to flush)."""
REPLACED_SHARE = 0.2
"""Streams in use that may be replaced in that time, beside `max_streams`: what lies between it and Loki's own bound."""

ADDED_BY_LOKI = frozenset({"service_name", "__stream_shard__"})
"""Labels that Loki puts beside ours."""

Labels = tuple[tuple[str, str], ...]
Key = tuple[str | None, ...]
"""A stream's values in the order of `LABELS`."""


class Placed(NamedTuple):
    """A row's stream and its structured metadata."""

    stream: Labels
    metadata: tuple[tuple[str, str], ...]


class Recalled(NamedTuple):
    """The streams that Loki has."""

    recent: Sequence[Mapping[str, str]] = ()
    """Of the last hour."""
    earlier: Sequence[Mapping[str, str]] = ()
    """Of the day before that."""


@dataclass(slots=True, eq=False)
class Stream:
    """A stream that there is."""

    key: Key
    labels: Labels
    seen: float = NEVER
    shortcuts: list[Key] = field(default_factory=list)


class StreamTable:
    """The streams of this process: computes a row's labels, and holds the caps."""

    def __init__(self, settings: LokiSettings) -> None:
        caps = settings.max_label_values.model_dump()
        kept: Mapping[str, Sequence[str]] = {str(label): values for label, values in settings.kept_label_values.items()}
        self._value_bytes = settings.max_label_value_bytes
        self._values: dict[str, Shares[str]] = {
            label: Shares(caps[label], IDLE_SECONDS, [self._normal(label, value) for value in kept.get(label, ())])
            for label in LABELS
        }
        self._streams_max = settings.max_streams - caps["type"] - 1
        self._shares: Shares[Key] = Shares(self._streams_max, IDLE_SECONDS)
        self._streams: dict[Key, Stream] = {}
        self._with_value: dict[tuple[str, str], set[Key]] = {}
        self._overflow: dict[str, Labels] = {}
        self._replaced: deque[float] = deque()
        self._replaced_max = int(settings.max_streams * REPLACED_SHARE)
        self._shortcuts: dict[Key, Stream] = {}
        names, self._decode = decoder(settings)
        self._metadata = metadata_reader(names, settings)

    @property
    def streams(self) -> int:
        """How many streams there are by now."""
        return len(self._streams) + len(self._overflow)

    @property
    def values(self) -> dict[str, int]:
        """How many distinct values each label has taken, `other` not counted."""
        return {label: len(values) for label, values in self._values.items()}

    def place(self, row: Row, client: str = "anonymous", now: float = 0.0) -> Placed:
        """Tell the row's stream and structured metadata. Two rows of one write have the same `now`."""
        try:
            fields = self._decode(row.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Placed(self._stream((row.type or UNKNOWN, None, None, None, None, None), client, now), ())
        return Placed(self._stream(label_values(fields, row), client, now), self._metadata(fields))

    def recall(self, found: Recalled, now: float = 0.0) -> int:
        """Take over streams that were made before, here or by another instance. Tells how many.

        Only an empty table does. What was there for long has its place for an hour; what came lately, or has gone
        since, makes room for whatever comes.
        """
        if self.streams:
            return 0
        recent, earlier = _keys(found.recent), _keys(found.earlier)
        for keys, seen in ((recent & earlier, now), (recent ^ earlier, NEVER)):
            for key in sorted(keys, key=repr):
                if self._readmit(key, seen):
                    self._add(key)
        return self.streams

    def _readmit(self, key: Key, seen: float) -> bool:
        """Let a stream's values in, if they are such as this table makes and there is room for all of them."""
        wanted = [(label, value) for label, value in _pairs(key) if value not in self._values[label]]
        if any(value != self._normal(label, value) for label, value in wanted):
            return False
        for label, value in wanted:
            if not self._values[label].recall(value, seen):
                return False
        return self._shares.recall(key, seen)

    def _stream(self, raw: Key, client: str, now: float) -> Labels:
        stream = self._shortcuts.get(raw)
        if stream is None:
            key = tuple(
                None if value is None else self._admit(label, value, client, now)
                for label, value in zip(LABELS, raw, strict=True)
            )
            stream = self._find(key, client, now)
            if stream is None:
                return self._overflow_stream(key[0] or OTHER)
            if stream.key == key and OTHER not in key:
                self._remember(raw, stream)
        if now - stream.seen > SEEN_SECONDS:
            self._see(stream, client, now)
        return stream.labels

    def _remember(self, raw: Key, stream: Stream) -> None:
        if len(self._shortcuts) < SHORTCUTS_MAX and all(map(_is_short, raw)):
            self._shortcuts[raw] = stream
            stream.shortcuts.append(raw)

    def _see(self, stream: Stream, client: str, now: float) -> None:
        """Note that the stream and its values are in use."""
        stream.seen = now
        self._shares.see(stream.key, client, now)
        for label, value in _pairs(stream.key):
            self._values[label].see(value, client, now)

    def _admit(self, label: str, value: str, client: str, now: float) -> str | None:
        """Normalise a value, and let it in while there is room."""
        values = self._values[label]
        if value in values:
            return value
        value = self._normal(label, value)
        if not value or value == OTHER or value in values:
            return value or None
        admitted, gone = values.admit(value, client, now, take=self._may_replace(now, 1.0))
        if gone is not None:
            for key in self._with_value.pop((label, gone), set()).copy():
                self._remove(key, now)
        if admitted:
            return value
        loki_label_overflows.labels(label).inc()
        return OTHER

    def _normal(self, label: str, value: str) -> str:
        value = CONTROL.sub(" ", value[:NORMALISED_MAX]).strip()
        if label == "severity":
            return SEVERITIES.get(value.lower(), OTHER)
        if label in {"host", "env"}:
            value = value.lower()
        return truncated(value, self._value_bytes)

    def _find(self, key: Key, client: str, now: float) -> Stream | None:
        """The stream of these values: as they are, or with less of them where room is scarce; None without any."""
        stream = self._streams.get(key)
        if stream is not None:
            return stream
        fill = self._fill(client)
        for label, scarce in GIVEN_UP:
            if fill < scarce:
                break
            at = LABELS.index(label)
            if key[at] not in (None, OTHER):
                loki_label_overflows.labels(label).inc()
                key = (*key[:at], OTHER, *key[at + 1 :])
            if stream := self._streams.get(key):
                return stream
        admitted, gone = self._shares.admit(key, client, now, take=self._may_replace(now, 1.0))
        if gone is not None:
            self._remove(gone, now)
        if not admitted and self._may_replace(now, 0.5) and (finer := self._finer(key, client)):
            for one in finer:
                self._remove(one, now)
            admitted, _ = self._shares.admit(key, client, now)
        return self._add(key) if admitted else None

    def _fill(self, client: str) -> float:
        """How scarce room is for a caller's new stream: by what there is of streams, and of hosts that want some."""
        hosts = HOST_STREAMS * self._values["host"].fill_of(client, self._streams_max)
        return max(self._shares.fill_of(client, self._streams_max), hosts)

    def _may_replace(self, now: float, part: float) -> bool:
        """May a stream in use give way? Loki counts it for a while, beside the one in its place."""
        while self._replaced and self._replaced[0] < now - REPLACED_SECONDS:
            self._replaced.popleft()
        return len(self._replaced) < part * self._replaced_max

    def _finer(self, key: Key, client: str) -> list[Key]:
        """The caller's streams of the same type, host and environment: one that stands for them replaces them."""
        coarse = {LABELS.index(label) for label, _ in GIVEN_UP}
        return [
            finer
            for finer in self._with_value.get(("host", key[LABELS.index("host")] or ""), ())
            if all(at in coarse or finer[at] == value for at, value in enumerate(key))
            and self._shares.owner(finer) == client
        ]

    def _add(self, key: Key) -> Stream:
        labels = tuple(sorted((name, value) for name, value in zip(LABELS, key, strict=True) if value is not None))
        stream = self._streams[key] = Stream(key, labels)
        for pair in _pairs(key):
            self._with_value.setdefault(pair, set()).add(key)
        loki_streams.set(self.streams)
        return stream

    def _remove(self, key: Key, now: float) -> None:
        stream = self._streams.pop(key, None)
        if stream is None:
            return
        if stream.seen > now - REPLACED_SECONDS:
            self._replaced.append(now)
        self._shares.drop(key)
        for raw in stream.shortcuts:
            self._shortcuts.pop(raw, None)
        for pair in _pairs(key):
            if keys := self._with_value.get(pair):
                keys.discard(key)
                if not keys:
                    del self._with_value[pair]
        loki_streams.set(self.streams)

    def _overflow_stream(self, kind: str) -> Labels:
        loki_label_overflows.labels("stream").inc()
        if kind not in self._overflow:
            self._overflow[kind] = tuple(sorted((name, kind if name == "type" else OTHER) for name in LABELS))
            loki_streams.set(self.streams)
        return self._overflow[kind]


def _pairs(key: Key) -> Iterable[tuple[str, str]]:
    """The labels that a stream has a value of its own for."""
    return [(label, value) for label, value in zip(LABELS, key, strict=True) if value is not None and value != OTHER]


def _keys(streams: Iterable[Mapping[str, str]]) -> set[Key]:
    """The streams among them that this sink makes."""
    keys = {
        tuple(labels.get(name) for name in LABELS) for labels in streams if set(labels) - ADDED_BY_LOKI <= set(LABELS)
    }
    return {key for key in keys if key[0] is not None and set(key[1:]) != {OTHER}}


def _is_short(value: str | None) -> bool:
    return value is None or len(value) <= SHORT
