"""Bytes → `Batch`, and the reason for each event that isn't one. No reason quotes a value or a name from the body."""

import hashlib
import hmac
from typing import Any

import msgspec
import orjson

from mothership.edge import mending
from mothership.edge.limits import LimitSettings
from mothership.edge.measure import Measure
from mothership.errors import Refusal
from mothership.event import Batch

NAME_CHARACTERS = 256
"""Longest `type` and envelope `source`: they are columns with an index, and labels."""
BOM = b"\xef\xbb\xbf"

_decode = msgspec.json.Decoder().decode


class Wire:
    """Reads request bodies. One decode of the whole body; only a body that needs mending is read again, slower."""

    def __init__(self, limits: LimitSettings, *, key: bytes) -> None:
        self._limits = limits
        self._measure = Measure(limits)
        # Without a secret, whoever can read fingerprints could test what a batch held.
        self.use_key(key)

    def use_key(self, key: bytes) -> None:
        """Fingerprint with this secret from now on."""
        self._key = hashlib.sha256(key).digest()

    def read(
        self, body: bytes, *, client: str, request_id: str, received: int, idempotency_key: str | None = None
    ) -> Batch:
        """Return the batch with its good events, and a rejection for each of the others.

        Raises `Refusal` (400, 413) when there is no list of messages to speak of, or too long a one.
        """
        self._check_containers(body)
        envelope, flawed = _envelope(body)
        messages = self._messages(envelope)
        faults: dict[int, str] = {}
        written = [] if flawed else _written(messages)
        lines = b"\n".join(written)
        if len(written) != len(messages) or b"\\u0000" in lines:
            faults = mending.mend(messages, self._limits.depth)
            written = _written(messages)
            lines = b"\n".join(written)
        faults = _name_faults(messages) | self._measure.faults(messages, written, lines) | faults
        batch = Batch(
            events=messages,
            indices=list(range(len(messages))),
            fingerprint=self._fingerprint(lines, client, idempotency_key),
            request_id=request_id,
            received=received,
            source=_source(envelope),
            client=client,
        )
        batch.reject(faults)
        return batch

    def _check_containers(self, body: bytes) -> None:
        """Each costs up to 200 bytes of memory for the two that it takes in the body."""
        most = self._limits.containers
        if len(body) > most and body.count(b"[") + body.count(b"{") > most:
            raise Refusal(413, f"more than {most} objects and arrays: send fewer at a time (limits.containers)")

    def _messages(self, envelope: dict[str, Any]) -> list[Any]:
        messages = envelope.get("messages")
        if type(messages) is not list:
            raise Refusal(400, f"`messages` is {'not a list' if 'messages' in envelope else 'missing'}")
        if len(messages) > self._limits.events:
            raise Refusal(413, f"more than {self._limits.events} events: send fewer at a time (limits.events)")
        return messages

    def _fingerprint(self, lines: bytes, client: str, idempotency_key: str | None) -> bytes:
        """HMAC-SHA256 over the caller and what it sent, or the key by which it names what it sent."""
        name = client.encode("utf-8", "replace")
        kind, what = (
            (b"messages", lines) if idempotency_key is None else (b"key", idempotency_key.encode("utf-8", "replace"))
        )
        return hmac.digest(self._key, b"%s %d %s %s" % (kind, len(name), name, what), "sha256")


def _envelope(body: bytes) -> tuple[dict[str, Any], bool]:
    """The body's object, and whether its messages need mending."""
    body = body.removeprefix(BOM)
    mended = False
    try:
        envelope = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        envelope, mended = mending.decode(body), True
    if type(envelope) is not dict:
        raise Refusal(400, "the body is not a JSON object with a list `messages`")
    return envelope, mended


def _written(messages: list[Any]) -> list[bytes]:
    """Each event as the same bytes however it was sent, or nothing when one of them can't be written.

    It is also the proof that what leaves the pipeline can be written as JSON.
    """
    dumps, option = orjson.dumps, orjson.OPT_SORT_KEYS
    try:
        return [dumps(event, None, option) for event in messages]
    except orjson.JSONEncodeError:  # an integer beyond 64 bits, or nesting deeper than orjson writes
        return []


def _name_faults(messages: list[Any]) -> dict[int, str]:
    """Why events have no usable `type`, by position."""
    try:
        names = {event["type"] for event in messages}
    except (TypeError, KeyError):
        names = {None}
    if all(type(name) is str and 0 < len(name) <= NAME_CHARACTERS for name in names):
        return {}
    found = {position: _name_fault(event) for position, event in enumerate(messages)}
    return {position: reason for position, reason in found.items() if reason}


def _name_fault(event: Any) -> str:
    if type(event) is not dict:
        return "not an object"
    name = event.get("type")
    if type(name) is not str:
        return "`type` is not a string" if "type" in event else "`type` is missing"
    if not name:
        return "`type` is empty"
    return f"`type` is longer than {NAME_CHARACTERS} characters" if len(name) > NAME_CHARACTERS else ""


def _source(envelope: dict[str, Any]) -> str:
    source = envelope.get("source")
    return mending.text(source[:NAME_CHARACTERS]) if type(source) is str and source else "unknown"
