"""Which spool a configuration means."""

import asyncio
import time
from pathlib import Path

from mothership.errors import ConfigurationError, SpoolUnreadable
from mothership.extras import JETSTREAM
from mothership.ports import Clock, DeadLetterStore, Spool
from mothership.relay.settings import RelaySettings
from mothership.relay.spool import spool_file_lock
from mothership.relay.spool.combined_dead_letters import CombinedDeadLetters
from mothership.relay.spool.dead_letter_admin import DeadLetterAdmin
from mothership.relay.spool.directory import spool_directory
from mothership.relay.spool.fallback import FallbackSpool
from mothership.relay.spool.file_spool import FileSpool
from mothership.relay.spool.takeover import take_over_orphans
from mothership.relay.spool.transfer import move_batches, move_dead_letters


async def open_spool(data_dir: Path, settings: RelaySettings, clock: Clock) -> Spool:
    """Open it. Raises `ConfigurationError` where it can't be used."""
    if settings.spool.kind == "file":
        return await FileSpool.open(data_dir, settings, clock)
    if not JETSTREAM.is_installed:
        raise ConfigurationError([f"relay.spool.kind: {JETSTREAM.missing}"])
    # Its client takes time to import, and is an extra.
    from mothership.relay.spool.jetstream.spool import JetStreamSpool  # noqa: PLC0415 - its library is an extra

    if not settings.spool.jetstream.fallback:
        return await JetStreamSpool.open(settings, clock, orphans=spool_directory(data_dir))
    file = await FileSpool.open(data_dir, settings, clock)
    return await FallbackSpool.open(file, data_dir, lambda: JetStreamSpool.open(settings, clock))


async def move(data_dir: Path, settings: RelaySettings, *, to_cluster: bool) -> tuple[int, int]:
    """Move all that waits, and all dead letters, from the spool files to the cluster or back: events and letters.

    Files of workers that live are left alone. Raises `ConfigurationError`, `NotPersisted` or `SpoolUnreadable`.
    """
    from mothership.relay.spool.jetstream.dead_letter_store import JetStreamDeadLetters  # noqa: PLC0415 - an extra
    from mothership.relay.spool.jetstream.spool import JetStreamSpool  # noqa: PLC0415 - its library is an extra

    cluster = await JetStreamSpool.open(settings, time.time)
    try:
        if to_cluster:
            letters = (await cluster.sweep()).dead_letters.batches
            spool = spool_directory(data_dir)
            events = await take_over_orphans(cluster, spool)
            if left := await asyncio.to_thread(spool_file_lock.orphan_names, spool):
                raise SpoolUnreadable(f"{', '.join(left)}: not everything could be moved; run it again")
            return events, (await cluster.sweep()).dead_letters.batches - letters
        file = await FileSpool.open(data_dir, settings, time.time)
        try:
            await cluster.sweep()
            patience = 2 * settings.spool.jetstream.ack_wait_seconds
            events = await move_batches(cluster, file, patience_seconds=patience)
            return events, await move_dead_letters(JetStreamDeadLetters(settings), file)
        finally:
            await file.close()
    finally:
        await cluster.close()


def dead_letter_store(data_dir: Path, settings: RelaySettings) -> DeadLetterStore:
    """Where its dead letters are, as they are now: beside a cluster also in files, of a time without it."""
    if settings.spool.kind == "file":
        return DeadLetterAdmin(data_dir)
    from mothership.relay.spool.jetstream.dead_letter_store import (  # noqa: PLC0415 - an extra
        JetStreamDeadLetters,
        is_letter_id,
    )

    cluster = JetStreamDeadLetters(settings)
    if not spool_directory(data_dir).is_dir():
        return cluster
    return CombinedDeadLetters(DeadLetterAdmin(data_dir), cluster, is_letter_id)
