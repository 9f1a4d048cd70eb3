"""A TimescaleDB: PGlite behind the gateway, or a server that MOTHERSHIP_TEST_TIMESCALE_DSN names.

The server of a DSN gets a database for each test, dropped after; the role must be a superuser. Its scheduler is kept
out of these databases: a new policy's job would run at once, beside the test. PGlite has none; `run_job` runs a job in
both.
"""

import asyncio
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink

HERE = Path(__file__).parent
VARIABLE = "MOTHERSHIP_TEST_TIMESCALE_DSN"
WITHOUT = f"no TimescaleDB: run `npm ci --prefix tests/timescale` (needs Node), or set {VARIABLE}"

_numbers = itertools.count(1)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A skipped proof should not go unnoticed."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if WITHOUT in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} hypertable tests were SKIPPED: {WITHOUT}", yellow=True, bold=True)


@pytest.fixture(scope="session")
def pglite_dsn() -> Iterator[str]:
    """PGlite with the extension in it, for the session."""
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules" / "@unni-craftsman").is_dir():
        pytest.skip(WITHOUT)
    with tempfile.TemporaryDirectory(prefix="mothership-test-") as directory:
        socket = Path(directory) / ".s.PGSQL.5432"
        process = subprocess.Popen([node, HERE / "gateway.mjs", socket], stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            yield f"postgresql://postgres@/postgres?host={directory}&port=5432"
        finally:
            process.kill()
            process.communicate()


@pytest.fixture
def timescale_dsn(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database where the extension is available."""
    server = os.environ.get(VARIABLE)
    if server is None:
        dsn = request.getfixturevalue("pglite_dsn")
        yield dsn
        asyncio.run(_clear(dsn))
        return
    name = f"mothership_test_{os.getpid()}_{next(_numbers)}"
    asyncio.run(_execute(server, f"CREATE DATABASE {name}"))
    dsn = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    asyncio.run(
        _execute(dsn, "CREATE EXTENSION timescaledb", "SELECT _timescaledb_functions.stop_background_workers()")
    )
    yield dsn
    asyncio.run(_execute(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@pytest.fixture
def roles() -> None:
    """Skips a test that needs sessions of other roles, which PGlite does not have."""
    if VARIABLE not in os.environ:
        pytest.skip(f"needs a server with roles: set {VARIABLE}")


@pytest.fixture
async def make_sink(timescale_dsn: str) -> AsyncIterator[Callable[..., TsdbSink]]:
    """Makes sinks on the test's database, as another role where one is named; closes them after."""
    made: list[TsdbSink] = []

    def make(role: str = "NONE", search_path: str = "public", **settings: Any) -> TsdbSink:
        sink = _RoleSink(DatabaseSettings(**settings), embedded_dsn=timescale_dsn)
        sink.role, sink.search_path = role, search_path
        made.append(sink)
        return sink

    yield make
    for sink in made:
        await sink.close()


class _RoleSink(TsdbSink):
    """Speaks as one role, in one schema."""

    role = "NONE"
    search_path = "public"

    async def connect(self) -> Any:
        connection = await super().connect()
        await connection.execute(f"SET ROLE {self.role}; SET search_path = {self.search_path}")
        return connection


@pytest.fixture
async def sql(timescale_dsn: str) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """One value from the test's database."""
    connection = await asyncpg.connect(timescale_dsn, statement_cache_size=0)

    async def value(statement: str, *arguments: Any) -> Any:
        return await connection.fetchval(statement, *arguments)

    yield value
    await connection.close(timeout=2)


@pytest.fixture
async def execute(timescale_dsn: str) -> AsyncIterator[Callable[[str], Awaitable[Any]]]:
    """Runs statements, one or several."""
    connection = await asyncpg.connect(timescale_dsn, statement_cache_size=0)
    yield connection.execute
    await connection.close(timeout=2)


async def _execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _clear(dsn: str) -> None:
    """PGlite has one database: take out what a test made."""
    connection = await asyncpg.connect(dsn, statement_cache_size=0)
    try:
        for row in await connection.fetch("SELECT relname FROM pg_class WHERE relname = 'events_per_minute'"):
            await connection.execute(f"DROP MATERIALIZED VIEW {row['relname']} CASCADE")
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user"
        for row in await connection.fetch(tables):
            await connection.execute(f"DROP TABLE IF EXISTS {row['tablename']} CASCADE")
    finally:
        await connection.close()
