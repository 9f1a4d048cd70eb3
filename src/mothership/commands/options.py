"""What several commands share: an option, and the data directory that they look into."""

import os
from pathlib import Path

import click

from mothership.config import load
from mothership.data_directory import become_owner
from mothership.relay.spool.directory import spool_directory

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, readable=False),  # ours are the words for one that can't be read
    help="YAML file to read. Default: $MOTHERSHIP_CONFIG, then ./config.yaml if it exists.",
)


class NothingToRead(click.ClickException):
    """There is nothing that could be looked at: an error, and no empty answer."""

    exit_code = 2


def spooling_data_dir(config: Path | None) -> Path:
    """The configuration's data directory, as its owner. Raises `NothingToRead` unless its spool can be looked at."""
    data_dir = load(config).server.data_dir
    advice = "name the service's own in --config, MOTHERSHIP_CONFIG or MOTHERSHIP_DATA_DIR"
    try:
        become_owner(data_dir)
        os.listdir(spool_directory(data_dir))  # noqa: PTH208 - the question is whether it can be done
    except FileNotFoundError:
        what = "no service has stored anything here yet" if data_dir.is_dir() else "no such directory"
        raise NothingToRead(f"{data_dir}: {what}: {advice}") from None
    except OSError as error:
        raise NothingToRead(f"{data_dir}: can't be read: {os.strerror(error.errno or 0)}") from None
    return data_dir
