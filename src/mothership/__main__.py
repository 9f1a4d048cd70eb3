"""`mothership`: the command line."""

import gc
import importlib
import os
import signal
import sys
from types import ModuleType
from typing import Any

import click
from click.shell_completion import CompletionItem

from mothership import __version__, build_info, core_dumps, extras
from mothership.errors import ConfigurationError
from mothership.terminal_escaping import escaped

INTERRUPTED = 128 + signal.SIGINT
"""Exit status after Ctrl-C, as shells count."""

COMMANDS = {
    "init": "Write a configuration, commented, after a few questions.",
    "serve": "Run the service.",
    "check": "Validate a configuration and show what it means.",
    "doctor": "Examine everything that the service needs, and say what to do.",
    "demo": "Watch events travel over HTTP into a real database.",
    "send": "Ship NDJSON or plain log files to a service.",
    "tail": "Follow events as a service stores them.",
    "top": "Watch how a service does, live in the terminal.",
    "query": "Run SQL on the database with the events.",
    "psql": "Open PostgreSQL's own client on that database.",
    "redact": "Try the redaction on your own data.",
    "dead-letters": "List, show, retry or drop events that could not be delivered.",
    "backup": "Save the embedded database, the spool and the keys in one file.",
    "restore": "Make a data directory of such a file.",
    "migrate": "Copy the embedded database into a server's.",
    "spool": "Inspect the spool without changing anything.",
    "llm": "See what a language model would cost and say.",
    "token": "Create credentials.",
    "tls": "Create certificates to try TLS with.",
    "completion": "Print the script by which a shell completes commands and options.",
    "help": "Show the help of a command.",
}


class Commands(click.Group):
    """Imports a command's module when it is asked for: `mothership redact` need not load a web server."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or None for a name that isn't one."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        try:
            command: click.Command = getattr(_imported(f"mothership.commands.{name}"), name)
        except ModuleNotFoundError as error:
            if (extra := extras.of_module(error.name)) is None:
                raise
            raise click.ClickException(extra.missing) from None
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; a slip is answered with the nearest ones."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """What a shell offers, without importing any."""
        commands = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. After Ctrl-C it ends without a word, with the status that shells expect."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _imported(name: str) -> ModuleType:
    """A module, whose import Ctrl-C ends at once: in the middle of one an exception may surface as anything."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # ignored in a shell's background, or somebody else's
        return _imported_without_collecting(name)
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    try:
        return _imported_without_collecting(name)
    finally:
        signal.signal(signal.SIGINT, before)


def _imported_without_collecting(name: str) -> ModuleType:
    """A module: what an import makes stays, and to look for garbage among it is a tenth of its time."""
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.enable()


def _print_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        click.echo(build_info.description(__version__))
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print version, commit and Python, and exit.",
)
def cli() -> None:
    """Take the events of a fleet of EdgeBot nodes, redact and enrich them, and store them in TimescaleDB and Loki."""
    core_dumps.forbid()  # in every command: each may hold events as they came, keys or tokens


def main(arguments: list[str] | None = None) -> Any:
    """Run a command; a configuration that can't be used ends with exit status 1 and one line a fault."""
    try:
        return cli(arguments, prog_name="mothership")
    except ConfigurationError as error:
        for fault in error.faults:
            click.echo(escaped(f"mothership: {fault}"), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
