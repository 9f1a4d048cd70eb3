"""`mothership migrate`: from the embedded database to a server's."""

import asyncio
from pathlib import Path

import click
from pydantic import SecretStr, ValidationError

from mothership.commands.options import config_option
from mothership.config import load
from mothership.data_directory import become_owner
from mothership.database_copy import migrate as migrated
from mothership.errors import BackupFailed, SinkError
from mothership.plurals import counted
from mothership.sinks.tsdb.settings import DatabaseSettings


@click.command()
@click.option("--to", "dsn", required=True, help="Where to: `postgresql://user:password@host:port/database`.")
@config_option
def migrate(dsn: str, config: Path | None) -> None:
    """Copy the embedded database of server.data_dir into the database that --to names, and compare the counts.

    Stop the service first. The target must hold no events yet; on a server with TimescaleDB the table becomes a
    hypertable with the policies of the configuration. The embedded database stays as it is.
    """
    settings = load(config)
    try:
        target = DatabaseSettings.model_validate({**settings.database.model_dump(), "dsn": SecretStr(dsn)})
    except ValidationError as error:
        raise click.BadParameter(error.errors(include_input=False)[0]["msg"], param_hint="--to") from None
    try:
        become_owner(settings.server.data_dir)
        counts = asyncio.run(migrated(settings.server.data_dir, target))
    except (BackupFailed, SinkError) as failure:
        raise click.ClickException(getattr(failure, "reason", str(failure))) from None
    for table, rows in counts.items():
        click.echo(f"{table}: {counted(rows, 'row')}, as many as there were")
    click.echo("Now set database.dsn to it, and start the service.")
