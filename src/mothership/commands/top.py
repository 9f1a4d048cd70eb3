"""`mothership top`: the overview of a service, live in the terminal."""

import asyncio
import contextlib
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from typing import Any, Self

import click
import orjson
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from mothership.commands.service_options import service_options
from mothership.commands.top_client import OverviewClient
from mothership.commands.top_view import trouble, view
from mothership.errors import OverviewError
from mothership.shipping.target import ShipTarget
from mothership.terminal_escaping import escaped, escaped_line

NO_ANSWER, USAGE, PIPE_CLOSED, TERMINATED = 1, 2, 141, 128 + signal.SIGTERM
PLAIN_COLUMNS = 160
NO_OVERVIEW = "the service answered something that is no overview"
FOREIGN = (KeyError, TypeError, ValueError, AttributeError, IndexError)


@click.command()
@click.option("--once", is_flag=True, help="Print the overview once, and end.")
@click.option("--json", "as_json", is_flag=True, help="Print the overview as a line of JSON, each time.")
@click.option(
    "--interval", default=2.0, show_default=True, type=click.FloatRange(0.5, 3600), help="Seconds between two looks."
)
@service_options
def top(*, target: ShipTarget, once: bool, as_json: bool, interval: float) -> None:
    """Watch how a service does: what needs you, what comes in, each sink, what was redacted, rejected and refused.

    The token needs the scope `read`. In a terminal the view is live until `q` or Ctrl-C; elsewhere it is printed as
    text, again and again. Ends with 1 when there is no answer with --once, 2 for wrong usage or credentials, 130 after
    Ctrl-C.
    """
    try:
        status = asyncio.run(_run(target, once=once, as_json=as_json, interval=interval))
    except OverviewError as error:
        click.echo(escaped(f"error: {error}"), err=True)
        raise SystemExit(USAGE if error.is_final else NO_ANSWER) from None
    except BrokenPipeError:  # whoever read this has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(PIPE_CLOSED) from None
    raise SystemExit(status)


async def _run(target: ShipTarget, *, once: bool, as_json: bool, interval: float) -> int:
    async with OverviewClient(target) as client:
        console = Console(highlight=False, markup=False, emoji=False)
        if console.is_terminal and not console.is_dumb_terminal and not (once or as_json):
            return await _Screen(client, console, interval).run()
        if not console.is_terminal:
            console = Console(highlight=False, markup=False, emoji=False, width=PLAIN_COLUMNS, no_color=True)
        await _print(client, console, once=once, as_json=as_json, interval=interval)
    return 0


async def _print(client: OverviewClient, console: Console, *, once: bool, as_json: bool, interval: float) -> None:
    told = ""
    while True:
        try:
            content = await client.ask()
            if as_json:
                click.echo(escaped_line(orjson.dumps(content)))
            else:
                console.print(_shown(client, content))
                console.print(Text(""))
            told = ""
        except OverviewError as error:
            if once or error.is_final:
                raise
            if str(error) != told:
                told = str(error)
                click.echo(escaped(f"-- {told}; asking again"), err=True)
        if once:
            return
        await asyncio.sleep(interval)


def _shown(client: OverviewClient, content: object) -> RenderableType:
    try:
        return view(content, client.history, client.shown_url)  # type: ignore[arg-type]  # whatever came
    except FOREIGN:
        raise OverviewError(NO_OVERVIEW, is_final=True) from None


class _Screen:
    """The view that stands in the terminal, which is given back as it was, however it ends."""

    def __init__(self, client: OverviewClient, console: Console, interval: float) -> None:
        self._client = client
        self._interval = interval
        self._live = Live(console=console, screen=True, auto_refresh=False)
        self._last: RenderableType = Text(f"Asking {escaped(client.shown_url)} …")
        self._keys = _Keys(self._on_key)
        self._done = asyncio.Event()
        self._status = 0

    async def run(self) -> int:
        """Until somebody has seen enough; the exit status."""
        loop = asyncio.get_running_loop()
        with self._live, self._keys:
            loop.add_signal_handler(signal.SIGWINCH, self._live.refresh)
            loop.add_signal_handler(signal.SIGTERM, self._end, TERMINATED)
            loop.add_signal_handler(signal.SIGTSTP, self._stand_aside)
            self._show(self._last)
            while not self._done.is_set():
                await self._look()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._done.wait(), self._interval)
        return self._status

    async def _look(self) -> None:
        try:
            self._last = _shown(self._client, await self._client.ask())
            self._show(self._last)
        except OverviewError as error:
            if error.is_final:
                raise
            self._show(Group(trouble(str(error)), self._last))

    def _show(self, what: RenderableType) -> None:
        hint = Text(f"every {self._interval:g} s · q: quit", style="dim")
        self._live.update(Group(what, Text(""), hint), refresh=True)

    def _end(self, status: int) -> None:
        self._status = status
        self._done.set()

    def _on_key(self, keys: bytes) -> None:
        if not keys or keys[:1] in b"qQ":
            self._end(0)

    def _stand_aside(self) -> None:
        """Ctrl-Z: the shell gets its terminal back, until it gives it again."""
        self._live.stop()
        with self._keys.as_before():
            os.kill(os.getpid(), signal.SIGSTOP)
        self._live.start(refresh=True)


class _Keys:
    """Gives each key as it is pressed, where standard input is a terminal; Ctrl-C and Ctrl-Z stay signals."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._descriptor = sys.stdin.fileno() if sys.stdin.isatty() else None
        self._before: Any = None

    def __enter__(self) -> Self:
        if self._descriptor is not None:
            self._before = termios.tcgetattr(self._descriptor)
            tty.setcbreak(self._descriptor)
            asyncio.get_running_loop().add_reader(self._descriptor, self._read, self._descriptor)
        return self

    def __exit__(self, *error: object) -> None:
        if self._descriptor is not None:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)

    @contextlib.contextmanager
    def as_before(self) -> Iterator[None]:
        """The terminal as it was, for the block."""
        if self._descriptor is None:
            yield
            return
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)
        try:
            yield
        finally:
            tty.setcbreak(self._descriptor)

    def _read(self, descriptor: int) -> None:
        self._take(os.read(descriptor, 64))
