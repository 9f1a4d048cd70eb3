"""Options that several commands share."""

from pathlib import Path

import click

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="YAML file to read. Default: $MOTHERSHIP_CONFIG, else ./config.yaml when it is there.",
)
