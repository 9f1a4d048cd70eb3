"""What a dead worker left behind is taken over by a living one."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from mothership import telemetry
from mothership.dead_letters import DeadLetter
from mothership.errors import CorruptRecord
from mothership.relay.spool import spool_file_lock
from mothership.relay.spool.orphan import OrphanFile
from mothership.relay.spool.record import SpoolRecord, unpack
from mothership.telemetry import log

TAKEOVER_BATCHES = 200


class Heir(Protocol):
    """A spool that keeps what it is given, whatever its bounds: it was kept already."""

    async def take_in(self, records: Sequence[tuple[SpoolRecord, bytes]]) -> None:
        """Keep batches, or parts of some, for the sinks that they name. Raises `NotPersisted`."""

    async def take_in_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        """Keep dead letters. Raises `NotPersisted`."""


async def take_over_orphans(heir: Heir, spool_directory: Path) -> int:
    """Move every batch and dead letter out of files that nobody owns to the heir. Returns the events moved."""
    moved = 0
    for lock in await asyncio.to_thread(lambda: list(spool_file_lock.lock_orphans(spool_directory))):
        try:
            moved += await _take_over(heir, lock)
        except Exception as error:  # noqa: BLE001 - a dead worker's file may not end a living one
            log.error("spool_not_adopted", file=lock.path.name, error=type(error).__name__)
        finally:
            lock.release()
    return moved


async def _take_over(heir: Heir, lock: spool_file_lock.SpoolFileLock) -> int:
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
            await heir.take_in(sound)
            moved += sum(len(record.rows) for record, _ in sound)
            await asyncio.to_thread(orphan.remove_batches, [seq for seq, _, _ in found])
        while letters := await asyncio.to_thread(orphan.dead_letters, TAKEOVER_BATCHES):
            await heir.take_in_dead_letters(letters)
            await asyncio.to_thread(orphan.remove_dead_letters, [one.id for one in letters])
    finally:
        await asyncio.to_thread(orphan.close)
    lock.remove()
    log.info("spool_adopted", file=lock.path.name, events=moved)
    return moved
