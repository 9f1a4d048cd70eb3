"""`mothership demo`: a sample goes over HTTP into a real database, and the reader sees it there."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import asyncpg
import click
import httpx2 as httpx
import orjson
from rich.console import Console
from rich.json import JSON
from rich.table import Table

from mothership.commands.demo_trickle import trickle
from mothership.commands.send import bar
from mothership.data_directory import check_private, reason_not_to_write
from mothership.embedded.postgres import dsn_of
from mothership.errors import ConfigurationError
from mothership.event import Event
from mothership.extras import EMBEDDED
from mothership.sample.fleet import SampleFleet, sample
from mothership.shipping.delivery import ShipOptions
from mothership.shipping.ship import ship
from mothership.shipping.target import ShipTarget
from mothership.workers import bind

PORT = 8443
PORTS_TRIED = 4
"""Others, where that one is somebody else's, or is taken before the service has it."""
ROOTS_DIR = Path("/var/lib/mothership-demo")
"""Where the demo of root keeps all, in a clone that belongs to another user."""
CONFIGURATION = b"pipeline:\n  templates:\n    enabled: true\n"
"""Of the service, so that every page of its console has something to show."""
START_SECONDS = 90.0
STARTED = '"service_started"'
"""In the log of a service that listens."""
BATCH_EVENTS = 100


class DemoResult(NamedTuple):
    """What the database says about the sample."""

    arrived: int
    counts: list[tuple[str, int]]
    shown: list[tuple[Event, dict[str, Any]]]
    """Some events as they were sent and as they rest."""
    leaks: int
    """Planted secrets that can be read in the database."""


@click.command()
@click.option("--events", type=click.IntRange(1, 1_000_000), default=5_000, show_default=True, help="Events to send.")
@click.option("--once", is_flag=True, help="Exit when done; status 0 only if every event arrived.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=Path(".demo"),
    show_default=True,
    help="Directory for all its data.",
)
def demo(events: int, once: bool, data_dir: Path) -> None:
    """Start the service on an embedded database, send it sample events, and show what became of them.

    The service stays up until Ctrl-C, for you to explore with a browser (its console is at the address that it prints),
    curl or SQL. A few events a second trickle in, and one was rejected, to be repaired. The sample contains planted
    personal data of many kinds; the report says whether any of it can be read in the database.
    """
    if not EMBEDDED.is_installed:
        raise click.ClickException(f"the demo needs the embedded PostgreSQL: {EMBEDDED.missing}")
    # A terminal that closes, or a supervisor, must not leave the service behind: it is a process of its own.
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    console = Console(highlight=False)
    console.print("[bold]Mothership[/bold]: a batch comes in over HTTP and is redacted, enriched and committed.\n")
    data_dir = _own(data_dir)
    with _service(data_dir, console) as url:
        story = sample(events, seed=int(time.time()), now=time.time())
        arrival = asyncio.run(_send_and_look(url, story, data_dir))
        _tell(console, url, story, arrival)
        well = arrival.arrived == len(story.events) and not arrival.leaks
        if once:
            console.print(f"\nLog: {data_dir / 'service.log'}", soft_wrap=True)
            sys.exit(0 if well else 1)
        _tell_pages(console, url, data_dir)
        console.print("\nIt stays up, and a few events trickle in. [bold]Ctrl-C[/bold] stops it.")
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(trickle(url))
        console.print("\nStopping in good order …")


def _own(data_dir: Path) -> Path:
    """The directory, or root's own where that one lies in somebody else's clone, who could plant links there."""
    if os.geteuid() == 0:
        there = next(path for path in (data_dir.absolute(), *data_dir.absolute().parents) if path.exists())
        try:
            check_private(there.resolve())
        except ConfigurationError:
            return ROOTS_DIR
    return data_dir


@contextlib.contextmanager
def _service(data_dir: Path, console: Console) -> Iterator[str]:
    """The service as its own process, as an operator would start it; its URL."""
    data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    if reason := reason_not_to_write(data_dir, sticky_is_enough=False):
        raise click.ClickException(f"{data_dir} can't be used: {reason}: choose another directory with --data-dir")
    with console.status("Starting the service on an embedded PostgreSQL …"):
        process, port = _started(data_dir)
    try:
        url = f"http://127.0.0.1:{port}"
        console.print(f"Started on an embedded PostgreSQL: {url}")
        if port != PORT:
            console.print(f"(Port {PORT} is taken, so it is another one.)")
        yield url
    finally:
        _end(process)


def _started(data_dir: Path) -> "tuple[subprocess.Popen[bytes], int]":
    """Start the service and wait until it is ready; on another port where somebody takes its own before it does."""
    log, config = data_dir / "service.log", data_dir / "demo.yaml"
    with _new_file(config) as out:
        out.write(CONFIGURATION)
    for wanted in (PORT, *[0] * PORTS_TRIED):
        if (port := _free_port(wanted)) is None:
            continue
        with _new_file(log) as out:
            process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-m", "mothership", "serve", "--config", str(config.absolute())],
                stdout=out,
                stderr=out,
                env={
                    "PATH": os.environ.get("PATH", os.defpath),
                    "HOME": os.environ.get("HOME", "/"),
                    "MOTHERSHIP_DATA_DIR": str(data_dir / "data"),
                    "MOTHERSHIP_PORT": str(port),
                },
                start_new_session=True,  # Ctrl-C ends the demo, and the demo ends it
            )
        try:
            _wait_until_ready(process, f"http://127.0.0.1:{port}", log)
        except BaseException as error:
            _end(process)
            if not isinstance(error, click.ClickException) or _free_port(port):
                raise
        else:
            return process, port
    raise click.ClickException("no TCP port is free on 127.0.0.1")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(30)
    process.kill()


def _new_file(path: Path) -> BinaryIO:
    """Open a file that was not there: nothing that somebody planted is written through."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb")


def _free_port(wanted: int) -> int | None:
    """Return the port, for 0 any, unless somebody has it."""
    with contextlib.suppress(OSError), bind("127.0.0.1", wanted) as probe:
        return int(probe.getsockname()[1])
    return None


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            # Its own word first: another service may have taken the port meanwhile, and answers there.
            if STARTED in log.read_text(errors="replace") and httpx.get(f"{url}/readyz", timeout=2.0).is_success:
                return
        time.sleep(0.1)
    last = (log.read_text(errors="replace").strip().splitlines() or ["(no log)"])[-1]
    raise click.ClickException(f"the service did not start: {last}\nThe whole log: {log}")


async def _send_and_look(url: str, story: SampleFleet, data_dir: Path) -> DemoResult:
    connection = await asyncpg.connect(dsn_of((data_dir / "data").absolute()))
    try:
        before = await _newest(connection)
        with bar(len(story.events)) as progress:
            await ship(story.events, ShipTarget(url), ShipOptions(batch=BATCH_EVENTS), progress=progress)
        await _until_delivered(url)
        return await _look(connection, before, story)
    finally:
        await connection.close()


async def _newest(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    """The newest event's id. A service is ready before it has made the table: what comes then waits in the spool."""
    if not await connection.fetchval("SELECT to_regclass('events')"):
        return 0
    return int(await connection.fetchval("SELECT coalesce(max(id), 0) FROM events"))


async def _until_delivered(url: str) -> None:
    """What an answer called `queued` is on its way: wait for it."""
    async with httpx.AsyncClient() as client:
        for _ in range(300):
            health = (await client.get(f"{url}/healthz")).json()
            if not health["sinks"]["tsdb"]["queued_events"]:
                return
            await asyncio.sleep(0.1)


def _telling(story: SampleFleet) -> list[Event]:
    """The event of the sample with most planted in its text."""
    count = Counter(each.event for each in story.planted)
    told = [at for at, _ in count.most_common() if {"message", "timestamp"} <= story.events[at].keys()]
    return [story.events[at] for at in told[:1]]


async def _look(connection: "asyncpg.Connection[asyncpg.Record]", before: int, story: SampleFleet) -> DemoResult:
    counts = await connection.fetch(
        "SELECT type, count(*) AS n FROM events WHERE id > $1 GROUP BY type ORDER BY n DESC, type", before
    )
    shown = []
    for sent in _telling(story):
        row = await connection.fetchval(
            "SELECT data FROM events WHERE id > $1 AND type = $2 AND ts = $3 LIMIT 1",
            *(before, sent["type"], datetime.fromisoformat(sent["timestamp"])),
        )
        shown.append((sent, orjson.loads(row or "{}")))
    texts = await connection.fetch("SELECT data::text AS text FROM events WHERE id > $1", before)
    everything = "\n".join(row["text"] for row in texts)
    leaks = sum(1 for each in story.planted if each.value in everything)
    return DemoResult(sum(row["n"] for row in counts), [(row["type"], row["n"]) for row in counts], shown, leaks)


def _stats(url: str) -> dict[str, Any]:
    stats: dict[str, Any] = httpx.get(f"{url}/stats").json()
    return stats


def _tell(console: Console, url: str, story: SampleFleet, arrival: DemoResult) -> None:
    for sent, rests in arrival.shown:
        console.print("\n[bold]An event as the node sent it[/bold]")
        console.print(JSON(orjson.dumps(sent).decode()))
        console.print("[bold]and as it is stored in the database[/bold]")
        console.print(JSON(orjson.dumps(rests).decode()))
    table = Table("rule", "places", title="What redaction removed", title_justify="left")
    for rule, places in sorted(_stats(url)["pipeline"]["redactions"].items(), key=lambda item: -item[1]):
        table.add_row(rule, str(places))
    console.print(table)
    table = Table("type", "events", title="SELECT type, count(*) FROM events GROUP BY type", title_justify="left")
    for kind, count in arrival.counts:
        table.add_row(kind, str(count))
    console.print(table)
    arrived = f"{arrival.arrived} of {len(story.events)} events arrived"
    console.print(
        f"[bold green]✓[/bold green] {arrived}" if arrival.arrived == len(story.events) else f"[red]✗ {arrived}"
    )
    found = f"{arrival.leaks} of {len(story.planted)} planted secrets can be read in the database"
    console.print(f"[red]✗ {found}" if arrival.leaks else f"[bold green]✓[/bold green] {found}")


def _tell_pages(console: Console, url: str, data_dir: Path) -> None:
    """Where to look, as long as it stays up."""
    pages = "  ".join(f"{url}{path}" for path in ("/docs", "/healthz", "/stats", "/metrics"))
    console.print(f"\nConsole: [bold]{url}/[/bold] in a browser", soft_wrap=True)
    console.print(f"Pages: {pages}\nLog:   {data_dir / 'service.log'}", soft_wrap=True)
    dsn = dsn_of(data_dir / "data").partition("&")[0]  # what psql needs to know; the rest is for programs
    console.print(f"SQL:   psql '{dsn}'", soft_wrap=True)
