"""The schema: numbered migrations, the table's indexes, and whatever TimescaleDB can add."""

import asyncpg

from mothership.errors import Paused
from mothership.sinks.tsdb.connection_pool import Connection
from mothership.sinks.tsdb.database_state import DatabaseState
from mothership.sinks.tsdb.failures import is_transient
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sql_files import SCHEMA, WRITE, Migration, migrations
from mothership.sinks.tsdb.timescale import SMALL_TABLE_BYTES, Timescale
from mothership.sinks.tsdb.timescale_extension import find_extension
from mothership.sinks.tsdb.timescale_steps import SCHEMA_LOCK_ID
from mothership.telemetry import log

COLUMNS = {
    "ts": {"timestamp with time zone"},
    "type": {"text", "character varying"},
    "source": {"text", "character varying"},
    "data": {"jsonb"},
}


async def prepare(connection: Connection, settings: DatabaseSettings) -> DatabaseState:
    """Bring the database to the schema of this version, whoever else tries the same; returns what it is.

    Raises `Paused` when a newer Mothership has changed it, or it can't take what a write sends.
    """
    state = DatabaseState(server_version=str(connection.get_settings().server_version))
    _check_encoding(connection, state)
    # The first look takes no lock, so that the usual start waits for nobody.
    if await _due(connection):
        await _migrate(connection)
    await _check_columns(connection)
    if await find_extension(connection, settings, state):
        try:
            await (await Timescale.open(connection, settings, state)).hold_to_settings()
        except asyncpg.PostgresConnectionError:
            raise
        except asyncpg.PostgresError as error:
            state.needs_recheck = True
            state.note_unsupported(f"TimescaleDB can't be asked about events (SQLSTATE {error.sqlstate})")
    await _index(connection, settings, state)
    if settings.retention and state.retention_by is None and not state.needs_backfill:
        state.retention_by = "service"
    return state


async def _due(connection: Connection) -> list[Migration]:
    """The migrations that were not applied, or made a table that is gone."""
    applied = set()
    if await connection.fetchval(SCHEMA["has_migrations"]):
        applied = {row["number"] for row in await connection.fetch(SCHEMA["applied_migrations"])}
    known = migrations()
    newest = max(migration.number for migration in known)
    if max(applied, default=0) > newest:
        raise Paused(f"the database has schema {max(applied)} and this Mothership knows {newest}: upgrade Mothership")
    tables = [table for migration in known for table in migration.tables()]
    missing = {row["name"] for row in await connection.fetch(SCHEMA["missing_tables"], tables)}
    return [migration for migration in known if migration.number not in applied or missing & set(migration.tables())]


async def _migrate(connection: Connection) -> None:
    async with connection.transaction():
        await connection.fetchval(WRITE["advisory_lock"], SCHEMA_LOCK_ID)
        await connection.execute(SCHEMA["limit_locks"])
        await connection.execute(SCHEMA["make_migrations"])
        for migration in await _due(connection):
            await connection.execute(migration.sql)
            await connection.execute(SCHEMA["record_migration"], migration.number, migration.name)
            log.info("migration_applied", number=migration.number, name=migration.name)


async def _check_columns(connection: Connection) -> None:
    """A table made by others must take what a write sends."""
    found = {row["name"]: row["type"] for row in await connection.fetch(SCHEMA["columns"])}
    for name, types in COLUMNS.items():
        if found.get(name) not in types:
            raise Paused(
                f"the table events has column {name} of type {found.get(name, 'none at all')}, "
                f"and {min(types)} is needed: rename the table, and a right one is made"
            )


def _check_encoding(connection: Connection, state: DatabaseState) -> None:
    """Text that the database can't hold would be the row's fault, and it is not."""
    encoding = str(connection.get_settings().server_encoding).upper()
    if encoding == "SQL_ASCII":
        state.note_unsupported(
            "the database's encoding is SQL_ASCII, which checks no text and sorts none; make a new one with: CREATE "
            "DATABASE mothership ENCODING 'UTF8' TEMPLATE template0"
        )
    elif encoding not in {"UTF8", "UNICODE"}:
        raise Paused(
            f"the database's encoding is {encoding}, which can't hold every event; UTF8 is needed: make a new one with "
            "CREATE DATABASE mothership ENCODING 'UTF8' TEMPLATE template0"
        )


async def _index(connection: Connection, settings: DatabaseSettings, state: DatabaseState) -> None:
    """Make the indexes that are missing, unless the table is so big that writers would have to wait for it."""
    operators = {row["name"]: row["operators"] for row in await connection.fetch(SCHEMA["indexes"])}
    wanted = {name: SCHEMA[name] for name in ("idx_events_type_ts", "idx_events_source_ts")}
    if settings.gin != "none":
        wanted["idx_events_data_gin"] = SCHEMA["idx_events_data_gin"].format(operators=settings.gin)
    if not state.is_hypertable:
        wanted["idx_events_ts_brin"] = SCHEMA["idx_events_ts_brin"]
    missing = [statement for name, statement in wanted.items() if name not in operators]
    state.gin = operators.get("idx_events_data_gin", settings.gin)
    if not missing:
        return
    if await connection.fetchval(SCHEMA["table_bytes"]) > SMALL_TABLE_BYTES:
        reason = "because the table is big; make it in a quiet hour"
    else:
        try:
            async with connection.transaction():
                await connection.fetchval(WRITE["advisory_lock"], SCHEMA_LOCK_ID)
                await connection.execute(SCHEMA["limit_locks"])
                for statement in missing:
                    await connection.execute(statement)
        except asyncpg.PostgresConnectionError:
            raise
        except asyncpg.PostgresError as error:
            state.needs_recheck = is_transient(error)
            reason = f"and making it failed (SQLSTATE {error.sqlstate}); as the table's owner run"
        else:
            return
    for statement in missing:
        state.note_unsupported(f"events lacks an index, {reason}: {statement.rstrip(';')}")
