"""What became of a batch, told to the instance that took it: its answer waits for that.

By plain messages that nobody keeps. One that is lost costs an answer its `written`: it says `queued` instead.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex

import orjson
from cachetools import FIFOCache
from nats.aio.client import Client
from nats.aio.msg import Msg

from mothership.leases import DeliveryResult
from mothership.relay.spool.jetstream.connection import LOST
from mothership.relay.spool.jetstream.subjects import Subjects

ORIGIN = "Origin"
EXPECTED_MAX = 50_000


class Announcements:
    """Of one instance: what it tells, and what it is told."""

    def __init__(self, client: Client, subjects: Subjects, tell: Callable[[DeliveryResult], None]) -> None:
        self.instance = token_hex(8)
        self._client, self._subjects, self._tell = client, subjects, tell
        self._origins: FIFOCache[tuple[str, bytes], str] = FIFOCache(EXPECTED_MAX)
        """For what is leased here and was appended elsewhere."""
        self._early: dict[bytes, list[DeliveryResult]] = {}
        """What was told of batches before their own acknowledgement came."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        """From now on."""
        await self._client.subscribe(self._subjects.results(self.instance), cb=self._receive)

    def begin(self, fingerprint: bytes) -> None:
        """A batch is on its way to the cluster: it may be delivered before that is known here."""
        self._early.setdefault(fingerprint, [])

    def end(self, fingerprint: bytes) -> None:
        """It is known now: tell what came early."""
        for result in self._early.pop(fingerprint, ()):
            self._tell(result)

    def forget(self, fingerprint: bytes) -> None:
        """Nobody waits for it."""
        self._early.pop(fingerprint, None)

    def expect(self, sink: str, fingerprint: bytes, message: Msg) -> None:
        """A batch is leased: remember who wants to hear of it."""
        origin = (message.headers or {}).get(ORIGIN, "")
        if origin and origin != self.instance:
            self._origins[sink, fingerprint] = origin

    def announce(self, result: DeliveryResult) -> None:
        """A courier of this instance is through with a batch."""
        if (early := self._early.get(result.fingerprint)) is not None:
            early.append(result)
        elif origin := self._origins.pop((result.sink, result.fingerprint), ""):
            task = asyncio.create_task(self._send(origin, result))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, origin: str, result: DeliveryResult) -> None:
        told = [result.sink, result.fingerprint.hex(), result.errors, result.duplicate, result.deferred]
        with suppress(*LOST):
            await self._client.publish(self._subjects.results(origin), orjson.dumps(told))

    async def _receive(self, message: Msg) -> None:
        sink, fingerprint, errors, duplicate, deferred = orjson.loads(message.data)
        result = DeliveryResult(sink, bytes.fromhex(fingerprint), errors, duplicate, deferred)
        if (early := self._early.get(result.fingerprint)) is not None:
            early.append(result)
        else:
            self._tell(result)
