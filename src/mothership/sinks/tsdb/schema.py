"""The schema: numbered migrations, the table's indexes, and whatever TimescaleDB can add."""

from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg

from mothership.errors import Paused
from mothership.sinks.tsdb.connections import Connection
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.statements import SCHEMA, TIMESCALE, WRITE, Migration, migrations
from mothership.telemetry import log

SCHEMA_TURN = 0x6D6F7468_00000001
"""Advisory lock of whoever changes the schema."""
SMALL_TABLE_BYTES = 256 * 1024 * 1024
"""Up to this size a table that is already there is indexed and turned into a hypertable while writers wait."""
COLUMNS = {
    "ts": {"timestamp with time zone"},
    "type": {"text", "character varying"},
    "source": {"text", "character varying"},
    "data": {"jsonb"},
}


@dataclass(slots=True)
class Facts:
    """What the database turned out to be."""

    server_version: str = ""
    timescaledb_version: str | None = None
    is_hypertable: bool = False
    gin: str = "none"
    lacking: list[str] = field(default_factory=list)
    """What the server, the role or the table does not allow, and what could be done about it."""

    def lack(self, what: str) -> None:
        """Note it and say so in the log."""
        self.lacking.append(what)
        log.warning("database_lacks", what=what)


async def prepare(connection: Connection, settings: DatabaseSettings) -> Facts:
    """Bring the database to the schema of this version, whoever else tries the same; returns what it is.

    Raises `Paused` when a newer Mothership has changed it, or `events` is not what it must be.
    """
    facts = Facts(server_version=str(connection.get_settings().server_version))
    # The first look takes no lock, so that the usual start waits for nobody.
    if await _due(connection):
        await _migrate(connection)
    await _check_columns(connection)
    if await _has_timescale(connection, settings, facts):
        await _use_timescale(connection, settings, facts)
    await _index(connection, settings, facts)
    return facts


async def create_extension(connection: Connection, *, patience_seconds: float) -> None:
    """Install TimescaleDB where the server has it and nobody did. A server without the preload cuts the connection."""
    row = await connection.fetchrow(TIMESCALE["extension"], timeout=patience_seconds)
    if row is None or row["installed"] or not row["available"]:
        return
    async with connection.transaction():
        await connection.fetchval(WRITE["take_turn"], SCHEMA_TURN)
        await connection.execute(TIMESCALE["create_extension"])


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
        await connection.fetchval(WRITE["take_turn"], SCHEMA_TURN)
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


async def _index(connection: Connection, settings: DatabaseSettings, facts: Facts) -> None:
    """Make the indexes that are missing, unless the table is so big that writers would have to wait for it."""
    operators = {row["name"]: row["operators"] for row in await connection.fetch(SCHEMA["indexes"])}
    wanted = {name: SCHEMA[name] for name in ("idx_events_type_ts", "idx_events_source_ts")}
    if settings.gin != "none":
        wanted["idx_events_data_gin"] = SCHEMA["idx_events_data_gin"].format(operators=settings.gin)
    if not facts.is_hypertable:
        wanted["idx_events_ts_brin"] = SCHEMA["idx_events_ts_brin"]
    missing = {name: statement for name, statement in wanted.items() if name not in operators}
    facts.gin = operators.get("idx_events_data_gin", settings.gin)
    if not missing:
        return
    if await connection.fetchval(SCHEMA["table_bytes"]) > SMALL_TABLE_BYTES:
        for statement in missing.values():
            facts.lack(f"an index, because the table is big; make it in a quiet hour: {statement}")
        return
    async with connection.transaction():
        await connection.fetchval(WRITE["take_turn"], SCHEMA_TURN)
        await connection.execute(SCHEMA["limit_locks"])
        for statement in missing.values():
            await connection.execute(statement)


async def _has_timescale(connection: Connection, settings: DatabaseSettings, facts: Facts) -> bool:
    row = await connection.fetchrow(TIMESCALE["extension"])
    facts.timescaledb_version = row["installed"] if row else None
    if facts.timescaledb_version is not None:
        return True
    if row and row["available"]:
        facts.lack("TimescaleDB: the extension is not permitted or not preloaded, so events is an ordinary table")
    else:
        facts.lacking.append("TimescaleDB: the extension is not there, so events is an ordinary table")
    if settings.columnstore_after:
        facts.lack("columnstore_after: needs TimescaleDB")
    return False


async def _use_timescale(connection: Connection, settings: DatabaseSettings, facts: Facts) -> None:
    """Hypertable, policies, continuous aggregate: each by itself, so one that fails costs no other."""
    facts.is_hypertable = await connection.fetchval(TIMESCALE["is_hypertable"])
    if not facts.is_hypertable:
        if await connection.fetchval(SCHEMA["table_bytes"]) > SMALL_TABLE_BYTES:
            facts.lack(
                "a hypertable, because events is big already; stop Mothership and run: SELECT "
                "create_hypertable('events', 'ts', chunk_time_interval => INTERVAL '1 day', migrate_data => true)"
            )
            return
        facts.is_hypertable = await _attempt(
            connection, facts, "a hypertable", [("create_hypertable", settings.chunk_interval)]
        )
    if not facts.is_hypertable:
        return
    if await connection.fetchval(TIMESCALE["chunk_interval"]) != settings.chunk_interval:
        await _attempt(connection, facts, "chunk_interval", [("set_chunk_interval", settings.chunk_interval)])
    policies = {row["name"]: row["after"] for row in await connection.fetch(TIMESCALE["policies"])}
    if settings.columnstore_after and policies.get("policy_compression") != settings.columnstore_after:
        kind = "columnstore" if await connection.fetchval(TIMESCALE["has_columnstore"]) else "compression"
        steps: list[tuple[str, timedelta | None]] = []
        if not await connection.fetchval(TIMESCALE["has_compression"]):
            steps.append((f"enable_{kind}", None))
        steps += [(f"remove_{kind}", None), (f"add_{kind}", settings.columnstore_after)]
        await _attempt(connection, facts, "columnstore_after", steps)
    if settings.retention and policies.get("policy_retention") != settings.retention:
        await _attempt(
            connection, facts, "retention", [("remove_retention", None), ("add_retention", settings.retention)]
        )
    if settings.continuous_aggregate and not await connection.fetchval(TIMESCALE["has_aggregate"]):
        steps = [("create_aggregate", None), ("refresh_aggregate", None)]
        await _attempt(connection, facts, "continuous_aggregate", steps)


async def _attempt(connection: Connection, facts: Facts, what: str, steps: list[tuple[str, timedelta | None]]) -> bool:
    """Run these statements together; when the server can't, note it and go on."""
    try:
        async with connection.transaction():
            await connection.fetchval(WRITE["take_turn"], SCHEMA_TURN)
            await connection.execute(SCHEMA["limit_locks"])
            for name, interval in steps:
                await connection.fetch(TIMESCALE[name], *([] if interval is None else [interval]))
    except asyncpg.PostgresConnectionError:
        raise
    except asyncpg.PostgresError as error:
        licensed = await connection.fetchval(TIMESCALE["license"])
        facts.lack(f"{what}: the server refuses {name} (SQLSTATE {error.sqlstate}, license {licensed})")
        return False
    return True
