"""`mothership restore`: a data directory out of what `mothership backup` wrote."""

import asyncio
import tarfile
from pathlib import Path

import click

from mothership.backup import restore as restored
from mothership.commands.backup import summary
from mothership.commands.options import config_option
from mothership.config import load
from mothership.errors import BackupFailed


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@config_option
def restore(file: Path, config: Path | None) -> None:
    """Make server.data_dir of what `mothership backup` wrote into FILE, and compare the counts.

    The directory must be empty or not be there. A backup of a newer Mothership is refused. Rights that were granted to
    other roles are not restored.
    """
    data_dir = load(config).server.data_dir
    try:
        manifest = asyncio.run(restored(file, data_dir))
    except BackupFailed as failure:
        raise click.ClickException(str(failure)) from None
    except tarfile.TarError:
        raise click.ClickException(f"{file} is no backup of Mothership's") from None
    except OSError as failure:
        raise click.ClickException(f"{failure.filename or file}: {failure.strerror}") from None
    click.echo(f"{data_dir}: {summary(manifest)}: as they were saved")
