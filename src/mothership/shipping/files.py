"""Reads files as events: NDJSON, JSON, an EdgeBot's payload, or plain lines as an EdgeBot's file tail makes them."""

import gzip
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import IO, Any

import msgspec
import orjson

from mothership import decimals
from mothership.event import Event

_BLANK = b" \t\r\n"
_BEGINS_DOCUMENT = re.compile(rb"""[\[{]\s*(?:["{\[].*[,{\[])?""", re.DOTALL)
"""The first line of JSON that goes on: `[`, `[{`, `{"messages": [`; but not `[Sun Dec 04 04:47:44 2005] [notice]`."""


def read_events(
    path: str,
    *,
    kind: str = "log",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[Event | bytes]:
    r"""Read a file (`-` is standard input; one that is gzipped is unpacked) as events, one after the other.

    A line that is a JSON object is an event, or a payload when it has `messages`; a file that is one JSON list or
    object is those events. Every other line becomes `{"type", "file_path", "message", "timestamp"}`; what is no
    UTF-8 in it is kept as `\xff`. Blank lines are left out. An object without a `type` gets `kind`.
    """
    name = "/dev/stdin" if path == "-" else str(Path(path).absolute())

    def plain(line: bytes) -> Event:
        return {
            "type": kind,
            "file_path": name,
            "message": line.rstrip(b"\r\n").decode("utf-8", "backslashreplace"),
            "timestamp": now().isoformat().replace("+00:00", "Z"),
        }

    with _opened(path) as file:
        first = next((line for line in file if line.strip(_BLANK)), b"")
        if _BEGINS_DOCUMENT.fullmatch(first.strip(_BLANK)):
            # Perhaps one JSON document over many lines: only the whole can tell.
            rest = file.read()
            document, text = _json(first + rest)
            if document is not None:
                yield from _events_of(document, text, kind)
                return
            lines = chain([first], rest.split(b"\n"))
        else:
            lines = chain([first], file)
        for line in lines:
            if line.strip(_BLANK):
                document, text = _json(line) if _is_json(line) else (None, b"")
                if document is None:
                    yield plain(line)
                else:
                    yield from _events_of(document, text, kind)


def count_lines(paths: Iterable[str]) -> int | None:
    """Count the lines that are not blank, to show how far along we are; None when that takes more than a look."""
    total = 0
    for path in paths:
        if path == "-" or not Path(path).is_file():
            return None
        with _opened(path) as file:
            total += sum(1 for line in file if line.strip(_BLANK))
    return total


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes] | gzip.GzipFile]:
    if path == "-":
        yield sys.stdin.buffer
        return
    with Path(path).open("rb") as file:
        if file.peek(2)[:2] == b"\x1f\x8b":
            with gzip.open(file) as unpacked:
                yield unpacked
        else:
            yield file


def _is_json(line: bytes) -> bool:
    return line.lstrip(_BLANK)[:1] in (b"{", b"[")


def _json(text: bytes) -> tuple[Any, bytes]:
    """Decode a JSON object or list, and return it with its text in UTF-8. None when it is neither.

    Python's decoder takes what the strict one refuses: NaN, numbers without bound, half of a surrogate pair.
    """
    try:
        document = decimals.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = text.decode("utf-8", "replace").encode()
        try:
            document = json.loads(text, parse_float=decimals.exact)
        except (ValueError, RecursionError):
            return None, b""
    return (document if isinstance(document, dict | list) else None), text


def _events_of(document: Any, text: bytes, kind: str) -> Iterator[Event | bytes]:
    found = document if isinstance(document, list) else document.get("messages")
    if isinstance(found, list):
        for item in found:
            # What is no object is shipped too: the other end says what is wrong with it.
            yield {"type": kind, **item} if isinstance(item, dict) else json.dumps(item).encode()
        return
    text = text.strip(_BLANK)  # shipped as it stands: numbers and escapes are not ours to rewrite
    if "type" in document:
        yield text
    else:
        yield b'{"type":' + orjson.dumps(kind) + (b"," if document else b"") + text[1:]
