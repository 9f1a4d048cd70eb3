"""The bodies that /ingest takes → a list of events, none of them looked at yet."""

from dataclasses import dataclass
from typing import Any

import msgspec

from mothership import lossless_decimals
from mothership.edge import lenient_json
from mothership.errors import Refusal

NAME_CHARACTERS = 256
"""Longest envelope `source`: it is a column with an index, and a label."""
LINE_TYPE = "log"
"""What an event is that came without an envelope and does not say."""
_EVENT_FIELDS = ("type", "message")
"""An object without `messages` that has one of these is an event."""


@dataclass(slots=True)
class Sent:
    """What a body holds."""

    messages: list[Any]
    source: str = "unknown"
    is_retry: bool = False
    needs_repair: bool = False
    """The decoder let through what strict JSON would not."""


def from_json(body: bytes) -> Sent:
    """Read an envelope, an array of events, or one event. Raises `Refusal` (400)."""
    content, is_lenient = lenient_json.read(body)
    if type(content) is list:
        return Sent(_typed(content), needs_repair=is_lenient)
    if type(content) is not dict:
        raise Refusal(400, "the body is not a JSON object with a list `messages`, nor a list of events, nor an event")
    messages = content.get("messages")
    if type(messages) is list:
        return Sent(messages, _source(content), content.get("is_retry") is True, is_lenient)
    if "messages" in content:
        raise Refusal(400, "`messages` is not a list")
    if not any(name in content for name in _EVENT_FIELDS):
        raise Refusal(400, "`messages` is missing (an event by itself has a `type` or a `message`)")
    return Sent(_typed([content]), needs_repair=is_lenient)


def from_ndjson(body: bytes, events_max: int) -> Sent:
    """Read an event a line. A line that is no JSON costs only itself. Raises `Refusal` (413)."""
    sent = Sent([])
    for line in _lines(body, events_max):
        try:
            event = lossless_decimals.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            event, sent.needs_repair = _leniently(line), True
        sent.messages.append(event)
    _typed(sent.messages)
    return sent


def from_lines(body: bytes, events_max: int) -> Sent:
    """Make an event of each line of text. Raises `Refusal` (413)."""
    lines = [line.decode("utf-8", "replace") for line in _lines(body, events_max)]
    return Sent([{"type": LINE_TYPE, "message": line} for line in lines])


def _lines(body: bytes, events_max: int) -> list[bytes]:
    """The lines that are not empty."""
    if body.count(b"\n") > 2 * events_max:
        raise Refusal(413, f"more than {events_max} lines: send fewer at a time (limits.events)")
    return [line for line in (raw.strip(b"\r \t") for raw in body.split(b"\n")) if line]


def _leniently(line: bytes) -> Any:
    try:
        return lenient_json.decode(line)
    except Refusal:
        return line.decode("utf-8", "replace")  # a text is no event: it is rejected, and what is left of it kept


def _typed(messages: list[Any]) -> list[Any]:
    """Name the type of events that came without an envelope, in place: other senders have none."""
    for event in messages:
        if type(event) is dict:
            event.setdefault("type", LINE_TYPE)
    return messages


def _source(envelope: dict[str, Any]) -> str:
    source = envelope.get("source")
    # Never cut before redaction: of half a token no rule knows that it was one.
    return lenient_json.text(source) if type(source) is str and 0 < len(source) <= NAME_CHARACTERS else "unknown"
