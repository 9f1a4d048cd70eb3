"""Ships batches to a Mothership as a good node does: gzipped, kept until they are safe, sent again when not.

Each batch has an `Idempotency-Key`: what is sent again carries the same one, so that it is stored once however often it
arrives; two batches with equal events have two, so that both are stored.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

from mothership.event import Event
from mothership.shipping.batches import Batcher, OutgoingBatch
from mothership.shipping.delivery import BatchDelivery, ShipOptions
from mothership.shipping.events import encoded
from mothership.shipping.feed import Feed
from mothership.shipping.summary import Summary
from mothership.shipping.target import ShipTarget, http_client


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
        delivery = BatchDelivery(client, target, options, summary, say, stopping, clock, sleep, jitter)
        feed = Feed(batches, options.concurrency)

        async def work() -> None:
            while (outgoing := await feed.next()) is not None:
                await delivery.deliver(outgoing)
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


def _batches(events: Iterable[Event | bytes], options: ShipOptions) -> Iterator[OutgoingBatch]:
    batcher = Batcher(options.origin, options.batch)
    for number, event in enumerate(events):
        text = event if isinstance(event, bytes) else encoded(event)
        yield from batcher.add([text], text, number + 1)
    yield from batcher.flush()
