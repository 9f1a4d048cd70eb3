"""One batch after the other to one address: tried until it is safe, refused, or given up."""

import gzip
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_bytes
from typing import Any

import httpx2
import orjson

from mothership.errors import ShippingError
from mothership.plurals import counted
from mothership.retry import backoff_seconds, retry_after_seconds
from mothership.shipping import connection_diagnosis
from mothership.shipping.batches import OutgoingBatch
from mothership.shipping.summary import Summary
from mothership.shipping.target import INGEST, ShipTarget, endpoint, shown

_BAD_REQUEST, _TOO_MANY_REQUESTS, _TOO_LARGE = 400, 429, 413
_TRY_AGAIN = frozenset({408, 425, _TOO_MANY_REQUESTS})
_REASON_CHARS_MAX = 500
_FIRST_PAUSE_SECONDS, _PAUSE_SECONDS_MAX = 0.25, 30.0
_ASKED_SECONDS_MAX = 300.0
_RECEIPT = frozenset({"processed_events", "sink_results", "rejected"})
"""What only our answers say."""
_NAP_SECONDS = 5.0
STOPPING_SECONDS = 10.0
"""How long what was read is still tried once the end was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipOptions:
    """How batches are made, sent and tried again."""

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


class BatchDelivery:
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
                self._summary.add(len(outgoing.events), _object(answer))
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
        advice = connection_diagnosis.refused(
            answer.status_code, self._url, adds=INGEST, has_token=bool(self._target.token)
        )
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
            fault = await connection_diagnosis.explain(error, self._url, self._target.client_certificate)
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
