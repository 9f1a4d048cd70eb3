"""The database: the way there, the login, what the server is, what the role may, and what is in it."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from mothership.doctor import embedded, network, policies
from mothership.doctor.finding import Finding, Severity, error, note, ok, warning
from mothership.doctor.patient import Patient
from mothership.embedded.postgres import dsn_of
from mothership.errors import ConfigurationError, Paused, SinkError
from mothership.named_sql import statements
from mothership.plurals import counted
from mothership.ports import Clock
from mothership.sinks.tsdb.connection_pool import Connection, Connector
from mothership.sinks.tsdb.connection_target import ConnectionTarget
from mothership.sinks.tsdb.dsn import parse_dsn
from mothership.sinks.tsdb.failures import DRIVER_ERRORS, OWN_TABLES, classify
from mothership.sinks.tsdb.sink import SIDE_CONNECTIONS
from mothership.sinks.tsdb.sql_files import SCHEMA, migrations

PART = "database"
SQL = statements("mothership.doctor", "sql/database.sql")
STEP_SECONDS_MAX = 10.0
CLOCK_SECONDS_OFF = 5.0
CLOCK_SECONDS_FAR_OFF = 300.0
WAITS = "events wait in the spool until it is full, and then batches are refused"
NEW_DATABASE = "CREATE DATABASE mothership ENCODING 'UTF8' TEMPLATE template0"


async def examine(patient: Patient) -> AsyncIterator[Finding]:
    """See the module."""
    settings = patient.settings
    if not settings.sinks.timescaledb.enabled:
        yield note(PART, "sinks.timescaledb.enabled is false: no event is written to a database")
        return
    if embedded.is_used(patient):
        try:
            target = parse_dsn(dsn_of(patient.data_dir))
        except ConfigurationError:
            return  # it does not run, as was said
    else:
        target = settings.database.target()
        reached = True
        async for finding in _way(target):
            reached = finding.severity < Severity.ERROR
            yield finding
        if not reached:
            return
    connection: Connection | None = None
    try:
        seconds = min(STEP_SECONDS_MAX, settings.database.connect_seconds)
        connection = await Connector(target, timeout_seconds=seconds, statement_cache_size=0).connect()
        await connection.execute(SQL["begin"], timeout=STEP_SECONDS_MAX)
        async for finding in _look(connection, patient, target):
            yield finding
    except SinkError as failure:
        yield error(PART, failure.reason, cost=WAITS, remedy=_login_remedy(failure))
    except DRIVER_ERRORS as failure:
        yield error(PART, classify(failure).reason, cost="what comes after this was not looked at", remedy="see above")
    finally:
        if connection is not None:
            connection.terminate()


async def _way(target: ConnectionTarget) -> AsyncIterator[Finding]:
    """Each host of the target. One that is reached will do."""
    failures: list[Finding] = []
    for host, port in zip(target.hosts, target.ports, strict=True):
        if host[:1] == "/":
            return
        found = [each async for each in network.reach(PART, host, port, key="database.dsn", cost=WAITS)]
        if found[-1].severity < Severity.ERROR:
            for each in found:
                yield each
            return
        failures += found
    for each in failures:
        yield each


def _login_remedy(failure: SinkError) -> str:
    reason = failure.reason
    if "certificate" in reason or "TLS" in reason:
        return "correct sslmode and sslrootcert in database.dsn, or the server's certificate"
    if isinstance(failure, Paused):
        return "do as it says, then run this again: the service goes on by itself within seconds"
    return "start the database, or wait until it is up: the service goes on by itself"


async def _look(connection: Connection, patient: Patient, target: ConnectionTarget) -> AsyncIterator[Finding]:
    async def row(name: str, *arguments: Any) -> Any:
        return await connection.fetchrow(SQL[name], *arguments, timeout=STEP_SECONDS_MAX)

    server = await row("server")
    yield ok(PART, f"logged in to {target.database} as {server['role']} (PostgreSQL {server['version']})")
    for finding in (*_server(server, patient), *_way_in(server, target)):
        yield finding
    yield await _clock(connection, patient.clock)
    if not (await row("table_is_there"))[0]:
        if not server["schema"]:
            yield error(
                PART,
                "the search_path names no schema that is there",
                cost=WAITS,
                remedy="create the schema, or correct search_path in database.dsn",
            )
        elif not (await row("may_create"))[0]:
            yield error(
                PART,
                f"the role {server['role']} may not create tables in {server['schema']}",
                cost=WAITS,
                remedy=f"as its owner run: GRANT CREATE ON SCHEMA {server['schema']} TO {server['role']}",
            )
        else:
            yield note(PART, "the table events is not there yet: the first start makes it")
    else:
        async for finding in _table(connection, patient, row):
            yield finding
    async for finding in policies.examine(connection, patient.settings.database):
        yield finding


def _server(server: Any, patient: Patient) -> Iterator[Finding]:
    encoding = str(server["encoding"]).upper()
    if encoding == "SQL_ASCII":
        yield warning(
            PART,
            "the database's encoding is SQL_ASCII",
            cost="text is neither checked nor sorted",
            remedy=f"make a new one and move: {NEW_DATABASE}",
        )
    elif encoding not in {"UTF8", "UNICODE"}:
        yield error(
            PART,
            f"the database's encoding is {encoding}, which can't hold every event",
            cost=WAITS,
            remedy=f"make a new one: {NEW_DATABASE}",
        )
    if server["is_standby"] or server["is_read_only"]:
        kind = "a standby" if server["is_standby"] else "read-only (default_transaction_read_only)"
        yield error(
            PART,
            f"the server is {kind}",
            cost=WAITS,
            remedy="name the primary in database.dsn, or several hosts with target_session_attrs=read-write",
        )
    if not server["fsync"]:
        yield error(
            PART,
            "the server runs with fsync off",
            cost="after a power failure acknowledged events are gone, and perhaps all of the database",
            remedy="ALTER SYSTEM SET fsync = on, and reload the server",
        )
    elif not server["full_page_writes"]:
        yield warning(
            PART,
            "the server runs with full_page_writes off",
            cost="a power failure may leave torn pages, unless the file system forbids them",
            remedy="ALTER SYSTEM SET full_page_writes = on, and reload the server",
        )
    needed = patient.settings.server.workers * (patient.settings.sinks.timescaledb.writers + SIDE_CONNECTIONS)
    if needed > server["connections"]:
        yield warning(
            PART,
            f"the service may want {counted(needed, 'connection')}, and the server has "
            f"{server['connections']} for everybody",
            cost="under load writes fail for want of a connection, and are tried again",
            remedy="raise max_connections, or lower server.workers or sinks.timescaledb.writers",
        )


def _way_in(server: Any, target: ConnectionTarget) -> Iterator[Finding]:
    is_near = target.is_local or all(host in {"localhost", "127.0.0.1", "::1"} for host in target.hosts)
    if not server["encrypted"] and not is_near:
        yield warning(
            PART,
            f"the connection to {target} is not encrypted",
            cost="events and the login cross the network in the clear",
            remedy="let the server speak TLS, and set sslmode=verify-full in database.dsn",
        )
    if server["is_superuser"]:
        yield warning(
            PART,
            f"the role {server['role']} is a superuser",
            cost="who gets hold of the service's login has the whole server",
            remedy="give it a role of its own: see the page on running the database",
        )


async def _clock(connection: Connection, clock: Clock) -> Finding:
    async with asyncio.timeout(STEP_SECONDS_MAX):
        asked = clock()
        theirs = await connection.fetchval(SQL["clock"])
        answered = clock()
    off = max(asked - theirs, theirs - answered, 0.0)
    if off <= CLOCK_SECONDS_OFF:
        return ok(PART, "its clock and this machine's agree")
    side = "behind" if theirs < asked else "ahead of"
    what = f"the database's clock is {off:.0f} s {side} this machine's"
    if off > CLOCK_SECONDS_FAR_OFF:
        return error(
            PART,
            what,
            cost="times of events are judged by this machine's clock, and retention by the "
            "database's: events may be stored at a wrong time or dropped early",
            remedy="set the clocks (chrony, systemd-timesyncd) on both",
        )
    return warning(
        PART,
        what,
        cost="`events_last_hour` and retention are off by as much",
        remedy="set the clocks (chrony, systemd-timesyncd) on both",
    )


async def _table(connection: Connection, patient: Patient, row: Any) -> AsyncIterator[Finding]:
    owner = await row("owner")
    missing = await connection.fetch(SQL["missing_rights"], *_needed(patient), timeout=STEP_SECONDS_MAX)
    for each in missing:
        yield error(
            PART,
            f"the role lacks {each['privileges']} on {each['relation']}",
            cost=WAITS,
            remedy=f"as {owner['owner']} run: GRANT {each['privileges']} ON {each['relation']} TO the service's role",
        )
    if not missing:
        yield ok(PART, "the role may write events and what belongs to them")
    newest = max(migration.number for migration in migrations())
    applied = (await row("applied"))[0] or 0 if await _may_read_migrations(connection) else 0
    if applied > newest:
        yield error(
            PART,
            f"the database has schema {applied} and this Mothership knows {newest}",
            cost=WAITS,
            remedy="upgrade Mothership; a newer schema is never taken back",
        )
    elif applied < newest:
        yield note(PART, f"the database has schema {applied}: the next start brings it to {newest}")
    for finding in await _indexes(connection, patient):
        yield finding
    size = await row("size")
    rows = f"about {counted(size['events'], 'row')}" if size["events"] else "no row that the database has counted yet,"
    yield ok(PART, f"events holds {rows} in {size['bytes'] / 1024**2:,.1f} MiB")


async def _may_read_migrations(connection: Connection) -> bool:
    if not await connection.fetchval(SQL["has_migrations"], timeout=STEP_SECONDS_MAX):
        return False
    needed = (["mothership_migrations"], ["SELECT"])
    return not await connection.fetch(SQL["missing_rights"], *needed, timeout=STEP_SECONDS_MAX)


def _needed(patient: Patient) -> tuple[Sequence[str], Sequence[str]]:
    """Tables and rights, side by side."""
    needed = [("events", "INSERT"), ("events", "SELECT")]
    needed += [(table, right) for table in OWN_TABLES for right in ("INSERT", "SELECT", "UPDATE", "DELETE")]
    if not patient.settings.database.is_external:
        needed.append(("events", "DELETE"))
    return [table for table, _ in needed], [right for _, right in needed]


async def _indexes(connection: Connection, patient: Patient) -> list[Finding]:
    found = {each["name"] for each in await connection.fetch(SCHEMA["indexes"], timeout=STEP_SECONDS_MAX)}
    wanted = {"idx_events_type_ts", "idx_events_source_ts"}
    if patient.settings.database.gin != "none":
        wanted.add("idx_events_data_gin")
    findings = [
        warning(
            PART,
            f"the index {name} is missing",
            cost="queries that want it read the whole table",
            remedy="`/healthz` of the running service has the statement that makes it",
        )
        for name in sorted(wanted - found)
    ]
    invalid = await connection.fetch(SQL["invalid_indexes"], timeout=STEP_SECONDS_MAX)
    return findings + [
        warning(
            PART,
            f"the index {each['name']} is invalid: its making was interrupted",
            cost="it is written to and never read",
            remedy=f"in a quiet hour run: REINDEX INDEX CONCURRENTLY {each['name']}",
        )
        for each in invalid
    ]
