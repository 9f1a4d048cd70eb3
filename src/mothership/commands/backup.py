"""`mothership backup`: the embedded database, the spool and the keys in one file."""

import asyncio
from pathlib import Path

import click

from mothership.backup import back_up
from mothership.commands.options import config_option
from mothership.config import load
from mothership.data_directory import become_owner
from mothership.errors import BackupFailed
from mothership.plurals import counted


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@config_option
def backup(file: Path, config: Path | None) -> None:
    """Write the embedded database, the spool and the keys of server.data_dir into FILE.

    The service may run or rest. FILE holds secrets: its mode is 0600. A database that `database.dsn` names is
    backed up with its own tools.
    """
    settings = load(config)
    data_dir = settings.server.data_dir
    if settings.database.is_external:
        raise click.ClickException(
            "the database is a server (database.dsn or database.host): back that up with its own tools, and the rest "
            "of server.data_dir (spool and keys) by a copy while the service is stopped"
        )
    try:
        become_owner(data_dir)
        manifest = asyncio.run(back_up(data_dir, file))
    except BackupFailed as failure:
        raise click.ClickException(str(failure)) from None
    except OSError as failure:
        raise click.ClickException(f"{failure.filename or file}: {failure.strerror}") from None
    click.echo(f"{file}: {summary(manifest)}")
    if settings.relay.spool.kind == "jetstream":
        click.echo(
            "What waits on the JetStream cluster (relay.spool.kind) is not in it: the cluster's servers keep that, or "
            "`mothership spool move --to file` takes it here first."
        )


def summary(manifest: dict[str, object]) -> str:
    """What a backup holds, by its manifest, in words."""
    rows, waiting = manifest["rows"], manifest["spooled_events"]
    events = rows.get("events", 0) if isinstance(rows, dict) else 0
    return f"{counted(events, 'event')} stored and {counted(int(str(waiting)), 'event')} waiting in the spool"
