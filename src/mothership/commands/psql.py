"""`mothership psql`: PostgreSQL's own client, on the database where the events are."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import click
import structlog

from mothership import extras
from mothership.commands.options import config_option
from mothership.config import load
from mothership.data_directory import become_owner
from mothership.embedded.postgres import embedded_database, running_dsn
from mothership.embedded.programs import shipped
from mothership.sinks.tsdb.connection_target import ConnectionTarget
from mothership.sinks.tsdb.dsn import parse_dsn
from mothership.sinks.tsdb.pg_service_file import service_entry, variables, without_foreign

PROGRAM = "psql"


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--write", "writes", is_flag=True, help="Let statements change something.")
@config_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS OF PSQL]…")
def psql(*, writes: bool, config: Path | None, arguments: tuple[str, ...]) -> None:
    """Open psql on the configured database, or on the embedded one; ARGUMENTS are psql's own (-c, -f, --csv, …).

    The client comes with the embedded PostgreSQL, else from the PATH. Unless --write is given its transactions are
    read-only by default. No password is on a command line or in a list of processes. A resting embedded database is
    started until psql ends. Ends with psql's exit status, or 2 for what it can't be started with.
    """
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    settings = load(config)
    program = _program()
    if settings.database.is_external:
        _become(program, settings.database.target(), arguments, writes=writes)
    data_dir = settings.server.data_dir
    become_owner(data_dir)
    if dsn := asyncio.run(running_dsn(data_dir)):
        _become(program, parse_dsn(dsn), arguments, writes=writes)
    raise SystemExit(asyncio.run(_beside(program, data_dir, arguments, writes=writes)))


def _program() -> str:
    if extras.EMBEDDED.is_installed:
        return str(shipped() / "bin" / PROGRAM)
    found = shutil.which(PROGRAM)
    if found is None:
        raise click.ClickException(f"there is no psql: {extras.EMBEDDED.missing}, or your system's PostgreSQL client")
    return found


def _prepared(target: ConnectionTarget, *, writes: bool) -> tuple[dict[str, str], int]:
    """The environment of the client, and a descriptor that it needs."""
    try:
        told, descriptor = variables(service_entry(target, writes=writes))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    environ = {"PSQL_HISTORY": os.devnull} if not os.access(Path.home(), os.W_OK) else {}
    return {**environ, **without_foreign(os.environ), **told}, descriptor


def _become(program: str, target: ConnectionTarget, arguments: tuple[str, ...], *, writes: bool) -> None:
    environ, _ = _prepared(target, writes=writes)
    os.execve(program, [PROGRAM, *arguments], environ)  # noqa: S606 - the whole point


async def _beside(program: str, data_dir: Path, arguments: tuple[str, ...], *, writes: bool) -> int:
    """Run it while the embedded database is up for it. Ctrl-C is the client's."""
    async with embedded_database(data_dir) as dsn:
        environ, descriptor = _prepared(parse_dsn(dsn), writes=writes)
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: None)
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - our own program, and nothing else runs here
            [PROGRAM, *arguments], executable=program, env=environ, pass_fds=[descriptor]
        )
        status = await asyncio.to_thread(process.wait)
    return status if status >= 0 else 128 - status
