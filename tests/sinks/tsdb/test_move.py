"""Moving from the embedded database to a server, as docs/how-to/run-the-database.md has it."""

import asyncio
import re
import shlex
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from mothership.embedded.programs import shipped
from mothership.event import Row, RowBatch
from mothership.sinks.tsdb.sink import TsdbSink

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "run-the-database.md").read_text()
NOW = int(time.time() * 1_000_000)


async def _shell(command: str, **environ: str) -> str:
    path = f"{shipped() / 'bin'}:/usr/bin:/bin"
    process = await asyncio.create_subprocess_exec(
        *("sh", "-ec", command), env={"PATH": path, **environ}, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


async def test_the_wheel_has_the_programs_that_the_page_uses() -> None:
    """Of the server's own version: an older `pg_dump` refuses a newer server."""
    [pattern] = re.findall(r"echo \.venv/lib/python3\.\*/site-packages/(\S+)\)", PAGE)
    assert shipped().parents[1] / pattern == shipped() / "bin"
    assert "(PostgreSQL) 18." in await _shell("psql --version && pg_dump --version")


async def test_a_dump_of_the_embedded_database_goes_on_elsewhere(
    make_sink: Callable[..., TsdbSink], database_dsn: str, postgres_dsn: str
) -> None:
    """By the page's command: the events, and the knowledge of what has been stored."""
    batch = RowBatch(b"1" * 32, "r", NOW, [Row(NOW, "log", "host", b'{"a":1}')] * 3)
    await make_sink().write([batch])
    admin = await asyncpg.connect(postgres_dsn)
    await admin.execute("CREATE DATABASE moved")
    moved = postgres_dsn.replace("/mothership?", "/moved?")
    try:
        [command] = re.findall(r"^ *(pg_dump (?:.*\\\n)*.*)$", PAGE, re.MULTILINE)
        [source] = re.findall(r"'(postgresql://[^']*postgres-socket)'", command)
        await _shell(command.replace(f"'{source}'", shlex.quote(database_dsn)), MOTHERSHIP_DB_DSN=moved)
        sink = make_sink(moved)
        assert await sink.write([batch]) == {0}
        assert (await sink.stats()).total_inserts == 3
        await sink.close()
    finally:
        await admin.execute("DROP DATABASE moved WITH (FORCE)")
        await admin.close()


@pytest.mark.parametrize("name", ["psql", "pg_dump"])
def test_the_programs_are_in_the_wheel(name: str) -> None:
    """A wheel without them would leave the page without a way."""
    assert (shipped() / "bin" / name).exists()
