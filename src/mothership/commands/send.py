"""`mothership send`: ship files to a Mothership, with retries and a progress bar."""

import asyncio
import contextlib
import socket
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from secrets import token_hex

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mothership.shipping.files import count_lines, read_events
from mothership.shipping.ship import ShipOptions, ShippingError, ShipTarget, Summary, ship
from mothership.terminal import escaped

_LINE_EVERY_SECONDS = 5.0
_REASONS_SHOWN = 10


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--url", default="http://127.0.0.1:8443", show_default=True, help="The Mothership; /ingest is added.")
@click.option("--token", envvar="MOTHERSHIP_TOKEN", help="Bearer token; better given as MOTHERSHIP_TOKEN.")
@click.option("--batch", default=100, show_default=True, type=click.IntRange(1, 100_000), help="Events in a request.")
@click.option("--gzip/--no-gzip", "compress", default=True, show_default=True, help="Compress requests.")
@click.option("--type", "kind", default="log", show_default=True, help="Type of events that don't say theirs.")
@click.option("--source", default=socket.gethostname, show_default="this host's name", help="The envelope's source.")
@click.option("--concurrency", default=4, show_default=True, type=click.IntRange(1, 64), help="Requests in flight.")
@click.option("--client-cert", type=click.Path(exists=True, path_type=Path), help="Certificate for mutual TLS (PEM).")
@click.option("--client-key", type=click.Path(exists=True, path_type=Path), help="Its key, when it isn't in that file.")
@click.option("--ca", type=click.Path(exists=True, path_type=Path), help="Authority that signed the server (PEM).")
@click.option("--timeout-seconds", default=30.0, show_default=True, help="Longest wait for an answer.")
@click.option("--give-up-seconds", default=300.0, show_default=True, help="How long a batch is tried.")
def send(
    *,
    files: tuple[str, ...],
    url: str,
    token: str | None,
    batch: int,
    compress: bool,
    kind: str,
    source: str,
    concurrency: int,
    client_cert: Path | None,
    client_key: Path | None,
    ca: Path | None,
    timeout_seconds: float,
    give_up_seconds: float,
) -> None:
    r"""Ship FILES (NDJSON, JSON, an EdgeBot's payload, or plain log lines; gzipped or not; - is standard input).

    A batch that can't be delivered is sent again until --give-up-seconds have passed, and is stored once however
    often it arrives; equal lines are all stored. Ends with status 1 when a batch is refused or given up.
    """
    target = ShipTarget(url, token, client_cert, client_key, ca, timeout_seconds)
    options = ShipOptions(batch, compress, concurrency, source, give_up_seconds, _origin(files))
    events = chain.from_iterable(read_events(path, kind=kind) for path in files)
    last = Summary()

    def keep(summary: Summary) -> None:
        nonlocal last
        last = summary

    try:
        with shown(files) as show:

            def progress(summary: Summary) -> None:
                keep(summary)
                show(summary)

            last = asyncio.run(ship(events, target, options, progress=progress))
    except (ShippingError, OSError, EOFError, zlib.error) as error:
        click.echo(sentence(last))
        click.echo(escaped(f"error: {error}"), err=True)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        click.echo(f"interrupted: {sentence(last)}")
        raise SystemExit(130) from None
    click.echo(sentence(last))
    for reason, count in last.reasons.most_common(_REASONS_SHOWN):
        click.echo(escaped(f"  rejected {count}: {reason}"))


def _origin(files: tuple[str, ...]) -> bytes:
    """Tells these files from others by name and place on the disk; standard input from everything."""
    parts = []
    for name in files:
        path = Path(name)
        stat = None if name == "-" else path.stat()
        parts.append(f"{path.absolute()} {stat.st_dev} {stat.st_ino}" if stat else token_hex(16))
    return "\n".join(parts).encode(errors="surrogateescape")


@contextlib.contextmanager
def shown(files: tuple[str, ...]) -> Iterator[Callable[[Summary], None]]:
    """Give a function that shows how far along we are: a bar on a terminal, else a line now and then."""
    if sys.stderr.isatty():
        with bar(count_lines(files)) as show:
            yield show
        return
    before = time.monotonic()

    def line(summary: Summary) -> None:
        nonlocal before
        if time.monotonic() - before >= _LINE_EVERY_SECONDS:
            before = time.monotonic()
            click.echo(sentence(summary), err=True)

    yield line


@contextlib.contextmanager
def bar(total: int | None) -> Iterator[Callable[[Summary], None]]:
    """Give a function that moves a progress bar on standard error."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("events · {task.fields[rate]:,.0f}/s"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("shipping", total=total, rate=0.0)

        def show(summary: Summary) -> None:
            rate = summary.sent / summary.seconds if summary.seconds else 0.0
            progress.update(task, completed=summary.sent, rate=rate)

        yield show


def sentence(summary: Summary) -> str:
    """Say in one line what became of the events."""
    return (
        f"sent {summary.sent}, accepted {summary.accepted}, rejected {summary.rejected}, "
        f"duplicates {summary.duplicates}, retries {summary.retries}, {summary.seconds:.1f} s"
    )
