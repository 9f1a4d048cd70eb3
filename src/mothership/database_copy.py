"""All that an embedded database holds, copied into a server's: table by table, with counts compared."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from mothership.embedded.postgres import embedded_database
from mothership.errors import BackupFailed
from mothership.sinks.tsdb.connection_pool import Connection, Connector
from mothership.sinks.tsdb.connection_target import ConnectionTarget
from mothership.sinks.tsdb.dsn import parse_dsn
from mothership.sinks.tsdb.failures import DRIVER_ERRORS, OWN_TABLES, classify
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink

LOCAL_TABLES = frozenset({"mothership_migrations", "mothership_policies"})
"""What they hold is about the server that they are on."""
COLUMNS = """
SELECT attname AS name FROM pg_attribute
WHERE attrelid = $1::TEXT::REGCLASS AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
ORDER BY attnum
"""
TABLES = ("events", *sorted(set(OWN_TABLES) - LOCAL_TABLES))


async def migrate(data_dir: Path, settings: DatabaseSettings) -> dict[str, int]:
    """Copy into the database of the settings, which must hold nothing of the kind yet; returns the rows of each table.

    Raises `BackupFailed`; then nothing is in the target but empty tables.
    """
    sink = TsdbSink(settings)
    try:
        await sink.open()
    finally:
        await sink.close()
    target = await _connect(settings.target(), settings.connect_seconds)
    try:
        async with embedded_database(data_dir) as dsn:
            source = await _connect(parse_dsn(dsn), 10.0)
            try:
                return await copy_all(source, target)
            finally:
                await source.close()
    except DRIVER_ERRORS as error:
        raise BackupFailed(f"nothing was copied: {classify(error).reason}") from None
    finally:
        await target.close()


async def copy_all(source: Connection, target: Connection) -> dict[str, int]:
    """Copy every table, or none; returns the rows of each."""
    counts = {}
    async with (
        source.transaction(isolation="repeatable_read", readonly=True),
        target.transaction(),
    ):
        for table in TABLES:
            if await _count(target, table):
                raise BackupFailed(f"the target's table {table} is not empty: use a new database, or empty the table")
        for table in TABLES:
            await _copy(source, target, table)
            counts[table] = await _count(source, table)
            if (found := await _count(target, table)) != counts[table]:
                raise BackupFailed(f"{table}: {counts[table]} rows were read and {found} arrived: nothing was kept")
        await target.execute("SELECT setval(pg_get_serial_sequence('events', 'id'), greatest(max(id), 1)) FROM events")
    return counts


async def _copy(source: Connection, target: Connection, table: str) -> None:
    """By way of a file without a name: the two connections need not keep step."""
    columns = [row["name"] for row in await source.fetch(COLUMNS, table)]
    with tempfile.TemporaryFile() as file:
        await source.copy_from_table(table, columns=columns, output=file, format="binary")
        await asyncio.to_thread(file.seek, 0)
        await target.copy_to_table(table, columns=columns, source=file, format="binary")


async def _connect(target: ConnectionTarget, timeout_seconds: float) -> Connection:
    return await Connector(target, timeout_seconds=timeout_seconds, statement_cache_size=0).connect()


async def _count(connection: Any, table: str) -> int:
    return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608 - a name of ours
