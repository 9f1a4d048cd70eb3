"""A database that is down, hangs, is full of others or refuses: nothing is lost, nothing hangs, and it works again."""

import asyncio
import gc
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import pytest
from tests.faults.proxy import Proxy
from tests.starvation import PATIENCE_SECONDS, unstarved_time

from mothership.data_directory_lock import lock_data_dir
from mothership.embedded.processes import server_processes
from mothership.embedded.server import PostgresServer
from mothership.errors import Paused, TimedOut, Transient
from mothership.event import Row, RowBatch
from mothership.sinks.tsdb import failures
from mothership.sinks.tsdb.event_writer import STATEMENT_ROWS_MAX
from mothership.sinks.tsdb.settings import DatabaseSettings, TimescaleSinkSettings
from mothership.sinks.tsdb.sink import TsdbSink

NOW = 1_767_225_600_000_000
Sql = Callable[..., Awaitable[Any]]
MakeSink = Callable[..., TsdbSink]


def _batch(number: int, size: int = 10) -> RowBatch:
    return RowBatch(number.to_bytes(32, "big"), "request", NOW, [Row(NOW, "log", "host", b'{"a":1}')] * size)


@pytest.fixture
async def server() -> AsyncIterator[tuple[PostgresServer, Path]]:
    """A server of the test's own, to be hurt."""
    with tempfile.TemporaryDirectory(prefix="mothership-test-") as name:
        home = Path(name)
        os.chmod(home, 0o711)  # noqa: PTH101, S103 - another user passes through, before anything runs
        with lock_data_dir(home) as locked:
            own = PostgresServer(locked, superuser=True)
            own.start()
            yield own, home
            own.stop()


async def test_a_server_that_hangs_is_left_in_time_and_used_again_after(server: tuple[PostgresServer, Path]) -> None:
    """SIGSTOP to every process: the write ends by its time-out, cancels without hanging, and works later."""
    own, home = server
    sink = TsdbSink(DatabaseSettings(statement_timeout_seconds=0.5, connect_timeout_seconds=1.0), embedded_dsn=own.dsn)
    sink._timeout_seconds = sink._writer.timeout_seconds = 1.0
    await sink.write([_batch(1)])
    pids = server_processes(home / "postgres")
    assert len(pids) > 3
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        fresh = TsdbSink(DatabaseSettings(connect_timeout_seconds=0.5), embedded_dsn=own.dsn)
        with pytest.raises(Transient):
            await fresh.open()
        for _ in range(2):  # the first on an open connection, the second on a new one
            started = unstarved_time()
            with pytest.raises(Transient):
                await sink.write([_batch(2)])
            assert unstarved_time() - started < 3
        started = unstarved_time()
        assert (await sink.health()).healthy is False
        assert (await sink.stats()).total_inserts is None
        assert unstarved_time() - started < 4
        await asyncio.wait_for(sink.close(), PATIENCE_SECONDS)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    assert await sink.write([_batch(1), _batch(3)]) == {0}
    await sink.write([_batch(2)])
    assert (await sink.stats()).total_inserts == 30
    await sink.close()


async def test_a_server_that_hangs_inside_a_copy_is_left_in_time(server: tuple[PostgresServer, Path]) -> None:
    """Also when so much is to be sent that the sending itself has to wait; and nothing is left behind to complain."""
    _, home = server
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, what: complaints.append(what))
    async with Proxy(str(home / "postgres-socket" / ".s.PGSQL.5432")) as proxy:
        sink = TsdbSink(DatabaseSettings(), embedded_dsn=f"postgresql://mothership@127.0.0.1:{proxy.port}/mothership")
        sink._timeout_seconds = sink._writer.timeout_seconds = 1.0
        await sink.write([_batch(1)])
        proxy.toxins.hold_copy = True
        with pytest.raises(Transient, match="did not answer in time"):
            await asyncio.wait_for(sink.write([_batch(2, 500_000)]), PATIENCE_SECONDS)
        proxy.toxins.hold_copy = False
        assert await sink.write([_batch(1), _batch(3)]) == {0}
        await sink.close()
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []


async def test_a_server_that_dies_and_returns_is_used_again(server: tuple[PostgresServer, Path]) -> None:
    """Kill -9 of the whole server, then a start: the same sink goes on."""
    own, home = server
    sink = TsdbSink(DatabaseSettings(), embedded_dsn=own.dsn)
    await sink.write([_batch(1)])
    for pid in server_processes(home / "postgres"):
        os.kill(pid, signal.SIGKILL)
    for _ in range(2):
        with pytest.raises(Transient):
            await sink.write([_batch(2)])
    assert (await sink.health()).healthy is False
    own.start()
    assert await sink.write([_batch(1), _batch(2)]) == {0}
    assert await sink.health() == (True, "")
    await sink.close()


async def test_a_database_that_is_down_at_the_start_is_opened_by_the_first_write(
    server: tuple[PostgresServer, Path],
) -> None:
    """The service starts without it."""
    own, _ = server
    own.stop()
    sink = TsdbSink(DatabaseSettings(), embedded_dsn=own.dsn)
    with pytest.raises(Transient):
        await sink.open()
    assert (await sink.health()).healthy is False
    own.start()
    assert await sink.write([_batch(1)]) == frozenset()
    await sink.close()


async def test_a_read_only_database_is_a_passing_failure(make_sink: MakeSink, sql: Sql) -> None:
    """A replica is read-only until it is promoted; so is a disk under protection."""
    await make_sink().open()
    name = await sql("SELECT current_database()")
    await sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    sink = make_sink()
    with pytest.raises(Transient, match="read-only"):
        await sink.write([_batch(1)])
    assert "read-only" in (await sink.health()).reason
    await sql(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    assert await make_sink().write([_batch(1)]) == frozenset()


async def test_a_revoked_right_pauses_and_names_what_is_needed(
    make_sink: MakeSink, sql: Sql, database_dsn: str
) -> None:
    """A person must act; then it goes on by itself."""
    role = f"role_{os.getpid()}"
    await sql(f"CREATE ROLE {role} LOGIN")
    dsn = database_dsn.replace("//mothership@", f"//{role}@")
    try:
        sink = make_sink(dsn)
        with pytest.raises(Paused, match="lacks a right"):
            await sink.write([_batch(1)])
        await sql(f"GRANT CREATE ON SCHEMA public TO {role}")
        await sink.write([_batch(1)])
        await sql(f"REVOKE INSERT ON events FROM {role}")
        with pytest.raises(Paused, match="INSERT"):
            await sink.write([_batch(2)])
        await sql(f"GRANT INSERT ON events TO {role}")
        await sink.write([_batch(2)])
        assert await sql("SELECT count(*) FROM events") == 20
        await sink.close()
    finally:
        await sql(f"DROP OWNED BY {role}")
        await sql(f"DROP ROLE {role}")


async def test_no_connection_left_is_a_passing_failure(make_sink: MakeSink, sql: Sql, database_dsn: str) -> None:
    """Others use the server, too."""
    await make_sink().open()
    role = f"busy_{os.getpid()}"
    await sql(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 1")
    await sql(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
    await sql(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}")
    dsn = database_dsn.replace("//mothership@", f"//{role}@")
    other = await asyncpg.connect(dsn)
    sink = make_sink(dsn)
    try:
        with pytest.raises(Transient, match="no connection left"):
            await sink.write([_batch(1)])
    finally:
        await other.close()
        await sink.close()
    await sql(f"DROP OWNED BY {role}")
    await sql(f"DROP ROLE {role}")


async def test_a_missing_database_and_a_missing_role_pause(make_sink: MakeSink, database_dsn: str) -> None:
    """Waiting makes neither appear."""
    with pytest.raises(Paused, match="does not exist"):
        await make_sink(database_dsn.replace("/test_", "/no_test_")).write([_batch(1)])
    with pytest.raises(Paused):
        await make_sink(database_dsn.replace("//mothership@", "//nobody_here@")).write([_batch(1)])


async def test_a_dsn_of_a_provider_connects(database_dsn: str) -> None:
    """With parameters of libpq's in it, and with settings for the session."""
    said = "connect_timeout=5&keepalives=1&application_name=mine&statement_timeout=60000&options=-c%20work_mem%3D5MB"
    sink = TsdbSink(DatabaseSettings(dsn=f"{database_dsn}&{said}"))
    assert await sink.write([_batch(1)]) == frozenset()
    connection = await sink.connect()
    settings = ("application_name", "statement_timeout", "work_mem")
    shown = [await connection.fetchval("SELECT current_setting($1)", name) for name in settings]
    assert shown == ["mine", "1min", "5MB"]
    await connection.close()
    await sink.close()


@pytest.fixture
async def tcp_dsn(postgres_dsn: str, database_dsn: str) -> AsyncIterator[str]:
    """The same database over TCP, which has no TLS."""
    path = Path(unquote(parse_qs(urlsplit(postgres_dsn).query)["host"][0])) / ".s.PGSQL.5432"
    async with Proxy(str(path)) as proxy:
        yield f"postgresql://mothership@127.0.0.1:{proxy.port}{urlsplit(database_dsn).path}"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("sslmode=require", "has no TLS, and database.dsn says sslmode=require"),
        ("no_such_setting=1", r"does not take a setting of database.dsn \(no_such_setting; SQLSTATE 42704\)"),
        ("work_mem=much", r"does not take a setting of database.dsn \(work_mem; SQLSTATE 22023\)"),
    ],
)
async def test_what_the_server_does_not_take_is_named_with_its_place(tcp_dsn: str, query: str, reason: str) -> None:
    """It takes a person; waiting doesn't help."""
    place = urlsplit(tcp_dsn).netloc.rpartition("@")[2]
    sink = TsdbSink(DatabaseSettings(dsn=f"{tcp_dsn}?{query}"))
    with pytest.raises(Paused, match=f"the database at {place} {reason}"):
        await sink.write([_batch(1)])


async def test_a_standby_is_waited_for_and_named(tcp_dsn: str) -> None:
    """Whoever is promoted next will do."""
    sink = TsdbSink(DatabaseSettings(dsn=f"{tcp_dsn}?target_session_attrs=standby"))
    with pytest.raises(Transient, match=r"no server at 127.0.0.1:\d+ is .*target_session_attrs=standby"):
        await sink.write([_batch(1)])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A host that takes a connection and then says nothing, as one does whose packets are swallowed."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


async def test_a_host_that_swallows_everything_keeps_no_other_from_being_tried(tcp_dsn: str, silent_port: int) -> None:
    """Each host has its own time: with one time for all of them the second would never be reached."""
    place = urlsplit(tcp_dsn).netloc.rpartition("@")[2]
    dsn = tcp_dsn.replace(place, f"127.0.0.1:{silent_port},{place}")
    sink = TsdbSink(DatabaseSettings(dsn=f"{dsn}?connect_timeout=1", connect_timeout_seconds=3_600))
    assert await sink.write([_batch(1)]) == frozenset()
    await sink.close()


async def test_a_silent_host_is_waited_for_once_and_not_at_every_connection(
    tcp_dsn: str, sql: Callable[..., Awaitable[Any]], silent_port: int
) -> None:
    """It once cost every look of `/healthz` more time than a look has, while the other host stored all."""
    place = urlsplit(tcp_dsn).netloc.rpartition("@")[2]
    dsn = tcp_dsn.replace(place, f"127.0.0.1:{silent_port},{place}")
    sink = TsdbSink(DatabaseSettings(dsn=f"{dsn}?connect_timeout=2"))
    assert await sink.write([_batch(1)]) == frozenset()
    await sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name = 'mothership' AND datname = current_database()"
    )
    while not (health := await sink.health()).healthy:
        assert "in time" not in health.reason, "of a connection that was ended it may hear, and of nothing else"
    await sink.close()


async def test_a_silent_server_is_left_after_the_dsns_time(silent_port: int) -> None:
    """`connect_timeout` is honoured: the key would let it hang for an hour."""
    dsn = f"postgresql://u:canary@127.0.0.1:{silent_port}/e?connect_timeout=1"
    sink = TsdbSink(DatabaseSettings(dsn=dsn, connect_timeout_seconds=3_600))
    with pytest.raises(Transient, match=f"did not answer in time; it is at 127.0.0.1:{silent_port}"):
        await sink.connect()


async def test_the_primary_will_do_where_a_standby_is_preferred(tcp_dsn: str, silent_port: int) -> None:
    """All hosts are looked through for a standby first, and then any that answers is taken."""
    place = urlsplit(tcp_dsn).netloc.rpartition("@")[2]
    dsn = tcp_dsn.replace(place, f"127.0.0.1:{silent_port},{place}")
    sink = TsdbSink(DatabaseSettings(dsn=f"{dsn}?target_session_attrs=prefer-standby&connect_timeout=1"))
    connection = await sink.connect()
    assert not await connection.fetchval("SELECT pg_is_in_recovery()")
    await connection.close()


async def test_a_server_that_is_away_is_named_with_its_place() -> None:
    """Host and port, of each host."""
    sink = TsdbSink(DatabaseSettings(dsn="postgresql://u:canary@127.0.0.1:9,127.0.0.1:7/e"))
    with pytest.raises(Transient, match=r"the database at 127\.0\.0\.1:9,127\.0\.0\.1:7 can't be reached") as caught:
        await sink.write([_batch(1)])
    assert "canary" not in str(caught.value)


async def test_the_variables_of_a_shell_change_no_connection(
    tcp_dsn: str, database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one that a DSN describes, nor the embedded database's."""
    for name, value in {
        "PGHOST": "nowhere.example",
        "PGPORT": "1",
        "PGUSER": "somebody",
        "PGDATABASE": "elsewhere",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/none.crt",
        "PGSSLCERT": "/none.crt",
        "PGSSLNEGOTIATION": "direct",
        "PGSSLMINPROTOCOLVERSION": "TLSv9",
        "PGTARGETSESSIONATTRS": "standby",
        "PGSERVICE": "other",
        "PGGSSLIB": "none",
    }.items():
        monkeypatch.setenv(name, value)
    for sink in (TsdbSink(DatabaseSettings(dsn=tcp_dsn)), TsdbSink(DatabaseSettings(), embedded_dsn=database_dsn)):
        await sink.write([_batch(1)])
        await sink.close()


@pytest.mark.parametrize("gone", ["events", "ingested_batches", "event_counts", "mothership_migrations", "everything"])
async def test_a_table_that_was_dropped_is_made_again(make_sink: MakeSink, sql: Sql, gone: str) -> None:
    """The write that finds it missing makes it and goes on."""
    sink = make_sink()
    await sink.write([_batch(1)])
    if gone == "everything":
        await sql("DROP SCHEMA public CASCADE")
        await sql("CREATE SCHEMA public")
    else:
        await sql(f"DROP TABLE {gone}")
    assert await sink.write([_batch(2)]) == frozenset()
    assert await sql("SELECT count(*) FROM events") == (10 if gone in {"events", "everything"} else 20)
    assert await make_sink().write([_batch(2)]) == {0}


async def test_a_row_lock_that_others_hold_ends_by_the_time_out(make_sink: MakeSink, database_dsn: str) -> None:
    """A forgotten psql session with a lock on the table stops one write after the other, and nothing else."""
    sink = make_sink(statement_timeout_seconds=0.3)
    await sink.open()
    other = await asyncpg.connect(database_dsn)
    await other.execute("BEGIN; LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
    with pytest.raises(Transient, match="statement_timeout_seconds"):
        await sink.write([_batch(1)])
    assert await sink.health() == (True, "")
    await other.execute("ROLLBACK")
    await other.close()
    assert await sink.write([_batch(1)]) == frozenset()


async def test_more_writes_than_writers_wait_for_their_turn(database_dsn: str) -> None:
    """The database sees no more connections than are configured."""
    sink = TsdbSink(DatabaseSettings(), TimescaleSinkSettings(writers=2), embedded_dsn=database_dsn)
    await asyncio.gather(*(sink.write([_batch(number)]) for number in range(30)))
    assert (await sink.stats()).total_inserts == 300
    assert len(sink._write_pool._idle) <= 2
    await sink.close()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionRefusedError(), Transient),
        (TimeoutError(), Transient),
        (asyncpg.QueryCanceledError("x"), TimedOut),
        (asyncpg.ConnectionDoesNotExistError("x"), Transient),
        (asyncpg.InterfaceError("x"), Transient),
        (asyncpg.DeadlockDetectedError("x"), Transient),
        (asyncpg.SerializationError("x"), Transient),
        (asyncpg.DiskFullError("x"), Transient),
        (asyncpg.OutOfMemoryError("x"), Transient),
        (asyncpg.TooManyConnectionsError("x"), Transient),
        (asyncpg.AdminShutdownError("x"), Transient),
        (asyncpg.CrashShutdownError("x"), Transient),
        (asyncpg.CannotConnectNowError("x"), Transient),
        (asyncpg.ReadOnlySQLTransactionError("x"), Transient),
        (asyncpg.LockNotAvailableError("x"), Transient),
        (asyncpg.PostgresIOError("x"), Transient),
        (asyncpg.InvalidCachedStatementError("x"), Transient),
        (asyncpg.InvalidPasswordError("x"), Paused),
        (asyncpg.InvalidAuthorizationSpecificationError("x"), Paused),
        (asyncpg.InvalidCatalogNameError("x"), Paused),
        (asyncpg.InsufficientPrivilegeError("x"), Paused),
        (asyncpg.UndefinedTableError("x"), Paused),
        (asyncpg.UndefinedColumnError("x"), Paused),
        (asyncpg.DatabaseDroppedError("x"), Paused),
        (asyncpg.DataCorruptedError("x"), Paused),
        (asyncpg.ClientConfigurationError("x"), Paused),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_failures_are_sorted(error: Exception, kind: type) -> None:
    """Passing troubles are tried again; those that need a person pause; none of these blames a row."""
    assert type(failures.classify(error)) is kind
    assert not failures.may_be_row_error(error)


def test_a_failure_never_quotes_the_servers_text() -> None:
    """It may hold values."""
    assert "canary" not in str(failures.classify(asyncpg.UndefinedColumnError("canary")))
    assert "canary" not in str(failures.classify(OSError("canary")))


async def test_a_password_that_is_refused_pauses(server: tuple[PostgresServer, Path]) -> None:
    """And appears in no message."""
    own, home = server
    admin = await asyncpg.connect(own.dsn)
    await admin.execute("CREATE ROLE someone LOGIN PASSWORD 'right'")
    assert own._cluster
    own._cluster.write("pg_hba.conf", "local all all scram-sha-256\n")
    await admin.fetchval("SELECT pg_reload_conf()")
    await admin.close()
    sink = TsdbSink(DatabaseSettings(host=str(home / "postgres-socket"), user="someone", password="wrong-canary"))
    with pytest.raises(Paused, match="password") as caught:
        await sink.open()
    assert "canary" not in str(caught.value)
    await sink.close()


async def test_no_statement_has_more_rows_than_a_slow_database_can_take_in_its_time(
    make_sink: MakeSink, sql: Sql
) -> None:
    """A write of many is one transaction of several statements, each with a time of its own."""
    sink = make_sink()
    await sink.open()
    await sql("CREATE TABLE copies (txid BIGINT, copied BIGINT)")
    await sql(
        "CREATE FUNCTION note_copy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO copies SELECT txid_current(), count(*) FROM added; RETURN NULL; END $$"
    )
    await sql(
        "CREATE TRIGGER note_copy AFTER INSERT ON events REFERENCING NEW TABLE AS added"
        " FOR EACH STATEMENT EXECUTE FUNCTION note_copy()"
    )
    await sink.write([_batch(1, STATEMENT_ROWS_MAX), _batch(2, STATEMENT_ROWS_MAX + 1)])
    assert await sql("SELECT max(copied) FROM copies") == STATEMENT_ROWS_MAX
    assert await sql("SELECT sum(copied) FROM copies") == 2 * STATEMENT_ROWS_MAX + 1
    assert await sql("SELECT count(DISTINCT txid) FROM copies") == 1
