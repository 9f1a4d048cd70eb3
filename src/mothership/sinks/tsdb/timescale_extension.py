"""Whether TimescaleDB can be used here: the extension installed, and the server's library loaded."""

from mothership.errors import Paused
from mothership.sinks.tsdb.connection_pool import Connection
from mothership.sinks.tsdb.database_state import DatabaseState
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sql_files import TIMESCALE, WRITE
from mothership.sinks.tsdb.timescale_steps import SCHEMA_LOCK_ID

NO_EXTENSION = "TimescaleDB: the server does not have the extension, so events is an ordinary table"

NOT_LOADED = (
    "TimescaleDB: the server has not loaded the extension: set shared_preload_libraries = 'timescaledb' in its "
    "configuration and restart it"
)


async def find_extension(connection: Connection, settings: DatabaseSettings, state: DatabaseState) -> bool:
    """Whether TimescaleDB can be used here. Raises `Paused` when the table needs it and it is not loaded."""
    row = await connection.fetchrow(TIMESCALE["extension"])
    if row is None or not (row["installed"] or row["available"]):
        state.note_unsupported(NO_EXTENSION)
    elif not row["loaded"]:
        if row["installed"]:
            schema = await connection.fetchval(TIMESCALE["schema_of_events"])
            if await connection.fetchval(TIMESCALE["needs_library"], schema):
                raise Paused(NOT_LOADED)
        state.note_unsupported(f"{NOT_LOADED}; until then events is an ordinary table")
    elif not row["installed"]:
        state.note_unsupported(
            "TimescaleDB: the role may not create the extension, so events is an ordinary table; as a superuser run, "
            "in this database: CREATE EXTENSION timescaledb"
        )
    else:
        state.timescaledb_version = row["installed"]
        state.extension_schema = row["schema"]
        return True
    if settings.columnstore_after:
        state.note_unsupported("database.columnstore_after: needs TimescaleDB")
    return False


async def create_extension(connection: Connection, *, timeout_seconds: float) -> None:
    """Install TimescaleDB where the server has it and nobody did. A server without the preload cuts the connection."""
    row = await connection.fetchrow(TIMESCALE["extension"], timeout=timeout_seconds)
    if row is None or row["installed"] or not row["available"]:
        return
    async with connection.transaction():
        await connection.fetchval(WRITE["advisory_lock"], SCHEMA_LOCK_ID)
        await connection.execute(TIMESCALE["create_extension"])
