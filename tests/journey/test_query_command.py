"""`mothership query` as a person starts it: on a configured database, and on an embedded one that runs or rests."""

import asyncio
import csv
import io
import json
import os
import pty
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests import preloaded
from tests.conftest import Databases
from tests.journey.conftest import Start
from tests.preloaded import run
from tests.starvation import PATIENCE_SECONDS

HOSTILE = "\x1b[2Jred \u202egnp.exe\n=1+1"
MAKE = """
CREATE TABLE events (id BIGINT, ts TIMESTAMPTZ, type TEXT, source TEXT, data JSONB);
INSERT INTO events SELECT n, '2026-03-01 12:00:00.000001Z', 'log', 'edge-' || n, jsonb_build_object('n', n)
FROM generate_series(1, 2500) AS n;
"""


@pytest.fixture(scope="module")
def dsn(new_database: Databases) -> Iterator[str]:
    """A database with 2,500 events."""
    with new_database() as made:
        asyncio.run(execute(made, MAKE))
        yield made


async def execute(dsn: str, statement: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await (connection.execute if ";" in statement else connection.fetchval)(statement)
    finally:
        await connection.close()


def environ(tmp_path: Path, dsn: str = "", **more: str) -> Mapping[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "MOTHERSHIP_DATA_DIR": str(tmp_path / "data"),
        **({"MOTHERSHIP_DB_DSN": dsn} if dsn else {}),
        **more,
    }


def query(tmp_path: Path, dsn: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return run(["query", *arguments], environ=environ(tmp_path, dsn), cwd=tmp_path, stdin=stdin)


def test_a_table_is_bounded_and_says_so(tmp_path: Path, dsn: str) -> None:
    """Also when it goes to no terminal; and a value that is long is cut, with words."""
    done = query(tmp_path, dsn, "SELECT id, ts, source, data FROM events ORDER BY id", "--rows", "3")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [word for word in lines[0].split() if word.isalpha()] == ["id", "ts", "source", "data"]
    assert '2   2026-03-01 12:00:00.000001+00   edge-2   {"n": 2}' in lines[3]
    assert "(3 rows)" in lines
    assert "-- the first 3 rows of more" in done.stderr
    cut = query(tmp_path, dsn, "SELECT repeat('x', 5000) AS long")
    assert "long values are cut" in cut.stderr
    assert len(cut.stdout) < 2000
    assert "NULL" in query(tmp_path, dsn, "SELECT NULL AS nothing").stdout


def test_files_for_programs_hold_every_row_and_every_kind_of_value(tmp_path: Path, dsn: str) -> None:
    kinds = (
        "SELECT 1 AS a, 2 AS a, 1.50::NUMERIC AS exact, 'NaN'::FLOAT8 AS no_number, 'infinity'::TIMESTAMPTZ AS never, "
        "'0044-03-15 BC'::DATE AS ides, '1 mon 2 days'::INTERVAL AS span,"
        "'{\"b\": 12345678901234567890.5}'::JSONB AS j, "
        "E'{\\n\"c\":\\n1}'::JSON AS lines, ARRAY[now(), NULL] = ARRAY[now(), NULL] AS same, ARRAY[1, NULL] AS list, "
        "int4range(1, 3) AS span_of, '\\x00ff'::BYTEA AS bytes, '10.0.0.0/8'::CIDR AS net, NULL AS nothing, "
        "ROW(1, 'x') AS row"
    )
    done = query(tmp_path, dsn, kinds, "--format", "ndjson")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert '"exact":1.50' in done.stdout
    assert "12345678901234567890.5" in done.stdout
    row = json.loads(done.stdout)
    assert (row["a"], row["a_2"], row["no_number"], row["never"]) == (1, 2, "nan", "infinity")
    assert (row["ides"], row["span"], row["lines"], row["same"]) == ("0044-03-15 BC", "1 mon 2 days", {"c": 1}, True)
    assert (row["list"], row["bytes"], row["net"], row["nothing"], row["row"]) == (
        [1, None], "\\x00ff", "10.0.0.0/8", None, [1, "x"])  # fmt: skip
    every = ("SELECT id, source FROM events ORDER BY id", "--all")
    assert len(query(tmp_path, dsn, *every, "--format", "ndjson").stdout.splitlines()) == 2500
    assert len(json.loads(query(tmp_path, dsn, *every, "--format", "json").stdout)) == 2500
    table = list(csv.reader(io.StringIO(query(tmp_path, dsn, *every, "--format", "csv").stdout)))
    assert (table[0], table[-1], len(table)) == (["id", "source"], ["2500", "edge-2500"], 2501)
    none = "SELECT 1 AS one WHERE false"
    assert query(tmp_path, dsn, none, "--format", "csv").stdout == "one\n"
    assert query(tmp_path, dsn, none, "--format", "json").stdout == "[]\n"
    assert query(tmp_path, dsn, none, "--format", "ndjson").stdout == ""
    assert query(tmp_path, dsn, "SELECT 1", "--all").returncode == 2


@pytest.mark.parametrize("form", ["table", "csv", "ndjson", "json"])
def test_nothing_in_a_row_commands_a_terminal(tmp_path: Path, dsn: str, form: str) -> None:
    """Neither in a value nor in a column's name nor in an error; colours are ours, and a spreadsheet runs nothing."""
    text = HOSTILE.replace("'", "''")
    sql = f"SELECT '{text}' AS \"{text}\", '=1+1' AS sum, 1 / 0 * 0 AS \"no\" WHERE true"
    assert "\x1b[2J" not in query(tmp_path, dsn, sql, "--format", form).stderr
    held, terminal = pty.openpty()
    command = [preloaded.program(), "query", sql.replace("1 / 0 * 0", "2"), "--format", form]
    seen = bytearray()
    process = subprocess.Popen(
        command,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=tmp_path,
        env=environ(tmp_path, dsn, TERM="xterm"),
    )
    os.close(terminal)
    reader = threading.Thread(target=_read, args=(held, seen))
    reader.start()
    assert process.wait(PATIENCE_SECONDS) == 0, seen
    reader.join()
    os.close(held)
    assert b"\x1b[2J" not in seen
    assert "\u202e".encode() not in seen
    assert b"\\u001b[2Jred" in seen
    if form == "csv":
        assert b"'=1+1" in seen


def _read(descriptor: int, into: bytearray) -> None:
    try:
        while part := os.read(descriptor, 65536):
            into.extend(part)
    except OSError:  # the other end is gone
        return


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM events",
        "WITH gone AS (DELETE FROM events RETURNING 1) SELECT count(*) FROM gone",
        "DO $$ BEGIN PERFORM set_config('transaction_read_only', 'off', true); DELETE FROM events; END $$",
        "DO $$ BEGIN SET TRANSACTION READ WRITE; DELETE FROM events; END $$",
        "DO $$ BEGIN COMMIT; DELETE FROM events; END $$",
        "COMMIT; DELETE FROM events",
        "CREATE TABLE other (a INT)",
        "COPY events FROM STDIN",
    ],
)
def test_without_write_nothing_can_be_changed(tmp_path: Path, dsn: str, sql: str) -> None:
    """Whatever a statement does about it."""
    done = query(tmp_path, dsn, sql)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert asyncio.run(execute(dsn, "SELECT count(*) FROM events")) == 2500


def test_with_write_it_is_changed_and_what_was_done_is_said(tmp_path: Path, database_dsn: str) -> None:
    """Also by what runs in no transaction; and a statement that fails leaves nothing behind."""
    asyncio.run(execute(database_dsn, MAKE))
    assert "-- UPDATE 2500" in query(tmp_path, database_dsn, "UPDATE events SET type = 'x'", "--write").stderr
    returned = "DELETE FROM events WHERE id <= 2000 RETURNING id"
    done = query(tmp_path, database_dsn, returned, "--write", "--rows", "2")
    assert (done.returncode, "(2 rows)" in done.stdout) == (0, True)
    assert asyncio.run(execute(database_dsn, "SELECT count(*) FROM events")) == 500
    assert "-- VACUUM" in query(tmp_path, database_dsn, "VACUUM events", "--write").stderr
    half = "WITH gone AS (DELETE FROM events RETURNING id) SELECT 1 / (id - 2400) FROM gone"
    assert query(tmp_path, database_dsn, half, "--write").returncode == 1
    assert asyncio.run(execute(database_dsn, "SELECT count(*) FROM events")) == 500


def test_errors_are_plain_and_point_to_their_place(tmp_path: Path, dsn: str) -> None:
    done = query(tmp_path, dsn, "SELECT id,\n  sauce FROM events")
    assert done.returncode == 1
    assert done.stderr.splitlines()[:3] == ['error: column "sauce" does not exist', "    sauce FROM events", "    ^"]
    assert "source" in done.stderr
    assert "more than one statement" in query(tmp_path, dsn, "SELECT 1; SELECT 2").stderr
    assert "--write" in query(tmp_path, dsn, "DELETE FROM events").stderr
    slow = query(tmp_path, dsn, "SELECT pg_sleep(60)", "--timeout-seconds", "0.2")
    assert (slow.returncode, "--timeout-seconds" in slow.stderr) == (1, True)
    assert query(tmp_path, dsn, "-- nothing").returncode == 2  # an option that there is not
    assert "no statement" in query(tmp_path, dsn, stdin="-- nothing").stderr
    assert "parameters" in query(tmp_path, dsn, "SELECT $1::INT").stderr
    assert query(tmp_path, dsn, stdin="SELECT 41 + 1").stdout.split()[-3] == "42"
    secret = "postgresql://nobody:a-secret@127.0.0.1:1/x"
    lost = query(tmp_path, secret, "SELECT 1")
    assert (lost.returncode, "a-secret" in lost.stderr, "127.0.0.1:1" in lost.stderr) == (2, False, True)
    remote = query(tmp_path, dsn, "SELECT 1", "--url", "https://mothership.example.com")
    assert (remote.returncode, "no SQL over HTTP" in remote.stderr) == (2, True)
    for text in (done.stderr, slow.stderr, lost.stderr):
        assert "Traceback" not in text


def test_ctrl_c_ends_it_at_the_server_too(tmp_path: Path, dsn: str) -> None:
    """With the status that shells expect."""
    command = [preloaded.program(), "query", "SELECT pg_sleep(600)"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env=environ(tmp_path, dsn)
    )
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' AND state = 'active'"
    _until(lambda: asyncio.run(execute(dsn, sleeping)) == 1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, said) == (130, b"")
    _until(lambda: asyncio.run(execute(dsn, sleeping)) == 0)


def test_whoever_reads_no_more_ends_it(tmp_path: Path, dsn: str) -> None:
    command = f"{preloaded.program()} query 'SELECT repeat(data::TEXT, 99) FROM events' --all --format ndjson"  # noqa: S608
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -1 >/dev/null"],
        check=False, capture_output=True, text=True, cwd=tmp_path, env=environ(tmp_path, dsn),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (141, "")


def test_the_embedded_database_is_asked_beside_the_service_and_when_it_rests(start: Start, tmp_path: Path) -> None:
    """As the service's own user, who may not do more there than the service."""
    service = start()
    assert service.post({"messages": [{"type": "log", "message": "kept"}]}).status_code == 200
    count = ('SELECT count(*) AS events FROM events WHERE data @> \'{"message": "kept"}\'', "--format", "json")

    def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run(["query", *arguments], environ=service.environ, cwd=tmp_path, timeout=PATIENCE_SECONDS)

    running = ask(*count)
    assert json.loads(running.stdout) == [{"events": 1}], running.stderr
    assert "permission denied" in ask("SELECT pg_read_file('/etc/passwd')").stderr
    service.stop()
    resting = ask(*count)
    assert json.loads(resting.stdout) == [{"events": 1}], resting.stderr
    assert not (service.data_dir / "postgres" / "postmaster.pid").exists()
    nowhere = query(tmp_path / "..", "", "SELECT 1")
    assert (nowhere.returncode, "holds no embedded database" in nowhere.stderr) == (1, True)


def _until(seen: Any) -> None:
    pause, waited = threading.Event(), 0.0
    while not seen():
        pause.wait(0.1)
        waited += 0.1
        assert waited < PATIENCE_SECONDS
