"""Ships events to a Mothership as a good node does: gzipped batches, kept until they are safe, sent again when not.

Each batch has an `Idempotency-Key`: what is sent again carries the same one, so that it is stored once however often it
arrives; two batches with equal events have two, so that both are stored.
"""

import asyncio
import gzip
import ipaddress
import json
import random
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from secrets import token_bytes
from typing import Any, NamedTuple

import httpx2
import orjson

from mothership.errors import MothershipError
from mothership.event import Event
from mothership.shipping.feed import Feed

_TOO_MANY_REQUESTS, _TOO_LARGE = 429, 413
_TRY_AGAIN = frozenset({408, 425, _TOO_MANY_REQUESTS})
_REASON_CHARS_MAX = 500
_PAUSE_SECONDS_MAX = 30.0


class ShippingError(MothershipError):
    """A batch was refused, or could not be delivered in time. The text says why and what to do."""


@dataclass(slots=True)
class Summary:
    """What became of the events so far."""

    sent: int = 0
    """Events in batches that were answered with a 2xx."""
    accepted: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """How often each reason was given. An answer lists only the first hundred rejections."""
    duplicates: int = 0
    """Events in batches that had been taken before."""
    retries: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ShipTarget:
    """Where to, and with what credentials."""

    url: str
    token: str | None = field(default=None, repr=False)
    client_cert: Path | None = None
    client_key: Path | None = None
    ca: Path | None = None
    timeout_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class ShipOptions:
    """How to ship."""

    batch: int = 100
    compress: bool = True
    concurrency: int = 4
    """Batches in flight at once: they arrive in about their order."""
    source: str = "edgebot"
    """The envelope's `source`, which names events that don't name theirs."""
    give_up_seconds: float = 300.0
    """How long one batch is tried."""
    origin: bytes = field(default_factory=lambda: token_bytes(16))
    """What the events come from: the same batch at the same place of the same origin is the same batch."""


class OutgoingBatch(NamedTuple):
    """A batch on its way."""

    first: int
    """How many events of the origin come before it."""
    events: list[bytes]

    def halves(self) -> "tuple[OutgoingBatch, OutgoingBatch]":
        """In two."""
        middle = len(self.events) // 2
        return OutgoingBatch(self.first, self.events[:middle]), OutgoingBatch(self.first + middle, self.events[middle:])

    def key(self, origin: bytes) -> str:
        """Its `Idempotency-Key`."""
        digest = blake2b(b"%d %d %s" % (self.first, len(origin), origin), digest_size=16)
        for event in self.events:
            digest.update(b"%d %s" % (len(event), event))
        return digest.hexdigest()


async def ship(
    events: Iterable[Event | bytes],
    target: ShipTarget,
    options: ShipOptions | None = None,
    *,
    progress: Callable[[Summary], None] = lambda _summary: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    jitter: Callable[[], float] = random.random,
) -> Summary:
    """Ship events, given as objects or as their JSON; `progress` is called after each batch.

    Returns when all of them are safe at the other end or were rejected by it, each with its reason. Raises
    `ShippingError` when a batch is refused or can't be delivered within `give_up_seconds`.
    """
    options = options or ShipOptions()
    summary, started = Summary(), clock()
    async with _client(target) as client:
        post = _Post(client, endpoint(target.url), options, summary, clock, sleep, jitter)
        feed = Feed(_batches(events, options.batch), options.concurrency)

        async def work() -> None:
            while (outgoing := await feed.next()) is not None:
                await post.deliver(outgoing)
                summary.seconds = clock() - started
                progress(summary)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(options.concurrency):
                    group.create_task(work())
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None  # what one worker met is the story; the others were told to stop
        finally:
            feed.close()
    summary.seconds = clock() - started
    return summary


def endpoint(url: str) -> str:
    """Return the address of `/ingest`, for an address that has no path of its own."""
    parsed = httpx2.URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ShippingError("the URL is no address: it must look like http://localhost:8443")
    return str(parsed.copy_with(path="/ingest")) if parsed.path in ("", "/") else url


def _shown(url: str) -> str:
    """An address without what may be a secret in it."""
    parsed = httpx2.URL(url)
    return str(parsed.copy_with(username="", password="", query=None, fragment=None))


def backoff_seconds(attempt: int, *, jitter: float) -> float:
    """How long to wait after the n-th failure in a row, with a jitter between 0 and 1: half of it is chance."""
    return float(min(_PAUSE_SECONDS_MAX, 0.25 * 2 ** min(attempt, 16)) * (0.5 + 0.5 * jitter))


def retry_after_seconds(header: str | None, *, now: float) -> float | None:
    """Read a `Retry-After` of either form. None when there is none that can be read."""
    if not header:
        return None
    try:
        return max(0.0, float(header) if header.strip().isdigit() else parsedate_to_datetime(header).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _client(target: ShipTarget) -> httpx2.AsyncClient:
    verify: ssl.SSLContext | bool = True
    if target.ca or target.client_cert:
        try:
            verify = ssl.create_default_context(cafile=target.ca)
            if target.client_cert:
                verify.load_cert_chain(target.client_cert, target.client_key)
        except (OSError, ssl.SSLError) as error:
            raise ShippingError(f"can't read the certificates: {type(error).__name__}") from None
    headers = {"Authorization": f"Bearer {target.token}"} if target.token else {}
    return httpx2.AsyncClient(
        verify=verify,
        headers={"User-Agent": "Mothership-Send/1.5", "Content-Type": "application/json", **headers},
        timeout=target.timeout_seconds,
        follow_redirects=True,
        max_redirects=3,
        trust_env=not _is_this_machine(httpx2.URL(target.url).host),  # a proxy can't reach our loopback
    )


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _batches(events: Iterable[Event | bytes], size: int) -> Iterator[OutgoingBatch]:
    encoded = (event if isinstance(event, bytes) else _encoded(event) for event in events)
    first = 0
    while batch := list(islice(encoded, size)):
        yield OutgoingBatch(first, batch)
        first += len(batch)


def _encoded(event: Event) -> bytes:
    try:
        return orjson.dumps(event)
    except TypeError:  # a lone surrogate, an integer of more than 64 bits: plain JSON can say them
        return json.dumps(event).encode()


@dataclass(frozen=True, slots=True)
class _Post:
    """Delivers batches to one address."""

    client: httpx2.AsyncClient
    url: str
    options: ShipOptions
    summary: Summary
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    jitter: Callable[[], float]

    async def deliver(self, outgoing: OutgoingBatch) -> None:
        """Try until the batch is safe, refused, or given up."""
        batch = outgoing.events
        deadline, attempt = self.clock() + self.options.give_up_seconds, 0
        while True:
            answer, trouble = await self._try(outgoing, is_retry=attempt > 0)
            if answer is not None and answer.is_success:
                self._count(batch, answer)
                return
            if answer is not None and answer.status_code == _TOO_LARGE and len(batch) > 1:
                for half in outgoing.halves():
                    await self.deliver(half)
                return
            if answer is not None and answer.status_code < 500 and answer.status_code not in _TRY_AGAIN:  # noqa: PLR2004 - the node's rule
                raise ShippingError(f"{_shown(self.url)} refused a batch of {len(batch)} events: {trouble}")
            asked = retry_after_seconds(
                answer.headers.get("retry-after") if answer is not None else None, now=time.time()
            )
            pause = backoff_seconds(attempt, jitter=self.jitter()) if asked is None else asked
            if self.clock() + pause > deadline:
                raise ShippingError(
                    f"gave up on a batch of {len(batch)} events after {attempt + 1} tries: {trouble}. "
                    f"It is not stored; {self.summary.sent} events are."
                )
            await self.sleep(pause)
            attempt += 1
            self.summary.retries += 1

    async def _try(self, outgoing: OutgoingBatch, *, is_retry: bool) -> tuple[httpx2.Response | None, str]:
        try:
            answer = await self.client.post(
                self.url, content=self._body(outgoing.events, is_retry=is_retry), headers=self._headers(outgoing)
            )
        except httpx2.TooManyRedirects:
            raise ShippingError(f"{_shown(self.url)} redirects in circles") from None
        except (httpx2.RequestError, OSError) as error:  # an alert of TLS 1.3 comes as the second
            return None, f"no answer ({type(error).__name__})"
        return answer, _trouble(answer)

    def _headers(self, outgoing: OutgoingBatch) -> dict[str, str]:
        key = {"Idempotency-Key": outgoing.key(self.options.origin)}
        return key | {"Content-Encoding": "gzip"} if self.options.compress else key

    def _body(self, batch: list[bytes], *, is_retry: bool) -> bytes:
        envelope = orjson.dumps(
            {
                "batch_size": len(batch),
                "timestamp": datetime.now(UTC).isoformat(),
                "source": self.options.source,
                "is_retry": is_retry,
            }
        )
        body = b'{"messages":[' + b",".join(batch) + b"]," + envelope[1:]
        return gzip.compress(body, compresslevel=6, mtime=0) if self.options.compress else body

    def _count(self, batch: list[bytes], answer: httpx2.Response) -> None:
        said = _object(answer)
        errors = said.get("errors")
        reasons = (
            [str(error.get("reason")) for error in errors if isinstance(error, dict)]
            if isinstance(errors, list)
            else []
        )
        rejected = said["rejected"] if isinstance(said.get("rejected"), int) else len(reasons)
        self.summary.sent += len(batch)
        self.summary.rejected += rejected
        self.summary.accepted += len(batch) - rejected
        self.summary.reasons.update(reasons)
        if said.get("duplicate") is True:
            self.summary.duplicates += len(batch) - rejected


def _object(answer: httpx2.Response) -> dict[str, Any]:
    try:
        said = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _trouble(answer: httpx2.Response) -> str:
    said = _object(answer)
    reason = next((said[key] for key in ("reason", "detail", "error") if isinstance(said.get(key), str)), "")
    return f"{answer.status_code} {answer.reason_phrase}{': ' if reason else ''}{reason[:_REASON_CHARS_MAX]}"
