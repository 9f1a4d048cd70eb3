"""`mothership send`: ship files, or standard input, to a Mothership; once, or as they grow."""

import asyncio
import contextlib
import hashlib
import math
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_bytes

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mothership.errors import ShippingError
from mothership.plurals import counted
from mothership.shipping.batches import OutgoingBatch
from mothership.shipping.delivery import ShipOptions
from mothership.shipping.events import EventOptions
from mothership.shipping.file_reader import ReadOptions
from mothership.shipping.follow import FileFollower, matches
from mothership.shipping.read_once import InputReport, is_whole, read_file, read_stream
from mothership.shipping.ship import ship_batches
from mothership.shipping.state import State, opened
from mothership.shipping.summary import Summary
from mothership.shipping.target import ShipTarget, endpoint
from mothership.terminal_escaping import escaped, escaped_line

_LINE_EVERY_SECONDS = 5.0
_LINE_OF_A_SERVICE_EVERY_SECONDS = 300.0
_REASONS_SHOWN = 10
REJECTED, USAGE, NOT_DELIVERED, INTERRUPTED, PIPE_CLOSED = 1, 2, 3, 130, 141
"""Exit statuses beside 0: everything is kept."""
FOREVER_SECONDS = 1e12


def _tags(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    tags = {}
    for value in values:
        name, equals, said = value.partition("=")
        if not equals or not name:
            raise click.BadParameter("must look like site=nyc")
        tags[name] = said
    return tags


def _token(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Without the line ending that a file of variables may have left on it."""
    token = (value or "").strip()
    if not (token.isascii() and token.isprintable()):
        raise click.BadParameter("holds a character that no token has")
    return token or None


def _seconds(_context: click.Context, _parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not (math.isfinite(value) and value >= 0):
        raise click.BadParameter("must be a number of seconds")
    return value


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--url", default="http://127.0.0.1:8443", show_default=True, help="URL of the Mothership; /ingest is appended."
)
@click.option(
    "--token",
    envvar="MOTHERSHIP_TOKEN",
    callback=_token,
    help="Bearer token; prefer the variable MOTHERSHIP_TOKEN.",
)
@click.option("--follow", "-f", is_flag=True, help="Follow files as they grow, through rotation, until stopped.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that remembers what was shipped of each file.",
)
@click.option("--parse/--no-parse", default=True, show_default=True, help="Have the service read time, host, severity.")
@click.option("--multiline/--no-multiline", default=True, show_default=True, help="Keep stack traces in one event.")
@click.option("--service", help="Service of events that name none.")
@click.option("--host", help="Host name of events that name none.")
@click.option(
    "--tag", "tags", multiple=True, callback=_tags, metavar="K=V", help="Tag for each event; may be repeated."
)
@click.option("--type", "kind", default="log", show_default=True, help="Type of events that have none.")
@click.option("--source", default=socket.gethostname, show_default="this host's name", help="The envelope's source.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent, one event per line, and send nothing.")
@click.option("--again", is_flag=True, help="Ship everything again, as new events.")
@click.option("--batch", default=500, show_default=True, type=click.IntRange(1, 10_000), help="Events per request.")
@click.option("--gzip/--no-gzip", "compress", default=True, show_default=True, help="Compress requests.")
@click.option("--concurrency", default=4, show_default=True, type=click.IntRange(1, 64), help="Requests in flight.")
@click.option("--client-cert", type=click.Path(exists=True, path_type=Path), help="Certificate for mutual TLS (PEM).")
@click.option(
    "--client-key", type=click.Path(exists=True, path_type=Path), help="Its private key, if not in the same file."
)
@click.option(
    "--ca", type=click.Path(exists=True, path_type=Path), help="CA that signed the server's certificate (PEM)."
)
@click.option(
    "--timeout-seconds",
    default=30.0,
    show_default=True,
    type=click.FloatRange(min=0.0, min_open=True),
    callback=_seconds,
    help="Maximum time to wait for an answer.",
)
@click.option(
    "--give-up-seconds",
    type=float,
    callback=_seconds,
    show_default="300; with --follow never",
    help="How long to retry a batch.",
)
def send(
    *,
    files: tuple[str, ...],
    url: str,
    token: str | None,
    follow: bool,
    state: Path | None,
    parse: bool,
    multiline: bool,
    service: str | None,
    host: str | None,
    tags: dict[str, str],
    kind: str,
    source: str,
    dry_run: bool,
    again: bool,
    batch: int,
    compress: bool,
    concurrency: int,
    client_cert: Path | None,
    client_key: Path | None,
    ca: Path | None,
    timeout_seconds: float,
    give_up_seconds: float | None,
) -> None:
    r"""Ship FILES: log lines, NDJSON, JSON, an EdgeBot's payload, packed or not; patterns like '/var/log/*.log', too.

    Standard input is `-`, shipped as it comes. A batch that can't be delivered is sent again until --give-up-seconds
    have passed, and is stored once however often it arrives: the same file again adds nothing for a week. Ends with 0
    when all is kept, 1 when events were rejected or are dead letters, 2 for wrong usage, 3 when something could not be
    delivered or read.
    """
    target = ShipTarget(
        url,
        token=token,
        client_cert=client_cert,
        client_key=client_key,
        ca=ca,
        timeout_seconds=timeout_seconds,
        parse=parse,
    )
    patience = give_up_seconds if give_up_seconds is not None else FOREVER_SECONDS if follow else 300.0
    options = ShipOptions(
        batch=batch, compress=compress, concurrency=concurrency, source=source, give_up_seconds=patience
    )
    reading = ReadOptions(EventOptions(kind, service=service, host=host, tags=tags), batch=batch, multiline=multiline)
    report = InputReport(lambda text: click.echo(escaped(text), err=True))
    named = _named(files, follow=follow)
    stop = threading.Event()
    if follow and state is None and not dry_run:
        state = _default_state(url)
    try:
        endpoint(url)
        with opened(state) as known:
            remembered = State(None, known.records) if dry_run else known
            if follow:
                batches = FileFollower(named, remembered, reading, report, stop=stop).batches()
            else:
                run = token_bytes(16) if again else b""
                batches = _once(named, remembered if state else None, reading, report, stop, run)
            if dry_run:
                _print(batches, stop)
                status = NOT_DELIVERED if report.unreadable else 0
            else:
                status = _ship(batches, target, options, remembered, report, stop, ends=not follow and "-" not in named)
    except ShippingError as error:
        click.echo(escaped(f"error: {error}"), err=True)
        status = USAGE
    if status:
        raise SystemExit(status)


def _named(files: tuple[str, ...], *, follow: bool) -> list[str]:
    """What is to be read. Raises a usage error for what is not there."""
    if "-" in files and sys.stdin is None:
        raise click.UsageError("standard input is closed")
    if follow:
        if "-" in files:
            raise click.UsageError("standard input is followed in any case: leave --follow out")
        return list(files)
    found: list[str] = []
    for name in files:
        named = [name] if name == "-" else matches(name)
        if not named:
            raise click.UsageError(f"there is no file {name}")
        if any(os.path.isdir(each) for each in named):  # noqa: PTH112 - False for what may not be looked at
            raise click.UsageError(f"{name} is a directory: name its files, such as '{name.rstrip('/')}/*.log'")
        found += named
    return list(dict.fromkeys(found))


def _default_state(url: str) -> Path:
    """One file for each service, where programs keep what they remember."""
    root = Path("/var/lib") if os.geteuid() == 0 else Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state")
    name = hashlib.blake2b(url.encode(), digest_size=6).hexdigest()
    # Not the service's own directory, which may belong to its user: root would write where that one can plant links.
    return root.expanduser() / "mothership-send" / f"{name}.json"


def _once(
    named: list[str], state: State | None, reading: ReadOptions, report: InputReport, stop: threading.Event, run: bytes
) -> Iterator[OutgoingBatch]:
    """Every file to its end. With a state, from where it was."""
    followed: list[str] = []
    for name in named:
        try:
            if name == "-":
                yield from read_stream(sys.stdin.buffer, reading, report, stopping=stop.is_set)
            elif state is not None and Path(name).is_file() and not is_whole(name):
                followed.append(name)
            else:
                yield from read_file(name, reading, report, run=run)
        except OSError as error:
            report.problem(f"{name} can't be read: {error.strerror or type(error).__name__}")
    if state is not None and followed:
        yield from FileFollower(followed, state, reading, report, stop=stop, until_end=True).batches()


def _print(batches: Iterator[OutgoingBatch], stop: threading.Event) -> None:
    events = requests = 0
    try:
        for batch in batches:
            for event in batch.events:
                click.echo(escaped_line(event))
            events, requests = events + len(batch.events), requests + 1
    except KeyboardInterrupt:
        stop.set()
    except BrokenPipeError:
        raise SystemExit(_closed_output()) from None
    except OSError as error:
        raise SystemExit(_closed_output(error)) from None
    click.echo(f"would send {counted(events, 'event')} in {counted(requests, 'request')}", err=True)


def _closed_output(error: OSError | None = None) -> int:
    """Say why what was printed did not arrive; whoever closed the pipe knows. Returns the exit status."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is buffered goes somewhere, or Python complains at its end
    if error is None:
        return PIPE_CLOSED
    click.echo(f"error: standard output can't be written: {error.strerror}", err=True)
    return NOT_DELIVERED


def _ship(
    batches: Iterator[OutgoingBatch],
    target: ShipTarget,
    options: ShipOptions,
    state: State,
    report: InputReport,
    stop: threading.Event,
    *,
    ends: bool,
) -> int:
    """Ship, say what became of it, and return the exit status."""
    last = Summary()
    fault: Exception | None = None
    try:
        with shown(_LINE_EVERY_SECONDS if ends else _LINE_OF_A_SERVICE_EVERY_SECONDS) as show:

            def progress(summary: Summary) -> None:
                nonlocal last
                last = summary
                show(summary)

            async def run() -> Summary:
                if not ends:
                    _stop_on_signals(stop)
                return await ship_batches(
                    batches,
                    target,
                    options,
                    progress=progress,
                    delivered=state.done,
                    say=report.say,
                    stopping=stop.is_set,
                )

            last = asyncio.run(run())
    except (ShippingError, OSError) as error:
        fault = error
    except KeyboardInterrupt:
        click.echo(f"interrupted: {sentence(last)}")
        return INTERRUPTED
    _tell(last, report, fault, state)
    if fault or report.unreadable:
        return NOT_DELIVERED
    return REJECTED if last.rejected or last.dead else 0


def _tell(last: Summary, report: InputReport, fault: Exception | None, state: State) -> None:
    """Say what became of it all."""
    try:
        click.echo(sentence(last))
        for reason, count in last.reasons.most_common(_REASONS_SHOWN):
            click.echo(escaped(f"  rejected {count}: {reason}"))
    except OSError as error:  # the events are where they are: the exit status is theirs
        _closed_output(error)
    if report.cut_lines:
        click.echo(f"  {counted(report.cut_lines, 'line')} over 4 MiB: what is beyond that was left out", err=True)
    if fault:
        click.echo(escaped(f"error: {fault}"), err=True)
        if state.is_kept:
            click.echo("what was not delivered is sent at the next start", err=True)


def _stop_on_signals(stop: threading.Event) -> None:
    """The first signal asks for an orderly end, the second ends."""
    loop = asyncio.get_running_loop()

    def ask() -> None:
        stop.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask)


@contextlib.contextmanager
def shown(every_seconds: float) -> Iterator[Callable[[Summary], None]]:
    """Give a function that shows how far along we are: a bar on a terminal, else a line now and then."""
    if sys.stderr.isatty():
        with bar(None) as show:
            yield show
        return
    before = time.monotonic()

    def line(summary: Summary) -> None:
        nonlocal before
        if time.monotonic() - before >= every_seconds:
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
    sinks = "".join(
        f"; {name}: {counts.written} written, {counts.queued} queued, {counts.dead} dead"
        for name, counts in sorted(summary.sinks.items())
    )
    return (
        f"sent {summary.sent}, accepted {summary.accepted}, rejected {summary.rejected}, dead {summary.dead}, "
        f"duplicates {summary.duplicates}, retries {summary.retries}, {summary.seconds:.1f} s{escaped(sinks)}"
    )
