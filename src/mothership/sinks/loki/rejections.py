"""Which entries of a push Loki objects to, read off the text of its 400.

Two parts of Loki object, and each hides what the other would say:

- the distributor names every kind of fault with its stream and a count, and passes the valid entries on;
- the ingester names entries by their exact time, ten at most, with their total; it speaks of one stream only.

So `Rejections.complete` says whether the text settles the whole push, or the rest has to be sent again to know
(which Loki answers by dropping what it has).
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from mothership.sinks.loki import responses as reasons
from mothership.sinks.loki.push_encoding import NANOS, Entry, Push, StreamEntries
from mothership.sinks.loki.settings import LABELS
from mothership.sinks.loki.streams import ADDED_BY_LOKI, Labels

STREAM = r'(?P<stream>\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})'
PAIR = re.compile(r'([a-zA-Z_][a-zA-Z0-9_.]*)\s*=\s*"((?:[^"\\]|\\.)*)"')
MANY = r"(?:(?P<count>\d+) errors like: )?"


def _message(pattern: str) -> re.Pattern[str]:
    """One message of Loki's. Capitals and quotation marks come and go with its versions."""
    return re.compile(MANY + pattern, re.IGNORECASE)


TOO_OLD = _message(rf"entry for stream '{STREAM}' has timestamp too old: (?P<at>\S+), [^:]*: (?P<cutoff>[^\s;,]+)")
TOO_NEW = _message(rf"entry for stream '{STREAM}' has timestamp too new: (?P<at>[^\s;,]+)")
TOO_LONG = _message(
    rf"max entry size '\d+' bytes exceeded for stream '{STREAM}'"
    r" while adding an entry with length '(?P<size>\d+)' bytes"
)
METADATA_BYTES = _message(
    rf"stream '{STREAM}' has structured metadata too large: '(?P<size>\d+)' bytes, limit: '\d+' bytes[^;]*"
)
METADATA_COUNT = _message(
    rf"stream '{STREAM}' has too many structured metadata labels: '(?P<size>\d+)', limit: '\d+'[^;]*"
)
LABEL_COUNT = _message(rf"entry for stream '{STREAM}' has \d+ label names; limit \d+")
LABEL_FORM = _message(rf"stream '{STREAM}' has (?:label (?:name|value) too long|duplicate label name): '[^']*'")
LABEL_SYNTAX = _message(rf"error parsing labels '{STREAM}' with error: [^;]*")
LABEL_MISSING = _message(
    rf"missing required labels [^{{]*? for user \S+ for stream '?{STREAM}'?(?: \(policy: '[^']*'\))?"
)
STREAM_LIMIT = _message(rf"maximum active stream limit exceeded when trying to create stream {STREAM}[^;]*")
WHOLE_STREAM: tuple[tuple[re.Pattern[str], str], ...] = (
    (LABEL_COUNT, reasons.LABELS_REFUSED),
    (LABEL_FORM, reasons.LABELS_REFUSED),
    (LABEL_SYNTAX, reasons.LABELS_REFUSED),
    (LABEL_MISSING, reasons.LABELS_MISSING),
    (STREAM_LIMIT, reasons.STREAM_LIMIT),
)
NO_METADATA = re.compile(r"includes structured metadata, but this feature is disallowed", re.IGNORECASE)
REQUIRED = re.compile(r"missing required labels '?([^\s']+)'? for user", re.IGNORECASE)

IGNORED = re.compile(
    r"entry with timestamp (?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [+-]\d{4})[^,]*? ignored, "
    r"reason: '(?P<why>[^\n]*?)'(?: for stream: [^\n]*?)?(?:,\s|,?$)",
    re.IGNORECASE,
)
TOTAL = re.compile(rf"total ignored: (?P<ignored>\d+) out of (?P<sent>\d+)(?: for stream: {STREAM})?", re.IGNORECASE)
IGNORED_STREAM = re.compile(rf"for stream: {STREAM}")


class Rejections(NamedTuple):
    """What a text says of a push."""

    refused: dict[Entry, str]
    complete: bool
    """Everything else of the push is stored."""


def parse_rejections(text: str, push: Push) -> Rejections:
    """Find the entries that a 400's text speaks of."""
    if "total ignored:" in text or "ignored, reason:" in text:
        return _of_ingester(text, push)
    return _of_distributor(text, push)


def disallows_metadata(text: str) -> bool:
    """Tell whether Loki refuses structured metadata as such."""
    return NO_METADATA.search(text) is not None


def requires_unknown_label(text: str) -> bool:
    """Tell whether Loki requires a label that Mothership never sends."""
    found = REQUIRED.search(text)
    return found is not None and not set(found[1].split(",")) <= set(LABELS)


def _of_distributor(text: str, push: Push) -> Rejections:
    found = _RejectionCollector(push)
    rest = text
    for pattern, why, select in _RULES:
        for match in pattern.finditer(text):
            found.add(match, why, select)
        rest = pattern.sub("", rest)
    explained = re.fullmatch(r"\s*(?:\d+ errors?:)?[\s;,.]*", rest) is not None
    return Rejections(found.refused, explained and not found.is_ambiguous and bool(found.refused))


def _of_ingester(text: str, push: Push) -> Rejections:
    total, named = TOTAL.search(text), IGNORED_STREAM.search(text)
    block = _block((total and total["stream"]) or (named and named["stream"]) or "", push)
    if block is None:
        return Rejections({}, complete=False)
    listed = [match for match in IGNORED.finditer(text) if "rate limit" not in match["why"].lower()]
    limited = sum("rate limit" in match["why"].lower() for match in IGNORED.finditer(text))
    times = {_ns(match["at"]) for match in listed}
    refused = [entry for entry in block.entries if entry.ns in times]
    ignored = int(total["ignored"]) if total else len(listed)
    if not limited and len(listed) < ignored <= len(block.entries):
        # Ten are listed at most. Entries go by time, so those too far behind are the stream's oldest.
        oldest = list(block.entries[:ignored])
        if times <= {entry.ns for entry in oldest}:
            refused = oldest
    settled = not limited and len(refused) >= ignored and total is not None and int(total["sent"]) == len(block.entries)
    return Rejections(dict.fromkeys(refused, reasons.TOO_FAR_BEHIND), settled and len(push) == 1)


class _RejectionCollector:
    """Collects the entries that messages speak of, each entry once."""

    def __init__(self, push: Push) -> None:
        self.push = push
        self.refused: dict[Entry, str] = {}
        self.is_ambiguous = False
        """A message spoke of more entries than were found for it."""

    def add(self, match: re.Match[str], why: str, select: "EntryFilter") -> None:
        """Add what one message speaks of: so many of the entries that fit it."""
        block = _block(match["stream"], self.push)
        blocks = self.push if block is None else (block,)
        entries = [entry for part in blocks for entry in part.entries if entry not in self.refused]
        fitting = select(match, entries)
        count = len(fitting) if select is _all else int(match["count"] or 1)
        if len(fitting) < count or (block is None and (len(fitting) > count or len(self.push) > 1)):
            self.is_ambiguous = True
        else:
            self.refused.update(dict.fromkeys(fitting[:count], why))


EntryFilter = Callable[[re.Match[str], list[Entry]], list[Entry]]


def _oldest(match: re.Match[str], entries: list[Entry]) -> list[Entry]:
    return sorted(_within_second(match["at"], entries), key=lambda entry: entry.ns)


def _newest(match: re.Match[str], entries: list[Entry]) -> list[Entry]:
    return sorted(_within_second(match["at"], entries), key=lambda entry: -entry.ns)


def _of_length(match: re.Match[str], entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if len(entry.line) == int(match["size"])]


def _of_metadata_bytes(match: re.Match[str], entries: list[Entry]) -> list[Entry]:
    def size(entry: Entry) -> int:
        return sum(len(name) + len(value.encode()) for name, value in entry.metadata)

    return [entry for entry in entries if size(entry) == int(match["size"])]


def _of_metadata_count(match: re.Match[str], entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if len(entry.metadata) == int(match["size"])]


def _all(_match: re.Match[str], entries: list[Entry]) -> list[Entry]:
    return entries


_RULES: tuple[tuple[re.Pattern[str], str, EntryFilter], ...] = (
    (TOO_OLD, reasons.TOO_OLD, _oldest),
    (TOO_NEW, reasons.TOO_NEW, _newest),
    (TOO_LONG, reasons.LINE_TOO_LONG, _of_length),
    (METADATA_BYTES, reasons.METADATA_REFUSED, _of_metadata_bytes),
    (METADATA_COUNT, reasons.METADATA_REFUSED, _of_metadata_count),
    *((pattern, why, _all) for pattern, why in WHOLE_STREAM),
)


def _within_second(text: str, entries: Iterable[Entry]) -> list[Entry]:
    try:
        second = int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        return []
    return [entry for entry in entries if entry.ns // NANOS == second]


def _ns(text: str) -> int:
    """Read Go's `2021-11-08 03:30:43.947325032 +0000`."""
    date, clock, zone = text.split()
    clock, _, fraction = clock.partition(".")
    seconds = int(datetime.strptime(f"{date} {clock} {zone}", "%Y-%m-%d %H:%M:%S %z").astimezone(UTC).timestamp())
    return seconds * NANOS + int(fraction.ljust(9, "0")[:9] or 0)


def _block(stream: str, push: Push) -> StreamEntries | None:
    """Find the block that a text names, whatever labels Loki has added."""
    pairs = {name: _unquoted(value) for name, value in PAIR.findall(stream) if name not in ADDED_BY_LOKI}
    wanted: Labels = tuple(sorted(pairs.items()))
    return next((block for block in push if block.stream == wanted), None)


def _unquoted(value: str) -> str:
    return re.sub(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", _escape, value)


def _escape(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "ux" and len(code) > 1:
        return chr(int(code[1:], 16))
    return {"n": "\n", "t": "\t", "r": "\r"}.get(code, code)
