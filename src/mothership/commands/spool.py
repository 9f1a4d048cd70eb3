"""`mothership spool`: a look at what waits on disk."""

import sys
from pathlib import Path

import click

from mothership.commands.options import config_option, spooling_data_dir
from mothership.relay.spool.check import check_spool


@click.group()
def spool() -> None:
    """Look at the spool without changing anything."""


@spool.command()
@config_option
def check(config: Path | None) -> None:
    """Read every record of every spool file. Exit status 1 when something is damaged, 2 when there is none to read."""
    data_dir = spooling_data_dir(config)
    findings = check_spool(data_dir)
    for found in findings:
        word = found.fault or (f"{found.damaged} records are damaged" if found.damaged else "sound")
        click.echo(
            f"{found.file}: {word}: {found.batches} batches and {found.dead_letters} dead letters,"
            f" {found.events} events, {found.bytes} bytes"
        )
    if not findings:
        click.echo(f"no spool under {data_dir}")
    if any(found.fault or found.damaged for found in findings):
        sys.exit(1)
