"""What is sent: server-sent events (WHATWG HTML, 9.2). One that has no name holds one stored event as JSON."""

from functools import cached_property

import orjson

from mothership.event import Row
from mothership.search.matching import EventAtHand, searched_text

DATA_BYTES_MAX = 16 * 1024
"""Largest event that is sent whole."""
BEGIN_CHARACTERS = 1000
END = b"\n\n"
EVENT_BEGIN = b"data: "
_LINE_ENDS = tuple((sign.encode(), f"\\u{ord(sign):04x}".encode()) for sign in "\x85\u2028\u2029")
"""What some readers take for the end of a line, and JSON doesn't. All others are escaped in JSON anyway."""


class TailEvent(EventAtHand):
    """One that is stored, and is written once for all questions that mean it."""

    @cached_property
    def message(self) -> bytes:
        """As it is sent."""
        return event_message(self.row)


def event_message(row: Row) -> bytes:
    """One event. What is too big is cut as in a search: `_cut`, its size, and the message's begin."""
    head = orjson.dumps({"ts": row.ts, "type": row.type, "source": row.source})
    data, is_cut = row.data, b"false"
    if len(data) > DATA_BYTES_MAX:
        data, is_cut = orjson.dumps({"_cut": len(data), "message": _begin(data)}), b"true"
    message = b'%b,"is_cut":%b,"data":%b}' % (head[:-1], is_cut, data)
    if not message.isascii():
        for sign, spelled in _LINE_ENDS:
            message = message.replace(sign, spelled)
    return EVENT_BEGIN + message + END


def named_message(name: str, **content: object) -> bytes:
    """One of ours: `following`, `missed`, `end`."""
    return b"event: %b\ndata: %b%b" % (name.encode(), orjson.dumps(content), END)


class MessageReader:
    """Takes a stream apart."""

    def __init__(self, *, bytes_max: int = 8 * 1024 * 1024) -> None:
        self._rest = b""
        self._bytes_max = bytes_max

    def feed(self, received: bytes) -> list[bytes]:
        """The messages that are whole now, without their ends. Raises ValueError for one that has none."""
        *messages, self._rest = (self._rest + received.replace(b"\r\n", b"\n")).split(END)
        if len(self._rest) > self._bytes_max:
            raise ValueError("a message without end")
        return messages


def parsed(message: bytes) -> tuple[str, bytes]:
    """Its name, empty for an event, and its data; without data it is none, as a comment."""
    name, data = "", b""
    for line in message.split(b"\n"):
        if line.startswith(b"event: "):
            name = line.removeprefix(b"event: ").decode("utf-8", "replace")
        elif line.startswith(EVENT_BEGIN):
            data = line.removeprefix(EVENT_BEGIN)
    return name, data


def _begin(data: bytes) -> str:
    return searched_text(orjson.loads(data))[:BEGIN_CHARACTERS]
