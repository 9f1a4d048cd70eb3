"""`mothership tail`: follow what a service stores, as it stores it."""

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any

import click
import orjson

from mothership.commands.service_options import service_options
from mothership.errors import BadQuery, TailError
from mothership.live_tail.client import TailClient
from mothership.search.parameters import AT_LEAST, iso_time, parse_query
from mothership.search.query import FIELDS, MESSAGE, SEVERITIES
from mothership.shipping.target import ShipTarget
from mothership.terminal_escaping import escaped, escaped_line

USAGE = 2
TEXT_CHARACTERS = 4000
SEVERITY_COLOURS = ("red", "red", "red", "red", "yellow", "cyan", None, "bright_black")
STANDS_OUT = ("red", "yellow")


def _without(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs = []
    for value in values:
        name, equals, wanted = value.partition("=")
        if not equals or name not in FIELDS:
            raise click.BadParameter(f"must look like type=debug, with one of {', '.join(FIELDS)}")
        pairs.append((f"-{name}", wanted))
    return pairs


@click.command()
@click.option("--type", "type_", multiple=True, help="Only events of this type; may be repeated, as the next ones.")
@click.option("--source", multiple=True, help="Only of this source.")
@click.option("--service", multiple=True, help="Only of this service.")
@click.option("--site", multiple=True, help="Only of this site.")
@click.option("--severity", multiple=True, type=click.Choice(SEVERITIES), help="Only of this severity.")
@click.option("--at-least", type=click.Choice(SEVERITIES), help="Only of this severity or worse.")
@click.option("--text", "-q", "text", help="Words of the message: 'timeout \"no route\" -debug'.")
@click.option("--has", multiple=True, metavar="JSON", help="Only events whose data contain this object.")
@click.option(
    "--without", multiple=True, callback=_without, metavar="FIELD=VALUE", help="No events with this value of a field."
)
@click.option("--json", "as_json", is_flag=True, help="Print each event as a line of JSON.")
@service_options
def tail(
    *,
    target: ShipTarget,
    type_: tuple[str, ...],
    source: tuple[str, ...],
    service: tuple[str, ...],
    site: tuple[str, ...],
    severity: tuple[str, ...],
    at_least: str | None,
    text: str | None,
    has: tuple[str, ...],
    without: list[tuple[str, str]],
    as_json: bool,
) -> None:
    """Follow events as a service stores them, until Ctrl-C.

    The token needs the scope `read`. Events are shown as redaction left them, one a line, whatever their own time; a
    flood is shown in part. A lost connection is made again, and what was missed is said on standard error. Ends with 2
    for wrong usage or credentials, 130 after Ctrl-C.
    """
    values = {"type": type_, "source": source, "service": service, "site": site, "severity": severity, "has": has}
    question = [(name, value) for name, given in values.items() for value in given] + without
    question += [(AT_LEAST, at_least)] if at_least else []
    question += [("q", text)] if text else []
    try:
        parse_query(question, now=0.0)
        client = TailClient(target, question, show=_shower(as_json=as_json), say=_say)
        asyncio.run(client.run())
    except (TailError, BadQuery) as error:
        click.echo(escaped(f"error: {error}"), err=True)
        raise SystemExit(USAGE) from None


def _say(text: str) -> None:
    click.echo(escaped(f"-- {text}"), err=True)


def _shower(*, as_json: bool) -> Callable[[Any], None]:
    is_coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def show(event: Any) -> None:
        text = escaped_line(orjson.dumps(event)) if as_json else line(event, is_coloured=is_coloured)
        try:
            click.echo(text, color=is_coloured)
        except BrokenPipeError:  # whoever read this has enough; it is no fault of the connection
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(1) from None

    return show


def line(event: Any, *, is_coloured: bool) -> str:
    """One event for people. Whatever a machine wrote is escaped; only our own colours command the terminal."""
    data = event["data"]
    fields = data if isinstance(data, dict) else {}
    message = fields.get(MESSAGE)
    text = message if isinstance(message, str) else orjson.dumps(data).decode()
    number = fields.get("severity_num")
    severity, colour = "-", None
    if type(number) is int and number in range(len(SEVERITIES)):
        severity, colour = SEVERITIES[number], SEVERITY_COLOURS[number]
    cut = " … (cut)" if event.get("is_cut") or len(text) > TEXT_CHARACTERS else ""
    when = iso_time(event["ts"]).replace("T", " ")[:23]
    parts = (
        (when, "bright_black"),
        (f"{severity:<9}", colour),
        (escaped(f"{event['type']}  {event['source']} "), "cyan"),
        (escaped(text[:TEXT_CHARACTERS]) + cut, colour if colour in STANDS_OUT else None),
    )
    return " ".join(click.style(part, fg=shade) if is_coloured and shade else part for part, shade in parts)
