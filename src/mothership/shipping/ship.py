"""Ships batches to a Mothership as a good node does: gzipped, kept until they are safe, sent again when not.

Each batch has an `Idempotency-Key`: what is sent again carries the same one, so that it is stored once however often it
arrives; two batches with equal events have two, so that both are stored.
"""

import asyncio
import gzip
import random
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes
from typing import Any

import httpx2
import orjson

from mothership.errors import ShippingError
from mothership.event import Event
from mothership.plurals import counted
from mothership.retry import backoff_seconds, retry_after_seconds
from mothership.shipping import connection_diagnosis
from mothership.shipping.batches import Batcher, OutgoingBatch
from mothership.shipping.events import encoded
from mothership.shipping.feed import Feed

_BAD_REQUEST, _TOO_MANY_REQUESTS, _TOO_LARGE = 400, 429, 413
_TRY_AGAIN = frozenset({408, 425, _TOO_MANY_REQUESTS})
_REASON_CHARS_MAX, _REASONS_MAX = 500, 1000
_FIRST_PAUSE_SECONDS, _PAUSE_SECONDS_MAX = 0.25, 30.0
_ASKED_SECONDS_MAX = 300.0
_PORT_MAX = 65_535
_RECEIPT = frozenset({"processed_events", "sink_results", "rejected"})
"""What only our answers say."""
_NAP_SECONDS = 5.0
STOPPING_SECONDS = 10.0
"""How long what was read is still tried once the end was asked for."""


@dataclass(slots=True)
class SinkCounts:
    """What became of the accepted events at one sink."""

    written: int = 0
    queued: int = 0
    dead: int = 0


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
    sinks: dict[str, SinkCounts] = field(default_factory=dict)
    retries: int = 0
    seconds: float = 0.0

    @property
    def dead(self) -> int:
        """Events that a sink refused: they are among the dead letters."""
        return max((sink.dead for sink in self.sinks.values()), default=0)


@dataclass(frozen=True, slots=True)
class ShipTarget:
    """Where to, and with what credentials."""

    url: str
    token: str | None = field(default=None, repr=False)
    client_cert: Path | None = None
    client_key: Path | None = None
    ca: Path | None = None
    timeout_seconds: float = 30.0
    parse: bool | None = None
    """Whether the service is to read what lines say about themselves; None leaves it to its configuration."""


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


async def ship(
    events: Iterable[Event | bytes], target: ShipTarget, options: ShipOptions | None = None, **more: Any
) -> Summary:
    """Ship events, given as objects or as their JSON; otherwise as `ship_batches`."""
    options = options or ShipOptions()
    return await ship_batches(_batches(events, options), target, options, **more)


async def ship_batches(
    batches: Iterator[OutgoingBatch],
    target: ShipTarget,
    options: ShipOptions,
    *,
    progress: Callable[[Summary], None] = lambda _summary: None,
    delivered: Callable[[OutgoingBatch], None] = lambda _batch: None,
    say: Callable[[str], None] = lambda _text: None,
    stopping: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    jitter: Callable[[], float] = random.random,
) -> Summary:
    """Ship batches; `progress` is called after each, and `delivered` with each that is safe or was rejected.

    Returns when all of them are. Raises `ShippingError` when a batch is refused or can't be delivered within
    `give_up_seconds`, or within `STOPPING_SECONDS` once `stopping` says so.
    """
    summary, started = Summary(), clock()
    async with http_client(target, "Send") as client:
        post = _Post(client, target, options, summary, say, stopping, clock, sleep, jitter)
        feed = Feed(batches, options.concurrency)

        async def work() -> None:
            while (outgoing := await feed.next()) is not None:
                await post.deliver(outgoing)
                delivered(outgoing)
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
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        parsed = httpx2.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host or not 0 <= (parsed.port or 0) <= _PORT_MAX:
        raise ShippingError("the URL is no address: it must look like http://localhost:8443")
    return str(parsed.copy_with(path="/ingest")) if parsed.path in ("", "/") else url


def shown(url: str) -> str:
    """An address without what may be a secret in it."""
    parsed = httpx2.URL(url)
    return str(parsed.copy_with(username="", password="", query=None, fragment=None))


def http_client(target: ShipTarget, program: str) -> httpx2.AsyncClient:
    """A client with these credentials. Raises `ShippingError` for certificates that can't be read."""
    verify: ssl.SSLContext | bool = True
    if target.ca or target.client_cert:
        option, file = "--ca", target.ca
        try:
            verify = ssl.create_default_context(cafile=target.ca)
            if target.client_cert:
                option, file = "--client-cert", target.client_cert
                verify.load_cert_chain(target.client_cert, target.client_key, password=_no_passphrase)
        except (OSError, ssl.SSLError, ValueError) as error:
            raise ShippingError(f"{file}, given with {option}, can't be used: {_certificate_fault(error)}") from None
    headers = {"Authorization": f"Bearer {target.token}"} if target.token else {}
    return httpx2.AsyncClient(
        verify=verify,
        headers={"User-Agent": f"Mothership-{program}/1.5", "Content-Type": "application/json", **headers},
        timeout=target.timeout_seconds,
        follow_redirects=True,
        max_redirects=3,
        trust_env=not connection_diagnosis.is_this_machine(
            httpx2.URL(target.url).host
        ),  # a proxy can't reach our loopback
    )


def _no_passphrase() -> str:
    raise ValueError("the private key has a passphrase: give one without")


def _certificate_fault(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        if error.reason == "KEY_VALUES_MISMATCH":
            return "the private key is another's"
        return "it holds no such certificate in PEM, or no private key stands with it"
    return (error.strerror if isinstance(error, OSError) else "") or str(error)


def _batches(events: Iterable[Event | bytes], options: ShipOptions) -> Iterator[OutgoingBatch]:
    batcher = Batcher(options.origin, options.batch)
    for number, event in enumerate(events):
        text = event if isinstance(event, bytes) else encoded(event)
        yield from batcher.add([text], text, number + 1)
    yield from batcher.flush()


class _Post:
    """Delivers batches to one address."""

    def __init__(
        self,
        client: httpx2.AsyncClient,
        target: ShipTarget,
        options: ShipOptions,
        summary: Summary,
        say: Callable[[str], None],
        stopping: Callable[[], bool],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        jitter: Callable[[], float],
    ) -> None:
        self._client = client
        self._target = target
        url = httpx2.URL(endpoint(target.url))
        if target.parse is not None and "parse" not in url.params:
            url = url.copy_merge_params({"parse": "true" if target.parse else "false"})
        self._url = str(url)
        self._options = options
        self._summary = summary
        self._say = say
        self._stopping = stopping
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._outage = ""

    async def deliver(self, outgoing: OutgoingBatch) -> None:
        """Try until the batch is safe, refused, or given up."""
        deadline, attempt = self._clock() + self._options.give_up_seconds, 0
        while True:
            answer, trouble = await self._try(outgoing, is_retry=attempt > 0)
            if answer is not None and answer.is_success:
                self._insist_on_receipt(answer)
                self._count(outgoing.events, answer)
                self._answers_again()
                return
            if answer is not None and answer.status_code == _TOO_LARGE:
                await self._too_large(outgoing, trouble)
                return
            if answer is not None and answer.status_code < 500 and answer.status_code not in _TRY_AGAIN:  # noqa: PLR2004 - the node's rule
                raise ShippingError(await self._refusal(answer, len(outgoing.events), trouble))
            asked = retry_after_seconds(
                answer.headers.get("retry-after") if answer is not None else None, now=time.time()
            )
            pause = self._backoff_seconds(attempt) if asked is None else min(asked, _ASKED_SECONDS_MAX)
            if self._stopping():
                deadline = min(deadline, self._clock() + STOPPING_SECONDS)
            if self._clock() + pause > deadline:
                raise ShippingError(
                    f"gave up on a batch of {counted(len(outgoing.events), 'event')} "
                    f"after {counted(attempt + 1, 'attempt')}: {trouble}. "
                    f"It is not stored; stored so far: {counted(self._summary.sent, 'event')}."
                )
            self._waits(trouble)
            await self._pause(pause)
            attempt += 1
            self._summary.retries += 1

    def _insist_on_receipt(self, answer: httpx2.Response) -> None:
        """Raise `ShippingError` for a 2xx of something else, such as a captive portal: it has kept nothing."""
        if not _RECEIPT & _object(answer).keys():
            raise ShippingError(
                f"{shown(self._url)} answers {answer.status_code}, but not as a Mothership does: look at the URL, "
                "and at proxies on the way"
            )

    def _backoff_seconds(self, attempt: int) -> float:
        return backoff_seconds(
            attempt + 1, first=_FIRST_PAUSE_SECONDS, longest=_PAUSE_SECONDS_MAX, jitter=self._jitter()
        )

    async def _pause(self, seconds: float) -> None:
        """Sleep in short naps, for the end may be asked for meanwhile."""
        while seconds > _NAP_SECONDS and not self._stopping():
            await self._sleep(_NAP_SECONDS)
            seconds -= _NAP_SECONDS
        await self._sleep(min(seconds, _NAP_SECONDS) if self._stopping() else seconds)

    async def _too_large(self, outgoing: OutgoingBatch, trouble: str) -> None:
        if len(outgoing.events) == 1:  # nothing is gained by sending it again, and the others are none the worse
            self._summary.sent += 1
            self._summary.rejected += 1
            self._summary.reasons[trouble] += 1
            return
        for half in outgoing.halves():
            await self.deliver(half)

    async def _refusal(self, answer: httpx2.Response, events: int, trouble: str) -> str:
        if (
            answer.status_code == _BAD_REQUEST
            and not _object(answer)
            and await connection_diagnosis.speaks_tls_unasked(self._url)
        ):
            return connection_diagnosis.plain_http(self._url).reason
        advice = connection_diagnosis.refused(answer.status_code, self._url, has_token=bool(self._target.token))
        return f"{shown(self._url)} refused a batch of {counted(events, 'event')}: {trouble}" + (
            f"; {advice}" if advice else ""
        )

    def _waits(self, trouble: str) -> None:
        if self._outage != trouble:
            self._outage = trouble
            self._say(f"waiting for {shown(self._url)}: {trouble}")

    def _answers_again(self) -> None:
        if self._outage:
            self._outage = ""
            self._say(f"{shown(self._url)} takes events again")

    async def _try(self, outgoing: OutgoingBatch, *, is_retry: bool) -> tuple[httpx2.Response | None, str]:
        try:
            answer = await self._client.post(
                self._url, content=self._body(outgoing.events, is_retry=is_retry), headers=self._headers(outgoing)
            )
        except httpx2.TooManyRedirects:
            raise ShippingError(f"{shown(self._url)} redirects in circles") from None
        except (httpx2.RequestError, httpx2.InvalidURL, OSError) as error:  # an alert of TLS 1.3 comes as the third
            file, key = self._target.client_cert, self._target.client_key
            fault = await connection_diagnosis.explain(
                error, self._url, connection_diagnosis.ClientCertificate(file, key) if file else None
            )
            if fault.is_final:
                raise ShippingError(fault.reason) from None
            return None, fault.reason
        return answer, _trouble(answer)

    def _headers(self, outgoing: OutgoingBatch) -> dict[str, str]:
        key = {"Idempotency-Key": outgoing.key}
        return key | {"Content-Encoding": "gzip"} if self._options.compress else key

    def _body(self, batch: list[bytes], *, is_retry: bool) -> bytes:
        envelope = orjson.dumps(
            {
                "batch_size": len(batch),
                "timestamp": datetime.now(UTC).isoformat(),
                "source": self._options.source,
                "is_retry": is_retry,
            }
        )
        body = b'{"messages":[' + b",".join(batch) + b"]," + envelope[1:]
        return gzip.compress(body, compresslevel=6, mtime=0) if self._options.compress else body

    def _count(self, batch: list[bytes], answer: httpx2.Response) -> None:
        said = _object(answer)
        errors = said.get("errors")
        reasons = (
            [str(error.get("reason")) for error in errors if isinstance(error, dict)]
            if isinstance(errors, list)
            else []
        )
        rejected = said["rejected"] if isinstance(said.get("rejected"), int) else len(reasons)
        self._summary.sent += len(batch)
        self._summary.rejected += rejected
        self._summary.accepted += len(batch) - rejected
        if len(self._summary.reasons) < _REASONS_MAX:
            self._summary.reasons.update(reasons)
        results = said.get("sink_results")
        for name, result in results.items() if isinstance(results, dict) else ():
            if isinstance(result, dict):
                counts = self._summary.sinks.setdefault(str(name), SinkCounts())
                counts.written += _whole(result.get("written"))
                counts.queued += _whole(result.get("queued"))
                counts.dead += _whole(result.get("errors"))
        if said.get("duplicate") is True:
            self._summary.duplicates += len(batch) - rejected


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


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
