"""What Loki's clients push → events, by the names under which the Loki sink sends events out again.

| pushed | event |
| --- | --- |
| the line | `message` |
| its time | `timestamp` |
| label `type` | `type`; `log` without one |
| label `service`, else `service_name`, `app`, `job`, `container` | `service` |
| label `host`, else `hostname`, `node_name`, `nodename`, `instance` | `hostname` |
| label `site` | `tags.site` |
| label `env`, else `environment` | `tags.environment` |
| label `severity`, else `level`, `detected_level` | `severity` |
| label `filename` | `file_path` |
| every other label | `labels` |
| structured metadata | `trace_id`, `request_id` and their like under their own names, the others in `metadata` |
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mothership.edge.unix_nanoseconds import iso_text
from mothership.event import Event, is_nil

EVENT_TYPE = "log"
FIELDS: Mapping[str, Sequence[str]] = {
    "type": ("type",),
    "service": ("service", "service_name", "app", "job", "container"),
    "hostname": ("host", "hostname", "node_name", "nodename", "instance"),
    "severity": ("severity", "level", "detected_level"),
    "file_path": ("filename",),
}
TAGS: Mapping[str, Sequence[str]] = {"site": ("site",), "environment": ("env", "environment")}
METADATA_FIELDS = frozenset(
    {"request_id", "correlation_id", "trace_id", "span_id", "session_id", "process_id", "message_id", "pid", "app_name"}
)
"""Structured metadata that becomes a field of its own."""
_PAIR = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_.:-]*)\s*=\s*"((?:[^"\\]|\\.)*+)"\s*(,|\}|\Z)', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([abfnrtv\\\"'])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))")
_SHORT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"', "'": "'"}


class PushedEntry(NamedTuple):
    """A line, as either encoding says it."""

    nanoseconds: int
    line: str
    metadata: Mapping[str, str]


class LokiEventBuilder:
    """Makes events of the entries of one stream."""

    def __init__(self, labels: Mapping[str, str], tenant: Mapping[str, str]) -> None:
        """`tenant` is a field that every event gets, or nothing."""
        left = dict(labels)
        self._fields: Event = {"type": EVENT_TYPE, **tenant, **_take(left, FIELDS)}
        self._tags = _take(left, TAGS)
        self._labels = left

    def event(self, entry: PushedEntry) -> Event:
        """Return an event that shares nothing with another."""
        nanoseconds, line, said = entry
        event: Event = {**self._fields, "message": line, "timestamp": iso_text(nanoseconds)}
        if self._tags:
            event["tags"] = dict(self._tags)
        if self._labels:
            event["labels"] = dict(self._labels)
        if not said:
            return event
        metadata = {}
        for name, value in said.items():
            if name in METADATA_FIELDS and name not in event:
                event[name] = value
            else:
                metadata[name] = value
        if metadata:
            event["metadata"] = metadata
        return event


def parsed_labels(text: str) -> dict[str, str] | None:
    """Read labels as Loki writes them, `{host="web01", type="syslog"}`; None when they can't be read."""
    text = text.strip()
    if not text.startswith("{") or not text.endswith("}"):
        return None
    found: dict[str, str] = {}
    at = 1
    if not text[1:-1].strip():
        return found
    while pair := _PAIR.match(text, at):
        found[pair[1]] = _ESCAPE.sub(_unescaped, pair[2]) if "\\" in pair[2] else pair[2]
        at = pair.end()
        if pair[3] == "}":
            return found if at == len(text) else None
        if text[at:].strip() == "}":
            return found
    return None


def _unescaped(escape: re.Match[str]) -> str:
    short, byte, short_code, code, octal = escape.groups()
    if short:
        return _SHORT[short]
    number = int(octal, 8) if octal else int(byte or short_code or code, 16)
    return chr(number) if number <= 0x10FFFF else "\N{REPLACEMENT CHARACTER}"  # noqa: PLR2004 - the last character


def _take(labels: dict[str, str], wanted: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Fields by the labels that say them. The label that was used is taken out."""
    taken: dict[str, Any] = {}
    for field, names in wanted.items():
        for name in names:
            if name in labels and not is_nil(labels[name]):
                taken[field] = labels.pop(name)
                break
    return taken
