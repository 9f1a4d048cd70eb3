"""The seam between `Ingest` and the protocols it speaks: one module a protocol, each an `IngestProtocol`."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs

from starlette.types import Scope

from mothership.edge.caller import ANONYMOUS, Caller, Permission
from mothership.edge.client_addresses import UNKNOWN, rate_limit_key
from mothership.edge.request_id import request_id
from mothership.errors import Refusal
from mothership.event import Batch, Receipt

KEY_CHARACTERS = 256
NO_CONTENT = 204
JSON = b"application/json"


@dataclass(slots=True)
class IngestRequest:
    """What is known of a request beside its body: its headers, and what `AccessMiddleware` found out."""

    id: str
    caller: Caller
    address: str
    """Where it comes from, as it is counted: an address, or the network that is counted as one."""
    headers: Mapping[bytes, bytes]
    """Names in small letters; several values of a name are joined by commas."""
    query: bytes
    received: int
    """Microseconds since the Unix epoch, UTC."""
    client_field: str = ""
    """Field of each event that is set to the caller's name; empty: none."""
    source_address: str = ""
    """What names events without a source, where the client's address may."""
    waited_seconds: float = 0.0
    """How long it was held back for its caller's rate."""
    whole_at: float = 0.0
    """When the last byte of the body was there, on the stopwatch of `Ingest`."""
    whole_body: Callable[[], bytes | None] | None = None
    """Gives the body, where the server can and it is there to its end."""
    unread_seconds: Callable[[], float] = float
    """Once the body is there to its end: how long its end was in the machine's kernel before it was read."""

    @classmethod
    def of(cls, scope: Scope, *, received: int) -> "IngestRequest":
        """Made from an ASGI scope that `AccessMiddleware` has filled."""
        headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            headers[name] = b"%s,%s" % (headers[name], value) if name in headers else value
        client = scope.get("client")
        return cls(
            scope.get("request_id") or request_id(headers.get(b"x-request-id", b"").decode("latin-1")),
            scope.get("caller", ANONYMOUS),
            rate_limit_key(client[0] if client else UNKNOWN),
            headers,
            scope["query_string"],
            received,
            scope.get("client_field", ""),
            scope.get("source_address", ""),
            scope.get("waited_seconds", 0.0),
            whole_body=scope.get("whole_body"),
            unread_seconds=lambda: float(scope.get("unread_seconds", 0.0)),
        )

    def header(self, name: bytes) -> str | None:
        """A header's values, joined by commas; None when it isn't there."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def media_type(self) -> str | None:
        """The Content-Type without its parameters, in small letters."""
        written = self.header(b"content-type")
        return None if written is None else written.partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        """Whether it says that its body is plain JSON."""
        return self.media_type == "application/json"

    @property
    def idempotency_key(self) -> str | None:
        """The batch's name, given by its sender. Raises `Refusal` (400) for one that can't be one."""
        key = self.header(b"idempotency-key")
        if key is not None and not 0 < len(key) <= KEY_CHARACTERS:
            raise Refusal(400, f"Idempotency-Key must have 1 to {KEY_CHARACTERS} characters")
        return key

    @property
    def parse(self) -> bool | None:
        """Whether the client wants lines to be read, with `?parse=true` or `?parse=false`. Raises `Refusal` (400)."""
        wanted = parse_qs(self.query.decode("latin-1"), keep_blank_values=True).get("parse") if self.query else None
        if not wanted:
            return None
        if wanted[-1] not in ("true", "false"):
            raise Refusal(400, "the parameter `parse` must be true or false")
        return wanted[-1] == "true"


class IngestResponse(NamedTuple):
    """What a client is answered. `AccessMiddleware` adds what every answer has."""

    status: int
    body: bytes = b""
    headers: Sequence[tuple[bytes, bytes]] = ()
    """Beside Content-Length."""


class IngestProtocol(Protocol):
    """How one kind of client sends events and is answered. Limits, turns, decompression and keeping are `Ingest`'s.

    It holds nothing of a request: many are under way at a time, and `decode` of a large body runs in a thread.
    """

    name: str
    """Becomes `Batch.input`."""
    path: str
    """Where it is spoken, by POST."""
    scope: Permission
    """What a caller must be allowed. `ingest` opens every input."""
    operation: dict[str, Any]
    """What the OpenAPI document says of it; nothing where nothing is taken."""

    def check(self, request: IngestRequest) -> None:
        """Raise `Refusal` for what the headers alone show to be in vain: then the body is not read."""

    def encoding(self, request: IngestRequest) -> str:
        """How the body is compressed: its Content-Encoding, or what this protocol means by that."""

    def decode(self, body: bytes, request: IngestRequest) -> Batch:
        """Return the batch with its good events, and a rejection for each of the others.

        Raises `Refusal` (400, 413) when there are no events to speak of, or too many. No reason quotes the body.
        """

    def answer(self, request: IngestRequest, batch: Batch, receipt: Receipt, seconds: float) -> IngestResponse:
        """What lets the client delete its copy, however many events were rejected."""

    def refuse(self, request: IngestRequest, refusal: Refusal) -> IngestResponse:
        """What makes the client keep its copy (429, 5xx) or give it up (another 4xx)."""


def is_complete(batch: Batch, receipt: Receipt) -> bool:
    """Whether every event of the request is written or queued."""
    if batch.rejected:
        return False
    for tally in receipt.sinks.values():  # noqa: SIM110 - asked of every request, and a generator costs more than all of it
        if tally.errors:
            return False
    return True


def as_passing(refusal: Refusal) -> Refusal:
    """For clients that take a 500 for final: a fault of ours is passing."""
    return Refusal(503, refusal.reason, retry_after_seconds=1.0) if refusal.status == 500 else refusal  # noqa: PLR2004 - a status of HTTP


def retry_after(refusal: Refusal) -> list[tuple[bytes, bytes]]:
    """The header that says when to come again, if anything does."""
    seconds = refusal.retry_after_seconds
    return [] if seconds is None else [(b"retry-after", b"%d" % max(1, math.ceil(seconds)))]
