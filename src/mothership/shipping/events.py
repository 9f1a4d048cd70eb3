"""Entries → events, encoded: a line that is a JSON object is one, every other is the `message` of one."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson

from mothership import lossless_decimals
from mothership.event import Event

BLANK = b" \t\r\n\0"
"""What says nothing at either end of a line. A machine that lost its power leaves zeros in its logs."""


@dataclass(frozen=True, slots=True)
class EventOptions:
    """What is added to events that don't say it themselves."""

    kind: str = "log"
    service: str | None = None
    host: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class EventEncoder:
    """Makes events of one file's entries."""

    def __init__(self, options: EventOptions, path: str) -> None:
        self._options = options
        self._path = path
        named = {"service": options.service, "hostname": options.host}
        self._named = {name: value for name, value in named.items() if value}
        self._plain: Event = {"type": options.kind, "file_path": path, **self._named}
        if options.tags:
            self._plain["tags"] = dict(options.tags)

    def plain(self, text: str) -> bytes:
        """Make an event of text. The service reads its time; here only the time of reading is known."""
        read_at = self._options.now().isoformat().replace("+00:00", "Z")
        return encoded({**self._plain, "message": text.strip("\0"), "observed_timestamp": read_at})

    def fields(self, fields: Event) -> bytes:
        """Make an event of what has names already."""
        return encoded({**self._plain, **fields})

    def document(self, document: Any, text: bytes) -> Iterator[bytes]:
        """Make events of a decoded JSON object or list and its text: the text stays as it is where nothing is added."""
        found = document if isinstance(document, list) else document.get("messages")
        if isinstance(found, list):
            for item in found:
                # What is no object is shipped too: the other end says what is wrong with it.
                yield encoded(self._completed(item)) if isinstance(item, dict) else json.dumps(item).encode()
            return
        missing = self._missing(document)
        if self._options.tags and "tags" in document:
            yield encoded(self._completed(document))
        elif missing:
            # Numbers and escapes are not ours to rewrite.
            text = text.strip(BLANK)
            yield encoded(missing)[:-1] + (b"," if document else b"") + text[1:]
        else:
            yield text.strip(BLANK)

    def _missing(self, event: Event) -> Event:
        missing: Event = {} if "type" in event else {"type": self._options.kind}
        missing |= {name: value for name, value in self._named.items() if name not in event}
        if self._options.tags and "tags" not in event:
            missing["tags"] = dict(self._options.tags)
        return missing

    def _completed(self, event: Event) -> Event:
        whole = {**self._missing(event), **event}
        if self._options.tags and isinstance(tags := whole.get("tags"), dict):
            whole["tags"] = {**self._options.tags, **tags}
        return whole


def encoded(event: Event) -> bytes:
    """Write as JSON what orjson can't, too: a lone surrogate, an integer of more than 64 bits."""
    try:
        return orjson.dumps(event)
    except TypeError:
        return json.dumps(event).encode()


def holds_events(document: Any) -> bool:
    """Whether a line that is JSON is events: an object, or a list with some. `[]` and `[2, 3]` are lines of a log."""
    if isinstance(document, list):
        return any(isinstance(item, dict) for item in document)
    return document is not None


def decoded(text: bytes) -> tuple[Any, bytes]:
    """Decode a JSON object or list, and return it with its text in UTF-8. None when it is neither.

    Python's decoder takes what the strict one refuses: NaN, numbers without bound, half of a surrogate pair.
    """
    try:
        document = lossless_decimals.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = text.decode("utf-8", "replace").encode()
        try:
            document = json.loads(text, parse_float=lossless_decimals.exact)
        except (ValueError, RecursionError):
            return None, b""
    return (document if isinstance(document, dict | list) else None), text
