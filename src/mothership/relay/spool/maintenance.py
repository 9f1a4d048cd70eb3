"""What is due in a spool file now and then, and how it stands."""

from mothership.leases import SpoolStats
from mothership.relay.settings import DeadLetterSettings, SpoolSettings
from mothership.relay.spool.expiry import ExpiryLog, drop_dead_letters, expire_batches
from mothership.relay.spool.sqlite_file import SpoolFile


def stats(file: SpoolFile, *, changed_by_others: bool) -> SpoolStats:
    """How a file stands now."""
    oldest = {sink: when for sink in file.deliveries.sinks if (when := file.deliveries.oldest(sink)) is not None}
    return SpoolStats(
        dict(file.deliveries.totals),
        file.dead_letters.totals,
        file.dead_letters.by_sink(),
        file.stored_bytes,
        oldest,
        changed_by_others,
    )


def sweep(file: SpoolFile, settings: SpoolSettings, letters: DeadLetterSettings, now: int, log: ExpiryLog) -> None:
    """Set aside and drop what has waited too long, and forget old fingerprints."""
    expire_batches(file, settings.max_age_seconds, now, log)
    drop_dead_letters(file, letters, now, log)
    file.fingerprints.prune(now - int(settings.remember_seconds * 1_000_000), settings.remember_batches)
