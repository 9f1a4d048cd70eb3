"""`mothership psql` as a person starts it: PostgreSQL's client on the database where the events are."""

import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests import preloaded
from tests.journey.conftest import Start
from tests.starvation import PATIENCE_SECONDS

from mothership.sinks.tsdb.dsn import parse_dsn
from mothership.sinks.tsdb.pg_service_file import service_entry, variables, without_foreign

PASSWORD = "a:pass\\word of 'one'"


def psql(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return preloaded.run(["psql", *arguments], environ={"HOME": environ["MOTHERSHIP_DATA_DIR"], **environ})


def environ(tmp_path: Path, dsn: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "MOTHERSHIP_DATA_DIR": str(tmp_path),
        "MOTHERSHIP_DB_DSN": dsn,
    }


def test_it_is_read_only_unless_more_is_meant(tmp_path: Path, database_dsn: str) -> None:
    """Arguments are psql's, and so is the exit status."""
    told = environ(tmp_path, f"{database_dsn}&search_path=public&options=-c%20work_mem%3D5MB")
    done = psql(told, "-At", "-c", "SHOW work_mem", "-c", "SHOW search_path", "-c", "SHOW application_name")
    assert done.stdout.split("\n")[:3] == ["5MB", "public", "mothership psql"], done.stderr
    make = ("-v", "ON_ERROR_STOP=1", "-c", "CREATE TABLE made (a INT)")
    refused = psql(told, *make)
    assert (refused.returncode, "read-only transaction" in refused.stderr) == (1, True)
    assert psql(told, "--write", *make).returncode == 0
    assert psql(told, "-At", "-c", "SELECT count(*) FROM made").stdout == "0\n"


def test_no_password_can_be_seen_in_a_list_of_processes(tmp_path: Path, database_dsn: str) -> None:
    """Neither among the arguments nor among the variables of what runs, of which `ps` shows both."""
    secret = "a-secret-to-look-for"
    dsn = database_dsn.replace("mothership@", f"mothership:{secret}@", 1)
    held, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mothership", "psql", "-At", "-P", "pager=off"],
        stdin=terminal, stdout=terminal, stderr=terminal, env={**environ(tmp_path, dsn), "TERM": "dumb"},
        start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    try:
        os.write(held, b"SELECT 40 + 2 AS up;\n")
        seen = b""
        while b"42\r" not in seen:
            seen += os.read(held, 4096)
        place = Path(f"/proc/{process.pid}")
        shown = (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
        assert b"psql" in shown
        assert secret.encode() not in shown
        assert b"MOTHERSHIP" not in shown
        os.write(held, b"\\q\n")
        threading.Thread(target=_drain, args=(held,), daemon=True).start()
        assert process.wait(PATIENCE_SECONDS) == 0
    finally:
        process.kill()


def _drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 4096):
            pass
    except OSError:
        return


def test_the_client_is_told_all_that_the_service_is_told() -> None:
    """Libpq's own parser reads it back; what a file of services can't hold is said, and not guessed."""
    dsn = (
        "postgresql://a%20b:a%3Apass%5Cword%20of%20'one'@[::1]:5433,db.example.com/events?sslmode=verify-full"
        "&sslrootcert=/etc/ca.pem&sslpassword=key-secret&search_path=a%20b&connect_timeout=3&passfile=/nowhere"
    )
    told = dict(line.split("=", 1) for line in service_entry(parse_dsn(dsn), writes=False).splitlines()[1:])
    assert (told["host"], told["port"], told["user"], told["dbname"]) == (
        "::1,db.example.com",
        "5433,5432",
        "a b",
        "events",
    )
    assert (told["password"], told["sslpassword"], told["sslmode"]) == (PASSWORD, "key-secret", "verify-full")
    assert told["options"] == "-c search_path=a\\ b -c default_transaction_read_only=on"
    assert "read_only" not in service_entry(parse_dsn(dsn), writes=True)
    with pytest.raises(ValueError, match="password"):
        service_entry(parse_dsn("postgresql://a:b%20@c/d"), writes=False)
    found, descriptor = variables("[mothership]\nhost=x\n")
    assert Path(found["PGSERVICEFILE"]).read_text() == "[mothership]\nhost=x\n"
    assert os.fstat(descriptor).st_mode & 0o777 == 0o600
    os.close(descriptor)
    kept = without_foreign({"PGHOST": "x", "PGPASSWORD": "y", "MOTHERSHIP_DB_DSN": "z", "PAGER": "less"})
    assert kept == {"PGPASSWORD": "y", "PAGER": "less"}


def test_the_embedded_database_is_opened_beside_the_service_and_when_it_rests(start: Start, tmp_path: Path) -> None:
    service = start()
    assert service.post({"messages": [{"type": "log", "message": "kept"}]}).status_code == 200
    asked = ("-At", "-c", "SELECT count(*) FROM events")
    running = psql(service.environ, *asked)
    assert running.stdout == "1\n", running.stderr
    service.stop(signal.SIGTERM)
    resting = psql(service.environ, *asked)
    assert resting.stdout == "1\n", resting.stderr
    assert psql(service.environ, "-c", "\\q", "-f", "/nonexistent").returncode == 1
    assert not (service.data_dir / "postgres" / "postmaster.pid").exists()
    nowhere = psql({**service.environ, "MOTHERSHIP_DATA_DIR": str(tmp_path / "nowhere")}, *asked)
    assert (nowhere.returncode, "holds no embedded database" in nowhere.stderr) == (1, True)
