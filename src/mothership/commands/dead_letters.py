"""`mothership dead-letters`: what could not be delivered, and what to do about it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from mothership.commands.options import config_option, spooling_data_dir
from mothership.config import load
from mothership.dead_letters import PIPELINE, DeadLetterSummary
from mothership.errors import CorruptRecord, SpoolUnreadable
from mothership.plurals import counted
from mothership.ports import DeadLetterStore
from mothership.relay.spool.directory import spool_directory
from mothership.relay.spool.kinds import dead_letter_store
from mothership.terminal_escaping import escaped, escaped_line

SINKS = {"tsdb": "tsdb", "timescaledb": "tsdb", "loki": "loki", PIPELINE: PIPELINE}
"""The names that are understood, and the sink that each means."""


def _meant(_context: click.Context, _parameter: click.Parameter, sink: str | None) -> str | None:
    return SINKS[sink] if sink else None


sink_option = click.option(
    "--sink",
    type=click.Choice(list(SINKS)),
    callback=_meant,
    help="Only those of this sink: tsdb (or timescaledb), loki, or pipeline (rejected events).",
)
all_option = click.option("--all", "everything", is_flag=True, help="All of them.")


class DeadLettersGroup(click.Group):
    """Commands that end with one line when a spool file can't be used."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Raises `ClickException` where it raises `SpoolUnreadable`."""
        try:
            return super().invoke(ctx)
        except SpoolUnreadable as error:
            raise click.ClickException(str(error)) from None


@click.group("dead-letters", cls=DeadLettersGroup)
def dead_letters() -> None:
    """List, show, retry or drop events that a sink refused for good.

    Works on the configured data directory, whether the service runs or not. A running service notices a retry within
    seconds, a stopped one at its next start. Exit status 2 if there is no data directory with a spool, or it can't be
    read.
    """


@dead_letters.command("list")
@config_option
@sink_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_letters(config: Path | None, sink: str | None, as_json: bool) -> None:
    """Show id, time, sink, events, request id and reason of each."""
    count = events = 0
    for view in _box(config).views(sink=sink):
        count, events = count + 1, events + view.events
        click.echo(json.dumps(_shown(view)) if as_json else _line(view))
    if not as_json:
        click.echo(f"{counted(count, 'dead letter')} with {counted(events, 'event')}")


@dead_letters.command()
@config_option
@click.argument("ids", nargs=-1, required=True)
def show(config: Path | None, ids: Sequence[str]) -> None:
    """Print the redacted events of these, one JSON object a line."""
    box = _box(config)
    for view in _known(box, ids):
        click.echo(_line(view), err=True)
        try:
            rows = box.rows(view.id)
        except CorruptRecord:
            raise click.ClickException(f"{view.id}: its record is damaged") from None
        for row in rows:
            click.echo(escaped_line(row.data))


@dead_letters.command()
@config_option
@sink_option
@all_option
@click.argument("ids", nargs=-1)
def retry(config: Path | None, sink: str | None, everything: bool, ids: Sequence[str]) -> None:
    """Send these again to the sink that refused them."""
    box = _box(config)
    chosen = _chosen(box, ids, sink, everything=everything)
    rejected = sum(view.events for view in box.views(ids=chosen, sink=sink) if view.sink == PIPELINE)
    events = box.retry(chosen, sink)
    click.echo(f"{counted(events, 'event')} will be sent again")
    if rejected:
        click.echo(
            f"{counted(rejected, 'event')} kept: rejected (sink `{PIPELINE}`), so there is no sink to send them to. "
            "Correct what sends them, then drop them.",
            err=True,
        )
        raise SystemExit(0 if events else 1)


@dead_letters.command()
@config_option
@sink_option
@all_option
@click.argument("ids", nargs=-1)
def drop(config: Path | None, sink: str | None, everything: bool, ids: Sequence[str]) -> None:
    """Delete these for good."""
    box = _box(config)
    events = box.drop(_chosen(box, ids, sink, everything=everything), sink)
    click.echo(f"{counted(events, 'event')} dropped")


def _box(config: Path | None) -> DeadLetterStore:
    settings = load(config)
    data_dir = settings.server.data_dir
    if settings.relay.spool.kind == "file" or spool_directory(data_dir).is_dir():
        data_dir = spooling_data_dir(config)
    return dead_letter_store(data_dir, settings.relay)


def _chosen(box: DeadLetterStore, ids: Sequence[str], sink: str | None, *, everything: bool) -> set[str] | None:
    """The ids that are meant; None for all, or all of a sink."""
    if bool(ids) == bool(everything or sink):
        raise click.UsageError("name dead letters by id, or use --all or --sink")
    return {view.id for view in _known(box, ids)} if ids else None


def _known(box: DeadLetterStore, ids: Sequence[str]) -> list[DeadLetterSummary]:
    views = list(box.views(ids=set(ids)))
    if missing := sorted(set(ids) - {view.id for view in views}):
        raise click.ClickException(f"no such dead letter: {', '.join(missing)}")
    return views


def _shown(view: DeadLetterSummary) -> dict[str, object]:
    return {**view._asdict(), "buried": _time(view)}


def _line(view: DeadLetterSummary) -> str:
    return escaped(
        f"{view.id}  {_time(view)}  {view.sink}  {counted(view.events, 'event')}  {view.request_id}  {view.reason}"
    )


def _time(view: DeadLetterSummary) -> str:
    return datetime.fromtimestamp(view.buried / 1e6, UTC).isoformat(timespec="seconds")
