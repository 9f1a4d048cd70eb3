"""`mothership spool`: a look at what waits on disk."""

import sys
from pathlib import Path

import click

from mothership.commands.options import config_option, spooling_data_dir
from mothership.plurals import counted
from mothership.relay.spool.check import check_spool


@click.group()
def spool() -> None:
    """Inspect the spool without changing anything."""


@spool.command()
@config_option
def check(config: Path | None) -> None:
    """Read every record of every spool file. Exit status 1 if something is damaged, 2 if there is no spool."""
    data_dir = spooling_data_dir(config)
    findings = check_spool(data_dir)
    for found in findings:
        word = found.fault or (f"{counted(found.damaged, 'damaged record')}" if found.damaged else "sound")
        click.echo(
            f"{found.file}: {word}: {counted(found.batches, 'batch')} and {counted(found.dead_letters, 'dead letter')},"
            f" {counted(found.events, 'event')}, {counted(found.bytes, 'byte')}"
        )
    if not findings:
        click.echo(f"no spool under {data_dir}")
    if any(found.fault or found.damaged for found in findings):
        sys.exit(1)
