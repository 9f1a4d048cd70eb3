"""Messages to a stream: one alone, or several of which all are kept or none; acknowledged by a majority of servers.

What is sent again because no answer came is the same message by its id: the server keeps it once.
"""

import asyncio
from collections.abc import Sequence
from secrets import token_hex
from typing import Any, NamedTuple

import orjson
from nats.aio.client import Client
from nats.errors import NoRespondersError

from mothership.errors import MayBeKept, NotPersisted, SpoolFull
from mothership.relay.spool.jetstream.connection import LOST, cancellable
from mothership.telemetry import log

ATTEMPT_SECONDS = 1.5
"""A leader that has lost its majority does not answer; the next one may be elected by then."""
PAUSE_SECONDS = 0.1
SILENT_SECONDS = 4.0
"""So long without an answer to anything, the server may be cut off from the others: another one is asked."""
LOST_SECONDS = 1.5
"""So long without a connection, a batch is refused at once."""
ATOMIC_AT_A_TIME = 12
"""A server takes 50 atomic batches for a stream at a time, from all instances."""
ID = "Nats-Msg-Id"
FULL_CODES = frozenset({10077, 10047, 10023, 10028, 10122})
"""Error codes for: bytes or messages of the stream, storage of the server, resources of the account."""
DUPLICATE_CODE = 10201
"""An atomic batch holds an id that is known."""


class Message(NamedTuple):
    """A message for a stream."""

    subject: str
    payload: bytes
    headers: dict[str, str]
    """With `ID`."""


class Published(NamedTuple):
    """Where messages are kept, and whether they were before."""

    last_seq: int
    """Of the last message; those of one batch follow each other. 0 where it is not known."""
    duplicate: bool
    """It was before."""


class Publisher:
    """Sends until a majority has it, or the time is over."""

    def __init__(self, client: Client, *, retry_after_seconds: float) -> None:
        self.refused_reason = ""
        """Why the last one was not kept; empty when it was."""
        self._client = client
        self._retry_after_seconds = retry_after_seconds
        self._atomic = asyncio.Semaphore(ATOMIC_AT_A_TIME)
        self._connected_at = 0.0
        self._silent_since: float | None = None

    async def publish(self, messages: Sequence[Message], seconds: float) -> Published:
        """Keep all of them or none. Raises `SpoolFull` or `NotPersisted`, or `MayBeKept` where nobody knows."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        in_doubt = False
        while True:
            if self._client.is_connected:
                self._connected_at = loop.time()
                try:
                    async with asyncio.timeout(min(until - loop.time(), ATTEMPT_SECONDS)):
                        answer = await self._send(messages)
                except LOST as error:
                    in_doubt = in_doubt or not isinstance(error, NoRespondersError)
                    await self._leave_a_silent_server()
                else:
                    self._silent_since = None
                    if (published := self._published(answer, in_doubt=in_doubt)) is not None:
                        self.refused_reason = ""
                        return published
            elif loop.time() - self._connected_at > LOST_SECONDS:
                raise self._not_persisted("the JetStream cluster can't be reached", in_doubt=in_doubt)
            if loop.time() + PAUSE_SECONDS >= until:
                raise self._not_persisted("the JetStream cluster does not acknowledge", in_doubt=in_doubt)
            await asyncio.sleep(PAUSE_SECONDS)

    def _published(self, answer: dict[str, Any], *, in_doubt: bool) -> Published | None:
        """What an answer says; None where it is worth another try."""
        if (error := answer.get("error")) is None:
            return Published(answer["seq"], duplicate=bool(answer.get("duplicate")) and not in_doubt)
        code = error.get("err_code", 0)
        if code == DUPLICATE_CODE:
            return Published(0, duplicate=not in_doubt)
        if code in FULL_CODES:
            reason = "the spool is full (relay.spool.max_bytes)"
            if in_doubt:
                raise self._not_persisted(reason, in_doubt=True)
            self.refused_reason = reason
            raise SpoolFull(reason, retry_after_seconds=self._retry_after_seconds)
        return None

    async def _leave_a_silent_server(self) -> None:
        """Cut off from the others, it keeps its clients: they have to go by themselves."""
        now = asyncio.get_running_loop().time()
        if self._silent_since is None:
            self._silent_since = now
        elif now - self._silent_since > SILENT_SECONDS and self._client.is_connected:
            self._silent_since = None
            log.warning("jetstream_silent", reason="another server is asked")
            await self._client.force_reconnect()

    async def _send(self, messages: Sequence[Message]) -> dict[str, Any]:
        *first, last = messages
        if not first:
            return await self._ask(last, last.headers)
        async with self._atomic:
            batch = token_hex(16)
            for number, message in enumerate(first, 1):
                headers = {**message.headers, "Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
                await self._client.publish(message.subject, message.payload, headers=headers)
            headers = {**last.headers, "Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(len(messages))}
            return await self._ask(last, {**headers, "Nats-Batch-Commit": "1"})

    async def _ask(self, message: Message, headers: dict[str, str]) -> dict[str, Any]:
        answer = await cancellable(self._client.request(message.subject, message.payload, timeout=60, headers=headers))
        found: dict[str, Any] = orjson.loads(answer.data)
        return found

    def _not_persisted(self, reason: str, *, in_doubt: bool) -> NotPersisted:
        self.refused_reason = reason
        return (MayBeKept if in_doubt else NotPersisted)(reason, retry_after_seconds=self._retry_after_seconds)
