"""What a dead worker left behind is taken over by a living one."""

import asyncio

from mothership import telemetry
from mothership.relay.spool import directory
from mothership.relay.spool.orphan import OrphanFile
from mothership.relay.spool.record import CorruptRecord, SpoolRecord, unpack
from mothership.relay.spool.spool import Spool
from mothership.telemetry import log

TAKEOVER_BATCHES = 200


async def take_over_orphans(spool: Spool) -> int:
    """Move every batch and dead letter out of files that nobody owns into this spool. Returns the events moved."""
    moved = 0
    for lock in await asyncio.to_thread(lambda: list(directory.lock_orphans(spool.lock.path.parent))):
        try:
            moved += await _take_over(spool, lock)
        except Exception as error:  # noqa: BLE001  # a dead worker's file may not end a living one
            log.error("spool_not_adopted", file=lock.path.name, error=type(error).__name__)
        finally:
            lock.release()
    return moved


async def _take_over(spool: Spool, lock: directory.SpoolFileLock) -> int:
    """Each batch is safe here before it goes there; killed between, it is in both, and its fingerprint tells."""
    if (orphan := await asyncio.to_thread(OrphanFile.open, lock.path)) is None:
        return 0
    moved = 0
    try:
        while found := await asyncio.to_thread(orphan.batches, TAKEOVER_BATCHES):
            sound: list[tuple[SpoolRecord, bytes]] = []
            for seq, sinks, packed in found:
                try:
                    record = unpack(packed)
                except CorruptRecord:
                    orphan.quarantine(seq, packed)
                    telemetry.spool_damaged.inc()
                    log.error("spool_record_damaged", file=lock.path.name, seq=seq)
                else:
                    sound.append((record.for_sinks(sinks), packed))
            await spool.take_in(sound)
            moved += sum(len(record.rows) for record, _ in sound)
            await asyncio.to_thread(orphan.remove_batches, [seq for seq, _, _ in found])
        while letters := await asyncio.to_thread(orphan.dead_letters, TAKEOVER_BATCHES):
            await spool.take_in_dead_letters(letters)
            await asyncio.to_thread(orphan.remove_dead_letters, [one.id for one in letters])
    finally:
        await asyncio.to_thread(orphan.close)
    lock.remove()
    log.info("spool_adopted", file=lock.path.name, events=moved)
    return moved
