"""From one spool to another, by what the contract has: lease there, append here, commit there.

Each batch is safe here before it goes there; killed between, it is in both, and its fingerprint tells.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from mothership.dead_letters import DeadLetter
from mothership.event import RowBatch
from mothership.leases import BatchStatus, LeaseLimits
from mothership.ports import DeadLetterStore, Spool
from mothership.relay.spool.takeover import Heir

LIMITS = LeaseLimits(rows=20_000, bytes=32 * 1024**2, poison_attempts=1_000_000)
LETTERS_AT_ONCE = 100


class ClusterSpool(Spool, Heir, Protocol):
    """A spool that also keeps dead letters of another."""


async def move_batches(source: Spool, target: Spool, *, patience_seconds: float = 0.0) -> int:
    """Move what waits for any sink, but what is leased to somebody else. Returns the events. Raises `NotPersisted`.

    `patience_seconds`: how long to wait for more where something waits and nothing can be leased.
    """
    moved = 0
    waited = 0.0
    while sinks := list(source.waiting()):
        found = 0
        for sink in sinks:
            while lease := await source.lease(sink, LIMITS):
                try:
                    await asyncio.gather(*(_append(target, batch, sink) for batch in lease.batches))
                except BaseException:
                    await source.release(lease)
                    raise
                await source.commit(lease)
                found += lease.events
        moved += found
        if found:
            waited = 0.0
            continue
        if waited >= patience_seconds:
            break
        await asyncio.sleep(0.1)
        waited += 0.1
    return moved


async def move_dead_letters(source: DeadLetterStore, target: Heir) -> int:
    """Move all of them. Returns how many. Raises `NotPersisted`, or `SpoolUnreadable`."""
    moved = 0
    while views := await asyncio.to_thread(source.page, None, None, "", LETTERS_AT_ONCE):
        letters = await asyncio.to_thread(_letters, source, [view.id for view in views])
        if not letters:
            await asyncio.sleep(0.1)
            continue
        await target.take_in_dead_letters(list(letters.values()))
        await asyncio.to_thread(source.drop, list(letters), None)
        moved += len(letters)
    return moved


def _letters(source: DeadLetterStore, ids: Sequence[str]) -> dict[str, DeadLetter]:
    """Return those that are still there: what a killed move was dropping may go after it was listed."""
    letters: dict[str, DeadLetter] = {}
    for letter_id in ids:
        with suppress(KeyError):
            letters[letter_id] = source.letter(letter_id)
    return letters


async def _append(target: Spool, batch: RowBatch, sink: str) -> None:
    safe: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def resolve(_status: BatchStatus | None, error: BaseException | None) -> None:
        if not safe.done():
            safe.set_exception(error) if error else safe.set_result(None)

    target.append(batch, [sink], resolve)
    await safe
