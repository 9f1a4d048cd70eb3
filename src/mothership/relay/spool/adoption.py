"""What a dead worker left behind is taken over by a living one."""

import asyncio

from mothership import telemetry
from mothership.relay.spool import directory
from mothership.relay.spool.leftover import Leftover
from mothership.relay.spool.record import Damaged, Kept, unpack
from mothership.relay.spool.spool import Spool
from mothership.telemetry import log

AT_ONCE = 200


async def adopt_leftovers(spool: Spool) -> int:
    """Move every batch and dead letter out of files that nobody owns into this spool. Returns the events moved."""
    moved = 0
    for claim in await asyncio.to_thread(lambda: list(directory.claim_leftovers(spool.claim.path.parent))):
        try:
            moved += await _adopt(spool, claim)
        except Exception as error:  # noqa: BLE001  # a dead worker's file may not end a living one
            log.error("spool_not_adopted", file=claim.path.name, error=type(error).__name__)
        finally:
            claim.release()
    return moved


async def _adopt(spool: Spool, claim: directory.Claim) -> int:
    """Each batch is safe here before it goes there; killed between, it is in both, and its fingerprint tells."""
    if (leftover := await asyncio.to_thread(Leftover.open, claim.path)) is None:
        return 0
    moved = 0
    try:
        while found := await asyncio.to_thread(leftover.batches, AT_ONCE):
            sound: list[tuple[Kept, bytes]] = []
            for seq, sinks, record in found:
                try:
                    item = unpack(record)
                except Damaged:
                    leftover.quarantine(seq, record)
                    telemetry.spool_damaged.inc()
                    log.error("spool_record_damaged", file=claim.path.name, seq=seq)
                else:
                    sound.append((item.for_sinks(sinks), record))
            await spool.take_in(sound)
            moved += sum(len(item.rows) for item, _ in sound)
            await asyncio.to_thread(leftover.remove_batches, [seq for seq, _, _ in found])
        while letters := await asyncio.to_thread(leftover.letters, AT_ONCE):
            await spool.take_in_letters(letters)
            await asyncio.to_thread(leftover.remove_letters, [one.id for one in letters])
    finally:
        await asyncio.to_thread(leftover.close)
    claim.remove()
    log.info("spool_adopted", file=claim.path.name, events=moved)
    return moved
