"""`mothership spool`: a look at what waits on disk, and its way from one kind of spool to the other."""

import asyncio
import logging
import sys
from pathlib import Path

import click
import structlog

from mothership.commands.options import config_option, spooling_data_dir
from mothership.config import load
from mothership.data_directory import become_owner
from mothership.errors import NotPersisted, SpoolUnreadable
from mothership.extras import JETSTREAM
from mothership.plurals import counted
from mothership.relay.spool.check import check_spool
from mothership.relay.spool.directory import spool_directory
from mothership.relay.spool.kinds import move


@click.group()
def spool() -> None:
    """Check the spool, or move it to or from a JetStream cluster."""


@spool.command()
@config_option
def check(config: Path | None) -> None:
    """Read every record of every spool file. Exit status 1 if something is damaged, 2 if there is no spool.

    What waits on a JetStream cluster is examined by `mothership doctor`.
    """
    settings = load(config)
    if settings.relay.spool.kind == "jetstream":
        click.echo("what waits is on the JetStream cluster (relay.spool.kind): `mothership doctor` examines it")
        if not spool_directory(settings.server.data_dir).exists():
            return  # no file took over so far
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


@spool.command("move")
@config_option
@click.option(
    "--to",
    "target",
    type=click.Choice(["jetstream", "file"]),
    required=True,
    help="Where it goes: to the cluster of relay.spool.jetstream, or to a file in the data directory.",
)
def move_spool(config: Path | None, target: str) -> None:
    """Move all events that wait, and all dead letters, to a JetStream cluster or from it to a local file.

    Nothing is lost or delivered twice if it is interrupted: run it again. Stop the service first: what a running one
    holds is left where it is. Exit status 1 if the cluster or the disk refuses; what was moved by then stays
    moved.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    settings = load(config)
    if not JETSTREAM.is_installed:
        raise click.ClickException(JETSTREAM.missing)
    become_owner(settings.server.data_dir)
    try:
        events, letters = asyncio.run(move(settings.server.data_dir, settings.relay, to_cluster=target == "jetstream"))
    except (NotPersisted, SpoolUnreadable) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{counted(events, 'event')} and {counted(letters, 'dead letter')} moved")
