"""Pulls the batches of one sink: there is always one request waiting at the server while there is room here.

So the server also looks at what other instances have not acknowledged in time: it does that when it is asked.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from mothership.relay.spool.jetstream.connection import LOST

EXPIRES_SECONDS = 30
HEARTBEAT_SECONDS = 2
SILENT_SECONDS = 5.0
"""More than two heartbeats: the request is lost, with its server or on its way."""
PAUSE_SECONDS = 0.25
STATUS = "Status"


class Puller:
    """Asks the durable consumer for as many batches as there is room for, for ever."""

    def __init__(
        self,
        client: Client,
        consumer: str,
        *,
        room: Callable[[], tuple[int, int]],
        ensure: Callable[[], Awaitable[None]],
        on_batch: Callable[[Msg], Awaitable[None]],
    ) -> None:
        """`consumer`: stream and name. `room`: how many batches and bytes may come; `ensure` creates the consumer."""
        self.may_have_room = asyncio.Event()
        self._client = client
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{consumer}"
        self._room, self._ensure, self._on_batch = room, ensure, on_batch
        self._inbox = client.new_inbox()
        self._number = 0
        self._expected = 0
        self._over = asyncio.Event()
        self._heard_at = 0.0
        self._failed = True

    async def run(self) -> None:
        """Until it is cancelled."""
        subscription: Subscription | None = None
        try:
            while True:
                with suppress(*LOST):
                    if self._failed:
                        await self._ensure()
                    if subscription is None:
                        subscription = await self._client.subscribe(f"{self._inbox}.*", cb=self._receive)
                    self._failed = False
                    await self._pull()
                if self._failed:
                    await asyncio.sleep(PAUSE_SECONDS)
        finally:
            if subscription is not None:
                with suppress(*LOST):
                    await subscription.unsubscribe()

    def restart(self) -> None:
        """What was asked is forgotten by the server: the connection was lost."""
        self._failed = True
        self._over.set()

    async def _pull(self) -> None:
        batches, size = self._room()
        while batches <= 0:
            self.may_have_room.clear()
            await self.may_have_room.wait()
            batches, size = self._room()
        loop = asyncio.get_running_loop()
        self._number += 1
        self._expected = batches
        self._over.clear()
        self._heard_at = loop.time()
        request = {
            "batch": batches, "max_bytes": size,
            "expires": EXPIRES_SECONDS * 1_000_000_000, "idle_heartbeat": HEARTBEAT_SECONDS * 1_000_000_000,
        }  # fmt: skip
        await self._client.publish(self._next, orjson.dumps(request), reply=f"{self._inbox}.{self._number}")
        while not self._over.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(SILENT_SECONDS):
                    await self._over.wait()
            if loop.time() - self._heard_at > SILENT_SECONDS:
                self.restart()

    async def _receive(self, message: Msg) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        if not message.reply or (message.headers and STATUS in message.headers and not message.data):
            self._on_status(message)
            return
        self._expected -= 1
        if self._expected <= 0:
            self._over.set()
        await self._on_batch(message)

    def _on_status(self, message: Msg) -> None:
        status = (message.headers or {}).get(STATUS, "")
        if status == "100" or not message.subject.endswith(f".{self._number}"):
            return
        # 404 and 408: there is nothing, and the time is over. Anything else: no such consumer, or no leader now.
        self._failed = status not in {"404", "408"} and "Bytes" not in (message.headers or {}).get("Description", "")
        self._over.set()
