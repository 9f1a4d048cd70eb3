"""Which spool a configuration means."""

from pathlib import Path

from mothership.errors import ConfigurationError
from mothership.extras import JETSTREAM
from mothership.ports import Clock, Spool
from mothership.relay.settings import RelaySettings
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
