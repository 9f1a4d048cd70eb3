"""What a demo's console has to show while it stays up: a day before, a trickle of events, one that is rejected."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx2 as httpx

from mothership.event import Event
from mothership.sample.fleet import sample

YESTERDAY_EVENTS = 500
DAY_SECONDS = 86_400
EVENTS_AT_ONCE = 5
PAUSE_SECONDS = 1.0
REJECTED: Event = {"source": "ship-7", "message": "door 4 open, sent by a node that forgets what type it is"}
"""It ends up among the dead letters, to be repaired there."""


async def trickle(url: str) -> None:
    """Send them until cancelled. A service that does not answer gets the next ones later."""
    async with httpx.AsyncClient(base_url=url, timeout=30.0) as client:
        await _send(client, sample(YESTERDAY_EVENTS, seed=7, now=time.time() - DAY_SECONDS).events)
        await _send(client, [REJECTED])
        seed = int(time.time())
        while True:
            await _send(client, [_of_now(event) for event in sample(EVENTS_AT_ONCE, seed=seed, now=time.time()).events])
            seed += 1
            await asyncio.sleep(PAUSE_SECONDS)


def _of_now(event: Event) -> Event:
    """The sample's events are of the last hour; what trickles in is of this moment."""
    return event | {"timestamp": datetime.now(UTC).isoformat()} if "timestamp" in event else event


async def _send(client: httpx.AsyncClient, events: Sequence[Event]) -> None:
    with contextlib.suppress(httpx.HTTPError):
        await client.post("/ingest", json={"messages": list(events)})
