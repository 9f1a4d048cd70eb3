"""Decoded events → `Batch`: repaired, measured, named. No reason quotes a value or a name from the body."""

import hashlib
import hmac
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import orjson

from mothership.edge import lenient_json
from mothership.edge.event_limits import GROUP_EVENTS, EventLimits
from mothership.edge.ingest_protocol import IngestRequest
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.refused_batches import new_identity
from mothership.errors import Refusal
from mothership.event import Batch

REMAINS_MAX = 100
"""Most rejected events of a batch that are kept for the dead letters."""


class BatchBuilder:
    """What every protocol does with its events once they are decoded."""

    def __init__(self, limits: LimitSettings, *, key: bytes) -> None:
        self.use_limits(limits)
        self._nests: list[tuple[list[Any], list[Any]]] = []
        # Without a secret, whoever can read fingerprints could test what a batch held.
        self.use_key(key)

    def use_limits(self, limits: LimitSettings) -> None:
        """Hold batches to these from now on."""
        self._limits = limits
        self._event_limits = EventLimits(limits)
        self._levels = _levels_max() - limits.depth - 1

    def use_key(self, key: bytes) -> None:
        """Fingerprint with this secret from now on."""
        # Copied for each batch: to begin one anew takes OpenSSL six times as long as to hash a small batch.
        self._mac = hmac.new(hashlib.sha256(key).digest(), digestmod="sha256")

    def build(
        self,
        messages: list[Any],
        request: IngestRequest,
        *,
        input: str,  # noqa: A002 - as `Batch.input`
        source: str = "unknown",
        idempotency_key: str | None = None,
        is_retry: bool = False,
        period: int = 0,
        body_bytes: int = 0,
        needs_repair: bool = False,
        unreadable: Mapping[int, str] = MappingProxyType({}),
    ) -> Batch:
        """Return the batch with its good events, and a rejection for each of the others. It owns `messages` then.

        `needs_repair` says that the decoder let through what strict JSON would not. `unreadable` has the places of
        what the protocol could not read, with the reason of each. Equal batches of different `period` are different.
        Raises `Refusal` (400, 413).
        """
        if len(messages) > self._limits.events:
            raise Refusal(413, f"more than {self._limits.events} events: send fewer at a time (limits.events)")
        too_deep: set[int] = set()
        canonical = None if needs_repair else self._canonical_unless_flawed(messages)
        if repaired := canonical is None:
            too_deep = lenient_json.repair(messages)
            canonical = _canonical(messages)
        oversized = self._event_limits.oversized(messages, canonical, closely=repaired)
        for position in too_deep:
            oversized[position] = oversized.get(position, frozenset()) | {"limits.depth"}
        fingerprint, content = self._identity(canonical, request.caller.name, idempotency_key, is_retry, period)
        batch = Batch(
            events=messages,
            indices=list(range(len(messages))),
            fingerprint=fingerprint,
            content=content,
            request_id=request.id,
            received=request.received,
            source=source,
            input=input,
            client=request.caller.name,
            body_bytes=body_bytes,
            oversized=oversized,
        )
        if faults := {**_name_faults(messages), **unreadable}:
            left = sorted(faults.keys() - unreadable.keys())[:REMAINS_MAX]
            batch.remains = {at: self._event_limits.bounded(messages[at]) for at in left}
            batch.reject(faults)
        return batch

    def _canonical_unless_flawed(self, messages: list[Any]) -> list[bytes] | None:
        """The same as `_canonical`, or None when an event needs repair: NUL, a huge integer, too deep nesting.

        The encoder has a bound on nesting of its own. Wrapped in as many lists as that bound exceeds ours, a group of
        events is refused when one of them is too deep: nothing has to be counted.
        """
        dumps, option, levels = orjson.dumps, orjson.OPT_SORT_KEYS, self._levels
        # Lists in lists are made once for each thread that decodes at a time.
        nest = self._nests.pop() if self._nests else _nest(levels)
        outer, inner = nest
        groups = []
        try:
            for at in range(0, len(messages), GROUP_EVENTS):
                inner[0] = messages[at : at + GROUP_EVENTS]
                wrapped = dumps(outer, None, option)
                # A backslash is found ten times faster than what may follow it.
                if b"\\" in wrapped and b"\\u0000" in wrapped:
                    return None
                groups.append(wrapped[levels : len(wrapped) - levels])
        except orjson.JSONEncodeError:
            return None
        finally:
            inner[0] = None
            self._nests.append(nest)
        return groups

    def _identity(
        self,
        canonical: list[bytes],
        client: str,
        idempotency_key: str | None,
        is_retry: bool,
        period: int,
    ) -> tuple[bytes, bytes]:
        """`Batch.fingerprint` and `Batch.content`: HMAC-SHA256 over the caller and its key, or what it sent."""
        name = client.encode("utf-8", "replace")
        if idempotency_key is not None:
            return self._digest(b"key %d %s %s" % (len(name), name, idempotency_key.encode())), b""
        content = self._digest(
            b"messages %d %s " % (len(name), name), *canonical, b" in %d" % period if period else b""
        )
        return content if is_retry else new_identity(), content

    def _digest(self, *parts: bytes) -> bytes:
        mac = self._mac.copy()
        for part in parts:
            mac.update(part)
        return mac.digest()


def _levels_max() -> int:
    """How deep the encoder goes."""
    nested: list[Any] = []
    for level in range(1, 10_000):
        try:
            orjson.dumps(nested)
        except orjson.JSONEncodeError:
            return level - 1
        nested = [nested]
    raise NotImplementedError("this version of orjson has no bound on nesting any more")


def _nest(levels: int) -> tuple[list[Any], list[Any]]:
    """So many lists in each other: the outermost and the innermost."""
    inner: list[Any] = [None]
    outer = inner
    for _ in range(levels - 1):
        outer = [outer]
    return outer, inner


def _canonical(messages: list[Any]) -> list[bytes]:
    """The events as the same bytes however they were sent, `GROUP_EVENTS` at a time.

    It is also the proof that what leaves the pipeline can be written as JSON.
    """
    dumps, option = orjson.dumps, orjson.OPT_SORT_KEYS
    return [dumps(messages[at : at + GROUP_EVENTS], None, option) for at in range(0, len(messages), GROUP_EVENTS)]


def _name_faults(messages: list[Any]) -> dict[int, str]:
    """Why events have no usable `type`, by position."""
    try:
        names = {event["type"] for event in messages}
    except (TypeError, KeyError):
        names = {None}
    if all(type(name) is str and name for name in names):
        return {}
    found = {position: _name_fault(event) for position, event in enumerate(messages)}
    return {position: reason for position, reason in found.items() if reason}


def _name_fault(event: Any) -> str:
    if type(event) is not dict:
        return "not an object"
    name = event.get("type")
    if type(name) is not str:
        return "`type` is not a string" if "type" in event else "`type` is missing"
    return "" if name else "`type` is empty"
