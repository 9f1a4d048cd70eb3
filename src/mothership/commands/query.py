"""`mothership query`: SQL against the database where the events are, read-only unless more is meant."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import click
import structlog

from mothership.commands import query_output
from mothership.commands.options import config_option
from mothership.config import load
from mothership.config.settings import Settings
from mothership.data_directory import become_owner
from mothership.embedded.postgres import embedded_database
from mothership.errors import SinkError, StatementFailed
from mothership.plurals import counted
from mothership.sinks.tsdb.ad_hoc_query import SqlStatement, notices
from mothership.sinks.tsdb.connection_pool import Connection, Connector
from mothership.sinks.tsdb.dsn import parse_dsn
from mothership.terminal_escaping import escaped

FAILED, USAGE, PIPE_CLOSED = 1, 2, 141
ROWS, SECONDS, CLOSE_SECONDS = 1000, 30.0, 2.0
LINE_CHARACTERS = 100
SQL_BYTES_MAX = 16 * 1024 * 1024
NO_REMOTE = (
    "a service answers no SQL over HTTP: its database holds keys beside the events. Run this where the database can be "
    "reached (--config, or MOTHERSHIP_DB_DSN), or search the service's events at /console/events.json"
)


@click.command()
@click.argument("sql", default="-")
@click.option(
    "--format",
    "form",
    type=click.Choice(query_output.FORMATS),
    default="table",
    show_default=True,
    help="How rows are printed.",
)
@click.option("--rows", default=ROWS, show_default=True, type=click.IntRange(1), help="Maximum number of rows.")
@click.option("--all", "every", is_flag=True, help="Print every row; for csv, ndjson and json.")
@click.option(
    "--timeout-seconds",
    type=click.FloatRange(min=0.001),
    show_default="30; with --write none",
    help="Longest the statement may take.",
)
@click.option("--write", "writes", is_flag=True, help="Let the statement change something.")
@config_option
@click.option("--url", hidden=True)
@click.option("--token", envvar="MOTHERSHIP_TOKEN", hidden=True)
def query(
    *,
    sql: str,
    form: str,
    rows: int,
    every: bool,
    timeout_seconds: float | None,
    writes: bool,
    config: Path | None,
    url: str | None,
    token: str | None,
) -> None:
    """Run one SQL statement in the configured database, or in the embedded one, and print its rows.

    SQL may come on standard input (`-`). Unless --write is given it runs in a read-only transaction. The service may
    run or rest: a resting embedded database is started for the moment. Nothing in the rows can command the terminal.
    Ends with 1 when the statement fails, 2 for wrong usage or a database that can't be reached, 130 after Ctrl-C.
    """
    del token
    if url is not None:
        raise click.UsageError(NO_REMOTE)
    if every and form == "table":
        raise click.UsageError("--all needs --format csv, ndjson or json: a table is made when all of it is there")
    text = _read() if sql == "-" else sql
    seconds = timeout_seconds if timeout_seconds is not None or writes else SECONDS
    statement = SqlStatement(text, writes=writes, seconds=seconds, rows_max=None if every else rows)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    settings = load(config)
    try:
        asyncio.run(_run(settings, statement, form))
    except StatementFailed as failure:
        _show_failure(failure, text)
        raise SystemExit(FAILED) from None
    except SinkError as failure:
        click.echo(escaped(f"error: {failure.reason}"), err=True)
        raise SystemExit(USAGE) from None
    except BrokenPipeError:  # whoever read this has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(PIPE_CLOSED) from None


def _read() -> str:
    if sys.stdin.isatty():
        raise click.UsageError("give a statement, such as 'SELECT count(*) FROM events', or one on standard input")
    text = sys.stdin.buffer.read(SQL_BYTES_MAX + 1)
    if len(text) > SQL_BYTES_MAX:
        raise click.UsageError(f"a statement may have {SQL_BYTES_MAX:,} bytes")
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise click.UsageError("the statement is not UTF-8") from None


async def _run(settings: Settings, statement: SqlStatement, form: str) -> None:
    async with _connection(settings) as connection:
        notices(connection, _say)
        output = query_output.output(form, sys.stdout)
        async with aclosing(statement.batches(connection)) as batches:
            async for rows in batches:
                output.add(statement.columns, rows)
        if statement.columns:
            output.end(statement.columns)
    if statement.has_more:
        _say(f"the first {counted(output.rows, 'row')} of more: --rows and --all show more of them")
    if output.is_cut:
        _say("long values are cut: --format json has them whole")
    if statement.status:
        _say(statement.status)


@asynccontextmanager
async def _connection(settings: Settings) -> AsyncIterator[Connection]:
    async with _dsn(settings) as dsn:
        database = settings.database
        target = database.target() if dsn is None else parse_dsn(dsn)
        target = replace(target, session={"application_name": "mothership query", **target.session})
        connection = await Connector(
            target, timeout_seconds=database.connect_seconds, statement_cache_size=database.statement_cache_size
        ).connect()
        try:
            yield connection
            await connection.close(timeout=CLOSE_SECONDS)
        finally:
            connection.terminate()  # whatever it is in the middle of is rolled back


@asynccontextmanager
async def _dsn(settings: Settings) -> AsyncIterator[str | None]:
    """Of the embedded database; None where another one is configured."""
    if settings.database.is_external:
        yield None
        return
    become_owner(settings.server.data_dir)
    async with embedded_database(settings.server.data_dir) as dsn:
        yield dsn


def _show_failure(failure: StatementFailed, text: str) -> None:
    click.echo(escaped(f"error: {failure.reason}"), err=True)
    if failure.position is not None:
        before, after = text[: failure.position], text[failure.position :]
        head, rest = before.rpartition("\n")[2].expandtabs(4), after.partition("\n")[0].expandtabs(4)
        head = escaped(head)[-LINE_CHARACTERS:]
        click.echo(f"  {head}{escaped(rest)[:LINE_CHARACTERS]}", err=True)
        click.echo(f"  {' ' * len(head)}^", err=True)
    for hint in failure.hints:
        click.echo(escaped(f"  {hint}"), err=True)


def _say(text: str) -> None:
    click.echo(escaped(f"-- {text}"), err=True)
