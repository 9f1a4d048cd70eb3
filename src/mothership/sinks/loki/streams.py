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
from msgspec.structs import astuple

from mothership.event import Row
from mothership.sinks.loki.fair_set import NEVER, FairSet
from mothership.sinks.loki.fields import UNKNOWN, LabelReader, Metadata, decoder, metadata_reader, truncated
from mothership.sinks.loki.settings import LABELS, LokiSettings
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
VALUE_CHARACTERS_MAX = 4096
"""Characters of a value that are looked at."""
CACHED_VALUE_CHARACTERS_MAX = 128
CACHED_STREAMS_MAX = 10_000
"""Most sets of raw label values whose stream is remembered: it spares normalising them again."""
TOUCH_SECONDS = 30.0
"""How exactly it is known when a stream was seen last."""
IDLE_SECONDS = 3600.0
"""A value, or a stream, that has not been seen for so long makes room for another."""
DROPPED_LABELS = (("severity", 0.5), ("site", 0.625), ("service", 0.75))
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
StreamKey = tuple[str | None, ...]
"""A stream's values in the order of `LABELS`."""


class StreamAndMetadata(NamedTuple):
    """A row's stream and its structured metadata."""

    stream: Labels
    metadata: Metadata


class ExistingStreams(NamedTuple):
    """The streams that Loki has."""

    recent: Sequence[Mapping[str, str]] = ()
    """Of the last hour."""
    earlier: Sequence[Mapping[str, str]] = ()
    """Of the day before that."""


@dataclass(slots=True, eq=False)
class Stream:
    """A stream in use: its labels, when it was seen last, and the cached values that lead to it."""

    key: StreamKey
    labels: Labels
    seen: float = NEVER
    cached_values: list[StreamKey] = field(default_factory=list)


class StreamTable:
    """The streams of this process: computes a row's labels, and holds the caps."""

    def __init__(self, settings: LokiSettings) -> None:
        caps = settings.max_label_values.model_dump()
        kept: Mapping[str, Sequence[str]] = {str(label): values for label, values in settings.kept_label_values.items()}
        self._value_bytes = settings.max_label_value_bytes
        self._values: dict[str, FairSet[str]] = {
            label: FairSet(caps[label], IDLE_SECONDS, [self._normalize(label, value) for value in kept.get(label, ())])
            for label in LABELS
        }
        self._streams_max = settings.max_streams - caps["type"] - 1
        self._keys: FairSet[StreamKey] = FairSet(self._streams_max, IDLE_SECONDS)
        self._streams: dict[StreamKey, Stream] = {}
        self._with_value: dict[tuple[str, str], set[StreamKey]] = {}
        self._overflow: dict[str, Labels] = {}
        self._replaced: deque[float] = deque()
        self._replaced_max = int(settings.max_streams * REPLACED_SHARE)
        self._cache: dict[StreamKey, Stream] = {}
        names, self._decode = decoder(settings)
        self._labels = LabelReader()
        self._metadata = metadata_reader(names, settings)

    @property
    def streams(self) -> int:
        """How many streams there are by now."""
        return len(self._streams) + len(self._overflow)

    @property
    def values(self) -> dict[str, int]:
        """How many distinct values each label has taken, `other` not counted."""
        return {label: values.count for label, values in self._values.items()}

    def place(self, row: Row, client: str = "anonymous", now: float = 0.0) -> StreamAndMetadata:
        """Tell the row's stream and structured metadata. Two rows of one write have the same `now`."""
        try:
            fields = self._decode(row.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return StreamAndMetadata(self._stream((row.type or UNKNOWN, None, None, None, None, None), client, now), ())
        values = astuple(fields)
        return StreamAndMetadata(
            self._stream(self._labels.read(fields, values, row), client, now), self._metadata(values)
        )

    def restore(self, found: ExistingStreams, now: float = 0.0) -> int:
        """Take over streams that were made before, here or by another instance. Tells how many.

        Only an empty table does. What was there for long has its place for an hour; what came lately, or has gone
        since, makes room for whatever comes.
        """
        if self.streams:
            return 0
        recent, earlier = _stream_keys(found.recent), _stream_keys(found.earlier)
        for keys, seen in ((recent & earlier, now), (recent ^ earlier, NEVER)):
            for key in sorted(keys, key=repr):
                if self._restore_stream(key, seen):
                    self._add(key)
        return self.streams

    def _restore_stream(self, key: StreamKey, seen: float) -> bool:
        """Let a stream's values in, if they are such as this table makes and there is room for all of them."""
        wanted = [(label, value) for label, value in _pairs(key) if value not in self._values[label]]
        if any(value != self._normalize(label, value) for label, value in wanted):
            return False
        for label, value in wanted:
            if not self._values[label].restore(value, seen):
                return False
        return self._keys.restore(key, seen)

    def _stream(self, raw: StreamKey, client: str, now: float) -> Labels:
        stream = self._cache.get(raw)
        if stream is None:
            key = tuple(
                None if value is None else self._admit(label, value, client, now)
                for label, value in zip(LABELS, raw, strict=True)
            )
            stream = self._find(key, client, now)
            if stream is None:
                return self._overflow_stream(key[0] or OTHER)
            if stream.key == key and OTHER not in key:
                self._cache_stream(raw, stream)
        if now - stream.seen > TOUCH_SECONDS:
            self._touch(stream, client, now)
        return stream.labels

    def _cache_stream(self, raw: StreamKey, stream: Stream) -> None:
        if len(self._cache) < CACHED_STREAMS_MAX and all(map(_is_short, raw)):
            self._cache[raw] = stream
            stream.cached_values.append(raw)

    def _touch(self, stream: Stream, client: str, now: float) -> None:
        """Note that the stream and its values are in use."""
        stream.seen = now
        self._keys.touch(stream.key, client, now)
        for label, value in _pairs(stream.key):
            self._values[label].touch(value, client, now)

    def _admit(self, label: str, value: str, client: str, now: float) -> str | None:
        """Normalise a value, and let it in while there is room."""
        values = self._values[label]
        if value in values:
            return value
        value = self._normalize(label, value)
        if not value or value == OTHER or value in values:
            return value or None
        admitted, gone = values.admit(value, client, now, may_evict=self._may_replace(now, 1.0))
        if gone is not None:
            for key in self._with_value.pop((label, gone), set()).copy():
                self._remove(key, now)
        if admitted:
            return value
        loki_label_overflows.labels(label).inc()
        return OTHER

    def _normalize(self, label: str, value: str) -> str:
        value = CONTROL.sub(" ", value[:VALUE_CHARACTERS_MAX]).strip()
        if label == "severity":
            return SEVERITIES.get(value.lower(), OTHER)
        if label in {"host", "env"}:
            value = value.lower()
        return truncated(value, self._value_bytes)

    def _find(self, key: StreamKey, client: str, now: float) -> Stream | None:
        """The stream of these values: as they are, or with less of them where room is scarce; None without any."""
        stream = self._streams.get(key)
        if stream is not None:
            return stream
        usage = self._usage(client)
        for label, scarce in DROPPED_LABELS:
            if usage < scarce:
                break
            at = LABELS.index(label)
            if key[at] not in (None, OTHER):
                loki_label_overflows.labels(label).inc()
                key = (*key[:at], OTHER, *key[at + 1 :])
            if stream := self._streams.get(key):
                return stream
        admitted, gone = self._keys.admit(key, client, now, may_evict=self._may_replace(now, 1.0))
        if gone is not None:
            self._remove(gone, now)
        if not admitted and self._may_replace(now, 0.5) and (specific := self._more_specific(key, client)):
            for one in specific:
                self._remove(one, now)
            admitted, _ = self._keys.admit(key, client, now)
        return self._add(key) if admitted else None

    def _usage(self, client: str) -> float:
        """How scarce room is for a caller's new stream: by what there is of streams, and of hosts that want some."""
        hosts = HOST_STREAMS * self._values["host"].usage_of(client, self._streams_max)
        return max(self._keys.usage_of(client, self._streams_max), hosts)

    def _may_replace(self, now: float, part: float) -> bool:
        """May a stream in use give way? Loki counts it for a while, beside the one in its place."""
        while self._replaced and self._replaced[0] < now - REPLACED_SECONDS:
            self._replaced.popleft()
        return len(self._replaced) < part * self._replaced_max

    def _more_specific(self, key: StreamKey, client: str) -> list[StreamKey]:
        """The caller's streams of the same type, host and environment: one that stands for them replaces them."""
        coarse = {LABELS.index(label) for label, _ in DROPPED_LABELS}
        return [
            specific
            for specific in self._with_value.get(("host", key[LABELS.index("host")] or ""), ())
            if all(at in coarse or specific[at] == value for at, value in enumerate(key))
            and self._keys.owner(specific) == client
        ]

    def _add(self, key: StreamKey) -> Stream:
        labels = tuple(sorted((name, value) for name, value in zip(LABELS, key, strict=True) if value is not None))
        stream = self._streams[key] = Stream(key, labels)
        for pair in _pairs(key):
            self._with_value.setdefault(pair, set()).add(key)
        loki_streams.set(self.streams)
        return stream

    def _remove(self, key: StreamKey, now: float) -> None:
        stream = self._streams.pop(key, None)
        if stream is None:
            return
        if stream.seen > now - REPLACED_SECONDS:
            self._replaced.append(now)
        self._keys.drop(key)
        for raw in stream.cached_values:
            self._cache.pop(raw, None)
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


def _pairs(key: StreamKey) -> Iterable[tuple[str, str]]:
    """The labels that a stream has a value of its own for."""
    return [(label, value) for label, value in zip(LABELS, key, strict=True) if value is not None and value != OTHER]


def _stream_keys(streams: Iterable[Mapping[str, str]]) -> set[StreamKey]:
    """The streams among them that this sink makes."""
    keys = {
        tuple(labels.get(name) for name in LABELS) for labels in streams if set(labels) - ADDED_BY_LOKI <= set(LABELS)
    }
    return {key for key in keys if key[0] is not None and set(key[1:]) != {OTHER}}


def _is_short(value: str | None) -> bool:
    return value is None or len(value) <= CACHED_VALUE_CHARACTERS_MAX
