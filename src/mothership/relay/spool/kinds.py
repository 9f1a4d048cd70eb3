"""Which spool a configuration means."""

from pathlib import Path

from mothership.errors import ConfigurationError
from mothership.extras import JETSTREAM
from mothership.ports import Clock, DeadLetterStore, Spool
from mothership.relay.settings import RelaySettings
from mothership.relay.spool.dead_letter_admin import DeadLetterAdmin
from mothership.relay.spool.file_spool import FileSpool


async def open_spool(data_dir: Path, settings: RelaySettings, clock: Clock) -> Spool:
    """Open it. Raises `ConfigurationError` where it can't be used."""
    if settings.spool.kind == "file":
        return await FileSpool.open(data_dir, settings, clock)
    if not JETSTREAM.is_installed:
        raise ConfigurationError([f"relay.spool.kind: {JETSTREAM.missing}"])
    # Its client takes time to import, and is an extra.
    from mothership.relay.spool.jetstream.spool import JetStreamSpool  # noqa: PLC0415

    return await JetStreamSpool.open(settings, clock)


def dead_letter_store(data_dir: Path, settings: RelaySettings) -> DeadLetterStore:
    """Where its dead letters are, as they are now."""
    if settings.spool.kind == "file":
        return DeadLetterAdmin(data_dir)
    from mothership.relay.spool.jetstream.dead_letter_store import JetStreamDeadLetters  # noqa: PLC0415  # an extra

    return JetStreamDeadLetters(settings)
